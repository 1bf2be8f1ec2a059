"""The journal of offers, and what the mirror knows of a client's purchases before one. Named SQL, nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from b24app.store.clients import one_of
from b24app.store.mirror import PortalStore
from b24app.store.upserts import upsert

if TYPE_CHECKING:
    from b24app.context import Viewer

Row = dict[str, Any]

# Whoever does not see all sees the offers of his own (or his people's) deals, and of the clients that he is responsible for.
_SEEN = """
    SELECT offer.* FROM offer
    LEFT JOIN deal ON deal.id = offer.deal_id
    LEFT JOIN company ON company.id = deal.company_id
    LEFT JOIN contact ON contact.id = deal.contact_id AND COALESCE(deal.company_id, 0) = 0
    WHERE offer.deal_id = :deal_id AND {seen}
    ORDER BY offer.created_at DESC, offer.key
"""

# A client is a company, or a contact without one.
_PURCHASES = """
    SELECT * FROM deal
    WHERE stage_semantic_id = 'S' AND COALESCE(is_recurring, 0) = 0 AND id <> :deal_id
      AND ((:company_id > 0 AND company_id = :company_id)
        OR (:company_id = 0 AND contact_id = :contact_id AND COALESCE(company_id, 0) = 0))
    ORDER BY closedate DESC, id DESC
    LIMIT :most
"""


def find_offer(store: PortalStore, key: str) -> Row | None:
    """Return the offer's row, or None."""
    return store.row("SELECT * FROM offer WHERE key = ?", (key,))


def list_offers(store: PortalStore, deal_id: int, viewer: Viewer) -> list[Row]:
    """Return a deal's offers, the newest first, as far as the viewer may see them."""
    responsible = [one_of(viewer, f"{table}.assigned_by_id") for table in ("deal", "company", "contact")]
    seen, values = ("TRUE", {}) if viewer.sees_all else (f"({' OR '.join(sql for sql, _ in responsible)})", responsible[0][1])
    return store.rows(_SEEN.format(seen=seen), {"deal_id": deal_id, **values})


def list_without_pdf(store: PortalStore, since: str) -> list[Row]:
    """Return the offers made since an instant whose PDF is neither there nor given up, nor erased with their client."""
    sql = """SELECT * FROM offer WHERE document_id IS NOT NULL AND COALESCE(pdf_url, '') = '' AND COALESCE(error, '') = ''
        AND created_at >= ? AND title IS NOT NULL ORDER BY created_at"""
    return store.rows(sql, (since,))


def save_offer(store: PortalStore, row: Row) -> Row:
    """Save the given columns of an offer by its key; return the whole row."""
    with store.write():
        upsert(store, "offer", [{**(find_offer(store, row["key"]) or {}), **row}])
        saved = find_offer(store, row["key"])
    assert saved is not None
    return saved


def forget_offer(store: PortalStore, key: str) -> None:
    """Forget an offer that was surely not made."""
    with store.write() as db:
        db.conn.execute("DELETE FROM offer WHERE key = ?", (key,))


def list_purchases(store: PortalStore, deal: Row, most: int) -> list[Row]:
    """Return the client's won deals but this one, the latest first, each with its `rows` and `products`, the names of these.

    `deal` has id, companyId, contactId as the portal gives them.
    """
    params = {"deal_id": deal["id"], "company_id": deal.get("companyId") or 0, "contact_id": deal.get("contactId") or 0, "most": most}
    purchases = [{**purchase, "rows": _product_rows(store, purchase["id"])} for purchase in store.rows(_PURCHASES, params)]
    return [{**purchase, "products": [row["product_name"] for row in purchase["rows"]]} for purchase in purchases]


def list_user_fields(store: PortalStore) -> list[Row]:
    """Return the definitions of the portal's user fields."""
    return store.rows("SELECT entity, name, column_name, kind, title_ru, title_en, is_multiple FROM user_field ORDER BY entity, name")


def count_made_here(store: PortalStore, deal_id: int) -> int:
    """Return how many offers of a deal were filled here, or are about to be."""
    return int(store.tuples("SELECT count(*) FROM offer WHERE deal_id = ? AND way = 'local'", (deal_id,))[0][0])


def find_next_purchase(store: PortalStore, client_key: str) -> str:
    """Return the day on which the client's own rhythm expects the next purchase, or ''."""
    row = store.row("SELECT next_purchase FROM client_fact WHERE client_key = ?", (client_key,))
    return str(row["next_purchase"] or "") if row else ""


def list_segments_now(store: PortalStore, client_key: str) -> list[str]:
    """Return the keys of the segments that the client is in."""
    sql = "SELECT segment_key FROM membership WHERE client_key = ? AND left_at IS NULL ORDER BY segment_key"
    return [row["segment_key"] for row in store.rows(sql, (client_key,))]


def find_client_of(store: PortalStore, deal_id: int) -> str:
    """Return the key of the client whose a deal is, as facts have it; '' while they do not know."""
    row = store.row("SELECT client_key FROM client_deal WHERE deal_id = ?", (deal_id,))
    return str(row["client_key"]) if row else ""


def find_kept_deal(store: PortalStore, deal_id: int) -> Row | None:
    """Return the mirror's row of a deal with its `rows`, or None."""
    deal = store.row("SELECT * FROM deal WHERE id = ?", (deal_id,))
    return {**deal, "rows": _product_rows(store, deal_id)} if deal else None


def _product_rows(store: PortalStore, deal_id: int) -> list[Row]:
    sql = "SELECT * FROM product_row WHERE owner_type = 'D' AND owner_id = ? AND product_name IS NOT NULL ORDER BY sort, id"
    return store.rows(sql, (deal_id,))
