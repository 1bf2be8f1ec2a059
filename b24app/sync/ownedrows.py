"""Reads the product rows of all deals of the mirror, several requests ahead of whoever takes them. Stores nothing.

The portal gives product rows by their deals only; a command asks for as many deals as mostly fit one page.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from b24app.context import Context
from b24app.store.upserts import marks
from b24app.sync.pull import pull_product_rows
from b24app.sync.rows import Record

DEALS = 1000  # whose product rows are read at a time
AT_A_TIME = 3  # of such readings under way: the budget decides the rate, this hides the latency
SAMPLE = 500


def read_rows_ahead(ctx: Context, after: int = 0) -> Iterator[tuple[list[int], list[Record]]]:
    """Yield (ids of deals, their product rows) in the order of the deals' ids, for all deals of the mirror behind `after`."""
    pending: deque[tuple[list[int], Future[list[Record]]]] = deque()
    rate, last = 0.0, after
    with ThreadPoolExecutor(AT_A_TIME, "product-rows") as pool:
        try:
            while True:
                # The first answer teaches how many rows a deal has; only then it is worth asking ahead.
                while len(pending) < (AT_A_TIME if rate else 1) and (ids := list_deals(ctx, last, DEALS)):
                    expected = rate or rows_a_deal(ctx, ids)
                    pending.append((ids, pool.submit(pull_product_rows, ctx, ids, expected)))
                    last = ids[-1]
                if not pending:
                    return
                ids, future = pending.popleft()
                rows = future.result()
                rate = max(len(rows) / len(ids), 0.1)
                yield ids, rows
        finally:
            for _, future in pending:
                future.cancel()


def list_deals(ctx: Context, after: int, limit: int) -> list[int]:
    """Return the next deals of the mirror."""
    rows = ctx.store.rows("SELECT id FROM deal WHERE id > ? ORDER BY id LIMIT ?", (after, limit))
    return [row["id"] for row in rows]


def rows_a_deal(ctx: Context, deal_ids: Sequence[int]) -> float:
    """Return how many product rows these deals have on average, as far as we have seen."""
    some = deal_ids[:SAMPLE]
    counted = ctx.store.rows(f"SELECT count(*) AS n FROM product_row WHERE owner_id IN ({marks(some)})", some) if some else []
    return (counted[0]["n"] / len(some) if counted else 0) or 1.0
