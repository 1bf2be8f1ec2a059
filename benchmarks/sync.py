"""How fast does the mirror fill, for how many requests and how much memory; how fast does it follow ten thousand changes?

Ours is the worker's real first sync into a fresh store, against what the peers' documentation shows for reading whole lists, from one
portal over HTTPS, each in a process of its own: `--limits none` (how fast can it go), `cloud` (50 requests at once, then 2 a second)
and `counting` (no limits, but counting takes as long as the vendor has measured, 21 s a million records).
A size is clients (contacts and companies) and deals, one to three; leads come on top. `floor` is the time that the limiter alone takes
for the requests that the rows need at least, 2,500 a request. Our last lines fill every entity and count clients and segments, too.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from contest.contenders import CONTENDERS, OURS, PEERS, SWEEP, WHOLE
from contest.portals import LISTS, ROOT, Prepared, certificate, copied, prepare, serving
from table import Row, options

SIZES = (10_000, 85_000, 340_000, 1_000_000)
QUICK = (10_000,)
CHANGES_AT = 20_000  # size of the portal that is changed behind our back
CAPACITY, DRAIN = 50, 2  # of an ordinary cloud portal
A_REQUEST = 2_500  # rows
MOST = 180.0  # seconds that a run may be expected to take
COUNTING = tuple(name for name in PEERS if name.startswith("fast"))
LIMITER, RACE, MEMORY, FLAT, SWEEP_SECONDS, SWEEP_REQUESTS = 1.2, 3.0, 250.0, 1.25, 10.0, 30.0


@dataclass
class Run:
    """What one contender did with one portal; without `seconds` it was not run, `note` says why."""

    name: str
    limits: str
    size: int
    seconds: float = 0.0
    cpu: float = 0.0
    requests: int = 0
    memory: float = 0.0
    counts: dict[str, int] = field(default_factory=dict)
    steps: dict[str, float] = field(default_factory=dict)
    note: str = ""

    @property
    def rows(self) -> int:
        """How many records came."""
        return sum(self.counts.values())

    @property
    def floor(self) -> float:
        """The seconds that the limiter takes for the requests that are needed: 0 while the bucket has room for all."""
        needed = sum(math.ceil(count / A_REQUEST) for count in self.counts.values())
        return max(0.0, (needed - CAPACITY) / DRAIN) if self.limits == "cloud" else 0.0

    @property
    def of_ceiling(self) -> float:
        """Which part of the requests that the limiter would have let through were sent."""
        return self.requests / (CAPACITY + DRAIN * self.seconds)


@dataclass(frozen=True)
class Goal:
    """What was to be reached, and what was."""

    text: str
    size: int
    value: float
    unit: str
    goal: float
    is_met: bool


def run(name: str, prepared: Prepared, limits: str, size: int) -> Run:
    """Run one contender against a portal that was just started."""
    authority = str(certificate().authority)
    trust = {**os.environ, "REQUESTS_CA_BUNDLE": authority, "SSL_CERT_FILE": authority, "NO_PROXY": "*"}
    script = str(Path(__file__).parent / "contest" / "contenders.py")
    with serving(prepared.data, limits) as webhook:
        command = [sys.executable, script, name, webhook, "cloud" if limits == "cloud" else "none"]
        done = subprocess.run(command, cwd=ROOT, env=trust, capture_output=True, text=True, check=False)
    if done.returncode:
        return Run(name, limits, size, note=f"failed: {done.stderr.strip().splitlines()[-1]:.90}")
    return Run(name, limits, size, **json.loads(done.stdout))


def race(sizes: list[int], kinds: list[str], most: float) -> Iterator[Run]:
    """Run everybody on every size; who is expected to take too long, by his size before, is left out and said so."""
    before: dict[tuple[str, str], Run] = {}
    for size in sizes:
        prepared = prepare(size)
        for limits in kinds:
            for name in (name for name in CONTENDERS if name != SWEEP):
                known = before.get((name, limits))
                if known and name in PEERS and (not known.seconds or known.seconds * size / known.size > most):
                    counts = {what: prepared.counts[what] for what in LISTS}
                    done = Run(name, limits, size, counts=counts, note="not run: would take more than " + f"{most:.0f} s")
                else:
                    done = run(name, prepared, limits, size)
                before[name, limits] = done
                yield done


def follow(size: int) -> Run:
    """Change deals of a copy and let ours find them."""
    prepared = prepare(size)
    with copied(prepared.data) as copy:
        return run(SWEEP, Prepared(copy, prepared.counts), "none", size)


def judge(runs: list[Run]) -> Iterator[Goal]:
    """Hold what was measured against the goals."""
    done = {(one.name, one.limits, one.size): one for one in runs if one.seconds}
    for (name, limits, size), one in done.items():
        if name == OURS:
            yield from _judge_race(one, [done[peer, limits, size] for peer in PEERS if (peer, limits, size) in done])
        if name in (OURS, WHOLE) and limits == "cloud" and one.floor:
            ratio = one.seconds / one.floor
            yield Goal(f"{name}: times the limiter's floor", size, ratio, "x", LIMITER, ratio <= LIMITER)
        if name == SWEEP:
            yield Goal("changed deals followed", one.rows, one.seconds, "s", SWEEP_SECONDS, one.seconds < SWEEP_SECONDS)
            yield Goal("changed deals followed", one.rows, one.requests, "requests", SWEEP_REQUESTS, one.requests < SWEEP_REQUESTS)
    yield from _judge_memory([one for (name, _, _), one in done.items() if name in (OURS, WHOLE)])


def _judge_race(ours: Run, peers: list[Run]) -> Iterator[Goal]:
    if not peers:
        return
    fewest = min(peer.requests for peer in peers)
    yield Goal(f"{ours.limits}: requests, best peer's", ours.size, ours.requests, "requests", fewest, ours.requests <= fewest)
    for names, what in ((COUNTING, "that counts"), (PEERS, "of all")):
        if found := [peer.seconds for peer in peers if peer.name in names]:
            times = min(found) / ours.seconds
            yield Goal(f"{ours.limits}: faster than the best peer {what}", ours.size, times, "x", RACE, times >= RACE)


def _judge_memory(runs: list[Run]) -> Iterator[Goal]:
    for name in (OURS, WHOLE):
        found = {one.size: one.memory for one in runs if one.name == name}
        if found and max(found) >= A_REQUEST * CAPACITY:
            large = max(found)
            peak = max(one.memory for one in runs if one.name == name and one.size == large)
            yield Goal(f"{name}: peak memory", large, peak, "MB", MEMORY, peak < MEMORY)
            if (small := min((size for size in found if size >= 85_000), default=large)) < large:
                grown = peak / max(one.memory for one in runs if one.name == name and one.size == small)
                yield Goal(f"{name}: memory against {small:,}", large, grown, "x", FLAT, grown < FLAT)


def print_runs(runs: list[Run]) -> None:
    """Print the table for people, a line a run."""
    titles = f"{'requests':>8} {'seconds':>8} {'cpu s':>7} {'rows/s':>7} {'MB':>5} {'ceiling':>7} {'floor':>7}"
    print(f"sync\n{'':6} {'size':>9}  {'who':24} {'rows':>9} {titles}")
    print(
        f"load average {os.getloadavg()[1]:.1f} on {os.cpu_count()} processors: above their number, seconds say little and cpu seconds more"
    )
    for one in runs:
        head, floor = f"{one.limits:6} {one.size:>9,}  {one.name:24} {one.rows:>9,}", f"{one.floor:>5.1f} s" if one.floor else ""
        if one.note:
            print(f"{head} {one.note:55} {floor:>7}")
            continue
        cost = f"{one.requests:>8,} {one.seconds:>8.1f} {one.cpu:>7.1f} {one.rows / one.seconds:>7,.0f} {one.memory:>5.0f}"
        print(f"{head} {cost} {one.of_ceiling:>7.0%} {floor:>7}" if one.limits == "cloud" else f"{head} {cost}")


def print_goals(goals: list[Goal]) -> None:
    """Print what was to be reached."""
    print(f"\n{'goal':46} {'size':>9} {'value':>10} {'':9} {'goal':>8}")
    for goal in goals:
        print(f"{goal.text:46} {goal.size:>9,} {goal.value:>10.4g} {goal.unit:9} {goal.goal:>8g}  {'met' if goal.is_met else 'NOT MET'}")


def as_rows(runs: list[Run], goals: list[Goal]) -> Iterator[Row]:
    """Return the same as every benchmark gives it: ours with its peers, then the goals."""
    places = dict.fromkeys((one.limits, one.size) for one in runs if one.name == OURS)
    for limits, size in places:
        there = {one.name: one for one in runs if (one.limits, one.size) == (limits, size) and one.seconds}
        for what, unit in (("requests", "requests"), ("seconds", "s"), ("cpu", "s"), ("memory", "MB"), ("of_ceiling", "of the ceiling")):
            values: dict[str, float] = {name: getattr(one, what) for name, one in there.items()}
            if OURS in values and (what != "of_ceiling" or limits == "cloud"):
                yield Row(f"{limits}: {what}", size, values.pop(OURS), unit, None, values)
    for goal in goals:
        yield Row(goal.text, goal.size, goal.value, goal.unit, goal.goal)


def report(runs: list[Run], as_json: bool) -> None:
    """Print everything."""
    goals = list(judge(runs))
    if as_json:
        rows: list[dict[str, Any]] = [asdict(row) for row in as_rows(runs, goals)]
        print(json.dumps({"benchmark": "sync", "rows": rows}))
        return
    print_runs(runs)
    print_goals(goals)


def main() -> None:
    """Run it."""
    parser = options(__doc__ or "")
    parser.add_argument("--sizes", help="rows, as 10000,85000")
    parser.add_argument("--limits", default="none,cloud,counting", help="how the portal behaves, as none,cloud,counting")
    parser.add_argument("--most", type=float, default=MOST, help="seconds that a peer's run may be expected to take")
    parser.add_argument("--no-changes", action="store_true", help="leave the sweep behind ten thousand changes out")
    asked = parser.parse_args()
    sizes = [int(size) for size in asked.sizes.split(",")] if asked.sizes else list(QUICK if asked.quick else SIZES)
    runs: list[Run] = []
    for one in race(sizes, asked.limits.split(","), asked.most):
        runs.append(one)
        print(f"{one.limits} {one.size:,} {one.name}: {one.note or f'{one.seconds:.1f} s'}", file=sys.stderr, flush=True)
    if not (asked.quick or asked.no_changes):
        runs.append(follow(CHANGES_AT))
    report(runs, asked.json)


if __name__ == "__main__":
    main()
