"""Segments as people see them: the list with sizes, the members of one with reasons. Asks b24app.segments, decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, request

from b24app.clients.facts import BY_KEY
from b24app.context import ADMINISTER, Context
from b24app.documents.rules import list_rules
from b24app.portals.session import Session
from b24app.segments.definitions import Choice, choices, load, set_parameter
from b24app.segments.history import list_flows, list_health, list_members_on, list_overlaps, note_use
from b24app.segments.reading import Look, SegmentSummary, get_segment, list_members, list_segments
from b24app.segments.uses import USES, list_uses
from b24app.segments.write_back import FIELDS, is_enabled, writes_deals
from b24app.store.clients import count_clients
from b24app.sync.first import counts
from pages import downloads
from pages.charts import area, points
from pages.rendering import answer, fragment, services, session
from pages.words import speaker

blueprint = Blueprint("segments", __name__)

SHOWN_FACTS = ("purchases", "revenue", "last_purchase")
MOST_FACTS = 8  # columns beside each other that a person can still read
PAGE_SIZE = 50


Link = Callable[..., str]


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
    ctx = services().context(viewer)
    asked = {name: request.args.get(name, "")[:200] for name in ("search", "sort")}
    look = Look(asked["search"], asked["sort"] or "title", PAGE_SIZE, request.args.get("page", 1, type=int))
    chosen = request.args.getlist("facts")
    note_use(ctx, key)
    return answer(show_segment(ctx, key, look, [name for name in chosen if name in BY_KEY][:MOST_FACTS], viewer), viewer)


@blueprint.get("/segments/<key>/history")
def open_history(key: str) -> Response:
    """Show how a segment moved, and who was in on a day."""
    viewer = session()
    ctx = services().context(viewer)
    return answer(show_history(ctx, key, request.args.get("day", "") or ctx.today()), viewer)


@blueprint.post("/segments/<key>/field")
def choose_field(key: str) -> Response:
    """Choose the field that a segment asks for, then show the list."""
    viewer = session()
    ctx = services().context(viewer)
    set_parameter(ctx, key, request.form.get("field", ""))
    services().inbox.append("command", viewer.member_id, {"name": "refresh"})
    return answer(show_list(ctx), viewer)


@blueprint.post("/segments/write-back")
def agree() -> Response:
    """Let the worker write what we know into the cards, or write no more; then show the list."""
    viewer = session()
    ctx = services().context(viewer)
    ctx.viewer.check(ADMINISTER)
    ctx.app_store.note(viewer.member_id, "setting", "write_back", after={"fields": request.form.get("on") == "1"})
    word = "write_back_on" if request.form.get("on") == "1" else "write_back_off"
    services().inbox.append(
        "command", viewer.member_id, {"name": word, "deals": request.form.get("deals") == "1", "asked": ctx.now().isoformat()}
    )
    return answer(show_list(ctx, ordered=word), viewer)


def show_list(ctx: Context, ordered: str = "") -> str:
    """Return the list of segments as this viewer sees it."""
    found = list_segments(ctx)
    values = {"segments": found, "base": count_clients(ctx.store, ctx.viewer), "rows": counts(ctx)}
    health = list_health(ctx) if ctx.viewer.sees_all else {}
    titles = {one.key: one.title[ctx.lang] for one in found}
    uses = _uses(ctx) if ctx.viewer.sees_all else {}
    lines = {key: points(one.sizes) for key, one in health.items()}
    waiting = {one.key: _choices(ctx, one) for one in found}
    return fragment(
        "segments.html",
        ctx,
        **values,
        health=health,
        uses=uses,
        titles=titles,
        lines=lines,
        choices=waiting,
        is_written=is_enabled(ctx),
        are_deals_written=writes_deals(ctx),
        fields=FIELDS,
        ordered=ordered,
    )


def _uses(ctx: Context) -> dict[str, list[str]]:
    """Return what uses each segment, in the order of USES."""
    found = list_uses(ctx)
    for rule in list_rules(ctx):
        if rule.is_on and rule.condition.segment in found:
            found[rule.condition.segment].add("offer_rule")
    return {key: [use for use in USES if use in own] for key, own in found.items()}


def show_segment(ctx: Context, key: str, look: Look, chosen: Sequence[str], viewer: Session) -> str:
    """Return one page of a segment's members, with the facts that were chosen as columns."""
    segment = get_segment(ctx, key)
    members = list_members(ctx, key, look)
    names = chosen or SHOWN_FACTS
    facts = [BY_KEY[name] for name in names]
    first = (members.page - 1) * members.page_size + 1
    files = {form: downloads.link(viewer, key, form, names, look.search) for form in downloads.FORMS}
    link = _linker(key, look, chosen)
    values = {"segment": segment, "page": members, "look": look, "facts": facts, "first": first, "link": link, "files": files}
    more = {"all_facts": BY_KEY.values(), "is_list": bool(load(ctx, key).list_key)}
    return fragment("members.html", ctx, **values, **more, columns=_columns(ctx, look, names, link))


def show_history(ctx: Context, key: str, day: str) -> str:
    """Return a segment's trend, its neighbours and its members on a day."""
    segment = get_segment(ctx, key)
    past, total = list_members_on(ctx, key, day)
    flows = list_flows(ctx, key)
    values = {"segment": segment, "day_asked": day, "past": past, "total": total, "flows": flows}
    health = list_health(ctx).get(key)
    drawn = area(health.sizes) if health else None
    return fragment("history.html", ctx, **values, health=health, drawn=drawn, overlaps=list_overlaps(ctx, key, segment.count)[:8])


def _choices(ctx: Context, segment: SegmentSummary) -> list[Choice]:
    """Return the fields to choose from, when the segment waits for a choice and this viewer may make it."""
    if not segment.problem or not ctx.viewer.sees_all:
        return []
    return [choice for parameter in segment.parameters.values() for choice in choices(ctx, parameter["kind"])]


def _columns(ctx: Context, look: Look, names: Sequence[str], link: Link) -> list[Column]:
    t = speaker(ctx.lang)
    own = [("title", t("client"), False), ("responsible", t("responsible"), False)]
    facts = [(name, BY_KEY[name].words[ctx.lang]["title"], is_number(BY_KEY[name].kind)) for name in names]
    return [_column(name, title, has_numbers, look, link) for name, title, has_numbers in (*own, *facts, ("entered_at", t("since"), False))]


def is_number(kind: str) -> bool:
    """Tell whether a fact's values stand under each other by their digits."""
    return kind not in ("text", "choice", "flag")


def _column(name: str, title: str, has_numbers: bool, look: Look, link: Link) -> Column:
    """Numbers begin with the largest."""
    first, second = (f"-{name}", name) if has_numbers else (name, f"-{name}")
    is_sorted = look.sort.removeprefix("-") == name
    arrow = ("↓" if look.sort.startswith("-") else "↑") if is_sorted else ""
    return Column(name, title, has_numbers, link(sort=second if look.sort == first else first, page=1), arrow)


def _linker(key: str, look: Look, chosen: Sequence[str]) -> Link:
    """Return the function that makes an address of this page with other words in it."""

    def link(**changes: Any) -> str:
        words = {"search": look.search, "sort": look.sort, "page": look.page, "facts": list(chosen), **changes}
        return f"/segments/{key}?{urlencode({name: value for name, value in words.items() if value}, doseq=True)}"

    return link
