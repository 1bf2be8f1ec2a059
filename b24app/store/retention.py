"""SQL by the noun retention: removes lines of journals that ended before an instant. What is not over is never removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from b24app.store.mirror import PortalStore

MANY = 5000  # lines in one transaction: others wait for the writer


def prune_calls(store: PortalStore, before: str) -> int:
    """Forget calls of robots that were finished before an instant."""
    return _prune(store, "robot_call", "finished_at < ?", before)


def prune_memberships(store: PortalStore, before: str) -> int:
    """Forget memberships that ended before an instant; whoever is in stays with his beginning."""
    return _prune(store, "membership", "left_at < ?", before)


def prune_imports(store: PortalStore, before: str) -> int:
    """Forget what imports of lists had found."""
    return _prune(store, "list_import", "at < ?", before)


def prune_erasures(store: PortalStore, before: str) -> int:
    """Forget that traces were erased."""
    return _prune(store, "erasure", "at < ?", before)


def _prune(store: PortalStore, table: str, where: str, before: str) -> int:
    keys = ", ".join(f'"{key}"' for key in store.keys(table))
    sql = f'DELETE FROM "{table}" WHERE ({keys}) IN (SELECT {keys} FROM "{table}" WHERE {where} LIMIT {MANY})'
    gone = 0
    while True:
        with store.write() as db:
            count = db.conn.execute(sql, (before,)).rowcount
        gone += count
        if count < MANY:
            return gone
