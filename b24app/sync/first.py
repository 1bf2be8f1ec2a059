"""The first sync: everything, once, in chunks. Each chunk and its checkpoint are one transaction, so a killed run resumes.

Running it again later is harmless: rows are overwritten, and what is here but was not in the portal's list is noted as
changed, to be asked for by id before it is removed. Pausing and going gently by day is the budget's business: a paused
reading raises BitrixBusy between two chunks and goes on behind the last one.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from b24app.bitrix.chains import Extent
from b24app.context import Context
from b24app.store.changes import EVERYBODY, Change, save_changes, save_due_clients
from b24app.store.cursors import drop_cursors, find_cursor, save_cursor
from b24app.store.mirror import PortalStore
from b24app.store.progress import advance_step, finish_step, forget_steps, plan_steps, start_step
from b24app.sync.apply import INSTANT, apply_product_rows, apply_records
from b24app.sync.changed import note_complete
from b24app.sync.chosen import list_chosen, list_entities
from b24app.sync.dictionaries import pull_dictionaries
from b24app.sync.entities import BY_KEY, FIXED, Entity
from b24app.sync.ownedrows import read_rows_ahead
from b24app.sync.pull import list_fields, measure_lists, stream_records
from b24app.sync.userfields import all_columns, pull_user_fields, user_columns

DONE = "done"
PATIENCE = timedelta(hours=24)


def first_sync(ctx: Context, job: str = "install") -> dict[str, int]:
    """Fill the mirror; the steps are shown under `job`. Return the number of rows of each entity.

    BitrixBusy and BitrixLost come through; called again it goes on where it stopped.
    """
    plan_first_sync(ctx, job)
    sync_entities(ctx, job)
    end_first_sync(ctx)
    return counts(ctx)


def sync_entities(ctx: Context, job: str) -> None:
    """Sync what is not done yet; from then on every client is due."""
    known: dict[Entity, Extent] = {}
    for entity in _list_planned(ctx):
        # One puller at a time: a second run of the same job waits here, and then finds the entity done.
        with ctx.store.pulling:
            if _is_left(ctx, entity):
                start_step(ctx.store, job, step_of(entity), ctx.now().strftime(INSTANT))
                if entity.table in ctx.store.tables():
                    course = _Course(ctx, job, entity)
                    if entity.source and entity not in known:  # the user fields have made their tables by now
                        known = measure_lists(ctx, _list_left(ctx))
                    _sync(ctx, entity, course, known.get(entity))
                finish_step(ctx.store, job, step_of(entity), ctx.now().strftime(INSTANT))
                save_cursor(ctx.store, f"first:{entity.key}", DONE)
                note_complete(ctx, entity)
    save_due_clients(ctx.store, [EVERYBODY])


def end_first_sync(ctx: Context) -> None:
    """Forget the checkpoints; the first sweep looks back to the beginning of this sync."""
    with ctx.store.write():
        save_cursor(ctx.store, "since", find_cursor(ctx.store, "first:") or "")
        save_cursor(ctx.store, "synced_at", ctx.now().strftime(INSTANT))
        drop_cursors(ctx.store, "first:")


def plan_first_sync(ctx: Context, job: str) -> None:
    """Announce the steps; a new run after a finished one begins its page anew."""
    with ctx.store.write():
        steps = [(step_of(entity), title_of(entity)) for entity in _list_planned(ctx)]
        if not find_cursor(ctx.store, "first:"):
            forget_steps(ctx.store, job, [step for step, _ in steps])
            save_cursor(ctx.store, "first:", ctx.now().strftime(INSTANT))
        plan_steps(ctx.store, job, steps)


def is_synced(store: PortalStore) -> bool:
    """Tell whether the mirror has ever been complete."""
    return find_cursor(store, "synced_at") is not None


def is_filling(ctx: Context) -> bool:
    """Tell whether a first sync is under way; one that began more than a day ago is taken for given up."""
    began = find_cursor(ctx.store, "first:")
    return began is not None and ctx.now() < datetime.fromisoformat(began) + PATIENCE


def counts(ctx: Context) -> dict[str, int]:
    """Return how many rows of each entity the mirror holds."""
    entities = list_entities(ctx)
    sql = " UNION ALL ".join(f"SELECT '{entity.key}' AS entity, count(*) AS number FROM \"{entity.table}\"" for entity in entities)
    return {row["entity"]: row["number"] for row in ctx.store.rows(sql)}


def step_of(entity: Entity) -> str:
    """Return the name of an entity's step."""
    return f"sync.{entity.key}"


def title_of(entity: Entity) -> str:
    """Return the key of its step's title: smart processes share one."""
    return f"sync.{entity.family or entity.key}"


def _list_planned(ctx: Context) -> tuple[Entity, ...]:
    """Return what to sync. User fields come first: they make the tables of the smart processes that the portal has."""
    return (*FIXED, *list_chosen(ctx))


def _is_left(ctx: Context, entity: Entity) -> bool:
    return find_cursor(ctx.store, f"first:{entity.key}") != DONE


def _list_left(ctx: Context) -> list[Entity]:
    """Return the long lists that are not read yet."""
    tables = ctx.store.tables()
    return [entity for entity in _list_planned(ctx) if entity.source and entity.table in tables and _is_left(ctx, entity)]


class _Course:
    """How far an entity is, for the page: rows done, rows in all, and the requests that they cost."""

    def __init__(self, ctx: Context, job: str, entity: Entity) -> None:
        self._ctx, self._job, self._step = ctx, job, step_of(entity)
        self._spent = ctx.bitrix.meter.requests
        self.done = 0

    def begin(self, done: int, total: int) -> None:
        """Say where it begins."""
        self.done = done
        self.advance(0, total)

    def advance(self, rows: int, total: int | None = None) -> None:
        """Say how many rows have come."""
        self.done += rows
        before, self._spent = self._spent, self._ctx.bitrix.meter.requests
        advance_step(self._ctx.store, self._job, self._step, (self.done, total), self._spent - before)


def _sync(ctx: Context, entity: Entity, course: _Course, known: Extent | None) -> None:
    if known:
        _sync_records(ctx, entity, course, known)
    elif entity.owner:
        _sync_product_rows(ctx, entity, course)
    else:
        if entity.whole:
            pull_dictionaries(ctx, [entity])
        else:
            pull_user_fields(ctx, fill=False)
        rows = _count(ctx.store, entity)
        course.begin(rows, rows)


def _sync_records(ctx: Context, entity: Entity, course: _Course, known: Extent) -> None:
    """Read a list as far as it reached when all were measured; what is newer, events and the first sweep bring."""
    last = int(find_cursor(ctx.store, f"first:{entity.key}") or 0)
    course.begin(_count(ctx.store, entity, last), known.records or 0)
    columns = all_columns(ctx.store, entity)
    for records in stream_records(ctx, entity, list_fields(entity, user_columns(ctx.store, entity)), last, known):
        with ctx.store.write():
            ids = apply_records(ctx, entity, records, columns)
            if ids:
                _note_extra(ctx, entity, (last, ids[-1]), ids)
                last = ids[-1]
                save_cursor(ctx.store, f"first:{entity.key}", str(last))
                course.advance(len(ids))
    _note_extra(ctx, entity, (last, None), ())
    course.advance(0)


def _sync_product_rows(ctx: Context, entity: Entity, course: _Course) -> None:
    """Read product rows deal by deal: the portal gives them by owner only."""
    owner = BY_KEY[entity.owner]
    last = int(find_cursor(ctx.store, f"first:{entity.key}") or 0)
    course.begin(_count(ctx.store, owner, last), _count(ctx.store, owner))
    for ids, records in read_rows_ahead(ctx, last):
        with ctx.store.write():
            apply_product_rows(ctx, entity, ids, records)
            save_cursor(ctx.store, f"first:{entity.key}", str(ids[-1]))
            course.advance(len(ids))


def _note_extra(ctx: Context, entity: Entity, between: tuple[int, int | None], ids: list[int] | tuple[int, ...]) -> None:
    """Note the rows of a range of ids that the portal did not list."""
    low, high = between
    bound, params = ("", [low]) if high is None else (" AND id <= ?", [low, high])
    here = {row["id"] for row in ctx.store.rows(f'SELECT id FROM "{entity.table}" WHERE id > ?{bound}', params)}
    save_changes(ctx.store, [Change(entity.key, number, "removed") for number in here.difference(ids)], ctx.now().strftime(INSTANT))


def _count(store: PortalStore, entity: Entity, upto: int | None = None) -> int:
    bound, params = ("", []) if upto is None else (" WHERE id <= ?", [upto])
    return int(store.rows(f'SELECT count(*) AS number FROM "{entity.table}"{bound}', params)[0]["number"])
