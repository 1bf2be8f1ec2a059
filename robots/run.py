"""Runs a robot's call in the worker: once per event token, answered whatever happens, so that no workflow waits for ever.

The journal comes first: the work is done and its answer kept before the answer is sent, so a lost answer is sent again
without the work being done again. Calls that wait for something go on in `waiting`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from b24app.bitrix.incoming import RobotCall
from b24app.errors import BitrixBusy, BitrixError, BitrixGone, BitrixLost, Mistaken
from b24app.store import calls
from b24app.store.calls import OVER, PENDING
from robots import BY_CODE
from robots.properties import Texts
from robots.robot import ERROR, Call, Pending, Result

if TYPE_CHECKING:
    from b24app.context import Context

SEND, LOG = "bizproc.event.send", "bizproc.activity.log"
USED = "ACCESS_DENIED"  # what the portal says of an event token that was answered already, or is out of date
INSTANT = "%Y-%m-%dT%H:%M:%SZ"
SPARE = timedelta(seconds=30)  # before a deadline: whoever has not come to an end by then is answered all the same

UNKNOWN = ("This robot is no longer part of the app.", "Этого робота больше нет в приложении.")
GIVEN_UP = ("The app gave this run up after many attempts.", "Приложение прекратило попытки выполнить робота.")
NO_TIME = (
    "The portal could not be asked until the time for this robot was over; nothing was done.",
    "Портал не отвечал, пока не вышло время робота; ничего не сделано.",
)
TOO_LATE = (
    "The workflow had gone on before the app could begin; nothing was done.",
    "Процесс пошёл дальше раньше, чем приложение смогло начать; ничего не сделано.",
)


@dataclass(frozen=True)
class Job:
    """What travels through the inbox and the queue: a call without its secrets but the event token.

    `timeout`: seconds that the workflow waits, 0 when it says none; `ts`: when the portal posted (unix seconds).
    """

    robot: str
    event_token: str
    entity: str
    entity_id: int
    properties: Mapping[str, Any]
    waits: bool  # does the workflow wait for an answer
    timeout: int = 0
    ts: int = 0


def job_of(call: RobotCall) -> dict[str, Any]:
    """Return what the inbox keeps of a call."""
    return asdict(
        Job(call.code, call.event_token, call.entity, call.entity_id, call.properties, call.use_subscription, call.timeout, call.ts)
    )


def run_call(ctx: Context, payload: Mapping[str, Any]) -> None:
    """Do the call's work and answer it, as far as that has not been done.

    Raises BitrixBusy or BitrixLost when it has to be run again; every other trouble is told to the workflow.
    """
    row = _begin(ctx, Job(**payload))
    if row["state"] != PENDING:
        pursue(ctx, row)


def give_up(ctx: Context, payload: Mapping[str, Any]) -> None:
    """Answer a call whose job has failed for good, so that its workflow goes on. Nothing when it was answered."""
    row = _begin(ctx, Job(**payload))
    if row["state"] != PENDING:  # that one goes on by itself
        abandon(ctx, row)


def abandon(ctx: Context, row: calls.Row) -> None:
    """Answer a call that is not tried any more with a sentence; one that has its answer is only sent it."""
    if row["state"] not in OVER and row["answer"] is None:
        row = _keep(ctx, row, _failed(row, GIVEN_UP))
    if row["state"] not in OVER:
        _send(ctx, row)


def run_again(ctx: Context, payload: Mapping[str, Any]) -> None:
    """Run a call that is over once more, for nobody who waits: `payload` has call (its id) and run (the order's own name).

    It has the key of the first run: what that one brought about is found, not made a second time; what it failed to do is done.
    """
    token = f"again:{payload['run']}"
    row, first = calls.find_call(ctx.store, token), calls.find_by_id(ctx.store, str(payload["call"]))
    if row is None:
        if first is None or first["state"] not in OVER:
            return
        kept = {name: first[name] for name in ("robot", "deal_id", "entity", "entity_id", "properties")}
        root = first["again_of"] or first["call_id"]
        row = _save(ctx, {"event_token": token}, **kept, **_fresh(ctx), is_awaited=0, again_of=root)
    if row["state"] != PENDING:
        pursue(ctx, row)


def pursue(ctx: Context, row: calls.Row) -> None:
    """Bring a call as far as it goes now: to its end, or to where it waits for something."""
    if row["state"] not in OVER and row["answer"] is None:
        row = _settle(ctx, row)
    if row["state"] not in (*OVER, PENDING):
        _send(ctx, row)


def list_calls(ctx: Context, deal_id: int) -> list[calls.Row]:
    """Return the calls for a deal that this viewer may see, the newest first; `answer` is {return_values, log_message} or None."""
    rows = calls.list_calls(ctx.store, deal_id, ctx.viewer)
    return [{**row, "answer": json.loads(row["answer"]) if row["answer"] else None} for row in rows]


def call_of(row: calls.Row, properties: Mapping[str, Any]) -> Call:
    """Return a journal's row as robots know it. The key is not the event token itself, which would travel into documents."""
    key = f"{row['robot']}:{row['again_of'] or row['call_id']}"
    return Call(key, row["entity_id"], properties, row["entity"], _moment(row["received_at"]), _moment(row["deadline"]))


def _settle(ctx: Context, row: calls.Row) -> calls.Row:
    """Work, unless there is no time left for it; keep what came of it."""
    deadline = _moment(row["deadline"])
    if deadline and ctx.now() >= deadline and row["state"] != PENDING:
        return _save(ctx, row, state="expired", finished_at=_now(ctx), **_said(ctx, _failed(row, TOO_LATE)))
    row = _save(ctx, row, tries=row["tries"] + 1)
    try:
        outcome = _work(ctx, row)
    except (BitrixBusy, BitrixLost):
        if deadline is None or ctx.now() < deadline - SPARE:
            raise
        outcome = _failed(row, NO_TIME)
    return _wait(ctx, row, outcome) if isinstance(outcome, Pending) else _keep(ctx, row, outcome)


def _work(ctx: Context, row: calls.Row) -> Result | Pending:
    """Run the robot; what a person can mend and what the portal refuses becomes a result that says so."""
    robot = BY_CODE.get(row["robot"])
    if robot is None:
        return _failed(row, UNKNOWN)
    if not robot.works_on(row["entity"]):
        where = {lang: ", ".join(one.title[lang] for one in robot.documents) for lang in ("en", "ru")}
        return _failed(row, (f"This robot works on {where['en']} only.", f"Этот робот работает только {where['ru']}."))
    try:
        return robot.run(ctx, call_of(row, robot.read_properties(json.loads(row["properties"] or "{}"))))
    except Mistaken as mistake:
        return _failed(row, (mistake.sentence("en"), mistake.sentence("ru")))
    except (BitrixBusy, BitrixGone, BitrixLost):
        raise
    except BitrixError as error:
        said = error.text or error.code
        return _failed(row, (f"Bitrix24 refused: {said}", f"Битрикс24 отказал: {said}"))


def _wait(ctx: Context, row: calls.Row, pending: Pending) -> calls.Row:
    """Keep that the call waits, and say so once in the workflow's log. A line that is lost costs nothing but the line."""
    if row["state"] == PENDING:
        return row if row["client_key"] == pending.client_key else _save(ctx, row, client_key=pending.client_key)
    until, text = pending.until.astimezone(UTC).strftime(INSTANT), _in_portals_words(ctx, pending.message)
    if row["is_awaited"]:
        try:
            ctx.bitrix.call(LOG, {"event_token": row["event_token"], "log_message": text})
        except BitrixGone:
            raise
        except BitrixError as error:
            ctx.log.info("line not written", extra={"call": row["call_id"], "reason": str(error)})
    said = json.dumps(dict(pending.message), ensure_ascii=False)
    return calls.begin_pending(
        ctx.store, {"event_token": row["event_token"], "client_key": pending.client_key, "wake_at": until, "said": said}
    )


def _failed(row: calls.Row, sentences: tuple[str, str]) -> Result:
    """Return the result of a run that came to nothing: every value empty, `error` in words."""
    robot = BY_CODE.get(row["robot"])
    texts: Texts = {"en": sentences[0], "ru": sentences[1]}
    return Result({value.code: "" for value in robot.returns} if robot else {}, texts, has_failed=True)


def _keep(ctx: Context, row: calls.Row, result: Result) -> calls.Row:
    """Keep the answer before it is sent. Its `error` is empty when the run came to something."""
    said = _said(ctx, result)
    answer = {"return_values": {**result.values, ERROR.code: said["error"]}, "log_message": _in_portals_words(ctx, result.message)}
    return _save(ctx, row, state="ready", answer=json.dumps(answer, ensure_ascii=False), **said)


def _send(ctx: Context, row: calls.Row) -> None:
    """Send the answer that is kept. A used token after a lost answer means that it did arrive."""
    if not row["is_awaited"]:
        _save(ctx, row, state="answered", finished_at=_now(ctx))
        return
    was_lost = row["state"] == "answering"
    _save(ctx, row, state="answering", attempts=row["attempts"] + 1)
    try:
        ctx.bitrix.call(SEND, {"event_token": row["event_token"], **json.loads(row["answer"])})
    except BitrixBusy:
        _save(ctx, row, state=row["state"])
        raise
    except BitrixError as error:
        if error.code != USED:
            raise
        _save(ctx, row, state="answered" if was_lost else "expired", finished_at=_now(ctx))
        return
    _save(ctx, row, state="answered", finished_at=_now(ctx))


def _begin(ctx: Context, job: Job) -> calls.Row:
    """Return the call's row in the journal, made when the call is new."""
    found = calls.find_call(ctx.store, job.event_token)
    if found:
        return found
    begins = datetime.fromtimestamp(job.ts, UTC) if job.ts else ctx.now()
    return _save(
        ctx,
        {"event_token": job.event_token},
        robot=job.robot,
        deal_id=job.entity_id if job.entity == "deal" else None,
        entity=job.entity,
        entity_id=job.entity_id,
        properties=json.dumps(job.properties, ensure_ascii=False),
        is_awaited=int(job.waits),
        deadline=(begins + timedelta(seconds=job.timeout)).strftime(INSTANT) if job.timeout and job.waits else None,
        **_fresh(ctx),
    )


def _fresh(ctx: Context) -> calls.Row:
    return {"state": "received", "received_at": _now(ctx), "attempts": 0, "tries": 0}


def _said(ctx: Context, result: Result) -> calls.Row:
    """Return what the journal keeps of a result's words: in both languages, and the error as the portal is told it."""
    error = _in_portals_words(ctx, result.message) if result.has_failed else ""
    return {"said": json.dumps(dict(result.message), ensure_ascii=False), "error": error}


def _in_portals_words(ctx: Context, texts: Texts) -> str:
    return texts[ctx.portal.lang if ctx.portal.lang in texts else "en"]


def _save(ctx: Context, row: calls.Row, **columns: Any) -> calls.Row:
    return calls.save_call(ctx.store, {"event_token": row["event_token"], **columns})


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _now(ctx: Context) -> str:
    return ctx.now().strftime(INSTANT)
