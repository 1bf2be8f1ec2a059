"""Reads what was seen to change and brings the mirror up to date. What the portal no longer returns is removed.

All that follows from one pull is one transaction: rows, whom they concern, and the changes that are done with.
"""

from __future__ import annotations

from collections.abc import Sequence

from b24app.context import Context
from b24app.store.changes import WHOLE, Change, forget_changes, save_due_clients
from b24app.sync.apply import apply_product_rows, apply_records, clients_of, note_one_sided, remove_records
from b24app.sync.dictionaries import pull_small
from b24app.sync.entities import BY_EVENT, BY_KEY, OWNED, RECORDS, Entity
from b24app.sync.pull import list_fields, pull_product_rows, pull_records
from b24app.sync.rows import Record, read_id
from b24app.sync.userfields import all_columns, user_columns


def pull_changes(ctx: Context, changes: Sequence[Change]) -> None:
    """Pull and apply; whoever calls holds `store.pulling`. Killed anywhere, the changes are still there."""
    pull_small(ctx, {BY_KEY[change.entity] for change in changes} - set(RECORDS))
    ids = {entity: [change.record_id for change in changes if change.entity == entity.key] for entity in RECORDS}
    ids = {entity: wanted for entity, wanted in ids.items() if wanted}
    wanted = {entity: (list_fields(entity, user_columns(ctx.store, entity)), numbers) for entity, numbers in ids.items()}
    found = pull_records(ctx, wanted)
    owned = {owned: _pull_owned(ctx, owned, found) for owned in OWNED}
    with ctx.store.write():
        due = _clients(ctx, ids)
        for entity, numbers in ids.items():
            _apply(ctx, entity, numbers, found[entity])
        for entity, (owner_ids, rows) in owned.items():
            apply_product_rows(ctx, entity, owner_ids, rows)
        for entity, records in found.items():
            note_one_sided(ctx, entity, records)
        save_due_clients(ctx.store, due | _clients(ctx, ids))
        forget_changes(ctx.store, changes)


def read_change(event: str, record_id: int | None) -> Change | None:
    """Return what an event says has changed; None when it is not about anything that we mirror."""
    entity, kind = BY_EVENT.get(event.upper(), (None, ""))
    if entity is None:
        return None
    if entity in RECORDS:
        return Change(entity.key, record_id, kind) if record_id else None
    return Change(entity.key, WHOLE, kind)


def _pull_owned(ctx: Context, entity: Entity, found: dict[Entity, list[Record]]) -> tuple[list[int], list[Record]]:
    """No event tells of product rows: they are read with every change of their deal."""
    records = found.get(BY_KEY[entity.owner], [])
    ids = [number for number in (read_id(record.get("id")) for record in records) if number]
    return ids, pull_product_rows(ctx, ids)


def _apply(ctx: Context, entity: Entity, wanted: Sequence[int], records: Sequence[Record]) -> None:
    there = apply_records(ctx, entity, records, all_columns(ctx.store, entity))
    remove_records(ctx, entity, sorted(set(wanted).difference(there)))


def _clients(ctx: Context, ids: dict[Entity, list[int]]) -> set[str]:
    return {key for entity, numbers in ids.items() for key in clients_of(ctx.store, entity, numbers)}
