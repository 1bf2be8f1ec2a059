"""SQL by the noun touch: which contacts with clients were planned, and for what reason. A reason is planned for once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from b24app.store.upserts import upsert

if TYPE_CHECKING:
    from b24app.store.mirror import PortalStore

Row = dict[str, Any]


def find_touch(store: PortalStore, key: str) -> Row | None:
    """Return a planned touch, or None."""
    return store.row("SELECT * FROM touch WHERE key = ?", (key,))


def save_touch(store: PortalStore, row: Row) -> Row:
    """Save the given columns of a touch by its key; return the whole row."""
    with store.write():
        saved = {**(find_touch(store, row["key"]) or {}), **row}
        upsert(store, "touch", [saved])
    return saved


def forget_touch(store: PortalStore, key: str) -> None:
    """Forget a touch that was surely not planned."""
    with store.write() as db:
        db.conn.execute("DELETE FROM touch WHERE key = ?", (key,))
