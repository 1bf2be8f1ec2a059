"""How far a long job is, step by step, for the page that shows it. A step that is done stays done when the job runs again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from b24app.store.mirror import PortalStore


def plan_steps(store: PortalStore, job: str, steps: Sequence[tuple[str, str]]) -> None:
    """Announce steps (step, title key) after those that the job already has; known ones keep their state."""
    with store.write() as db:
        first = store.rows("SELECT coalesce(max(position), -1) + 1 AS n FROM progress WHERE job = ?", (job,))[0]["n"]
        db.conn.executemany(
            "INSERT INTO progress (job, step, position, title_key, state) VALUES (?, ?, ?, ?, 'waiting') "
            "ON CONFLICT (job, step) DO NOTHING",
            [(job, step, first + index, title) for index, (step, title) in enumerate(steps)],
        )


def start_step(store: PortalStore, job: str, step: str, now: str) -> None:
    """Mark a step as running; when it runs again its first start is kept."""
    _save(store, job, step, "state = 'running', note = NULL, finished_at = NULL, started_at = coalesce(started_at, ?)", (now,))


def advance_step(store: PortalStore, job: str, step: str, counts: tuple[int | None, int | None]) -> None:
    """Save (done, total); a None leaves what is there."""
    _save(store, job, step, "done = coalesce(?, done), total = coalesce(?, total)", counts)


def note_step(store: PortalStore, job: str, step: str, note: str) -> None:
    """Say something beside a running step: that the portal asked to wait, for instance."""
    _save(store, job, step, "note = ?", (note,))


def finish_step(store: PortalStore, job: str, step: str, now: str) -> None:
    """Mark a step as done."""
    _save(store, job, step, "state = 'done', note = NULL, finished_at = ?", (now,))


def fail_step(store: PortalStore, job: str, step: str, ending: tuple[str, str]) -> None:
    """Mark a step as failed: (now, note)."""
    _save(store, job, step, "state = 'failed', finished_at = ?, note = ?", ending)


def forget_steps(store: PortalStore, job: str, steps: Sequence[str]) -> None:
    """Begin these steps anew: they will be planned again."""
    with store.write() as db:
        db.conn.executemany("DELETE FROM progress WHERE job = ? AND step = ?", [(job, step) for step in steps])


def list_steps(store: PortalStore, job: str) -> list[dict[str, Any]]:
    """Return the steps of a job in their order."""
    return store.rows(
        "SELECT step, title_key, state, done, total, note, started_at, finished_at FROM progress WHERE job = ? ORDER BY position", (job,)
    )


def _save(store: PortalStore, job: str, step: str, change: str, values: Sequence[Any]) -> None:
    with store.write() as db:
        db.conn.execute(f"UPDATE progress SET {change} WHERE job = ? AND step = ?", (*values, job, step))
