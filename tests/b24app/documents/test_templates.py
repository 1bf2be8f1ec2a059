"""The templates that we bring: their files, placeholders and uploads."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import date

import pytest
from docx import Document
from docx.oxml.ns import qn

from b24app.documents.dossier import Source
from b24app.documents.fill import list_codes
from b24app.documents.templates import LANGS, TEMPLATES, Template, numerator_upload, template_upload
from b24app.documents.values import KEY, PORTAL_CODES, TABLE, Making, offer_values

FILES = [(template, lang) for template in TEMPLATES for lang in LANGS]
NAMES = [template.file(lang) for template, lang in FILES]
OWN = {"service_offer": set[str](), "repeat_delivery": {"OfferSubject"}, "reactivation_offer": {"OfferSubject"}}  # left out on purpose


def runs(template: Template, lang: str) -> Iterator[str]:
    """Yield the text of every run of the file's body."""
    for run in Document(str(template.path(lang))).element.body.iter(qn("w:t")):
        yield run.text or ""


@pytest.mark.parametrize(("template", "lang"), FILES, ids=NAMES)
def test_placeholders_are_those_that_are_filled(template: Template, lang: str) -> None:
    """A code that nobody fills would be printed empty, a value that nobody prints is lost."""
    day = date(2025, 11, 21)
    ours = set(offer_values(Source(deal={"id": 1, "opportunity": 1}), Making("key", day, day))) - {KEY, *TABLE}

    assert set(list_codes(template.path(lang).read_bytes())) == (ours | set(PORTAL_CODES)) - OWN[template.key]
    assert all(code.startswith("Offer") for code in ours)


@pytest.mark.parametrize(("template", "lang"), FILES, ids=NAMES)
def test_placeholder_is_whole_in_one_run(template: Template, lang: str) -> None:
    """Word likes to cut a text into runs; a placeholder that is cut may not be found by a generator."""
    assert all(text.count("{") == text.count("}") for text in runs(template, lang))


@pytest.mark.parametrize(("template", "lang"), FILES, ids=NAMES)
def test_template_is_uploaded_for_everybody(template: Template, lang: str) -> None:
    """All required fields but the numerator, the file as name and bare base64, visible to all users."""
    fields = template_upload(template, lang)

    assert fields["name"] == template.name[lang]
    assert fields["file"][0] == template.file(lang)
    assert base64.b64decode(fields["file"][1]).startswith(b"PK")
    assert (fields["region"], fields["entityTypeId"], fields["users"], fields["active"]) == ("ru", ["2"], ["UA"], "Y")


@pytest.mark.parametrize(("template", "lang"), FILES, ids=NAMES)
def test_numerator_counts(template: Template, lang: str) -> None:
    """Without {NUMBER} all documents would have one number; one numerator counts them all."""
    assert "{NUMBER}" in numerator_upload(template, lang)["template"]
    assert numerator_upload(template, lang) == numerator_upload(TEMPLATES[0], lang)
