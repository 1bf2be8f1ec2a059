"""The offline event queue: state, not history. One row an object with the time of its last change, per application and connector.

Owns the queue's table. Reserved rows (taken with clear=0) are hidden until they are cleared or reported as failed.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from sandbox.entities import Field
from sandbox.filters import Filter, compile_order
from sandbox.store import Section, Where

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.event_names import Event
    from sandbox.portal import Portal
    from sandbox.rest import Caller, Record

SECTIONS = (
    Section.declare(
        "offline_events",
        "ID:integer CLIENT_ID:string CONNECTOR:string OBJECT:string EVENT_NAME:string EVENT_DATA:json TIMESTAMP_X:datetime "
        "MESSAGE_ID:string PROCESS_ID:string ERROR:integer",
        "CLIENT_ID,OBJECT",
    ),
)
FIELDS = {
    field.name: field
    for field in (
        Field("ID", "integer"),
        Field("TIMESTAMP_X", "datetime"),
        Field("EVENT_NAME", "string"),
        Field("MESSAGE_ID", "string"),
        Field("PROCESS_ID", "string"),
        Field("ERROR", "integer"),
    )
}
FILTER = Filter("offline_events", FIELDS)


def add(portal: Portal, handler: Record, event: Event, caller: Caller) -> bool:
    """Queue an event for a handler; return False when the change came from the handler's own connector."""
    connector = handler["CONNECTOR"] or ""
    if connector and caller.connector == connector:
        return False
    mine = {"CLIENT_ID": handler["CLIENT_ID"], "CONNECTOR": connector, "OBJECT": event.key, "PROCESS_ID": "", "ERROR": 0}
    said = {"EVENT_NAME": event.name, "EVENT_DATA": event.content, "TIMESTAMP_X": portal.clock.stamp()}
    with portal.store.write():
        known = portal.store.find("offline_events", mine, limit=1)
        if known:
            portal.store.save("offline_events", known[0]["ID"], said)
        else:
            key = portal.store.insert("offline_events", {**mine, **said})
            portal.store.save("offline_events", key, {"MESSAGE_ID": str(key)})
    return True


def take(portal: Portal, client_id: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return the first rows and delete them (`clear`), or reserve them under a new process id.

    A `process_id` of before returns that process's own rows again. The whole taking is one transaction: parallel calls get
    rows of their own.
    """
    is_cleared = asked["clear"] and not asked["process_id"]
    with portal.store.write():
        rows = portal.store.find(
            "offline_events",
            {"CLIENT_ID": client_id, "CONNECTOR": asked["auth_connector"], "PROCESS_ID": asked["process_id"]},
            _where(asked),
            compile_order(FIELDS, asked["order"], is_strict=False, default='"TIMESTAMP_X" ASC, "ID" ASC'),
            asked["limit"],
        )
        process_id = None if is_cleared else asked["process_id"] or secrets.token_hex(16)
        for row in rows:
            if is_cleared:
                portal.store.delete("offline_events", row["ID"])
            else:
                portal.store.save("offline_events", row["ID"], {"PROCESS_ID": process_id, "ERROR": 0})
    return {"process_id": process_id, "events": [present(row) for row in rows]}


def _where(asked: Mapping[str, Any]) -> Where:
    """Failed rows come only when they are asked for."""
    wanted = Where() if asked["error"] else Where('"ERROR" = 0')
    return FILTER.compile(asked["filter"]) & wanted


def clear(portal: Portal, client_id: str, process_id: str, ids: list[int] | None, messages: list[str] | None) -> None:
    """Forget rows of a process: those with these ids, else with these message ids, else all."""
    chosen: dict[str, Any] = {"CLIENT_ID": client_id, "PROCESS_ID": process_id}
    if ids is not None:
        chosen["ID"] = ids
    elif messages is not None:
        chosen["MESSAGE_ID"] = messages
    portal.store.delete_where("offline_events", chosen)


def fail(portal: Portal, client_id: str, process_id: str, messages: list[str] | None) -> None:
    """Mark rows of a process as failed and give them back: they are taken again only with error=1."""
    chosen: dict[str, Any] = {"CLIENT_ID": client_id, "PROCESS_ID": process_id}
    if messages is not None:
        chosen["MESSAGE_ID"] = messages
    with portal.store.write():
        for row in portal.store.find("offline_events", chosen):
            portal.store.save("offline_events", row["ID"], {"PROCESS_ID": "", "ERROR": 1})


def peek(portal: Portal, client_id: str, asked: Mapping[str, Any]) -> tuple[list[dict[str, Any]], int]:
    """Return a page of the queue as it is, reserved and failed rows included, and how many rows there are."""
    mine = {"CLIENT_ID": client_id, "CONNECTOR": asked["auth_connector"]}
    where = FILTER.compile(asked["filter"])
    order = compile_order(FIELDS, asked["order"], is_strict=False)
    rows = portal.store.find("offline_events", mine, where, order, asked["start"] + 50)[asked["start"] :]
    listed = [{**present(row), "PROCESS_ID": row["PROCESS_ID"], "ERROR": str(row["ERROR"])} for row in rows]
    return listed, portal.store.count("offline_events", mine, where)


def present(row: Record) -> dict[str, Any]:
    """Return a row as the methods answer it."""
    return {
        "ID": str(row["ID"]),
        "TIMESTAMP_X": row["TIMESTAMP_X"],
        "EVENT_NAME": row["EVENT_NAME"],
        "EVENT_DATA": row["EVENT_DATA"],
        "EVENT_ADDITIONAL": False,
        "MESSAGE_ID": row["MESSAGE_ID"],
    }


def forget_app(portal: Portal, client_id: str) -> None:
    """Forget an application's queue."""
    portal.store.delete_where("offline_events", {"CLIENT_ID": client_id})
