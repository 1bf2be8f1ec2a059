"""SQL by what was written back into cards: what a client's card should say, and the mark of what it was told last."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from b24app.store.upserts import marks

if TYPE_CHECKING:
    from b24app.store.mirror import PortalStore

Row = dict[str, Any]


def list_keys(store: PortalStore) -> list[str]:
    """Return all clients."""
    return [row["key"] for row in store.rows("SELECT key FROM client ORDER BY key")]


def list_clients(store: PortalStore, keys: Sequence[str], facts: Sequence[str]) -> list[Row]:
    """Return key, kind, entity_id, these facts, and the mark of what the card was told last (or None)."""
    columns = "".join(f", fact.{name}" for name in facts)
    return store.rows(
        f"SELECT client.key, client.kind, client.entity_id, told.mark{columns} FROM client "
        "LEFT JOIN client_fact AS fact ON fact.client_key = client.key "
        "LEFT JOIN written_back AS told ON told.entity = client.kind AND told.entity_id = client.entity_id "
        f"WHERE client.key IN ({marks(keys)})",
        keys,
    )


def list_open_deals(store: PortalStore, keys: Sequence[str]) -> list[Row]:
    """Return the open deals of these clients: deal_id, client_key, and the mark of what the deal was told last (or None)."""
    return store.rows(
        "SELECT own.deal_id, own.client_key, told.mark FROM client_deal AS own "
        "LEFT JOIN written_back AS told ON told.entity = 'deal' AND told.entity_id = own.deal_id "
        f"WHERE own.state = 'P' AND own.client_key IN ({marks(keys)}) ORDER BY own.deal_id",
        keys,
    )


def list_memberships(store: PortalStore, keys: Sequence[str]) -> dict[str, list[Row]]:
    """Return the segments that these clients are in, the newest first: segment_key, reasons."""
    found: dict[str, list[Row]] = {}
    sql = (
        f"SELECT client_key, segment_key, reasons FROM membership WHERE left_at IS NULL AND client_key IN ({marks(keys)}) "
        "ORDER BY entered_at DESC, segment_key"
    )
    for row in store.rows(sql, keys):
        found.setdefault(row["client_key"], []).append({**row, "reasons": json.loads(row["reasons"] or "[]")})
    return found


def list_orphans(store: PortalStore) -> list[Row]:
    """Return cards that we have written to, that still exist, and that are nobody's own card any more."""
    return store.rows(
        "SELECT told.entity, told.entity_id, told.mark FROM written_back AS told LEFT JOIN client ON client.kind = told.entity "
        "AND client.entity_id = told.entity_id LEFT JOIN contact ON told.entity = 'contact' AND contact.id = told.entity_id "
        "LEFT JOIN company ON told.entity = 'company' AND company.id = told.entity_id "
        "WHERE client.key IS NULL AND (contact.id IS NOT NULL OR company.id IS NOT NULL)"
    )


def save_marks(store: PortalStore, rows: Sequence[tuple[str, int, str, str]]) -> None:
    """Remember what cards were told: (entity, id, mark, instant)."""
    with store.write() as db:
        db.conn.executemany(
            "INSERT INTO written_back (entity, entity_id, mark, written_at) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (entity, entity_id) DO UPDATE SET mark = excluded.mark, written_at = excluded.written_at",
            rows,
        )


def list_moved(store: PortalStore, since: str) -> list[Row]:
    """Return who came or went from an instant on: segment_key, client_key, entered (1 or 0)."""
    return store.rows(
        "SELECT segment_key, client_key, 1 AS entered FROM membership WHERE entered_at >= :since AND left_at IS NULL "
        "UNION ALL SELECT segment_key, client_key, 0 FROM membership WHERE left_at >= :since",
        {"since": since},
    )
