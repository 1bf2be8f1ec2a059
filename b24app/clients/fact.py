"""What a fact is: how it is declared, said and come by. Types only; the facts themselves are in FACTS (`facts`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

KINDS = ("count", "number", "money", "share", "score", "flag", "choice", "text", "date", "instant", "days")
GROUPS: Mapping[str, Mapping[str, str]] = {
    "purchases": {"ru": "Покупки", "en": "Purchases"},
    "rhythm": {"ru": "Ритм", "en": "Rhythm"},
    "value": {"ru": "Ценность", "en": "Value"},
    "rfm": {"ru": "RFM", "en": "RFM"},
    "products": {"ru": "Товары", "en": "Products"},
    "deals": {"ru": "Сделки", "en": "Deals"},
    "contact": {"ru": "Общение", "en": "Contact"},
    "support": {"ru": "Поддержка", "en": "Support"},
    "reach": {"ru": "Связь и согласие", "en": "Reach and consent"},
    "card": {"ru": "О клиенте", "en": "About the client"},
}


@dataclass(frozen=True)
class Fact:
    """One number, date or word of a client. NULL is "unknown" or "never".

    `kind`: count and score (whole), number, money (base currency), share (0 to 1), flag (0 or 1), choice (a code whose titles are
    in the words), text, date (portal's zone), instant (UTC), days. It comes from `sql`, an expression over `deal` and `client`
    (see `store.facts`), or else from the computation of its `group` in PARTS (`counting`). A fact in days has neither: it is counted
    when it is read, from today back to the date fact `since`. `source` names where the formula is from, when it is not ours.
    `words`: language to title, definition, `say` ({value} in a sentence, {date} for days), `forms` of the unit (one, few, many;
    English: one, many) and, for a choice, `choices`.
    """

    key: str
    kind: str
    group: str
    words: Mapping[str, Mapping[str, Any]]
    sql: str = ""
    since: str = ""
    source: str = ""


def say(title: str, definition: str, sentence: str = "", *forms: str) -> dict[str, Any]:
    """Return a fact's words in one language; without a sentence it is said as "title: value"."""
    return {"title": title, "definition": definition, "say": sentence or f"{title[0].lower()}{title[1:]}: {{value}}", "forms": list(forms)}


def speak(ru: Mapping[str, Any], en: Mapping[str, Any], **choices: tuple[str, str]) -> dict[str, dict[str, Any]]:
    """Return a fact's words in both languages; `choices` are codes with their Russian and English titles."""
    titles = [{code: pair[n] for code, pair in choices.items()} for n in (0, 1)]
    return {"ru": {**ru, "choices": titles[0]}, "en": {**en, "choices": titles[1]}}
