"""SQL by the noun model: what the base has taught (parameters by name), means of rhythm groups, products bought together."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from b24app.store.upserts import chunks, marks, replace_all, upsert

if TYPE_CHECKING:
    from b24app.store.mirror import PortalStore

Row = dict[str, Any]


def save_models(store: PortalStore, parameters: Mapping[str, Any], at: str) -> None:
    """Save what was learned; a name without parameters is forgotten."""
    with store.write():
        rows = [{"name": name, "learned_at": at, "parameters": json.dumps(one)} for name, one in parameters.items() if one is not None]
        replace_all(store, "model", rows)


def load_models(store: PortalStore) -> dict[str, Any]:
    """Return what was learned, by name."""
    return {row["name"]: json.loads(row["parameters"]) for row in store.rows("SELECT name, parameters FROM model")}


def save_group_means(store: PortalStore, means: Mapping[int, float]) -> None:
    """Save the mean logarithm of intervals by product."""
    replace_all(store, "rhythm_group", [{"product_id": product, "mean": mean} for product, mean in means.items()])


def load_group_means(store: PortalStore, products: Iterable[int]) -> dict[int, float]:
    """Return the means of these products, as far as they are known."""
    found: dict[int, float] = {}
    for piece in chunks(sorted(products)):
        rows = store.rows(f"SELECT product_id, mean FROM rhythm_group WHERE product_id IN ({marks(piece)})", piece)
        found.update((row["product_id"], row["mean"]) for row in rows)
    return found


def save_pairs(store: PortalStore, rows: Sequence[Row]) -> None:
    """Save the pairs of products: product_a, product_b, clients_a, clients_b, clients_both."""
    with store.write() as db:
        db.conn.execute("DELETE FROM product_pair")
        upsert(store, "product_pair", rows)


def list_pairs(store: PortalStore, product: int) -> list[Row]:
    """Return the pairs that a product is in."""
    return store.rows(
        "SELECT * FROM product_pair WHERE product_a = ? UNION ALL SELECT * FROM product_pair WHERE product_b = ?", (product,) * 2
    )


def list_product_names(store: PortalStore, products: Iterable[int]) -> dict[int, str]:
    """Return what the newest deals call these products."""
    sql = "SELECT product_name FROM product_row WHERE id = (SELECT MAX(id) FROM product_row WHERE product_id = ?)"
    found = ((product, store.row(sql, (product,))) for product in set(products))
    return {product: row["product_name"] or "" for product, row in found if row}


def list_buyers(store: PortalStore) -> list[str]:
    """Return the keys of all who have bought, in their order."""
    return [key for (key,) in store.tuples("SELECT DISTINCT client_key FROM client_deal WHERE state = 'S' ORDER BY client_key")]


def list_scored(store: PortalStore) -> tuple[list[str], list[int], list[float]]:
    """Return what buyers are scored by, each sorted: dates of last purchases, numbers of purchases, sums (those that are known)."""
    rows = store.tuples(
        "SELECT MAX(bought_on), COUNT(*), CASE WHEN COUNT(amount) = COUNT(*) THEN SUM(amount) END "
        "FROM client_deal WHERE state = 'S' GROUP BY client_key"
    )
    return (
        sorted(day for day, _, _ in rows if day),
        sorted(number for _, number, _ in rows),
        sorted(total for _, _, total in rows if total is not None),
    )
