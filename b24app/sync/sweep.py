"""The net under the events: every few minutes takes in what was updated since the last time, and counts both sides.

What is new is read whole, 2,500 records a request, and applied at once. Only a comparison of everything can show what is gone:
small lists get it every time, a long one when its numbers of rows differ. The whole truth is certify.py's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from b24app.context import Context
from b24app.store.changes import list_entities_with_changes
from b24app.store.cursors import find_cursor, save_cursor
from b24app.sync.apply import INSTANT
from b24app.sync.changed import take_in
from b24app.sync.chosen import list_entities, list_sources
from b24app.sync.compare import NEVER, Comparison, compare, compare_owned, compared_columns, find_unequal
from b24app.sync.dictionaries import pull_small
from b24app.sync.entities import OWNED, Entity
from b24app.sync.first import counts, is_filling
from b24app.sync.pull import count_records, list_fields, list_query
from b24app.sync.rows import Record, read_records
from b24app.sync.together import Found, Reading, read_together
from b24app.sync.userfields import user_columns

OVERLAP = timedelta(minutes=10)  # read again, for clocks that differ and requests that were under way
FEW = 60  # new records of one list, mostly: a chain that is longer asks for pages that are not there
SMALL = 2_500  # records of one list that are compared in full every time: one request
SMALL_OWNERS = 1_000  # deals whose product rows are: one or two requests

Report = dict[str, dict[str, int]]


def sweep(ctx: Context, settle: Callable[[], object] = lambda: None) -> Report:
    """Take in what is new, note all other differences that can be seen as changes.

    `settle` reads what waits to be read, so that only what nobody knows of makes the numbers differ.

    Return for each entity rows_here, rows_there, added, changed, deleted. While the first sync is under way everything would
    be a difference: nothing is compared.
    """
    if is_filling(ctx):
        return {}
    began, since = ctx.now(), find_cursor(ctx.store, "since")
    with ctx.store.pulling:
        pull_small(ctx, [entity for entity in list_entities(ctx) if not entity.source and not entity.owner])
    sources = list_sources(ctx)
    here = counts(ctx)
    large = [entity for entity in sources if since and here[entity.key] > SMALL]
    report = {entity.key: found.report for entity, found in _take_changed(ctx, large, since or "").items()}
    settle()
    here, there = counts(ctx), count_records(ctx, sources)
    whole = [entity for entity in sources if entity not in large or _is_doubtful(ctx, entity, here, there)]
    for entity, found in compare(ctx, whole, there, NEVER).items():
        report[entity.key] = _added(report.get(entity.key, {}), found.report)
    for entity in set(large) - set(whole):
        report[entity.key] |= {"rows_here": here[entity.key], "rows_there": there[entity.key]}
    for entity in OWNED:
        if not since or here[entity.owner] <= SMALL_OWNERS:
            report[entity.key] = compare_owned(ctx, entity, NEVER).report
    save_cursor(ctx.store, "since", began.strftime(INSTANT))
    return report


def _take_changed(ctx: Context, entities: Sequence[Entity], since: str) -> dict[Entity, Comparison]:
    """Read and apply what was updated since then; every batch is read and applied under the lock, so nothing newer is overwritten."""
    readings = [_reading(ctx, entity, since) for entity in entities]
    seen = {entity: Comparison(entity) for entity in entities}
    batches = read_together(ctx, readings)
    while True:
        with ctx.store.pulling:
            found = next(batches, None)
            if found is None:
                return seen
            take_in(ctx, {}, _only_unequal(ctx, found, seen))


def _reading(ctx: Context, entity: Entity, since: str) -> Reading:
    """Rows updated in the same second are told apart by reading an overlap again, not by the time alone."""
    condition = {f">={entity.listed.updated}": (datetime.fromisoformat(since) - OVERLAP).isoformat()}
    query = list_query(entity, list_fields(entity, user_columns(ctx.store, entity)), condition)
    return Reading(entity, query, expected=FEW)


def _only_unequal(ctx: Context, found: Found, seen: Mapping[Entity, Comparison]) -> dict[Entity, list[Record]]:
    """Leave out what is here already; count the rest."""
    unequal: dict[Entity, list[Record]] = {}
    for entity, records in found.items():
        there = {row["id"]: row for row in read_records(records, compared_columns(entity)).rows}
        differing = find_unequal(ctx, entity, there)
        seen[entity].drift |= differing
        name = entity.listed.id_name
        if differing:
            unequal[entity] = [record for record in records if int(record[name]) in differing]
    return unequal


def _is_doubtful(ctx: Context, entity: Entity, here: Mapping[str, int], there: Mapping[str, int]) -> bool:
    """Tell whether only a comparison of everything can explain the numbers; changes that wait to be read may do, too."""
    return here[entity.key] != there[entity.key] and entity.key not in list_entities_with_changes(ctx.store)


def _added(before: Mapping[str, int], now: Mapping[str, Any]) -> dict[str, int]:
    found = {what: before.get(what, 0) + now[what] for what in ("added", "changed", "deleted")}
    return {"rows_here": now["rows_here"], "rows_there": now["rows_there"], **found}
