"""What came in becomes work, and work brings mirror, clients and segments up to date. Runs in the worker alone.

Every step leaves what it has not done where the next run finds it: the inbox behind its cursor, changes, due clients.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from b24app.clients.update import renew_facts, update_clients
from b24app.segments.definitions import ensure_presets
from b24app.segments.membership import refresh
from b24app.store.calls import stir
from b24app.store.changes import EVERYBODY, Change, forget_due_clients, list_changes, list_due_clients, save_changes
from b24app.store.cursors import find_cursor, save_cursor
from b24app.store.progress import finish_step, plan_steps, start_step
from b24app.sync.apply import INSTANT
from b24app.sync.certify import certify
from b24app.sync.changed import pull_changes, read_change
from b24app.sync.first import counts, end_first_sync, plan_first_sync, sync_entities
from b24app.sync.offline import take_offline
from b24app.sync.sweep import sweep

if TYPE_CHECKING:
    from b24app.context import Context
    from b24app.store.inbox import InboxReader, Message

MESSAGES = 500  # of the inbox in one transaction
CHANGES = 2500  # records in one pull: one request for their fields, one or two for product rows
CLIENTS = 2000  # counted in one go
INBOX = "inbox"
RECONCILE_AT = "reconcile_at"  # a setting: HH:MM in the portal's zone
STEPS = (("clients", "sync.clients"), ("segments", "sync.segments"))


class Queue(Protocol):
    """Where durable jobs go: see b24app.jobs."""

    def enqueue(self, kind: str, member_id: str, payload: Mapping[str, Any], key: str = ...) -> str:
        """Order a job; the same key is the same job, done once."""


def take_inbox(ctx: Context, reader: InboxReader, jobs: Queue) -> int:
    """Turn new messages into changes and jobs; return how many there were.

    Jobs are ordered before the cursor passes their messages: killed in between they are ordered again under the same key.
    """
    taken = 0
    while messages := reader.after(ctx.portal.member_id, int(find_cursor(ctx.store, INBOX) or 0), MESSAGES):
        changes = [change for change in map(read_message, messages) if change]
        for message in messages:
            if message.kind in JOBS:
                kind, payload = JOBS[message.kind](message)
                jobs.enqueue(kind, message.member_id, payload, message.key or f"inbox:{message.id}")
        with ctx.store.write():
            save_changes(ctx.store, changes, ctx.now().strftime(INSTANT))
            save_cursor(ctx.store, INBOX, str(messages[-1].id))
        taken += len(messages)
    return taken


def read_message(message: Message) -> Change | None:
    """Return what an event's message says has changed."""
    return read_change(str(message.body.get("name", "")), message.body.get("entity_id")) if message.kind == "event" else None


def drain(ctx: Context, limit: int = CHANGES, wait: bool = False) -> int:
    """Pull up to `limit` changed records and all that follows; return how many.

    0: nothing to do, or others are pulling and we do not `wait` for them.
    """
    changes: list[Change] = []
    if ctx.store.pulling.acquire(blocking=wait):
        try:
            if changes := list_changes(ctx.store, limit):
                pull_changes(ctx, changes)
        finally:
            ctx.store.pulling.release()
        count_due(ctx)
    return len(changes)


def count_due(ctx: Context) -> int:
    """Bring the clients that are due, and their memberships, up to date; return how many."""
    counted = 0
    while marks := list_due_clients(ctx.store, CLIENTS):
        refresh(ctx, keys := update_clients(ctx, None if EVERYBODY in marks else marks))
        stir(ctx.store, keys)
        forget_due_clients(ctx.store, marks)
        counted += len(marks)
    return counted


def renew(ctx: Context) -> None:
    """Learn from the base as it is today, count all clients by that, and see who is in which segment: nightly, and after a choice."""
    renew_facts(ctx)
    refresh(ctx, None)


def fill(ctx: Context, job: str = "install") -> dict[str, int]:
    """Fill the mirror, clients and segments; the steps are shown under `job`. Called again it goes on where it stopped."""
    plan_first_sync(ctx, job)
    plan_steps(ctx.store, job, STEPS)
    sync_entities(ctx, job)
    ensure_presets(ctx)
    marks = list_due_clients(ctx.store, CLIENTS)
    for (step, _), work in zip(STEPS, (update_clients, refresh), strict=True):
        start_step(ctx.store, job, step, ctx.now().strftime(INSTANT))
        work(ctx, None)
        finish_step(ctx.store, job, step, ctx.now().strftime(INSTANT))
    forget_due_clients(ctx.store, marks)
    end_first_sync(ctx)
    return counts(ctx)


def reconcile(ctx: Context, full: bool = False, kind: str = "asked") -> dict[str, dict[str, int]]:
    """Compare with the portal and repair every difference; return what was found, by entity.

    A full one ends in a certificate; `kind` says why it was made: nightly | asked.
    """
    if full:
        return {line["entity"]: _found(line) for line in certify(ctx, kind, lambda: drain_all(ctx))}
    report = sweep(ctx, lambda: drain_all(ctx))
    drain_all(ctx)
    return report


def take_queue(ctx: Context) -> int:
    """Take in the portal's offline events; return how many. Where they do not name their records, a sweep finds them."""
    taken, blind = take_offline(ctx)
    if blind:
        sweep(ctx, lambda: drain_all(ctx))
    return taken


def drain_all(ctx: Context) -> None:
    """Drain until nothing is left, behind whoever is pulling."""
    while drain(ctx, wait=True):
        pass


def find_night(ctx: Context) -> str:
    """Return the day (YYYY-MM-DD, the portal's) whose nightly reconciliation is due, '' while it is too early."""
    now = ctx.now().astimezone(ctx.portal.zone)
    at = str(ctx.app_store.find_setting(ctx.portal.member_id, RECONCILE_AT, "03:00"))
    return now.date().isoformat() if now.strftime("%H:%M") >= at else ""


def _found(line: Mapping[str, Any]) -> dict[str, int]:
    numbers = {"added": line["missing_here"], "changed": line["stale"], "deleted": line["extra_here"]}
    return {"rows_here": line["rows_here"], "rows_there": line["rows_there"], **numbers}


def _read_command(message: Message) -> tuple[str, dict[str, Any]]:
    return str(message.body.get("name", "")), {key: value for key, value in message.body.items() if key != "name"}


def _read_robot_call(message: Message) -> tuple[str, dict[str, Any]]:
    return "robot_call", message.body


# Which messages become jobs, and how: (kind of job, payload).
JOBS: Mapping[str, Any] = {"command": _read_command, "robot": _read_robot_call}
