"""The journal of robot calls: what was asked, what was answered, whether the answer arrived. Named SQL, nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from b24app.store.clients import one_of
from b24app.store.mirror import PortalStore
from b24app.store.upserts import upsert

if TYPE_CHECKING:
    from b24app.context import Viewer

Row = dict[str, Any]

_SEEN = """
    SELECT robot_call.* FROM robot_call
    LEFT JOIN deal ON deal.id = robot_call.deal_id
    WHERE robot_call.deal_id = :deal_id AND {seen}
    ORDER BY robot_call.received_at DESC, robot_call.event_token
"""


def find_call(store: PortalStore, event_token: str) -> Row | None:
    """Return the call's row, or None."""
    return store.row("SELECT * FROM robot_call WHERE event_token = ?", (event_token,))


def list_calls(store: PortalStore, deal_id: int, viewer: Viewer) -> list[Row]:
    """Return the calls for a deal, the newest first; whoever does not see all sees those of his, or his people's, deals."""
    seen, values = ("TRUE", {}) if viewer.sees_all else one_of(viewer, "deal.assigned_by_id")
    return store.rows(_SEEN.format(seen=seen), {"deal_id": deal_id, **values})


def save_call(store: PortalStore, row: Row) -> Row:
    """Save the given columns of a call by its event_token; return the whole row."""
    with store.write():
        upsert(store, "robot_call", [{**(find_call(store, row["event_token"]) or {}), **row}])
        saved = find_call(store, row["event_token"])
    assert saved is not None
    return saved
