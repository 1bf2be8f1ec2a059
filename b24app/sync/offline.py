"""The second net: the portal's queue of offline events, where the tariff has it. Rows are reserved, noted as changes, confirmed.

The queue holds one row a record, whoever was told of the change or not; our own writes carry our connector and stay out of it.
A run that died in between is found by its cursors: rows that it had noted are confirmed, rows that it had not are noted first.
https://github.com/bitrix-tools/b24-rest-docs, api-reference/events/offline-events.md.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from b24app.context import Context
from b24app.store.changes import Change, save_changes
from b24app.store.cursors import drop_cursors, find_cursor, save_cursor
from b24app.sync.apply import INSTANT
from b24app.sync.changed import read_change
from b24app.sync.kinds import read_id
from b24app.sync.rows import Record

SETTING = "offline"  # {"connector": ...} once the queue is open: see install.registration
CONNECTOR = "b24app"
ROWS = 500  # reserved at a time
ASKED, RESERVED = "offline:asked", "offline:process"  # cursors: rows may be reserved; under this process, and noted

Row = dict[str, Any]


def find_queue(ctx: Context) -> dict[str, str] | None:
    """Return what every call about our queue carries; None when this portal has no queue for us."""
    saved = ctx.app_store.find_setting(ctx.portal.member_id, SETTING)
    if not saved:
        return None
    return {"auth_connector": saved["connector"]} if saved.get("connector") else {}


def take_offline(ctx: Context) -> tuple[int, int]:
    """Take all rows of the queue in; return (rows, those of which we cannot tell the record)."""
    queue = find_queue(ctx)
    if queue is None:
        return 0, 0
    taken, blind = _take_up(ctx, queue)
    while True:
        save_cursor(ctx.store, ASKED, "1")
        result = ctx.bitrix.call("event.offline.get", {"clear": 0, "limit": ROWS, **queue}).result
        rows, process = list(result.get("events") or ()), str(result.get("process_id") or "")
        if not rows:
            drop_cursors(ctx.store, ASKED)
            return taken, blind
        blind += _note(ctx, rows, process)
        _confirm(ctx, process)
        taken += len(rows)


def read_row(row: Record) -> Change | None:
    """Return what a row says has changed. The vendor's pages do not show filled EVENT_DATA: every form is looked through."""
    found = _find_fields(row.get("EVENT_DATA"))
    number = read_id(found.get("ID"))
    return read_change(str(row.get("EVENT_NAME", "")), number, read_id(found.get("ENTITY_TYPE_ID")))


def _take_up(ctx: Context, queue: Mapping[str, str]) -> tuple[int, int]:
    """Finish what an earlier run left: confirm what it had noted, note and confirm what it had only reserved."""
    if process := find_cursor(ctx.store, RESERVED):
        _confirm(ctx, process)
        return 0, 0
    if not find_cursor(ctx.store, ASKED):
        return 0, 0
    reserved: dict[str, list[Record]] = {}
    for row in ctx.bitrix.pages("event.offline.list", dict(queue)):
        if row.get("PROCESS_ID"):
            reserved.setdefault(str(row["PROCESS_ID"]), []).append(row)
    blind = 0
    for process, rows in reserved.items():
        blind += _note(ctx, rows, process)
        _confirm(ctx, process)
    return sum(map(len, reserved.values())), blind


def _note(ctx: Context, rows: Iterable[Record], process: str) -> int:
    """Note the changes and, in the same transaction, that the process may be confirmed; return how many rows said nothing."""
    read = [(row, read_row(row)) for row in rows]
    with ctx.store.write():
        save_changes(ctx.store, [change for _, change in read if change], ctx.now().strftime(INSTANT))
        save_cursor(ctx.store, RESERVED, process)
    blind = [str(row.get("EVENT_NAME")) for row, change in read if change is None]
    if blind:
        ctx.log.warning("offline events that name no record", extra={"events": sorted(set(blind)), "rows": len(blind)})
    return len(blind)


def _confirm(ctx: Context, process: str) -> None:
    """Let the portal forget the rows of a process. Doing it twice does no harm."""
    ctx.bitrix.call("event.offline.clear", {"process_id": process})
    drop_cursors(ctx.store, "offline:")


def _find_fields(content: Any) -> Mapping[str, Any]:
    """Return the map that has the id: FIELDS of a map, of the first map in a list, of JSON; a bare number is an id."""
    match content:
        case {"FIELDS": inner}:
            return _find_fields(inner)
        case {"ID": _}:
            return dict(content)
        case {"0": inner} | [inner, *_]:
            return _find_fields(inner)
        case str() if content[:1] in ("{", "["):
            return _find_fields(_read_json(content))
        case str() | int():
            return {"ID": content}
    return {}


def _read_json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
