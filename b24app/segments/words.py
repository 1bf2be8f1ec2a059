"""Numbers, dates and sums as people say them, in Russian and English. Pure; is told today."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from b24app.segments.dates import Day
from b24app.segments.known import Column, Known

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
SIGNS = {"RUB": "₽", "USD": "$", "EUR": "€", "KZT": "₸", "BYN": "Br"}
GAP = "\N{NO-BREAK SPACE}"
NEAR = {"ru": {0: "сегодня", 1: "завтра", -1: "вчера"}, "en": {0: "today", 1: "tomorrow", -1: "yesterday"}}
DAYS = {"ru": ("день", "дня", "дней"), "en": ("day", "days")}
EMPTY = {"ru": "не заполнено", "en": "not filled in"}
OF, SCORES = {"ru": "из", "en": "of"}, 5  # a score says how high it can be
YES = {"ru": ("нет", "да"), "en": ("no", "yes")}


@dataclass(frozen=True)
class Speech:
    """To whom we speak and of what: the reader's language, the portal's day and base currency, the names of fields and facts."""

    lang: str
    day: Day
    known: Known
    currency: str = "RUB"

    def pick(self, texts: Mapping[str, Any]) -> Any:
        """Return the text in the reader's language."""
        return texts.get(self.lang) or texts["en"]


def plural(number: float, forms: Sequence[str], lang: str) -> str:
    """Return the form of a noun that goes with the number: 1 день, 2 дня, 5 дней, 11 дней, 21 день."""
    if lang != "ru":
        return forms[0] if abs(number) == 1 else forms[-1]
    if number != int(number):
        return forms[1]
    last, two = abs(int(number)) % 10, abs(int(number)) % 100
    if 11 <= two <= 14 or last == 0 or last >= 5:
        return forms[2]
    return forms[0] if last == 1 else forms[1]


def number_text(number: float, lang: str) -> str:
    """Return the number with its thousands apart and at most two decimals, if it has any."""
    whole = float(number).is_integer()
    text = f"{number:,.0f}" if whole else f"{number:,.2f}"
    return text.replace(",", GAP).replace(".", ",") if lang == "ru" else text


def decimal_text(number: float, lang: str) -> str:
    """Return the number with one decimal, or none when it is zero."""
    text = number_text(round(number, 1), lang)
    return text if float(round(number, 1)).is_integer() else text[:-1]


def money_text(amount: float, currency: str, lang: str) -> str:
    """Return a sum of money."""
    return f"{number_text(amount, lang)}{GAP}{SIGNS.get(currency, currency)}"


def date_text(day: date, lang: str) -> str:
    """Return 12.03.2025 or 12 Mar 2025."""
    return f"{day:%d.%m}.{day.year:04}" if lang == "ru" else f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def days_text(days: int, lang: str) -> str:
    """Return how far off a day is: сегодня, завтра, через 3 дня, 21 день назад."""
    if days in NEAR[lang]:
        return NEAR[lang][days]
    count = f"{number_text(abs(days), lang)} {plural(days, DAYS[lang], lang)}"
    before, after = {"ru": ("через ", " назад"), "en": ("in ", " ago")}[lang]
    return f"{before}{count}" if days > 0 else f"{count}{after}"


def column_text(value: Any, column: Column, speech: Speech) -> str:
    """Return a field's value; a date with how far off it is."""
    if value is None:
        return str(speech.pick(EMPTY))
    if column.kind in ("date", "instant") and not column.is_multiple:
        day = _date_of(value, speech.day)
        return f"{date_text(day, speech.lang)}, {days_text((day - speech.day.today).days, speech.lang)}"
    if column.kind == "flag":
        return str(speech.pick(YES)[bool(value)])
    # Ids and years are numbers too: nothing is put between the digits of whole ones.
    return number_text(value, speech.lang) if column.storage == "REAL" else column.say(value, speech.lang)


def fact_text(kind: str, value: Any, speech: Speech, words: Mapping[str, Any] | None = None) -> str:
    """Return a fact's value for a page; nothing known is a dash. `words`: the fact's own, for the noun of a count and titles of codes."""
    if value is None:
        return "—"
    if kind in _FACT_TEXTS:
        return _FACT_TEXTS[kind](value, speech)
    if kind in ("choice", "text"):
        return str((words or {}).get("choices", {}).get(value, value))
    nouns = DAYS[speech.lang] if kind == "days" else (words or {}).get("forms") or ()
    return f"{number_text(value, speech.lang)} {plural(value, nouns, speech.lang)}" if nouns else number_text(value, speech.lang)


_FACT_TEXTS: Mapping[str, Callable[[Any, Speech], str]] = {
    "money": lambda value, speech: money_text(value, speech.currency, speech.lang),
    "share": lambda value, speech: f"{number_text(round(value * 100), speech.lang)}{GAP}%",
    "flag": lambda value, speech: str(speech.pick(YES)[bool(value)]),
    "number": lambda value, speech: decimal_text(value, speech.lang),
    "score": lambda value, speech: f"{value} {speech.pick(OF)} {SCORES}",
    "date": lambda value, speech: date_text(_date_of(value, speech.day), speech.lang),
    "instant": lambda value, speech: date_text(_date_of(value, speech.day), speech.lang),
}


def _date_of(value: str, day: Day) -> date:
    return day.date_of(value) if "T" in value else date.fromisoformat(value)
