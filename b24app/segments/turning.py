"""On which day time alone turns an answer: one condition asked of a client's date on days to come, and a rule out of its conditions. Pure.

Where a value is not a date of the client's own, time is not known to turn it, and nothing is promised.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from b24app.segments.criteria import fact_column
from b24app.segments.dates import Day, read_span, year_days
from b24app.segments.fields import OWN
from b24app.segments.known import CARDS, Known
from b24app.segments.rules import Rule

FARTHEST = 400  # days ahead that are looked at: whoever waits longer is not told of it
Answer = bool | None
NUMBERS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda age, asked: age == asked,
    "!=": lambda age, asked: age != asked,
    ">": lambda age, asked: age > asked,
    ">=": lambda age, asked: age >= asked,
    "<": lambda age, asked: age < asked,
    "<=": lambda age, asked: age <= asked,
    "between": lambda age, asked: min(asked) <= age <= max(asked),
    "@": lambda age, asked: age in asked,
    "!@": lambda age, asked: age not in asked,
}


@dataclass(frozen=True)
class Stand:
    """One condition of a rule as it stands: its own answer and the client's value. `moves`: time may change it."""

    rule: Rule
    answer: Answer
    value: Any
    moves: bool = False


def date_of(stand: Stand, known: Known, day: Day) -> date | None:
    """Return the client's own date that a condition asks about; None when it asks about something else."""
    if stand.value in (None, "") or not _asks_own_date(stand.rule, known):
        return None
    return day.date_of(stand.value) if "T" in str(stand.value) else date.fromisoformat(str(stand.value))


def holds(rule: Rule, value: date, known: Known, today: date) -> bool:
    """Tell whether a condition on a date holds on a day."""
    sign, asked = rule.get("op", "="), rule.get("value")
    if rule["criterion"] == "fact" and known.facts[rule["fact"]].since:
        return NUMBERS[sign]((today - value).days, asked) if sign in NUMBERS else sign == "filled"
    if rule["criterion"] in ("bought", "activity"):
        sign, asked = "=", rule.get("within")
    return _on_day(sign, asked, value, today)


def turn_of(stand: Stand, known: Known, day: Day) -> date | None:
    """Return the first day on which a condition's answer is another, when nothing but time passes."""
    value = date_of(stand, known, day)
    if value is None or not stand.moves or stand.answer is None or not _is_newest(stand):
        return None
    # An answer that the date alone does not give (another deal, a purchase besides) is not foretold.
    if holds(stand.rule, value, known, day.today) != stand.answer:
        return None
    return next((later for later in _days(day.today) if holds(stand.rule, value, known, later) != stand.answer), None)


def whole_turn(rule: Rule, stands: Sequence[Stand], turns: Sequence[date | None]) -> date | None:
    """Return the first day on which the whole rule's answer is another; conditions turn on their days and not back."""
    now = judge(rule, stands)
    for later in sorted({turn for turn in turns if turn}):
        turned = [_turned(stand) if turn and turn <= later else stand for stand, turn in zip(stands, turns, strict=True)]
        if judge(rule, turned) != now:
            return later
    return None


def deciding(rule: Rule, stands: Sequence[Stand]) -> list[int]:
    """Return the places of those conditions that alone, once they turn, change the whole rule's answer."""
    now = judge(rule, stands)
    return [
        place
        for place, stand in enumerate(stands)
        if any(judge(rule, [*stands[:place], other, *stands[place + 1 :]]) != now for other in _others(stand))
    ]


def judge(rule: Rule, stands: Sequence[Stand]) -> Answer:
    """Return the rule's answer out of those of its conditions, in their order."""
    return _judge(rule, iter(stands))


def _judge(rule: Rule, stands: Iterator[Stand]) -> Answer:
    if "criterion" in rule:
        return next(stands).answer
    if "not" in rule:
        inner = _judge(rule["not"], stands)
        return None if inner is None else not inner
    word = next(iter(rule))
    answers = [_judge(child, stands) for child in rule[word]]
    decisive = word == "any"
    if decisive in answers:
        return decisive
    return None if None in answers else not decisive


def _turned(stand: Stand) -> Stand:
    return replace(stand, answer=not stand.answer)


def _others(stand: Stand) -> list[Stand]:
    return [replace(stand, answer=answer) for answer in (True, False) if answer != stand.answer]


def _days(today: date) -> Iterator[date]:
    return (today + timedelta(days=ahead) for ahead in range(1, FARTHEST + 1))


def _asks_own_date(rule: Rule, known: Known) -> bool:
    kind = rule["criterion"]
    if kind == "fact":
        fact = known.facts[rule["fact"]]
        return bool(fact.since) or fact_column(fact).kind in ("date", "instant")
    if kind == "field":
        columns = [known.find_column(card, rule["field"]) for card in CARDS]
        return rule.get("of", OWN) == OWN and any(one and one.kind in ("date", "instant") and not one.is_multiple for one in columns)
    return kind in ("bought", "activity") and rule.get("within") is not None


def _is_newest(stand: Stand) -> bool:
    """Of what was bought and said the value is the last one in the period: the answer turns with it only if the period ends today."""
    if stand.rule["criterion"] not in ("bought", "activity"):
        return True
    within = stand.rule["within"]
    return isinstance(within, dict) and isinstance(within.get("days_ago"), (list, tuple)) and min(within["days_ago"]) == 0


def _on_day(sign: str, asked: Any, value: date, today: date) -> bool:
    if sign in ("empty", "filled"):
        return sign == "filled"
    if sign == "anniversary":
        return any(first <= f"{value:%m-%d}" <= last for first, last in year_days(asked, today))
    if sign in ("@", "!@", "between"):
        spans = [read_span(one, today) for one in asked]
        if sign == "between":
            return spans[0][0] <= value <= spans[1][1]
        return any(first <= value <= last for first, last in spans) == (sign == "@")
    first, last = read_span(asked, today)
    tests = {"=": first <= value <= last, ">": value > last, ">=": value >= first, "<": value < first, "<=": value <= last}
    return tests[sign] if sign in tests else not tests["="]
