"""TIMERS: what time alone orders, portal by portal. A new one is a line here and its kind of job in app.py.

Says when; orders and does nothing itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from b24app.context import WEBHOOK
from b24app.documents.entries import awaits_offers
from b24app.documents.links import awaits_pdf
from b24app.drain import find_night
from b24app.portals.registry import RUN
from b24app.privacy.person import erasures_moment
from b24app.segments.announce import moves_moment
from b24app.segments.definitions import refresh_moment
from b24app.segments.write_back import is_enabled
from b24app.store.calls import wake_moment
from b24app.sync.first import is_filling, is_synced
from b24app.sync.offline import find_queue

if TYPE_CHECKING:
    from b24app.context import Context

OFFLINE_SECONDS = 60.0
RULES_SECONDS = 1.0  # a deal that has come to a rule's stage: its manager is waiting
TODOS_SECONDS = 3600.0
PDF_SECONDS = 15.0  # the portal makes a PDF in half a minute


@dataclass(frozen=True)
class Timer:
    """A kind of job and the name of the moment it belongs to; "" when there is nothing to do now.

    A job is ordered once a moment, and never while the last one still runs.
    """

    kind: str
    moment: Callable[[Context], str]


def every(ctx: Context, seconds: float) -> str:
    """Return the name of the present stretch of time."""
    return str(int(ctx.now().timestamp() // seconds))


def first_fill(ctx: Context) -> str:
    """Return the name of the order by which a portal was connected by a webhook, until its mirror has been filled."""
    if ctx.portal.access != WEBHOOK or is_synced(ctx.store):
        return ""
    return str(ctx.app_store.find_setting(ctx.portal.member_id, RUN, {}).get("name", ""))


def reconciliation(ctx: Context) -> str:
    """Return the night whose certificate is due; on the first day it is due as soon as the mirror is filled."""
    return find_night(ctx) if is_synced(ctx.store) and not is_filling(ctx) else ""


def waking(ctx: Context) -> str:
    """Return the name of the moment at which calls of robots that wait are to be looked at."""
    return wake_moment(ctx.store, ctx.now().strftime("%Y-%m-%dT%H:%M:%SZ"), ctx.today())


TIMERS: tuple[Timer, ...] = (
    Timer("install", first_fill),
    Timer("sweep", lambda ctx: "" if first_fill(ctx) else every(ctx, ctx.config.sweep_seconds)),
    Timer("offline", lambda ctx: every(ctx, OFFLINE_SECONDS) if find_queue(ctx) is not None else ""),
    Timer("reconcile", reconciliation),
    Timer("model", lambda ctx: ctx.today() if is_synced(ctx.store) and not is_filling(ctx) else ""),
    Timer("refresh", lambda ctx: "" if first_fill(ctx) else refresh_moment(ctx)),
    Timer("membership_changed", moves_moment),
    Timer("write_back", lambda ctx: ctx.today() if is_enabled(ctx) else ""),
    Timer("retention", lambda ctx: ctx.today()),
    Timer("erase", erasures_moment),
    Timer("wake_calls", waking),
    Timer("offer_rules", lambda ctx: every(ctx, RULES_SECONDS) if awaits_offers(ctx) else ""),
    Timer("offer_todos", lambda ctx: every(ctx, TODOS_SECONDS)),
    Timer("pdf", lambda ctx: every(ctx, PDF_SECONDS) if awaits_pdf(ctx) else ""),
)
