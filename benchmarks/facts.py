"""How long do the facts of clients take: all of them from nothing, on a new day, and of one client that has changed?

    python benchmarks/facts.py [--quick] [--json]

Every size runs in a process of its own, so that its memory is its own and that of the processes it has started. Peers: "alone" is the
same work without the crew; "duckdb" answers what SQL can of it (numbers, sums and dates of purchases, products and talks by client)
over the same tables in its memory; "whole" is what one changed client costs when all are counted anew. Seconds are told with the
processor's and with the load of the machine: on one that is busy only the processor's can be compared.
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
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from base import DEALS_OF_A_CLIENT, Memory, copied, in_duckdb, load, processor  # noqa: E402
from table import Row, options, show  # noqa: E402

from b24app.clients import update  # noqa: E402
from b24app.clients.update import renew_facts, update_clients  # noqa: E402
from b24app.context import Context  # noqa: E402
from b24app.store.mirror import PortalStore  # noqa: E402

NAME = "facts"
SIZES, QUICK = (10_000, 100_000, 1_000_000), (2_000, 20_000)  # deals
CHANGED = 60
TABLES = {
    "client_deal": "deal_id, client_key, state, amount, bought_on",
    "product_row": "owner_id, product_id",
    "activity": "owner_id, owner_type_id, direction, type_id, start_time",
}
PURCHASES = """SELECT client_key, COUNT(*) FILTER (state = 'S'), SUM(amount) FILTER (state = 'S'), AVG(amount) FILTER (state = 'S'),
    MEDIAN(amount) FILTER (state = 'S'), MIN(bought_on), MAX(bought_on), COUNT(*) FILTER (state = 'F'),
    DATE_DIFF('day', MIN(bought_on::DATE), MAX(bought_on::DATE)) FROM client_deal GROUP BY client_key"""
PRODUCTS = """SELECT client_key, product_id, COUNT(DISTINCT deal_id) FROM client_deal JOIN product_row ON owner_id = deal_id
    WHERE state = 'S' GROUP BY client_key, product_id"""
TALKS = """SELECT client_key, type_id, direction, MAX(start_time)::VARCHAR FROM client_deal
    JOIN activity ON owner_id = deal_id AND owner_type_id = 2 GROUP BY client_key, type_id, direction"""


class Longest:
    """The longest time for which somebody held the writer."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def watch(self, write: Callable[[PortalStore], Any]) -> Callable[[PortalStore], Any]:
        """Return `PortalStore.write`, measured when nobody of ours holds it yet."""

        @contextmanager
        def watched(store: PortalStore) -> Iterator[Any]:
            is_outermost = not store.db.conn.in_transaction
            with write(store) as db:
                began = time.perf_counter()
                yield db
            if is_outermost:
                self.seconds = max(self.seconds, time.perf_counter() - began)

        return watched


def measure(deals: int) -> list[Row]:
    """Measure one size, in this process."""
    longest, written = Longest(), PortalStore.write
    clients = deals // DEALS_OF_A_CLIENT
    with copied("mirror", clients) as ctx:
        PortalStore.write = longest.watch(written)  # type: ignore[method-assign, assignment]
        with Memory() as memory:
            every, busy = clocked(lambda: update_clients(ctx))
            PortalStore.write = written  # type: ignore[method-assign]
            night, one = clocked(lambda: renew_facts(ctx)), changed(ctx)
        return [
            Row("all facts from nothing", deals, every, "s", 30, {**alone(clients), **duck(ctx), "load": load()}),
            Row("  of it processor time", deals, busy, "cpu s"),
            Row("all facts of a new day", deals, night[0], "s", None, {"cpu s": round(night[1], 1)}),
            Row("longest lock meanwhile", deals, longest.seconds * 1000, "ms"),
            Row("one changed client", deals, one[0] * 1000, "ms", 50, {"cpu ms": round(one[1] * 1000, 2), "whole": round(every * 1000)}),
            Row("memory, peak of all", deals, memory.peak, "MB", 500),
        ]


def changed(ctx: Context) -> tuple[float, float]:
    """Return the median of seconds and processor seconds of one changed client, taken from everywhere."""
    keys = [key for (key,) in ctx.store.tuples("SELECT key FROM client ORDER BY key")]
    some = random.Random(6).sample(keys, min(CHANGED, len(keys)))
    times = [clocked(partial(update_clients, ctx, [key])) for key in some]
    return statistics.median(one for one, _ in times), statistics.median(busy for _, busy in times)


def alone(clients: int) -> dict[str, float]:
    """Measure the same without the crew, over another copy."""
    kept, update.ALONE = update.ALONE, sys.maxsize
    with copied("mirror", clients) as ctx:
        every, busy = clocked(lambda: update_clients(ctx))
    update.ALONE = kept
    return {"alone": round(every, 2), "alone cpu s": round(busy, 2)}


def duck(ctx: Context) -> dict[str, float]:
    """Time DuckDB on the part that is SQL; nothing when it is not there."""
    path = ctx.store.path()
    db = path and in_duckdb(path, TABLES)
    if not db:
        return {}
    with db:
        every, busy = clocked(lambda: [db.execute(query).fetchall() for query in (PURCHASES, PRODUCTS, TALKS)])
    return {"duckdb, a part": round(every, 2), "its cpu s": round(busy, 2)}


def clocked(work: Callable[[], Any]) -> tuple[float, float]:
    """Return how many seconds it took, and how many of the processor."""
    began, busy = time.perf_counter(), processor()
    work()
    return time.perf_counter() - began, processor() - busy


def main() -> None:
    """Measure every size in a process of its own and print."""
    parser = options(__doc__ or "")
    parser.add_argument("--size", type=int, default=0, help="measure so many deals alone, here")
    chosen = parser.parse_args()
    if chosen.size:
        show(NAME, measure(chosen.size), chosen.json)
        return
    rows: list[Row] = []
    for size in QUICK if chosen.quick else SIZES:
        words = [sys.executable, __file__, "--json", "--size", str(size)]
        done = subprocess.run(words, check=True, capture_output=True, text=True, env={**os.environ, "PYTHONWARNINGS": "ignore"})
        rows += [Row(**row) for row in json.loads(done.stdout)["rows"]]
    ones = [row for row in rows if row.name.startswith("one changed")]
    rows.append(Row("one client: largest to smallest", ones[-1].size, ones[-1].value / ones[0].value, "times", 1.5))
    show(NAME, rows, chosen.json)


if __name__ == "__main__":
    main()
