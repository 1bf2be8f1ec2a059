"""The worker's rounds: every portal gets its turn, and one in trouble holds up nobody."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from b24app import worker as worker_module
from b24app.bitrix.budget import Budgets
from b24app.config import Config
from b24app.context import Context, Portal, Viewer
from b24app.errors import BitrixBusy, BitrixGone, BitrixLost, NotFound
from b24app.portals import registry
from b24app.portals.troubles import Watch
from b24app.store.changes import count_changes
from b24app.store.inbox import Inbox, InboxReader
from b24app.store.mirror import PortalStores
from b24app.store.settings import AppStore
from b24app.worker import Desk, Worker, is_alive


@dataclass
class FakeJobs:
    """Remembers what was ordered; what is over is for the test to say."""

    ordered: list[tuple[str, str, str]] = field(default_factory=list)
    pruned: list[float] = field(default_factory=list)
    over: bool = True
    runs: bool = False
    starts: int = 0

    def start(self) -> None:
        """Begin."""
        self.runs = True
        self.starts += 1

    def stop(self) -> None:
        """End."""
        self.runs = False

    def count_states(self) -> dict[str, int]:
        """Count nothing."""
        return {"waiting": len(self.ordered)}

    def enqueue(self, kind: str, member_id: str, payload: dict[str, Any], key: str = "") -> str:
        """Remember an order."""
        self.ordered.append((kind, member_id, key))
        return key

    def prune(self, before: float) -> int:
        """Remember that upkeep was done."""
        self.pruned.append(before)
        return 0

    def is_over(self, job_id: str) -> bool:
        """Answer what the test said."""
        return self.over


class House:
    """A worker over real stores; `drains` says what happens when a portal is drained."""

    def __init__(self, data_dir: Path) -> None:
        self.app_store, self.stores, self.inbox = AppStore(data_dir / "app.db"), PortalStores(data_dir), Inbox(data_dir / "inbox.db")
        self.at = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
        self.jobs, self.removed = FakeJobs(), list[str]()
        self.config = Config(client_id="c", client_secret="s", url="http://a", portals=("http://p",), data_dir=data_dir, poll_seconds=0.01)
        jobs: Any = self.jobs
        reader, self.budgets = InboxReader(data_dir / "inbox.db"), Budgets()
        self.desk = Desk(self.config, self.app_store, reader, jobs, self.context, self.remove, Watch(self.app_store, self.budgets))
        self.worker = Worker(self.desk)
        self.drained: list[str] = []
        self.trouble: dict[str, Exception] = {}

    def add(self, member_id: str, state: str = "installed") -> None:
        """Add a portal."""
        registry.save_portal(self.app_store, Portal(member_id, f"https://{member_id}.bitrix24.ru", state))

    def context(self, portal: Portal) -> Context:
        """Return a context without a portal behind it."""
        nothing: Any = None
        store = self.stores.writer(portal.member_id)
        return Context(portal, Viewer.system(), self.config, self.app_store, store, nothing, nothing, clock=lambda: self.at)

    def orders(self, *kinds: str) -> list[tuple[str, str]]:
        """Return what was ordered of these kinds, and for whom."""
        return [order[:2] for order in self.jobs.ordered if order[0] in kinds]

    def remove(self, member_id: str) -> None:
        """Remember who was removed."""
        self.removed.append(member_id)
        self.app_store.remove_portal(member_id)

    def drain(self, ctx: Context) -> int:
        """Stand in for the drain."""
        self.drained.append(ctx.portal.member_id)
        if ctx.portal.member_id in self.trouble:
            raise self.trouble[ctx.portal.member_id]
        return 0

    def rounds(self, count: int = 1) -> None:
        """Go round so many times, each to its end."""
        for _ in range(count):
            with ThreadPoolExecutor(2) as pool:
                self.worker.look_round(pool)

    def close(self) -> None:
        """Close all."""
        self.desk.reader.close()
        self.inbox.close()
        self.stores.close()
        self.app_store.close()


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """Give a house whose drain is a stand-in."""
    made = House(tmp_path)
    monkeypatch.setattr(worker_module, "drain", made.drain)
    yield made
    made.close()


def test_what_came_in_becomes_changes_and_jobs(house: House) -> None:
    """An event becomes a change to read, a command and a robot's call become jobs under their keys."""
    house.add("m1", "installing")
    house.inbox.append("event", "m1", {"name": "ONCRMDEALUPDATE", "entity_id": 7})
    house.inbox.append("command", "m1", {"name": "install"}, key="install:1")

    house.rounds(2)

    assert house.jobs.ordered == [("install", "m1", "install:1")]
    assert count_changes(house.stores.writer("m1")) == 1


@pytest.mark.parametrize("error", [BitrixBusy("m", "", retry_after=600), BitrixLost("m", ""), OSError("disk"), RuntimeError("defect")])
def test_portal_in_trouble_rests_alone(house: House, error: Exception) -> None:
    """The others are drained in every round; what comes in for the resting one is still taken in."""
    house.add("m1", "installing")
    house.add("m2", "installing")
    house.trouble["m1"] = error

    house.rounds(2)
    house.inbox.append("command", "m1", {"name": "sweep"}, key="k")
    house.rounds()

    assert sorted(house.drained) == ["m1", "m2", "m2", "m2"]
    assert house.jobs.ordered == [("sweep", "m1", "k")]


def test_portal_that_is_gone_is_dismissed(house: House) -> None:
    """After BitrixGone the portal has no turn any more."""
    house.add("m1")
    house.trouble["m1"] = BitrixGone("m", "APPLICATION_NOT_FOUND")

    house.rounds(3)

    assert house.drained == ["m1"]
    with pytest.raises(NotFound):
        registry.get_portal(house.app_store, "m1")


def test_portal_that_came_back_is_not_dismissed(house: House) -> None:
    """A late BitrixGone of the old tokens does not end a new installation."""
    house.add("m1")
    old = registry.get_portal(house.app_store, "m1")
    registry.save_portal(house.app_store, replace(old, state="installing"))

    worker_module.let_go(house.app_store, old, BitrixGone("m", ""))

    assert registry.get_portal(house.app_store, "m1").state == "installing"


def test_leaver_who_wants_nothing_kept_is_removed(house: House) -> None:
    """Only the one that ticked "clean" is removed."""
    for member_id in ("m1", "m2"):
        house.add(member_id)
        house.app_store.save_setting(member_id, registry.CLEAN, member_id == "m2")
        registry.dismiss(house.app_store, member_id)

    house.rounds(2)

    assert house.removed == ["m2"]
    assert registry.list_leavers(house.app_store, 0.0) == []


def test_leaver_who_does_not_come_back_is_removed_in_the_end(house: House) -> None:
    """What is kept of a portal that has left is kept for KEEP_DAYS."""
    house.add("m1")
    registry.dismiss(house.app_store, "m1")

    house.rounds()
    kept = list(house.removed)
    house.app_store.save_setting("m1", registry.LEFT_AT, 1.0)
    house.rounds()

    assert (kept, house.removed) == ([], ["m1"])


@pytest.mark.parametrize("code", ["invalid_grant", "no_tokens"])
def test_portal_whose_tokens_are_dead_waits_for_new_ones(house: House, code: str) -> None:
    """It is not dismissed: its posts are taken in, nothing that is kept is lost, and it is said once."""
    house.add("m1")

    for _ in range(2):
        worker_module.let_go(house.app_store, registry.get_portal(house.app_store, "m1"), BitrixGone("m", code))

    assert registry.get_portal(house.app_store, "m1").state == registry.LOST
    assert [row["about"] for row in house.app_store.list_notes("m1", {}, 10)[0]] == ["lost"]


def test_leaver_is_removed_only_when_nobody_works_in_its_file(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A drain that has begun comes to its end first."""
    house.add("m1")
    house.app_store.save_setting("m1", registry.CLEAN, True)
    may_end = threading.Event()
    monkeypatch.setattr(worker_module, "drain", lambda ctx: int(not may_end.wait(10)))
    with ThreadPoolExecutor(1) as pool:
        house.worker.look_round(pool)
        registry.dismiss(house.app_store, "m1")
        house.worker.look_round(pool)
        while_working = list(house.removed)
        may_end.set()
    house.rounds()

    assert (while_working, house.removed) == ([], ["m1"])


def test_sweep_is_ordered_once_a_slot(house: House) -> None:
    """Installed portals are swept every sweep_seconds, not again while the last sweep runs, and refreshed once a day."""
    house.add("m1")
    house.add("m2", "installing")

    house.rounds(3)
    first = house.orders("sweep", "refresh")
    house.at = house.at.replace(minute=10)
    house.jobs.over = False
    house.rounds()
    house.jobs.over = True
    house.rounds()

    assert first == [("sweep", "m1"), ("refresh", "m1")]
    assert house.orders("sweep", "refresh")[2:] == [("sweep", "m1")]


def test_new_day_refreshes(house: House) -> None:
    """Rules with days in them change at midnight in the portal's own time."""
    house.add("m1")
    house.rounds()

    house.at = house.at.replace(day=2)
    house.rounds()

    assert [key for kind, _, key in house.jobs.ordered if kind == "refresh"] == ["refresh:2026-03-01", "refresh:2026-03-02"]


def test_worker_shows_life_and_stops(house: House) -> None:
    """It starts the jobs, shows signs of life, and ends when it is asked to."""
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(house.worker.run)
        wait_for(lambda: is_alive(house.config.data_dir, time.time()))
        house.worker.stop()
        running.result(60)

    assert not house.jobs.runs
    assert not is_alive(house.config.data_dir, time.time() + 60)


def test_second_worker_stands_by_and_takes_over(house: House) -> None:
    """Only one works in a directory; another one begins when the first has ended."""
    second = Worker(house.desk)
    with ThreadPoolExecutor(2) as pool:
        first_run = pool.submit(house.worker.run)
        wait_for(lambda: house.jobs.starts == 1)
        second_run = pool.submit(second.run)
        time.sleep(0.3)
        while_first_works = house.jobs.starts
        house.worker.stop()
        first_run.result(5)
        wait_for(lambda: house.jobs.starts == 2)
        second.stop()
        second_run.result(5)

    assert while_first_works == 1


def test_old_jobs_are_forgotten_once_a_day(house: House) -> None:
    """At the start, then not again before tomorrow."""
    with ThreadPoolExecutor(1) as pool:
        for _ in range(3):
            house.worker._tidy(pool)

    assert [time.time() - before > 29 * 86400 for before in house.jobs.pruned] == [True]


def test_trouble_is_told_while_it_lasts(house: House) -> None:
    """What keeps a portal's work from going on can be read by the pages, until it goes well again."""
    house.add("m1")
    house.trouble["m1"] = sqlite3.OperationalError("full")
    house.trouble["m1"].sqlite_errorcode = sqlite3.SQLITE_FULL  # type: ignore[attr-defined]
    budget = house.budgets.of("https://m1.bitrix24.ru")

    house.rounds()
    told = {source: trouble.code for source, trouble in budget.read().troubles.items()}
    house.trouble.clear()
    house.worker._lanes["m1"].rests_until = 0.0
    house.rounds(2)

    assert (told, budget.read().troubles) == ({"drain": "disk"}, {})


def wait_for(is_so: Callable[[], bool]) -> None:
    """Return when it is so, fail after a while."""
    deadline = time.monotonic() + 120
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)
