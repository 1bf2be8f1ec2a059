"""Places in long readings: where the inbox, the first sync and the sweep have got to."""

from __future__ import annotations

from b24app.store.mirror import PortalStore


def find_cursor(store: PortalStore, name: str) -> str | None:
    """Return the saved place, or None."""
    row = store.row('SELECT value FROM "cursor" WHERE name = ?', (name,))
    return row["value"] if row else None


def save_cursor(store: PortalStore, name: str, value: str) -> None:
    """Save a place; to be true it belongs into the transaction that did the work before it."""
    with store.write() as db:
        db.conn.execute(
            'INSERT INTO "cursor" (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value', (name, value)
        )


def drop_cursors(store: PortalStore, prefix: str) -> None:
    """Forget all places whose name begins so."""
    with store.write() as db:
        db.conn.execute('DELETE FROM "cursor" WHERE substr(name, 1, ?) = ?', (len(prefix), prefix))
