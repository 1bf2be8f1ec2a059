"""How fast do segments answer: a count while somebody types, a hundred segments anew, one client that has changed?

    python benchmarks/segments.py [--quick] [--json]

Every size runs in a process of its own, so that its memory is its own. Clients have five deals each, with products and talks, and all
their facts. A count is told when it is asked for: "about" is the share of counts that had no time for all clients, "whole" the exact
one that follows when the typing stops. Peers: DuckDB counts the same over the same tables in its memory; "whole" of one changed
client is what asking all costs. Bases are made once and kept under var/bench; the largest takes many minutes and 5 GB.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from base import Memory, copied, in_duckdb, load, processor  # noqa: E402
from table import Row, options, show  # noqa: E402

from b24app.clients.update import update_clients  # noqa: E402
from b24app.context import Context  # noqa: E402
from b24app.segments.definitions import Definition, save  # noqa: E402
from b24app.segments.drafts import Preview, preview  # noqa: E402
from b24app.segments.membership import refresh  # noqa: E402

NAME = "segments"
SIZES, QUICK = (10_000, 100_000, 200_000, 1_000_000), (2_000, 10_000)
SEGMENTS, TYPED, CHANGED = 100, 20, 40
SMALL = 200_000  # up to here a preview has 100 ms, beyond it 500
TABLES = {
    "client_fact": "client_key, purchases, revenue, last_purchase, source",
    "contact": "id, uf_crm_until, last_name",
    "client_deal": "deal_id, client_key, state, bought_on",
    "deal": "id, stage_semantic_id, opportunity",
    "product_row": "owner_id, product_id",
    "activity": "owner_id, owner_type_id, direction, type_id, start_time",
}


def fact(key: str, op: str, value: Any) -> dict[str, Any]:
    """Return a condition on a fact."""
    return {"criterion": "fact", "fact": key, "op": op, "value": value}


def field(name: str, op: str, value: Any, **of: str) -> dict[str, Any]:
    """Return a condition on a field."""
    return {"criterion": "field", "field": name, "op": op, "value": value, **of}


LARGE_DEAL = {"criterion": "deal", "where": {"all": [field("stageSemanticId", "=", "S"), field("opportunity", ">", 90000)]}}
BOUGHT = {"criterion": "bought", "products": [7, 9], "within": {"days_ago": [0, 90]}}
CALLED = {"criterion": "activity", "kind": "call", "direction": "in", "within": {"days_ago": [0, 30]}}
# What people type, and the same for DuckDB.
RULES: tuple[tuple[str, Any, str], ...] = (
    ("one fact", fact("purchases", ">=", 3), "SELECT COUNT(*) FROM client_fact WHERE purchases >= 3"),
    (
        "facts, AND OR NOT",
        {"all": [{"any": [fact("purchases", "=", 1), fact("revenue", ">", 400000)]}, {"not": fact("days_since_purchase", "<", 180)}]},
        "SELECT COUNT(*) FROM client_fact WHERE (purchases = 1 OR revenue > 400000) AND NOT last_purchase > '2024-12-17'",
    ),
    (
        "a field of the card",
        field("UF_CRM_UNTIL", "=", {"days": [-300, 7]}, of="client"),
        "SELECT COUNT(*) FROM contact WHERE uf_crm_until BETWEEN '2024-08-19' AND '2025-06-22'",
    ),
    (
        "has a deal where",
        LARGE_DEAL,
        "SELECT COUNT(DISTINCT client_key) FROM client_deal JOIN deal ON deal.id = deal_id WHERE stage_semantic_id = 'S' "
        "AND opportunity > 90000",
    ),
    (
        "bought within",
        BOUGHT,
        "SELECT COUNT(DISTINCT client_key) FROM client_deal JOIN product_row ON owner_id = deal_id WHERE state = 'S' "
        "AND product_id IN (7, 9) AND bought_on BETWEEN '2025-03-17' AND '2025-06-15'",
    ),
    (
        "called us within",
        CALLED,
        "SELECT COUNT(DISTINCT client_key) FROM client_deal JOIN activity ON owner_type_id = 2 AND owner_id = deal_id WHERE type_id = 2 "
        "AND direction = 1 AND start_time >= '2025-05-15T21:00:00Z'",
    ),
)


def measure(size: int) -> list[Row]:
    """Measure one size, in this process."""
    with copied("clients", size, update_clients) as ctx:
        with Memory() as memory:
            rows = [*typed(ctx, size), *refreshed(ctx, size)]
        beside_duckdb(ctx, rows)
    return [*rows, Row("memory, peak", size, memory.peak, "MB", 500)]


def typed(ctx: Context, size: int) -> Iterator[Row]:
    """Count as a person types; the slowest of twenty is the 95th percentile."""
    for name, rule, _ in RULES:
        found: list[Preview] = []
        times = [clocked(partial(count, ctx, rule, found)) for _ in range(TYPED)]
        whole = clocked(partial(count, ctx, rule, found, whole=True))
        off = max(abs(one.yes - found[-1].yes) / max(found[-1].yes, 1) for one in found)
        more = {
            "median": ms(statistics.median(one for one, _ in times)),
            "cpu": ms(statistics.median(busy for _, busy in times)),
            "about": sum(one.is_about for one in found) / TYPED,
            "off by %": round(100 * off, 1),
            "whole": ms(whole[0]),
            "whole cpu": ms(whole[1]),
            "load": load(),
        }
        yield Row(f"preview: {name}", size, max(one for one, _ in times) * 1000, "ms p95", 100 if size <= SMALL else 500, more)


def count(ctx: Context, rule: Any, found: list[Preview], whole: bool = False) -> None:
    """Count a rule and note what was told."""
    found.append(preview(ctx, rule, whole=whole))


def answer(db: Any, query: str) -> None:
    """Let DuckDB count."""
    db.execute(query).fetchall()


def refreshed(ctx: Context, size: int) -> list[Row]:
    """A hundred segments from nothing, again, and for one client; every tenth is about deals, products or talks."""
    words = {"ru": "", "en": ""}
    for n in range(SEGMENTS):
        rule = {"all": [fact("purchases", ">=", n % 6), fact("revenue", ">", 200_000 + 4_000 * n)]}
        if n % 10 == 0:
            rule = {"all": [*rule["all"], (LARGE_DEAL, BOUGHT, CALLED)[n // 10 % 3]]}
        save(ctx, Definition(f"s{n}", {"ru": f"S{n}", "en": f"S{n}"}, words, rule))
    first, again = clocked(lambda: refresh(ctx)), clocked(lambda: refresh(ctx))
    chance, times = random.Random(2), []
    keys = [key for (key,) in ctx.store.tuples("SELECT key FROM client ORDER BY key")]
    for _ in range(CHANGED):
        key = chance.choice(keys)
        with ctx.store.write() as db:
            db.conn.execute("UPDATE client_fact SET purchases = purchases + 1, revenue = revenue + 90000 WHERE client_key = ?", (key,))
        times.append(clocked(partial(refresh, ctx, {key})))
    one, busy = (statistics.median(found) for found in zip(*times, strict=True))
    goal = 10 if size <= SMALL else None
    return [
        Row(f"{SEGMENTS} segments from nothing", size, first[0], "s", None, {"cpu s": round(first[1], 2)}),
        Row(f"{SEGMENTS} segments again", size, again[0], "s", goal, {"cpu s": round(again[1], 2), "load": load()}),
        Row(f"one client, {SEGMENTS} segments", size, one * 1000, "ms", 50, {"cpu": ms(busy), "whole": ms(again[0])}),
    ]


def beside_duckdb(ctx: Context, rows: list[Row]) -> None:
    """Tell beside every count how long DuckDB takes for it."""
    path = ctx.store.path()
    db = path and in_duckdb(path, TABLES)
    if not db:
        return
    with db:
        for row, (_, _, query) in zip(rows, RULES, strict=False):
            times = [clocked(partial(answer, db, query)) for _ in range(TYPED)]
            row.peers |= {"duckdb": ms(max(one for one, _ in times)), "duckdb cpu": ms(statistics.median(busy for _, busy in times))}


def clocked(work: Callable[[], Any]) -> tuple[float, float]:
    """Return how many seconds it took, and how many of the processor."""
    began, busy = time.perf_counter(), processor()
    work()
    return time.perf_counter() - began, processor() - busy


def ms(seconds: float) -> float:
    """Return milliseconds as they are told."""
    return round(seconds * 1000, 1)


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
