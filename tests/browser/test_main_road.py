"""The main road as a person walks it in the browser: installs, sets the robot up, drags a deal, reads offer and segments."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import docx
import pytest
from playwright.sync_api import expect

from demo import portal
from robots.in_segment import InSegment
from robots.service_offer import ServiceOffer
from tests.browser.person import PATIENCE, Person, sitting_down
from tests.requires import need
from tests.stories.town import COMPANY, CONTACT, DEAL, Town, install, running_town

pytestmark = pytest.mark.browser

STAGE = "PREPARATION"
ROBOT = ServiceOffer.name["ru"]
PHONE = 400  # pixels


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A portal with a small company, and our app beside it, not installed yet."""
    need("browser")
    with running_town(tmp_path_factory.mktemp("browser"), contacts=40, deals=120) as started:
        yield started
        assert [line for line in started.log() if line["event"] == "unforeseen error"] == []


def install_by_page(person: Person) -> None:
    """Open the app from the left menu and look on until the portal shows its segments."""
    person.page.click("#menu a.app:has-text('Повторные продажи')")
    expect(person.app.locator("h1")).to_contain_text("Устанавливаем", timeout=PATIENCE)
    expect(person.app.locator("h1")).to_have_text("Сегменты", timeout=PATIENCE)


def put_robot_on_the_stage(person: Person) -> None:
    """Go from the kanban to the robots and add ours to the stage, for deals of the type "Service" only."""
    person.page.click("#menu a:has-text('Сделки')")
    person.page.click("#robots-button")
    column = person.page.locator(f".column[data-stage={STAGE}]")
    column.locator(".add-robot").click()
    dialog = person.page.locator("#robot-dialog")
    expect(dialog.locator("#robot-choice")).to_contain_text(ROBOT)
    dialog.locator(".condition-field").select_option("TYPE_ID")
    dialog.locator(".condition-operator").select_option("=")
    dialog.locator(".condition-value select").select_option("SERVICE")
    dialog.locator("#robot-save").click()
    expect(column.locator(".rule")).to_contain_text(ROBOT)
    expect(column.locator(".rule .if")).to_contain_text("Сервисное обслуживание")


def new_service_deal(town: Town) -> int:
    """Have a service deal in the first column, as a colleague has entered it."""
    company = town.add(COMPANY, title="ООО «Утренний кофе»")
    person = town.add(CONTACT, name="Пётр", secondName="Ильич", lastName="Заварной", companyIds=[company])
    fields = {"title": "Обслуживание кофемашин", "typeId": "SERVICE", "stageId": "NEW", "companyId": company, "contactId": person}
    deal = town.add(DEAL, **fields)
    town.set_rows(deal, {"productName": "Выезд инженера", "price": 3500, "quantity": 4})
    return deal


def drag_to_the_stage(person: Person, deal: int) -> None:
    """Drag the deal's card to the stage with the mouse."""
    person.go("/crm/deal/kanban/")
    column = person.page.locator(f".column[data-stage={STAGE}]")
    person.page.locator(f"#deal-{deal}").drag_to(column.locator("h2"))
    expect(column.locator(f"#deal-{deal}")).to_be_visible()


def read_offer_in_the_card(person: Person, deal: int) -> str:
    """Open the deal, wait for the offer in its timeline, read the file; return the offer's number."""
    person.page.click(f"#deal-{deal} .name")
    entry = person.page.locator("#timeline [data-kind=document]")
    expect(entry).to_have_count(1, timeout=PATIENCE)
    found = re.search(r"КП-\d+", entry.inner_text())
    assert found
    answer = person.page.request.get(str(entry.locator("a.docx").get_attribute("href")))
    document = docx.Document(io.BytesIO(answer.body()))
    cells = " ".join(cell.text for table in document.tables for row in table.rows for cell in row.cells)
    for words in (found[0], "ООО «Утренний кофе»", "Выезд инженера"):
        assert words in cells
    expect(person.page.locator("#timeline [data-kind=comment]").first).to_contain_text(f"Создано предложение {found[0]}")
    return found[0]


def read_offer_in_our_tab(person: Person, number: str) -> None:
    """Choose our tab in the deal's card: the offer, and whose deal it is."""
    person.page.click("[data-placement=CRM_DEAL_DETAIL_TAB]")
    tab = person.page.frame_locator(".panel.app-frame:not([hidden]) iframe")
    expect(tab.locator("#offers")).to_contain_text(number)
    expect(tab.locator("h1")).to_have_text("ООО «Утренний кофе»")


def find_a_client(person: Person) -> None:
    """Open the app, a segment, search a member by a part of his name, open him, then his card in the CRM."""
    person.page.click("#menu a.app:has-text('Повторные продажи')")
    person.app.locator("#segment-won .size").click()
    rows = person.app.locator("tbody tr")
    expect(rows.first).to_be_visible()
    everybody, name = rows.count(), rows.nth(2).locator(".name a").inner_text()
    person.app.locator("input[type=search]").press_sequentially(name, delay=20)
    expect(rows).not_to_have_count(everybody)
    expect(rows.first.locator(".name a")).to_have_text(name)
    expect(person.app.locator("input[type=search]")).to_be_focused()
    rows.first.locator(".name a").click()
    expect(person.app.locator("h1")).to_have_text(name)
    expect(person.app.locator("main")).to_contain_text("С выигранными сделками")
    person.app.locator("[data-portal-path]").click()
    card = person.page.frame_locator(".slider iframe")
    expect(card.locator("#page-title")).to_contain_text(name.split()[0])


def test_person_walks_the_main_road(town: Town) -> None:
    """Everything works by mouse and keyboard alone, and the browser has nothing to complain of."""
    with sitting_down(town.sandbox.url) as person:
        person.go("/")
        install_by_page(person)
        put_robot_on_the_stage(person)
        deal = new_service_deal(town)
        drag_to_the_stage(person, deal)
        number = read_offer_in_the_card(person, deal)
        read_offer_in_our_tab(person, number)
        find_a_client(person)
        assert person.complaints == []
    assert [document["number"] for document in town.documents(deal)] == [number]


def test_robot_is_set_up_on_its_own_page(town: Town) -> None:
    """A person chooses a segment on our page beside the robot's form: the form has it, the preview tells of a deal, the stage keeps it."""
    if not portal.is_installed(town.sandbox):
        install(town)
    deal = new_service_deal(town)
    town.wait("the app knows the deal", lambda: town.rows("SELECT 1 FROM client_deal WHERE deal_id = ?", deal))
    with sitting_down(town.sandbox.url) as person:
        person.go("/crm/deal/automation/0/")
        column = person.page.locator(".column[data-stage=EXECUTING]")
        column.locator(".add-robot").click()
        dialog = person.page.locator("#robot-dialog")
        option = dialog.locator("#robot-choice option").filter(has_text=InSegment.name["ru"])
        dialog.locator("#robot-choice").select_option(str(option.get_attribute("value")))
        page = person.page.frame_locator("#robot-settings iframe")
        page.locator("[data-property=segment]").select_option(label="С выигранными сделками")
        expect(page.locator("[data-robot-kept]")).to_be_visible()
        page.locator("[name=number]").fill(str(deal))
        page.locator("#preview button").click()
        expect(page.locator("#preview .note")).to_contain_text("«С выигранными сделками»: нет.", timeout=PATIENCE)
        dialog.locator("#robot-save").click()
        expect(column.locator(".rule .value")).to_contain_text("С выигранными сделками [won]")
        assert person.complaints == []


def test_pages_fit_a_phone(town: Town) -> None:
    """At 400 pixels no page, of the portal or of ours, has to be pushed sideways."""
    if not portal.is_installed(town.sandbox):
        install(town)
    deal = new_service_deal(town)
    found: dict[str, list[str]] = {}
    with sitting_down(town.sandbox.url, PHONE, 800) as person:
        for path in ("/", "/crm/deal/kanban/", "/crm/deal/automation/0/", "/crm/contact/list/", f"/crm/deal/details/{deal}/", "/devops/"):
            person.go(path)
            found[path] = person.overflow()
        person.page.goto(f"{town.sandbox.url}/crm/deal/details/{deal}/")
        person.page.click("[data-placement=CRM_DEAL_DETAIL_TAB]")
        expect(person.page.frame_locator(".panel.app-frame:not([hidden]) iframe").locator("#offers")).to_be_visible()
        found["our tab"] = person.overflow()
        person.go(f"/marketplace/app/{town.sandbox.client_id}/")
        expect(person.app.locator("#segment-won .size")).to_be_visible()
        found["segments"] = person.overflow()
        person.app.locator("#segment-won .size").click()
        expect(person.app.locator("tbody tr").first).to_be_visible()
        found["members"] = person.overflow()
        person.app.locator("tbody .name a").first.click()
        expect(person.app.locator(".facts")).to_be_visible()
        found["client"] = person.overflow()
        assert person.complaints == []
    assert {page: pages for page, pages in found.items() if pages} == {}
