"""How far a long job is, step by step, for the page that shows it. A step that is done stays done when the job runs again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
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
    """Mark a step as running; when it runs again its first start is kept, and its speed is measured from here."""
    change = "state = 'running', note = NULL, finished_at = NULL, started_at = coalesce(started_at, ?), resumed_at = ?, resumed_done = done"
    _save(store, job, step, change, (now, now))


def advance_step(store: PortalStore, job: str, step: str, counts: tuple[int | None, int | None], requests: int = 0) -> None:
    """Save (done, total), where None leaves what is there, and add what it has cost since the last time."""
    change = "done = coalesce(?, done), total = coalesce(?, total), requests = coalesce(requests, 0) + ?"
    _save(store, job, step, change, (*counts, requests))


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
        "SELECT step, title_key, state, done, total, requests, note, started_at, finished_at, resumed_at, resumed_done "
        "FROM progress WHERE job = ? ORDER BY position",
        (job,),
    )


def sum_up(steps: Sequence[Mapping[str, Any]], now: datetime) -> dict[str, Any]:
    """Return {"rows", "total", "share" (0 to 1), "requests", "seconds_left"} of the steps that count rows.

    `seconds_left` is None until the running step has shown its speed. Pure; `now` in UTC.
    """
    counted = [step for step in steps if step["total"]]
    rows = sum(min(step["done"] or 0, step["total"]) for step in counted)
    total = sum(step["total"] for step in counted)
    speeds = [speed for step in counted if step["state"] == "running" and (speed := _speed(step, now))]
    left = int((total - rows) / speeds[0]) if speeds else 0 if rows == total else None
    requests = sum(step["requests"] or 0 for step in steps)
    return {"rows": rows, "total": total, "share": rows / total if total else 0.0, "requests": requests, "seconds_left": left}


def _speed(step: Mapping[str, Any], now: datetime) -> float:
    """Return rows a second since the step was begun or taken up again."""
    if not step["resumed_at"]:
        return 0.0
    seconds = (now - datetime.fromisoformat(step["resumed_at"])).total_seconds()
    rows = (step["done"] or 0) - (step["resumed_done"] or 0)
    return float(rows / seconds) if seconds > 0 and rows > 0 else 0.0


def _save(store: PortalStore, job: str, step: str, change: str, values: Sequence[Any]) -> None:
    with store.write() as db:
        db.conn.execute(f"UPDATE progress SET {change} WHERE job = ? AND step = ?", (*values, job, step))
