"""Reads what was seen to change and brings the mirror up to date. What the portal no longer returns is removed.

All that follows from one pull is one transaction: rows, whom they concern, and the changes that are done with.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from b24app.context import Context
from b24app.store.changes import WHOLE, Change, forget_changes, save_due_clients
from b24app.store.cursors import find_cursor, save_cursor
from b24app.sync.apply import INSTANT, apply_product_rows, apply_records, clients_of, note_one_sided, remove_records
from b24app.sync.chosen import FAMILY, list_entities, list_sources, smart_process
from b24app.sync.dictionaries import pull_small
from b24app.sync.entities import BY_EVENT, BY_KEY, GROWING, OWNED, Entity
from b24app.sync.kinds import read_id
from b24app.sync.ownedrows import rows_a_deal
from b24app.sync.pull import list_fields, list_query, pull_product_rows, pull_records
from b24app.sync.rows import Record
from b24app.sync.together import Reading, read_together
from b24app.sync.userfields import all_columns, user_columns

SMART_EVENT = re.compile(rf"({'|'.join((*FAMILY.changed, *FAMILY.removed))})(?:_(\d+))?")
HAS = "has:"  # cursors: which histories are complete here, so that only what is newer need be read

Ids = Mapping[Entity, Sequence[int]]
Records = Mapping[Entity, Sequence[Record]]


def pull_changes(ctx: Context, changes: Sequence[Change]) -> None:
    """Pull and apply; whoever calls holds `store.pulling`. Killed anywhere, the changes are still there.

    Changes of what is not mirrored any more are forgotten.
    """
    named = {change.entity for change in changes}
    sources = list_sources(ctx)
    pull_small(ctx, {entity for entity in list_entities(ctx) if entity.key in named} - set(sources))
    ids = {entity: [change.record_id for change in changes if change.entity == entity.key] for entity in sources}
    ids = {entity: wanted for entity, wanted in ids.items() if wanted}
    found = pull_records(ctx, {entity: (list_fields(entity, user_columns(ctx.store, entity)), numbers) for entity, numbers in ids.items()})
    take_in(ctx, ids, {**found, **_pull_growth(ctx, found)}, changes)


def take_in(ctx: Context, asked: Ids, found: Records, changes: Sequence[Change] = ()) -> None:
    """Apply records that were read; who was asked for and not found is removed; `changes` are done with."""
    owned = {entity: _pull_owned(ctx, entity, found) for entity in OWNED}
    concerned = {entity: asked.get(entity) or _ids(entity, records) for entity, records in found.items()}
    with ctx.store.write():
        due = _clients(ctx, concerned)
        for entity, records in found.items():
            there = apply_records(ctx, entity, records, all_columns(ctx.store, entity))
            remove_records(ctx, entity, sorted(set(asked.get(entity, ())).difference(there)))
        for entity, (owner_ids, rows) in owned.items():
            apply_product_rows(ctx, entity, owner_ids, rows)
        for entity, records in found.items():
            note_one_sided(ctx, entity, records)
        save_due_clients(ctx.store, due | _clients(ctx, concerned))
        forget_changes(ctx.store, changes)


def read_change(event: str, record_id: int | None, type_id: int | None = None) -> Change | None:
    """Return what an event says has changed; None when it is not about anything that we mirror.

    `type_id` is the entity type that events of smart processes carry, in their names or beside the record's id.
    """
    name = event.upper()
    if match := SMART_EVENT.fullmatch(name):
        number = int(match[2]) if match[2] else type_id
        kind = "removed" if match[1] in FAMILY.removed else "changed"
        return Change(smart_process(number).key, record_id, kind) if number and record_id else None
    entity, kind = BY_EVENT.get(name, (None, ""))
    if entity is None:
        return None
    if entity.source:
        return Change(entity.key, record_id, kind) if record_id else None
    return Change(entity.key, WHOLE, kind)


def note_complete(ctx: Context, entity: Entity) -> None:
    """Remember that all rows of an entity are here, but for what is newer."""
    save_cursor(ctx.store, f"{HAS}{entity.key}", ctx.now().strftime(INSTANT))


def _pull_growth(ctx: Context, found: Records) -> dict[Entity, list[Record]]:
    """Read the histories of the owners that changed: all that is newer than what is here, one request for all of them.

    While nothing is here it is a first sync's or a comparison's to read.
    """
    readings = []
    for entity in GROWING:
        if found.get(BY_KEY[entity.owner]) and find_cursor(ctx.store, f"{HAS}{entity.key}"):
            last = ctx.store.rows(f'SELECT max(id) AS last FROM "{entity.table}"')[0]["last"]
            readings.append(Reading(entity, list_query(entity, list_fields(entity, ())), last or 0, 0))
    grown: dict[Entity, list[Record]] = {reading.entity: [] for reading in readings}
    for batch in read_together(ctx, readings):
        for entity, records in batch.items():
            grown[entity] += records
    return grown


def _pull_owned(ctx: Context, entity: Entity, found: Records) -> tuple[list[int], list[Record]]:
    """No event tells of product rows: they are read with every change of their deal."""
    ids = _ids(BY_KEY[entity.owner], found.get(BY_KEY[entity.owner], ()))
    return ids, pull_product_rows(ctx, ids, rows_a_deal(ctx, ids))


def _ids(entity: Entity, records: Sequence[Record]) -> list[int]:
    return [number for number in (read_id(record.get(entity.listed.id_name)) for record in records) if number]


def _clients(ctx: Context, ids: Ids) -> set[str]:
    return {key for entity, numbers in ids.items() for key in clients_of(ctx.store, entity, numbers)}
