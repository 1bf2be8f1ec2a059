"""`make smoke`: the main job without a screen, over HTTP between the portal, the web app and the worker.

Ends with one JSON line; exits with 0 only when every step of it really happened.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from demo import portal
from demo.processes import Choice, Sandbox, StartFailed, ask_app, free_port, running_app, running_sandbox

ITEM_TYPES = {"lead": 1, "deal": 2, "contact": 3, "company": 4}
STAGE = "PREPARATION"  # document preparation, in the general pipeline
SERVICE = "SERVICE"
ROBOT = "service_offer"


@dataclass
class Walk:
    """One way through the main job: what is known so far, and the seconds of each step."""

    sandbox: Sandbox
    environment: dict[str, str]
    seconds: dict[str, float] = field(default_factory=dict)
    found: dict[str, Any] = field(default_factory=dict)

    def step(self, name: str, work: Callable[[Walk], None]) -> None:
        """Do one step and note how long it took."""
        started = time.monotonic()
        work(self)
        self.seconds[name] = round(time.monotonic() - started, 2)
        sys.stdout.write(f"{name}: {self.seconds[name]} s\n")
        sys.stdout.flush()


def install(walk: Walk) -> None:
    """Install through the app's own page and wait for the first sync."""
    app_url, session = portal.open_install_page(walk.sandbox)
    for _ in portal.follow_install(app_url, session):
        continue
    portal.finish_install(walk.sandbox, app_url, session)


def compare(walk: Walk) -> None:
    """Wait until the mirror holds exactly as many rows of each entity as the portal does."""
    walk.found["portal"] = rows_there(walk.sandbox)
    portal.wait_for("the mirror equals the portal", lambda: rows_here(walk) == walk.found["portal"])
    walk.found["mirror"] = rows_here(walk)


def rows_there(sandbox: Sandbox) -> dict[str, int]:
    """Count the portal's rows by its own REST."""
    counts = {key: portal.call(sandbox, "crm.item.list", entityTypeId=number, select=["id"])["total"] for key, number in ITEM_TYPES.items()}
    counts["product_row"] = sum(product_rows(sandbox))
    counts["employee"] = portal.call(sandbox, "user.get")["total"]
    counts["category"] = len(portal.call(sandbox, "crm.category.list", entityTypeId=2)["result"]["categories"])
    return counts


def product_rows(sandbox: Sandbox) -> list[int]:
    """Count product rows, fifty deals a call."""
    totals: list[int] = []
    last = 0
    while True:
        asked = {"entityTypeId": 2, "select": ["id"], "order": {"id": "ASC"}, "filter": {">id": last}, "start": -1}
        ids = [item["id"] for item in portal.call(sandbox, "crm.item.list", **asked)["result"]["items"]]
        if not ids:
            return totals
        owners = {"=ownerType": "D", "=ownerId": ids}
        totals.append(portal.call(sandbox, "crm.item.productrow.list", filter=owners)["total"])
        last = ids[-1]


def rows_here(walk: Walk) -> dict[str, int]:
    """Count the mirror's rows of the same entities."""
    counts = ask_app(walk.environment, "portal", "status")["rows"]
    return {key: counts.get(key, 0) for key in walk.found["portal"]}


def segments(walk: Walk) -> dict[str, int]:
    """Return the size of each segment."""
    return {row["key"]: row["count"] for row in ask_app(walk.environment, "segment", "list")}


def read_segments(walk: Walk) -> None:
    """Note the members of each segment."""
    walk.found["segments"] = segments(walk)
    if not walk.found["segments"].get("won"):
        raise portal.NotDone(f"No segment of clients with won deals: {walk.found['segments']}")


def move_service_deal(walk: Walk) -> None:
    """Put the robot on the stage, drag a service deal there, wait for the robot's answer and the document."""
    rule = {"category_id": 0, "stage_id": STAGE, "robot": ROBOT, "client_id": walk.sandbox.client_id, "properties": {"valid_days": "14"}}
    condition = {"field": "TYPE_ID", "operator": "=", "value": SERVICE}
    portal.control(walk.sandbox, "automation", **rule, conditions=[condition])
    deal_id = new_service_deal(walk.sandbox)
    portal.call(walk.sandbox, "crm.item.update", entityTypeId=2, id=deal_id, fields={"stageId": STAGE})
    run = portal.wait_for("the robot answered the workflow", lambda: answered_run(walk.sandbox, deal_id))
    walk.found["robot"] = {"deal_id": deal_id, "event_token": run["event_token"], "answer": run["return_values"]}
    walk.found["document"] = document_of(walk.sandbox, deal_id, run["return_values"])


def new_service_deal(sandbox: Sandbox) -> int:
    """Add a deal of the type "Service" with two product rows for the company's first client; return its id."""
    client = portal.call(sandbox, "crm.item.list", entityTypeId=3, select=["id"], order={"id": "ASC"})["result"]["items"][0]["id"]
    fields = {"title": "Годовое обслуживание", "typeId": SERVICE, "contactId": client, "stageId": "NEW", "currencyId": "RUB"}
    deal_id = portal.call(sandbox, "crm.item.add", entityTypeId=2, fields=fields)["result"]["item"]["id"]
    rows = [
        {"productName": "Выезд инженера", "price": 3500, "quantity": 4},
        {"productName": "Замена фильтра", "price": 1200.5, "quantity": 2},
    ]
    portal.call(sandbox, "crm.item.productrow.set", ownerType="D", ownerId=deal_id, productRows=rows)
    return int(deal_id)


def answered_run(sandbox: Sandbox, deal_id: int) -> dict[str, Any] | None:
    """Return the robot's run for the deal once the workflow has its answer."""
    runs = portal.control(sandbox, f"workflows?deal={deal_id}")
    return next((run for run in runs if run["state"] == "answered"), None)


def document_of(sandbox: Sandbox, deal_id: int, answer: dict[str, Any]) -> dict[str, Any]:
    """Return id, number and title of the deal's only document, as the portal itself has it."""
    asked = {"filter": {"entityTypeId": 2, "entityId": deal_id}}
    documents = portal.call(sandbox, "crm.documentgenerator.document.list", **asked)["result"]["documents"]
    if [str(one["id"]) for one in documents] != [str(answer["document_id"])]:
        raise portal.NotDone(f"The deal must have the one document of the answer {answer}, not {documents}")
    return {name: documents[0][name] for name in ("id", "number", "title")}


def win_deal(walk: Walk) -> None:
    """Win a deal of a client who never bought: the event must bring him into the segment of buyers."""
    before = segments(walk)["won"]
    contact = {"name": "Алёна", "lastName": "Проверкина", "fm": [{"typeId": "PHONE", "valueType": "WORK", "value": "+79000000001"}]}
    contact_id = portal.call(walk.sandbox, "crm.item.add", entityTypeId=3, fields=contact)["result"]["item"]["id"]
    deal = {"title": "Первая покупка", "contactId": contact_id, "opportunity": 1000, "stageId": "WON"}
    portal.call(walk.sandbox, "crm.item.add", entityTypeId=2, fields=deal)
    portal.wait_for("a won deal changed the segment", lambda: segments(walk)["won"] == before + 1)
    walk.found["won_after_event"] = before + 1


STEPS: tuple[tuple[str, Callable[[Walk], None]], ...] = (
    ("install", install),
    ("equal", compare),
    ("segments", read_segments),
    ("offer", move_service_deal),
    ("event", win_deal),
    ("equal_again", compare),
)


def main() -> int:
    """Walk the main job on a small company; print the result as one JSON line."""
    parser = argparse.ArgumentParser(prog="make smoke ARGS=...", description=__doc__)
    parser.add_argument("--contacts", type=int, default=60)
    parser.add_argument("--deals", type=int, default=200)
    parser.add_argument("--limits", choices=("cloud", "enterprise", "none"), default="cloud")
    parser.add_argument("--load", default="", help="a dataset file in place of the demo company")
    words = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="b24app-smoke-") as folder:
        choice = Choice(Path(folder), free_port(), free_port(), words.contacts, words.deals, limits=words.limits, load=words.load)
        return walk_all(choice)


def walk_all(choice: Choice) -> int:
    """Walk every step; on failure print what was found so far and the end of the app's log."""
    try:
        started = time.monotonic()
        with running_sandbox(choice) as sandbox, running_app(choice, sandbox) as environment:
            walk = Walk(sandbox, environment, {"start": round(time.monotonic() - started, 2)})
            for name, work in STEPS:
                walk.step(name, work)
    except (StartFailed, portal.NotDone) as error:
        sys.stderr.write(f"{error}\n")
        for log in sorted(choice.data.glob("*.log")):
            sys.stderr.write(f"--- {log.name}\n{log.read_text(encoding='utf-8')[-4000:]}\n")
        return 1
    sys.stdout.write(json.dumps({**walk.found, "seconds": walk.seconds}, ensure_ascii=False) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
