"""What pages ask of segments: the list, one segment, its members, a client's segments. Reads only, through the viewer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from b24app.errors import Mistaken
from b24app.segments.definitions import Definition, day_of, load, load_all, load_known, resolve, speech_of
from b24app.segments.endings import Ending
from b24app.segments.explain import reasons, standings
from b24app.segments.known import Known
from b24app.segments.membership import compile_definition
from b24app.segments.sentences import describe
from b24app.store import segments as sql
from b24app.store.clients import find_client
from b24app.store.facts import list_catalogue, list_facts

if TYPE_CHECKING:
    from b24app.context import Context

Words = Mapping[str, str]
LARGEST_PAGE = 500
LAST_PAGE = 10**6  # a number out of an address may be any
OWN_SORTS = {"title": "client.search", "entered_at": "membership.entered_at", "responsible": "employee.name"}


@dataclass(frozen=True)
class SegmentSummary:
    """A segment as this viewer sees it. `refreshed_at`: UTC instant or None; `problem`: a sentence in the reader's language or None."""

    key: str
    title: Words
    purpose: Words
    text: str
    count: int
    unknown: int
    refreshed_at: str | None
    problem: str | None
    parameters: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Member:
    """A client in a segment. `facts`: key to value (None: unknown or never); `entered_at`: UTC instant."""

    client_key: str
    kind: str
    entity_id: int
    title: str
    phone: str | None
    email: str | None
    responsible: str | None
    entered_at: str
    reason: str
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Look:
    """Which members a page wants. `search`: any words of name, e-mail or phone. `sort`: title, responsible, entered_at or the key
    of a fact, with a minus for descending; what is unknown comes last, an unknown word means title. Pages count from 1."""

    search: str = ""
    sort: str = "title"
    page_size: int = 50
    page: int = 1


@dataclass(frozen=True)
class Page:
    """One page of members; `total` on all pages."""

    rows: tuple[Member, ...]
    total: int
    page: int
    page_size: int


@dataclass(frozen=True)
class ClientSegment:
    """A segment in which a client is now; `ending` says what would take him out, and when."""

    key: str
    title: Words
    purpose: Words
    entered_at: str
    reason: str
    ending: str = ""


def list_segments(ctx: Context) -> list[SegmentSummary]:
    """Return all segments with what this viewer sees of them."""
    known = load_known(ctx)
    return [_summary(ctx, definition, known) for definition in load_all(ctx)]


def get_segment(ctx: Context, key: str) -> SegmentSummary:
    """Return one segment. Raises NotFound."""
    return _summary(ctx, load(ctx, key), load_known(ctx))


def list_members(ctx: Context, key: str, look: Look | None = None) -> Page:
    """Return a page of the members whom the viewer sees. Raises NotFound."""
    look = look or Look()
    definition = load(ctx, key)
    size, number = min(max(look.page_size, 1), LARGEST_PAGE), min(max(look.page, 1), LAST_PAGE)
    window = sql.Window(_order(ctx, look.sort), size, (number - 1) * size)
    rows, total = sql.list_members(ctx.store, ctx.viewer, key, look.search, window)
    keys = [row["key"] for row in rows]
    facts, said = list_facts(ctx.store, keys, day_of(ctx).today), reasons(ctx, definition, keys)
    return Page(tuple(_member(row, facts.get(row["key"], {}), said.get(row["key"], "")) for row in rows), total, number, size)


def list_segments_of(ctx: Context, client_key: str) -> list[ClientSegment]:
    """Return the segments in which a client is, with reasons; none of a client whom the viewer may not see."""
    if find_client(ctx.store, ctx.viewer, client_key) is None:
        return []
    entered = {row["segment_key"]: row["entered_at"] for row in sql.list_segments_of(ctx.store, client_key)}
    found = [definition for definition in load_all(ctx) if definition.key in entered]
    return [_client_segment(ctx, one, client_key, entered[one.key]) for one in found]


def _client_segment(ctx: Context, definition: Definition, client_key: str, entered_at: str) -> ClientSegment:
    why, end = standings(ctx, definition, [client_key]).get(client_key, ("", Ending()))
    return ClientSegment(definition.key, definition.title, definition.purpose, entered_at, why, end.text)


def _summary(ctx: Context, definition: Definition, known: Known) -> SegmentSummary:
    state = sql.find_state(ctx.store, definition.key)
    try:
        _, question = compile_definition(definition, known, day_of(ctx))
        text, problem = describe(resolve(definition, known), speech_of(ctx, known)), None
        unknown = _unknown(ctx, state, question)
    except Mistaken as mistake:
        text, problem, unknown = "", mistake.sentence(ctx.lang), 0
    return SegmentSummary(
        key=definition.key,
        title=definition.title,
        purpose=definition.purpose,
        text=text,
        count=_count(ctx, definition.key, state),
        unknown=unknown,
        refreshed_at=state["refreshed_at"] if state else None,
        problem=problem,
        parameters=definition.parameters,
    )


def _count(ctx: Context, key: str, state: sql.Row | None) -> int:
    if state and ctx.viewer.sees_all:
        return int(state["members"])
    return sql.count_members(ctx.store, key, ctx.viewer)


def _unknown(ctx: Context, state: sql.Row | None, question: sql.Question) -> int:
    if ctx.viewer.sees_all:
        return int(state["unknown"]) if state else 0
    return sql.count_unknown(ctx.store, question, ctx.viewer)


def _order(ctx: Context, sort: str) -> str:
    """Return ORDER BY out of our own names; a fact in days runs against its date."""
    facts = {fact["key"]: fact for fact in list_catalogue(ctx.store)}
    name, down = sort.removeprefix("-"), sort.startswith("-")
    fact = facts.get(name)
    column = f"fact.{fact['since'] or fact['key']}" if fact else OWN_SORTS.get(name, OWN_SORTS["title"])
    down = down != bool(fact and fact["since"])
    return f"CASE WHEN {column} IS NULL THEN 1 ELSE 0 END, {column} {'DESC' if down else 'ASC'}"


def _member(row: sql.Row, facts: Mapping[str, Any], reason: str) -> Member:
    plain = {name: row[name] for name in ("kind", "entity_id", "title", "phone", "email", "responsible", "entered_at")}
    return Member(client_key=row["key"], reason=reason, facts=facts, **plain)
