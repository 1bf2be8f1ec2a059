"""Calls that wait for something: looked at again when their client has changed and when their time is over. In the worker.

They are pending rows of the journal, so a restart loses none. One that fails, or that the portal would not take an answer for, holds up
no other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from b24app.errors import BitrixGone
from b24app.store import calls
from robots.run import INSTANT, abandon, pursue

if TYPE_CHECKING:
    from b24app.context import Context


def wake(ctx: Context) -> int:
    """Look at all calls that may go on; return how many there were. Raises the first trouble, after all had their turn."""
    today = ctx.today()
    due = calls.list_due(ctx.store, ctx.now().strftime(INSTANT), today)
    troubles: list[Exception] = []
    for row in due:
        try:
            pursue(ctx, row)
        except BitrixGone:
            raise
        except Exception as error:  # raised again below: one call's trouble is not the others'
            troubles.append(error)
        else:
            calls.settle(ctx.store, row["event_token"], row["stirred"])
    if troubles:
        raise troubles[0]
    calls.save_woken(ctx.store, today)
    return len(due)


def give_up(ctx: Context) -> None:
    """Answer those whose time is over although nothing could be found out, so that their workflows go on."""
    now = ctx.now().strftime(INSTANT)
    for row in calls.list_due(ctx.store, now, ctx.today()):
        if row["wake_at"] <= now:
            abandon(ctx, row)
