"""What full comparisons of portal and mirror have found: certificates line by line, the records that differed, alarms."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from b24app.store.mirror import PortalStore
from b24app.store.upserts import upsert

KEPT = 30  # certificates whose differing records are remembered
MOST = 5_000  # differing records of one certificate that are

Row = dict[str, Any]


def next_certificate(store: PortalStore) -> int:
    """Return the number of the certificate that is about to be made."""
    return int(store.rows("SELECT coalesce(max(id), 0) + 1 AS id FROM certificate")[0]["id"])


def save_certificate(store: PortalStore, lines: Sequence[Row], differences: Sequence[Row]) -> None:
    """Save a certificate's lines, one an entity, and (entity, record_id, kind) of what differed."""
    number = lines[0]["id"]
    with store.write() as db:
        upsert(store, "certificate", lines)
        upsert(store, "difference", [{"certificate_id": number, **row} for row in differences[:MOST]])
        db.conn.execute("DELETE FROM difference WHERE certificate_id <= ?", (number - KEPT,))


def list_certificate_lines(store: PortalStore, limit: int) -> list[Row]:
    """Return the lines of the newest certificates, the newest first."""
    newest = "SELECT DISTINCT id FROM certificate ORDER BY id DESC LIMIT ?"
    return store.rows(f"SELECT * FROM certificate WHERE id IN (SELECT id FROM ({newest}) AS newest) ORDER BY id DESC, entity", (limit,))


def list_returned(store: PortalStore, number: int) -> list[Row]:
    """Return the records (entity, record_id, kind) that differed in this certificate and in the one before it."""
    return store.rows(
        "SELECT now.entity, now.record_id, now.kind FROM difference AS now JOIN difference AS before ON before.entity = now.entity "
        "AND before.record_id = now.record_id WHERE now.certificate_id = ? AND before.certificate_id = "
        "(SELECT max(id) FROM certificate WHERE id < ?) ORDER BY now.entity, now.record_id",
        (number, number),
    )


def raise_alarms(store: PortalStore, kind: str, about: Iterable[tuple[str, int]], certificate: tuple[int, str]) -> int:
    """Raise an alarm for each (entity, record id), or count it once more; `certificate` is (its number, now). Return how many."""
    number, now = certificate
    rows = [(kind, entity, record_id, number, now, now) for entity, record_id in about]
    with store.write() as db:
        db.conn.executemany(
            "INSERT INTO alarm (kind, entity, record_id, certificate_id, times, raised_at, last_at) VALUES (?, ?, ?, ?, 1, ?, ?) "
            "ON CONFLICT (kind, entity, record_id) DO UPDATE SET times = alarm.times + 1, last_at = excluded.last_at, "
            "certificate_id = excluded.certificate_id",
            rows,
        )
    return len(rows)


def list_alarm_rows(store: PortalStore, limit: int) -> list[Row]:
    """Return alarms, the latest first."""
    names = "kind, entity, record_id, certificate_id, times, raised_at, last_at"
    return store.rows(f"SELECT {names} FROM alarm ORDER BY last_at DESC, id DESC LIMIT ?", (limit,))
