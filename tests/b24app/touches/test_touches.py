"""What to offer and when to get in touch: decisions alone, told what day it is."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from b24app.clients.rhythm import Prior
from b24app.clients.together import Rule
from b24app.errors import Mistaken
from b24app.hours import Week, moment_on, read_week
from b24app.touches.reasons import due_touches
from b24app.touches.suggestions import Bought, Suggestion, best_companion, due_again, rank, service_due

TODAY = date(2025, 6, 15)  # a Sunday
MOSCOW = ZoneInfo("Europe/Moscow")
FIELD = {"ru": "Поверка до", "en": "Calibrated until"}


def bought(*ago: int, product: int = 7, is_service: bool = False) -> Bought:
    """Return a product that was bought so many days ago."""
    return Bought(product, "Фильтр", is_service, tuple(TODAY.toordinal() - days for days in ago))


# -- what to offer --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ago", "is_due"),
    [((90, 60, 30), True), ((84, 54, 24), True), ((80, 50, 20), False), ((120, 90, 60), True), ((130, 100, 70), False), ((30,), False)],
    ids=["to the day", "a week before", "too early", "as late again", "bought no more", "bought once"],
)
def test_product_is_offered_when_it_is_due(ago: tuple[int, ...], is_due: bool) -> None:
    """From a week before until two own rhythms after; who bought once has no rhythm."""
    assert (due_again(bought(*ago), None, TODAY) is not None) == is_due


def test_two_purchases_suffice_where_the_base_knows_the_product() -> None:
    """One interval is drawn towards that of those who buy the same."""
    prior = Prior(base=3.4, strength=1.0, groups={7: 3.4})  # 30 days

    assert due_again(bought(60, 30), None, TODAY) is None
    found = due_again(bought(60, 30), prior, TODAY)
    assert found
    assert (found.kind, found.day) == ("replacement", "2025-06-15")


def test_service_is_told_apart_from_goods() -> None:
    """Of a service people say that it is due."""
    found = due_again(bought(90, 60, 30, is_service=True), None, TODAY)

    assert found
    assert found.kind == "service"


@pytest.mark.parametrize(("day", "is_due"), [("2025-07-30", True), ("2025-07-31", False), ("2025-04-16", True), ("2025-04-15", False)])
def test_date_that_matters_is_a_reason_while_it_is_near(day: str, is_due: bool) -> None:
    """45 days before, 60 after."""
    assert (service_due(day, FIELD, [], TODAY) is not None) == is_due


def test_date_that_matters_names_the_last_service() -> None:
    """Nothing is named that he never had."""
    service = service_due("2025-06-20", FIELD, [bought(300, is_service=True), bought(10, product=8)], TODAY)
    nothing = service_due("2025-06-20", FIELD, [bought(10)], TODAY)

    assert service
    assert nothing
    assert service.reason["ru"] == "Поверка до: 20.06.2025, через 5 дней. Прошлая услуга — «Фильтр»."
    assert (service.product_id, nothing.product_id, nothing.product) == (7, 0, "")


@pytest.mark.parametrize(
    ("rule", "is_sure"),
    [
        (Rule(7, 8, 17, 0.1, 0.34, 2.3), True),
        (Rule(7, 8, 4, 0.1, 0.34, 2.3), False),
        (Rule(7, 8, 17, 0.1, 0.34, 1.1), False),
        (Rule(7, 8, 17, 0.1, 0.1, 2.3), False),
        (Rule(7, 9, 17, 0.1, 0.34, 2.3), False),
        (Rule(7, 10, 17, 0.1, 0.34, 2.3), False),
    ],
    ids=["sure", "too few", "as everybody", "too seldom", "has it", "no name"],
)
def test_companion_is_offered_only_when_the_base_is_sure(rule: Rule, is_sure: bool) -> None:
    """Enough clients, more often than all, and not what he has already."""
    found = best_companion([rule], {7: "Фильтр", 8: "Насос", 9: "Чиллер"}, {7, 9})

    assert (found is not None) == is_sure
    if found:
        assert found.reason["ru"] == "Из купивших «Фильтр» 34 % (17) берут и «Насос» — в 2,3 раза чаще, чем все покупатели."


def test_services_come_first_then_what_is_due_most() -> None:
    """The strongest of each kind first."""
    found = [Suggestion(kind, number, "", {}, weight=weight) for number, (kind, weight) in enumerate(
        [("together", 0.9), ("replacement", 1.0), ("replacement", 1.4), ("service", 0.8)]
    )]  # fmt: skip

    assert [one.product_id for one in rank([None, *found])] == [3, 2, 1, 0]


# -- when to get in touch -------------------------------------------------------------------------------------


def touches(lead: int = 3, **facts: Any) -> list[tuple[str, str, str]]:
    """Return reason, anchor and day of what is due."""
    return [(one.reason, one.anchor, one.day.isoformat()) for one in due_touches(facts, (7, 14), lead, TODAY)]


def test_each_reason_has_its_day_and_its_anchor() -> None:
    """The soonest first; the anchor makes it the same touch whenever it is asked for."""
    facts = {"last_purchase": "2025-06-10", "next_purchase": "2025-07-10", "retention": "active", "key_date": "2025-06-25"}

    assert touches(**facts) == [
        ("upsell", "2025-06-10", "2025-06-17"),
        ("service", "2025-06-25", "2025-06-22"),
        ("rhythm", "2025-06-10", "2025-07-07"),
    ]


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, []),
        ({"last_purchase": "2025-06-01", "next_purchase": None}, [("upsell", "2025-06-01", "2025-06-15")]),
        ({"last_purchase": "2025-05-31", "next_purchase": None}, []),
        ({"last_purchase": "2025-01-01", "next_purchase": "2025-02-01", "retention": "lapsing"}, [("rhythm", "2025-01-01", "2025-06-15")]),
        ({"last_purchase": "2025-01-01", "next_purchase": "2025-02-01", "retention": "lost"}, []),
        ({"key_date": "2025-05-16"}, [("service", "2025-05-16", "2025-06-15")]),
        ({"key_date": "2025-05-15"}, []),
    ],
)
def test_reason_that_has_passed_is_none(facts: dict[str, Any], expected: list[tuple[str, str, str]]) -> None:
    """The window closes after two weeks, who is lost has no rhythm, an old date is no reason."""
    assert touches(**facts) == expected


@pytest.mark.parametrize(
    ("day", "now", "moment"),
    [
        ("2025-06-17", "2025-06-15T12:00", "2025-06-17T10:00"),
        ("2025-06-15", "2025-06-15T12:00", "2025-06-16T10:00"),
        ("2025-06-17", "2025-06-17T11:07:30", "2025-06-17T12:15"),
        ("2025-06-17", "2025-06-17T17:00", "2025-06-17T18:00"),
        ("2025-06-17", "2025-06-17T17:01", "2025-06-18T10:00"),
        ("2025-06-20", "2025-06-20T23:00", "2025-06-23T10:00"),
        ("2025-06-10", "2025-06-17T06:00", "2025-06-17T10:00"),
    ],
)
def test_moment_is_within_working_hours(day: str, now: str, moment: str) -> None:
    """An hour after work begins, or an hour from now; never on a Sunday, never in the past."""
    found = moment_on(date.fromisoformat(day), datetime.fromisoformat(now).replace(tzinfo=MOSCOW), Week())

    assert found.isoformat() == f"{moment}:00+03:00"


def test_short_day_of_work_ends_with_itself() -> None:
    """Half an hour of work is half an hour."""
    week = Week(time(9), time(9, 30), (2,))

    assert moment_on(TODAY, datetime(2025, 6, 15, 12, tzinfo=MOSCOW), week).isoformat() == "2025-06-17T09:30:00+03:00"


@pytest.mark.parametrize(
    ("begin", "end", "days"), [("9", "18:00", "1"), ("18:00", "09:00", "1"), ("09:00", "18:00", ""), ("25:00", "26:00", "1")]
)
def test_hours_that_cannot_be_are_a_mistake(begin: str, end: str, days: str) -> None:
    """Said with what would be right."""
    with pytest.raises(Mistaken):
        read_week(begin, end, days)
