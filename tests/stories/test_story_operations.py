"""A day of whoever runs the server: a backup while everybody works, a new key, a stop, a restored copy; and no secret left anywhere.

One town for all of them, in this order.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
import requests

from b24app.app import close_app, create_app
from b24app.config import Config
from demo import portal
from demo.processes import ROOT, Choice, Sandbox, free_port, running_app, running_sandbox
from tests.stories.conftest import ROBOT, STAGE
from tests.stories.equality import assert_equal
from tests.stories.town import CONTACT, DEAL, Town, ask_file, install

OUTGOING = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
METRICS_TOKEN = "token-of-the-figures-5f3a"
DRAINED = re.compile(r"drained_records_total [1-9]")
SESSION = re.compile(r'<meta name="app-session" content="([^"]+)"')


@dataclass
class Day:
    """What happened so far: everything that was shown, and every secret that was met."""

    town: Town
    folder: Path
    shown: list[str] = field(default_factory=list)
    sessions: set[str] = field(default_factory=set)
    secrets: set[str] = field(default_factory=set)

    def give(self, *words: str) -> str:
        """Give a command to the app as an administrator of the server does; return what it said."""
        command = [sys.executable, "-m", "flask", "--app", "wsgi", *words]
        done = subprocess.run(command, cwd=ROOT, env=self.town.environment, capture_output=True, text=True, check=False, timeout=120)
        self.shown += [done.stdout, done.stderr]
        return done.stdout + done.stderr

    def run(self, *words: str) -> int:
        """Give a command in this process, which is quicker; return its exit code."""
        app = create_app(Config.from_env(self.town.environment))
        done = app.test_cli_runner().invoke(args=list(words))
        close_app(app)
        self.shown.append(done.output)
        return done.exit_code

    def look(self, path: str, user_id: int = 1) -> str:
        """Open a page; its session is the only secret that belongs on it."""
        page = self.town.page(user_id).get(path)
        self.sessions |= {page.session, *SESSION.findall(page.text)}
        self.shown.append(SESSION.sub("", page.text))
        return page.text

    def keep_secrets(self) -> None:
        """Learn every secret that portal, app and administrator have between them now."""
        there = self.folder / "portal" / "portal.db"
        self.secrets |= {row[0] for row in ask_file(there, "SELECT VALUE FROM tokens")}
        self.secrets |= {row[0] for row in ask_file(there, "SELECT APPLICATION_TOKEN FROM apps") if row[0]}
        self.secrets |= {row[0] for row in ask_file(there, "SELECT CODE FROM webhooks")}
        self.secrets |= {self.town.sandbox.client_secret, OUTGOING, METRICS_TOKEN}
        self.secrets |= set((self.town.app_data / "secret.key").read_text().split(","))


@pytest.fixture(scope="module")
def choice(tmp_path_factory: pytest.TempPathFactory) -> Choice:
    """A small company."""
    return Choice(tmp_path_factory.mktemp("day"), free_port(), free_port(), 12, 30, seed=5, limits="none")


@pytest.fixture(scope="module")
def sandbox(choice: Choice) -> Iterator[Sandbox]:
    """A portal that stays, whatever becomes of the app."""
    with running_sandbox(choice) as started:
        yield started


@pytest.fixture(scope="module")
def day(choice: Choice, sandbox: Sandbox) -> Iterator[Day]:
    """The app beside it, installed, with a robot at a stage, an outgoing webhook and a scraper of figures."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("B24APP_SWEEP_SECONDS", "2")
        patched.setenv("B24APP_METRICS_TOKEN", METRICS_TOKEN)
        patched.setenv("B24APP_LOG_LEVEL", "DEBUG")
        with running_app(choice, sandbox) as environment:
            started = Day(Town(choice, sandbox, environment), choice.data)
            install(started.town)
            portal.control(sandbox, "automation", category_id=0, stage_id=STAGE, robot=ROBOT, client_id=sandbox.client_id)
            yield started


class Work:
    """The company goes on working: contacts are added, the portal's own letters come, until it is told to stop."""

    def __init__(self, town: Town) -> None:
        self.town, self.stopping = town, threading.Event()
        self.taken = 0
        self.letter = dict(parse_qsl(town.wait("an event", lambda: town.letters(KIND="event", NAME="ONCRMCONTACTADD"))[0]["BODY"]))
        self.threads = [threading.Thread(target=self._post), threading.Thread(target=self._change)]

    def __enter__(self) -> Work:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        for thread in self.threads:
            thread.join()

    def _post(self) -> None:
        while not self.stopping.wait(0.01):
            try:
                self.taken += requests.post(f"{self.town.app_url}/events", data=self.letter, timeout=60).status_code == 200
            except requests.RequestException:
                return  # the app is gone: nothing was acknowledged

    def _change(self) -> None:
        number = 0
        while not self.stopping.wait(0.05):
            number += 1
            self.town.add(CONTACT, name=f"Новый {number}")


def messages(town: Town) -> int:
    """Return how many messages were ever saved."""
    return int(ask_file(town.app_data / "inbox.db", "SELECT seq FROM sqlite_sequence")[0][0])


def metrics(town: Town, token: str) -> requests.Response:
    """Ask for the figures."""
    return requests.get(f"{town.app_url}/metrics", headers={"Authorization": f"Bearer {token}"}, timeout=60)


def test_backup_is_made_while_everybody_works(day: Day) -> None:
    """It is whole, nobody notices, and what comes in afterwards is not in it."""
    town = day.town
    client = town.add(CONTACT, name="До резервной копии")
    town.update(DEAL, town.add(DEAL, title="Сделка", contactId=client, opportunity=10), stageId=STAGE)
    with Work(town) as work:
        town.wait("events are taken", lambda: work.taken > 5)
        made = day.give("backup", str(day.folder / "backup"), "--with-key")
        taken = work.taken
        town.wait("the work goes on", lambda: work.taken > taken)

    assert "whole" in made
    assert day.run("check") == 0
    assert day.run("restore", str(day.folder / "backup")) == 1  # the app works


def test_figures_are_shown_to_their_token(day: Day) -> None:
    """The worker's are among them."""
    day.town.wait("the worker has counted", lambda: DRAINED.search(metrics(day.town, METRICS_TOKEN).text))

    assert metrics(day.town, "").status_code == 404
    day.shown.append(metrics(day.town, METRICS_TOKEN).text)


def test_key_is_changed_while_everybody_works(day: Day) -> None:
    """Web and worker, which have been running for long, take events and renew tokens under the new one."""
    town = day.town
    day.keep_secrets()
    with Work(town) as work:
        assert "sealed anew" in day.give("key", "rotate")
        taken = work.taken
        town.wait("events are taken", lambda: work.taken > taken + 5)
        portal.control(town.sandbox, "faults", calls=[{"kind": "401", "count": 1, "client": town.sandbox.client_id}])
        town.wait("a token was renewed", lambda: portal.control(town.sandbox, "faults")["happened"])
        assert day.run("key", "drop-old") == 0
        taken = work.taken
        town.wait("events are taken", lambda: work.taken > taken + 5)
    day.keep_secrets()

    assert day.run("check") == 0
    assert_equal(town)


def test_secrets_are_nowhere(day: Day) -> None:
    """After a day with robots, events, pages, refusals and a backup: in no file, no line of the log at its most talkative, no page."""
    town = day.town
    day.run("portal", "outgoing-token", OUTGOING)
    day.give("portal", "connect-webhook", town.sandbox.webhook)
    for path in ("/segments", "/segments/won", "/sync", "/settings", "/journal", "/persons", "/rights", "/no-such-page"):
        day.look(path)
    frame = town.frame()
    form = frame["form"]
    day.secrets |= {form["AUTH_ID"], form["REFRESH_ID"]}
    for wrong in ({"member_id": "f" * 32}, {"DOMAIN": "evil.example"}, {"PLACEMENT_OPTIONS": "{["}):
        day.shown.append(town.post_frame(frame["url"], {**form, **wrong}).text)
    day.shown.append(town.post("/events?auth[access_token]=" + form["AUTH_ID"], {"event": "X"}).text)
    day.keep_secrets()
    old = (day.folder / "backup" / "secret.key").read_text()

    known = {secret for secret in (day.secrets | day.sessions | {old}) if secret}
    places, keys = (town.app_data, day.folder / "backup"), {town.app_data / "secret.key", day.folder / "backup" / "secret.key"}
    files = [path for place in places for path in place.rglob("*") if path.is_file() and path not in keys]
    written = {str(path): path.read_bytes() for path in [*files, town.log_path]} | {"shown": "\n".join(day.shown).encode()}

    assert len(known) > 10
    assert {"app.db", "inbox.db", "jobs.db", f"{town.sandbox.member_id}.db"} <= {path.name for path in files}
    leaks = [(name, secret[:6]) for name, text in written.items() for secret in known if secret.encode() in text]
    assert leaks == []


def test_stop_loses_nothing(day: Day) -> None:
    """SIGTERM in the middle of the work: what was acknowledged is saved, both processes end by themselves, the log has no defect."""
    town = day.town
    before = messages(town)
    children = {line["child"]: line["pid"] for line in town.log() if line["event"] == "child started"}
    supervisor = parent_of(children["web"])
    with Work(town) as work:
        town.wait("events are taken", lambda: work.taken > 20)
        os.kill(supervisor, signal.SIGTERM)
        town.wait("they are gone", lambda: not any(is_alive(pid) for pid in children.values()))

    assert messages(town) - before >= work.taken
    assert [line for line in town.log() if line["event"] in ("unforeseen error", "child died", "crash")] == []


def test_restored_copy_becomes_equal_again(day: Day, choice: Choice, sandbox: Sandbox) -> None:
    """In another directory, as on a new machine: what was changed, added and deleted since the backup is found by the next sweep."""
    old = day.town
    gone = old.rows("SELECT min(id) AS id FROM contact WHERE name = 'До резервной копии'")[0]["id"]
    old.delete(CONTACT, gone)
    old.add(CONTACT, name="После резервной копии")
    data = day.folder / "new" / "app"
    day.town = replace(old, environment={**old.environment, "B24APP_DATA_DIR": str(data)})
    assert day.run("restore", str(day.folder / "backup")) == 0, day.shown[-1]
    assert (data / "secret.key").read_text() == (day.folder / "backup" / "secret.key").read_text()

    with running_app(replace(choice, data=day.folder / "new"), sandbox) as environment:
        town = Town(replace(choice, data=day.folder / "new"), sandbox, environment)
        assert_equal(town)
        late = town.add(CONTACT, name="Событие после восстановления")
        town.wait("its event is taken in", lambda: town.rows("SELECT 1 FROM contact WHERE id = ?", late))
        assert day.run("check") == 0


def parent_of(pid: int) -> int:
    """Return the process that has started another."""
    return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])


def is_alive(pid: int) -> bool:
    """Tell whether a process still runs."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
