"""Days as rules mean them: a date, or so many days from today, in the portal's time zone. Pure; is given today.

A value of a rule is `"2025-03-01"`, `{"days": 7}` (seven days from now), `{"days": [0, 7]}` (a span, both ends in it),
`{"days_ago": 180}`, `{"days_ago": [90, 180]}` or `{"period": "this_month"}`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from b24app.segments.rules import BadRule

SIGNS = {"days": 1, "days_ago": -1}
MONTHS = {"month": 1, "quarter": 3, "year": 12}
SHIFTS = {"last": -1, "this": 0, "next": 1}
PERIODS = tuple(f"{shift}_{unit}" for unit in ("week", *MONTHS) for shift in SHIFTS)
FARTHEST = 36525  # a century: beyond it the number is a slip, and dates would run out of years
ISO = re.compile(r"[1-8]\d{3}-\d\d-\d\d")
INSTANT = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True)
class Day:
    """Today, where the portal is."""

    today: date
    zone: tzinfo

    def start(self, day: date) -> str:
        """Return the instant at which a day of the portal begins, as the mirror writes instants (UTC)."""
        return datetime.combine(day, time.min, self.zone).astimezone(UTC).strftime(INSTANT)

    def date_of(self, instant: str) -> date:
        """Return the portal's date at an instant of the mirror."""
        return datetime.strptime(instant, INSTANT).replace(tzinfo=UTC).astimezone(self.zone).date()


def is_relative(value: Any) -> bool:
    """Tell whether the value moves with the calendar."""
    return isinstance(value, Mapping) and any(key in SIGNS or key == "period" for key in value)


def read_span(value: Any, today: date) -> tuple[date, date]:
    """Return the first and the last day that a value means; one day is a span of itself. Raises BadRule."""
    if isinstance(value, Mapping):
        return _relative(value, today)
    day = _date(value)
    if day is None:
        raise BadRule(f"“{value}” is not a date.", f"«{value}» не дата.")
    return day, day


def _date(value: Any) -> date | None:
    """Return the date of YYYY-MM-DD within what calendars and time zones can reckon with, else None."""
    if not isinstance(value, str) or not ISO.fullmatch(value):
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


def year_days(value: Any, today: date) -> list[tuple[str, str]]:
    """Return the stretches of MM-DD, both ends in them, that a span covers whatever the year. 29 February is kept on the 28th."""
    first, last = read_span(value, today)
    if last >= first + timedelta(days=365):
        return [("01-01", "12-31")]
    end = "02-29" if (last.month, last.day) == (2, 28) and (last + timedelta(days=1)).day == 1 else f"{last:%m-%d}"
    begin = f"{first:%m-%d}"
    return [(begin, end)] if begin <= end else [(begin, "12-31"), ("01-01", end)]


def _period(word: Any, today: date) -> tuple[date, date]:
    if word not in PERIODS:
        raise BadRule(f"There is no period “{word}”.", f"Нет периода «{word}».")
    shift, unit = str(word).split("_")
    if unit == "week":
        monday = today + timedelta(days=7 * SHIFTS[shift] - today.weekday())
        return monday, monday + timedelta(days=6)
    size = MONTHS[unit]
    first = ((today.year * 12 + today.month - 1) // size + SHIFTS[shift]) * size
    return _month(first), _month(first + size) - timedelta(days=1)


def _month(number: int) -> date:
    """Return the first day of a month, counted from the year 0."""
    return date(number // 12, number % 12 + 1, 1)


def _relative(value: Mapping[str, Any], today: date) -> tuple[date, date]:
    if len(value) == 1 and "period" in value:
        return _period(value["period"], today)
    if len(value) != 1 or next(iter(value)) not in SIGNS:
        raise BadRule(f"A date cannot be {dict(value)}.", f"Дату нельзя задать так: {dict(value)}.")
    word, number = next(iter(value.items()))
    numbers = list(number) if isinstance(number, (list, tuple)) else [number, number]
    if len(numbers) != 2 or not all(isinstance(n, int) and not isinstance(n, bool) and abs(n) <= FARTHEST for n in numbers):
        raise BadRule(f"“{number}” is not a number of days.", f"«{number}» не число дней.")
    first, last = sorted(SIGNS[word] * n for n in numbers)
    return today + timedelta(days=first), today + timedelta(days=last)
