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
    """Return the offers made since an instant whose PDF is neither there nor given up."""
    sql = """SELECT * FROM offer WHERE document_id IS NOT NULL AND COALESCE(pdf_url, '') = '' AND COALESCE(error, '') = ''
        AND created_at >= ? ORDER BY created_at"""
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
    """Return the client's won deals but this one, the latest first, each with `products`, the names of its rows.

    `deal` has id, companyId, contactId as the portal gives them.
    """
    params = {"deal_id": deal["id"], "company_id": deal.get("companyId") or 0, "contact_id": deal.get("contactId") or 0, "most": most}
    purchases = store.rows(_PURCHASES, params)
    return [{**purchase, "products": _products(store, purchase["id"])} for purchase in purchases]


def list_user_fields(store: PortalStore) -> list[Row]:
    """Return the definitions of the portal's user fields."""
    return store.rows("SELECT entity, name, column_name, kind, title_ru, title_en, is_multiple FROM user_field ORDER BY entity, name")


def _products(store: PortalStore, deal_id: int) -> list[str]:
    sql = "SELECT product_name FROM product_row WHERE owner_type = 'D' AND owner_id = ? AND product_name IS NOT NULL ORDER BY sort, id"
    return [row["product_name"] for row in store.rows(sql, (deal_id,))]
