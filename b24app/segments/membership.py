"""Keeps membership true: who enters, who leaves, when and why. The worker calls it.

All segments are asked in one walk over the clients, a transaction for every few thousand of them. Judges by the mirror and the facts
as they are now; asks no portal. Twice in a row changes nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

from b24app.errors import Mistaken
from b24app.segments.compile import BASE, ONE, Compiled, Style, compile_rule
from b24app.segments.dates import INSTANT, Day
from b24app.segments.definitions import Definition, day_of, load_all, load_known, resolve
from b24app.segments.known import Known
from b24app.store import segments as sql
from b24app.store import verdicts
from b24app.store.clients import count_clients
from b24app.store.counts import keep_sets
from b24app.store.cursors import find_cursor, save_cursor
from b24app.store.sizes import measure
from b24app.store.upserts import chunks

if TYPE_CHECKING:
    from b24app.context import Context

MANY = 2000  # clients beyond which records are walked through for all of them
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


@dataclass(frozen=True)
class Plan:
    """A segment that is to be refreshed: its rule as SQL, in its place. `is_whole`: for all clients."""

    key: str
    compiled: Compiled
    placed: verdicts.Placed
    mark: str
    is_whole: bool


def refresh(ctx: Context, client_keys: Collection[str] | None = None) -> list[Refreshed]:
    """Bring every segment up to date: for all clients (None), or for these, as `clients.update` returned them.

    A segment whose last refresh no longer holds (its rule or its field was changed, or time alone moves it and a new day has
    begun) is refreshed for all clients whatever was asked; so `refresh(ctx, ())` is the refresh by the clock.
    Not to be called inside a transaction: one refresh waits for another, and lets others write between ranges of clients.
    """
    with ctx.store.refreshing:
        day, order = day_of(ctx), load_all(ctx)
        plans, gave_up = _plan(ctx, order, day, client_keys)
        moves: Counter[tuple[str, str]] = Counter()
        if whole := [plan for plan in plans if plan.is_whole]:
            with keep_sets(ctx.store, [plan.placed.question for plan in whole]):
                for scope in verdicts.list_ranges(ctx.store):
                    _judge(ctx, whole, scope, moves)
        if some := [plan for plan in plans if not plan.is_whole]:
            for keys in chunks(client_keys or (), verdicts.RANGE):
                verdicts.ask_of(ctx.store, keys)
                _judge(ctx, some, None, moves)
        done = {one.key: one for one in (*gave_up, *_finish(ctx, plans, day, moves))}
        if any(one.entered or one.left for one in done.values()):
            save_cursor(ctx.store, MOVES, str(int(find_cursor(ctx.store, MOVES) or 0) + 1))
        if client_keys is None:
            measure(ctx.store, day.today.isoformat())
        return [done[definition.key] for definition in order if definition.key in done]


def compile_definition(definition: Definition, known: Known, day: Day, style: Style = ONE) -> tuple[Compiled, sql.Question]:
    """Return a segment's rule as SQL. Raises Mistaken."""
    compiled = compile_rule(resolve(definition, known), day, known, definition.key, style)
    return compiled, question_of(compiled, definition.unknown_means == "yes")


def question_of(compiled: Compiled, takes_unknown: bool = False) -> sql.Question:
    """Return a compiled rule as the store is asked it."""
    leaves = tuple((leaf.answer, leaf.value) for leaf in compiled.leaves)
    return sql.Question(BASE, compiled.answer, compiled.params, leaves, takes_unknown, compiled.sets)


def _plan(ctx: Context, definitions: Sequence[Definition], day: Day, keys: Collection[str] | None) -> tuple[list[Plan], list[Refreshed]]:
    """Return what is to be asked of whom, and those whose rule cannot be asked; every segment has a place then."""
    at, known = ctx.now().strftime(INSTANT), load_known(ctx)
    plans: list[Plan] = []
    gave_up: list[Refreshed] = []
    is_large = count_clients(ctx.store, ctx.viewer.system()) > MANY
    with ctx.store.write():
        sql.end_forgotten(ctx.store, [one.key for one in definitions], at)
        states = sql.list_states(ctx.store)
        places = _give_places(ctx, [one.key for one in definitions], states)
        for definition in definitions:
            place, state = places[definition.key], states.get(definition.key)
            try:
                compiled, question = compile_definition(definition, known, day, Style(f"s{place}_"))
            except Mistaken as mistake:
                gave_up += filter(None, [_give_up(ctx, definition.key, place, state, mistake.sentences)])
                continue
            mark = _mark(compiled, question)
            is_whole = keys is None or not _holds(state, mark, day, compiled.moves)
            if is_whole and is_large:
                compiled, question = compile_definition(definition, known, day, Style(f"s{place}_", for_all=True))
            if is_whole or keys:
                plans.append(Plan(definition.key, compiled, verdicts.Placed(definition.key, place, question), mark, is_whole))
        # Until all of it is done the last refresh holds no more.
        sql.forget_marks(ctx.store, [plan.key for plan in plans if plan.is_whole])
    return plans, gave_up


def _give_places(ctx: Context, keys: Sequence[str], states: Mapping[str, sql.Row]) -> dict[str, int]:
    """Return every segment's place; one without gets the first that is free, with those who are in it now."""
    places = {key: states[key]["place"] for key in keys if key in states and states[key]["place"] is not None}
    taken = set(places.values())
    free = (number for number in count() if number not in taken)
    for key in keys:
        if key not in places:
            places[key] = next(free)
            verdicts.keep_members(ctx.store, key, places[key])
            members = sql.count_members(ctx.store, key, ctx.viewer.system())
            problem = states[key]["problem"] if key in states else None
            sql.save_state(ctx.store, _state(key, places[key], members=members, problem=problem))
    return places


def _judge(ctx: Context, plans: Sequence[Plan], scope: verdicts.Range | None, moves: Counter[tuple[str, str]]) -> None:
    """Ask about some clients, and let in and out whom it concerns, in one transaction; count that in `moves`."""
    at, by_key = ctx.now().strftime(INSTANT), {plan.key: plan for plan in plans}
    with ctx.store.write():
        for group, placed in verdicts.group_up(plan.placed for plan in plans).items():
            for key, change in verdicts.judge(ctx.store, group, placed, scope).items():
                if change.left:
                    verdicts.end_memberships(ctx.store, by_key[key].placed, at)
                if change.entered:
                    _let_in(ctx, by_key[key], at)
                sql.count_moves(ctx.store, key, change.entered - change.left, change.unknown)
                moves[key, "entered"] += change.entered
                moves[key, "left"] += change.left


def _let_in(ctx: Context, plan: Plan, at: str) -> None:
    for rows in verdicts.list_entering(ctx.store, plan.placed):
        sql.begin_memberships(ctx.store, plan.key, at, [(row[0], _reasons(plan.compiled, row[1:])) for row in rows])


def _finish(ctx: Context, plans: Sequence[Plan], day: Day, moves: Mapping[tuple[str, str], int]) -> Iterator[Refreshed]:
    """Say in the states that the refresh is done; yield what it did."""
    at = ctx.now().strftime(INSTANT)
    with ctx.store.write():
        states = sql.list_states(ctx.store)
        for plan in plans:
            if plan.is_whole:
                fresh = {"day": day.today.isoformat(), "mark": plan.mark, "problem": None, "refreshed_at": at}
                sql.save_state(ctx.store, {**states[plan.key], **fresh})
        sql.date_states(ctx.store, [plan.key for plan in plans if not plan.is_whole], at)
    for plan in plans:
        state = states[plan.key]
        yield Refreshed(plan.key, moves[plan.key, "entered"], moves[plan.key, "left"], state["members"], state["unknown"])


def _give_up(ctx: Context, key: str, place: int, state: sql.Row | None, problem: dict[str, str]) -> Refreshed | None:
    """Empty a segment whose rule cannot be asked: a list that nothing upholds would send offers to the wrong people."""
    if state and state["problem"] == problem:
        return None
    at = ctx.now().strftime(INSTANT)
    left = sql.end_all_memberships(ctx.store, key, at)
    verdicts.clear(ctx.store, place)
    sql.save_state(ctx.store, _state(key, place, day=day_of(ctx).today.isoformat(), problem=problem, refreshed_at=at))
    return Refreshed(key, 0, left, 0, 0, problem)


def _holds(state: sql.Row | None, mark: str, day: Day, moves: bool) -> bool:
    """Tell whether the last refresh of all clients still stands for those that have not changed."""
    return bool(state and state["mark"] == mark and (not moves or state["day"] == day.today.isoformat()))


def _mark(compiled: Compiled, question: sql.Question) -> str:
    """Return what changes with the rule, with the columns that it reads and with how we ask; not with the day."""
    asked = json.dumps([compiled.rule, *compiled.others], sort_keys=True)
    return hashlib.sha256(f"{asked}{compiled.answer}{'+unknown' if question.takes_unknown else ''}".encode()).hexdigest()


def _state(key: str, place: int, **known: Any) -> sql.Row:
    blank = {"day": "", "mark": None, "problem": None, "refreshed_at": "", "members": 0, "unknown": 0}
    return {"segment_key": key, "place": place, **blank, **known}


def _reasons(compiled: Compiled, found: tuple[Any, ...]) -> str:
    """Return what every condition said at the moment of entering, with the condition itself: rules change later."""
    pairs = zip(compiled.leaves, found[::2], found[1::2], strict=True)
    return json.dumps([{"rule": leaf.rule, "answer": ANSWERS[answer], "value": value} for leaf, answer, value in pairs], ensure_ascii=False)
