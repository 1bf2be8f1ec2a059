"""Segments as people see them: the list with sizes, the members of one with reasons. Asks b24app.segments, decides nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, request

from b24app.clients.facts import BY_KEY
from b24app.context import Context
from b24app.segments.definitions import Choice, choices, set_parameter
from b24app.segments.reading import Look, SegmentSummary, get_segment, list_members, list_segments
from b24app.store.clients import count_clients
from b24app.sync.first import counts
from pages.rendering import answer, fragment, services, session
from pages.words import speaker

blueprint = Blueprint("segments", __name__)

SHOWN_FACTS = ("purchases", "revenue", "last_purchase")
PAGE_SIZE = 50


@dataclass(frozen=True)
class Column:
    """A column that members can be sorted by; `link` sorts by it, and turns the order over when it is sorted by it already."""

    key: str
    title: str
    is_number: bool
    link: str
    arrow: str


@blueprint.get("/segments")
def open_list() -> Response:
    """Show all segments."""
    viewer = session()
    return answer(show_list(services().context(viewer)), viewer)


@blueprint.get("/segments/<key>")
def open_segment(key: str) -> Response:
    """Show who is in a segment and why."""
    viewer = session()
    asked = {name: request.args.get(name, "")[:200] for name in ("search", "sort")}
    page = request.args.get("page", 1, type=int)
    return answer(show_segment(services().context(viewer), key, page=page, **asked), viewer)


@blueprint.post("/segments/<key>/field")
def choose_field(key: str) -> Response:
    """Choose the field that a segment asks for, then show the list."""
    viewer = session()
    ctx = services().context(viewer)
    set_parameter(ctx, key, request.form.get("field", ""))
    services().inbox.append("command", viewer.member_id, {"name": "refresh"})
    return answer(show_list(ctx), viewer)


def show_list(ctx: Context) -> str:
    """Return the list of segments as this viewer sees it."""
    found = list_segments(ctx)
    values = {"segments": found, "base": count_clients(ctx.store, ctx.viewer), "rows": counts(ctx)}
    return fragment("segments.html", ctx, **values, choices={one.key: _choices(ctx, one) for one in found})


def show_segment(ctx: Context, key: str, search: str = "", sort: str = "", page: int = 1) -> str:
    """Return one page of a segment's members."""
    segment = get_segment(ctx, key)
    look = Look(search, sort or "title", PAGE_SIZE, page)
    members = list_members(ctx, key, look)
    facts = [(BY_KEY[name].key, BY_KEY[name].kind, BY_KEY[name].words[ctx.lang]["title"]) for name in SHOWN_FACTS]
    first = (members.page - 1) * members.page_size + 1
    values = {"segment": segment, "page": members, "look": look, "facts": facts, "first": first, "link": _linker(key, look)}
    return fragment("members.html", ctx, **values, columns=_columns(ctx, key, look))


def _choices(ctx: Context, segment: SegmentSummary) -> list[Choice]:
    """Return the fields to choose from, when the segment waits for a choice and this viewer may make it."""
    if not segment.problem or not ctx.viewer.sees_all:
        return []
    return [choice for parameter in segment.parameters.values() for choice in choices(ctx, parameter["kind"])]


def _columns(ctx: Context, key: str, look: Look) -> list[Column]:
    t = speaker(ctx.lang)
    own = [("title", t("client"), False), ("responsible", t("responsible"), False)]
    facts = [(name, BY_KEY[name].words[ctx.lang]["title"], True) for name in SHOWN_FACTS]
    return [_column(name, title, is_number, key, look) for name, title, is_number in (*own, *facts, ("entered_at", t("since"), False))]


def _column(name: str, title: str, is_number: bool, key: str, look: Look) -> Column:
    """Numbers begin with the largest."""
    first, second = (f"-{name}", name) if is_number else (name, f"-{name}")
    is_sorted = look.sort.removeprefix("-") == name
    arrow = ("↓" if look.sort.startswith("-") else "↑") if is_sorted else ""
    return Column(name, title, is_number, _linker(key, look)(sort=second if look.sort == first else first, page=1), arrow)


def _linker(key: str, look: Look) -> Any:
    """Return the function that makes an address of this page with other words in it."""

    def link(**changes: Any) -> str:
        words = {"search": look.search, "sort": look.sort, "page": look.page, **changes}
        return f"/segments/{key}?{urlencode({name: value for name, value in words.items() if value})}"

    return link
