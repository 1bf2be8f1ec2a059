"""Compares a fact with what a person has typed. Pure. What is not known is neither more nor less than anything."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from operator import eq, ge, le, ne
from typing import Any

from b24app.clients.fact import Fact
from b24app.clients.facts import BY_KEY
from b24app.errors import Mistaken
from b24app.store.folding import fold
from robots.properties import NO, YES, Texts

FILLED, EMPTY = "filled", "empty"
OPERATORS: Mapping[str, Texts] = {
    "at_least": {"ru": "не меньше", "en": "at least"},
    "at_most": {"ru": "не больше", "en": "at most"},
    "equal": {"ru": "равно", "en": "equals"},
    "unequal": {"ru": "не равно", "en": "differs from"},
    FILLED: {"ru": "известно", "en": "is known"},
    EMPTY: {"ru": "неизвестно", "en": "is not known"},
}
COMPARED: Mapping[str, Callable[[Any, Any], bool]] = {
    "at_least": ge,
    "at_most": le,
    "equal": eq,
    "unequal": ne,
}
NUMBERS = ("count", "score", "days", "number", "money", "share")
DAY = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")


def read_wanted(key: str, operator: str, text: str) -> Any:
    """Return the value that a person has typed, as the fact has it. Raises Mistaken."""
    fact = BY_KEY[key]
    if operator in (FILLED, EMPTY):
        return None
    try:
        return _read(fact, text.strip())
    except ValueError as error:
        titles = {lang: fact.words[lang]["title"] for lang in ("en", "ru")}
        raise Mistaken(
            f"“{titles['en']}” cannot be compared with “{text[:60]}”.", f"«{titles['ru']}» нельзя сравнить с «{text[:60]}»."
        ) from error


def compare(key: str, value: Any, operator: str, text: str) -> bool:
    """Tell whether a fact's value is as wanted. Raises Mistaken for what cannot be compared."""
    if operator in (FILLED, EMPTY):
        return (value is None) == (operator == EMPTY)
    wanted = read_wanted(key, operator, text)
    if value is None:
        return False
    fact = BY_KEY[key]
    found = fold(str(value)) if fact.kind == "text" else str(value)[:10] if fact.kind in ("date", "instant") else value
    return COMPARED[operator](found, wanted)


def _read(fact: Fact, text: str) -> Any:
    if fact.kind in NUMBERS:
        number = float(re.sub(r"[\s%]", "", text).replace(",", "."))
        return number / 100 if fact.kind == "share" else number
    if fact.kind in ("date", "instant"):
        match = DAY.fullmatch(text)
        return date(int(match[3]), int(match[2]), int(match[1])).isoformat() if match else date.fromisoformat(text).isoformat()
    if fact.kind == "flag":
        answers = {**dict.fromkeys(YES, 1), **dict.fromkeys(NO, 0)}
        if text.casefold() not in answers:
            raise ValueError(text)
        return answers[text.casefold()]
    if fact.kind == "choice":
        return next(code for code in _codes(fact, text))
    if not text:
        raise ValueError(text)
    return fold(text)


def _codes(fact: Fact, text: str) -> list[str]:
    """Return the code that a person means by itself or by its title. Raises ValueError."""
    found = [
        code
        for code, titles in ((code, [words["choices"][code] for words in fact.words.values()]) for code in fact.words["en"]["choices"])
        if fold(text) in (fold(word) for word in (code, *titles))
    ]
    if not found:
        raise ValueError(text)
    return found
