"""How single values of Bitrix24's records are read. Pure; what is not of its kind raises ValueError, TypeError or OverflowError.

Instants become UTC, `YYYY-MM-DDTHH:MM:SSZ`. Dates keep the printed day: the portal prints a birthday as
`2001-11-11T02:00:00+02:00`, and in UTC it would be the day before.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

REMEMBERED = 32768  # hours and days: of many years
LARGEST = 2**63 - 1  # what a 64-bit column holds
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")  # NUL and lone surrogates: PostgreSQL refuses the one, UTF-8 the other
EMPTY: tuple[Any, ...] = (None, "", [], {})
SIXTY = frozenset(f"{number:02}" for number in range(60))


def read_value(value: Any, kind: str, is_multiple: bool = False) -> Any:
    """Read one value; what is empty is unknown."""
    if value is None or (not value and value in EMPTY):
        return None
    read = KINDS[kind][1]
    return _read_many(value, read) if is_multiple else read(value)


def read_id(value: Any) -> int | None:
    """Return an id that arrives as 410 or "410"; None for anything else, 0 included."""
    try:
        return read_reference(value)
    except (ValueError, TypeError, OverflowError):
        return None


def read_integer(value: Any) -> int:
    """Read a whole number, also one that is printed with decimals."""
    if type(value) is int and -LARGEST <= value <= LARGEST:  # nearly all of them
        return value
    if isinstance(value, bool):
        raise ValueError("not a number")
    number = value if isinstance(value, int) else _whole(value)
    if abs(number) > LARGEST:
        raise OverflowError("too large")
    return number


def read_reference(value: Any) -> int | None:
    """Read an id: 0 and false mean that there is none."""
    if type(value) is int and 0 < value <= LARGEST:
        return value
    if value is False:
        return None
    return read_integer(value) or None


def read_real(value: Any) -> float:
    """Read a number or an amount of money."""
    if isinstance(value, bool):
        raise ValueError("not a number")
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("not a number")
    return number


def read_flag(value: Any) -> int:
    """Read Y, N, 1, 0, true or false."""
    return _FLAGS[value if value in ("Y", "N") else str(value).upper()]


def read_instant(value: Any) -> str:
    """Read a moment that says its offset, to UTC."""
    text = _string(value)
    if len(text) == 25 and text[13] == text[16] == ":" and text[14:16] in SIXTY and text[17:19] in SIXTY and text[22:] == ":00":
        return f"{_hour_to_utc(text[:13], text[19:])}{text[13:19]}Z"  # a shift by whole hours, as nearly everywhere
    return _to_utc(text)


@lru_cache(maxsize=REMEMBERED)
def _hour_to_utc(hour: str, offset: str) -> str:
    return _to_utc(f"{hour}:00:00{offset}")[:13]


def _to_utc(text: str) -> str:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("no offset")
    return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def read_date(value: Any) -> str:
    """Read the printed day of a date or of a date and time."""
    return _to_day(_string(value))


@lru_cache(maxsize=REMEMBERED)
def _to_day(text: str) -> str:
    if text[10:11] not in ("", "T", " "):
        raise ValueError("not a date")
    return date.fromisoformat(text[:10]).isoformat()


def read_text(value: Any) -> str:
    """Read anything as text that every database can keep."""
    if type(value) is str and value.isprintable():  # without NUL and surrogates, by a quicker look than the pattern's
        return value
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list)) else str(value)
    return UNSTORABLE.sub("\ufffd", text)


def read_json(value: Any) -> str:
    """Keep a structure as JSON."""
    return UNSTORABLE.sub("\ufffd", json.dumps(value, ensure_ascii=False, sort_keys=True))


def _whole(value: Any) -> int:
    if str(value).strip().lstrip("+-").isdecimal():
        return int(value)
    number = float(value)
    if not number.is_integer():
        raise ValueError("not a whole number")
    return int(number)


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a string")
    return value


def _read_many(value: Any, read: Callable[[Any], Any]) -> str:
    values = list(value.values()) if isinstance(value, Mapping) else value if isinstance(value, list) else [value]
    return json.dumps([read(one) for one in values if one not in EMPTY], ensure_ascii=False)


class _Flags(dict[str, int]):
    def __missing__(self, key: str) -> int:
        raise ValueError("not a flag")


_FLAGS = _Flags({"Y": 1, "N": 0, "1": 1, "0": 0, "TRUE": 1, "FALSE": 0})

KINDS: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "text": ("TEXT", read_text),
    "integer": ("INTEGER", read_integer),
    "reference": ("INTEGER", read_reference),
    "real": ("REAL", read_real),
    "flag": ("INTEGER", read_flag),
    "instant": ("TEXT", read_instant),
    "date": ("TEXT", read_date),
    "json": ("TEXT", read_json),
}
