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
LANGS = ("ru", "en")


@dataclass(frozen=True)
class Template:
    """One document that we can issue, in the portal's language. `why`: what its letter tells, see history.py."""

    key: str
    name: Mapping[str, str]
    why: tuple[str, ...]
    numerator_name: Mapping[str, str]
    numerator_template: Mapping[str, str]
    region: str = "ru"
    entity_types: tuple[str, ...] = (str(DEAL),)

    @property
    def setting(self) -> str:
        """The setting under which the portal's id of this template is kept."""
        return f"template:{self.key}"

    def file(self, lang: str) -> str:
        """The name of the file in a language."""
        return f"{self.key}.{lang}.docx"

    def path(self, lang: str) -> Path:
        """Where the file is."""
        return FILES / self.file(lang)


# All offers of a portal are counted by one numerator: two would give two documents the same number.
_COUNTED: Mapping[str, Any] = {
    "numerator_name": {"ru": "Коммерческие предложения", "en": "Offers"},
    "numerator_template": {"ru": "КП-{NUMBER}", "en": "OF-{NUMBER}"},
}

TEMPLATES = (
    Template(
        key="service_offer",
        name={"ru": "Коммерческое предложение на сервис", "en": "Service offer"},
        why=("purchase", "serviced", "warranty", "contract", "why_service"),
        **_COUNTED,
    ),
    Template(
        key="repeat_delivery",
        name={"ru": "Предложение повторной поставки", "en": "Repeat delivery offer"},
        why=("purchase", "rhythm", "why_delivery"),
        **_COUNTED,
    ),
    Template(
        key="reactivation_offer",
        name={"ru": "Предложение вернуться", "en": "Welcome back offer"},
        why=("long_ago", "why_return"),
        **_COUNTED,
    ),
)
BY_KEY = {template.key: template for template in TEMPLATES}


def document_lang(lang: str) -> str:
    """Return the language in which documents are written for a portal."""
    return lang if lang in LANGS else "en"


def template_upload(template: Template, lang: str = "ru") -> dict[str, Any]:
    """Return the `fields` of crm.documentgenerator.template.add; the caller adds `numeratorId`."""
    content = base64.b64encode(template.path(lang).read_bytes()).decode("ascii")
    return {
        "name": template.name[lang],
        "file": [template.file(lang), content],
        "region": template.region,
        "entityTypeId": list(template.entity_types),
        "users": [EVERYBODY],
        "active": "Y",
    }


def numerator_upload(template: Template, lang: str = "ru") -> dict[str, Any]:
    """Return the `fields` of crm.documentgenerator.numerator.add."""
    return {"name": template.numerator_name[lang], "template": template.numerator_template[lang]}
