"""A portal, our web process and our worker, all alive: what stories do in them and what they see, over HTTP.

What the app keeps is looked at by reading its files; nothing of the app is called in this process but its reader.
"""

from __future__ import annotations

import html
import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import requests

from b24app.drain import INBOX
from b24app.store.cursors import find_cursor
from b24app.store.mirror import PortalStore, PortalStores
from demo import portal
from demo.processes import Choice, Sandbox, free_port, running_app, running_sandbox

DEAL, CONTACT, COMPANY, LEAD = 2, 3, 4, 1
HEADER = "X-App-Session"
PORTAL_ZONE = ZoneInfo("Europe/Moscow")
TIMEOUT = 120
UNDERWAY = ("waiting", "sending")  # states of a letter that the portal has not done with
SOON = 120.0  # seconds that a story waits for something to come true

Fields = dict[str, Any]


@dataclass
class Page:
    """Our page as a person has it open in the frame: it goes on asking with the session that it was given."""

    app_url: str
    answer: requests.Response
    session: str = field(default="", repr=False)

    @property
    def text(self) -> str:
        """What the page says, with its markup."""
        return self.answer.text

    @property
    def words(self) -> str:
        """What a person reads: no markup, no-break spaces as spaces."""
        return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", self.text)).split())

    def get(self, path: str, **query: Any) -> Page:
        """Follow a link as the frame's script does."""
        return self._ask("GET", path, params=query)

    def post(self, path: str, **form: Any) -> Page:
        """Send a form as the frame's script does."""
        return self._ask("POST", path, data=form)

    def _ask(self, method: str, path: str, **options: Any) -> Page:
        answer = requests.request(method, self.app_url + path, headers={HEADER: self.session}, timeout=TIMEOUT, **options)
        return Page(self.app_url, answer, answer.headers.get(HEADER, self.session))


@dataclass
class Town:
    """Everything that runs, and where its files are."""

    choice: Choice
    sandbox: Sandbox
    environment: dict[str, str]
    _pages: dict[int, Page] = field(default_factory=dict)

    @property
    def app_url(self) -> str:
        """The app's public address."""
        return self.choice.app_url

    @property
    def app_data(self) -> Path:
        """Where the app keeps its files."""
        return self.choice.data / "app"

    # -- the portal ---------------------------------------------------------------------------------------

    def call(self, method: str, **params: Any) -> Any:
        """Call the portal by its incoming webhook; return the result."""
        return portal.call(self.sandbox, method, **params)["result"]

    def call_as_app(self, method: str, **params: Any) -> Any:
        """Call a method that belongs to the application, with a token of its administrator."""
        token = self.token(1)["access_token"]
        answer = requests.post(f"{self.sandbox.url}/rest/{method}", json={**params, "auth": token}, timeout=TIMEOUT).json()
        assert "error" not in answer, answer
        return answer["result"]

    def token(self, user_id: int) -> Fields:
        """Return tokens of a person for our application."""
        return dict(portal.control(self.sandbox, "token", client_id=self.sandbox.client_id, user_id=user_id))

    def add(self, type_id: int, **fields: Any) -> int:
        """Add an item; return its id."""
        asked = {"entityTypeId": type_id, "fields": fields, "useOriginalUfNames": "Y"}
        return int(self.call("crm.item.add", **asked)["item"]["id"])

    def update(self, type_id: int, item_id: int, **fields: Any) -> None:
        """Change an item."""
        self.call("crm.item.update", entityTypeId=type_id, id=item_id, fields=fields, useOriginalUfNames="Y")

    def delete(self, type_id: int, item_id: int) -> None:
        """Delete an item."""
        self.call("crm.item.delete", entityTypeId=type_id, id=item_id)

    def set_rows(self, deal_id: int, *rows: Fields) -> None:
        """Set what a deal sells."""
        self.call("crm.item.productrow.set", ownerType="D", ownerId=deal_id, productRows=list(rows))

    def documents(self, deal_id: int) -> list[Fields]:
        """Return a deal's documents, as the portal has them."""
        asked = {"filter": {"entityTypeId": DEAL, "entityId": deal_id}}
        return list(self.call("crm.documentgenerator.document.list", **asked)["documents"])

    def runs(self, deal_id: int) -> list[Fields]:
        """Return the robots' runs for a deal, newest first."""
        return list(portal.control(self.sandbox, f"workflows?deal={deal_id}"))

    def ended_run(self, deal_id: int) -> Fields:
        """Wait until the deal's only run has come to an end; return it."""

        def find() -> Fields | None:
            return next((run for run in self.runs(deal_id) if run["state"] != "waiting"), None)

        return dict(self.wait("the robot's run ended", find))

    def letters(self, **like: Any) -> list[Fields]:
        """Return what the portal posted to us, newest first, of these values."""
        sent = portal.control(self.sandbox, "outbox")
        return [letter for letter in sent if all(letter[name] == value for name, value in like.items())]

    # -- the app ------------------------------------------------------------------------------------------

    def frame(self, user_id: int = 1, placement: str = "DEFAULT", **options: Any) -> Fields:
        """Return what the portal would post into the frame: {"url", "form"}."""
        asked = {"client_id": self.sandbox.client_id, "user_id": user_id, "placement": placement, "options": options}
        return dict(portal.control(self.sandbox, "open", **asked))

    def open(self, user_id: int = 1, placement: str = "DEFAULT", **options: Any) -> Page:
        """Open our page in the portal as a person does."""
        frame = self.frame(user_id, placement, **options)
        return self.post_frame(frame["url"], frame["form"])

    def page(self, user_id: int = 1) -> Page:
        """Return our page as a person has it open all day: opened once, he goes on from there."""
        if user_id not in self._pages:
            self._pages[user_id] = self.open(user_id)
        return self._pages[user_id]

    def post_frame(self, url: str, form: Fields) -> Page:
        """Post a form into the frame."""
        answer = requests.post(url, data=form, timeout=TIMEOUT)
        found = re.search(r'<meta name="app-session" content="([^"]+)"', answer.text)
        return Page(self.app_url, answer, found[1] if found else "")

    def post(self, path: str, body: str | bytes | Fields, **headers: str) -> requests.Response:
        """Post to the app as a portal, or somebody who pretends to be one, does."""
        kind = {} if isinstance(body, dict) else {"Content-Type": "application/x-www-form-urlencoded"}
        return requests.post(self.app_url + path, data=body, headers={**kind, **headers}, timeout=TIMEOUT)

    @contextmanager
    def mirror(self) -> Iterator[PortalStore]:
        """Open the mirror for reading."""
        with PortalStores(self.app_data).reader(self.sandbox.member_id) as store:
            yield store

    def rows(self, sql: str, *values: Any) -> list[Fields]:
        """Ask the mirror."""
        with self.mirror() as store:
            return store.rows(sql, values)

    def kept(self) -> dict[str, Any]:
        """Return what the web process has written: the number of messages, every row of app.db."""
        counted = ask_file(self.app_data / "inbox.db", "SELECT COUNT(*) FROM message")
        names = ("portal", "secret", "setting", "segment")
        return {"messages": counted[0][0], **{name: ask_file(self.app_data / "app.db", f"SELECT * FROM {name}") for name in names}}

    def kept_portals(self) -> list[Any]:
        """Return the portals of app.db."""
        return ask_file(self.app_data / "app.db", "SELECT member_id FROM portal")

    def log(self, start: int = 0) -> list[Fields]:
        """Return the app's log from a place on, line by line."""
        text = self.log_path.read_bytes()[start:].decode("utf-8", "replace")
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]

    @property
    def log_path(self) -> Path:
        """Where both processes of the app write their log."""
        return self.choice.data / "app.log"

    def is_at_rest(self) -> bool:
        """Tell whether all that the portal had to say has been posted, and all that was posted has been worked on."""
        if any(letter["STATE"] in UNDERWAY for letter in portal.control(self.sandbox, "outbox")):
            return False
        member_id = self.sandbox.member_id
        if not (self.app_data / f"{member_id}.db").exists():
            return True
        [(newest,)] = ask_file(self.app_data / "inbox.db", "SELECT COALESCE(MAX(id), 0) FROM message WHERE member_id = ?", member_id)
        with self.mirror() as store:
            return int(find_cursor(store, INBOX) or 0) >= newest and not store.rows("SELECT 1 FROM change LIMIT 1")

    def rest(self) -> None:
        """Wait for that: what a story counts before its first step is then not changed by the one before."""
        self.wait("everything told is worked on", self.is_at_rest)

    def wait(self, what: str, ask: Any, seconds: float = SOON) -> Any:
        """Ask again and again until the answer is there."""
        return portal.wait_for(what, ask, seconds)


@contextmanager
def running_town(folder: Path, contacts: int = 12, deals: int = 30) -> Iterator[Town]:
    """Start a portal and the app beside it, not installed yet; stop both at the end."""
    choice = Choice(folder, free_port(), free_port(), contacts, deals, seed=5, limits="none")
    with running_sandbox(choice) as sandbox, running_app(choice, sandbox) as environment:
        yield Town(choice, sandbox, environment)


def install(town: Town) -> list[Fields]:
    """Go through the install page to its end; return every state of progress that it showed."""
    app_url, session = portal.open_install_page(town.sandbox)
    shown = list(portal.follow_install(app_url, session))
    portal.finish_install(town.sandbox, app_url, session)
    return shown


def day(offset: int = 0) -> str:
    """Return a day from today on, as fields have it. Today is the portal's, which may be tomorrow here."""
    return (datetime.now(PORTAL_ZONE).date() + timedelta(days=offset)).isoformat()


def ask_file(path: Path, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """Ask a database file that a process has open."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=TIMEOUT)) as db:
        return list(db.execute(sql, values))
