"""What every benchmark prints: a table for people, or one JSON object with --json."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass, field


@dataclass
class Row:
    """One measurement. `goal` is what it has to reach, None when there is none; `peers` are the same thing done by others."""

    name: str
    size: int
    value: float
    unit: str
    goal: float | None = None
    peers: dict[str, float] = field(default_factory=dict)


def options(about: str) -> argparse.ArgumentParser:
    """Return the options that every benchmark has."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--quick", action="store_true", help="seconds in place of minutes: shows that it runs, not how fast")
    parser.add_argument("--json", action="store_true", help="one JSON object in place of a table")
    return parser


def show(benchmark: str, rows: list[Row], as_json: bool) -> None:
    """Print the result."""
    if as_json:
        print(json.dumps({"benchmark": benchmark, "rows": [asdict(row) for row in rows]}))
        return
    print(f"{benchmark}\n{'':30} {'size':>9} {'value':>10} {'unit':9} {'goal':>8}  others")
    for row in rows:
        goal = "" if row.goal is None else f"{row.goal:g}"
        others = ", ".join(f"{name} {value:g}" for name, value in row.peers.items())
        print(f"{row.name:30} {row.size:>9} {row.value:>10.4g} {row.unit:9} {goal:>8}  {others}")
