"""One budget a portal, whoever asks: web process, worker, command. Real files, real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from b24app.bitrix.budget import Budget, Budgets, budget_file
from b24app.bitrix.limits import BULK, INTERACTIVE, ORDINARY, Manner, Pace
from b24app.bitrix.state import BODY_AT
from b24app.errors import BitrixBusy

HOUR = 3600.0
NOON = 500_000 * HOUR


class Clock:
    """Says what the test says."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Noon."""
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the budget lies."""
    return tmp_path / "p.budget"


@pytest.fixture
def two(path: Path, clock: Clock) -> Iterator[tuple[Budget, Budget]]:
    """Two processes' budgets of one portal."""
    made = Budget(Pace(5, 1), clock, path), Budget(Pace(5, 1), clock, path)
    yield made
    for budget in made:
        budget.close()


def test_processes_share_one_bucket(two: tuple[Budget, Budget], clock: Clock) -> None:
    """What one books the other counts."""
    web, worker = two

    assert [budget.reserve(9) for budget in (web, worker, web, worker, web, worker, web)] == [0, 0, 0, 0, 0, 1, 2]
    clock.now += 3
    assert worker.reserve(9) == 0


def test_refusal_is_learned_by_all(two: tuple[Budget, Budget]) -> None:
    """A 503 that the worker got makes the web process wait."""
    web, worker = two
    worker.busy(BitrixBusy("batch", "QUERY_LIMIT_EXCEEDED", "", 503))

    assert web.reserve(9) == 1.0
    assert web.read().refused("503") == 1


def test_resting_method_rests_for_all_and_others_go_on(two: tuple[Budget, Budget]) -> None:
    """The answer says until when; who asks for a person goes on longer than a mass read."""
    web, worker = two
    known = web.busy(BitrixBusy("x.list", "OPERATION_TIME_LIMIT", "", 429))
    web.note([("y.list", {"operating": 400, "operating_reset_at": NOON + 90, "processing": 3})])

    resting = {method: error.retry_after for method, error in worker.find_resting({"x.list", "y.list", "z.list"}, BULK).items()}
    assert (known.retry_after, resting) == (600.0, {"x.list": 600.0, "y.list": 90.0})
    assert set(worker.find_resting({"x.list", "y.list"}, INTERACTIVE)) == {"x.list"}


def test_pause_holds_mass_reads_only(two: tuple[Budget, Budget]) -> None:
    """Robots and frames go on while synchronisation is paused."""
    web, worker = two
    web.be(Manner(paused=True))

    with pytest.raises(BitrixBusy, match="paused"):
        worker.ask(BULK)
    web.be(Manner())
    assert worker.ask(BULK) == 0
    web.be(Manner(paused=True))
    assert worker.reserve(1) == 0


def test_report_counts_the_day(two: tuple[Budget, Budget], clock: Clock) -> None:
    """Requests by lane and hour, seconds by method; what is older than a day is forgotten."""
    web, worker = two
    for budget, spent in ((web, 1.5), (worker, 2.0)):
        budget.reserve(9)
        budget.note([("x.list", {"operating": spent, "operating_reset_at": clock.now + 600, "processing": spent})])
    clock.now += 2 * HOUR
    worker.ask(BULK)
    worker.note([("x.list", {"operating": 1.0, "operating_reset_at": clock.now + 600, "processing": 1.0})])

    report = web.read()
    hours = report.hours[-3:]
    assert [(hour.requests.get("interactive"), hour.requests.get("bulk")) for hour in hours] == [
        (2, None),
        (None, None),
        (None, 1),
    ]
    assert (len(report.hours), report.requests(), report.requests("bulk"), report.level) == (24, 3, 1, 1)
    assert [(method.name, method.now, method.of_day, method.rests_until) for method in report.methods] == [("x.list", 1.0, 4.5, 0)]

    clock.now += 23 * HOUR
    assert web.read().requests() == 1


@pytest.mark.parametrize("damage", [b"", b"nonsense", b"\0" * 4096, None])
def test_torn_file_is_an_empty_bucket(path: Path, damage: bytes | None, clock: Clock) -> None:
    """Whatever is found in the file, the next reservation is made; a torn ledger costs the counts alone."""
    first = Budget(Pace(2, 1), clock, path)
    first.reserve(9), first.reserve(9)
    first.note([("x.list", {"processing": 1})])
    first.close()
    whole = path.read_bytes()
    path.write_bytes(damage if damage is not None else whole[: BODY_AT + 12] + b"!" + whole[BODY_AT + 13 :])

    second = Budget(Pace(2, 1), clock, path)
    assert second.reserve(9) == (0 if damage is not None else 1.0)
    assert second.read().requests() == 1
    second.close()


def test_removed_file_is_made_anew(two: tuple[Budget, Budget], path: Path) -> None:
    """A portal that left and came back: both processes use the new file, not the one that has no name."""
    web, worker = two
    web.reserve(9)
    path.unlink()

    assert [web.reserve(9) for _ in range(5)] == [0] * 5
    assert worker.reserve(9) == 1.0


def test_killed_holder_leaves_no_lock(path: Path) -> None:
    """A process that dies inside the lock holds up nobody."""
    code = f"""
import time
from pathlib import Path
from b24app.bitrix.state import State
with State(Path({str(path)!r})).hold():
    print("held", flush=True)
    time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        threading.Timer(0.2, os.kill, (holder.pid, signal.SIGKILL)).start()
        budget = Budget(Pace(2, 1), path=path)
        begun = time.monotonic()
        assert budget.reserve(9) == 0
        assert 0.1 < time.monotonic() - begun < 10
        budget.close()


def test_many_processes_together_never_overbook(path: Path) -> None:
    """Three processes with threads, as fast as they can: exactly the capacity goes at once."""
    code = f"""
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from b24app.bitrix.budget import Budget
from b24app.bitrix.limits import Pace
budget = Budget(Pace(100, 0.001), path=Path({str(path)!r}))
with ThreadPoolExecutor(4) as pool:
    print(sum(pool.map(lambda _: budget.reserve(0.5) == 0, range(200))))
"""
    with ThreadPoolExecutor(3) as pool:
        runs = [pool.submit(subprocess.run, [sys.executable, "-c", code], capture_output=True, text=True, check=True) for _ in range(3)]

    assert sum(int(run.result().stdout) for run in runs) == 100


def test_reservation_costs_next_to_nothing(path: Path) -> None:
    """Far less than a request, with a day's counts in the file."""
    budget = Budget(Pace(1e9, 1), path=path)
    for number in range(40):
        budget.note([(f"method.{number}.list", {"processing": 1, "operating": 1, "operating_reset_at": 9e9})])
    begun = time.perf_counter()
    for _ in range(1000):
        budget.reserve(1)
    seconds = time.perf_counter() - begun
    budget.close()

    assert seconds < 1.0  # a millisecond each, on the slowest machine; some ten microseconds on an ordinary one


def test_budgets_are_by_address(tmp_path: Path) -> None:
    """Who speaks to the same portal shares its file, by token or by webhook; a licence that becomes known changes the pace."""
    budgets = Budgets(tmp_path)

    assert budgets.of("https://a.bitrix24.ru") is budgets.of("https://a.bitrix24.ru")
    assert budgets.of("https://a.bitrix24.ru").pace == ORDINARY
    assert budgets.of("https://a.bitrix24.ru", "ent").pace.capacity == 250
    budgets.of("http://127.0.0.1:8024").reserve(1)
    assert [file.name for file in tmp_path.iterdir()] == [budget_file("http://127.0.0.1:8024")] == ["127.0.0.1_8024.budget"]
    budgets.close()
