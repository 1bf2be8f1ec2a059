"""Steps that are done once for an offer, and entries of deals into the stages of rules. Named SQL, nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from b24app.store.mirror import PortalStore
from b24app.store.upserts import marks, upsert

Row = dict[str, Any]

_JOURNAL = """
    SELECT offer_entry.*, deal.title AS deal_title, offer.number AS number FROM offer_entry
    LEFT JOIN deal ON deal.id = offer_entry.deal_id
    LEFT JOIN offer ON offer.key = offer_entry.offer_key
    WHERE (:state = '' OR offer_entry.state = :state) AND (:rule = '' OR offer_entry.rule_key = :rule)
      AND (:search = '' OR CAST(offer_entry.deal_id AS TEXT) = :search OR deal.title LIKE :like ESCAPE '\\')
    ORDER BY offer_entry.created_at DESC, offer_entry.entered_at DESC, offer_entry.deal_id DESC LIMIT :most
"""


def find_step(store: PortalStore, offer_key: str, step: str) -> Row | None:
    """Return a step of an offer, or None when it was never asked for."""
    return store.row("SELECT * FROM offer_step WHERE offer_key = ? AND step = ?", (offer_key, step))


def list_steps(store: PortalStore, offer_key: str) -> dict[str, Row]:
    """Return the steps of an offer by name."""
    return {row["step"]: row for row in store.rows("SELECT * FROM offer_step WHERE offer_key = ?", (offer_key,))}


def save_step(store: PortalStore, row: Row) -> None:
    """Save the given columns of a step by its offer and name."""
    with store.write():
        upsert(store, "offer_step", [{**(find_step(store, row["offer_key"], row["step"]) or {}), **row}])


def find_entry(store: PortalStore, key: str) -> Row | None:
    """Return an entry by its key, `reasons` by language."""
    row = store.row("SELECT * FROM offer_entry WHERE key = ?", (key,))
    return _read(row) if row else None


def list_due_entries(store: PortalStore, now: str, most: int) -> list[Row]:
    """Return the entries that wait and whose time has come, whoever waits longest first."""
    sql = "SELECT * FROM offer_entry WHERE state = 'waiting' AND next_at <= ? ORDER BY next_at, entered_at, deal_id LIMIT ?"
    return [_read(row) for row in store.rows(sql, (now, most))]


def has_due_entry(store: PortalStore, now: str) -> bool:
    """Tell whether an entry waits whose time has come."""
    return bool(store.tuples("SELECT 1 FROM offer_entry WHERE state = 'waiting' AND next_at <= ? LIMIT 1", (now,)))


def save_entry(store: PortalStore, row: Row) -> None:
    """Save the given columns of an entry by its key."""
    with store.write():
        kept = store.row("SELECT * FROM offer_entry WHERE key = ?", (row["key"],)) or {}
        changed = {**row, "reasons": json.dumps(row["reasons"], ensure_ascii=False)} if "reasons" in row else row
        upsert(store, "offer_entry", [{**kept, **changed}])


def list_entries(store: PortalStore, asked: Mapping[str, str], most: int) -> list[Row]:
    """Return the journal of entries, the newest first. `asked`: state, rule, search; '' for all."""
    pattern = asked["search"].replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return [_read(row) for row in store.rows(_JOURNAL, {**asked, "like": f"%{pattern}%", "most": most})]


def count_entries(store: PortalStore, rule: str) -> dict[str, int]:
    """Return how many entries of a rule have come to what, by state."""
    sql = "SELECT state, count(*) AS number FROM offer_entry WHERE rule_key = ? GROUP BY state"
    return {row["state"]: row["number"] for row in store.rows(sql, (rule,))}


def is_due_client(store: PortalStore, keys: Sequence[str]) -> bool:
    """Tell whether one of these clients waits to be counted."""
    return bool(store.tuples(f"SELECT 1 FROM due_client WHERE client_key IN ({marks(keys)}) LIMIT 1", keys))


def _read(row: Row) -> Row:
    return {**row, "reasons": json.loads(row["reasons"] or "[]")}
