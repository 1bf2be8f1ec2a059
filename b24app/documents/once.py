"""Does a write for an offer once, although the portal's methods are not idempotent: noted before, looked up after a lost answer.

Knows no method: what is done and how it is looked up comes from who asks. A refusal is kept and stops nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from b24app.errors import BitrixBusy, BitrixError, BitrixGone, BitrixLost
from b24app.store.steps import find_step, save_step

if TYPE_CHECKING:
    from b24app.context import Context

INSTANT = "%Y-%m-%dT%H:%M:%SZ"


def do_once(ctx: Context, place: tuple[str, str], do: Callable[[], str], find: Callable[[], str | None] = lambda: None) -> str:
    """Do the step (offer's key, name) if it has not been done; return what it left behind, '' when the portal refused it.

    Raises BitrixBusy or BitrixLost: call again.
    """
    offer_key, step = place
    row = find_step(ctx.store, offer_key, step)
    if row and row["state"] == "done":
        return str(row["ref"] or "")
    now = ctx.now().strftime(INSTANT)
    ref, error = (find() if row else None), None
    if ref is None:
        save_step(ctx.store, {"offer_key": offer_key, "step": step, "state": "asked", "asked_at": now})
        try:
            ref = do()
        except (BitrixBusy, BitrixGone, BitrixLost):
            raise
        except BitrixError as refusal:
            ref, error = "", refusal.text or refusal.code
    save_step(ctx.store, {"offer_key": offer_key, "step": step, "state": "done", "ref": ref, "error": error, "asked_at": now})
    return ref


def was_done(ctx: Context, offer_key: str, step: str) -> bool:
    """Tell whether a step was done, or refused for good."""
    row = find_step(ctx.store, offer_key, step)
    return bool(row and row["state"] == "done")
