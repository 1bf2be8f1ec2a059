"""How many events a second are saved before their 200, how long that takes, and whether one that was answered is ever lost.

The app as it runs in production: gunicorn, one process with threads, `synchronous=FULL`, the worker beside it, which fills the mirror of
a large portal meanwhile. The load comes from a process of its own, at a steady rate; an event's time counts from the moment at which it
was due, so a server that falls behind cannot hide it. Then the same under ten kill -9 of web process and worker, by turns.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import random
import sqlite3
import sys
import tempfile
import time
from contextlib import closing, suppress
from multiprocessing.queues import Queue
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import requests
from table import Row, options, show

from b24app.config import Config
from b24app.portals import registry
from b24app.portals.vault import Vault
from b24app.store.settings import AppStore
from demo import portal
from tests.chaos.processes import Doomed, Killer, doomed_town

CONNECTIONS = 24
RATE = 1200.0  # events a second that are due; the goal is 1,000
TOKEN = "benchmark"
FIRST_ID = 10_000_000  # of records that the portal does not have: what is pulled for them costs least
ANSWERED = b"HTTP/1.1 200"


class Load:
    """Posts events over open connections, each at its moment; remembers when each was due and when it was answered."""

    def __init__(self, url: str, member_id: str, rate: float) -> None:
        self.host, self.port = urlsplit(url).hostname, urlsplit(url).port
        self.member_id, self.rate = member_id, rate
        self.next = 0
        self.waits: dict[int, float] = {}
        self.refused = 0

    async def run(self, seconds: float, first: int) -> None:
        """Post for so long; records are numbered from `first`."""
        self.start, self.end, self.first = time.monotonic(), time.monotonic() + seconds, first
        await asyncio.gather(*(self._send() for _ in range(CONNECTIONS)))

    async def _send(self) -> None:
        reader: asyncio.StreamReader | None = None
        writer: asyncio.StreamWriter | None = None
        while (due := self.start + self.next / self.rate) < self.end:
            number, self.next = self.first + self.next, self.next + 1
            await asyncio.sleep(max(due - time.monotonic(), 0))
            try:
                if reader is None or writer is None:
                    reader, writer = await asyncio.open_connection(self.host, self.port)
                writer.write(self._request(number))
                head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
            except (OSError, asyncio.IncompleteReadError, TimeoutError):
                if writer is not None:
                    writer.close()
                reader = writer = None
                continue
            if head.startswith(ANSWERED):
                self.waits[number] = time.monotonic() - due
            else:
                self.refused += 1
                writer.close()
                reader = writer = None
        if writer is not None:
            writer.close()

    def _request(self, number: int) -> bytes:
        form = {"event": "ONCRMDEALUPDATE", "data[FIELDS][ID]": number, "ts": 1, "auth[member_id]": self.member_id}
        body = urlencode({**form, "auth[application_token]": TOKEN}).encode()
        head = f"POST /events HTTP/1.1\r\nHost: {self.host}:{self.port}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def send(answers: Queue[tuple[dict[int, float], int]], load: Load, seconds: float, first: int) -> None:
    """Be the second process."""
    asyncio.run(load.run(seconds, first))
    answers.put((load.waits, load.refused))


def send_from_outside(doomed: Doomed, rate: float, seconds: float, first: int) -> tuple[dict[int, float], int]:
    """Post from a process of its own; return how long each answered event took, and how many were refused."""
    spawned = multiprocessing.get_context("spawn")
    answers: Queue[tuple[dict[int, float], int]] = spawned.Queue()
    load = Load(doomed.town.app_url, doomed.town.sandbox.member_id, rate)
    process = spawned.Process(target=send, args=(answers, load, seconds, first))
    process.start()
    result = answers.get()
    process.join()
    return result


def let_in(doomed: Doomed) -> None:
    """Begin the installation, so that the first sync runs, and pin a token that we know."""
    portal.wait_for("the app answers", lambda: is_up(doomed))
    portal.open_install_page(doomed.town.sandbox)
    config = Config.from_env(doomed.town.environment)
    store = AppStore(config.data_dir / "app.db")
    registry.save_application_token(store, Vault(config.secret_key), doomed.town.sandbox.member_id, TOKEN)
    store.close()


def is_up(doomed: Doomed) -> bool:
    """Ask for readiness."""
    with suppress(requests.RequestException):
        return requests.get(f"{doomed.town.app_url}/readyz", timeout=5).ok
    return False


def find_synced(doomed: Doomed) -> list[dict[str, Any]]:
    """Return the steps of the first sync that have begun."""
    return doomed.town.rows("SELECT step, state, started_at, finished_at FROM progress WHERE started_at IS NOT NULL")


def spent_by(doomed: Doomed) -> float:
    """Return the seconds of processor that the web process has spent, with its children: says more than a clock on a busy machine."""
    assert doomed.web.running is not None
    stats = [path.read_text().rsplit(")", 1)[1].split() for path in Path("/proc").glob("[0-9]*/stat") if path.exists()]
    ours = [fields for fields in stats if int(fields[2]) == doomed.web.running.pid]
    return sum(int(fields[11]) + int(fields[12]) for fields in ours) / os.sysconf("SC_CLK_TCK")


def find_lost(doomed: Doomed, acknowledged: set[int]) -> set[int]:
    """Return the acknowledged events that are not in the inbox, or that the worker's cursor does not pass in the end."""
    with closing(sqlite3.connect(f"file:{doomed.town.app_data / 'inbox.db'}?mode=ro", uri=True)) as db:
        kept = {
            int(json.loads(body)["entity_id"]): number for number, body in db.execute("SELECT id, body FROM message WHERE kind = 'event'")
        }
    last = max(kept.values())

    def taken() -> bool:
        return int(doomed.town.rows("SELECT value FROM cursor WHERE name = 'inbox'")[0]["value"]) >= last

    with suppress(portal.NotDone):
        portal.wait_for("the worker has taken all in", taken, 120)
        return acknowledged - kept.keys()
    return acknowledged


def measure(asked: argparse.Namespace) -> list[Row]:
    """Run it."""
    seconds, kills = (5.0, 2) if asked.quick else (asked.seconds, 10)
    contacts, deals = (1000, 3000) if asked.quick else (asked.contacts, 3 * asked.contacts)
    with doomed_town(Path(tempfile.mkdtemp()), contacts, deals) as doomed:
        let_in(doomed)
        before = spent_by(doomed)
        waits, refused = send_from_outside(doomed, RATE, seconds, FIRST_ID)
        synced = sum(step["state"] == "done" for step in find_synced(doomed))
        times = sorted(waits.values())
        size = len(times)
        rows = [
            Row("events answered with 200", size, size / (seconds + max(waits[max(waits)], 0)), "events/s", 1000),
            Row("processor's time of one event", size, (spent_by(doomed) - before) / size * 1000, "ms", 0.8),
            Row("half of them within", size, times[size // 2] * 1000, "ms"),
            Row("99 of 100 within", size, times[size * 99 // 100] * 1000, "ms", 50),
            Row("refused", size, refused, "events", 0),
            Row("steps of the first sync meanwhile", contacts + deals, synced, "steps"),
        ]
        with Killer((doomed.web, doomed.worker), (1.0, 3.0)) as killer:
            acknowledged: dict[int, float] = {}
            first = FIRST_ID * 2
            while killer.kills < kills:
                acknowledged |= send_from_outside(doomed, RATE / 3, random.uniform(3, 5), first)[0]
                first += 100_000
        lost = find_lost(doomed, {*waits, *acknowledged})
        return [*rows, Row(f"lost after {killer.kills} kill -9", len(waits) + len(acknowledged), len(lost), "events", 0)]


def main() -> None:
    """Run it and print."""
    parser = options(__doc__ or "")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--contacts", type=int, default=30_000, help="size of the portal whose first sync runs meanwhile; three deals each")
    asked = parser.parse_args()
    show("webhook", measure(asked), asked.json)


if __name__ == "__main__":
    main()
