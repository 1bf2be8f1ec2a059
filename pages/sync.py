"""Synchronisation as an administrator sees it: what is wrong, what it costs the portal, whether the copy equals it; and the reins."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, request

from b24app.bitrix.budget import read_budget
from b24app.bitrix.ledger import BudgetReport, Trouble
from b24app.bitrix.limits import LANES, Manner
from b24app.context import ADMINISTER, WEBHOOK, Context
from b24app.portals.manner import find_manner, print_time, read_hours, save_manner
from b24app.portals.session import Session
from b24app.portals.webhook import NEEDS_APP
from b24app.store.cursors import find_cursor
from b24app.store.progress import list_steps, sum_up
from b24app.sync.certify import last_certificate, list_alarms
from b24app.sync.chosen import list_entities
from b24app.sync.first import counts, is_filling
from b24app.worker import is_alive
from pages.rendering import answer, fragment, services, session

blueprint = Blueprint("sync", __name__)

JOB = "install"  # under which the first load keeps its steps
HEIGHT = 60.0  # of the picture, in its own units
MOST_METHODS = 12
MOST_ALARMS = 20


@dataclass(frozen=True)
class Block:
    """A part of a bar: whose requests, and where it is drawn."""

    lane: str
    y: float
    height: float


@dataclass(frozen=True)
class Bar:
    """One hour of the picture."""

    x: int
    title: str
    blocks: tuple[Block, ...]


@blueprint.get("/sync")
def open_sync() -> Response:
    """Show the page."""
    viewer, ctx = _administrator()
    return answer(show_sync(ctx), viewer)


@blueprint.post("/sync/compare")
def order_comparison() -> Response:
    """Order a full comparison."""
    viewer, ctx = _administrator()
    services().inbox.append("command", viewer.member_id, {"name": "sweep", "full": True})
    return answer(show_sync(ctx, is_ordered=True), viewer)


@blueprint.post("/sync/pause")
def pause() -> Response:
    """Stop all that keeps the copy up, until `resume`."""
    return _change(lambda manner: replace(manner, paused=True))


@blueprint.post("/sync/resume")
def resume() -> Response:
    """Go on."""
    return _change(lambda manner: replace(manner, paused=False))


@blueprint.post("/sync/pace")
def set_pace() -> Response:
    """Choose the hours in which mass reads are gentle, and how gentle."""

    def wish(manner: Manner) -> Manner:
        begin, end, share = read_hours(*(request.form.get(name, "")[:10] for name in ("begin", "end", "share")))
        return replace(manner, begin=begin, end=end, share=share)

    return _change(wish)


def show_sync(ctx: Context, is_ordered: bool = False) -> str:
    """Return the page's content."""
    report = read_budget(ctx)
    manner = find_manner(ctx.app_store, ctx.portal)
    values: dict[str, Any] = {
        "report": report,
        "troubles": sorted(_troubles(ctx, report).items(), key=lambda pair: pair[1]),
        "lanes": [lane.name for lane in LANES],
        "bars": draw(report),
        "methods": report.methods[:MOST_METHODS],
        "hours": (print_time(manner.begin), print_time(manner.end), round(manner.share * 100)),
        "missing": NEEDS_APP if ctx.portal.access == WEBHOOK else (),
        "is_ordered": is_ordered,
        "instant": lambda seconds: datetime.fromtimestamp(seconds, UTC).isoformat(),
    }
    return fragment("sync.html", ctx, **values, **_mirror(ctx))


def draw(report: BudgetReport) -> tuple[Bar, ...]:
    """Return the day's bars, as high as the busiest hour."""
    most = max((sum(hour.requests.values()) for hour in report.hours), default=0) or 1
    return tuple(_bar(number, dict(hour.requests), most) for number, hour in enumerate(report.hours))


def _bar(number: int, requests: dict[str, int], most: int) -> Bar:
    def stack() -> Iterator[Block]:
        top = HEIGHT
        for lane in LANES:
            height = round(HEIGHT * requests.get(lane.name, 0) / most, 2)  # a page of a report, no request  # nosec B113
            if height:
                top = round(top - height, 2)
                yield Block(lane.name, top, height)

    return Bar(number * 10, str(sum(requests.values())), tuple(stack()))


def _troubles(ctx: Context, report: BudgetReport) -> dict[str, float]:
    """Return what is wrong now: the word, and since when; the same trouble of several parts is one."""
    found: dict[str, float] = {}
    for trouble in report.troubles.values():
        found[trouble.code] = min(trouble.since, found.get(trouble.code, trouble.since))
    now = time.time()
    if not is_alive(ctx.config.data_dir, now):
        found["worker_down"] = Trouble("worker_down", now).since
    return found


def _mirror(ctx: Context) -> dict[str, Any]:
    """Return the state of the copy."""
    here = counts(ctx)
    rows = [(entity.title_ru if ctx.lang == "ru" else entity.title_en, here.get(entity.key, 0)) for entity in list_entities(ctx)]
    filling = sum_up(list_steps(ctx.store, JOB), ctx.now()) if is_filling(ctx) else None
    return {
        "rows": rows,
        "filling": filling,
        "swept_at": find_cursor(ctx.store, "since"),
        "certificate": last_certificate(ctx),
        "alarms": list_alarms(ctx, MOST_ALARMS),
    }


def _administrator() -> tuple[Session, Context]:
    """Return who asks. Raises NotAllowed for whoever is no administrator."""
    viewer = session()
    ctx = services().context(viewer)
    ctx.viewer.check(ADMINISTER)
    return viewer, ctx


def _change(wish: Callable[[Manner], Manner]) -> Response:
    viewer, ctx = _administrator()
    manner = wish(find_manner(ctx.app_store, ctx.portal))
    save_manner(ctx, manner)
    return answer(show_sync(ctx), viewer)
