"""Nothing is installed: an administrator has an incoming webhook only. The copy, the segments and the offers work all the same."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
import requests

from b24app.app import Toolbox
from b24app.config import Config
from b24app.documents.issue import issue_offer
from b24app.portals import registry
from b24app.store.mirror import PortalStores
from demo import portal
from demo.processes import ROOT, ask_app
from tests.stories.town import DEAL, Town, running_town

TOKEN = "f00dfacef00dfacef00dfacef00dface"
NOT_THERE = {"robots", "events", "tabs", "offline_events"}


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A portal that is connected by a webhook, whose copy has been filled."""
    with running_town(tmp_path_factory.mktemp("webhook"), contacts=40, deals=120) as started:
        ask_app(started.environment, "portal", "connect-webhook", started.sandbox.webhook, "--lang", "ru")
        started.wait("the copy is filled", lambda: status(started)["rows"].get("deal") == there(started)["deal"] and segments(started), 60)
        yield started
        assert [line for line in started.log() if line["event"] == "unforeseen error"] == []


def status(town: Town) -> dict[str, Any]:
    """Ask as an administrator of the server does; nothing is known before the worker has made the file."""
    try:
        return dict(ask_app(town.environment, "portal", "status"))
    except subprocess.CalledProcessError:
        return {"rows": {}}


def segments(town: Town) -> dict[str, int]:
    """Return the sizes of the segments."""
    return {row["key"]: row["count"] for row in ask_app(town.environment, "segment", "list")}


def there(town: Town) -> dict[str, int]:
    """Count in the portal."""
    kinds = {"contact": 3, "company": 4, "lead": 1, "deal": DEAL}
    return {key: portal.call(town.sandbox, "crm.item.list", entityTypeId=number, select=["id"])["total"] for key, number in kinds.items()}


def run(town: Town, *words: str) -> str:
    """Run a command of the app; return what it prints."""
    command = [sys.executable, "-m", "flask", "--app", "wsgi", *words]
    return subprocess.run(command, cwd=ROOT, env=town.environment, capture_output=True, text=True, check=True).stdout


def test_copy_equals_the_portal(town: Town) -> None:
    """Every kind of record is there, segments are counted, and the status says what is missing and why."""
    known, counted = status(town), there(town)

    assert {key: known["rows"][key] for key in counted} == counted
    assert segments(town)["won"] > 0
    assert (known["access"], known["state"], known["troubles"]) == ("webhook", "installed", [])
    assert {line.partition(":")[0] for line in known["not_available"]} == NOT_THERE


def test_sweep_finds_what_changed(town: Town) -> None:
    """No event tells of it: a comparison that the page orders does."""
    deal_id = town.add(DEAL, title="Seen by the sweep", opportunity=100)
    page = open_pages(town)

    page.post("/sync/compare")

    town.wait("the sweep brought the deal", lambda: find_title(town, deal_id) == "Seen by the sweep")


def test_page_says_what_is_not_available(town: Town) -> None:
    """In a browser outside the portal, behind a link that the server's administrator was given."""
    page = open_pages(town)
    text = page.get("/sync")

    for word in ("вебхук", "роботы", "события CRM", "вкладки", "офлайн"):
        assert word in text
    assert "<svg" in text
    assert "/open" not in text
    assert requests.get(f"{town.app_url}/open?key=forged", timeout=120).status_code == 403


def test_offer_is_made_by_the_webhook(town: Town) -> None:
    """The template came with the connection; the document is in the portal."""
    deal_id = town.add(DEAL, title="Offer", contactId=1, opportunity=100, typeId="SERVICE")
    town.set_rows(deal_id, {"productName": "Visit", "price": 3500, "quantity": 2})
    config = Config.from_env(town.environment)
    tools = Toolbox(config, "worker")
    [found] = registry.list_portals(tools.app_store)
    with closing(tools):
        offer = issue_offer(tools.worker_context(found), deal_id, "story:1")

    assert [document["number"] for document in town.documents(deal_id)] == [offer.number]


def test_outgoing_webhook_tells_of_a_change(town: Town) -> None:
    """Its own token opens the door to events, and to nothing else."""
    deal_id = town.add(DEAL, title="Told by the outgoing webhook", opportunity=5)
    told = {
        "event": "ONCRMDEALADD",
        "data[FIELDS][ID]": str(deal_id),
        "ts": "1",
        "auth[member_id]": "real-id",
        "auth[application_token]": TOKEN,
    }
    assert town.post("/events", told).status_code == 403

    assert "1" in run(town, "portal", "outgoing-token", TOKEN)
    assert town.post("/events", told).status_code == 200
    assert town.post("/events", {**told, "event": "ONAPPUNINSTALL"}).status_code == 403
    town.wait("the event brought the deal", lambda: find_title(town, deal_id) == "Told by the outgoing webhook")


def test_secret_is_nowhere_to_be_read(town: Town) -> None:
    """Not in the log, not in a file, not on a page."""
    secret = town.sandbox.webhook.rstrip("/").rpartition("/")[2]
    files = [path for path in town.app_data.iterdir() if path.is_file()]

    assert secret not in town.log_path.read_text(encoding="utf-8")
    assert [path.name for path in files if secret.encode() in path.read_bytes()] == []
    assert secret not in open_pages(town).get("/sync")


def test_page_connects_as_the_command_does(town: Town) -> None:
    """The form behind the signed link; without the link there is none."""
    assert requests.get(f"{town.app_url}/connect", timeout=120).status_code == 403
    link = run(town, "portal", "connect-link").strip()
    key = link.partition("key=")[2]

    form = requests.get(link, timeout=120)
    wrong = requests.post(
        f"{town.app_url}/connect", data={"key": key, "address": "https://evil.example/rest/1/aaaaaaaaaaaaaaaa/"}, timeout=120
    )
    right = requests.post(f"{town.app_url}/connect", data={"key": key, "address": town.sandbox.webhook}, timeout=120)

    assert (form.status_code, wrong.status_code, right.status_code) == (200, 422, 200)
    assert "frame-ancestors 'none'" in form.headers["Content-Security-Policy"]
    assert "B24APP_PORTALS" in wrong.text
    assert "/open?key=" in right.text


class OpenPages:
    """The pages as a browser has them open."""

    def __init__(self, town: Town, text: str) -> None:
        self._town, self.text = town, text
        found = re.search(r'<meta name="app-session" content="([^"]+)"', text)
        assert found, text
        self._session = found[1]

    def get(self, path: str) -> str:
        """Follow a link."""
        return self._ask("GET", path)

    def post(self, path: str) -> str:
        """Press a button."""
        return self._ask("POST", path)

    def _ask(self, method: str, path: str) -> str:
        answer = requests.request(method, self._town.app_url + path, headers={"X-App-Session": self._session}, timeout=120)
        assert answer.status_code == 200, answer.text
        return answer.text


def open_pages(town: Town) -> OpenPages:
    """Open the portal's pages by a link of the command line."""
    return OpenPages(town, requests.get(run(town, "portal", "open-link").strip(), timeout=120).text)


def find_title(town: Town, deal_id: int) -> str | None:
    """Ask the copy."""
    [row] = ask_app(town.environment, "portal", "list")
    with PortalStores(town.app_data).reader(row["member_id"]) as store:
        found = store.row("SELECT title FROM deal WHERE id = ?", (deal_id,))
    return found["title"] if found else None
