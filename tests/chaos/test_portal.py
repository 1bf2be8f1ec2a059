"""kill -9 of web process and worker beside a portal that lives: what it was told to do is done there, once; the mirror ends equal."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import requests

from demo import portal
from tests.chaos.processes import Doomed, Killer, doomed_town
from tests.stories.conftest import ROBOT, STAGE
from tests.stories.equality import find_differences
from tests.stories.town import CONTACT, DEAL, Town, install

pytestmark = pytest.mark.chaos

CALLS, KILLS = 100, 12
BETWEEN = (1.0, 8.0)  # seconds from kill to kill: a call that goes down with five workers by chance would be given up, as it should
LATE = 120.0  # seconds in which everything has come to its end after the last kill


@pytest.fixture
def doomed(tmp_path: Path, jobs_url: str) -> Iterator[Doomed]:
    """Give a town with our app installed in it."""
    with doomed_town(tmp_path, 12, 30, JOBS_URL=jobs_url, JOBS_PER_PORTAL=6) as started:
        started.town.wait("both answer", lambda: is_ready(started.town), 240)
        install(started.town)
        yield started


def test_every_call_has_one_document(doomed: Doomed) -> None:
    """A robot's call that was answered with 200 ends with one document in the portal and one answer to its workflow."""
    town = doomed.town
    rule = {"category_id": 0, "stage_id": STAGE, "robot": ROBOT, "client_id": town.sandbox.client_id}
    portal.control(town.sandbox, "automation", **rule)
    client = town.add(CONTACT, name="Терпеливый")
    deals = [town.add(DEAL, title=f"Договор {number}", contactId=client, opportunity=100 + number) for number in range(CALLS)]

    with doomed.killed_meanwhile(BETWEEN) as killer:
        for deal in deals:
            town.update(DEAL, deal, stageId=STAGE)
            time.sleep(random.uniform(0.3, 0.7))
        wait_for_kills(killer, KILLS)

    ends = town.wait("every call that was taken has ended", lambda: find_ends(town, deals), LATE)
    documents = {deal: len(town.documents(deal)) for deal in deals}
    answered = [deal for deal, end in ends.items() if end == "answered"]
    print(f"{killer.kills} kills, {len(answered)} calls of {CALLS} taken and answered, {sum(documents.values())} documents")  # noqa: T201
    assert set(ends.values()) <= {"answered", "failed"}  # failed: the web process was not there to take it
    assert len(answered) > CALLS / 4
    assert {deal: documents[deal] for deal in answered} == dict.fromkeys(answered, 1)
    assert max(documents.values()) == 1
    assert [line for line in town.log() if line["event"] == "unforeseen error"] == []


def find_ends(town: Town, deals: list[int]) -> dict[int, str]:
    """Return how the robot's run of each deal has ended; nothing while one still waits."""
    runs = portal.control(town.sandbox, "workflows")
    ends = {run["deal"]: run["state"] for run in runs if run["deal"] in deals}
    return ends if len(ends) == len(deals) and "waiting" not in ends.values() else {}


def test_mirror_ends_equal_after_twenty_kills(tmp_path: Path) -> None:
    """Seven kills in the first sync, seven while changes are drained, six while the sweep finds what no event told of."""
    with doomed_town(tmp_path, 150, 600) as doomed:
        town = doomed.town
        town.wait("both answer", lambda: is_ready(town), 240)
        app_url, session = portal.open_install_page(town.sandbox)
        portal.control(town.sandbox, "faults", calls=[{"kind": "delay", "count": None, "seconds": 0.15}])
        with doomed.killed_meanwhile((0.3, 2.5)) as first:
            wait_for_kills(first, 7)
        requests.delete(f"{town.sandbox.url}/sandbox/faults", timeout=120).raise_for_status()
        town.wait("the first sync ended", lambda: is_filled(app_url, session), LATE)
        town.wait("installed", lambda: is_finished(town, app_url, session), LATE)
        with doomed.killed_meanwhile((0.3, 2.5)) as drain:
            live(town, drain, 7)
        doomed.web.kill()
        live(town, None, 0)
        with Killer((doomed.worker,), (0.3, 2.5)) as sweep:
            wait_for_kills(sweep, 6)
        doomed.web.start()

        town.wait("the mirror equals the portal", lambda: not find_differences(town), LATE)
        print(f"{first.kills} + {drain.kills} + {sweep.kills} kills")  # noqa: T201
        assert [line for line in town.log() if line["event"] == "unforeseen error"] == []


def live(town: Town, killer: Killer | None, kills: int) -> None:
    """Change records until there were so many kills; at least some."""
    deals = [int(item["id"]) for item in town.call("crm.item.list", entityTypeId=DEAL, select=["id"])["items"]]
    for number in range(10_000):
        if number >= 60 and (killer is None or killer.kills >= kills):
            return
        match number % 6:
            case 0:
                town.add(CONTACT, name=f"Новый {number}")
            case 1 if number > 50 and len(deals) > 10:  # some must be left to change
                town.delete(DEAL, deals.pop())
            case _:
                town.update(DEAL, deals[number % len(deals)], title=f"Название {number}", opportunity=number)
        time.sleep(0.02)


def wait_for_kills(killer: Killer, kills: int) -> None:
    """Return after so many kills."""
    while killer.kills < kills:
        time.sleep(0.05)


def is_filled(app_url: str, session: str) -> bool:
    """Ask the install page whether the first sync has ended."""
    with suppress(requests.RequestException):
        answer: dict[str, Any] = requests.get(f"{app_url}/install/progress", headers={"X-App-Session": session}, timeout=120).json()
        assert answer["state"] != "failed", answer
        return bool(answer["finished"])
    return False


def is_finished(town: Town, app_url: str, session: str) -> bool:
    """Do what the page does at its end."""
    with suppress(requests.RequestException):
        portal.finish_install(town.sandbox, app_url, session)
        return True
    return False


def is_ready(town: Town) -> bool:
    """Ask for the app's readiness."""
    with suppress(requests.RequestException):
        return requests.get(f"{town.app_url}/readyz", timeout=30).ok
    return False
