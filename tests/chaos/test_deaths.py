"""Workers that die for good, die of a job, or leave work of an older code behind: the next one finishes what can be finished."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from b24app.config import Config
from b24app.jobs import Job, list_jobs
from b24app.pursuit import MOST_DEATHS
from tests.postgres import running_postgres

pytestmark = pytest.mark.chaos

# A worker of jobs alone: `python -c WORKER directory jobs_url executor orders`; a file tells what its jobs did.
WORKER = """
import json, os, signal, sys, time
from pathlib import Path
from b24app.config import Config
from b24app.errors import BitrixBusy
from b24app.jobs import Jobs
from b24app.pursuit import Kind

directory, url, executor, orders = Path(sys.argv[1]), *sys.argv[2:]

def say(word):
    with (directory / "said").open("a") as file:
        file.write(word + "\\n")

def innocent(member_id, payload):
    say(f"start {payload['n']}")
    time.sleep(0 if (directory / "hurry").exists() else payload["seconds"])
    say(f"end {payload['n']}")

def poison(member_id, payload):
    say("poison")
    time.sleep(0.2)
    os.kill(os.getpid(), signal.SIGKILL)

def give_up(member_id, payload):
    say("given up")

def wait(member_id, payload):
    raise BitrixBusy("m", "QUERY_LIMIT_EXCEEDED", retry_after=600)

config = Config(client_id="c", client_secret="s", url="http://a", portals=("http://p",), data_dir=directory, jobs_url=url,
                executor_id=executor, jobs_per_portal=4)
kinds = {"innocent": Kind(innocent), "poison": Kind(poison, give_up), "wait": Kind(wait)}
jobs = Jobs(config, kinds)
jobs.start()
for kind, payload in json.loads(orders):
    jobs.enqueue(kind, "m1", payload, key=f"{kind}{payload['n']}")
say("ordered")
time.sleep(60)
"""

# What the first version of the app did with dbos: no note that an attempt began, another queue limit, the same names.
OLDER = """
import sys, time
from dbos import DBOS, SetEnqueueOptions, SetWorkflowID

url, directory = sys.argv[1:]
DBOS(config={"name": "b24app", "system_database_url": url, "application_version": "1", "executor_id": "worker-1", "log_level": "ERROR"})

def attempt(kind, payload):
    return {"verdict": "lost", "reason": "away", "at": time.time()}

def run_job(kind, member_id, payload):
    while True:
        outcome = DBOS.run_step({"name": "run"}, attempt, kind, payload)
        open(directory + "/tried", "w").close()
        time.sleep(60)

workflow = DBOS.workflow(name="run_job", max_recovery_attempts=20)(run_job)
DBOS.launch()
DBOS.register_queue("jobs", partition_concurrency=1, polling_interval_sec=0.1, on_conflict="always_update")
for n in (1, 2):
    with SetWorkflowID(f"m1:innocent:{n}"), SetEnqueueOptions(queue_partition_key="m1"):
        DBOS.enqueue_workflow("jobs", workflow, "innocent", "m1", {"n": n, "seconds": 0})
time.sleep(60)
"""

Orders = list[tuple[str, dict[str, float]]]


class Yard:
    """A directory, a jobs database, and the workers that come and go."""

    def __init__(self, directory: Path, url: str) -> None:
        self.directory, self.url = directory, url
        self.config = Config(client_id="c", client_secret="s", url="http://a", portals=("http://p",), data_dir=directory, jobs_url=url)
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self, executor: str, orders: Orders) -> subprocess.Popen[bytes]:
        """Start a worker under a name; it orders these jobs."""
        return self.run(WORKER, str(self.directory), self.url, executor, json.dumps(orders))

    def run(self, code: str, *words: str) -> subprocess.Popen[bytes]:
        """Start some Python."""
        process = subprocess.Popen([sys.executable, "-c", code, *words], env={**os.environ, "PYTHONPATH": str(Path.cwd())})
        self.running.append(process)
        return process

    def said(self) -> list[str]:
        """Return what the jobs said so far."""
        path = self.directory / "said"
        return path.read_text().splitlines() if path.exists() else []

    def jobs(self, state: str) -> list[Job]:
        """Return the jobs as the command shows them."""
        return list_jobs(self.config, "m1", state=state)

    def wait(self, is_so: Callable[[], bool], seconds: float = 180) -> None:
        """Return when it is so."""
        deadline = time.monotonic() + seconds
        while not is_so():
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.1)

    def close(self) -> None:
        """Kill whatever still runs."""
        for process in self.running:
            process.kill()
            process.wait()


@pytest.fixture(params=("sqlite", "postgresql"))
def yard(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Yard]:
    """Give a yard on either database."""
    if request.param == "sqlite":
        made = Yard(tmp_path, "")
        yield made
        made.close()
        return
    with running_postgres() as url:
        made = Yard(tmp_path, url)
        yield made
        made.close()


def test_poison_is_set_aside_alone(yard: Yard) -> None:
    """A job that kills its worker is given up after a few deaths; those that ran beside it come to their end."""
    orders: Orders = [("innocent", {"n": n, "seconds": 0.5}) for n in range(3)]
    orders = [*orders[:2], ("poison", {"n": 0}), orders[2]]

    deaths = 0
    while "given up" not in yard.said():
        if yard.start("worker-1", orders).wait(180) == -signal.SIGKILL:
            deaths += 1
        assert deaths <= MOST_DEATHS
        if deaths == MOST_DEATHS:
            yard.start("worker-1", [])
            yard.wait(lambda: "given up" in yard.said())
    yard.wait(lambda: len(yard.jobs("done")) == 3)

    [failed] = yard.jobs("failed")
    assert (deaths, yard.said().count("poison"), failed.kind) == (MOST_DEATHS, MOST_DEATHS, "poison")
    assert f"took its worker down {MOST_DEATHS} times" in failed.reason


def test_work_of_a_worker_that_is_gone_is_taken_over(yard: Yard) -> None:
    """What one has begun, waits with, or has not looked at is done by another of another name."""
    first = yard.start("worker-1", [("innocent", {"n": n, "seconds": 600}) for n in range(8)])
    yard.wait(lambda: sum(word.startswith("start") for word in yard.said()) == 4 and "ordered" in yard.said())
    first.kill()
    first.wait()

    (yard.directory / "hurry").touch()
    yard.start("worker-2", [])

    yard.wait(lambda: len(yard.jobs("done")) == 8)
    assert sorted(word for word in yard.said() if word.startswith("end")) == [f"end {n}" for n in range(8)]


def test_job_of_an_older_version_is_finished(yard: Yard) -> None:
    """What the first version of the code has begun, and what it has only taken in, comes to its end under this one."""
    url = yard.url or f"sqlite:///{yard.directory / 'jobs.db'}"
    older = yard.run(OLDER, url, str(yard.directory))
    yard.wait((yard.directory / "tried").exists)
    older.kill()
    older.wait()

    yard.start("worker-1", [])

    yard.wait(lambda: len(yard.jobs("done")) == 2)
    assert sorted(word for word in yard.said() if word.startswith("end")) == ["end 1", "end 2"]
