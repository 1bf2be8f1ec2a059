"""Random bases and random rules over them, for hypothesis."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from b24app.segments.dates import PERIODS
from b24app.segments.operators import OPERATORS
from tests.b24app.segments.plain_rules import CARD_FIELDS, DATES, DEAL_FIELDS, FACTS, INSTANTS, KINDS, LEAD_FIELDS, OTHERS, TEXTS


def record(fields: dict[str, tuple[str, list[Any]]]) -> st.SearchStrategy[dict[str, Any]]:
    """Draw a record: each field empty or one of its values."""
    return st.fixed_dictionaries({name: st.sampled_from([None, *values]) for name, (_, values) in fields.items()})


def deals() -> st.SearchStrategy[dict[str, Any]]:
    """Draw a deal with its products: (id or none, name)."""
    rows = st.lists(st.tuples(st.sampled_from([None, 7, 8]), st.sampled_from([None, "Кофе", "Ёлка", "100%"])), max_size=2)
    return st.builds(lambda deal, rows: {**deal, "rows": rows}, record(DEAL_FIELDS), rows)


TALKS = st.tuples(st.sampled_from([1, 2, 3, 4, 6]), st.sampled_from([0, 1, 2]), st.booleans(), st.sampled_from([None, *INSTANTS]))
CLIENTS = st.lists(
    st.fixed_dictionaries(
        {
            "kind": st.sampled_from(["contact", "company"]),
            "card": record(CARD_FIELDS),
            "people": st.lists(record(CARD_FIELDS), max_size=2),
            "deals": st.lists(deals(), max_size=3),
            "leads": st.lists(record(LEAD_FIELDS), max_size=2),
            "talks": st.lists(TALKS, max_size=2),
            "listed": st.sampled_from(["", "", "card", "person"]),
        }
    ),
    min_size=1,
    max_size=4,
)
RELATIVE = [{"days": 0}, {"days": [0, 7]}, {"days": [7, 0]}, {"days_ago": 1}, {"days_ago": [1, 182]}, {"days": -7}, {"days": [-400, 1]}]
SPANS = st.sampled_from([*RELATIVE, *({"period": period} for period in PERIODS)])


@st.composite
def conditions(draw: st.DrawFn, fields: dict[str, tuple[str, list[Any]]]) -> dict[str, Any]:
    """Draw what is asked of a field, in every operator that its kind allows."""
    name = draw(st.sampled_from(sorted(fields)))
    kind, values = fields[name]
    several = name == "uf_crm_tags"
    fitting = [one for one in OPERATORS if KINDS.get(kind, "number") in one.kinds and (one.of_many or not several)]
    # What LIKE does over a JSON list is not the operator's definition but its approximation: see `operators`.
    operator = draw(st.sampled_from([one for one in fitting if not (several and "%" in one.sign)]))
    value = st.sampled_from(TEXTS) if several else st.sampled_from(values)
    if kind in ("date", "datetime"):
        value = st.one_of(st.sampled_from(DATES), SPANS)
    asked = {"op": operator.sign}
    if operator.takes != "none":
        sizes = {"many": (1, 3), "two": (2, 2)}
        lists = st.lists(value, min_size=sizes[operator.takes][0], max_size=sizes[operator.takes][1]) if operator.takes in sizes else value
        asked["value"] = draw(lists)
        if "=%" in operator.sign:
            asked["value"] = draw(st.sampled_from(["", "%"])) + asked["value"] + draw(st.sampled_from(["", "%"]))
    return {"field": name, **asked}


@st.composite
def facts(draw: st.DrawFn) -> dict[str, Any]:
    """Draw what is asked of a fact."""
    asked = draw(conditions({key: ("date" if kind == "date" else "double", values) for key, (kind, values) in FACTS.items()}))
    return {"criterion": "fact", "fact": asked.pop("field"), **asked}


def trees(leaf: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """Draw a rule over these conditions."""
    return st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.fixed_dictionaries({"all": st.lists(inner, min_size=1, max_size=3)}),
            st.fixed_dictionaries({"any": st.lists(inner, min_size=1, max_size=3)}),
            st.fixed_dictionaries({"not": inner}),
        ),
        max_leaves=5,
    )


def of_card(asked: dict[str, Any], of: str) -> dict[str, Any]:
    """Ask it of a card."""
    return {"criterion": "field", "of": of, **asked}


def with_period(rule: dict[str, Any], within: Any) -> dict[str, Any]:
    """Ask it of a period, or of all time."""
    return {**rule, "within": within} if within else rule


THINGS = st.one_of(
    st.builds(lambda ids: {"products": ids}, st.lists(st.sampled_from([7, 8, 9]), min_size=1, max_size=2)),
    st.builds(lambda name: {"name": name}, st.sampled_from(["кофе", "елк", "%"])),
)
TALKED = st.builds(
    lambda kind, direction: {"criterion": "activity", "kind": kind, "direction": direction},
    st.sampled_from(["any", "call", "letter", "chat", "meeting"]),
    st.sampled_from(["any", "in", "out"]),
)
PERIODS_OR_NOT = st.one_of(st.none(), SPANS)
OF_DEAL = conditions(DEAL_FIELDS).map(lambda asked: {"criterion": "field", **asked})
RULES = trees(
    st.one_of(
        st.builds(of_card, conditions(CARD_FIELDS), st.sampled_from(["client", "contact", "company"])),
        st.builds(of_card, conditions(DEAL_FIELDS), st.just("deal")),
        trees(OF_DEAL).map(lambda where: {"criterion": "deal", "where": where}),
        st.builds(of_card, conditions(LEAD_FIELDS), st.just("lead")),
        st.builds(with_period, THINGS.map(lambda thing: {"criterion": "bought", **thing}), PERIODS_OR_NOT),
        st.builds(with_period, TALKED, PERIODS_OR_NOT),
        st.sampled_from(sorted(OTHERS)).map(lambda key: {"criterion": "segment", "segment": key}),
        st.just({"criterion": "list", "list": "mine"}),
        facts(),
    )
)
