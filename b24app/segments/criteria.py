"""CRITERIA: the kinds of condition that a rule may be made of. Pure; a new kind is one class and its line in the tuple."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from b24app.segments.dates import is_relative
from b24app.segments.fields import Criterion, Deal, Field, Leaf
from b24app.segments.happenings import Activity, Bought
from b24app.segments.known import Column
from b24app.segments.operators import condition
from b24app.segments.rules import BadRule, Rule

if TYPE_CHECKING:
    from b24app.segments.compile import Build
    from b24app.segments.known import KnownFact

MIRRORED = {">": "<", ">=": "<=", "<": ">", "<=": ">="}
FACT_KINDS = {"count": "number", "score": "number", "number": "number", "money": "number", "share": "number"}
FACT_KINDS |= {"flag": "flag", "choice": "choice", "text": "text", "date": "date", "instant": "instant", "days": "date"}


class Fact(Criterion):
    """A fact of the client: a number, a sum, a date, so many days since."""

    key = "fact"

    def leaf(self, rule: Rule, build: Build, negated: bool) -> Leaf:
        """`{"criterion": "fact", "fact": "purchases", "op": ">=", "value": 2}`"""
        fact = build.known.get_fact(rule.get("fact"))
        asked = (rule.get("op"), rule.get("value"))
        x = f"fact.{fact.column}"
        if fact.since:
            asked = (MIRRORED.get(str(asked[0]), asked[0]), _days_before(fact, asked[1], build.day.today))
        column = fact_column(fact)
        if column.kind in ("text", "choice"):
            x = f"NULLIF({x}, '')"
        answer = condition(x, column, asked, build.day, build.bind)
        return Leaf(self.key, rule, answer, x, negated, bool(fact.since) or is_relative(rule.get("value")))


class InSegment(Criterion):
    """The client is in another segment, by its rule as it answers now: whoever its list would show."""

    key = "segment"

    def leaf(self, rule: Rule, build: Build, negated: bool) -> Leaf:
        """`{"criterion": "segment", "segment": "won"}`"""
        other = build.known.get_segment(rule.get("segment"))
        answer, moves = build.other(other)
        return Leaf(self.key, rule, answer, f"CASE WHEN {answer} THEN 1 ELSE 0 END", negated, moves)


class InList(Criterion):
    """The client's card, or a card of one of his contacts, was put on a list."""

    key = "list"

    def leaf(self, rule: Rule, build: Build, negated: bool) -> Leaf:
        """`{"criterion": "list", "list": "list_1"}`"""
        if not isinstance(rule.get("list"), str):
            raise BadRule("The condition does not say which list it means.", "В условии не сказано, какой список имеется в виду.")
        named = build.bind(rule["list"])
        own = (
            f"SELECT 1 FROM list_member AS listed WHERE listed.list_key = {named} "
            "AND listed.entity = client.kind AND listed.entity_id = client.entity_id"
        )
        people = (
            "SELECT 1 FROM client_contact AS link JOIN list_member AS listed ON listed.entity = 'contact' "
            f"AND listed.entity_id = link.contact_id AND listed.list_key = {named} WHERE link.client_key = client.key"
        )
        answer = f"(EXISTS ({own}) OR EXISTS ({people}))"
        return Leaf(self.key, rule, answer, f"CASE WHEN {answer} THEN 1 ELSE 0 END", negated)


CRITERIA: tuple[Criterion, ...] = (Field(), Deal(), Fact(), Bought(), Activity(), InSegment(), InList())
BY_KEY = {criterion.key: criterion for criterion in CRITERIA}


def fact_column(fact: KnownFact) -> Column:
    """Return the column by which operators know what they may ask of a fact."""
    kind = FACT_KINDS.get(fact.kind, "text")
    codes = fact.words["en"].get("choices") or {}
    choices = {code: {lang: words["choices"][code] for lang, words in fact.words.items()} for code in codes}
    return Column(fact.key, kind, "TEXT" if kind in ("text", "choice", "date", "instant") else "", choices=choices)


def _days_before(fact: KnownFact, value: Any, today: date) -> Any:
    """Return the date, or dates, that lie so many days back, the earliest first: a fact in days is asked as a date."""
    if isinstance(value, (list, tuple)):
        return sorted(filter(None, (_days_before(fact, one, today) for one in value)))
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > 36525:
        raise BadRule(f"“{value}” is not a number of days.", f"«{value}» не число дней.")
    return (today - timedelta(days=value)).isoformat()
