"""The installation's background work: registers what we announce, then fills mirror, clients and segments.

Every step is shown as it goes. A part that the portal refuses (a plan without robots) is said and left out; all the rest
must happen. May run again at any time: what is done is found done, and nothing is made twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from b24app.bitrix.budget import PAUSED
from b24app.context import WEBHOOK
from b24app.drain import STEPS, fill
from b24app.errors import AppError, BitrixBusy, BitrixError, BitrixGone, BitrixLost, NotFound
from b24app.portals.registry import INSTALLED, RUN, set_state
from b24app.store.cursors import find_cursor, save_cursor
from b24app.store.progress import fail_step, finish_step, forget_steps, list_steps, note_step, plan_steps, start_step
from b24app.sync.apply import INSTANT
from b24app.sync.chosen import list_events
from b24app.sync.first import plan_first_sync
from install.equal import note_registered
from install.plan import make_plan
from install.registration import PARTS, WITHOUT_APP
from install.words import write_note

if TYPE_CHECKING:
    from b24app.context import Context

JOB = "install"  # under which the steps are kept
PASSING = (BitrixBusy, BitrixLost)


def install_job(ctx: Context, payload: Mapping[str, Any]) -> None:
    """Run every step. BitrixBusy and BitrixLost come through: run it again later, it goes on where it stopped."""
    _begin(ctx, str(payload.get("run") or ctx.app_store.find_setting(ctx.portal.member_id, RUN, {}).get("name", "")))
    plan = make_plan(ctx.config, ctx.portal, list_events(ctx))
    for step, part in PARTS.items():
        if ctx.portal.access == WEBHOOK and step not in WITHOUT_APP:
            _leave_out(ctx, step)
        else:
            with _part(ctx, step):
                part(ctx, plan)
    if ctx.portal.access != WEBHOOK:
        note_registered(ctx)
    with _telling_failures(ctx):
        fill(ctx, JOB)
    _end(ctx)


def give_up(ctx: Context, payload: Mapping[str, Any]) -> None:  # noqa: ARG001 - the shape of every job's last word
    """Show that the installation has ended without being done: its job is not tried again."""
    unfinished = [step["step"] for step in list_steps(ctx.store, JOB) if step["state"] != "done"]
    for step in unfinished[:1]:
        fail_step(ctx.store, JOB, step, (_now(ctx), write_note("given_up")))


def _begin(ctx: Context, run: str) -> None:
    """Announce the steps in their order. A new order does over what a sync under way does not do by itself."""
    with ctx.store.write():
        if find_cursor(ctx.store, RUN) != run:
            forget_steps(ctx.store, JOB, [step for step, _ in STEPS])
        plan_steps(ctx.store, JOB, [(step, step) for step in PARTS])
        plan_first_sync(ctx, JOB)
        plan_steps(ctx.store, JOB, STEPS)
        save_cursor(ctx.store, RUN, run)


def _end(ctx: Context) -> None:
    """Where no page is open that would say so, the installation is finished as soon as all is there."""
    if ctx.app_store.find_setting(ctx.portal.member_id, RUN, {}).get("is_pageless"):
        with suppress(NotFound):
            set_state(ctx.app_store, ctx.portal.member_id, INSTALLED)


def _leave_out(ctx: Context, step: str) -> None:
    """A part that only an installed application may have is not asked for; the page says so."""
    finish_step(ctx.store, JOB, step, _now(ctx))
    note_step(ctx.store, JOB, step, write_note("needs_app"))


@contextmanager
def _part(ctx: Context, step: str) -> Iterator[None]:
    """Run a part that the product can do without: what the portal says against it is shown beside the step."""
    start_step(ctx.store, JOB, step, _now(ctx))
    note = ""
    with _telling_failures(ctx):
        try:
            yield
        except (*PASSING, BitrixGone):
            raise
        except BitrixError as error:
            ctx.log.warning("part refused by the portal", extra={"step": step, "code": error.code, "said": error.text})
            note = write_note("unavailable", error.code or error.text or "error")
    finish_step(ctx.store, JOB, step, _now(ctx))
    if note:
        note_step(ctx.store, JOB, step, note)


@contextmanager
def _telling_failures(ctx: Context) -> Iterator[None]:
    """Show beside the running step why it cannot go on; the error itself goes to the worker."""
    try:
        yield
    except PASSING as error:
        for step in _running(ctx):
            note_step(ctx.store, JOB, step, write_note("paused" if error.code == PAUSED else "busy"))
        raise
    except Exception as error:
        for step in _running(ctx):
            fail_step(ctx.store, JOB, step, (_now(ctx), write_note("failed", _reason(error))))
        raise


def _running(ctx: Context) -> list[str]:
    return [step["step"] for step in list_steps(ctx.store, JOB) if step["state"] == "running"]


def _reason(error: Exception) -> str:
    """Return the portal's word or our class; never a message, which may quote a record."""
    return error.code or "error" if isinstance(error, BitrixError) else type(error).__name__ if isinstance(error, AppError) else "error"


def _now(ctx: Context) -> str:
    return ctx.now().strftime(INSTANT)
