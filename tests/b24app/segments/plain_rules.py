"""What a rule means, in plain Python: fields and values of a made-up base, and the answer of every kind of condition."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from b24app.segments.dates import read_span
from b24app.store.folding import fold

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
