"""How many events a second are saved before their 200, how long that takes, and whether one that was answered is ever lost.

The app as it runs in production: gunicorn, one process with threads, `synchronous=FULL`, the worker beside it, which fills the mirror of
a large portal meanwhile. The load comes from a process of its own, at a steady rate; an event's time counts from the moment at which it
was due, so a server that falls behind cannot hide it. Then the same under ten kill -9 of web process and worker, by turns.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sqlite3
import sys
import tempfile
from contextlib import closing, suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import requests
from table import Row, options, show
from volley import Outcome, Volley, send_from_outside

from b24app.config import Config
from b24app.portals import registry
from b24app.portals.vault import Vault
from b24app.store.settings import AppStore
from demo import portal
from tests.chaos.processes import Doomed, Killer, Process, doomed_town

RATE = 1020.0  # events a second that are due; the goal is 1,000
TOKEN = "benchmark"
FIRST_ID = 100_000_000  # of records that the portal does not have: what is pulled for them costs least


def fire(doomed: Doomed, rate: float, seconds: float, first: int) -> Outcome:
    """Post so many events a second from a process of its own."""
    return send_from_outside(Volley(doomed.town.app_url, doomed.town.sandbox.member_id, TOKEN, rate, seconds, first))


def let_in(doomed: Doomed) -> None:
    """Begin the installation, so that the first sync runs, and pin a token that we know."""
    portal.wait_for("the app answers", lambda: is_up(doomed))
    portal.open_install_page(doomed.town.sandbox)
    config = Config.from_env(doomed.town.environment)
    store = AppStore(config.data_dir / "app.db")
    registry.save_application_token(store, Vault(config.secret_key), doomed.town.sandbox.member_id, TOKEN)
    store.close()


def put_last(doomed: Doomed) -> None:
    """Let the portal give way to the app: in reality it is another machine, and takes nothing from this one's processors."""
    portals = [Path(f"/proc/{pid}") for pid in _children(os.getpid()) if b"sandbox" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    assert len(portals) == 1, doomed.town.sandbox.url
    for thread in (portals[0] / "task").iterdir():
        os.setpriority(os.PRIO_PROCESS, int(thread.name), 19)


def _children(pid: int) -> list[int]:
    return [int(child) for path in Path(f"/proc/{pid}/task").glob("*/children") for child in path.read_text().split()]


def is_up(doomed: Doomed) -> bool:
    """Ask for readiness."""
    with suppress(requests.RequestException):
        return requests.get(f"{doomed.town.app_url}/readyz", timeout=5).ok
    return False


def count_synced(doomed: Doomed) -> int:
    """Return how many steps of the first sync are done."""
    return len(doomed.town.rows("SELECT step FROM progress WHERE state = 'done'"))


def spent_by(process: Process) -> float:
    """Return the seconds of processor that a process has spent, with its children: says more than a clock on a busy machine."""
    assert process.running is not None
    stats = [path.read_text().rsplit(")", 1)[1].split() for path in Path("/proc").glob("[0-9]*/stat") if path.exists()]
    ours = [fields for fields in stats if int(fields[2]) == process.running.pid]
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
        put_last(doomed)
        let_in(doomed)
        rows, answered = measure_rate(doomed, asked.rate, seconds)
        rows.append(Row("steps of the first sync meanwhile", contacts + deals, count_synced(doomed), "steps"))
        with Killer((doomed.web, doomed.worker), (1.0, 3.0)) as killer:
            acknowledged = set(answered)
            first = FIRST_ID * 2
            while killer.kills < kills:
                acknowledged |= fire(doomed, RATE / 3, random.uniform(3, 5), first).waits.keys()
                first += 100_000
        lost = find_lost(doomed, acknowledged)
        return [*rows, Row(f"lost after {killer.kills} kill -9", len(acknowledged), len(lost), "events", 0)]


def measure_rate(doomed: Doomed, rate: float, seconds: float) -> tuple[list[Row], set[int]]:
    """Post for so long; return what it was like, and which events were answered."""
    before = spent_by(doomed.web), spent_by(doomed.worker)
    outcome = fire(doomed, rate, seconds, FIRST_ID)
    spent = [spent_by(process) - was for process, was in zip((doomed.web, doomed.worker), before, strict=True)]
    times = sorted(outcome.waits.values())
    size, last = len(times), outcome.waits[max(outcome.waits)]
    rows = [
        Row(f"events answered, of {rate:.0f}/s due", size, size / (seconds + max(last, 0)), "events/s", 1000),
        Row("processor's time of one event, web", size, spent[0] / size * 1000, "ms", 0.8),
        Row("the same, worker with its first sync", size, spent[1] / size * 1000, "ms"),
        Row("the same, whoever sends", size, outcome.cpu / size * 1000, "ms"),
        Row("half of them within", size, times[size // 2] * 1000, "ms"),
        Row("99 of 100 within", size, times[size * 99 // 100] * 1000, "ms", 50),
        Row("all of them within", size, times[-1] * 1000, "ms"),
        Row("refused", size, outcome.refused, "events", 0),
        Row("neither answered nor refused", size, int(rate * seconds) - size - outcome.refused, "events", 0),
    ]
    return rows, set(outcome.waits)


def main() -> None:
    """Run it and print."""
    parser = options(__doc__ or "")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rate", type=float, default=RATE, help="events a second that are due")
    parser.add_argument("--contacts", type=int, default=30_000, help="size of the portal whose first sync runs meanwhile; three deals each")
    asked = parser.parse_args()
    show("webhook", measure(asked), asked.json)


if __name__ == "__main__":
    main()
