"""An administrator installs the app through its page, and uninstalls it; whoever may not install it reads why."""

from __future__ import annotations

import html
import re
import sqlite3
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
import requests

from b24app.documents.templates import TEMPLATES
from b24app.sync.entities import EVENTS
from demo import portal
from demo.processes import Choice, free_port, running_app
from install.plan import ABOUT_US
from install.registration import PARTS
from install.words import TITLES
from pages import PLACEMENTS
from robots import ROBOTS
from tests.stories.equality import assert_equal
from tests.stories.town import CONTACT, DEAL, Town, ask_file, install

MANAGER = 3
ADMINS_ONLY = {
    "ru": "Установить приложение может только администратор портала.",
    "en": "Only an administrator of the portal can install the application.",
}


def read_registrations(town: Town) -> dict[str, list[Any]]:
    """Return all that the portal knows of us."""
    placements, events = town.call_as_app("placement.get"), town.call_as_app("event.get")
    templates = town.call("crm.documentgenerator.template.list", select=["id", "name"])["templates"]
    return {
        "robots": town.call_as_app("bizproc.robot.list"),
        "events": sorted((event["event"].upper(), event["handler"]) for event in events if event["handler"]),
        "queued events": sorted(event["event"].upper() for event in events if not event["handler"]),
        "placements": sorted((placed["placement"], placed["handler"]) for placed in placements),
        "templates": sorted(template["name"] for template in (templates.values() if templates else ())),
        "numerators": sorted(one["name"] for one in town.call("crm.documentgenerator.numerator.list")["numerators"]),
    }


def read_secrets(town: Town) -> set[bytes]:
    """Return every secret that the portal has ever given out: tokens of people, of the application, the application's own."""
    with closing(sqlite3.connect(town.choice.data / "portal" / "portal.db", timeout=120)) as db:
        tokens = {row[0] for row in db.execute("SELECT VALUE FROM tokens")}
        apps = {value for row in db.execute("SELECT CLIENT_SECRET, APPLICATION_TOKEN FROM apps") for value in row}
    return {secret.encode() for secret in tokens | apps}


def find_leaks(town: Town) -> list[str]:
    """Return the files of ours, logs included, in which one of the portal's secrets stands."""
    secrets, files = read_secrets(town), [*town.app_data.rglob("*"), *town.choice.data.glob("*.log")]
    assert len(secrets) > 5
    found = {path: path.read_bytes() for path in files if path.is_file()}
    assert any(path.name == "app.db" for path in found)
    return [f"{path.name}: {secret[:6]!r}" for path, content in found.items() for secret in secrets if secret in content]


def test_first_install_and_second(new_town: Town) -> None:
    """The page shows each step to its end, all that we announce is registered once, the mirror is full; again changes nothing."""
    page = new_town.open()
    assert "Устанавливаем «Повторные продажи»" in page.words
    policy = page.answer.headers["Content-Security-Policy"]
    assert policy.endswith(f"frame-ancestors {new_town.sandbox.url}")

    shown = install(new_town)  # the page is opened a second time while the first one works
    titles = [step["title"] for step in shown[-1]["steps"]]
    assert titles[: len(PARTS)] == [TITLES[part]["ru"] for part in PARTS]
    assert {"Роботы", "События CRM", "Вкладки в карточках", "Шаблон предложения"} <= set(titles)
    assert {"Контакты", "Компании", "Лиды", "Сделки", "Товары в сделках", "Клиенты", "Сегменты"} <= set(titles)
    assert {step["state"] for step in shown[-1]["steps"]} == {"done"}
    assert [progress["finished"] for progress in shown] == [*[False] * (len(shown) - 1), True]
    assert portal.is_installed(new_town.sandbox)

    url = new_town.app_url
    registered = read_registrations(new_town)
    assert registered["robots"] == [robot.code for robot in ROBOTS]
    assert registered["events"] == sorted((event, f"{url}/events") for event in (*EVENTS, *ABOUT_US))
    assert len(registered["queued events"]) == len(set(registered["queued events"]))
    assert set(registered["queued events"]) <= set(EVENTS)
    assert registered["placements"] == sorted((place.code, f"{url}/placements/{place.code}") for place in PLACEMENTS)
    assert registered["templates"].count(TEMPLATES[0].name["ru"]) == 1
    assert_equal(new_town)

    install_again(new_town)
    assert read_registrations(new_town) == registered
    assert_equal(new_town)


def install_again(town: Town) -> None:
    """Open the installer once more and follow it to its end; the portal itself would show it again after an update."""
    frame = town.frame()
    page = town.post_frame(frame["url"].replace("/app?", "/install?"), frame["form"])
    assert page.answer.status_code == 200
    assert list(portal.follow_install(town.app_url, page.session))[-1]["finished"]
    assert page.post("/install/finished").answer.status_code == 204


def be_installed(town: Town) -> None:
    """Install the app unless the story before has."""
    if not portal.is_installed(town.sandbox):
        install(town)


def refuse_tokens(town: Town, kind: str) -> None:
    """Let the authorization server say why there is no new token, then the access token expire: whoever asks meanwhile gets no new one."""
    for order in ({"kind": kind, "method": "oauth/token", "count": None}, {"kind": "401"}):
        body = {**order, "client": town.sandbox.client_id}
        requests.post(f"{town.sandbox.url}/sandbox/faults", json=body, timeout=120).raise_for_status()


def mend(town: Town) -> None:
    """Let the servers be well again."""
    requests.delete(f"{town.sandbox.url}/sandbox/faults", timeout=120).raise_for_status()


def state_of(town: Town) -> str:
    """Return what the app takes the portal for."""
    return str(ask_file(town.app_data / "app.db", "SELECT state FROM portal")[0][0])


def test_dead_access_waits_for_an_administrator_who_renews_it(new_town: Town) -> None:
    """Revoked: what the portal tells is kept; the page says so; the full protocol through the portal gives access back, nothing is lost."""
    be_installed(new_town)
    page = new_town.open()
    refuse_tokens(new_town, "revoked")
    contact = new_town.add(CONTACT, name="Пока доступа нет")
    new_town.wait("the app has noticed", lambda: state_of(new_town) == "lost")
    mend(new_town)
    assert new_town.post("/events", {"x": "y"}).status_code == 400

    leaving = page.get("/leaving")
    assert "Доступа нет" in leaving.words
    [address] = re.findall(r'href="([^"]+/oauth/authorize/[^"]+)"', html.unescape(leaving.text))
    come_back = requests.get(address, timeout=120)

    assert come_back.url.startswith(f"{new_town.app_url}/app?code=")
    assert (come_back.status_code, "Доступ возобновлён" in come_back.text) == (200, True)
    assert requests.get(come_back.url, timeout=120).status_code == 403  # a code serves once
    assert state_of(new_town) == "installed"
    new_town.wait("nothing was lost", lambda: new_town.rows("SELECT 1 FROM contact WHERE id = ?", contact))
    assert "Доступ к порталу возобновлён" in page.get("/journal", kind="portal").words


def test_ended_subscription_is_said_in_plain_words(new_town: Town) -> None:
    """Nothing is dismissed, nothing asked again and again; the app goes on by itself."""
    be_installed(new_town)
    page = new_town.open()
    refuse_tokens(new_town, "unpaid")
    page.post("/sync/compare")

    new_town.wait("the page says why", lambda: "Подписка портала закончилась" in page.get("/sync").words)
    mend(new_town)

    assert state_of(new_town) == "installed"


def test_all_that_was_made_is_taken_away_by_one_button(new_town: Town) -> None:
    """Listed first, understood by a tick, then gone from the portal: robots, tabs, fields, templates; and made again when wanted."""
    be_installed(new_town)
    page = new_town.open()
    page.post("/segments/write-back", on="1")
    fields = "crm.contact.userfield.list"
    new_town.wait("the fields are there", lambda: len([one for one in new_town.call(fields) if "_RS_" in one["FIELD_NAME"]]) > 1)
    shown = page.get("/leaving").words
    assert all(word in shown for word in ("Роботы", "Вкладки в карточках", "Поля контактов", "Шаблоны документов", TEMPLATES[0].name["ru"]))
    assert page.post("/leaving").answer.status_code == 422

    assert page.post("/leaving", sure="1").answer.status_code == 200
    new_town.wait("all is gone", lambda: "На портале ничего нашего нет" in page.get("/leaving").words)
    left = read_registrations(new_town)
    assert (left["robots"], left["placements"], {event for event, _ in left["events"]}) == ([], [], set(ABOUT_US))
    assert not {template.name["ru"] for template in TEMPLATES} & set(left["templates"])
    assert [one for one in new_town.call(fields) if "_RS_" in one["FIELD_NAME"]] == []

    page.post("/leaving/back")
    registered = "SELECT 1 FROM setting WHERE key = 'registered' AND value LIKE '%digest%'"
    new_town.wait("all is there again", lambda: ask_file(new_town.app_data / "app.db", registered))
    assert read_registrations(new_town)["robots"] == [robot.code for robot in ROBOTS]


def test_uninstall_keeps_data_unless_they_are_to_be_cleaned(new_town: Town) -> None:
    """Uninstalled without "clean": refused, no secrets, the mirror stays; installed anew it works; with "clean" nothing stays."""
    be_installed(new_town)
    new_town.add(CONTACT, name="Последний")
    letter = new_town.wait("an event was posted", lambda: new_town.letters(KIND="event", NAME="ONCRMCONTACTADD", STATE="sent"))[0]
    event, frame = letter["BODY"], new_town.frame()
    assert new_town.post("/events", event).status_code == 200

    leave = {**dict(parse_qsl(event)), "event": "ONAPPUNINSTALL", "data[CLEAN]": "0", "data[LANGUAGE_ID]": "ru"}
    assert new_town.post("/events", urlencode(leave)).status_code == 200
    assert_refused(new_town, event, frame)
    assert (new_town.app_data / f"{new_town.sandbox.member_id}.db").exists()

    install_again(new_town)
    assert new_town.post("/events", event).status_code == 200
    assert new_town.open().answer.status_code == 200

    body = {"client_id": new_town.sandbox.client_id, "clean": True}
    portal.control(new_town.sandbox, "uninstall", **body)
    new_town.wait("all is removed", lambda: not new_town.kept_portals())
    assert_refused(new_town, event, frame)
    assert_silent(new_town)
    assert [path.name for path in new_town.app_data.glob(f"{new_town.sandbox.member_id}*")] == []
    kept = new_town.kept()
    assert {name: kept[name] for name in ("secret", "setting", "segment")} == {"secret": [], "setting": [], "segment": []}
    assert [line for line in new_town.log() if line["event"] == "unforeseen error"] == []


def assert_silent(town: Town) -> None:
    """Check that nothing calls the portal any more while the worker goes round and round."""
    log, began = f"{town.sandbox.url}/sandbox/log", time.time()
    before = requests.get(log, timeout=120).text
    town.wait("the worker has gone round", lambda: (town.app_data / "worker.alive").stat().st_mtime > began + 3)
    assert requests.get(log, timeout=120).text == before


def assert_refused(town: Town, event: str, frame: dict[str, Any]) -> None:
    """Check that no secret is left and that what the portal sends is refused and leaves nothing."""
    assert ask_file(town.app_data / "app.db", "SELECT name FROM secret") == []
    before = town.kept()
    assert town.post("/events", event).status_code == 403
    assert town.post_frame(frame["url"], frame["form"]).answer.status_code == 403
    assert town.kept() == before


def test_no_secret_is_kept_in_the_clear_or_written_to_a_log(town: Town, offers_at_the_stage: None) -> None:
    """After an install, a page, an event and a robot's call: none of the portal's secrets stands in any file of ours."""
    town.page()
    client = town.add(CONTACT, name="Секретный")
    deal = town.add(DEAL, title="Секрет", typeId="SERVICE", stageId="PREPARATION", contactId=client, opportunity=10)
    assert town.ended_run(deal)["state"] == "answered"
    assert find_leaks(town) == []


@pytest.mark.parametrize("lang", ["ru", "en"])
def test_who_is_no_administrator_reads_why_he_cannot_install(town: Town, lang: str) -> None:
    """His tokens are real, his form is right; he is refused in plain words and nothing is saved."""
    frame, tokens = town.frame(LANG=lang), town.token(MANAGER)
    form = {**frame["form"], "AUTH_ID": tokens["access_token"], "REFRESH_ID": tokens["refresh_token"]}
    before = town.kept()
    page = town.post_frame(frame["url"].replace("/app?", "/install?"), form)
    assert page.answer.status_code == 403
    assert ADMINS_ONLY[lang] in page.words
    assert page.session == ""
    assert town.kept() == before


def test_missing_permission_is_named(town: Town, tmp_path: Path) -> None:
    """The administrator forgot to tick two permissions: the page names them and says where to tick; nothing is saved."""
    mine = {
        "title": "Без прав",
        "scopes": ["crm", "placement", "user"],
        "handler": "http://127.0.0.1:9/app",
        "installer": "http://127.0.0.1:9/i",
    }
    added = portal.control(town.sandbox, "apps", **mine)
    choice = Choice(tmp_path, app_port=free_port())
    with running_app(choice, replace(town.sandbox, **added)) as environment:
        poor = Town(choice, replace(town.sandbox, **added), environment)
        frame = poor.frame()
        answer = requests.post(frame["url"].replace("http://127.0.0.1:9/i", f"{choice.app_url}/install"), data=frame["form"], timeout=120)
        assert answer.status_code == 422
        assert "Приложению не хватает прав: bizproc, documentgenerator. Отметьте их" in answer.text
        assert poor.kept_portals() == []
