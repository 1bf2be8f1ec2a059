"""A rule of the app makes offers without any robot: a deal comes to the stage, one document follows, whatever goes wrong."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from b24app.documents.sightings import SAME_SECONDS
from tests.stories.conftest import STAGE
from tests.stories.town import COMPANY, CONTACT, DEAL, TIMEOUT, Town, install, running_town

KEY = "service_preparation"
ADD = "crm.documentgenerator.document.add"
ROW = {"productName": "Плановое обслуживание", "price": 1000, "quantity": 2, "taxRate": 20}
MANY = 8  # deals at once at the portal's own pace: a hundred are in test_rules.py, a thousand in the chaos test


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A town of its own whose administrator has switched the ready rule on: no robot stands on any stage."""
    with running_town(tmp_path_factory.mktemp("rules")) as started:
        install(started)
        page = started.page().post(f"/offers/rules/{KEY}/switch", on="1")
        assert page.answer.status_code == 200
        yield started
        assert [line for line in started.log() if line["event"] == "unforeseen error"] == []


@pytest.fixture(autouse=True)
def portal_does_right(rules: Town) -> Iterator[None]:
    """Whatever a story has ordered ends with it."""
    yield
    requests.delete(f"{rules.sandbox.url}/sandbox/faults", timeout=TIMEOUT)


def fault(town: Town, kind: str, **order: Any) -> None:
    """Order a fault of the portal."""
    requests.post(f"{town.sandbox.url}/sandbox/faults", json={"kind": kind, **order}, timeout=TIMEOUT).raise_for_status()


def new_deal(town: Town, **fields: Any) -> int:
    """Add a service deal of a company, with a product."""
    company = town.add(COMPANY, title="ООО «Клиент»")
    deal = town.add(DEAL, **{"title": "Сервис", "typeId": "SERVICE", "stageId": "NEW", "currencyId": "RUB", "companyId": company, **fields})
    town.set_rows(deal, ROW)
    return deal


def to_the_stage(town: Town, deal: int) -> None:
    """Move a deal to the rule's stage."""
    town.update(DEAL, deal, stageId=STAGE)


def entries(town: Town, deal: int) -> list[dict[str, Any]]:
    """Return the rule's entries of a deal that have come to an end, as the app's journal has them."""
    return town.rows("SELECT state, reasons, offer_key FROM offer_entry WHERE deal_id = ? AND state <> 'waiting' ORDER BY entered_at", deal)


def ended(town: Town, deal: int, count: int = 1) -> list[dict[str, Any]]:
    """Wait until so many entries of a deal have come to an end."""
    return list(town.wait(f"entries of deal {deal}", lambda: found if len(found := entries(town, deal)) >= count else None))


def test_deal_gets_its_document_todo_and_comment(rules: Town) -> None:
    """One of each, and the offer is on the page with the rule's name."""
    deal = new_deal(rules)
    to_the_stage(rules, deal)

    [entry] = ended(rules, deal)
    [document] = rules.documents(deal)
    assert entry["state"] == "done"
    comments = rules.call("crm.timeline.comment.list", filter={"ENTITY_TYPE": "deal", "ENTITY_ID": deal}, select=["ID", "COMMENT"])
    assert [document["number"] in comment["COMMENT"] for comment in comments] == [True]
    todos = rules.call("crm.activity.list", filter={"OWNER_TYPE_ID": DEAL, "OWNER_ID": deal}, select=["ID", "SUBJECT"])
    assert [todo["SUBJECT"] for todo in todos] == [f"Отправить клиенту предложение {document['number']}"]
    assert rules.runs(deal) == []
    page = rules.page().get("/offers/one", key=entry["offer_key"])
    assert document["number"] in page.words
    assert "«Подготовка документов»" in page.words


def test_deal_of_another_type_is_noted_and_left_alone(rules: Town) -> None:
    """The journal says why."""
    deal = new_deal(rules, typeId="SALE")
    to_the_stage(rules, deal)

    [entry] = ended(rules, deal)
    assert (entry["state"], rules.documents(deal)) == ("skipped", [])
    assert "Сделка другого типа." in rules.page().get("/offers/journal", search=str(deal)).words


def test_missing_client_is_said_mended_and_run_again(rules: Town) -> None:
    """The sentence is in the journal; after the mending the administrator presses "run again"."""
    deal = new_deal(rules, companyId=0)
    to_the_stage(rules, deal)
    assert ended(rules, deal)[0]["state"] == "refused"
    assert "В сделке нет клиента" in rules.page().get("/offers/journal", search=str(deal)).words

    rules.update(DEAL, deal, contactId=rules.add(CONTACT, name="Нашёлся"))
    [key] = [row["key"] for row in rules.rows("SELECT key FROM offer_entry WHERE deal_id = ?", deal)]
    assert rules.page().post("/offers/journal/again", key=key).answer.status_code == 200
    rules.wait("the offer is made", lambda: [entry for entry in entries(rules, deal) if entry["state"] == "done"])
    assert len(rules.documents(deal)) == 1


def test_stage_entered_twice_gives_two_documents(rules: Town) -> None:
    """Away and back is another entry; what is only changed in the stage is not."""
    deal = new_deal(rules)
    to_the_stage(rules, deal)
    ended(rules, deal)
    rules.update(DEAL, deal, title="Переименована на стадии", stageId="EXECUTING")
    rules.wait("it is another moment", lambda: _seconds_since(rules, deal) > SAME_SECONDS + 1)
    to_the_stage(rules, deal)

    assert [entry["state"] for entry in ended(rules, deal, 2)] == ["done", "done"]
    assert len(rules.documents(deal)) == 2


def _seconds_since(town: Town, deal: int) -> float:
    """Return how long ago a deal's last entry was."""
    [last] = town.rows("SELECT max(entered_at) AS at FROM offer_entry WHERE deal_id = ?", deal)
    return (datetime.now(UTC) - datetime.fromisoformat(last["at"])).total_seconds()


@pytest.mark.parametrize(
    ("kind", "order"),
    [
        ("unanswered", {"method": ADD}),
        ("unanswered", {"method": "crm.timeline.comment.add"}),
        ("unanswered", {"method": "crm.activity.todo.add"}),
        ("401", {}),
        ("503", {"count": 2}),
    ],
    ids=["document lost", "comment lost", "todo lost", "token expired", "busy"],
)
def test_portal_in_trouble_makes_one_document(rules: Town, kind: str, order: dict[str, Any]) -> None:
    """Answers lost after the work, tokens out of date, too many requests: one document, one comment, one todo."""
    deal = new_deal(rules)
    fault(rules, kind, **order, client=rules.sandbox.client_id)
    to_the_stage(rules, deal)

    assert [entry["state"] for entry in ended(rules, deal)] == ["done"]
    asked = {"filter": {"ENTITY_TYPE": "deal", "ENTITY_ID": deal}, "select": ["ID", "COMMENT"]}
    todos = rules.call("crm.activity.list", filter={"OWNER_TYPE_ID": DEAL, "OWNER_ID": deal}, select=["ID"])
    assert (len(rules.documents(deal)), len(rules.call("crm.timeline.comment.list", **asked)), len(todos)) == (1, 1, 1)


@pytest.mark.parametrize(("kind", "said"), [("no numbers", "Нумератор не выдал номер"), ("no documents", "Тариф не позволяет")])
def test_generator_that_refuses_does_not_stop_offers(rules: Town, kind: str, said: str) -> None:
    """Numerator exhausted, tariff exhausted: the app fills the document, numbers it and says so."""
    deal = new_deal(rules)
    fault(rules, kind, method=ADD, client=rules.sandbox.client_id)
    to_the_stage(rules, deal)

    [entry] = ended(rules, deal)
    assert (entry["state"], [document["number"] for document in rules.documents(deal)]) == ("done", [f"КП-{deal}-1"])
    assert said in entry["reasons"]
    assert "приложение заполнило документ само" in entry["reasons"]


def test_many_deals_moved_at_once_get_one_document_each(rules: Town) -> None:
    """Some of them are deleted meanwhile, some answers are lost: exactly one document for each that is still there."""
    deals = [new_deal(rules) for _ in range(MANY)]
    fault(rules, "unanswered", method=ADD, count=2, client=rules.sandbox.client_id)
    for deal in deals:
        to_the_stage(rules, deal)
    gone = deals[-2:]
    for deal in gone:
        rules.delete(DEAL, deal)

    counted = f"SELECT count(*) AS number FROM offer_entry WHERE state <> 'waiting' AND deal_id BETWEEN {deals[0]} AND {deals[-3]}"
    rules.wait("all have come to an end", lambda: rules.rows(counted)[0]["number"] == MANY - 2, 300)
    assert {deal: len(rules.documents(deal)) for deal in deals[:-2]} == dict.fromkeys(deals[:-2], 1)
    assert all(len(rules.documents(deal)) <= 1 for deal in gone)


def test_deleted_template_does_not_stop_offers(rules: Town) -> None:
    """The document is filled by the app and uploaded; the journal says so. Installed again, the portal has its template."""
    [template] = [one for one in rules.call_as_app("crm.documentgenerator.template.list")["templates"].values() if "сервис" in one["name"]]
    rules.call_as_app("crm.documentgenerator.template.delete", id=int(template["id"]))
    deal = new_deal(rules)
    to_the_stage(rules, deal)

    [entry] = ended(rules, deal)
    [document] = rules.documents(deal)
    assert (entry["state"], document["number"]) == ("done", f"КП-{deal}-1")
    assert "приложение заполнило документ само" in entry["reasons"]
