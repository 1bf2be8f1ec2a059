"""Rules against a plain Python evaluation over random bases, with three answers; and rules that cannot be asked."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from b24app.segments.compile import FOR_ALL, compile_rule
from b24app.segments.criteria import CRITERIA
from b24app.segments.dates import PERIODS, Day, read_span
from b24app.segments.definitions import Definition, load_known, save
from b24app.segments.membership import question_of
from b24app.segments.operators import OPERATORS
from b24app.segments.rules import BadRule
from b24app.segments.sentences import describe
from b24app.segments.words import Speech
from b24app.store.clients import NUMBERS_END
from b24app.store.counts import keep_sets
from b24app.store.folding import fold
from b24app.store.segments import Question, find_answer, list_leaves
from b24app.store.verdicts import Placed, Range, judge

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
LEAD_FIELDS: dict[str, tuple[str, list[Any]]] = {
    "source_description": ("string", TEXTS),
    "birthdate": ("date", DATES),
    "has_phone": ("boolean", [0, 1]),
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
    if sign in KNOWN_BY:
        return KNOWN_BY[sign](kind, held, value)
    if sign == "@":
        return any(known(kind, held, "=", one) for one in value)
    if kind in ("date", "datetime"):
        return known_day(date.fromisoformat(held) if kind == "date" else datetime.fromisoformat(held).astimezone(ZONE).date(), sign, value)
    return (value in held if isinstance(held, list) else held == value) if sign == "=" else compare(sign, held, value)


def known_day(day: date, sign: str, value: Any) -> bool:
    """Answer for a day: a span holds all its days, after it is after its last one."""
    first, last = read_span(value, TODAY)
    return first <= day <= last if sign == "=" else compare(sign, day, first if sign in (">=", "<") else last)


def known_pattern(kind: str, held: Any, value: Any) -> bool:
    """`%` stands for anything."""
    pattern = ".*".join(re.escape(part) for part in (fold(value) or "").split("%"))
    return re.fullmatch(pattern, fold(held) or "", re.DOTALL) is not None


def known_range(kind: str, held: Any, value: Any) -> bool:
    """Both ends are in it."""
    return known(kind, held, ">=", value[0]) and known(kind, held, "<=", value[1])


def known_anniversary(kind: str, held: Any, value: Any) -> bool:
    """Walk the span: the day and month come in it; 29 February comes on the 28th where there is no other."""
    day, (first, last) = date.fromisoformat(held), read_span(value, TODAY)
    for number in range((last - first).days + 1):
        one = first + timedelta(days=number)
        is_stand_in = (one.month, one.day) == (2, 28) and (one + timedelta(days=1)).day == 1 and (day.month, day.day) == (2, 29)
        if (one.month, one.day) == (day.month, day.day) or is_stand_in:
            return True
    return False


KNOWN_BY = {"=%": known_pattern, "between": known_range, "anniversary": known_anniversary}


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
    records = [deal] if deal else {**cards, "lead": client["leads"]}[rule["of"]]
    fields = DEAL_FIELDS if deal else {"deal": DEAL_FIELDS, "lead": LEAD_FIELDS}.get(rule["of"], CARD_FIELDS)
    return any_yes(plain(fields[rule["field"]][0], one[rule["field"]], rule["op"], rule.get("value")) for one in records)


def evaluate_fact(rule: dict[str, Any], client: dict[str, Any], deal: dict[str, Any] | None) -> Answer:
    """Work the fact out from the deals themselves."""
    won = [deal for deal in client["deals"] if deal["stage_semantic_id"] == "S"]
    last = max((deal["closedate"] for deal in won if deal["closedate"]), default=None)
    days = (TODAY - date.fromisoformat(last)).days if last else None
    held = {"purchases": len(won), "last_purchase": last, "days_since_purchase": days}[rule["fact"]]
    return plain("date" if rule["fact"] == "last_purchase" else "number", held, rule["op"], rule.get("value"))


def evaluate_bought(rule: dict[str, Any], client: dict[str, Any], deal: dict[str, Any] | None) -> Answer:
    """Some row of a won deal is such a product, and the deal lies in the period."""
    found: list[Answer] = [False]
    for one in client["deals"]:
        for product, name in one["rows"] if one["stage_semantic_id"] == "S" else []:
            is_it = product in rule["products"] if "products" in rule else name is not None and fold(rule["name"]) in fold(name)
            period = plain("date", one["closedate"], "=", rule["within"]) if "within" in rule else True
            found.append(all_yes([is_it, period]))
    return any_yes(found)


def evaluate_activity(rule: dict[str, Any], client: dict[str, Any], deal: dict[str, Any] | None) -> Answer:
    """Some activity of the client has happened, is of the kind and direction, and lies in the period."""
    kinds = {"any": (1, 2, 4, 6), "call": (2,), "letter": (4,), "chat": (6,), "meeting": (1,)}[rule["kind"]]
    return any(
        (done or direction == 1)
        and type_id in kinds
        and rule["direction"] in ("any", {1: "in", 2: "out"}.get(direction))
        and ("within" not in rule or known("datetime", start or INSTANTS[0], "=", rule["within"]))
        for type_id, direction, done, start in client["talks"]
    )


def evaluate_segment(rule: dict[str, Any], client: dict[str, Any], deal: dict[str, Any] | None) -> Answer:
    """He is in the other segment: no answer there is what that segment makes of it."""
    other = OTHERS[rule["segment"]]
    inner = evaluate(other["rule"], client)
    return other["unknown_means"] == "yes" if inner is None else inner


def evaluate_list(rule: dict[str, Any], client: dict[str, Any], deal: dict[str, Any] | None) -> Answer:
    """He or one of his people was put on it."""
    return bool(client["listed"])


EVALUATIONS = {"deal": evaluate_deal, "field": evaluate_field, "fact": evaluate_fact, "bought": evaluate_bought}
EVALUATIONS |= {"activity": evaluate_activity, "segment": evaluate_segment, "list": evaluate_list}


# -- random bases and rules --------------------------------------------------------------------------------


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
OTHERS: dict[str, dict[str, Any]] = {
    "big": {"rule": {"criterion": "field", "of": "client", "field": "uf_crm_sum", "op": ">", "value": 1}, "unknown_means": "no"},
    "ending": {
        "rule": {"criterion": "field", "of": "client", "field": "uf_crm_day", "op": "=", "value": {"days": [0, 7]}},
        "unknown_means": "yes",
    },
    "both": {
        "rule": {"all": [{"criterion": "segment", "segment": "big"}, {"not": {"criterion": "segment", "segment": "ending"}}]},
        "unknown_means": "no",
    },
}
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


@pytest.fixture
def made(base: Any) -> Any:
    """A base with the fields above and nobody in it."""
    for entity in ("contact", "company"):
        for name, (kind, _) in CARD_FIELDS.items():
            base.user_field(entity, name.upper(), kind, is_multiple=int(name == "uf_crm_tags"))
    for key, other in OTHERS.items():
        save(base.ctx, Definition(key, {"ru": key, "en": key}, {"ru": "", "en": ""}, other["rule"], unknown_means=other["unknown_means"]))
    return base


def fill(base: Any, clients: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Save the clients with their people and deals; return them by key, as the evaluation reads them."""
    with base.store.write() as db:
        links = ("contact_company", "deal_contact", "activity_party", "list_member")
        for table in ("contact", "company", "lead", "deal", "product_row", "activity", *links):
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
        people = [number] if client["kind"] == "contact" else list(range(number + 1, number + 1 + len(client["people"])))
        found[key]["listed"] = put_on_list(base, client, number, people)
        fill_around(base, client, number, people, numbers)
    base.update()
    return found


def put_on_list(base: Any, client: dict[str, Any], number: int, people: list[int]) -> bool:
    """Put his card, or one of his people, on the list; tell whether somebody was put on it."""
    if client["listed"] == "card":
        base.save("list_member", list_key="mine", entity=client["kind"], entity_id=number, added_at="")
    elif client["listed"] == "person" and people:
        base.save("list_member", list_key="mine", entity="contact", entity_id=people[0], added_at="")
    return client["listed"] == "card" or bool(client["listed"] and people)


def fill_around(base: Any, client: dict[str, Any], number: int, people: list[int], numbers: Iterator[int]) -> None:
    """Save his deals with products, his leads, and activities that belong to his card, his people or are with them."""
    links = {"company": number} if client["kind"] == "company" else {"contacts": [number]}
    for deal in client["deals"]:
        owner = next(numbers)
        base.deal(owner, **links, **stored({name: value for name, value in deal.items() if name != "rows"}))
        for product, name in deal["rows"]:
            base.save("product_row", id=next(numbers), owner_type="D", owner_id=owner, product_id=product, product_name=name)
    for lead in client["leads"]:
        base.save("lead", id=next(numbers), **{f"{client['kind']}_id": number}, **lead)
    for type_id, direction, done, start in client["talks"]:
        talk = {"id": next(numbers), "type_id": type_id, "direction": direction, "completed": int(done), "start_time": start or ""}
        chat = {"provider_id": "IMOPENLINES_SESSION" if type_id == 6 else "CRM"}
        owner_type, owner = (3, people[0]) if people and direction else (4 if client["kind"] == "company" else 3, number)
        base.save("activity", **talk, **chat, created=INSTANTS[0], owner_type_id=owner_type, owner_id=owner)
        base.save("activity_party", activity_id=talk["id"], position=0, entity_type_id=owner_type, entity_id=owner)


def stored(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the values as the mirror keeps them."""
    return {name: json.dumps(value, ensure_ascii=False) if isinstance(value, list) else value for name, value in fields.items()}


def answers(base: Any, rule: dict[str, Any]) -> dict[str, Answer]:
    """Return what SQL answers for every client."""
    known, day = load_known(base.ctx), Day(TODAY, ZONE)
    describe(rule, Speech("ru", day, known))
    question = question_of(compile_rule(rule, day, known))
    found = {key: find_answer(base.store, question, key) for key in sorted(base.keys())}
    for one in (question, question_of(compile_rule(rule, day, known, style=FOR_ALL))):
        assert judged(base, one) == found
    assert set(list_leaves(base.store, question, sorted(found))) == set(found)
    return found


def judged(base: Any, question: Question) -> dict[str, Answer]:
    """Return what a refresh of everybody finds."""
    with keep_sets(base.store, [question]), base.store.write() as db:
        db.conn.execute("DELETE FROM segment_answer")
        judge(base.store, 0, [Placed("x", 0, question)], Range(0, NUMBERS_END))
        moved = {row["client_key"]: row["now"] for row in base.store.rows("SELECT client_key, now FROM moved")}
    return {key: {0: False, 1: True, 2: None}[moved.get(key, 0)] for key in sorted(base.keys())}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
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
