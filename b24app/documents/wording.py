"""How a document prints dates, money, people and text: Russian first, English for messages. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from b24app.documents.amount_words import round_money

Record = Mapping[str, Any]

NO_BREAK = "\u00a0"
WIDEST = 20  # times the length: how much of a text is looked at
TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")  # right-to-left letters need none of them
LONGEST = 300  # characters of one value: names and titles are typed by people and must not push the page over

SIGNS = {"RUB": "₽", "USD": "$", "EUR": "€", "KZT": "₸", "UAH": "₴", "BYN": "Br"}
_MONTHS_RU = ["января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября", "октября", "ноября", "декабря"]
_MONTHS_EN = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"]
_MALE = ("ич", "оглы", "улы")
_FEMALE = ("вна", "чна", "шна", "кызы", "гызы")


def clean(value: Any, longest: int = LONGEST) -> str:
    """Return one line of text: no control characters, nothing that turns the direction of writing, white space folded, cut at a length."""
    text = TURNS.sub("", "" if value is None else str(value)[: longest * WIDEST])  # a comment of a megabyte is not read to its end
    visible = (" " if char.isspace() else char for char in text if char.isspace() or unicodedata.category(char) not in ("Cc", "Cs"))
    line = " ".join("".join(visible).split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def read_day(value: Any) -> date | None:
    """Return the printed date part of whatever a portal or the mirror keeps; None when there is none."""
    try:
        return date.fromisoformat(str(value or "")[:10])
    except ValueError:
        return None


def print_day(day: date, lang: str = "ru") -> str:
    """Return «5 декабря 2025 г.» or "5 December 2025", not to be broken over lines."""
    text = f"{day.day} {_MONTHS_EN[day.month - 1]} {day.year}" if lang != "ru" else f"{day.day} {_MONTHS_RU[day.month - 1]} {day.year} г."
    return text.replace(" ", NO_BREAK)


def print_money(amount: Decimal | float | int, currency: str) -> str:
    """Return «128 400 ₽» or «128 400,50 ₽» with no-break spaces, as a Russian portal prints it in the product table."""
    whole, cents = f"{round_money(amount):,.2f}".split(".")
    number = whole.replace(",", NO_BREAK) + ("" if cents == "00" else f",{cents}")
    return f"{number}{NO_BREAK}{SIGNS.get(currency, currency)}"


def print_rate(rate: float) -> str:
    """Return a tax rate: 20, 5,5."""
    return f"{rate:g}".replace(".", ",")


def full_name(person: Record) -> str:
    """Return last name, name, second name of a record of the universal API (lastName) or of a user (LAST_NAME)."""
    keys = (("lastName", "LAST_NAME"), ("name", "NAME"), ("secondName", "SECOND_NAME"))
    return clean(" ".join(str(person.get(new) or person.get(old) or "") for new, old in keys))


def first_of(record: Record, kind: str) -> str:
    """Return the first PHONE or EMAIL of a record's multi-fields (`fm`), or ''."""
    values = (clean(entry.get("value"), 60) for entry in record.get("fm") or () if entry.get("typeId") == kind)
    return next((value for value in values if value), "")


def greeting(person: Record, lang: str = "ru") -> str:
    """Return how a letter begins. The patronymic tells the gender; without it nothing is guessed."""
    name, patronymic = clean(person.get("name"), 60), clean(person.get("secondName"), 60)
    if lang != "ru":
        return f"Dear {clean(' '.join((name, clean(person.get('lastName'), 60))))}," if name else "Dear Sir or Madam,"
    if name and patronymic.lower().endswith(_MALE):
        return f"Уважаемый {name} {patronymic}!"
    if name and patronymic.lower().endswith(_FEMALE):
        return f"Уважаемая {name} {patronymic}!"
    return f"Здравствуйте, {name}!" if name else "Здравствуйте!"
