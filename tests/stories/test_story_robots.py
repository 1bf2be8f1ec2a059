"""Robots on the stages of deals: a chain of them goes through, a workflow waits for a purchase, trouble leaves nothing hanging."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from demo import portal
from tests.stories.town import COMPANY, CONTACT, DEAL, Page, Town, day, install, running_town

CHAIN_STAGE, WAIT_STAGE = "EXECUTING", "FINAL_INVOICE"
LIST = "Приглашённые"
# The robots of one stage, in the order in which they run, with their settings.
CHAIN: tuple[tuple[str, dict[str, str]], ...] = (
    ("client_numbers", {}),
    ("in_segment", {"segment": "С выигранными сделками"}),
    ("add_to_list", {"segment": LIST}),
    ("next_offer", {"kind": "any"}),
    ("plan_touch", {"reason": "rhythm", "lead": "2"}),
    ("normalise_contacts", {}),
    ("find_duplicates", {}),
    ("remove_from_list", {"segment": "Нет такого списка"}),
)
WAIT = {"fact": "purchases", "operator": "at_least", "value": "1", "hours": "48"}


@dataclass
class Buyer:
    """A company that buys the same product every month, its person written carelessly, and a deal of theirs."""

    company: int
    person: int
    deal: int


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A small company with our app, a list, and robots on two stages. At the end: nothing that nobody foresaw is in the log."""
    with running_town(tmp_path_factory.mktemp("robots"), contacts=20, deals=40) as started:
        install(started)
        started.page().post("/lists", title=LIST, text="nobody@example.com")
        for place, (robot, settings) in enumerate(CHAIN, 1):
            put(started, CHAIN_STAGE, robot, settings, place)
        put(started, WAIT_STAGE, "wait_until", WAIT, 1)
        yield started
        assert [line for line in started.log() if line["event"] == "unforeseen error"] == []


@pytest.fixture(scope="module")
def buyer(town: Town) -> Buyer:
    """He is known to the app: his purchases are counted."""
    product = town.rows("SELECT product_id, product_name FROM product_row WHERE product_id > 0 AND type = 1 ORDER BY product_id LIMIT 1")[0]
    company = town.add(COMPANY, title="ООО  «Утренний кофе»")
    phones = [{"typeId": "PHONE", "valueType": "WORK", "value": "8 (912) 000-11-22"}]
    person = town.add(CONTACT, name="ПЁТР", lastName="заварной", companyIds=[company], fm=phones)
    town.add(CONTACT, name="Пётр", lastName="Другой", fm=[{"typeId": "PHONE", "valueType": "WORK", "value": "+7 912 000 11 22"}])
    for ago in (90, 60, 30):
        bought(
            town, company, ago, {"productId": product["product_id"], "productName": product["product_name"], "price": 500, "quantity": 2}
        )
    deal = town.add(DEAL, title="Ещё поставка", companyId=company, contactId=person, stageId="NEW")
    town.wait("his purchases are counted", lambda: purchases(town, company) == 3)
    return Buyer(company, person, deal)


@pytest.fixture(scope="module")
def answers(town: Town, buyer: Buyer) -> dict[str, dict[str, Any]]:
    """What the chain answered when the deal came to its stage, by robot."""
    return chain(town, buyer.deal)


def put(town: Town, stage: str, robot: str, settings: dict[str, str], sort: int) -> None:
    """Put a robot on a stage."""
    rule = {"category_id": 0, "stage_id": stage, "robot": robot, "client_id": town.sandbox.client_id, "properties": settings, "sort": sort}
    portal.control(town.sandbox, "automation", **rule)


def bought(town: Town, company: int, ago: int, *rows: dict[str, Any]) -> None:
    """Have a company buy so many days ago."""
    deal = town.add(DEAL, title="Поставка", companyId=company, stageId="WON", closedate=day(-ago), opportunity=1000)
    if rows:
        town.set_rows(deal, *rows)


def purchases(town: Town, company: int) -> int:
    """Return how many purchases of a company the app knows."""
    found = town.rows("SELECT purchases FROM client_fact WHERE client_key = ?", f"CO_{company}")
    return int(found[0]["purchases"]) if found else 0


def ended(town: Town, deal: int) -> list[dict[str, Any]]:
    """Return a deal's runs once all of its robots have come to an end, the oldest first; until then nothing."""
    runs = [run for run in town.runs(deal) if run["stage_id"] == CHAIN_STAGE]
    is_over = len(runs) % len(CHAIN) == 0 and all(run["state"] != "waiting" for run in runs)
    return runs[::-1] if runs and is_over else []


def chain(town: Town, deal: int) -> dict[str, dict[str, Any]]:
    """Move a deal to the stage with all the robots; return their runs by robot."""
    town.update(DEAL, deal, stageId=CHAIN_STAGE)
    return {run["robot"]: run for run in town.wait("the whole chain has run", lambda: ended(town, deal))}


def waiting(town: Town, **client: Any) -> tuple[int, int]:
    """Have a deal of a new company wait for its first purchase; return company and deal."""
    company = town.add(COMPANY, **{"title": "ООО «Первый раз»", **client})
    deal = town.add(DEAL, title="Ждём покупку", companyId=company, stageId="NEW")
    town.update(DEAL, deal, stageId=WAIT_STAGE)
    town.wait("the call waits", lambda: states(town, deal) == ["pending"])
    return company, deal


def states(town: Town, deal: int) -> list[str]:
    """Return the states of a deal's calls in the app's journal."""
    return [row["state"] for row in town.rows("SELECT state FROM robot_call WHERE deal_id = ? ORDER BY received_at", deal)]


def run_of(town: Town, deal: int, state: str) -> dict[str, Any] | None:
    """Return the deal's run in this state, or None."""
    return next((run for run in town.runs(deal) if run["state"] == state), None)


@contextmanager
def fault(town: Town, **order: Any) -> Iterator[None]:
    """Have the portal misbehave towards our app."""
    portal.control(town.sandbox, "faults", calls=[{"client": town.sandbox.client_id, **order}])
    try:
        yield
    finally:
        requests.delete(f"{town.sandbox.url}/sandbox/faults", timeout=120).raise_for_status()


# -- the chain ------------------------------------------------------------------------------------------------


def test_every_robot_of_the_chain_answers(answers: dict[str, dict[str, Any]]) -> None:
    """None hangs, the mistaken one included; each says something in the workflow's log."""
    assert {robot: run["state"] for robot, run in answers.items()} == {robot: "answered" for robot, _ in CHAIN}
    assert [robot for robot, run in answers.items() if run["return_values"]["error"]] == ["remove_from_list"]
    assert all(run["log"][0]["text"] for run in answers.values())


def test_workflow_gets_the_clients_numbers(answers: dict[str, dict[str, Any]]) -> None:
    """The deal's client is looked through."""
    values = answers["client_numbers"]["return_values"]

    assert (values["purchases"], values["revenue"], values["days_since_purchase"]) == (3, 3000.0, 30)
    assert "Утренний кофе" in values["client"]


def test_workflow_is_told_of_the_segment(answers: dict[str, dict[str, Any]]) -> None:
    """Yes, since when and why."""
    values = answers["in_segment"]["return_values"]

    assert (values["answer"], values["is_member"], bool(values["since"]), bool(values["reason"])) == ("yes", "Y", True, True)


def test_client_is_on_the_list(town: Town, buyer: Buyer, answers: dict[str, dict[str, Any]]) -> None:
    """The page of the segment shows him."""
    assert answers["add_to_list"]["return_values"]["changed"] == "Y"
    assert town.rows("SELECT 1 FROM list_member WHERE entity = 'company' AND entity_id = ?", buyer.company)


def test_product_that_is_due_is_offered(answers: dict[str, dict[str, Any]]) -> None:
    """Every thirty days, last bought thirty days ago."""
    values = answers["next_offer"]["return_values"]

    assert (values["found"], values["kind"]) == ("Y", "replacement")
    assert re.search(r"примерно раз в \d+ дн\.; последний раз — [\d.]+, 30 дней назад", values["reason"])


def test_responsible_person_has_a_todo(town: Town, buyer: Buyer, answers: dict[str, dict[str, Any]]) -> None:
    """In the deal's timeline, within working hours."""
    values = answers["plan_touch"]["return_values"]

    [todo] = todos(town, buyer.deal)
    assert (int(todo["ID"]), values["planned"], values["is_new"]) == (values["todo_id"], "Y", "Y")
    assert re.search(r"T(09|1\d):", values["deadline"])


def test_cards_are_in_order(town: Town, buyer: Buyer, answers: dict[str, dict[str, Any]]) -> None:
    """Names and phones in the portal have their one form."""
    values = answers["normalise_contacts"]["return_values"]

    card = town.call("crm.item.get", entityTypeId=CONTACT, id=buyer.person, useOriginalUfNames="Y")["item"]
    assert (values["found"], values["mended"], values["left"]) == (4, 4, 0)
    assert (card["name"], card["lastName"]) == ("Пётр", "Заварной")
    assert [entry["value"] for entry in card["fm"]] == ["+79120001122"]


def test_duplicate_is_found(buyer: Buyer, answers: dict[str, dict[str, Any]]) -> None:
    """By the phone, however it is written; the link leads to the portal's page of merging."""
    values = answers["find_duplicates"]["return_values"]

    assert (values["found"], values["sure"]) == ("Y", 1)
    assert f"/crm/contact/merge/?id={buyer.person}," in values["link"]


def test_stage_entered_twice_makes_nothing_twice(town: Town, buyer: Buyer, answers: dict[str, dict[str, Any]]) -> None:
    """The workflow runs again and is answered again; the to-do is the same, the list has him already, the cards are in order."""
    assert answers
    town.update(DEAL, buyer.deal, stageId="NEW")
    town.update(DEAL, buyer.deal, stageId=CHAIN_STAGE)

    runs = town.wait("the chain has run twice", lambda: (found := ended(town, buyer.deal)) and len(found) == 2 * len(CHAIN) and found)
    second = {run["robot"]: run["return_values"] for run in runs[len(CHAIN) :]}
    assert (second["plan_touch"]["is_new"], second["plan_touch"]["planned"]) == ("N", "Y")
    assert (second["add_to_list"]["changed"], second["normalise_contacts"]["mended"]) == ("N", 0)
    assert len(todos(town, buyer.deal)) == 1


def test_expired_token_and_lost_answers_hold_up_nobody(town: Town, buyer: Buyer) -> None:
    """The token is renewed, the answer sent again, a to-do that was made is found."""
    deal = town.add(DEAL, title="С препятствиями", companyId=buyer.company, stageId="NEW")
    with fault(town, kind="401"), fault(town, kind="unanswered", method="bizproc.event.send", count=2):
        runs = chain(town, deal)

    assert {run["state"] for run in runs.values()} == {"answered"}
    assert runs["client_numbers"]["return_values"]["purchases"] == 3


# -- waiting --------------------------------------------------------------------------------------------------


def test_workflow_goes_on_when_the_client_buys(town: Town) -> None:
    """The log says what is waited for; the purchase answers it."""
    company, deal = waiting(town)
    assert run_of(town, deal, "waiting")

    bought(town, company, 0)

    run = town.wait("the workflow goes on", lambda: run_of(town, deal, "answered"))
    assert (run["return_values"]["came_true"], run["return_values"]["outcome"], run["return_values"]["error"]) == ("Y", "true", "")
    assert run["log"][0]["text"].startswith("Ждём до ")
    assert "1 покупка" in run["log"][1]["text"]


def test_deal_deleted_while_it_waits_leaves_nothing_hanging(town: Town) -> None:
    """Its client is no more known by it: the call comes to its end, and nobody goes on asking."""
    company, deal = waiting(town, title="ООО «Передумали»")
    town.delete(DEAL, deal)
    bought(town, company, 0)

    town.wait("the call is over", lambda: set(states(town, deal)) <= {"answered", "expired"} and states(town, deal))


# -- pages ----------------------------------------------------------------------------------------------------


def test_journal_tells_of_the_chain(town: Town, buyer: Buyer, answers: dict[str, dict[str, Any]]) -> None:
    """Every robot is there with the deal; the one that failed says why, and is run again without a second answer."""
    page = town.page().get("/calls", q=str(buyer.deal))
    failed = town.page().get("/calls", robot="remove_from_list", q=str(buyer.deal))
    assert answers
    for words in ("Цифры клиента", "Ещё поставка", "Нет сегмента «Нет такого списка»"):
        assert words in page.words
    found = re.findall(r'href="(/calls/[0-9a-f]{32})"', failed.text)
    before = len(town.runs(buyer.deal))

    assert "Запуск заказан" in town.page().post(f"{found[0]}/again").words

    again = "SELECT state, error FROM robot_call WHERE again_of IS NOT NULL"
    [row] = town.wait("it has run again", lambda: [row for row in town.rows(again) if row["state"] == "answered"])
    assert "Нет такого списка" in row["error"]
    assert len(town.runs(buyer.deal)) == before


def test_settings_page_is_opened_by_the_portal(town: Town, buyer: Buyer) -> None:
    """With what the form has now; and tries the robot on a real deal."""
    asked = {"code": "in_segment", "current_values": {"segment": "С выигранными сделками [won]"}}
    order = {"client_id": town.sandbox.client_id, "placement": "ROBOT_SETTINGS", "options": asked}
    opened = requests.post(f"{town.sandbox.url}/bridge/open/", json=order, timeout=120).json()
    page: Page = town.post_frame(opened["url"], opened["form"])

    assert page.answer.status_code == 200
    assert 'value="С выигранными сделками [won]" selected' in html.unescape(page.text)
    shown = page.get("/robots/in_segment/settings", segment="won", number=str(buyer.deal))
    assert "«С выигранными сделками»: да." in shown.words
    assert json.loads(opened["form"]["PLACEMENT_OPTIONS"])["code"] == "in_segment"


def todos(town: Town, deal: int) -> list[dict[str, Any]]:
    """Return a deal's to-dos, as the portal has them."""
    of_deal = {"OWNER_TYPE_ID": DEAL, "OWNER_ID": deal, "PROVIDER_ID": "CRM_TODO"}
    return list(town.call("crm.activity.list", filter=of_deal, select=["ID", "SUBJECT", "DEADLINE"]))
