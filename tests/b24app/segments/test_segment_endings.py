"""What would end an answer, and when: by time, by an event, for one condition and for a whole rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from b24app.clients.facts import catalogue
from b24app.segments.dates import Day
from b24app.segments.definitions import Definition, ensure_presets, save
from b24app.segments.endings import end_of, end_of_all
from b24app.segments.explain import explain
from b24app.segments.known import Column, Known, KnownSegment, read_facts
from b24app.segments.membership import refresh
from b24app.segments.presets import fact
from b24app.segments.reading import list_segments_of
from b24app.segments.turning import Stand
from b24app.segments.words import Speech

UNTIL = Column("uf_crm_until", "date", title={"ru": "Действует до", "en": "Valid until"})
TODAY = date(2025, 6, 15)
KNOWN = Known(
    {"contact": {UNTIL.name: UNTIL}, "company": {UNTIL.name: UNTIL}, "deal": {}},
    read_facts(catalogue()),
    {"vip": KnownSegment("vip", {"ru": "VIP", "en": "VIP"}, None)},
)
RU = Speech("ru", Day(TODAY, ZoneInfo("Europe/Moscow")), KNOWN)
EN = replace(RU, lang="en")
FIELD = {"criterion": "field", "of": "client", "field": "UF_CRM_UNTIL", "op": "=", "value": {"days": [0, 7]}}
CALLS = {"criterion": "activity", "kind": "call", "within": {"days_ago": [0, 30]}}


def stand(rule: Mapping[str, Any], answer: bool | None, value: Any) -> Stand:
    """A condition that time may move."""
    return Stand(rule, answer, value, moves=True)


CASES = (
    # Time ends it, and so does a purchase.
    (fact("days_since_purchase", "between", [90, 180]), True, "2025-01-01", "01.07.2025, когда пройдёт 181 день", "новая покупка"),
    # A purchase keeps it: time alone ends it.
    (fact("days_since_purchase", "<=", 30), True, "2025-06-10", "11.07.2025, когда пройдёт 31 день", ""),
    # Time brings it, a purchase does not.
    (fact("days_since_purchase", ">=", 180), False, "2025-06-10", "07.12.2025, когда пройдёт 180 дней", ""),
    # Longer asleep than asked: only a purchase ends it.
    (fact("days_since_purchase", ">=", 180), True, "2024-06-10", "", "новая покупка"),
    (fact("overdue_days", ">", 0), False, "2025-07-01", "02.07.2025, когда пройдёт 1 день", ""),
    (fact("overdue_days", ">", 0), True, "2025-06-01", "", "новая покупка"),
    (fact("purchases", "=", 1), True, 1, "", "новая покупка"),
    (fact("purchases", "=", 1), False, 3, "", "отмена покупки"),
    (fact("purchases", ">=", 2), True, 2, "", "отмена покупки"),
    (fact("purchases", ">=", 2), False, 0, "", "новая покупка"),
    (fact("open_complaints", ">", 0), True, 1, "", "закрытие жалобы"),
    (fact("open_complaints", ">", 0), False, 0, "", "новая жалоба"),
    (fact("consent", "=", 0), None, None, "", "ответ клиента о согласии"),
    (fact("retention", "=", "lost"), True, "lost", "", "новая покупка"),
    (fact("retention", "=", "active"), True, "active", "", "ночной пересчёт, когда пройдёт время"),
    (fact("last_incoming", "=", {"days_ago": [0, 30]}), True, "2025-06-10", "11.07.2025, когда пройдёт 31 день", ""),
    (fact("last_incoming", "=", {"days_ago": [0, 30]}), False, "2025-01-10", "", "новое общение"),
    (fact("birthday", "anniversary", {"days": [0, 5]}), True, "1990-06-17", "18.06.2025, когда дата выйдет из срока", "правка карточки"),
    (fact("birthday", "anniversary", {"days": [0, 5]}), False, "1990-07-17", "12.07.2025, когда дата войдёт в срок", "правка карточки"),
    (FIELD, True, "2025-06-18", "19.06.2025, когда дата выйдет из срока (Действует до 18.06.2025)", "правка поля «Действует до»"),
    (FIELD, None, None, "", "правка поля «Действует до»"),
    (CALLS, True, "2025-06-10T09:00:00Z", "11.07.2025, когда пройдёт 31 день", ""),
    (CALLS, False, None, "", "новый звонок"),
    ({"criterion": "segment", "segment": "vip"}, True, 1, "", "выход из сегмента «VIP»"),
    ({"criterion": "list", "list": "l"}, False, 0, "", "добавление в список"),
    ({"criterion": "bought", "name": "кофе"}, True, "2025-06-10", "", "отмена покупки «кофе»"),
)


@pytest.mark.parametrize(("rule", "answer", "value", "time", "event"), CASES)
def test_condition_ends_by_time_or_by_an_event(rule: Any, answer: bool | None, value: Any, time: str, event: str) -> None:
    """The day is named with what it is counted from; an event is named only when it would turn the answer."""
    text = end_of(stand(rule, answer, value), RU).text

    assert text.startswith(time or event)
    assert text.endswith(event) if event else ";" not in text
    assert bool(end_of(stand(rule, answer, value), EN).text) == bool(text)


def test_rule_ends_with_the_first_condition_that_is_needed() -> None:
    """All: any of them ends it. The sentence has the day, why, and what would come sooner."""
    rule = {"all": [fact("purchases", "=", 1), fact("days_since_purchase", "between", [90, 180])]}
    stands = [stand(rule["all"][0], True, 1), stand(rule["all"][1], True, "2025-01-01")]

    assert end_of_all(rule, stands, True, RU).text == (
        "Выйдет 01.07.2025, когда пройдёт 181 день (последняя покупка 01.01.2025); раньше выведет новая покупка."
    )
    assert end_of_all(rule, stands, True, EN).text == (
        "Leaves on 1 Jul 2025, when 181 days have passed (last purchase 1 Jan 2025); sooner with a new purchase."
    )


def test_rule_of_alternatives_ends_when_the_last_of_them_does() -> None:
    """Any: while one holds, the end of another is no end."""
    short, long = fact("days_since_purchase", "<=", 30), fact("silence_days", "<=", 60)
    rule = {"any": [short, long]}
    stands = [stand(short, True, "2025-06-10"), stand(long, True, "2025-06-10")]

    assert end_of_all(rule, stands, True, RU).until == date(2025, 8, 10)
    assert end_of_all({"not": rule}, stands, False, RU).text.startswith("Войдёт 10.08.2025")


def test_rule_that_needs_two_events_names_both() -> None:
    """Where no condition alone decides, what they need is named together."""
    rule = {"all": [fact("purchases", ">=", 1), fact("open_complaints", ">", 0)]}
    stands = [stand(rule["all"][0], False, 0), stand(rule["all"][1], False, 0)]

    assert end_of_all(rule, stands, False, RU).text == "В сегмент введёт новая покупка и новая жалоба."
    assert end_of_all(rule, stands, None, RU).text == ""


def test_explanation_of_a_client_says_when_he_leaves(base: Any) -> None:
    """Explain and the client's card name the day; what the base cannot foretell is named as an event."""
    base.contact(2)
    base.deal(1, contacts=[2], won="2025-01-01")
    ensure_presets(base.ctx)
    rule = {"all": [fact("purchases", "=", 1), fact("days_since_purchase", "between", [90, 180])]}
    save(base.ctx, Definition("sleeping", {"ru": "Спит", "en": "Sleeps"}, {"ru": "", "en": ""}, rule))
    base.update()
    refresh(base.ctx)

    told = explain(base.ctx, "sleeping", "C_2")
    assert (told.answer, told.until) == ("yes", "2025-07-01")
    assert [(one.until, one.ends) for one in told.rules] == [
        (None, "новая покупка"),
        ("2025-07-01", "01.07.2025, когда пройдёт 181 день (последняя покупка 01.01.2025); новая покупка"),
    ]
    ends = {one.key: one.ending for one in list_segments_of(base.ctx, "C_2")}
    assert ends["won"] == "Из сегмента выведет отмена выигранной сделки."
    assert ends["sleeping"].startswith("Выйдет 01.07.2025")
    assert explain(base.ctx, "bought_once_180", "C_2").ending.startswith("Войдёт 30.06.2025, когда пройдёт 180 дней")
