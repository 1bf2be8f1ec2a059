"""What changed in the portal and is not read yet: one line a record, however often it changed.

A line that is renewed while its record is being pulled gets a new mark and so outlives that pull.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import uuid4

from b24app.store.mirror import PortalStore

WHOLE = 0  # the record id of a change of something that is pulled whole


@dataclass(frozen=True)
class Change:
    """A record that was seen to change. `kind`: changed | removed; the pull finds out what is true."""

    entity: str
    record_id: int
    kind: str = "changed"
    mark: str = ""


_SAVE = """INSERT INTO change (entity, record_id, kind, seen_at, mark) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (entity, record_id) DO UPDATE SET kind = excluded.kind, seen_at = excluded.seen_at, mark = excluded.mark"""


def save_changes(store: PortalStore, changes: Iterable[Change], seen_at: str) -> None:
    """Note changes; the latest kind and time win."""
    mark = uuid4().hex
    with store.write() as db:
        db.conn.executemany(_SAVE, [(change.entity, change.record_id, change.kind, seen_at, mark) for change in changes])


def list_changes(store: PortalStore, limit: int) -> list[Change]:
    """Return the oldest ones."""
    rows = store.rows("SELECT entity, record_id, kind, mark FROM change ORDER BY seen_at, entity, record_id LIMIT ?", (limit,))
    return [Change(**row) for row in rows]


def forget_changes(store: PortalStore, changes: Sequence[Change]) -> None:
    """Remove exactly these; one that has been renewed since stays."""
    with store.write() as db:
        db.conn.executemany(
            "DELETE FROM change WHERE entity = ? AND record_id = ? AND mark = ?",
            [(change.entity, change.record_id, change.mark) for change in changes],
        )


def count_changes(store: PortalStore) -> int:
    """Return how many records wait to be read."""
    return int(store.rows("SELECT count(*) AS n FROM change")[0]["n"])
