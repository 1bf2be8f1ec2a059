"""SQL by the noun score: how many buyers fall between edges, who has which scores, what is bought together in the whole base."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from b24app.masking import masked
from b24app.store.clients import seen_by

if TYPE_CHECKING:
    from b24app.context import Viewer
    from b24app.store.mirror import PortalStore

Row = dict[str, Any]

# What each score is judged by.
SCORED = {"r": "last_purchase", "f": "purchases", "m": "revenue"}
HAS_SCORES = "fact.r_score = :r AND fact.f_score = :f"


def count_below(store: PortalStore, name: str, edges: Sequence[Any]) -> tuple[list[int], int]:
    """Return how many buyers are not above each edge, and how many there are; of unknown values nobody is counted."""
    x = SCORED[name]
    sums = "".join(f", SUM(CASE WHEN {x} <= :edge{place} THEN 1 ELSE 0 END) AS below{place}" for place in range(len(edges)))
    values = {f"edge{place}": edge for place, edge in enumerate(edges)}
    row = store.row(f"SELECT COUNT({x}) AS total{sums} FROM client_fact WHERE purchases > 0 AND {x} IS NOT NULL", values)
    assert row is not None
    return [int(row[f"below{place}"] or 0) for place in range(len(edges))], int(row["total"])


def list_cell(store: PortalStore, viewer: Viewer, scores: tuple[int, int], window: tuple[int, int]) -> tuple[list[Row], int]:
    """Return the viewer's buyers with these scores of recency and frequency, those who brought most first, and how many there are.

    `window`: how many, after how many. Contacts are masked for whoever is not responsible: see `masking`.
    """
    seen, values = seen_by(viewer)
    found = f"FROM client JOIN client_fact AS fact ON fact.client_key = client.key WHERE {HAS_SCORES} AND {seen}"
    params = {**values, "r": scores[0], "f": scores[1]}
    total = store.row(f"SELECT COUNT(*) AS number {found}", params)
    rows = store.rows(
        "SELECT client.key, client.title, client.phone, client.email, client.responsible_id, "
        "fact.purchases, fact.revenue, fact.last_purchase, fact.rfm_group "
        f"{found} ORDER BY CASE WHEN fact.revenue IS NULL THEN 1 ELSE 0 END, fact.revenue DESC, client.key LIMIT :size OFFSET :skipped",
        {**params, "size": window[0], "skipped": window[1]},
    )
    return [masked(viewer, row) for row in rows], int(total["number"]) if total else 0


def list_pairs(store: PortalStore, limit: int) -> list[Row]:
    """Return the products bought together by most clients: product_a, product_b, clients_a, clients_b, clients_both."""
    return store.rows("SELECT * FROM product_pair ORDER BY clients_both DESC, product_a, product_b LIMIT ?", (limit,))
