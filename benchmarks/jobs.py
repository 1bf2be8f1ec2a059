"""How fast robot calls that come all at once are done: ordered one by one, done as durable jobs, on SQLite and on PostgreSQL.

The work itself is nothing, so what is measured is the queue: its commits, its looks for work, its turns.
"""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from table import Row, options, show

from b24app.config import Config
from b24app.jobs import Jobs
from b24app.pursuit import Kind
from tests.postgres import running_postgres
from tests.requires import BY_WORD


class Burst:
    """A queue and what came of it."""

    def __init__(self, jobs_url: str) -> None:
        self.began: dict[int, float] = {}
        self._came = threading.Condition()
        directory = Path(tempfile.mkdtemp())
        config = Config(client_id="c", client_secret="s", url="http://a", portals=("http://p",), data_dir=directory, jobs_url=jobs_url)
        self.jobs = Jobs(config, {"robot_call": Kind(self._work)})

    def _work(self, _: str, payload: dict[str, Any]) -> None:
        with self._came:
            self.began[payload["n"]] = time.monotonic()
            self._came.notify_all()

    def order(self, numbers: range) -> float:
        """Order jobs and wait until all have begun; return the seconds from the first order."""
        start = time.monotonic()
        for number in numbers:
            self.jobs.enqueue("robot_call", "m1", {"n": number}, key=str(number))
        self.ordered = time.monotonic() - start
        with self._came:
            self._came.wait_for(lambda: len(self.began) >= numbers.stop, timeout=600)
        return max(self.began[number] for number in numbers) - start


def measure(name: str, jobs_url: str, calls: int) -> Iterator[Row]:
    """Measure one database."""
    burst = Burst(jobs_url)
    burst.jobs.start()
    try:
        waits = sorted(burst.order(range(number, number + 1)) for number in range(10))
        yield Row(f"{name}: one call until it begins", 1, waits[5] * 1000, "ms", 500)
        seconds = burst.order(range(10, 10 + calls))
        yield Row(f"{name}: ordered", calls, calls / burst.ordered, "calls/s")
        yield Row(f"{name}: a burst until the last", calls, seconds, "s", calls / 1000 * 60)
    finally:
        burst.jobs.stop()


def main() -> None:
    """Run it."""
    asked = options(__doc__ or "").parse_args()
    calls = 200 if asked.quick else 1000
    with ExitStack() as stack:
        databases = {"sqlite": ""}
        if BY_WORD["postgres"].find():
            databases["postgresql"] = stack.enter_context(running_postgres())
        rows = [row for name, url in databases.items() for row in measure(name, url, calls)]
    show("jobs", rows, asked.json)


if __name__ == "__main__":
    main()
