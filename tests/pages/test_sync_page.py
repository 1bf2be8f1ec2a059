"""The page of synchronisation: who may see it, what it says, what its buttons do."""

from __future__ import annotations

import html
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from b24app.app import close_app, create_app
from b24app.bitrix.limits import BULK, EVENTS
from b24app.config import Config
from b24app.context import WEBHOOK, Portal
from b24app.errors import BitrixBusy
from b24app.portals import registry
from b24app.portals.manner import find_manner
from b24app.portals.session import HEADER, Session
from b24app.store.inbox import InboxReader
from b24app.store.mirror import PortalStores
from b24app.worker import HEARTBEAT
from pages.words import WORDS

URL = "https://one.bitrix24.ru"
PORTAL = Portal("m1", URL, "installed", time_zone="Europe/Moscow")


class Desk:
    """The web app with one portal, and an administrator at the page."""

    def __init__(self, app: Flask, config: Config) -> None:
        self.app, self.config = app, config
        self.services: Any = app.extensions["services"]
        self.budget = app.extensions["toolbox"].door.budgets.of(URL)

    def ask(self, path: str = "/sync", method: str = "GET", is_admin: bool = True, lang: str = "en", **form: str) -> Any:
        """Ask as the frame's script does."""
        token = self.services.signer.sign(Session("m1", 5, is_admin=is_admin, lang=lang))
        answer: Any = self.app.test_client().open(path, method=method, data=form, headers={HEADER: token})
        answer.words = html.unescape(answer.text)
        return answer


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A portal whose worker lives."""
    config = Config(client_id="local.1", client_secret="s", url="https://a.ru", portals=(URL,), data_dir=tmp_path, secret_key="k")
    app = create_app(config)
    registry.save_portal(app.extensions["services"].app_store, PORTAL)
    stores = PortalStores(tmp_path)
    stores.writer("m1")
    stores.close()
    (tmp_path / HEARTBEAT).touch()
    yield Desk(app, config)
    close_app(app)


def test_page_is_for_administrators(desk: Desk) -> None:
    """Others are refused there, and can press nothing."""
    assert desk.ask().status_code == 200
    for method, path in (("GET", "/sync"), ("POST", "/sync/compare"), ("POST", "/sync/pause"), ("POST", "/sync/pace")):
        assert desk.ask(path, method, is_admin=False).status_code == 403


@pytest.mark.parametrize("lang", ["ru", "en"])
def test_quiet_page_says_that_all_is_well(desk: Desk, lang: str) -> None:
    """And draws 24 hours, even empty ones."""
    text = desk.ask(lang=lang).words

    assert WORDS["all_is_well"][lang == "en"] in text
    assert text.count('class="floor"') == 24


@pytest.mark.parametrize("lang", ["ru", "en"])
def test_page_says_what_is_wrong_while_it_lasts(desk: Desk, lang: str) -> None:
    """In plain words; nothing of it when it is over."""
    desk.budget.tell("drain", "disk")
    assert WORDS["trouble_disk"][lang == "en"] in desk.ask(lang=lang).words

    desk.budget.tell("drain", "")
    assert WORDS["all_is_well"][lang == "en"] in desk.ask(lang=lang).words


def test_page_says_that_the_worker_is_down(desk: Desk) -> None:
    """The worker itself cannot."""
    (desk.config.data_dir / HEARTBEAT).unlink()

    assert WORDS["trouble_worker_down"][1] in desk.ask().words


def test_page_shows_what_was_spent(desk: Desk) -> None:
    """Requests by whom they were for, seconds by method, and what rests."""
    desk.budget.ask(BULK), desk.budget.ask(EVENTS), desk.budget.reserve(1)
    desk.budget.note([("crm.item.list", {"operating": 12.5, "operating_reset_at": 9e12, "processing": 12.5})])
    desk.budget.busy(BitrixBusy("user.get", "OPERATION_TIME_LIMIT", "", 429))
    text = desk.ask().words

    assert all(f'<rect class="{lane}"' in text for lane in ("interactive", "events", "bulk"))
    assert "12.5" in text
    assert "rests until" in text


def test_pause_holds_until_resume(desk: Desk) -> None:
    """The worker's next mass read is held; the page says so."""
    assert WORDS["paused"][1] in desk.ask("/sync/pause", "POST").words
    with pytest.raises(BitrixBusy, match="paused"):
        desk.budget.ask(BULK)

    assert WORDS["paused"][1] not in desk.ask("/sync/resume", "POST").words
    assert desk.budget.ask(BULK) == 0


def test_gentle_hours_are_kept(desk: Desk) -> None:
    """In the portal's time; what cannot be read is said to be a mistake, in the reader's language."""
    assert desk.ask("/sync/pace", "POST", begin="09:00", end="18:30", share="30").status_code == 200

    manner = find_manner(desk.services.app_store, PORTAL)
    assert (manner.begin, manner.end, manner.share, manner.offset) == (540, 1110, 0.3, 180)
    assert desk.ask("/sync/pace", "POST", lang="ru", begin="9", end="", share="0").status_code == 422


def test_comparison_is_ordered(desk: Desk) -> None:
    """As a command for the worker."""
    assert WORDS["compare_ordered"][1] in desk.ask("/sync/compare", "POST").words

    reader = InboxReader(desk.config.data_dir / "inbox.db")
    assert [message.body for message in reader.after("m1", 0)] == [{"name": "sweep", "full": True}]
    reader.close()


@pytest.mark.parametrize("lang", ["ru", "en"])
def test_portal_by_webhook_is_told_what_it_lacks(desk: Desk, lang: str) -> None:
    """With the reason."""
    registry.save_portal(desk.services.app_store, Portal("m1", URL, "installed", access=WEBHOOK))
    desk.services.app_store.save_secret("m1", "webhook", desk.services.vault.seal("rest/1/aaaaaaaaaaaa"))
    text = desk.ask(lang=lang).words

    assert WORDS["needs_robots"][lang == "en"] in text
    assert "aaaaaaaaaaaa" not in text


def test_link_leads_to_the_page_from_the_segments(desk: Desk) -> None:
    """For administrators."""
    assert 'href="/sync"' in desk.ask("/segments").text
    assert 'href="/sync"' not in desk.ask("/segments", is_admin=False).text


@pytest.mark.parametrize("path", ["/connect?key=", "/connect?key=forged", "/open?key=forged", "/open"])
def test_pages_outside_the_portal_need_a_link(desk: Desk, path: str) -> None:
    """Signed by this server, for that purpose."""
    assert desk.app.test_client().get(path).status_code == 403


def test_link_is_good_for_its_purpose_alone(desk: Desk) -> None:
    """A link to connect opens no portal, and a session is no link."""
    signer = desk.services.signer
    client = desk.app.test_client()

    assert client.get(f"/open?key={signer.sign_link('connect', 'm1')}").status_code == 403
    assert client.get(f"/connect?key={signer.sign_link('open', 'm1')}").status_code == 403
    assert client.get(f"/open?key={signer.sign(Session('m1', 5, True, 'ru'))}").status_code == 403
    opened = client.get(f"/open?key={signer.sign_link('open', 'm1')}")
    assert (opened.status_code, "frame-ancestors 'none'" in opened.headers["Content-Security-Policy"]) == (200, True)
