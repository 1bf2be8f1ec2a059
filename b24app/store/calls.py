"""The journal of robot calls: what was asked, what was answered, whether the answer arrived. Named SQL, nothing else."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from b24app.store.clients import one_of
from b24app.store.cursors import find_cursor, save_cursor
from b24app.store.folding import like, use_fold
from b24app.store.upserts import chunks, marks, upsert

if TYPE_CHECKING:
    from b24app.context import Viewer
    from b24app.store.mirror import PortalStore

Row = dict[str, Any]

STIRRED = "calls stirred"  # a cursor: how often something has happened that a pending call may have waited for
WOKEN = "calls woken on"  # a cursor: the day on which all pending calls were looked at
# received -> (pending ->) ready -> answering -> answered, or expired: the workflow had gone on without us
PENDING, OVER = "pending", ("answered", "expired")
# What people ask for, in SQL.
STATES: Mapping[str, str] = {
    "answered": "robot_call.state = 'answered' AND COALESCE(robot_call.error, '') = ''",
    "mistaken": "robot_call.state = 'answered' AND robot_call.error <> ''",
    "pending": "robot_call.state = 'pending'",
    "working": "robot_call.state IN ('received', 'ready', 'answering')",
    "expired": "robot_call.state = 'expired'",
}

_SEEN = """
    SELECT robot_call.* FROM robot_call
    LEFT JOIN deal ON deal.id = robot_call.deal_id
    WHERE robot_call.deal_id = :deal_id AND {seen}
    ORDER BY robot_call.received_at DESC, robot_call.event_token
"""
_STATE = "CASE " + " ".join(f"WHEN {sql} THEN '{name}'" for name, sql in STATES.items()) + " END"
_TITLE = "COALESCE(deal.title, lead.title, '')"
_FOUND = (
    "FROM robot_call LEFT JOIN deal ON robot_call.entity = 'deal' AND deal.id = robot_call.entity_id "
    "LEFT JOIN lead ON robot_call.entity = 'lead' AND lead.id = robot_call.entity_id WHERE "
)
_WORDS = f"fold({_TITLE} || ' ' || COALESCE(robot_call.said, '') || ' ' || COALESCE(robot_call.properties, ''))"
# Pending calls that may go on: stirred, their time over, or answered by themselves while the portal would not listen.
_DUE = "client_key IS NOT NULL AND (state = 'pending' AND (stirred > 0 OR wake_at <= :now OR :all) OR state IN ('ready', 'answering'))"


@dataclass(frozen=True)
class Wanted:
    """Which calls a page wants; what is empty does not count. `since`: a UTC instant."""

    robot: str = ""
    state: str = ""
    since: str = ""
    search: str = ""


def call_id_of(event_token: str) -> str:
    """Return the name under which a call may be shown."""
    return hashlib.sha256(event_token.encode()).hexdigest()[:32]


def find_call(store: PortalStore, event_token: str) -> Row | None:
    """Return the call's row, or None."""
    return store.row("SELECT * FROM robot_call WHERE event_token = ?", (event_token,))


def find_by_id(store: PortalStore, call_id: str) -> Row | None:
    """Return the call's row by its shown name, or None."""
    return store.row("SELECT * FROM robot_call WHERE call_id = ?", (call_id,))


def find_shown(store: PortalStore, call_id: str) -> Row | None:
    """Return a call with `shown_state` and the record's `title`, as `list_journal` does, or None."""
    return store.row(f"SELECT robot_call.*, {_STATE} AS shown_state, {_TITLE} AS title {_FOUND}robot_call.call_id = ?", (call_id,))


def list_calls(store: PortalStore, deal_id: int, viewer: Viewer) -> list[Row]:
    """Return the calls for a deal, the newest first; whoever does not see all sees those of his, or his people's, deals."""
    seen, values = ("TRUE", {}) if viewer.sees_all else one_of(viewer, "deal.assigned_by_id")
    return store.rows(_SEEN.format(seen=seen), {"deal_id": deal_id, **values})


def list_journal(store: PortalStore, wanted: Wanted, limit: int, offset: int) -> tuple[list[Row], int]:
    """Return a page of all calls, the newest first, with `shown_state` and the record's `title`; and how many there are."""
    use_fold(store)
    where, values = _where(wanted)
    total = store.row(f"SELECT COUNT(*) AS number {_FOUND}{where}", values)
    rows = store.rows(
        f"SELECT robot_call.*, {_STATE} AS shown_state, {_TITLE} AS title {_FOUND}{where} "
        "ORDER BY robot_call.received_at DESC, robot_call.call_id LIMIT :limit OFFSET :offset",
        {**values, "limit": limit, "offset": offset},
    )
    return rows, int(total["number"]) if total else 0


def count_states(store: PortalStore, since: str) -> dict[str, int]:
    """Return how many calls there are in each state since an instant."""
    found = store.rows(f"SELECT {_STATE} AS name, COUNT(*) AS number FROM robot_call WHERE received_at >= ? GROUP BY 1", (since,))
    return {row["name"]: int(row["number"]) for row in found}


def save_call(store: PortalStore, row: Row) -> Row:
    """Save the given columns of a call by its event_token; return the whole row."""
    with store.write():
        new = {"call_id": call_id_of(row["event_token"])}
        upsert(store, "robot_call", [{**new, **(find_call(store, row["event_token"]) or {}), **row}])
        saved = find_call(store, row["event_token"])
    assert saved is not None
    return saved


# -- calls that wait for something ---------------------------------------------------------------------------


def begin_pending(store: PortalStore, row: Row) -> Row:
    """Save that a call waits: for whose sake (client_key), until when at the latest (wake_at). It is looked at once more at once,
    because what it waits for may have happened between the question and this."""
    with store.write():
        _stir_cursor(store)
        return save_call(store, {**row, "state": PENDING, "stirred": 1})


def stir(store: PortalStore, client_keys: Collection[str] | None = None) -> None:
    """Say that something has happened to these clients, None for all: calls that wait for their sake are looked at again."""
    if not store.row("SELECT 1 FROM robot_call WHERE state = 'pending' LIMIT 1"):
        return
    scopes: Iterable[Collection[str]] = [()] if client_keys is None else chunks(client_keys)
    with store.write() as db:
        for piece in scopes:
            some = "" if client_keys is None else f" AND client_key IN ({marks(list(piece))})"
            changed = db.conn.execute(f"UPDATE robot_call SET stirred = stirred + 1 WHERE state = 'pending'{some}", list(piece)).rowcount
            if changed:
                _stir_cursor(store)


def settle(store: PortalStore, event_token: str, stirred: int) -> None:
    """Say that a pending call was looked at; whoever was stirred meanwhile stays so."""
    with store.write() as db:
        db.conn.execute("UPDATE robot_call SET stirred = 0 WHERE event_token = ? AND stirred = ?", (event_token, stirred))


def list_due(store: PortalStore, now: str, today: str) -> list[Row]:
    """Return the pending calls that may go on; on a new day all of them, because facts in days have moved."""
    is_new_day = find_cursor(store, WOKEN) != today
    return store.rows(f"SELECT * FROM robot_call WHERE {_DUE} ORDER BY received_at", {"now": now, "all": is_new_day})


def save_woken(store: PortalStore, today: str) -> None:
    """Say that all pending calls were looked at today."""
    save_cursor(store, WOKEN, today)


def wake_moment(store: PortalStore, now: str, today: str) -> str:
    """Return the name of the moment at which pending calls are to be looked at; '' while none is pending."""
    row = store.row(
        "SELECT COUNT(*) AS number, SUM(CASE WHEN wake_at <= :now OR state <> 'pending' THEN 1 ELSE 0 END) AS due FROM robot_call "
        "WHERE client_key IS NOT NULL AND state IN ('pending', 'ready', 'answering')",
        {"now": now},
    )
    return f"{today} {find_cursor(store, STIRRED) or 0} {row['due']}" if row and row["number"] else ""


def _stir_cursor(store: PortalStore) -> None:
    save_cursor(store, STIRRED, str(int(find_cursor(store, STIRRED) or 0) + 1))


def _where(wanted: Wanted) -> tuple[str, Row]:
    conditions, values = ["TRUE"], {}
    if wanted.robot:
        conditions.append("robot_call.robot = :robot")
        values["robot"] = wanted.robot
    if wanted.state in STATES:
        conditions.append(STATES[wanted.state])
    if wanted.since:
        conditions.append("robot_call.received_at >= :since")
        values["since"] = wanted.since
    for number, word in enumerate(wanted.search.split()[:8]):
        numbered = f" OR CAST(robot_call.entity_id AS TEXT) = :exact{number}" if word.lstrip("#№").isdigit() else ""
        conditions.append(f"({_WORDS} LIKE fold(:word{number}) ESCAPE '\\'{numbered})")
        values |= {f"word{number}": like(word)} | ({f"exact{number}": word.lstrip("#№")} if numbered else {})
    return " AND ".join(conditions), values
