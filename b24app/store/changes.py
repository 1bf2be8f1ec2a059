"""What is left to do: records that changed in the portal and are not read yet, clients whose records were read anew.

One line a record or client, however often it changed. A line that is renewed while it is being worked on gets a new mark
and so outlives that work.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import uuid4

from b24app.store.mirror import PortalStore
from b24app.store.upserts import chunks, marks

WHOLE = 0  # the record id of a change of something that is pulled whole
EVERYBODY = "*"  # the key that stands for all clients


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


def list_pending(store: PortalStore, entity: str, ids: Iterable[int]) -> set[int]:
    """Return those of these records that wait to be read."""
    sql = "SELECT record_id FROM change WHERE entity = ? AND record_id IN "
    pieces = (store.rows(f"{sql}({marks(piece)})", (entity, *piece)) for piece in chunks(ids))
    return {row["record_id"] for rows in pieces for row in rows}


def list_entities_with_changes(store: PortalStore) -> set[str]:
    """Return the entities of which something waits to be read."""
    return {row["entity"] for row in store.rows("SELECT DISTINCT entity FROM change")}


def count_changes(store: PortalStore) -> int:
    """Return how many records wait to be read."""
    return int(store.rows("SELECT count(*) AS n FROM change")[0]["n"])


def save_due_clients(store: PortalStore, keys: Iterable[str]) -> None:
    """Note clients to be counted again; belongs into the transaction that changed their records."""
    mark = uuid4().hex
    with store.write() as db:
        db.conn.executemany(
            "INSERT INTO due_client (client_key, mark) VALUES (?, ?) ON CONFLICT (client_key) DO UPDATE SET mark = excluded.mark",
            [(key, mark) for key in keys],
        )


def list_due_clients(store: PortalStore, limit: int) -> dict[str, str]:
    """Return keys and their marks."""
    rows = store.rows("SELECT client_key, mark FROM due_client ORDER BY client_key LIMIT ?", (limit,))
    return {row["client_key"]: row["mark"] for row in rows}


def forget_due_clients(store: PortalStore, marks: Mapping[str, str]) -> None:
    """Remove exactly these; one that has become due again stays."""
    with store.write() as db:
        db.conn.executemany("DELETE FROM due_client WHERE client_key = ? AND mark = ?", marks.items())
