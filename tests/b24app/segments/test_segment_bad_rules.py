"""Rules that cannot be asked are told to people; values never reach a statement."""

from __future__ import annotations

from typing import Any

import pytest

from b24app.segments.compile import compile_rule
from b24app.segments.dates import Day
from b24app.segments.definitions import load_known
from b24app.segments.rules import BadRule
from tests.b24app.segments.asked_rules import answers
from tests.b24app.segments.plain_rules import TODAY, ZONE


def field(op: Any, value: Any = None, name: Any = "uf_crm_text", **more: Any) -> dict[str, Any]:
    """Return a condition on a field."""
    return {"criterion": "field", "field": name, "op": op, "value": value, **more}


def nested(depth: int) -> dict[str, Any]:
    """Return a rule of many floors."""
    rule = field("=", "a")
    for _ in range(depth):
        rule = {"not": rule}
    return rule


@pytest.mark.parametrize(
    "rule",
    [
        [],
        None,
        "won",
        {},
        {"all": []},
        {"any": {}},
        {"all": [[]]},
        {"some": [field("=", "a")]},
        {"all": [field("=", "a")], "any": [field("=", "a")]},
        {"criterion": "weather"},
        {"criterion": []},
        {"criterion": "deal"},
        {"criterion": "deal", "where": {"criterion": "fact", "fact": "purchases", "op": "=", "value": 1}},
        {"criterion": "deal", "where": field("=", "a", "uf_crm_text")},
        {"criterion": "fact", "fact": "luck", "op": "=", "value": 1},
        {"criterion": "fact", "fact": ["purchases"], "op": "=", "value": 1},
        {"criterion": "fact", "fact": "purchases", "op": "=", "value": "many"},
        {"criterion": "fact", "fact": "days_since_purchase", "op": ">=", "value": "180"},
        {"criterion": "fact", "fact": "days_since_purchase", "op": ">=", "value": 10**9},
        {"criterion": "fact", "fact": "purchases", "op": "%", "value": "1"},
        field("=", "a", "uf_crm_none"),
        field("=", "a", 'id"; DROP TABLE client; --'),
        field("=", "a", None),
        field("=", "a", of="quote"),
        field("=", "a", of="lead"),
        field("=", "a", of=[]),
        field("~", "a"),
        field(None, "a"),
        field("="),
        field("=", ""),
        field("=", ["a"]),
        field("@", "a"),
        field("@", []),
        field("=", {"days": 1}),
        field(">", "a"),
        field("=", "tomorrow", "uf_crm_day"),
        field("=", "20240229", "uf_crm_day"),
        field("=", 5, "uf_crm_day"),
        field("=", {"days": "7"}, "uf_crm_day"),
        field("=", {"days": True}, "uf_crm_day"),
        field("=", {"days": [1, 2, 3]}, "uf_crm_day"),
        field("=", {"weeks": 1}, "uf_crm_day"),
        field("=", {"days": 1, "days_ago": 1}, "uf_crm_day"),
        field("=", {"days": 10**9}, "uf_crm_day"),
        field("=", "0001-01-01", "uf_crm_moment"),
        field("<=", "9999-12-31", "uf_crm_moment"),
        field("=", "maybe", "uf_crm_flag"),
        field("=", True, "uf_crm_sum"),
        field("=", "nan", "uf_crm_sum"),
        field("=", 1e300, "uf_crm_sum"),
        field("=", "one", "uf_crm_pick"),
        field(">", "a", "uf_crm_tags"),
        nested(21),
        {"any": [field("=", "a")] * 201},
    ],
    ids=lambda rule: str(rule)[:120],
)
def test_bad_rule_is_a_sentence_in_two_languages(made: Any, rule: Any) -> None:
    """What cannot be asked is told to people, never a crash."""
    with pytest.raises(BadRule) as caught:
        compile_rule(rule, Day(TODAY, ZONE), load_known(made.ctx))

    assert caught.value.sentence("ru") != caught.value.sentence("en")


def test_field_of_two_kinds_asks_which_is_meant(made: Any) -> None:
    """The same name may be a date on contacts and a text on companies: the rule must say whose."""
    made.user_field("contact", "UF_CRM_TWO", "date")
    made.user_field("company", "UF_CRM_TWO", "string")
    known = load_known(made.ctx)

    with pytest.raises(BadRule):
        compile_rule(field("filled", name="UF_CRM_TWO"), Day(TODAY, ZONE), known)

    assert compile_rule(field("filled", name="UF_CRM_TWO", of="contact"), Day(TODAY, ZONE), known).params == {}


def test_values_never_reach_the_statement(made: Any) -> None:
    """A value is bound, whatever it says."""
    evil = "'; DROP TABLE client; --"
    compiled = compile_rule({"any": [field(op, evil) for op in ("=", "!=", "%", "!%")]}, Day(TODAY, ZONE), load_known(made.ctx))

    assert "DROP" not in compiled.answer
    assert answers(made, {"any": [field("=", evil)]}) == {}
