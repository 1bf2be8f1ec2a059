"""The portal misbehaves while the mirror is filled, kept and checked: it ends equal, nothing is double, and the page says what is wrong."""

from __future__ import annotations

import re
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests

from demo import portal
from tests.stories.conftest import ROBOT, STAGE
from tests.stories.equality import assert_equal, find_differences
from tests.stories.town import CONTACT, DEAL, Town, running_town

# Under faults the app waits, as it must: minutes in all.
pytestmark = pytest.mark.chaos

LATE = 60.0
READ = "crm.item.list"
# Every fault that a call may meet, in the mixture that each story plays: often enough that every road meets every one.
MIXTURE = [
    {"kind": kind, "count": None, "share": share, **more}
    for kind, share, more in (
        ("503", 0.08, {}),
        ("500", 0.03, {}),
        ("401", 0.03, {}),
        ("truncated", 0.03, {}),
        ("html", 0.03, {}),
        ("dropped", 0.03, {}),
        ("unanswered", 0.03, {}),
        ("delay", 0.03, {"seconds": 0.3}),
    )
]
# Writes of a robot's call whose answer does not arrive: done or not, the app cannot know.
ADD, SEND = "crm.documentgenerator.document.add", "bizproc.event.send"
LOSSES = [
    {"kind": kind, "count": 1, "method": method} for kind in ("truncated", "html", "dropped", "unanswered", "500") for method in (ADD, SEND)
]


@contextmanager
def faults(town: Town, *orders: dict[str, Any], **more: Any) -> Iterator[None]:
    """Have the portal misbehave towards our application while a block runs."""
    mine = [{**order, "client": town.sandbox.client_id} for order in orders]
    portal.control(town.sandbox, "faults", calls=mine, **more)
    try:
        yield
    finally:
        happened = portal.control(town.sandbox, "faults")["happened"]
        requests.delete(f"{town.sandbox.url}/sandbox/faults", timeout=120).raise_for_status()
        print(happened)  # noqa: T201


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Give a town whose app looks every two seconds for what no event told of; it is installed while everything goes wrong."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("B24APP_SWEEP_SECONDS", "2")
        with running_town(tmp_path_factory.mktemp("faults"), contacts=60, deals=160) as started:
            app_url, session = portal.open_install_page(started.sandbox)  # a page that cannot be proven is refused: it is opened again
            with faults(started, *MIXTURE):
                for _ in portal.follow_install(app_url, session):
                    pass
                portal.finish_install(started.sandbox, app_url, session)
            yield started
            assert [line for line in started.log() if line["event"] == "unforeseen error"] == []


def test_mirror_is_filled_and_kept_in_spite_of_everything(town: Town) -> None:
    """After a first sync under a mixture of all faults: drain and sweep under it, with events lost, doubled and out of order."""
    assert_equal(town)
    with faults(town, *MIXTURE, event={"lost": 0.2, "duplicated": 0.2, "reordered": 0.3}):
        deals = [town.add(DEAL, title=f"Договор {number}", opportunity=number) for number in range(60)]
        for deal in deals:
            town.update(DEAL, deal, title="Договор, исправлен")
        for deal in deals[:10]:
            town.delete(DEAL, deal)
        town.wait("the app has met them", lambda: len(portal.control(town.sandbox, "faults")["happened"]) >= 8, LATE)

    town.wait("the mirror equals the portal", lambda: not find_differences(town), LATE)


def test_lost_answers_make_no_second_document(town: Town) -> None:
    """A write whose answer is lost is looked up before it is repeated: one document a call, one answer to its workflow."""
    rule = {"category_id": 0, "stage_id": STAGE, "robot": ROBOT, "client_id": town.sandbox.client_id}
    portal.control(town.sandbox, "automation", **rule)
    client = town.add(CONTACT, name="Терпеливый")
    deals = [town.add(DEAL, title=f"Договор {number}", contactId=client, opportunity=100 + number) for number in range(8)]

    with faults(town, *LOSSES, robot={"duplicated": 0.5}):
        for deal in deals:
            town.update(DEAL, deal, stageId=STAGE)
        for deal in deals:
            town.wait(f"deal {deal} has its answer", lambda deal=deal: {run["state"] for run in town.runs(deal)} == {"answered"}, 3 * LATE)

    assert {deal: len(town.documents(deal)) for deal in deals} == dict.fromkeys(deals, 1)


@pytest.mark.parametrize("order", [{"kind": "503"}, {"kind": "dropped"}])
def test_endless_trouble_is_told_and_passes(town: Town, order: dict[str, Any]) -> None:
    """While it lasts our page says so in a sentence; afterwards the mirror catches up by itself and the page is silent."""
    town.wait("the page is silent", lambda: not told(town), LATE)
    with faults(town, {**order, "count": None}):
        town.add(CONTACT, name="Пришёл не вовремя")
        troubles = town.wait("the page tells of it", lambda: told(town), LATE)

    assert troubles
    town.wait("the mirror equals the portal", lambda: not find_differences(town), LATE)
    town.wait("the page is silent", lambda: not told(town), LATE)


def test_full_disk_is_answered_503_and_passes(town: Town) -> None:
    """The web process says that nothing was saved, the worker waits; with room again both go on, without a restart."""
    before = pids(town)
    with small_files(list(before.values())):
        town.add(CONTACT, name="Не поместился")
        town.wait(
            "the post is refused", lambda: any("503" in letter["ERROR"] for letter in town.letters(KIND="event") if letter["ERROR"]), LATE
        )
    town.wait("the mirror equals the portal", lambda: not find_differences(town), LATE)
    assert pids(town) == before


def test_blocked_method_is_told(town: Town) -> None:
    """Ten minutes without one method: the page says which kind of trouble that is. The last story here: it stays blocked."""
    with faults(town, {"kind": "429", "count": None, "method": READ}):
        town.add(CONTACT, name="Пришёл не вовремя")
        told_of = town.wait("the page tells of it", lambda: told(town), LATE)

    assert len(told_of) == 1
    assert "метод" in told_of[0]


@contextmanager
def small_files(numbers: list[int]) -> Iterator[None]:
    """Let these processes, and those that they have started, write to no file beyond its first bytes: what a full disk does."""
    family = [*numbers, *(child for number in numbers for child in children_of(number))]
    usual = {number: resource.prlimit(number, resource.RLIMIT_FSIZE) for number in family}
    for number in family:
        resource.prlimit(number, resource.RLIMIT_FSIZE, (1, usual[number][1]))
    try:
        yield
    finally:
        for number, limits in usual.items():
            resource.prlimit(number, resource.RLIMIT_FSIZE, limits)


def children_of(number: int) -> list[int]:
    """Return the processes that a process has started."""
    done = subprocess.run(["ps", "--ppid", str(number), "-o", "pid="], capture_output=True, text=True, check=False)
    return [int(word) for word in done.stdout.split()]


def pids(town: Town) -> dict[str, int]:
    """Return the newest process of each kind, as the supervisor's log names them."""
    return {line["child"]: line["pid"] for line in town.log() if line["event"] == "child started"}


def told(town: Town) -> list[str]:
    """Return the troubles that the page of the mirror tells."""
    page = town.page(1).get("/sync")
    assert page.answer.status_code == 200, page.text
    return re.findall(r'<p class="note bad" role="alert">(.*?)<span', page.text, re.DOTALL)
