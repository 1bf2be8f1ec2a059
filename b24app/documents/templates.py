"""The Word templates that we bring to a portal, and what its document generator must be told about each.

The .docx files are made to be edited in Word: a placeholder is a code in braces, ours begin with `Offer` (see values.py).
Uploads nothing itself.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILES = Path(__file__).with_name("templates")
DEAL = 2  # entityTypeId of the universal API
EVERYBODY = "UA"  # without it only who uploads a template would see it


@dataclass(frozen=True)
class Template:
    """One document that we can issue. Its numbers are counted by a numerator of its own."""

    key: str
    file: str
    name: Mapping[str, str]
    numerator_name: Mapping[str, str]
    numerator_template: str
    region: str = "ru"
    entity_types: tuple[str, ...] = (str(DEAL),)

    @property
    def setting(self) -> str:
        """The setting under which the portal's id of this template is kept."""
        return f"template:{self.key}"

    @property
    def path(self) -> Path:
        """Where the file is."""
        return FILES / self.file


TEMPLATES = (
    Template(
        key="service_offer",
        file="service_offer.docx",
        name={"ru": "Коммерческое предложение на сервис", "en": "Service offer"},
        numerator_name={"ru": "Предложения на сервис", "en": "Service offers"},
        numerator_template="КП-{NUMBER}",
    ),
)
BY_KEY = {template.key: template for template in TEMPLATES}


def template_upload(template: Template, lang: str = "ru") -> dict[str, Any]:
    """Return the `fields` of crm.documentgenerator.template.add; the caller adds `numeratorId`."""
    content = base64.b64encode(template.path.read_bytes()).decode("ascii")
    return {
        "name": template.name[lang],
        "file": [template.file, content],
        "region": template.region,
        "entityTypeId": list(template.entity_types),
        "users": [EVERYBODY],
        "active": "Y",
    }


def numerator_upload(template: Template, lang: str = "ru") -> dict[str, Any]:
    """Return the `fields` of crm.documentgenerator.numerator.add."""
    return {"name": template.numerator_name[lang], "template": template.numerator_template}
