"""Days as rules mean them: spans, time zones, leap days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b24app.segments.dates import Day, read_span
from tests.b24app.segments.plain_rules import TODAY, ZONE


def test_span_counts_from_today_over_a_leap_day() -> None:
    """366 days after 29 February 2024 is 1 March 2025."""
    assert read_span({"days": 366}, TODAY) == (date(2025, 3, 1), date(2025, 3, 1))
    assert read_span({"days": [7, 0]}, TODAY) == (TODAY, date(2024, 3, 7))
    assert read_span({"days_ago": [90, 180]}, TODAY) == (date(2023, 9, 2), date(2023, 12, 1))
    assert read_span("2024-02-29", TODAY) == (TODAY, TODAY)


@given(first=st.integers(-1000, 1000), length=st.integers(0, 1000), today=st.dates(date(1990, 1, 1), date(2100, 1, 1)))
def test_span_backward_is_the_span_forward_mirrored(first: int, length: int, today: date) -> None:
    """days_ago counts the other way."""
    low, high = read_span({"days": [first, first + length]}, today)

    assert (high - low) == timedelta(days=length)
    assert read_span({"days_ago": [-first, -first - length]}, today) == (low, high)


@pytest.mark.parametrize("zone", [ZONE, ZoneInfo("Europe/Moscow"), timezone(timedelta(hours=13)), UTC])
def test_instants_of_a_day_are_between_two_midnights(zone: Any) -> None:
    """Every instant belongs to exactly one day, also where summer time begins at midnight."""
    for number in range(366):
        day = date(2024, 1, 1) + timedelta(days=number)
        start, end = Day(day, zone).start(day), Day(day, zone).start(day + timedelta(days=1))
        assert Day(day, zone).date_of(start) == day
        last = datetime.fromisoformat(end) - timedelta(seconds=1)
        assert Day(day, zone).date_of(last.strftime("%Y-%m-%dT%H:%M:%SZ")) == day
