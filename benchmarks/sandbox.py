"""How quick is the sandbox? Filling, starting, reading 50 keyset pages in one batch, counting, writing, over real HTTP.

Only against itself: peers are in its own lines (all fields or ids, counted or not). `--data DIR` measures a prepared directory.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import requests
from table import Row, options, show

ROOT = Path(__file__).resolve().parent.parent
SIZES = {"quick": (2_000, 10_000), "full": (200_000, 1_000_000)}
PAGES, PAGE = 50, 50
REPEATS = 5
GOALS = {"fill": 180.0, "start": 10.0, "batch": 1.0}


@dataclass
class Portal:
    """A running portal and what its calls cost."""

    about: dict[str, str]
    start_seconds: float
    session: requests.Session = field(default_factory=requests.Session)

    def call(self, method: str, **params: Any) -> Any:
        """Return the body of a method's answer; raise RuntimeError for a refusal."""
        body = self.session.post(self.about["webhook"] + method, json=params, timeout=600).json()
        if "error" in body:
            raise RuntimeError(f"{method}: {body}")
        return body

    def time(self, method: str, **params: Any) -> float:
        """Return the median seconds of a call, the body read."""
        return median(seconds_of(lambda: self.call(method, **params)) for _ in range(REPEATS))


def seconds_of(work: Callable[[], Any]) -> float:
    """Return how long a piece of work takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def prepare(data: Path, contacts: int, deals: int) -> float:
    """Fill a directory; return the seconds."""
    command = [sys.executable, "-m", "sandbox", "prepare", "--data", str(data), "--contacts", str(contacts), "--deals", str(deals)]
    return seconds_of(lambda: subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL))


@contextmanager
def running(data: Path) -> Iterator[Portal]:
    """Serve a directory; the seconds until the first line are the start."""
    command = [sys.executable, "-m", "sandbox", "serve", "--port", "0", "--limits", "none", "--data", str(data)]
    started = time.perf_counter()
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            portal = Portal(json.loads(process.stdout.readline()), time.perf_counter() - started)
            with portal.session:
                yield portal
        finally:
            process.terminate()


def chain(family: str, is_narrow: bool) -> dict[str, str]:
    """Return the commands of a batch that reads 50 pages, each after the last id of the page before."""
    is_item = family == "crm.item.list"
    key, place = ("id", "[items]") if is_item else ("ID", "")
    fixed = f"order[{key}]=ASC&start=-1" + ("&entityTypeId=2" if is_item else "") + (f"&select[]={key}" if is_narrow else "")
    after = ["0", *(f"$result[p{page}]{place}[{PAGE - 1}][{key}]" for page in range(PAGES - 1))]
    return {f"p{page}": f"{family}?{fixed}&filter[>{key}]={last}" for page, last in enumerate(after)}


def read_batches(portal: Portal) -> dict[str, float]:
    """Return the seconds of a batch of 50 keyset pages, by family and width."""
    found = {}
    for family in ("crm.item.list", "crm.deal.list"):
        for is_narrow in (False, True):
            cmd = chain(family, is_narrow)
            answered = portal.call("batch", halt=1, cmd=cmd)["result"]
            last = answered["result"][f"p{PAGES - 1}"]
            rows = last["items"] if isinstance(last, dict) else last
            assert not answered["result_error"]
            assert int(rows[-1].get("id") or rows[-1]["ID"]) >= PAGES * PAGE
            found[f"{family}, {'ids' if is_narrow else 'all fields'}"] = portal.time("batch", halt=1, cmd=cmd)
    return found


def add_deals(portal: Portal, count: int) -> float:
    """Return how many deals a second one client adds, a call each."""
    seconds = seconds_of(lambda: [portal.call("crm.deal.add", fields={"TITLE": f"Сделка {number}"}) for number in range(count)])
    return count / seconds


def measure(data: Path, filled: float | None) -> list[Row]:
    """Return all lines for a prepared directory."""
    with running(data) as portal:
        deals = portal.call("crm.deal.list", select=["ID"])["total"]
        rows = [Row("fill a new portal", deals, filled, "s", GOALS["fill"])] if filled is not None else []
        rows.append(Row("start, prepared before", deals, portal.start_seconds, "s", GOALS["start"]))
        rows += [Row(f"50 pages: {name}", deals, seconds, "s", GOALS["batch"]) for name, seconds in read_batches(portal).items()]
        rows += [Row(f"one page: {name}", deals, seconds, "s") for name, seconds in read_pages(portal, deals).items()]
        rows.append(Row("crm.deal.add, one by one", deals, add_deals(portal, 200), "calls/s"))
    return rows


def read_pages(portal: Portal, deals: int) -> dict[str, float]:
    """Return the seconds of single pages: what counting, skipping and searching cost."""
    plain = {"entityTypeId": 2, "select": ["id"]}
    return {
        "not counted": portal.time("crm.item.list", **plain, start=-1),
        "counted": portal.time("crm.item.list", **plain),
        "last, by offset": portal.time("crm.item.list", **plain, start=max(deals // PAGE - 1, 0) * PAGE),
        "substring, counted": portal.time("crm.item.list", **plain, filter={"%title": "кофе"}),
    }


def main() -> None:
    """Measure and print."""
    parser = options(__doc__ or "")
    parser.add_argument("--data", type=Path, help="a directory that was prepared before")
    asked = parser.parse_args()
    if asked.data:
        rows = measure(asked.data, None)
    else:
        folder = Path(tempfile.mkdtemp(prefix="sandbox-benchmark-"))
        try:
            rows = measure(folder, prepare(folder, *SIZES["quick" if asked.quick else "full"]))
        finally:
            shutil.rmtree(folder)
    show("sandbox", rows, asked.json)


if __name__ == "__main__":
    main()
