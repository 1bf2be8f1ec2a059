"""The templates that we bring: their files, placeholders and uploads."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from datetime import date

import pytest
from docx import Document
from docx.oxml.ns import qn

from b24app.documents.templates import TEMPLATES, Template, numerator_upload, template_upload
from b24app.documents.values import KEY, PORTAL_CODES, Source, offer_values

TABLE = {code for code in PORTAL_CODES if code.startswith("Products")}


def runs(template: Template) -> Iterator[str]:
    """Yield the text of every run of the file's body."""
    for run in Document(str(template.path)).element.body.iter(qn("w:t")):
        yield run.text or ""


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.key)
def test_placeholders_are_those_that_are_filled(template: Template) -> None:
    """A code that nobody fills would be printed empty, a value that nobody prints is lost."""
    day = date(2025, 11, 21)
    ours = set(offer_values(Source(deal={"id": 1, "opportunity": 1}), "key", day, day)) - {KEY} - TABLE

    used = set(re.findall(r"\{(\w+)\}", "".join(runs(template))))

    assert used == ours | set(PORTAL_CODES)
    assert all(code.startswith("Offer") for code in ours)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.key)
def test_placeholder_is_whole_in_one_run(template: Template) -> None:
    """Word likes to cut a text into runs; a placeholder that is cut may not be found by a generator."""
    assert all(text.count("{") == text.count("}") for text in runs(template))


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.key)
def test_template_is_uploaded_for_everybody(template: Template) -> None:
    """All required fields but the numerator, the file as name and bare base64, visible to all users."""
    fields = template_upload(template)

    assert fields["name"] == template.name["ru"]
    assert fields["file"][0] == template.file
    assert base64.b64decode(fields["file"][1]).startswith(b"PK")
    assert (fields["region"], fields["entityTypeId"], fields["users"], fields["active"]) == ("ru", ["2"], ["UA"], "Y")
    assert template_upload(template, "en")["name"] == template.name["en"]


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.key)
def test_numerator_counts(template: Template) -> None:
    """Without {NUMBER} all documents would have one number."""
    assert "{NUMBER}" in numerator_upload(template)["template"]
    assert set(template.numerator_name) == set(template.name) == {"ru", "en"}
