"""How fast do segments answer: a count while somebody types, a hundred segments anew, one client that has changed?

    python benchmarks/segments.py [--quick] [--json]

Every size runs in a process of its own, so that its memory is its own. Clients have five deals each. Peers: DuckDB counts the same rule
over the same tables (when it is installed: requirements-dev.txt); "whole" is what one changed client costs when all are asked anew.
"""

from __future__ import annotations

import json
import logging
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from table import Row, options, show  # noqa: E402

from b24app.context import Context, Portal, Viewer  # noqa: E402
from b24app.segments.definitions import Definition, save  # noqa: E402
from b24app.segments.drafts import preview  # noqa: E402
from b24app.segments.membership import refresh  # noqa: E402
from b24app.store.database import open_writer  # noqa: E402
from b24app.store.migrations.mirror import MIGRATIONS  # noqa: E402
from b24app.store.mirror import PortalStore  # noqa: E402
from b24app.store.settings import AppStore  # noqa: E402

NAME = "segments"
SIZES, QUICK = (10_000, 100_000, 1_000_000), (2_000, 10_000)
DEALS, SEGMENTS, TYPED, CHANGED, PIECE = 5, 100, 10, 40, 50_000
TODAY = date(2025, 6, 15)
SMALL = 200_000  # up to here a preview has 100 ms, beyond it 500

FACTS = (
    {"key": "purchases", "kind": "count", "since": "", "words": {"title": "Purchases", "say": "{value}", "forms": []}},
    {"key": "revenue", "kind": "money", "since": "", "words": {"title": "Revenue", "say": "{value}", "forms": []}},
    {"key": "last_purchase", "kind": "date", "since": "", "words": {"title": "Last", "say": "{value}", "forms": []}},
    {
        "key": "days_since_purchase",
        "kind": "days",
        "since": "last_purchase",
        "words": {"title": "Days", "say": "{date} {value}", "forms": []},
    },
)


def fact(key: str, op: str, value: Any) -> dict[str, Any]:
    """Return a condition on a fact."""
    return {"criterion": "fact", "fact": key, "op": op, "value": value}


WON = {"criterion": "field", "field": "stageSemanticId", "op": "=", "value": "S"}
# What people type, and the same for DuckDB.
RULES: tuple[tuple[str, Any, str], ...] = (
    ("one fact", fact("purchases", ">=", 3), "SELECT COUNT(*) FROM m.client_fact WHERE purchases >= 3"),
    (
        "facts, AND OR NOT",
        {"all": [{"any": [fact("purchases", "=", 1), fact("revenue", ">", 400000)]}, {"not": fact("days_since_purchase", "<", 180)}]},
        "SELECT COUNT(*) FROM m.client_fact WHERE (purchases = 1 OR revenue > 400000) AND NOT last_purchase > '2024-12-17'",
    ),
    (
        "has a deal where",
        {"criterion": "deal", "where": {"all": [WON, {"criterion": "field", "field": "opportunity", "op": ">", "value": 90000}]}},
        "SELECT COUNT(DISTINCT client_key) FROM m.client_deal JOIN m.deal ON deal.id = deal_id WHERE stage_semantic_id = 'S' "
        "AND opportunity > 90000",
    ),
)


def fill(store: PortalStore, size: int) -> None:
    """Make the base: clients, deals, whose they are, facts."""
    chance = random.Random(1)
    with store.write() as db:
        for start in range(1, size + 1, PIECE):
            numbers = range(start, min(start + PIECE, size + 1))
            db.conn.executemany(
                "INSERT INTO contact (id, last_name, assigned_by_id) VALUES (?, ?, 1)", ((n, f"Client {n}") for n in numbers)
            )
            db.conn.executemany("INSERT INTO client_contact (contact_id, client_key) VALUES (?, ?)", ((n, f"C_{n}") for n in numbers))
            db.conn.executemany(
                "INSERT INTO client (key, kind, entity_id, title, responsible_id, search) VALUES (?, 'contact', ?, ?, 1, ?)",
                ((f"C_{n}", n, f"Client {n}", f"client {n}") for n in numbers),
            )
            rows = list(make_deals(chance, numbers))
            db.conn.executemany(
                "INSERT INTO deal (id, contact_id, stage_semantic_id, opportunity, closedate, currency_id) VALUES (?, ?, ?, ?, ?, 'RUB')",
                rows,
            )
            db.conn.executemany(
                "INSERT INTO client_deal (deal_id, client_key, state, amount, bought_on) VALUES (?, ?, ?, ?, ?)",
                ((number, f"C_{owner}", state, amount, day if state == "S" else None) for number, owner, state, amount, day in rows),
            )
        db.conn.execute(
            "INSERT INTO client_fact (client_key, purchases, revenue, last_purchase) SELECT client_key, COUNT(bought_on), "
            "COALESCE(SUM(CASE WHEN state = 'S' THEN amount END), 0), MAX(bought_on) FROM client_deal GROUP BY client_key"
        )
        db.conn.executemany(
            "INSERT INTO fact (key, position, kind, since, words) VALUES (?, ?, ?, ?, ?)",
            (
                (one["key"], n, one["kind"], one["since"], json.dumps({"ru": one["words"], "en": one["words"]}))
                for n, one in enumerate(FACTS)
            ),
        )


def make_deals(chance: random.Random, owners: Iterator[int] | range) -> Iterator[tuple[int, int, str, float, str]]:
    """Yield id, client, state, amount, day."""
    for owner in owners:
        for place in range(DEALS):
            day = TODAY - timedelta(days=int(chance.random() ** 2 * 1500))
            yield owner * DEALS + place, owner, "S" if chance.random() < 0.5 else "F", round(chance.random() * 100_000, 2), day.isoformat()


def measure(size: int) -> list[Row]:
    """Measure one size, in this process."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "m1.db"
        store, app_store = PortalStore(open_writer(path, MIGRATIONS), writable=True), AppStore(Path(directory) / "app.db")
        nothing: Any = None
        portal = Portal(member_id="m1", url="https://example.bitrix24.ru", time_zone="Europe/Moscow")
        log = logging.LoggerAdapter(logging.getLogger("bench"), {})
        now = datetime(TODAY.year, TODAY.month, TODAY.day, 9, tzinfo=UTC)
        ctx = Context(portal, Viewer.system(), nothing, app_store, store, nothing, log, clock=lambda: now)
        fill(store, size)
        rows = [*typed(ctx, path, size), *refreshed(ctx, size)]
        store.close()
        app_store.close()
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return [*rows, Row("memory, peak", size, megabytes, "MB", 500)]


def typed(ctx: Context, path: Path, size: int) -> Iterator[Row]:
    """Count as a person types; the slowest of twenty is the 95th percentile."""
    for name, rule, query in RULES:
        times = [clocked(lambda rule=rule: preview(ctx, rule)) for _ in range(TYPED)]
        yield Row(f"preview: {name}", size, max(times) * 1000, "ms p95", 100 if size <= SMALL else 500, duck(path, query))


def refreshed(ctx: Context, size: int) -> list[Row]:
    """A hundred segments from nothing, again, and for one client."""
    words = {"ru": "", "en": ""}
    for n in range(SEGMENTS):
        rule = {"all": [fact("purchases", ">=", n % 6), fact("revenue", ">", 100_000 + 4_000 * n)]}
        save(ctx, Definition(f"s{n}", {"ru": f"S{n}", "en": f"S{n}"}, words, rule))
    first, again = clocked(lambda: refresh(ctx)), clocked(lambda: refresh(ctx))
    chance, times = random.Random(2), []
    for _ in range(CHANGED):
        key = f"C_{chance.randint(1, size)}"
        with ctx.store.write() as db:
            db.conn.execute("UPDATE client_fact SET purchases = purchases + 1, revenue = revenue + 90000 WHERE client_key = ?", (key,))
        times.append(clocked(lambda key=key: refresh(ctx, {key})))
    return [
        Row(f"{SEGMENTS} segments from nothing", size, first, "s"),
        Row(f"{SEGMENTS} segments again", size, again, "s", 10 if size <= SMALL else None),
        Row(f"one client, {SEGMENTS} segments", size, statistics.median(times) * 1000, "ms", 50, {"whole": round(again * 1000, 1)}),
    ]


def duck(path: Path, query: str) -> dict[str, float]:
    """Time DuckDB on the same question, over tables of its own in memory; nothing when it is not there."""
    try:
        import duckdb
    except ImportError:
        return {}
    import sqlite3

    with duckdb.connect() as db, sqlite3.connect(path) as source:
        db.execute("CREATE SCHEMA m")
        for table, columns in (("client_fact", "client_key, purchases, revenue, last_purchase"), ("client_deal", "deal_id, client_key")):
            copy(db, source, table, columns)
        copy(db, source, "deal", "id, stage_semantic_id, opportunity")
        times = [clocked(lambda: db.execute(query).fetchall()) for _ in range(TYPED)]
    source.close()
    return {"duckdb": round(max(times) * 1000, 2)}


def copy(db: Any, source: Any, table: str, columns: str) -> None:
    """Copy a table by way of a CSV file, which needs no other library."""
    with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
        file.write(columns.replace(" ", "") + "\n")
        for row in source.execute(f"SELECT {columns} FROM {table}"):
            file.write(",".join("" if value is None else str(value) for value in row) + "\n")
        file.flush()
        db.execute(f"CREATE TABLE m.{table} AS SELECT * FROM read_csv('{file.name}', header = true)")


def clocked(work: Any) -> float:
    """Return how many seconds it took."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def main() -> None:
    """Measure every size in a process of its own and print."""
    parser = options(__doc__ or "")
    parser.add_argument("--size", type=int, default=0, help="measure this size alone, here")
    chosen = parser.parse_args()
    if chosen.size:
        show(NAME, measure(chosen.size), chosen.json)
        return
    rows: list[Row] = []
    for size in QUICK if chosen.quick else SIZES:
        words = [sys.executable, __file__, "--json", "--size", str(size)]
        done = subprocess.run(words, check=True, capture_output=True, text=True, env={**os.environ, "PYTHONWARNINGS": "ignore"})
        rows += [Row(**row) for row in json.loads(done.stdout)["rows"]]
    ones = [row for row in rows if row.name.startswith("one client")]
    rows.append(Row("one client: largest to smallest", ones[-1].size, ones[-1].value / ones[0].value, "times", 1.5))
    show(NAME, rows, chosen.json)


if __name__ == "__main__":
    main()
