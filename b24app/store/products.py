"""SQL by the noun product: in which section of the catalogue a product is, what a client has bought by section."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from b24app.store.clients import seen_by
from b24app.store.upserts import chunks, marks, upsert

if TYPE_CHECKING:
    from b24app.context import Viewer
    from b24app.store.mirror import PortalStore

Row = dict[str, Any]


def list_unread(store: PortalStore, before: str, limit: int) -> list[int]:
    """Return products that deals name and whose section nobody has read, or not since an instant; the unread first."""
    rows = store.rows(
        "SELECT found.product_id FROM (SELECT DISTINCT product_id FROM product_row WHERE product_id > 0) AS found "
        "LEFT JOIN catalog_product AS known ON known.id = found.product_id WHERE known.id IS NULL OR known.read_at < ? "
        "ORDER BY CASE WHEN known.id IS NULL THEN 0 ELSE 1 END, known.read_at, found.product_id LIMIT ?",
        (before, limit),
    )
    return [row["product_id"] for row in rows]


def save_sections(store: PortalStore, sections: dict[int, int | None], at: str) -> list[int]:
    """Save the section of each product; return the products whose section was another before."""
    before: dict[int, int | None] = {}
    for piece in chunks(sections):
        rows = store.rows(f"SELECT id, section_id FROM catalog_product WHERE id IN ({marks(piece)})", piece)
        before |= {row["id"]: row["section_id"] for row in rows}
    upsert(store, "catalog_product", [{"id": number, "section_id": section, "read_at": at} for number, section in sections.items()])
    return [number for number, section in sections.items() if before.get(number) != section]


def list_buyers_of(store: PortalStore, products: Iterable[int]) -> set[str]:
    """Return the keys of the clients in whose deals these products are."""
    return {
        row["client_key"]
        for piece in chunks(products)
        for row in store.rows(
            "SELECT DISTINCT own.client_key FROM product_row AS item JOIN client_deal AS own ON own.deal_id = item.owner_id "
            f"WHERE item.product_id IN ({marks(piece)})",
            piece,
        )
    }


def list_sections(store: PortalStore) -> list[Row]:
    """Return the sections of the catalogue: id, title, parent_id."""
    return store.rows("SELECT id, title, parent_id FROM product_section ORDER BY title, id")


def list_bought(store: PortalStore, viewer: Viewer, key: str, limit: int) -> list[Row]:
    """Return what a client that the viewer sees has bought, the oftenest first: product_id, name, section, purchases, last (a date)."""
    seen, values = seen_by(viewer)
    return store.rows(
        "SELECT item.product_id, MAX(item.product_name) AS name, MAX(section.title) AS section, COUNT(DISTINCT own.deal_id) AS purchases, "
        "MAX(own.bought_on) AS last FROM client JOIN client_deal AS own ON own.client_key = client.key "
        "JOIN product_row AS item ON item.owner_id = own.deal_id AND item.owner_type = 'D' "
        "LEFT JOIN catalog_product AS known ON known.id = item.product_id "
        "LEFT JOIN product_section AS section ON section.id = known.section_id "
        f"WHERE client.key = :key AND own.state = 'S' AND {seen} GROUP BY item.product_id, CASE WHEN item.product_id IS NULL THEN "
        "item.product_name END ORDER BY purchases DESC, last DESC, item.product_id LIMIT :limit",
        {**values, "key": key, "limit": limit},
    )


def with_below(sections: Sequence[Row], wanted: Iterable[int]) -> list[int]:
    """Return these sections and all that are below them."""
    found = set(wanted)
    while more := {row["id"] for row in sections if row["parent_id"] in found} - found:
        found |= more
    return sorted(found)
