"""Writes what was pulled into the mirror, and says whom it concerns. Asks the portal nothing.

What disappears in the portal takes its links along without an event: the records that pointed to it are noted as changed.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Sequence

from b24app.context import Context
from b24app.store.changes import Change, save_changes
from b24app.store.mirror import PortalStore
from b24app.store.traces import erase_traces
from b24app.store.upserts import chunks, delete, marks, replace_all, replace_owned, upsert, upsert_values
from b24app.sync.entities import BY_KEY, LISTED, RECORDS, Entity
from b24app.sync.rows import Batch, Column, Link, Record, read_records

log = logging.getLogger(__name__)

INSTANT = "%Y-%m-%dT%H:%M:%SZ"


def apply_records(ctx: Context, entity: Entity, records: Iterable[Record], columns: Sequence[Column]) -> list[int]:
    """Write records with their communications and links; return their ids. Belongs into the caller's transaction."""
    batch = read_records(records, columns, (*entity.links, *entity.parts), entity.key)
    with ctx.store.write():
        upsert_values(ctx.store, entity.table, batch.names, batch.values)
        if entity.has_communications:
            _remove_communications(ctx.store, entity, batch.ids)
            upsert(ctx.store, "communication", batch.communications)
        for link in entity.links:
            if link.is_owner:
                replace_owned(ctx.store, link.table, (link.owner, batch.ids), batch.links[link.source])
        for part in entity.parts:
            replace_owned(ctx.store, part.table, (part.owner, batch.ids), batch.parts[part.source])
    _say_unreadable(entity, batch)
    return batch.ids


def apply_product_rows(ctx: Context, entity: Entity, deal_ids: Sequence[int], records: Iterable[Record]) -> None:
    """Give these deals exactly these product rows; a row whose deal was not asked for is not ours to keep."""
    batch = read_records(records, entity.columns)
    asked = set(deal_ids)
    replace_owned(ctx.store, entity.table, ("owner_id", deal_ids), [row for row in batch.rows if row["owner_id"] in asked])
    _say_unreadable(entity, batch)


def apply_whole(ctx: Context, entity: Entity, records: Iterable[Record]) -> Counter[str]:
    """Make a dictionary equal to the portal's; return how many entries were missing here, extra or stale."""
    assert entity.whole is not None
    keys = ctx.store.keys(entity.table)
    there = {tuple(row[key] for key in keys): row for row in map(entity.whole.read, records) if row}
    here = {tuple(row[key] for key in keys): row for row in ctx.store.rows(f'SELECT * FROM "{entity.table}"')}
    differing = Counter({"missing": len(there.keys() - here.keys()), "extra": len(here.keys() - there.keys())})
    differing["stale"] = sum(here[key] != there[key] for key in here.keys() & there.keys())
    if differing := +differing:
        replace_all(ctx.store, entity.table, list(there.values()))
    return differing


def remove_records(ctx: Context, entity: Entity, ids: Sequence[int]) -> None:
    """Remove records that are gone, with all that belongs to them, and note who pointed to them."""
    with ctx.store.write():
        save_changes(ctx.store, _pointing_to(ctx.store, entity, ids), ctx.now().strftime(INSTANT))
        for record_id in ids if entity.key in PREFIXES else ():
            found = erase_traces(ctx.store, entity.key, record_id, ctx.now().strftime(INSTANT))
            log.info("traces erased", extra={"entity": entity.key, "record": record_id, "rows": found})
        delete(ctx.store, entity.table, ids)
        if entity.has_communications:
            _remove_communications(ctx.store, entity, ids)
        for table, owner in [(one.table, one.owner) for one in entity.links] + [(one.table, one.owner) for one in entity.parts]:
            delete(ctx.store, table, ids, owner)
        for owned in (other for other in BY_KEY.values() if other.owner == entity.key):
            delete(ctx.store, owned.table, ids, "owner_id")


def note_one_sided(ctx: Context, entity: Entity, records: Sequence[Record]) -> None:
    """Compare the lists that another entity keeps (a company's contacts) with ours; where they differ, that one has changed."""
    for link in (link for link in entity.links if not link.is_owner):
        records = [record for record in records if record.get(link.source) is not None]
        batch = read_records(records, (BY_KEY[entity.key].columns[0],), (link,))
        there = {(row[link.owner], row[link.other]) for row in batch.links[link.source]}
        here = _pairs(ctx.store, link, batch.ids)
        others = {other for _, other in there ^ here}
        save_changes(ctx.store, [Change(link.other_entity, other) for other in others], ctx.now().strftime(INSTANT))


def clients_of(store: PortalStore, entity: Entity, ids: Sequence[int]) -> set[str]:
    """Return the keys of all companies and contacts that these records concern, as the mirror has them now."""
    keys = {f"{PREFIXES[entity.key]}_{record_id}" for record_id in ids} if entity.key in PREFIXES else set()
    for key, prefix in PREFIXES.items():
        column = f"{key}_id"
        if column in {declared.name for declared in entity.columns}:
            keys |= {f"{prefix}_{number}" for number in _values(store, (entity.table, "id", column), ids)}
        for link in entity.links:
            if column == link.other:
                keys |= {f"{prefix}_{number}" for number in _values(store, (link.table, link.owner, link.other), ids)}
    if entity.is_about_others:
        for other in RECORDS:
            keys |= clients_of(store, other, sorted(_named_by(store, entity, other, ids)))
    return keys


PREFIXES = {"company": "CO", "contact": "C"}  # Bitrix24's own notation


def _pointing_to(store: PortalStore, entity: Entity, ids: Sequence[int]) -> list[Change]:
    changes: list[Change] = []
    column = f"{entity.key}_id"
    for other in RECORDS:
        if column in {declared.name for declared in other.columns}:
            changes += [Change(other.key, number) for number in _values(store, (other.table, column, "id"), ids)]
        for link in other.links:
            if link.other == column:
                changes += [Change(other.key, number) for number in _values(store, (link.table, link.other, link.owner), ids)]
    for other in (other for other in LISTED if other.is_about_others):
        changes += [Change(other.key, number) for number in _owned_by(store, other, entity, ids)]
    return changes


def _values(store: PortalStore, place: tuple[str, str, str], ids: Sequence[int]) -> set[int]:
    """Return the values of a column (table, column asked, column wanted), without those that are unknown."""
    table, asked, wanted = place
    return {
        row["value"]
        for piece in chunks(ids)
        for row in store.rows(
            f'SELECT DISTINCT "{wanted}" AS value FROM "{table}" WHERE "{asked}" IN ({marks(piece)}) AND "{wanted}" IS NOT NULL', piece
        )
    }


def _owned_by(store: PortalStore, other: Entity, entity: Entity, ids: Sequence[int]) -> set[int]:
    """Return the records that name these by type and id: as their owners, or as whom they were with."""
    if not entity.type_id:
        return set()
    asked = [f'SELECT id AS number FROM "{other.table}" WHERE owner_type_id = ? AND owner_id IN ']
    asked += [f'SELECT {part.owner} AS number FROM "{part.table}" WHERE entity_type_id = ? AND entity_id IN ' for part in other.parts]
    pieces = (store.rows(f"{sql}({marks(piece)})", (entity.type_id, *piece)) for sql in asked for piece in chunks(ids))
    return {row["number"] for rows in pieces for row in rows}


def _named_by(store: PortalStore, entity: Entity, other: Entity, ids: Sequence[int]) -> set[int]:
    """Return the records of another entity that these name: as their owners, and as those whom they were with."""
    named = [(entity.table, "id", "owner_type_id", "owner_id")]
    named += [(part.table, part.owner, "entity_type_id", "entity_id") for part in entity.parts]
    return {
        row["value"]
        for table, owner, type_column, column in named
        for piece in chunks(ids)
        for row in store.rows(
            f'SELECT DISTINCT "{column}" AS value FROM "{table}" WHERE "{owner}" IN ({marks(piece)}) AND "{type_column}" = ? '
            f'AND "{column}" IS NOT NULL',
            (*piece, other.type_id),
        )
    }


def _pairs(store: PortalStore, link: Link, ids: Sequence[int]) -> set[tuple[int, int]]:
    return {
        (row["owner"], row["other"])
        for piece in chunks(ids)
        for row in store.rows(
            f'SELECT "{link.owner}" AS owner, "{link.other}" AS other FROM "{link.table}" WHERE "{link.owner}" IN ({marks(piece)})', piece
        )
    }


def _remove_communications(store: PortalStore, entity: Entity, ids: Iterable[int]) -> None:
    with store.write() as db:
        db.conn.executemany("DELETE FROM communication WHERE entity = ? AND entity_id = ?", [(entity.key, number) for number in ids])


def _say_unreadable(entity: Entity, batch: Batch) -> None:
    if batch.unreadable:
        log.warning("values could not be read", extra={"entity": entity.key, "fields": dict(batch.unreadable)})
