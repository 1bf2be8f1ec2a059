"""kill -9 at random moments under a stream of events and robot calls: nothing that was answered with 200 is lost, or done twice.

The portal is away here, and a call's effect is a row in a file of its own, so that thousands of calls fit into a minute;
test_portal.py counts the effects in a portal.
"""

from __future__ import annotations

import os
import random
import socket
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests

from b24app.bitrix.oauth import TokenPair
from b24app.context import Portal
from b24app.portals import registry
from b24app.portals.tokens import save_pair
from b24app.portals.vault import Vault
from b24app.store.settings import AppStore
from tests.chaos.processes import Process

pytestmark = pytest.mark.chaos

ROOT = Path(__file__).resolve().parents[2]
EVENTS, CALLS, KILLS = 2000, 1000, 12
SENDERS = 6
THREADS = 8
NOWHERE = "http://127.0.0.1:9"  # the portal is away all the time: what changed stays to be seen in the mirror's list


@dataclass
class Senders:
    """Post events and robot calls until told to stop; remember what was answered with 200."""

    url: str
    events: set[int] = field(default_factory=set)
    tokens: set[str] = field(default_factory=set)
    refused: list[int] = field(default_factory=list)
    unanswered: int = 0
    stopping: threading.Event = field(default_factory=threading.Event)

    def send(self, number: int) -> None:
        """Be one sender: many events, now and then a robot's call, some of them twice."""
        turn = 0
        while not self.stopping.wait(0.03):
            turn += 1
            record = number * 1_000_000 + turn
            if turn % 3:
                self.post("/events", event_form(record), lambda record=record: self.events.add(record))  # type: ignore[misc]
                continue
            for _ in range(random.choice((1, 1, 2))):
                self.post("/robots/service_offer", robot_form(f"t{record}"), lambda record=record: self.tokens.add(f"t{record}"))  # type: ignore[misc]

    def post(self, path: str, form: dict[str, str], note: Callable[[], None]) -> None:
        """Post; only a 200 counts."""
        try:
            answer = requests.post(self.url + path, data=form, timeout=60)
        except requests.RequestException:
            self.unanswered += 1
            time.sleep(0.05)
        else:
            note() if answer.status_code == 200 else self.refused.append(answer.status_code)


def event_form(record: int) -> dict[str, str]:
    """Return an event as the portal posts it."""
    return {"event": "ONCRMDEALUPDATE", "data[FIELDS][ID]": str(record), "auth[member_id]": "m1", "auth[application_token]": "right"}


def robot_form(token: str) -> dict[str, str]:
    """Return a robot's call as the portal posts it."""
    auth = {"auth[member_id]": "m1", "auth[application_token]": "right"}
    document = {"document_id[0]": "crm", "document_id[1]": "CCrmDocumentDeal", "document_id[2]": "DEAL_7"}
    return {"code": "service_offer", "event_token": token, "workflow_id": "w", "use_subscription": "Y", **document, **auth}


def install(data_dir: Path) -> None:
    """Put an installed portal into app.db."""
    store, vault = AppStore(data_dir / "app.db"), Vault("key")
    registry.save_portal(store, Portal("m1", NOWHERE))
    registry.save_application_token(store, vault, "m1", "right")
    save_pair(store, vault, "m1", TokenPair("a", "r"))
    store.close()


def rows(path: Path, sql: str) -> set[str | int]:
    """Return the first column."""
    if not path.exists():
        return set()
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=120)) as db:
        return {row[0] for row in db.execute(sql)}


@pytest.fixture
def app(tmp_path: Path, jobs_url: str) -> Iterator[tuple[str, Process, Process]]:
    """Give the app's address, its web process and its worker, both running."""
    install(tmp_path)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        bind = f"127.0.0.1:{probe.getsockname()[1]}"
    settings = {"CLIENT_ID": "c", "CLIENT_SECRET": "secret", "URL": f"http://{bind}", "PORTALS": NOWHERE, "SECRET_KEY": "key"}
    settings |= {"DATA_DIR": str(tmp_path), "BIND": bind, "OAUTH_URL": NOWHERE, "LOG_LEVEL": "WARNING"}
    settings |= {"JOBS_URL": jobs_url, "JOBS_PER_PORTAL": str(THREADS), "JOB_THREADS": str(THREADS)}
    environment = {**os.environ, **{f"B24APP_{name}": value for name, value in settings.items()}, "PYTHONPATH": str(ROOT)}
    gunicorn = ["gunicorn", "-k", "gthread", "-w", "1", "--threads", "32", "-b", bind, "--no-control-socket", "wsgi:app"]
    web = Process([sys.executable, "-m", *gunicorn], environment, tmp_path / "web.log")
    worker = Process([sys.executable, str(Path(__file__).with_name("worker_with_effects.py"))], environment, tmp_path / "worker.log")
    try:
        web.start()
        worker.start()
        yield f"http://{bind}", web, worker
    finally:
        web.kill()
        worker.kill()


def kill_now_and_then(victims: Sequence[Process], senders: Senders) -> int:
    """Kill one of them now and then and start it again, until enough was sent and killed; return how often."""
    kills = 0
    while kills < KILLS or len(senders.events) < EVENTS or len(senders.tokens) < CALLS:
        time.sleep(random.uniform(0.5, 4.0))
        victim = random.choice(victims)
        victim.kill()
        victim.start()
        kills += 1
        assert kills < 5 * KILLS
    return kills


def test_nothing_acknowledged_is_lost(app: tuple[str, Process, Process], tmp_path: Path) -> None:
    """After a dozen kills of web process and worker: every event is noted to be read, every call had its effect, once."""
    url, web, worker = app
    senders = Senders(url)
    threads = [threading.Thread(target=senders.send, args=(number,)) for number in range(1, SENDERS + 1)]
    for thread in threads:
        thread.start()

    kills = kill_now_and_then((web, worker), senders)
    senders.stopping.set()
    for thread in threads:
        thread.join()

    effects = tmp_path / "effects.db"
    wait_for(lambda: senders.tokens <= rows(effects, "SELECT token FROM effect"))
    wait_for(lambda: senders.events <= rows(tmp_path / "m1.db", "SELECT record_id FROM change"))
    attempts, calls = (int(rows(effects, f"SELECT count(*) FROM {table}").pop()) for table in ("attempt", "effect"))
    sent = f"{len(senders.events)} events and {len(senders.tokens)} calls acknowledged, {senders.unanswered} unanswered"
    print(f"{kills} kills, {sent}; {calls} effects in {attempts} attempts")  # noqa: T201
    assert senders.refused == []
    assert attempts - calls <= kills * THREADS  # only what a kill broke off was begun again
    assert "unforeseen error" not in worker.log.read_text()


def wait_for(is_so: Callable[[], bool]) -> None:
    """Return when it is so, fail after a while."""
    deadline = time.monotonic() + 240
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.2)
