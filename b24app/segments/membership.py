"""Keeps membership true: who enters, who leaves, when and why. The worker calls it; one transaction a segment.

Judges by the mirror and the facts as they are now; asks no portal. Twice in a row changes nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from b24app.errors import Mistaken
from b24app.segments.compile import BASE, Compiled, compile_rule
from b24app.segments.dates import INSTANT, Day
from b24app.segments.definitions import Definition, day_of, load_all, load_known, resolve
from b24app.segments.known import Known
from b24app.store import segments as sql
from b24app.store.cursors import find_cursor, save_cursor
from b24app.store.sizes import measure

if TYPE_CHECKING:
    from b24app.context import Context

MOVES = "membership moves"  # a cursor: how many refreshes have let somebody in or out
ANSWERS = {1: "yes", 0: "no", None: "unknown"}


@dataclass(frozen=True)
class Refreshed:
    """What a refresh of one segment did. `problem`: words by language when its rule cannot be asked; then nobody is in it."""

    key: str
    entered: int
    left: int
    members: int
    unknown: int
    problem: dict[str, str] | None = None


def refresh(ctx: Context, client_keys: Collection[str] | None = None) -> list[Refreshed]:
    """Bring every segment up to date: for all clients (None), or for these, as `clients.update` returned them.

    A segment whose last refresh no longer holds (its rule or its field was changed, or time alone moves it and a new day has
    begun) is refreshed for all clients whatever was asked; so `refresh(ctx, ())` is the refresh by the clock.
    `unknown` is counted when all clients are asked and stands until the next time.
    """
    known, day = load_known(ctx), day_of(ctx)
    definitions = load_all(ctx)
    sql.end_forgotten(ctx.store, [one.key for one in definitions], ctx.now().strftime(INSTANT))
    done = [one for definition in definitions if (one := _refresh(ctx, definition, known, day, client_keys))]
    if any(one.entered or one.left for one in done):
        save_cursor(ctx.store, MOVES, str(int(find_cursor(ctx.store, MOVES) or 0) + 1))
    if client_keys is None:
        measure(ctx.store, day.today.isoformat())
    return done


def compile_definition(definition: Definition, known: Known, day: Day) -> tuple[Compiled, sql.Question]:
    """Return a segment's rule as SQL. Raises Mistaken."""
    compiled = compile_rule(resolve(definition, known), day, known, definition.key)
    return compiled, question_of(compiled, definition.unknown_means == "yes")


def question_of(compiled: Compiled, takes_unknown: bool = False) -> sql.Question:
    """Return a compiled rule as the store is asked it."""
    leaves = tuple((leaf.answer, leaf.value) for leaf in compiled.leaves)
    return sql.Question(BASE, compiled.answer, compiled.params, leaves, takes_unknown)


def _refresh(ctx: Context, definition: Definition, known: Known, day: Day, keys: Collection[str] | None) -> Refreshed | None:
    """Return None when there was nothing to do."""
    with ctx.store.write():
        state = sql.find_state(ctx.store, definition.key)
        try:
            compiled, question = compile_definition(definition, known, day)
        except Mistaken as mistake:
            return _give_up(ctx, definition.key, state, mistake.sentences)
        mark = _mark(compiled, question)
        if not _holds(state, mark, day, compiled.moves):
            keys = None
        elif keys is not None and not keys:
            return None
        return _apply(ctx, definition.key, (compiled, question), keys, _state(definition.key, day, mark, state))


def _apply(ctx: Context, key: str, asked: tuple[Compiled, sql.Question], keys: Collection[str] | None, state: sql.Row) -> Refreshed:
    compiled, question = asked
    at = ctx.now().strftime(INSTANT)
    unknown = sql.judge(ctx.store, question, keys)
    left = sql.end_memberships(ctx.store, key, at, whole=keys is None)
    entered = 0
    for rows in sql.list_entering(ctx.store, key, question):
        sql.begin_memberships(ctx.store, key, at, [(row[0], _reasons(compiled, row[1:])) for row in rows])
        entered += len(rows)
    if keys is None:
        members = sql.count_members(ctx.store, key, ctx.viewer.system())
    else:  # counted on, so that one client costs the same in a base of any size
        members, unknown = state["members"] + entered - left, state["unknown"]
    sql.save_state(ctx.store, {**state, "members": members, "unknown": unknown, "refreshed_at": at})
    return Refreshed(key, entered, left, members, unknown)


def _give_up(ctx: Context, key: str, state: sql.Row | None, problem: dict[str, str]) -> Refreshed | None:
    """Empty a segment whose rule cannot be asked: a list that nothing upholds would send offers to the wrong people."""
    if state and state["problem"] == problem:
        return None
    at = ctx.now().strftime(INSTANT)
    left = sql.end_all_memberships(ctx.store, key, at)
    fresh = {**_state(key, day_of(ctx), None, None), "problem": problem, "refreshed_at": at}
    sql.save_state(ctx.store, fresh)
    return Refreshed(key, 0, left, 0, 0, problem)


def _holds(state: sql.Row | None, mark: str, day: Day, moves: bool) -> bool:
    """Tell whether the last refresh of all clients still stands for those that have not changed."""
    return bool(state and state["mark"] == mark and (not moves or state["day"] == day.today.isoformat()))


def _mark(compiled: Compiled, question: sql.Question) -> str:
    """Return what changes with the rule, with the columns that it reads and with how we ask; not with the day."""
    asked = json.dumps([compiled.rule, *compiled.others], sort_keys=True)
    return hashlib.sha256(f"{asked}{compiled.answer}{'+unknown' if question.takes_unknown else ''}".encode()).hexdigest()


def _state(key: str, day: Day, mark: str | None, before: sql.Row | None) -> sql.Row:
    fresh = {"segment_key": key, "day": day.today.isoformat(), "mark": mark, "problem": None, "refreshed_at": ""}
    return {**fresh, "members": before["members"] if before else 0, "unknown": before["unknown"] if before else 0}


def _reasons(compiled: Compiled, found: tuple[Any, ...]) -> str:
    """Return what every condition said at the moment of entering, with the condition itself: rules change later."""
    pairs = zip(compiled.leaves, found[::2], found[1::2], strict=True)
    return json.dumps([{"rule": leaf.rule, "answer": ANSWERS[answer], "value": value} for leaf, answer, value in pairs], ensure_ascii=False)
