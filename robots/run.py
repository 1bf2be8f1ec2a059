"""Runs a robot's call in the worker: once per event token, answered whatever happens, so that no workflow waits for ever.

The journal comes first: the work is done and its answer kept before the answer is sent, so a lost answer is sent again
without the work being done again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from b24app.bitrix.incoming import RobotCall
from b24app.errors import BitrixBusy, BitrixError, BitrixGone, BitrixLost, Mistaken
from b24app.store import calls
from robots import BY_CODE
from robots.properties import Texts
from robots.robot import ERROR, Call, Result

if TYPE_CHECKING:
    from b24app.context import Context

SEND = "bizproc.event.send"
USED = "ACCESS_DENIED"  # what the portal says of an event token that was answered already, or is out of date
OVER = frozenset({"answered", "expired"})

NOT_A_DEAL = ("This robot works on deals only.", "Этот робот работает только в сделках.")
UNKNOWN = ("This robot is no longer part of the app.", "Этого робота больше нет в приложении.")
GIVEN_UP = ("The app gave this run up after many attempts.", "Приложение прекратило попытки выполнить робота.")


@dataclass(frozen=True)
class Job:
    """What travels through the inbox and the queue: a call without its secrets but the event token."""

    robot: str
    event_token: str
    entity: str
    entity_id: int
    properties: Mapping[str, Any]
    waits: bool  # does the workflow wait for an answer


def job_of(call: RobotCall) -> dict[str, Any]:
    """Return what the inbox keeps of a call."""
    return asdict(Job(call.code, call.event_token, call.entity, call.entity_id, call.properties, call.use_subscription))


def run_call(ctx: Context, payload: Mapping[str, Any]) -> None:
    """Do the call's work and answer it, as far as that has not been done.

    Raises BitrixBusy or BitrixLost when it has to be run again; every other trouble is told to the workflow.
    """
    job = Job(**payload)
    row = _begin(ctx, job)
    if row["state"] not in OVER and row["answer"] is None:
        row = _keep(ctx, job, _work(ctx, job))
    if row["state"] not in OVER:
        _send(ctx, job, row)


def give_up(ctx: Context, payload: Mapping[str, Any]) -> None:
    """Answer a call whose job has failed for good, so that its workflow goes on. Nothing when it was answered."""
    job = Job(**payload)
    row = _begin(ctx, job)
    if row["state"] not in OVER and row["answer"] is None:
        row = _keep(ctx, job, _failed(job, GIVEN_UP))
    if row["state"] not in OVER:
        _send(ctx, job, row)


def list_calls(ctx: Context, deal_id: int) -> list[calls.Row]:
    """Return the calls for a deal that this viewer may see, the newest first; `answer` is {return_values, log_message} or None."""
    rows = calls.list_calls(ctx.store, deal_id, ctx.viewer)
    return [{**row, "answer": json.loads(row["answer"]) if row["answer"] else None} for row in rows]


def _work(ctx: Context, job: Job) -> Result:
    """Run the robot; what a person can mend and what the portal refuses becomes a result that says so."""
    robot = BY_CODE.get(job.robot)
    if robot is None:
        return _failed(job, UNKNOWN)
    if job.entity != "deal":
        return _failed(job, NOT_A_DEAL)
    try:
        properties = robot.read_properties(job.properties)
        return robot.run(ctx, Call(_key(job), job.entity_id, properties, job.entity))
    except Mistaken as mistake:
        return _failed(job, (mistake.sentence("en"), mistake.sentence("ru")))
    except (BitrixBusy, BitrixGone, BitrixLost):
        raise
    except BitrixError as error:
        said = error.text or error.code
        return _failed(job, (f"Bitrix24 refused: {said}", f"Битрикс24 отказал: {said}"))


def _failed(job: Job, sentences: tuple[str, str]) -> Result:
    """Return the result of a run that came to nothing: every value empty, `error` in words."""
    robot = BY_CODE.get(job.robot)
    texts: Texts = {"en": sentences[0], "ru": sentences[1]}
    return Result({value.code: "" for value in robot.returns} if robot else {}, texts, has_failed=True)


def _keep(ctx: Context, job: Job, result: Result) -> calls.Row:
    """Keep the answer before it is sent. Its `error` is empty when the run came to something."""
    message = result.message[ctx.portal.lang if ctx.portal.lang in result.message else "en"]
    error = message if result.has_failed else ""
    answer = {"return_values": {**result.values, ERROR.code: error}, "log_message": message}
    return _save(ctx, job, state="ready", answer=json.dumps(answer, ensure_ascii=False), error=error)


def _send(ctx: Context, job: Job, row: calls.Row) -> None:
    """Send the answer that is kept. A used token after a lost answer means that it did arrive."""
    if not job.waits:
        _save(ctx, job, state="answered", finished_at=_now(ctx))
        return
    was_lost = row["state"] == "answering"
    _save(ctx, job, state="answering", attempts=row["attempts"] + 1)
    try:
        ctx.bitrix.call(SEND, {"event_token": job.event_token, **json.loads(row["answer"])})
    except BitrixBusy:
        _save(ctx, job, state=row["state"])
        raise
    except BitrixError as error:
        if error.code != USED:
            raise
        _save(ctx, job, state="answered" if was_lost else "expired", finished_at=_now(ctx))
        return
    _save(ctx, job, state="answered", finished_at=_now(ctx))


def _begin(ctx: Context, job: Job) -> calls.Row:
    """Return the call's row in the journal, made when the call is new."""
    return calls.find_call(ctx.store, job.event_token) or _save(
        ctx,
        job,
        robot=job.robot,
        deal_id=job.entity_id if job.entity == "deal" else None,
        properties=json.dumps(job.properties, ensure_ascii=False),
        state="received",
        received_at=_now(ctx),
        attempts=0,
    )


def _save(ctx: Context, job: Job, **columns: Any) -> calls.Row:
    return calls.save_call(ctx.store, {"event_token": job.event_token, **columns})


def _key(job: Job) -> str:
    """Return the same key for the same run; not the event token itself, which would travel into the document."""
    return f"{job.robot}:{hashlib.sha256(job.event_token.encode()).hexdigest()[:32]}"


def _now(ctx: Context) -> str:
    moment: datetime = ctx.now()
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
