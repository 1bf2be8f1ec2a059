"""TIMERS: what time alone orders, portal by portal. A new one is a line here and its kind of job in app.py.

Says when; orders and does nothing itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from b24app.documents.issue import awaits_pdf

if TYPE_CHECKING:
    from b24app.context import Context

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


TIMERS: tuple[Timer, ...] = (
    Timer("sweep", lambda ctx: every(ctx, ctx.config.sweep_seconds)),
    Timer("refresh", lambda ctx: ctx.today()),
    Timer("pdf", lambda ctx: every(ctx, PDF_SECONDS) if awaits_pdf(ctx) else ""),
)
