"""CHECKS: what can be wrong with a card, each declared once; what would be right. Pure.

A card is a record as crm.item.get prints it. A check yields findings; one that it can mend carries the new value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from b24app.hygiene.forms import normal_email, normal_name, normal_phone, normal_title

Texts = Mapping[str, str]
Card = Mapping[str, Any]

NAMES = ("lastName", "name", "secondName")
LEAD, CONTACT, COMPANY = 1, 3, 4  # entityTypeId
PHONE, EMAIL = "PHONE", "EMAIL"


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be. `field`: a field's name, or the number of a phone or e-mail in `fm`.

    `after`: the right value, "" when the entry should go, None when only a person can tell.
    """

    field: str | int
    kind: str
    before: str
    after: str | None


@dataclass(frozen=True)
class Check:
    """One thing that is looked at."""

    key: str
    title: Texts
    find: Callable[[Card], Iterator[Finding]]


def find_names(card: Card) -> Iterator[Finding]:
    """Yield names that are not written as names."""
    kinds = [("title", normal_title)] if card["entityTypeId"] == COMPANY else [(name, normal_name) for name in NAMES]
    for field, normal in kinds:
        text = str(card.get(field) or "")
        if text and normal(text) != text:
            yield Finding(field, "name", text, normal(text))


def find_phones(card: Card) -> Iterator[Finding]:
    """Yield phones that are not in the one form, or are none."""
    return _entries(card, PHONE, normal_phone)


def find_emails(card: Card) -> Iterator[Finding]:
    """Yield e-mails that are not in the one form, or are none."""
    return _entries(card, EMAIL, normal_email)


def find_repeats(card: Card) -> Iterator[Finding]:
    """Yield phones and e-mails that the card has twice; the first one stays."""
    for kind, normal in ((PHONE, normal_phone), (EMAIL, normal_email)):
        seen: set[str] = set()
        for entry in _of_kind(card, kind):
            value = normal(entry["value"]) or entry["value"]
            if value in seen:
                yield Finding(int(entry["id"]), kind, entry["value"], "")
            seen.add(value)


CHECKS: tuple[Check, ...] = (
    Check("names", {"ru": "имена", "en": "names"}, find_names),
    Check("phones", {"ru": "телефоны", "en": "phones"}, find_phones),
    Check("emails", {"ru": "почта", "en": "e-mails"}, find_emails),
    Check("repeats", {"ru": "повторы", "en": "repeated entries"}, find_repeats),
)


def find_all(card: Card) -> list[Finding]:
    """Return what all checks find, one finding a field: an entry that should go is not mended first."""
    found = {finding.field: finding for check in CHECKS for finding in check.find(card)}
    return list(found.values())


def changes_of(findings: list[Finding]) -> dict[str, Any]:
    """Return `fields` of crm.item.update: only what changes. An entry is named by its number and its type; an empty one is removed."""
    mended = [finding for finding in findings if finding.after is not None]
    fields: dict[str, Any] = {str(one.field): one.after for one in mended if isinstance(one.field, str)}
    entries = {str(one.field): {"typeId": one.kind, "value": one.after} for one in mended if isinstance(one.field, int)}
    return {**fields, **({"fm": entries} if entries else {})}


def _entries(card: Card, kind: str, normal: Callable[[str], str | None]) -> Iterator[Finding]:
    for entry in _of_kind(card, kind):
        value = normal(entry["value"])
        if value != entry["value"]:
            yield Finding(int(entry["id"]), kind, entry["value"], value)


def _of_kind(card: Card, kind: str) -> list[dict[str, Any]]:
    return [{**entry, "value": str(entry["value"])} for entry in card.get("fm") or () if entry.get("typeId") == kind and entry.get("value")]
