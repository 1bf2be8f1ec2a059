"""kill -9 of the web process and of the worker: they come back by themselves, and nothing is lost."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
import requests

from demo import portal
from demo.processes import ROOT
from tests.stories.conftest import ROBOT, STAGE
from tests.stories.equality import assert_equal
from tests.stories.town import CONTACT, DEAL, Town, install, running_town

BACK = 30.0  # seconds in which a killed process has to be there again


@pytest.fixture
def hasty_town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A town whose app looks every two seconds for what no event told; the default is five minutes."""
    monkeypatch.setenv("B24APP_SWEEP_SECONDS", "2")
    with running_town(tmp_path) as started:
        install(started)
        yield started


def pids(town: Town) -> dict[str, int]:
    """Return the newest process of each kind, as the supervisor's log names them."""
    return {line["child"]: line["pid"] for line in town.log() if line["event"] == "child started"}


def kill(pid: int) -> None:
    """kill -9, with the processes that it has started itself."""
    with subprocess.Popen(["ps", "--ppid", str(pid), "-o", "pid="], stdout=subprocess.PIPE, text=True) as listed:
        children = [int(word) for word in listed.communicate()[0].split()]
    for number in (pid, *children):
        os.kill(number, signal.SIGKILL)


def wait_until_back(town: Town, old: dict[str, int]) -> None:
    """Wait until the killed processes have successors and both answer."""
    town.wait("new processes", lambda: all(pids(town)[name] != pid for name, pid in old.items()), BACK)
    town.wait("they answer", lambda: is_ready(town), BACK)


def is_ready(town: Town) -> bool:
    """Ask for the app's readiness."""
    try:
        return requests.get(f"{town.app_url}/readyz", timeout=30).ok
    except (requests.ConnectionError, requests.Timeout):
        return False


def test_killed_processes_come_back_and_lose_nothing(hasty_town: Town) -> None:
    """A robot's call that was taken is done though the worker dies; what changed while nobody listened is found all the same."""
    town = hasty_town
    rule = {"category_id": 0, "stage_id": STAGE, "robot": ROBOT, "client_id": town.sandbox.client_id}
    portal.control(town.sandbox, "automation", **rule)
    client = town.add(CONTACT, name="Терпеливый")
    deals = [town.add(DEAL, title=f"Договор {number}", contactId=client, opportunity=100 + number) for number in range(5)]
    before = pids(town)

    kill(before["worker"])
    for deal in deals:
        town.update(DEAL, deal, stageId=STAGE)
    town.wait("the calls are taken", lambda: len(town.letters(KIND="robot", STATE="sent")) == len(deals))
    kill(before["web"])
    late = town.add(CONTACT, name="Когда никто не слушал")  # its event is lost: the portal never sends it again

    wait_until_back(town, {name: before[name] for name in ("web", "worker")})
    for deal in deals:
        town.wait(f"deal {deal} has its answer", lambda deal=deal: [run["state"] for run in town.runs(deal)] == ["answered"], BACK)
        assert len(town.documents(deal)) == 1
    assert_equal(town)
    assert town.rows("SELECT name FROM contact WHERE id = ?", late) == [{"name": "Когда никто не слушал"}]


def test_app_without_settings_names_all_that_are_missing() -> None:
    """It ends at once, with one line for each of the four and a way to mend it, and without a traceback."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("B24APP_")}
    command = [".venv/bin/flask", "--app", "wsgi", "serve"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
    said = done.stdout + done.stderr
    assert done.returncode != 0
    for name in ("B24APP_CLIENT_ID", "B24APP_CLIENT_SECRET", "B24APP_URL", "B24APP_PORTALS"):
        assert f"{name} is missing" in said
    assert "Traceback" not in said
