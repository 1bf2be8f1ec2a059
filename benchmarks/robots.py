"""Calls of robots in a burst: how soon each is acknowledged, how soon its workflow is answered, how many documents a second.

The app as it runs in production, the portal beside it without limits of its own. Acknowledgement is measured in an open loop at a
stated rate: a call's time counts from the moment at which it was due. Answers and documents are measured on real workflows, whose deals
come to their stages all at once; commands a document say what a portal's own limit makes of that.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import requests
from table import Row, options, show
from volley import FORM, PLACE, Volley, send_from_outside

from b24app.config import Config
from b24app.portals import registry
from b24app.portals.vault import Vault
from b24app.store.settings import AppStore
from demo import portal
from tests.stories.town import CONTACT, DEAL, Town, install, running_town

RATE = 100.0  # calls a second that are due
BATCH = 50
MADE_UP = "55c1dc1c3f0d75.78875596|A51601|"
NUMBERS, OFFER = ("client_numbers", "EXECUTING"), ("service_offer", "FINAL_INVOICE")


def call_form(deal: int) -> dict[str, str]:
    """Return what a portal posts for a call of a robot, its event token numbered."""
    auth = {name: value for name, value in FORM.items() if name.startswith("auth")}
    return {
        "workflow_id": "66e81a641752f8.56521481",
        "code": NUMBERS[0],
        "document_id[0]": "crm",
        "document_id[1]": "CCrmDocumentDeal",
        "document_id[2]": f"DEAL_{deal}",
        "event_token": f"{MADE_UP}{PLACE}",
        "use_subscription": "Y",
        "timeout_duration": "0",
        "ts": "1766047124",
        **auth,
    }


def read_token(town: Town) -> str:
    """Return the token by which the portal proves itself: a call without it would be refused."""
    config = Config.from_env(town.environment)
    store, vault = AppStore(config.data_dir / "app.db"), Vault(config.secret_key)
    try:
        return vault.open(store.find_secret(town.sandbox.member_id, registry.APPLICATION_TOKEN) or b"")
    finally:
        store.close()


def acknowledge(town: Town, deal: int, size: int) -> list[Row]:
    """Post so many calls at the stated rate; return how long they took."""
    volley = Volley(town.app_url, town.sandbox.member_id, read_token(town), RATE, size / RATE, 1, f"/robots/{NUMBERS[0]}", call_form(deal))
    outcome = send_from_outside(volley)
    times = sorted(outcome.waits.values())
    rows = [
        Row(f"acknowledged, of {RATE:.0f}/s due", size, len(times), "calls", size),
        Row("half of them within", size, times[len(times) // 2] * 1000, "ms"),
        Row("99 of 100 within", size, times[len(times) * 99 // 100] * 1000, "ms", 50),
        Row("refused", size, outcome.refused, "calls", 0),
    ]
    began = time.monotonic()
    over = "SELECT COUNT(*) AS number FROM robot_call WHERE state IN ('answered', 'expired') AND event_token LIKE ?"
    portal.wait_for("all calls are over", lambda: town.rows(over, f"{MADE_UP}%")[0]["number"] >= len(times), 600)
    return [*rows, Row("all of them over after the last", size, time.monotonic() - began, "s")]


def answer(town: Town, robot: tuple[str, str], deals: list[int]) -> tuple[float, list[float], Counter[str]]:
    """Bring deals to the robot's stage all at once; return the seconds until all workflows went on, those of each, methods called."""
    code, stage = robot
    rule = {"category_id": 0, "stage_id": stage, "robot": code, "client_id": town.sandbox.client_id}
    portal.control(town.sandbox, "automation", **rule)
    before, began = methods(town), time.monotonic()
    move(town, deals, stage)
    waits: list[float] = []
    while len(waits) < len(deals):
        states = ended(town, code, len(deals))
        waits += [time.monotonic() - began] * (states - len(waits))
        time.sleep(0.1)
    return time.monotonic() - began, waits, methods(town) - before


def move(town: Town, deals: list[int], stage: str) -> None:
    """Change the stage of many deals, a batch a request."""
    for begin in range(0, len(deals), BATCH):
        commands = {
            f"c{deal}": f"crm.item.update?entityTypeId={DEAL}&id={deal}&fields[stageId]={stage}" for deal in deals[begin : begin + BATCH]
        }
        portal.call(town.sandbox, "batch", cmd=commands)


def ended(town: Town, robot: str, size: int) -> int:
    """Return how many of the robot's calls the app's journal has as answered, made-up ones left out."""
    found = town.rows("SELECT COUNT(*) AS number FROM robot_call WHERE robot = ? AND state = 'answered'", robot)
    return min(int(found[0]["number"]), size)


def methods(town: Town) -> Counter[str]:
    """Return how often each method was called, as the portal remembers it."""
    lines = requests.get(f"{town.sandbox.url}/sandbox/log", timeout=120).text.splitlines()
    return Counter(json.loads(line)["method"] for line in lines)


def make_deals(town: Town, count: int) -> list[int]:
    """Add deals of one client with a sum each."""
    client = town.add(CONTACT, name="Много", lastName="Сделок")
    made: list[int] = []
    for begin in range(0, count, BATCH):
        size = min(BATCH, count - begin)
        fields = f"fields[title]=D&fields[contactId]={client}&fields[stageId]=NEW&fields[opportunity]=100"
        commands = {f"c{place}": f"crm.item.add?entityTypeId={DEAL}&{fields}" for place in range(size)}
        answers: dict[str, Any] = portal.call(town.sandbox, "batch", cmd=commands)["result"]["result"]
        made += [int(one["item"]["id"]) for one in answers.values()]
    newest = "SELECT COUNT(*) AS number FROM client_deal WHERE deal_id >= ?"
    portal.wait_for("the app knows the deals", lambda: town.rows(newest, made[0])[0]["number"] == count, 600)
    return made


def measure(asked: argparse.Namespace) -> list[Row]:
    """Run it."""
    calls, documents = (100, 10) if asked.quick else (asked.calls, asked.documents)
    with running_town(Path(tempfile.mkdtemp()), contacts=60, deals=160) as town:
        install(town)
        deals = make_deals(town, max(calls, documents))
        whole, waits, _ = answer(town, NUMBERS, deals[:calls])
        rows = [
            Row("workflows answered, all at once", calls, calls / whole, "calls/s"),
            Row("half of them after", calls, waits[calls // 2], "s"),
            Row("the last after", calls, waits[-1], "s"),
        ]
        whole, waits, asked_for = answer(town, OFFER, deals[:documents])
        spent = sum(count for method, count in asked_for.items() if method != "crm.item.update") / documents
        rows += [
            Row("documents", documents, documents / whole, "docs/s"),
            Row("commands a document", documents, spent, "commands"),
        ]
        return [*acknowledge(town, deals[0], calls), *rows]


def main() -> None:
    """Run it and print."""
    parser = options(__doc__ or "")
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--documents", type=int, default=200)
    asked = parser.parse_args()
    show("robots", measure(asked), asked.json)


if __name__ == "__main__":
    main()
