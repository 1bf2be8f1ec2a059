"""Compares the portal with the mirror and notes every difference as a change. Repairs nothing itself.

Compared are ids, times and what a merge moves without a new time. What has changed at the portal since the comparison began,
or is known to have changed and waits to be read, is `live` and no drift.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from b24app.context import Context
from b24app.store.changes import Change, list_pending, save_changes
from b24app.store.upserts import chunks, marks
from b24app.sync.apply import INSTANT
from b24app.sync.entities import BY_KEY, Entity
from b24app.sync.ownedrows import read_rows_ahead
from b24app.sync.pull import list_query, stream_records
from b24app.sync.rows import Column, Row, read_records
from b24app.sync.together import Reading, read_together

MISSING, EXTRA, STALE = "missing", "extra", "stale"
TOGETHER = 10_000  # records of one list that is read with the others, in shared batches

Rows = dict[int, Row]


@dataclass(frozen=True)
class Moment:
    """Since when (UTC) changes are live. `trusts_notes`: so is what waits to be read; after a repair that is no excuse any more."""

    at: str
    trusts_notes: bool = True


NEVER = Moment("9999")


@dataclass
class Comparison:
    """What differed in one entity: `drift` is record id -> missing (here) | extra (here) | stale; `live` is a number."""

    entity: Entity
    here: int = 0
    there: int = 0
    live: int = 0
    drift: dict[int, str] = field(default_factory=dict)

    def count(self, kind: str) -> int:
        """Return how many records differ in this way."""
        return sum(found == kind for found in self.drift.values())

    @property
    def report(self) -> dict[str, int]:
        """The same in the sweep's words."""
        rows = {"rows_here": self.here, "rows_there": self.there}
        return {**rows, "added": self.count(MISSING), "changed": self.count(STALE), "deleted": self.count(EXTRA)}


def compare(ctx: Context, entities: Sequence[Entity], expected: Mapping[str, int], moment: Moment) -> dict[Entity, Comparison]:
    """Compare all records of these entities. `expected`: how many the portal has;"""
    found = {entity: Comparison(entity) for entity in entities}
    together = [entity for entity in entities if expected[entity.key] <= TOGETHER]
    for entity, there in _read_all(ctx, together, expected).items():
        _compare_range(ctx, found[entity], (_rows_between(ctx, entity, (0, None)), there), moment)
    for entity in entities:
        if entity not in together:
            _compare_stream(ctx, found[entity], moment)
    return found


def compare_owned(ctx: Context, entity: Entity, moment: Moment) -> Comparison:
    """Compare product rows value by value: nothing in the portal tells that one has changed. Their owners are noted."""
    found, owner = Comparison(entity), BY_KEY[entity.owner]
    for ids, records in read_rows_ahead(ctx):
        here = {row["id"]: row for row in _rows_where(ctx, entity, ("owner_id", ids), entity.columns)}
        there = {row["id"]: row for row in read_records(records, entity.columns).rows}
        found.here, found.there = found.here + len(here), found.there + len(there)
        differing = dict(_differences(here, there))
        owners = {number: (there.get(number) or here[number])["owner_id"] for number in differing}
        fresh = _find_live(ctx, owner, sorted(set(owners.values())), moment)
        found.live += sum(owners[number] in fresh for number in differing)
        found.drift |= {number: kind for number, kind in differing.items() if owners[number] not in fresh}
        save_changes(ctx.store, [Change(owner.key, number) for number in set(owners.values())], ctx.now().strftime(INSTANT))
    return found


def compared_columns(entity: Entity) -> list[Column]:
    """Return the columns whose equality means that records are equal."""
    return [column for column in entity.columns if column.source in entity.listed.compared]


def find_unequal(ctx: Context, entity: Entity, there: Rows) -> dict[int, str]:
    """Return which of these rows of the portal the mirror does not have, or has otherwise."""
    here = {row["id"]: row for row in _rows_where(ctx, entity, ("id", sorted(there)), compared_columns(entity))}
    return dict(_differences(here, there))


def _read_all(ctx: Context, entities: Sequence[Entity], expected: Mapping[str, int]) -> dict[Entity, Rows]:
    readings = [Reading(entity, list_query(entity, entity.listed.compared), 0, expected[entity.key]) for entity in entities]
    there: dict[Entity, Rows] = {entity: {} for entity in entities}
    for found in read_together(ctx, readings):
        for entity, records in found.items():
            there[entity] |= {row["id"]: row for row in read_records(records, compared_columns(entity)).rows}
    return there


def _compare_stream(ctx: Context, found: Comparison, moment: Moment) -> None:
    """Compare range by range: whatever is yielded is complete between the last id and this one."""
    entity, last = found.entity, 0
    for records in stream_records(ctx, entity, entity.listed.compared):
        there = {row["id"]: row for row in read_records(records, compared_columns(entity)).rows}
        high = max(there, default=last)
        _compare_range(ctx, found, (_rows_between(ctx, entity, (last, high)), there), moment)
        last = high
    _compare_range(ctx, found, (_rows_between(ctx, entity, (last, None)), {}), moment)


def _compare_range(ctx: Context, found: Comparison, sides: tuple[Rows, Rows], moment: Moment) -> None:
    here, there = sides
    entity, updated = found.entity, _updated_name(found.entity)
    found.here, found.there = found.here + len(here), found.there + len(there)
    differing = dict(_differences(here, there))
    pending = list_pending(ctx.store, entity.key, differing) if moment.trusts_notes else set()
    for number, kind in differing.items():
        times = (side[number][updated] or "" for side in sides if number in side)
        if number in pending or max(times) >= moment.at:
            found.live += 1
        else:
            found.drift[number] = kind
    changes = [Change(entity.key, number, "removed" if kind == EXTRA else "changed") for number, kind in differing.items()]
    save_changes(ctx.store, changes, ctx.now().strftime(INSTANT))


def _differences(here: Rows, there: Rows) -> Iterator[tuple[int, str]]:
    for number, row in there.items():
        if number not in here:
            yield number, MISSING
        elif here[number] != row:
            yield number, STALE
    for number in here.keys() - there.keys():
        yield number, EXTRA


def _find_live(ctx: Context, entity: Entity, ids: Sequence[int], moment: Moment) -> set[int]:
    """Return those that have changed since that moment, or wait to be read."""
    updated = next(column for column in entity.columns if column.name == _updated_name(entity))
    rows = _rows_where(ctx, entity, ("id", ids), (entity.columns[0], updated))
    live = {row["id"] for row in rows if (row[updated.name] or "") >= moment.at}
    return live | list_pending(ctx.store, entity.key, ids) if moment.trusts_notes else live


def _updated_name(entity: Entity) -> str:
    return next(column.name for column in entity.columns if column.source == entity.listed.updated)


def _rows_between(ctx: Context, entity: Entity, between: tuple[int, int | None]) -> Rows:
    low, high = between
    names = ", ".join(column.name for column in compared_columns(entity))
    bound, params = ("", [low]) if high is None else (" AND id <= ?", [low, high])
    return {row["id"]: row for row in ctx.store.rows(f'SELECT {names} FROM "{entity.table}" WHERE id > ?{bound}', params)}


def _rows_where(ctx: Context, entity: Entity, among: tuple[str, Sequence[int]], columns: Sequence[Column]) -> list[Row]:
    name, values = among
    names = ", ".join(f'"{column.name}"' for column in columns)
    sql = f'SELECT {names} FROM "{entity.table}" WHERE "{name}" IN '
    return [row for piece in chunks(values) for row in ctx.store.rows(f"{sql}({marks(piece)})", piece)]
