"""SQL by the noun model: what the base has taught (parameters by name), means of rhythm groups, products bought together."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from b24app.store.upserts import chunks, marks, replace_all, upsert

if TYPE_CHECKING:
    from b24app.store.mirror import PortalStore

Row = dict[str, Any]

MANY = 20_000  # purchases in memory at once


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


def read_purchases(store: PortalStore) -> Iterator[tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]]:
    """Yield what clients have bought, some clients at a time, every one whole and in the order of their keys: purchases
    (client key, date, amount) by date, and products (client key, product id, purchases with it).

    Takes the lock for a moment at a time.
    """
    after = ""
    while rows := store.tuples(
        "SELECT client_key, bought_on, amount FROM client_deal WHERE state = 'S' AND client_key > ? ORDER BY client_key, bought_on LIMIT ?",
        (after, MANY),
    ):
        if len(rows) == MANY:
            rows = _whole_clients(store, rows)
        last = rows[-1][0]
        products = store.tuples(
            "SELECT own.client_key, row.product_id, COUNT(DISTINCT own.deal_id) FROM client_deal AS own JOIN product_row AS row "
            "ON row.owner_id = own.deal_id AND row.owner_type = 'D' WHERE own.state = 'S' AND own.client_key > ? AND own.client_key <= ? "
            "AND row.product_id IS NOT NULL GROUP BY own.client_key, row.product_id",
            (after, last),
        )
        yield rows, products
        after = last


def _whole_clients(store: PortalStore, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Cut off the last client, who may be cut in two; a single one that fills it all is read whole."""
    last = rows[-1][0]
    kept = [row for row in rows if row[0] != last]
    sql = "SELECT client_key, bought_on, amount FROM client_deal WHERE state = 'S' AND client_key = ? ORDER BY bought_on"
    return kept or store.tuples(sql, (last,))
