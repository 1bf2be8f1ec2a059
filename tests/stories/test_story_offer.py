"""A deal reaches the stage "Document preparation": the robot makes one offer with real data and answers the workflow."""

from __future__ import annotations

import html
import io
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qsl, urlencode

import docx
import pytest
import requests

from tests.requires import need
from tests.stories.conftest import STAGE
from tests.stories.town import COMPANY, CONTACT, DEAL, Town, day

pytestmark = pytest.mark.usefixtures("offers_at_the_stage")

ROWS = (
    {"productName": "Выезд инженера", "price": 3500, "quantity": 4},
    {"productName": "Замена фильтра <P&Q>", "price": 1200.5, "quantity": 2},
)


def new_deal(town: Town, *rows: dict[str, Any], **fields: Any) -> int:
    """Add a service deal; return its id."""
    deal = town.add(DEAL, **{"title": "Годовое обслуживание", "typeId": "SERVICE", "stageId": "NEW", "currencyId": "RUB", **fields})
    if rows:
        town.set_rows(deal, *rows)
    return deal


def new_service_deal(town: Town) -> int:
    """Add a service deal with two rows for a company with a contact."""
    company = town.add(COMPANY, title="ООО «Ромашка & Ко»")
    person = town.add(CONTACT, name="Пётр", secondName="Ильич", lastName="Заварной", companyIds=[company])
    return new_deal(town, *ROWS, companyId=company, contactId=person)


def to_the_stage(town: Town, deal: int) -> dict[str, Any]:
    """Move a deal to the stage and return the robot's run when it has ended."""
    town.update(DEAL, deal, stageId=STAGE)
    return town.ended_run(deal)


def test_robot_returns_the_document_to_the_workflow(town: Town) -> None:
    """The workflow gets id, number, title, link, sum and last day; the deal has that document, and its timeline tells of it."""
    deal = new_service_deal(town)
    run = to_the_stage(town, deal)

    [document] = town.documents(deal)
    answer = run["return_values"]
    assert run["state"] == "answered"
    assert (int(answer["document_id"]), answer["number"], answer["title"]) == (int(document["id"]), document["number"], document["title"])
    assert (answer["sum"], answer["error"]) == (16401.0, "")
    assert answer["valid_until"] == day(14)
    assert answer["number"] in run["log"][0]["text"]
    comments = town.call("crm.timeline.comment.list", filter={"ENTITY_TYPE": "deal", "ENTITY_ID": deal}, select=["ID", "COMMENT"])
    assert [answer["number"] in comment["COMMENT"] for comment in comments] == [True]


def test_document_says_what_the_deal_says(town: Town) -> None:
    """Number, client, person, rows, sums and the sum in words stand in the file that the link gives, and no code is left over."""
    answer = to_the_stage(town, new_service_deal(town))["return_values"]

    words = read_document(answer["link"])
    for expected in (
        answer["number"],
        "ООО «Ромашка & Ко»",
        "Уважаемый Пётр Ильич!",
        "Выезд инженера",
        "Замена фильтра <P&Q>",
        "14 000 ₽",
        "2 401 ₽",
        "Итого 16 401 ₽",
        "Шестнадцать тысяч четыреста один рубль 00 копеек",
    ):
        assert expected in words, words
    assert "{" not in words


def read_document(link: str) -> str:
    """Download a document as a person does, without any token, and return all its words; spaces of any kind are one."""
    answer = requests.get(link, timeout=120)
    assert answer.status_code == 200
    document = docx.Document(io.BytesIO(answer.content))
    tables = (cell.text for table in document.tables for row in table.rows for cell in row.cells)
    return " ".join(" ".join((*(paragraph.text for paragraph in document.paragraphs), *tables)).split())


def test_deal_of_another_type_is_left_alone(town: Town) -> None:
    """The condition is the portal's: a sale at the same stage makes no document."""
    deal = new_deal(town, *ROWS, typeId="SALE")
    assert to_the_stage(town, deal)["state"] == "skipped"
    assert town.documents(deal) == []


def test_same_call_again_makes_no_second_document(town: Town) -> None:
    """The portal's own post, sent three times more and by three at once: one document, one comment, one answer."""
    deal = new_service_deal(town)
    first = to_the_stage(town, deal)
    [letter] = town.letters(KIND="robot", REF_ID=first["id"])

    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda _: town.post("/robots/service_offer", letter["BODY"]).status_code, range(3)))
    assert answers == [200, 200, 200]
    wait_until_worked_on(town)
    assert len(town.documents(deal)) == 1
    assert len(town.call("crm.timeline.comment.list", filter={"ENTITY_TYPE": "deal", "ENTITY_ID": deal})) == 1
    assert town.runs(deal) == [first]


def test_new_call_that_comes_twice_at_once_makes_one_document(town: Town) -> None:
    """A call that nobody has worked on yet, posted by six at the same time."""
    [letter] = town.letters(KIND="robot", REF_ID=to_the_stage(town, new_service_deal(town))["id"])
    deal = new_service_deal(town)
    body = {**dict(parse_qsl(letter["BODY"])), "document_id[2]": f"DEAL_{deal}", "event_token": f"twice-{deal}"}

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: town.post("/robots/service_offer", urlencode(body)).status_code, range(6)))
    assert answers == [200] * 6
    town.wait("the call is worked on", lambda: calls_of(town, deal) in (["expired"], ["answered"]))
    wait_until_worked_on(town)
    assert len(town.documents(deal)) == 1


def calls_of(town: Town, deal: int) -> list[str]:
    """Return the states of the calls for a deal, as the app's journal has them."""
    return [row["state"] for row in town.rows("SELECT state FROM robot_call WHERE deal_id = ?", deal)]


def wait_until_worked_on(town: Town) -> None:
    """Wait until the worker has gone through all that was posted so far: a call that comes after has its answer."""
    deal = new_deal(town, {"productName": "Последний", "price": 1, "quantity": 1}, contactId=town.add(CONTACT, name="Последний"))
    assert to_the_stage(town, deal)["state"] == "answered"


@pytest.mark.parametrize(
    ("client", "rows", "expected"),
    [
        ({}, ROWS, "В сделке нет клиента: выберите компанию или контакт в карточке сделки."),
        ({"name": "Пустой"}, (), "Предлагать нечего: в сделке нет ни товаров с ценой, ни суммы."),
    ],
    ids=["no client", "no rows"],
)
def test_workflow_goes_on_with_a_sentence_when_there_is_nothing_to_offer(
    town: Town, client: dict[str, Any], rows: tuple[dict[str, Any], ...], expected: str
) -> None:
    """The workflow gets the sentence in `error` and in its journal, nothing else, and no document is made."""
    deal = new_deal(town, *rows, **({"contactId": town.add(CONTACT, **client)} if client else {}))
    run = to_the_stage(town, deal)
    assert run["state"] == "answered"
    assert run["return_values"]["error"] == expected
    assert {value for name, value in run["return_values"].items() if name != "error"} == {""}
    assert expected in run["log"][0]["text"]
    assert town.documents(deal) == []


def test_deal_mended_after_a_refusal_gets_its_document(town: Town) -> None:
    """The manager reads the sentence, adds the client, moves the deal to the stage again: a new call, a document."""
    deal = new_deal(town, *ROWS)
    assert to_the_stage(town, deal)["return_values"]["error"]
    town.update(DEAL, deal, stageId="NEW", contactId=town.add(CONTACT, name="Нашёлся"))
    town.update(DEAL, deal, stageId=STAGE)
    run = town.wait("the second call is answered", lambda: [run for run in town.runs(deal) if run["return_values"].get("number")])[0]
    assert [document["number"] for document in town.documents(deal)] == [run["return_values"]["number"]]


def test_offer_is_in_our_tab_of_the_deal(town: Town) -> None:
    """Whoever opens the deal's tab sees the offer, its sum and the link."""
    deal = new_service_deal(town)
    answer = to_the_stage(town, deal)["return_values"]
    page = town.open(1, "CRM_DEAL_DETAIL_TAB", ID=str(deal))
    assert page.answer.status_code == 200
    assert answer["number"] in page.words
    assert "16 401" in page.words
    assert answer["link"].replace("&", "&amp;") in page.text


def test_pdf_follows_the_document(town: Town) -> None:
    """The portal makes it later; the tab shows its link as soon as it is there, and the link gives a PDF."""
    need("office")
    to_the_stage(town, new_service_deal(town))
    ready = "SELECT deal_id FROM offer WHERE pdf_url <> '' ORDER BY created_at LIMIT 1"  # the first one of all: they are made in turn
    deal = town.wait("a PDF is known", lambda: town.rows(ready), 180)[0]["deal_id"]
    found = re.search(r'href="([^"]+)"[^>]*>Скачать PDF<', town.open(1, "CRM_DEAL_DETAIL_TAB", ID=str(deal)).text)
    assert found
    assert requests.get(html.unescape(found[1]), timeout=120).content.startswith(b"%PDF-")
