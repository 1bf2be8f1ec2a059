"""Rules against a plain Python evaluation over random bases, with three answers; and rules that cannot be asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from b24app.segments.compile import BASE, compile_rule
from b24app.segments.criteria import CRITERIA
from b24app.segments.dates import Day, read_span
from b24app.segments.definitions import load_known
from b24app.segments.operators import OPERATORS
from b24app.segments.rules import BadRule
from b24app.store.folding import fold
from b24app.store.segments import Question, judge, list_leaves

ZONE = ZoneInfo("America/Santiago")  # its summer time begins at midnight, and yesterday's midnight was another offset
TODAY = date(2024, 2, 29)

# Column of the base, kind, values it may hold.
DATES = ["2024-02-22", "2024-02-28", "2024-02-29", "2024-03-01", "2024-03-07", "2023-08-31"]
INSTANTS = ["2024-02-29T02:59:59Z", "2024-02-29T03:00:00Z", "2024-03-01T02:59:59Z", "2024-03-01T03:00:00Z", "2024-03-08T02:00:00Z"]
TEXTS = ["a", "Ёлка", "ЕЛКА%", "x_y", "xay", "\\", "'", "S"]
CARD_FIELDS: dict[str, tuple[str, list[Any]]] = {
    "uf_crm_day": ("date", DATES),
    "uf_crm_moment": ("datetime", INSTANTS),
    "uf_crm_text": ("string", TEXTS),
    "uf_crm_sum": ("double", [-1.5, 0.0, 2.0, 1e9]),
    "uf_crm_flag": ("boolean", [0, 1]),
    "uf_crm_pick": ("enumeration", [1, 2, 12]),
    "uf_crm_tags": ("string", [["a"], ["Ёлка", "x_y"], ["a", "\\"], ["ab", "'"]]),
}
DEAL_FIELDS: dict[str, tuple[str, list[Any]]] = {
    "stage_semantic_id": ("string", ["S", "P", "F"]),
    "opportunity": ("double", [0.0, 2.0, 1e9]),
    "closedate": ("date", DATES),
    "created_time": ("datetime", INSTANTS),
    "type_id": ("string", TEXTS),
}
KINDS = {"date": "date", "datetime": "instant", "string": "text", "double": "number", "boolean": "flag", "enumeration": "choice"}
FACTS: dict[str, tuple[str, list[Any]]] = {
    "purchases": ("count", [0, 1, 2, 3]),
    "days_since_purchase": ("days", [-1, 0, 1, 7, 182]),
    "last_purchase": ("date", DATES),
}


# -- the plain evaluation ----------------------------------------------------------------------------------

Answer = bool | None


def compare(sign: str, left: Any, right: Any) -> bool:
    """Compare two plain values."""
    tests: dict[str, Callable[[], bool]] = {
        ">": lambda: left > right,
        ">=": lambda: left >= right,
        "<": lambda: left < right,
        "<=": lambda: left <= right,
    }
    return tests[sign]()


def plain(kind: str, held: Any, sign: str, value: Any) -> Answer:
    """Answer one condition the way its definition reads."""
    if sign in ("empty", "filled"):
        return (held is None) == (sign == "empty")
    if held is None:
        return None
    if sign.startswith("!"):
        return not known(kind, held, sign[1:], value)
    return known(kind, held, sign, value)


def known(kind: str, held: Any, sign: str, value: Any) -> bool:
    """Answer for a field that is filled."""
    if sign == "%":
        return (fold(value) or "") in (fold(held) or "")
    if sign == "@":
        return any(known(kind, held, "=", one) for one in value)
    if kind in ("date", "datetime"):
        return known_day(date.fromisoformat(held) if kind == "date" else datetime.fromisoformat(held).astimezone(ZONE).date(), sign, value)
    return (value in held if isinstance(held, list) else held == value) if sign == "=" else compare(sign, held, value)


def known_day(day: date, sign: str, value: Any) -> bool:
    """Answer for a day: a span holds all its days, after it is after its last one."""
    first, last = read_span(value, TODAY)
    return first <= day <= last if sign == "=" else compare(sign, day, first if sign in (">=", "<") else last)


def any_yes(answers: Iterable[Answer]) -> Answer:
    """OR of three values."""
    found = list(answers)
    return True if True in found else None if None in found else False


def all_yes(answers: Iterable[Answer]) -> Answer:
    """AND of three values."""
    found = list(answers)
    return False if False in found else None if None in found else True


def evaluate(rule: dict[str, Any], client: dict[str, Any], deal: dict[str, Any] | None = None) -> Answer:
    """Answer a rule for a client, or for one of his deals."""
    if "criterion" in rule:
        return EVALUATIONS[rule["criterion"]](rule, client, deal)
    if "not" in rule:
        inner = evaluate(rule["not"], client, deal)
        return None if inner is None else not inner
    word, join = ("all", all_yes) if "all" in rule else ("any", any_yes)
    return join(evaluate(child, client, deal) for child in rule[word])


def evaluate_deal(rule: dict[str, Any], client: dict[str, Any], deal: dict[str, Any] | None) -> Answer:
    """One of the deals is such."""
    return any_yes(evaluate(rule["where"], client, one) for one in client["deals"])


def evaluate_field(rule: dict[str, Any], client: dict[str, Any], deal: dict[str, Any] | None) -> Answer:
    """One of the records is such."""
    cards = {"client": [client["card"]], "contact": client["contacts"], "company": client["companies"], "deal": client["deals"]}
    records = [deal] if deal else cards[rule["of"]]
    fields = DEAL_FIELDS if deal or rule["of"] == "deal" else CARD_FIELDS
    return any_yes(plain(fields[rule["field"]][0], one[rule["field"]], rule["op"], rule.get("value")) for one in records)


def evaluate_fact(rule: dict[str, Any], client: dict[str, Any], deal: dict[str, Any] | None) -> Answer:
    """Work the fact out from the deals themselves."""
    won = [deal for deal in client["deals"] if deal["stage_semantic_id"] == "S"]
    last = max((deal["closedate"] for deal in won if deal["closedate"]), default=None)
    days = (TODAY - date.fromisoformat(last)).days if last else None
    held = {"purchases": len(won), "last_purchase": last, "days_since_purchase": days}[rule["fact"]]
    return plain("date" if rule["fact"] == "last_purchase" else "number", held, rule["op"], rule.get("value"))


EVALUATIONS = {"deal": evaluate_deal, "field": evaluate_field, "fact": evaluate_fact}


# -- random bases and rules --------------------------------------------------------------------------------


def record(fields: dict[str, tuple[str, list[Any]]]) -> st.SearchStrategy[dict[str, Any]]:
    """Draw a record: each field empty or one of its values."""
    return st.fixed_dictionaries({name: st.sampled_from([None, *values]) for name, (_, values) in fields.items()})


CLIENTS = st.lists(
    st.fixed_dictionaries(
        {
            "kind": st.sampled_from(["contact", "company"]),
            "card": record(CARD_FIELDS),
            "people": st.lists(record(CARD_FIELDS), max_size=2),
            "deals": st.lists(record(DEAL_FIELDS), max_size=3),
        }
    ),
    min_size=1,
    max_size=4,
)
SPANS = st.sampled_from([{"days": 0}, {"days": [0, 7]}, {"days": [7, 0]}, {"days_ago": 1}, {"days_ago": [1, 182]}, {"days": -7}])


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
        asked["value"] = draw(st.lists(value, min_size=1, max_size=3) if operator.takes == "many" else value)
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


OF_DEAL = conditions(DEAL_FIELDS).map(lambda asked: {"criterion": "field", **asked})
RULES = trees(
    st.one_of(
        st.builds(of_card, conditions(CARD_FIELDS), st.sampled_from(["client", "contact", "company"])),
        st.builds(of_card, conditions(DEAL_FIELDS), st.just("deal")),
        trees(OF_DEAL).map(lambda where: {"criterion": "deal", "where": where}),
        facts(),
    )
)


@pytest.fixture
def made(base: Any) -> Any:
    """A base with the fields above and nobody in it."""
    for entity in ("contact", "company"):
        for name, (kind, _) in CARD_FIELDS.items():
            base.user_field(entity, name.upper(), kind, is_multiple=int(name == "uf_crm_tags"))
    return base


def fill(base: Any, clients: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Save the clients with their people and deals; return them by key, as the evaluation reads them."""
    with base.store.write() as db:
        for table in ("contact", "company", "deal", "contact_company", "deal_contact"):
            db.conn.execute(f"DELETE FROM {table}")
    found, numbers = {}, iter(range(1, 1000))
    for client in clients:
        number = next(numbers)
        card = stored(client["card"])
        if client["kind"] == "company":
            key = base.company(number, **card)
            for person in client["people"]:
                base.contact(next(numbers), [number], **stored(person))
            found[key] = {**client, "contacts": client["people"], "companies": [client["card"]]}
        else:
            key = base.contact(number, **card)
            found[key] = {**client, "contacts": [client["card"]], "companies": []}
        for deal in client["deals"]:
            links = {"company": number} if client["kind"] == "company" else {"contacts": [number]}
            base.deal(next(numbers), **links, **stored(deal))
    base.update()
    return found


def stored(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the values as the mirror keeps them."""
    return {name: json.dumps(value, ensure_ascii=False) if isinstance(value, list) else value for name, value in fields.items()}


def answers(base: Any, rule: dict[str, Any]) -> dict[str, Answer]:
    """Return what SQL answers for every client."""
    compiled = compile_rule(rule, Day(TODAY, ZONE), load_known(base.ctx))
    question = Question(BASE, compiled.answer, compiled.params, ((compiled.answer, "NULL"),))
    with base.store.write():
        unknown = judge(base.store, question, None)
        members = {row["client_key"] for row in base.store.rows("SELECT client_key FROM verdict")}
    found = {
        key: None if leaf[0] is None else bool(leaf[0]) for key, leaf in list_leaves(base.store, question, sorted(base.keys())).items()
    }
    assert members == {key for key, answer in found.items() if answer}
    assert unknown == sum(answer is None for answer in found.values())
    return found


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(clients=CLIENTS, rule=RULES)
@example(clients=[], rule={"criterion": "fact", "fact": "purchases", "op": "=", "value": 0})
def test_rule_answers_as_plain_python_does(made: Any, clients: list[dict[str, Any]], rule: dict[str, Any]) -> None:
    """Whatever the rule and whoever the client: yes, no and unknown are the same in SQL and in Python."""
    found = fill(made, clients)

    assert answers(made, rule) == {key: evaluate(rule, client) for key, client in found.items()}


def test_every_criterion_is_drawn() -> None:
    """A new criterion needs its case in the random rules above."""
    assert {criterion.key for criterion in CRITERIA} == set(EVALUATIONS)


# -- days --------------------------------------------------------------------------------------------------


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


# -- rules that cannot be asked ----------------------------------------------------------------------------


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
