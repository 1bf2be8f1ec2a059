"""The portal's own pages: who sees what, and that every change goes the way of REST."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient

from sandbox import automation
from sandbox.pages import bbcode
from sandbox.pages.words import WORDS
from sandbox.portal import Portal
from sandbox.records import Change
from sandbox.rest import Caller
from sandbox.server import create_app

MANAGER, ENGINEER = 3, 7  # of different departments
PAGES = ("/", "/crm/deal/kanban/", "/crm/deal/list/", "/crm/contact/list/", "/crm/deal/automation/0/", "/devops/", "/bizproc/log/")
FOLDER = Path(__file__).parents[2] / "sandbox" / "pages"


@pytest.fixture
def browser(portal: Portal) -> Iterator[FlaskClient]:
    with create_app(portal).test_client() as client:
        yield client


@pytest.fixture
def deal(portal: Portal, admin: Caller) -> int:
    return portal.records.add("deals", {"TITLE": "Кофемашина", "TYPE_ID": "SERVICE", "OPPORTUNITY": 1500, "ASSIGNED_BY_ID": MANAGER}, admin)


@pytest.fixture
def client_id(portal: Portal) -> str:
    """An application whose installation is not finished, with a robot and a tab."""
    app = portal.grants.add_app(
        {"ru": "Продажи", "en": "Sales"}, "http://app.test/app", "http://app.test/install", ("crm", "bizproc", "placement")
    )
    caller = Caller(1, admin=True, app=app["CLIENT_ID"], scopes=frozenset(app["SCOPES"]))
    robot = {
        "CODE": "offer",
        "HANDLER": "http://app.test/robot",
        "AUTH_USER_ID": 1,
        "NAME": {"ru": "Предложение", "en": "Offer"},
        "PROPERTIES": {"kind": {"Name": "Вид", "Type": "select", "Options": {"a": "Полное", "b": "Краткое"}, "Default": "b"}},
    }
    portal.call(caller, "bizproc.robot.add", robot)
    tab = {
        "PLACEMENT": "CRM_DEAL_DETAIL_TAB",
        "HANDLER": "http://app.test/tab",
        "TITLE": "Мой таб",
        "LANG_ALL": {"en": {"TITLE": "My tab"}},
    }
    portal.call(caller, "placement.bind", tab)
    return str(app["CLIENT_ID"])


def be(browser: FlaskClient, user_id: int) -> None:
    """Become another employee."""
    browser.post("/switch-user/", data={"user": user_id})


def text(browser: FlaskClient, path: str, status: int = 200) -> str:
    answer = browser.get(path)
    assert answer.status_code == status
    return answer.get_data(as_text=True)


def column(page: str, stage: str) -> str:
    """Return the part of a board between one stage and the next."""
    return page.split(f'<section class="column" data-stage="{stage}"')[1].split("<section", maxsplit=1)[0]


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("lang", ["ru", "en"])
def test_page_speaks_the_asked_language_without_inline_scripts(browser: FlaskClient, deal: int, path: str, lang: str) -> None:
    """Every page is in one language, keeps it in a cookie, and has scripts in files only."""
    page = text(browser, f"{path}?lang={lang}")
    assert f'<html lang="{lang}">' in page
    assert f'<html lang="{lang}">' in text(browser, path)
    assert all("src=" in tag or "application/json" in tag for tag in re.findall(r"<script[^>]*>", page))


def test_every_word_that_templates_say_is_known() -> None:
    """A key in a template without words would be printed as it is."""
    said = {
        key for file in FOLDER.glob("templates/*.html") for key in re.findall(r'say\("([a-z_]+)"[),]', file.read_text(encoding="utf-8"))
    }
    assert said - set(WORDS) == set()


def test_visitor_is_the_administrator_until_he_becomes_another(browser: FlaskClient) -> None:
    """The first visitor is user 1; the switch is kept in a cookie and leads back only inside the portal."""
    assert re.search(r'value="1" class="person here"', text(browser, "/"))
    answer = browser.post("/switch-user/", data={"user": MANAGER, "back": "//elsewhere.test/"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert re.search(rf'value="{MANAGER}" class="person here"', text(browser, "/"))


def test_post_from_another_origin_is_refused(browser: FlaskClient, deal: int, portal: Portal) -> None:
    """Frames of applications are on this machine too: their forms change nothing in the portal."""
    sent = {"id": deal, "stage": "EXECUTING"}
    assert browser.post("/crm/deal/kanban/move/", json=sent, headers={"Origin": "http://localhost:8025"}).status_code == 403
    assert portal.store.get("deals", deal)["STAGE_ID"] == "NEW"  # type: ignore[index]


def test_board_shows_columns_in_order_with_sums(browser: FlaskClient, deal: int) -> None:
    """Stages stand in their order, final ones last; a column says how many deals it has and what they are worth."""
    page = text(browser, "/crm/deal/kanban/")
    stages = re.findall(r'class="column" data-stage="([A-Z_]+)" data-semantics="(.)"', page)
    assert [semantics for _, semantics in stages] == ["P"] * 5 + ["S", "F", "F"]
    assert re.search(r'<b class="count">1</b></h2>\s*<p class="total">1,?\s?500\s₽</p>', column(page, "NEW"))
    assert f'id="deal-{deal}"' in column(page, "NEW")
    assert browser.get("/crm/deal/kanban/?category=99").status_code == 404


def test_board_shows_thirty_cards_and_then_more(browser: FlaskClient, portal: Portal, admin: Caller) -> None:
    """A long column begins with thirty cards; the rest comes when it is asked for, no card twice."""
    for number in range(70):
        portal.records.add("deals", {"TITLE": f"Сделка {number}"}, admin)
    ids = re.findall(r'id="deal-(\d+)"', text(browser, "/crm/deal/kanban/"))
    for start in (30, 60):
        ids += re.findall(r'id="deal-(\d+)"', text(browser, f"/crm/deal/kanban/cards/?stage=NEW&start={start}"))
    assert (len(ids), len(set(ids))) == (70, 70)


def test_moved_card_goes_the_way_of_rest(browser: FlaskClient, portal: Portal, deal: int) -> None:
    """Who listens to the portal hears the move in the name of who moved; the answer has new heads of all columns."""
    heard: list[Change] = []
    portal.listeners.append(heard.append)
    answer = browser.post("/crm/deal/kanban/move/", json={"id": deal, "stage": "EXECUTING"}).get_json()
    assert (answer["stage"], answer["columns"]["EXECUTING"]["count"], answer["columns"]["NEW"]["count"]) == ("EXECUTING", 1, 0)
    assert [(change.kind, change.id, change.after["STAGE_ID"], change.caller.user_id) for change in heard] == [
        ("update", deal, "EXECUTING", 1)
    ]


def test_refused_move_says_why(browser: FlaskClient, portal: Portal, deal: int) -> None:
    """What REST refuses is refused here with its own words and changes nothing."""
    answer = browser.post("/crm/deal/kanban/move/", json={"id": deal, "stage": "NOWHERE"})
    assert (answer.status_code, "Стадия" in answer.get_json()["error"]) == (400, True)
    assert portal.store.get("deals", deal)["STAGE_ID"] == "NEW"  # type: ignore[index]


def test_employee_sees_only_what_rest_shows_him(browser: FlaskClient, deal: int) -> None:
    """A deal of another department is neither on the board, nor in its sums, nor behind its address."""
    be(browser, ENGINEER)
    page = column(text(browser, "/crm/deal/kanban/"), "NEW")
    assert (f'id="deal-{deal}"' in page, '<b class="count">0</b>' in page) == (False, True)
    assert "Кофемашина" not in text(browser, f"/crm/deal/details/{deal}/", 400)
    be(browser, MANAGER)
    assert "Кофемашина" in text(browser, f"/crm/deal/details/{deal}/")


def test_card_saves_only_what_changed(browser: FlaskClient, portal: Portal, admin: Caller) -> None:
    """Name, phone, another phone and the membership date are saved; a form that changes nothing makes no change."""
    key = portal.records.add("contacts", {"NAME": "Анна", "PHONE": [{"VALUE": "+7 900 1"}]}, admin)
    phone = portal.store.get("contacts", key)["PHONE"][0]["ID"]  # type: ignore[index]
    form = {"NAME": "Инна", f"PHONE:{phone}": "+7 900 2", "PHONE:n0": "+7 900 3", "UF_CRM_MEMBERSHIP_END": "2026-12-31"}
    assert browser.post(f"/crm/contact/details/{key}/save/", data=form).status_code == 303
    saved: Any = portal.store.get("contacts", key)
    assert (saved["NAME"], [one["VALUE"] for one in saved["PHONE"]], saved["UF_CRM_MEMBERSHIP_END"][:10]) == (
        "Инна",
        ["+7 900 2", "+7 900 3"],
        "2026-12-31",
    )
    heard: list[Change] = []
    portal.listeners.append(heard.append)
    browser.post(f"/crm/contact/details/{key}/save/", data={"NAME": "Инна", "UF_CRM_MEMBERSHIP_END": "2026-12-31"})
    assert heard == []


def test_comment_stands_in_the_timeline(browser: FlaskClient, deal: int) -> None:
    """What a person writes on a card is there at once, markup as plain text."""
    browser.post(f"/crm/deal/details/{deal}/comment/", data={"text": "Ждёт <b>счёт</b>"})
    page = text(browser, f"/crm/deal/details/{deal}/timeline/")
    assert ("Ждёт &lt;b&gt;счёт" in page, 'data-kind="comment"' in page) == (True, True)


@pytest.mark.parametrize("search", ["иванова анна", "АННА", "900-12", "anna@example", "#1"])
def test_list_finds_by_name_phone_address_and_number(browser: FlaskClient, portal: Portal, admin: Caller, search: str) -> None:
    """One field searches names by words in any case, phones by digits, addresses and ids."""
    contact = {"LAST_NAME": "Иванова", "NAME": "Анна", "PHONE": [{"VALUE": "+7 (900) 123-45-67"}], "EMAIL": [{"VALUE": "anna@example.com"}]}
    portal.records.add("contacts", contact, admin)
    portal.records.add("contacts", {"LAST_NAME": "Петров", "NAME": "Пётр"}, admin)
    found = browser.get("/crm/contact/list/", query_string={"q": search}).get_data(as_text=True)
    assert re.findall(r'<tr data-id="(\d+)"', found) == ["1"]


def test_robots_page_puts_a_robot_on_a_stage(browser: FlaskClient, portal: Portal, client_id: str) -> None:
    """Robots of installed applications are offered; one with a condition stands on its stage and can be removed."""
    assert words_of_designer(browser)["robots"] == []
    portal.grants.save_app(client_id, {"INSTALLED": True})
    assert [(one["name"], one["properties"][0]["value"]) for one in words_of_designer(browser)["robots"]] == [("Предложение", "b")]
    condition = {"field": "TYPE_ID", "operator": "=", "value": "SERVICE"}
    asked = {"stage_id": "PREPARATION", "client_id": client_id, "robot": "offer", "properties": {"kind": "a"}, "conditions": [condition]}
    key = browser.post("/crm/deal/automation/0/add/", json=asked).get_json()["id"]
    shown = column(text(browser, "/crm/deal/automation/0/"), "PREPARATION")
    assert ("Тип равно Сервисное обслуживание" in shown, "Вид: Полное" in shown) == (True, True)
    be(browser, MANAGER)
    assert browser.post("/crm/deal/automation/0/remove/", json={"id": key}).status_code == 403
    be(browser, 1)
    browser.post("/crm/deal/automation/0/remove/", json={"id": key})
    assert automation.list_rules(portal) == []


def words_of_designer(browser: FlaskClient) -> dict[str, Any]:
    page = text(browser, "/crm/deal/automation/0/")
    made: dict[str, Any] = json.loads(re.findall(r'id="robot-words">(.*?)</script>', page, re.S)[0])
    return made


def test_tab_of_an_application_opens_as_the_portal_opens_it(browser: FlaskClient, portal: Portal, client_id: str, deal: int) -> None:
    """After the installation the card has the tab; its frame is named DOMAIN|PROTOCOL|APP_SID and gets the card's id."""
    assert "Мой таб" not in text(browser, f"/crm/deal/details/{deal}/")
    portal.grants.save_app(client_id, {"INSTALLED": True})
    assert "My tab" in text(browser, f"/crm/deal/details/{deal}/?lang=en")
    asked = {"client_id": client_id, "placement": "CRM_DEAL_DETAIL_TAB", "options": {"handler": "http://app.test/tab", "ID": str(deal)}}
    opened = browser.post("/bridge/open/", json=asked).get_json()
    query = {name: values[0] for name, values in parse_qs(urlsplit(opened["url"]).query).items()}
    assert opened["url"].startswith("http://app.test/tab?")
    assert (opened["name"], query["LANG"]) == (f"{portal.domain}|0|{query['APP_SID']}", "en")
    assert json.loads(opened["form"]["PLACEMENT_OPTIONS"]) == opened["init"]["PLACEMENT_OPTIONS"] == {"ID": str(deal)}
    assert (opened["init"]["INSTALL"], opened["init"]["FIRST_RUN"], opened["init"]["IS_ADMIN"]) == (False, True, True)
    browser.post("/bridge/first-run/", json={"client_id": client_id})
    assert browser.post("/bridge/open/", json=asked).get_json()["init"]["FIRST_RUN"] is False


def test_only_an_administrator_installs(browser: FlaskClient, portal: Portal, client_id: str) -> None:
    """Until the end of the installation an employee sees a sentence and an administrator the installer; the end comes from its frame."""
    be(browser, MANAGER)
    assert "ещё не установлено до конца" in text(browser, f"/marketplace/app/{client_id}/")
    assert browser.post("/bridge/install-finish/", json={"client_id": client_id}).status_code == 403
    be(browser, 1)
    opened = browser.post("/bridge/open/", json={"client_id": client_id}).get_json()
    assert (urlsplit(opened["url"]).path, opened["init"]["INSTALL"]) == ("/install", True)
    assert browser.post("/bridge/install-finish/", json={"client_id": client_id}).get_json() is True
    assert portal.grants.get_app(client_id)["INSTALLED"]
    assert urlsplit(browser.post("/bridge/open/", json={"client_id": client_id}).get_json()["url"]).path == "/app"


def test_options_of_an_application_are_common_and_personal(browser: FlaskClient, portal: Portal, client_id: str) -> None:
    """Application options are an administrator's to set and everybody's to read; user options are one's own."""
    portal.grants.save_app(client_id, {"INSTALLED": True})
    for kind in ("app", "user"):
        assert browser.post("/bridge/option/", json={"client_id": client_id, "kind": kind, "name": "a", "value": [1]}).get_json() is True
    be(browser, MANAGER)
    init = browser.post("/bridge/open/", json={"client_id": client_id}).get_json()["init"]
    assert (init["APP_OPTIONS"], init["USER_OPTIONS"]) == ({"a": [1]}, {})
    assert browser.post("/bridge/option/", json={"client_id": client_id, "kind": "app", "name": "a", "value": 2}).status_code == 400


def test_robot_settings_page_gets_what_stands_in_the_form(browser: FlaskClient, portal: Portal, client_id: str) -> None:
    """A robot with a page of its own is opened with its declaration and current values."""
    portal.grants.save_app(client_id, {"INSTALLED": True})
    robot = automation.find_robot(portal, client_id, "offer") or {}
    portal.store.save("robots", robot["ID"], {"USE_PLACEMENT": "Y", "PLACEMENT_HANDLER": "http://app.test/settings"})
    options = {"code": "offer", "current_values": {"kind": "a"}}
    opened = browser.post("/bridge/open/", json={"client_id": client_id, "placement": "ROBOT_SETTINGS", "options": options}).get_json()
    told = opened["init"]["PLACEMENT_OPTIONS"]
    assert (urlsplit(opened["url"]).path, told["code"], told["current_values"], told["properties"]["kind"]["Id"]) == (
        "/settings",
        "offer",
        {"kind": "a"},
        "kind",
    )


def test_developer_adds_and_removes(browser: FlaskClient, portal: Portal) -> None:
    """An administrator makes applications and webhooks and sees their keys; nobody else sees the page."""
    form = {"title": "Моё", "handler": "http://app.test/app", "installer": "http://app.test/install", "scopes": ["crm", "im"]}
    browser.post("/devops/app/add/", data=form)
    app = portal.grants.list_apps()[-1]
    browser.post("/devops/webhook/add/", data={"title": "Для отчёта", "scopes": ["crm"]})
    browser.post("/devops/outgoing/add/", data={"url": "http://hook.test/", "events": ["ONCRMDEALADD"]})
    page = text(browser, "/devops/")
    hook = portal.store.find("webhooks")[-1]
    assert all(shown in page for shown in (app["CLIENT_ID"], app["CLIENT_SECRET"], f"/rest/1/{hook['CODE']}/", "http://hook.test/"))
    assert (app["SCOPES"], app["INSTALLED"]) == (["crm", "im"], False)
    browser.post("/devops/app/remove/", data={"client_id": app["CLIENT_ID"]})
    assert portal.grants.find_app(app["CLIENT_ID"]) is None
    assert browser.post("/devops/app/add/", data={**form, "handler": "javascript:alert(1)"}).status_code == 400
    be(browser, MANAGER)
    assert browser.get("/devops/").status_code == 403


def test_rest_is_open_to_pages_of_other_origins(browser: FlaskClient) -> None:
    """A frame calls methods with its token from its own origin, JSON bodies included; the pages themselves are not open."""
    asked = {"Origin": "http://app.test", "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    allowed = browser.options("/rest/profile.json", headers=asked)
    assert (allowed.status_code, allowed.headers["Access-Control-Allow-Headers"]) == (200, "content-type")
    assert browser.get("/rest/profile.json").headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Origin" not in browser.get("/").headers
    with browser.get("/api/v1/") as script:
        assert script.mimetype == "text/javascript"


def test_timeline_shows_bb_code_and_nothing_else_as_html() -> None:
    """A link and bold text are shown as such; anything else that looks like a tag stays text."""
    shown = str(
        bbcode.show("[B]КП-1[/B] [URL=https://example.com/?a=1&b=2]Скачать[/URL] <script>alert(1)</script> [url=javascript:x]y[/url]")
    )

    assert shown == (
        '<b>КП-1</b> <a href="https://example.com/?a=1&amp;b=2" target="_blank" rel="noopener">Скачать</a> '
        "&lt;script&gt;alert(1)&lt;/script&gt; [url=javascript:x]y[/url]"
    )
