"""The journal of robot calls: what was asked, what was answered, whether the answer arrived. Named SQL, nothing else."""

from __future__ import annotations

from typing import Any

from b24app.store.mirror import PortalStore
from b24app.store.upserts import upsert

Row = dict[str, Any]

_SEEN = """
    SELECT robot_call.* FROM robot_call
    LEFT JOIN deal ON deal.id = robot_call.deal_id
    WHERE robot_call.deal_id = :deal_id AND (:user_id IS NULL OR deal.assigned_by_id = :user_id)
    ORDER BY robot_call.received_at DESC, robot_call.event_token
"""


def find_call(store: PortalStore, event_token: str) -> Row | None:
    """Return the call's row, or None."""
    return store.row("SELECT * FROM robot_call WHERE event_token = ?", (event_token,))


def list_calls(store: PortalStore, deal_id: int, user_id: int | None) -> list[Row]:
    """Return the calls for a deal, the newest first; `user_id` is None for who sees all."""
    return store.rows(_SEEN, {"deal_id": deal_id, "user_id": user_id})


def save_call(store: PortalStore, row: Row) -> Row:
    """Save the given columns of a call by its event_token; return the whole row."""
    with store.write():
        upsert(store, "robot_call", [{**(find_call(store, row["event_token"]) or {}), **row}])
        saved = find_call(store, row["event_token"])
    assert saved is not None
    return saved
