"""Durable jobs: done at least once whatever is killed, tried again when that may help, set aside when it cannot."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy

from b24app import attempts
from b24app.attempts import find_pause, judge
from b24app.config import Config
from b24app.errors import BitrixBusy, BitrixError, BitrixGone, BitrixLost, Mistaken, NotFound, Refused
from b24app.jobs import Job, Jobs, list_jobs
from b24app.pursuit import Kind

START = """
import sys, time
from pathlib import Path
from b24app.config import Config
from b24app.jobs import Jobs
from b24app.pursuit import Kind

done = Path(sys.argv[1]) / "done"

def slow(member_id, payload):
    with done.open("a") as file:
        file.write(f"start {payload['n']}\\n")
    time.sleep(float(sys.argv[2]))
    with done.open("a") as file:
        file.write(f"end {payload['n']}\\n")

config = Config(client_id="c", client_secret="s", url="http://a", portals=("http://p",), data_dir=Path(sys.argv[1]), jobs_per_portal=8)
jobs = Jobs(config, {"slow": Kind(slow)})
jobs.start()
for n in range(6):
    jobs.enqueue("slow", "m1", {"n": n}, key=f"k{n}")
print("ready", flush=True)
time.sleep(60)
"""

Work = Callable[[str, dict[str, Any]], None]


class Bench:
    """Jobs with kinds that a test gives, and what they were called with."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.calls: list[tuple[str, Any]] = []
        self.jobs: Jobs | None = None

    def start(self, work: Work, give_up: Work | None = None, **settings: Any) -> Jobs:
        """Start a queue whose kind `work` remembers its calls before it works."""

        def remember(member_id: str, payload: dict[str, Any]) -> None:
            self.calls.append((member_id, payload.get("n")))
            work(member_id, payload)

        values = {"client_id": "c", "client_secret": "s", "url": "http://a", "portals": ("http://p",), "data_dir": self.data_dir}
        self.jobs = Jobs(Config(**{**values, **settings}), {"work": Kind(remember, give_up)})
        self.jobs.start()
        return self.jobs

    def stop(self) -> None:
        """Stop what runs."""
        if self.jobs is not None:
            self.jobs.stop(grace=2)
            self.jobs = None

    def wait(self, state: str, count: int = 1, member_id: str = "m1") -> list[Job]:
        """Return the portal's jobs when so many have this state."""
        assert self.jobs is not None
        deadline = time.monotonic() + 120
        while len(found := self.jobs.list(member_id, state=state)) < count:
            assert time.monotonic() < deadline, self.jobs.list(member_id)
            time.sleep(0.02)
        return found


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Give a bench; whatever it started is stopped."""
    made = Bench(tmp_path)
    yield made
    made.stop()


def nothing(member_id: str, payload: dict[str, Any]) -> None:
    """Work without trouble."""


def test_job_is_picked_up_at_once(bench: Bench) -> None:
    """A robot's call must not wait: from order to work in well under a second."""
    began: list[float] = []
    jobs = bench.start(lambda member_id, payload: began.append(time.monotonic()))
    jobs.enqueue("work", "m1", {"n": 0}, key="warm")
    bench.wait("done")

    ordered = time.monotonic()
    jobs.enqueue("work", "m1", {"n": 1}, key="a")
    bench.wait("done", 2)

    assert began[1] - ordered < 0.5


def test_same_key_is_the_same_job(bench: Bench) -> None:
    """A key that comes twice, even after the job is done, is done once."""
    jobs = bench.start(nothing)
    first = jobs.enqueue("work", "m1", {"n": 1}, key="token")
    bench.wait("done")

    again = jobs.enqueue("work", "m1", {"n": 2}, key="token")
    jobs.enqueue("work", "m2", {"n": 3}, key="token")
    bench.wait("done", member_id="m2")

    assert again == first
    assert bench.calls == [("m1", 1), ("m2", 3)]


def test_key_is_not_readable_in_the_id(bench: Bench) -> None:
    """An event_token is a secret; a job's id is written to the log."""
    assert "token" not in bench.start(nothing).enqueue("work", "m1", {}, key="the-event-token")


def test_passing_trouble_is_tried_again(bench: Bench) -> None:
    """Busy and lost come back until the work is done."""
    errors = [BitrixBusy("m", "QUERY_LIMIT_EXCEEDED", retry_after=0.5), BitrixLost("m", ""), ConnectionResetError()]

    def stumble(member_id: str, payload: dict[str, Any]) -> None:
        if errors:
            raise errors.pop(0)

    bench.start(stumble).enqueue("work", "m1", {})

    bench.wait("done")
    assert len(bench.calls) == 4


def test_refusal_is_not_tried_again(bench: Bench) -> None:
    """What a person must mend fails at once, with the reason, and is given up in order."""
    given_up: list[dict[str, Any]] = []

    def refuse(member_id: str, payload: dict[str, Any]) -> None:
        raise Mistaken("The deal has no client", "В сделке нет клиента")

    jobs = bench.start(refuse, give_up=lambda member_id, payload: given_up.append(payload))
    jobs.enqueue("work", "m1", {"n": 7})

    [job] = bench.wait("failed")
    assert (job.kind, job.member_id, job.reason) == ("work", "m1", "Mistaken: The deal has no client")
    assert (len(bench.calls), given_up) == (1, [{"n": 7}])


def test_unforeseen_error_is_tried_a_few_times(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect is tried again a little, then set aside where it can be seen."""
    monkeypatch.setattr(attempts, "UNKNOWN_PAUSES", (0.01, 0.01))

    def stumble(member_id: str, payload: dict[str, Any]) -> None:
        raise KeyError("STAGE_ID")

    bench.start(stumble).enqueue("work", "m1", {})

    [job] = bench.wait("failed")
    assert (len(bench.calls), job.reason) == (3, "KeyError: 'STAGE_ID'")


def test_unknown_kind_fails(bench: Bench) -> None:
    """A command that nobody knows is set aside with its name."""
    bench.start(nothing).enqueue("format_disk", "m1", {})

    [job] = bench.wait("failed")
    assert "format_disk" in job.reason


def test_another_process_may_look(bench: Bench) -> None:
    """The commands list the worker's jobs from outside; a job that is not known is over."""
    jobs = bench.start(nothing)
    job_id = jobs.enqueue("work", "m1", {"n": 1})
    bench.wait("done")

    assert [job.id for job in list_jobs(jobs._config, "m1", state="done")] == [job_id]
    assert list_jobs(jobs._config, "m2") == []
    assert (jobs.is_over(job_id), jobs.is_over("")) == (True, True)


def test_patience_ends(bench: Bench) -> None:
    """A portal that stays busy for longer than the patience fails the job."""

    def stumble(member_id: str, payload: dict[str, Any]) -> None:
        raise BitrixBusy("m", "OPERATION_TIME_LIMIT", retry_after=600)

    bench.start(stumble, job_patience_hours=0.1).enqueue("work", "m1", {})

    [job] = bench.wait("failed")
    assert "OPERATION_TIME_LIMIT" in job.reason


def test_portals_do_not_starve_each_other(bench: Bench) -> None:
    """While one portal's jobs fill its lane or wait for it, another portal's job is done."""
    release = threading.Event()

    def work(member_id: str, payload: dict[str, Any]) -> None:
        if member_id == "slow":
            release.wait(120)
        if member_id == "busy":
            raise BitrixBusy("m", "", retry_after=600)

    jobs = bench.start(work, job_threads=3, jobs_per_portal=2)
    for number in range(8):
        jobs.enqueue("work", "slow", {"n": number})
        jobs.enqueue("work", "busy", {"n": number})
    while len(bench.calls) < 4:
        time.sleep(0.02)

    jobs.enqueue("work", "m1", {"n": 1})
    bench.wait("done")
    running = len([call for call in bench.calls if call[0] == "slow"])
    release.set()
    bench.wait("done", 8, "slow")

    assert running == 2


def test_waiting_job_goes_on_in_the_next_worker(bench: Bench) -> None:
    """A stop does not wait for a job that sleeps, and the next worker takes it up."""
    first = bench.start(lambda member_id, payload: (_ for _ in ()).throw(BitrixBusy("m", "", retry_after=3)))
    first.enqueue("work", "m1", {"n": 1})
    while not bench.calls:
        time.sleep(0.02)
    stopped = time.monotonic()
    time.sleep(0.3)
    bench.stop()
    assert time.monotonic() - stopped < 3

    bench.start(nothing)

    [job] = bench.wait("done")
    assert (job.state, len(bench.calls)) == ("done", 2)


def test_kill_loses_no_job(tmp_path: Path) -> None:
    """kill -9 in the middle of six jobs: after a restart each has come to its end."""
    command = [sys.executable, "-c", START, str(tmp_path)]
    done = tmp_path / "done"
    with subprocess.Popen([*command, "30"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        wait_for(lambda: done.exists() and done.read_text().count("start") >= 3)
        os.kill(process.pid, signal.SIGKILL)

    with subprocess.Popen([*command, "0.05"], stdout=subprocess.PIPE, text=True) as process:
        try:
            wait_for(lambda: len({line for line in done.read_text().splitlines() if line.startswith("end")}) == 6)
        finally:
            os.kill(process.pid, signal.SIGKILL)


def wait_for(is_so: Callable[[], bool]) -> None:
    """Return when it is so, fail after a while."""
    deadline = time.monotonic() + 120
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("error", "pauses"),
    [
        (BitrixBusy("m", "", retry_after=7), [7.0, 7.0, 7.0, 7.0]),
        (BitrixLost("m", ""), [1.0, 2.0, 4.0, 8.0]),
        (TimeoutError(), [1.0, 2.0, 4.0, 8.0]),
        (RuntimeError(), [5.0, 30.0, 120.0, None]),
        (BitrixGone("m", ""), [None] * 4),
        (BitrixError("m", "ERROR_CORE"), [None] * 4),
        (Mistaken("no"), [None] * 4),
        (Refused("no"), [None] * 4),
        (NotFound("no"), [None] * 4),
    ],
)
def test_pause_fits_the_error(error: Exception, pauses: list[float | None]) -> None:
    """Each error is answered by what its name says: put off, tried again, or given up."""
    outcome = judge(error)

    assert [find_pause(outcome, times) for times in range(4)] == pauses


def test_old_jobs_are_forgotten(bench: Bench) -> None:
    """Those that are over and were ordered before the moment; one that waits stays, however old."""

    def work(member_id: str, payload: dict[str, Any]) -> None:
        if payload["n"]:
            raise BitrixBusy("m", "", retry_after=600)

    jobs = bench.start(work)
    for number in range(3):
        jobs.enqueue("work", "m1", {"n": number})
    bench.wait("done")

    young, old = jobs.prune(time.time() - 60), jobs.prune(time.time() + 60)

    assert (young, old) == (0, 1)
    assert [job.state for job in jobs.list("m1")] == ["running", "running"]


def test_jobs_wait_while_the_disk_is_full(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    """What cannot be noted is noted later: no job ends with the disk's error, none is done again, none is forgotten."""
    is_full = threading.Event()

    def limit(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {1 if is_full.is_set() else 10**6}")  # 1: as large as it is

    def work(member_id: str, payload: dict[str, Any]) -> None:
        if payload["n"] == 0:
            is_full.set()
            threading.Timer(1.5, is_full.clear).start()

    sqlalchemy.event.listen(sqlalchemy.pool.Pool, "checkout", limit)
    try:
        jobs = bench.start(work)
        for number in range(150):
            jobs.enqueue("work", "m1", {"n": number})
        bench.wait("done", 50)
        deadline = time.monotonic() + 120
        while len(jobs.list("m1", limit=200, state="done")) < 150:
            assert time.monotonic() < deadline
            time.sleep(0.1)
    finally:
        sqlalchemy.event.remove(sqlalchemy.pool.Pool, "checkout", limit)

    assert sorted(number for _, number in bench.calls) == list(range(150))
    assert "jobs database" in caplog.messages
