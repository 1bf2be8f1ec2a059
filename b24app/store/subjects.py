"""SQL by the noun subject: the record that a robot was called for, as the mirror has it, and whether that is the newest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from b24app.store.clients import one_of

if TYPE_CHECKING:
    from b24app.context import Viewer
    from b24app.store.mirror import PortalStore

Row = dict[str, Any]
NAMES = ("company_id", "contact_id", "assigned_by_id", "title")


def find_record(store: PortalStore, table: str, record_id: int) -> Row | None:
    """Return company_id, contact_id, assigned_by_id, title of a record; None when the mirror has no such table or record."""
    if not set(NAMES) <= set(store.columns(table)):  # a table that is not there has none; its name is one of our entities'
        return None
    return store.row(f'SELECT {", ".join(NAMES)} FROM "{table}" WHERE id = ?', (record_id,))


def is_changing(store: PortalStore, entity: str, record_id: int) -> bool:
    """Tell whether the record was seen to change and has not been read since."""
    return store.row("SELECT 1 FROM change WHERE entity = ? AND record_id = ?", (entity, record_id)) is not None


def is_our_own(store: PortalStore, company_id: int) -> bool:
    """Tell whether a company is the portal's own requisites, to which nobody sells."""
    row = store.row("SELECT is_my_company FROM company WHERE id = ?", (company_id,))
    return bool(row and row["is_my_company"])


def list_contacts(store: PortalStore, deal_id: int) -> list[int]:
    """Return the people of a deal in their order."""
    sql = "SELECT contact_id FROM deal_contact WHERE deal_id = ? ORDER BY position, contact_id"
    return [row["contact_id"] for row in store.rows(sql, (deal_id,))]


def list_product_ids(store: PortalStore, deal_id: int) -> set[int]:
    """Return the products of a deal's rows."""
    sql = "SELECT DISTINCT product_id FROM product_row WHERE owner_type = 'D' AND owner_id = ? AND product_id > 0"
    return {row["product_id"] for row in store.rows(sql, (deal_id,))}


def list_recent(store: PortalStore, viewer: Viewer, limit: int) -> list[Row]:
    """Return the newest deals that the viewer may see and that are not closed: id, title."""
    seen, values = ("TRUE", {}) if viewer.sees_all else one_of(viewer, "deal.assigned_by_id")
    is_open = "COALESCE(closed, 0) = 0 AND COALESCE(is_recurring, 0) = 0"
    return store.rows(f"SELECT id, title FROM deal WHERE {seen} AND {is_open} ORDER BY id DESC LIMIT :limit", {**values, "limit": limit})
