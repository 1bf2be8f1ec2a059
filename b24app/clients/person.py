"""What a card says of a client: whether he can be reached and has agreed, who he is, a date that matters. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from b24app.store.folding import fold, fold_phone

EMAIL = re.compile(r"[a-z0-9._%+'-]+@[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z]{2,}")
SEXES = {"HNR_RU_1": "male", "HNR_RU_2": "female", "HNR_EN_1": "male", "HNR_EN_2": "female", "HNR_EN_3": "female"}
REFUSALS = re.compile(r"\b(не|нет|отказ\w*|no|not|none|refus\w*|declin\w*|unsubscrib\w*|n)\b")

Row = Mapping[str, Any]


def looks_like_phone(value: str | None) -> bool:
    """Tell whether a number can be one: ten digits of ours that begin with neither 0 nor 1, or up to fifteen of another country."""
    digits = fold_phone(value)
    if len(digits) == 10:
        return digits[0] not in "01"
    return 11 <= len(digits) <= 15 and digits[0] != "0" and len(set(digits)) > 1


def looks_like_email(value: str | None) -> bool:
    """Tell whether an address can be one."""
    return bool(EMAIL.fullmatch((value or "").strip().lower()))


def reach_values(reached: Iterable[tuple[str, str]], consents: Iterable[Any], titles: Mapping[str, str]) -> dict[str, Any]:
    """Return the facts of the group `reach`. `reached`: (PHONE or EMAIL, value) of all his cards; `consents`: the field's values."""
    phone = email = False
    for kind, value in reached:
        phone = phone or (kind == "PHONE" and looks_like_phone(value))
        email = email or (kind == "EMAIL" and looks_like_email(value))
    answers = [answer for answer in (read_consent(value, titles) for value in consents) if answer is not None]
    return {"has_phone": int(phone), "has_email": int(email), "consent": int(all(answers)) if answers else None}


def read_consent(value: Any, titles: Mapping[str, str]) -> bool | None:
    """Return yes or no for a value of the chosen field, None for an empty one.

    Of a list the title of the item tells: one that says no ("Не согласен", "Отказ") is a no, any other is a yes. A date or a text
    that is filled is a yes. One no among several values is a no: who said no anywhere is left alone.
    """
    if value in (None, "", "[]"):
        return None
    if isinstance(value, str) and value.startswith("["):
        answers = [read_consent(one, titles) for one in json.loads(value)]
        known = [answer for answer in answers if answer is not None]
        return all(known) if known else None
    if isinstance(value, (int, float)) and not titles:
        return bool(value)
    return not REFUSALS.search(fold(titles.get(str(value), str(value))) or "")


def card_values(card: Row, today: date) -> dict[str, Any]:
    """Return the facts of the group `card` for a row of `store.evidence`."""
    key_date = (card.get("key_date") or "")[:10] or None
    born = card.get("birthdate") or None
    return {
        "birthday": born,
        "age": age_on(date.fromisoformat(born), today) if born else None,
        "sex": SEXES.get(card.get("honorific") or ""),
        "city": card.get("city") or None,
        "source": card.get("source") or None,
        "responsible": card.get("responsible") or None,
        "key_date": key_date,
        "days_to_key_date": (date.fromisoformat(key_date) - today).days if key_date else None,
    }


def age_on(born: date, today: date) -> int | None:
    """Return full years; who was born on 29 February is a year older on 1 March of other years. Nothing before he was born."""
    years = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    return years if years >= 0 else None
