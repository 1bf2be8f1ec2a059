"""The net under the events: compares the portal with the mirror and notes every difference as a change.

Repairs nothing itself: what differs is pulled by id like any other change. A full comparison reads the ids and times of all
records; between full ones, what was updated since the last sweep is compared. Counts that differ make it a full one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from b24app.context import Context
from b24app.store.changes import Change, save_changes
from b24app.store.cursors import find_cursor, save_cursor
from b24app.store.upserts import chunks, marks
from b24app.sync.apply import INSTANT
from b24app.sync.dictionaries import pull_small
from b24app.sync.entities import BY_KEY, ENTITIES, OWNED, RECORDS, Entity
from b24app.sync.first import counts, is_filling, list_ids
from b24app.sync.pull import count_records, pull_product_rows, stream_records
from b24app.sync.rows import Column, Record, Row, read_records

OVERLAP = timedelta(minutes=10)  # read again, for clocks that differ and requests that were under way
SMALL = 20_000  # records of one entity that are compared in full every time: eight requests
SMALL_OWNERS = 2_000  # deals whose product rows are: two requests
FULL_EVERY = timedelta(hours=24)
DEALS = 1000
COMPARED = ("id", "updatedTime", "lastActivityTime")


def sweep(ctx: Context, full: bool = False) -> dict[str, dict[str, int]]:
    """Note all differences as changes; return for each entity rows_here, rows_there, added, changed, deleted.

    While the first sync is under way everything would be a difference: nothing is compared.
    """
    if is_filling(ctx):
        return {}
    began, since = ctx.now(), find_cursor(ctx.store, "since")
    full = full or not since or _is_old(find_cursor(ctx.store, "full_at"), began)
    with ctx.store.pulling:
        pull_small(ctx, set(ENTITIES) - set(RECORDS) - set(OWNED))
    here, there = counts(ctx), count_records(ctx, RECORDS)
    report: dict[str, dict[str, int]] = {}
    for entity in RECORDS:
        whole = full or here[entity.key] != there[entity.key] or here[entity.key] <= SMALL
        found = _compare(ctx, entity, None if whole else since)
        report[entity.key] = {"rows_here": here[entity.key], "rows_there": there[entity.key], **found}
    for entity in OWNED:
        if full or here[entity.owner] <= SMALL_OWNERS:
            report[entity.key] = {"rows_here": here[entity.key], **_compare_owned(ctx, entity)}
    with ctx.store.write():
        save_cursor(ctx.store, "since", began.strftime(INSTANT))
        if full:
            save_cursor(ctx.store, "full_at", began.strftime(INSTANT))
    return report


def _is_old(full_at: str | None, now: datetime) -> bool:
    return full_at is None or datetime.fromisoformat(full_at) + FULL_EVERY < now


def _compare(ctx: Context, entity: Entity, since: str | None) -> dict[str, int]:
    """Compare what was updated since then, or everything when that is None. Only everything can show what is gone."""
    columns = [column for column in entity.columns if column.source in COMPARED]
    last, seen = 0, Counter({"added": 0, "changed": 0, "deleted": 0})
    for records in stream_records(ctx, entity, COMPARED, condition=_updated(since) if since else None):
        there = {row["id"]: row for row in read_records(records, columns).rows}
        high = max(there, default=last)
        here = _rows_between(ctx, entity, (last, high)) if since is None else _rows_of(ctx, entity, list(there))
        _note(ctx, entity, _differences(here, there), seen)
        last = high
    if since is None:
        _note(ctx, entity, _differences(_rows_between(ctx, entity, (last, None)), {}), seen)
    return dict(seen)


def _updated(since: str) -> dict[str, Any]:
    """Rows updated in the same second are told apart by reading an overlap again, not by the time alone."""
    return {">=updatedTime": (datetime.fromisoformat(since) - OVERLAP).isoformat()}


def _differences(here: dict[int, Row], there: dict[int, Row]) -> Iterator[tuple[str, int]]:
    for number, row in there.items():
        if number not in here:
            yield "added", number
        elif here[number] != row:
            yield "changed", number
    for number in here.keys() - there.keys():
        yield "deleted", number


def _note(ctx: Context, entity: Entity, differences: Iterator[tuple[str, int]], seen: Counter[str]) -> None:
    changes = []
    for what, number in differences:
        seen[what] += 1
        changes.append(Change(entity.key, number, "removed" if what == "deleted" else "changed"))
    save_changes(ctx.store, changes, ctx.now().strftime(INSTANT))


def _rows_between(ctx: Context, entity: Entity, between: tuple[int, int | None]) -> dict[int, Row]:
    low, high = between
    bound, params = ("", [low]) if high is None else (" AND id <= ?", [low, high])
    return {row["id"]: row for row in ctx.store.rows(f"{_select(entity)} WHERE id > ?{bound}", params)}


def _rows_of(ctx: Context, entity: Entity, ids: Sequence[int]) -> dict[int, Row]:
    pieces = (ctx.store.rows(f"{_select(entity)} WHERE id IN ({marks(piece)})", piece) for piece in chunks(ids))
    return {row["id"]: row for rows in pieces for row in rows}


def _select(entity: Entity) -> str:
    names = ", ".join(column.name for column in entity.columns if column.source in COMPARED)
    return f'SELECT {names} FROM "{entity.table}"'


def _compare_owned(ctx: Context, entity: Entity) -> dict[str, int]:
    """Compare product rows value by value: nothing in the portal tells that one has changed."""
    last, seen, total = 0, Counter({"added": 0, "changed": 0, "deleted": 0}), 0
    while ids := list_ids(ctx.store, BY_KEY[entity.owner], last, DEALS):
        records: list[Record] = pull_product_rows(ctx, ids)
        there = {row["id"]: row for row in read_records(records, entity.columns).rows}
        here = {row["id"]: row for row in _owned_rows(ctx, entity, ids)}
        owners = set()
        for what, number in _differences(here, there):
            seen[what] += 1
            owners.add((there.get(number) or here[number])["owner_id"])
        save_changes(ctx.store, [Change(entity.owner, owner) for owner in owners if owner], ctx.now().strftime(INSTANT))
        last, total = ids[-1], total + len(there)
    return {"rows_there": total, **seen}


def _owned_rows(ctx: Context, entity: Entity, ids: Sequence[int]) -> list[Row]:
    names = ", ".join(_quoted(column) for column in entity.columns)
    pieces = (ctx.store.rows(f'SELECT {names} FROM "{entity.table}" WHERE owner_id IN ({marks(piece)})', piece) for piece in chunks(ids))
    return [row for rows in pieces for row in rows]


def _quoted(column: Column) -> str:
    return f'"{column.name}"'
