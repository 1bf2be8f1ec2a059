"""Rules against a plain Python evaluation over random bases, with three answers, asked of one client and of all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from hypothesis import HealthCheck, example, given, settings

from b24app.segments.criteria import CRITERIA
from tests.b24app.segments.asked_rules import answers
from tests.b24app.segments.drawn_rules import CLIENTS, RULES
from tests.b24app.segments.plain_rules import EVALUATIONS, INSTANTS, evaluate


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
