"""The door to durable background work: whoever orders a job sees it done at least once, whatever is killed meanwhile.

Inside is dbos. Runs in the worker process alone, and only after `start`. Knows nothing of what the jobs do: they come
as KINDS from `app.py`. Every job must bear being run twice, because a worker may die after the work and before the note.
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from b24app.errors import AppError, BitrixBusy, BitrixLost, NotFound
from b24app.log import bound

if TYPE_CHECKING:
    from dbos import WorkflowStatus

    from b24app.config import Config

JobFunction = Callable[[str, dict[str, Any]], None]  # (member_id, payload)

APPLICATION = "b24app"
FILE = "jobs.db"
QUEUE = "jobs"
NAME = "run_job"
VERSION = "1"  # fixed: a job that was ordered before an upgrade is finished after it
POLL_SECONDS = 0.1
MOST_RECOVERIES = 20  # of a job that takes its worker down with it each time
LONGEST_PAUSE = 300.0
UNKNOWN_PAUSES = (5.0, 30.0, 120.0)  # an error that nobody foresaw gets these pauses, then is set aside

DONE, FAILED = "done", "failed"
STATES = {"SUCCESS": DONE, "PENDING": "running", "ENQUEUED": "waiting", "DELAYED": "waiting"}

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Kind:
    """What to do for a kind of job, and what to do last when it has failed for good."""

    run: JobFunction
    give_up: JobFunction | None = None


@dataclass(frozen=True)
class Job:
    """One job as people see it. `state`: waiting | running | done | failed; `reason` says why it failed."""

    id: str
    kind: str
    member_id: str
    state: str
    reason: str
    created_at: float
    updated_at: float


class JobFailed(Exception):
    """The end of a job that is not tried again."""


class _Stopped(BaseException):
    """Leaves a waiting job as it is; it goes on in the next worker. dbos records only what is an Exception."""


class Jobs:
    """One a process: dbos allows no more."""

    def __init__(self, config: Config, kinds: Mapping[str, Kind]) -> None:
        self._config, self._kinds = config, kinds
        self._stopping = threading.Event()
        self._free_threads = threading.Semaphore(config.job_threads)
        self._running: set[str] = set()
        self._workflow: Any = None

    def start(self) -> None:
        """Open the database, take up what an earlier worker of this name left, and begin."""
        from dbos import DBOS

        # A handler of our own keeps dbos from printing beside our log; its advice against SQLite is below WARNING.
        logging.getLogger("dbos").addHandler(logging.NullHandler())
        DBOS(
            config={
                "name": APPLICATION,
                "system_database_url": _address(self._config),
                "application_version": VERSION,
                "executor_id": self._config.executor_id,
                "log_level": "WARNING",
                "notification_listener_polling_interval_sec": 1.0,
            }
        )
        self._workflow = DBOS.workflow(name=NAME, max_recovery_attempts=MOST_RECOVERIES)(self._as_function())
        DBOS.launch()
        DBOS.register_queue(
            QUEUE,
            partition_concurrency=self._config.jobs_per_portal,
            polling_interval_sec=POLL_SECONDS,
            on_conflict="always_update",
        )

    def stop(self, grace: float = 8.0) -> None:
        """Let running jobs come to an end for `grace` seconds; the others go on in the next worker."""
        from dbos import DBOS

        self._stopping.set()
        deadline = time.monotonic() + grace
        while self._running and time.monotonic() < deadline:
            time.sleep(0.05)
        DBOS.destroy(destroy_registry=True)

    def enqueue(self, kind: str, member_id: str, payload: Mapping[str, Any], key: str = "") -> str:
        """Order a job and return its id. The same key is the same job, done once; without a key the payload is the key."""
        from dbos import DBOS, SetEnqueueOptions, SetWorkflowID

        job_id = f"{member_id}:{kind}:{_digest(key or json.dumps(payload, sort_keys=True))}"
        with SetWorkflowID(job_id), SetEnqueueOptions(queue_partition_key=member_id):
            DBOS.enqueue_workflow(QUEUE, self._workflow, kind, member_id, dict(payload))
        return job_id

    def is_over(self, job_id: str) -> bool:
        """Tell whether a job has come to its end, good or bad; one that is not known is over."""
        from dbos import DBOS

        status = DBOS.get_workflow_status(job_id)
        return status is None or STATES.get(status.status, FAILED) in (DONE, FAILED)

    def list(self, member_id: str, limit: int = 50, state: str = "") -> list[Job]:
        """Return a portal's jobs, the newest first; of one state when it is given."""
        from dbos import DBOS

        return _list(DBOS, member_id, limit, state)

    # -- inside a job -----------------------------------------------------------------------------------------

    def _as_function(self) -> Callable[[str, str, dict[str, Any]], None]:
        """Return `_work` as dbos wants it: it writes attributes on what it is given, which a method does not bear."""

        def run_job(kind: str, member_id: str, payload: dict[str, Any]) -> None:
            self._work(kind, member_id, payload)

        return run_job

    def _work(self, kind: str, member_id: str, payload: dict[str, Any]) -> None:
        """Pursue a job to its end. Runs again from the top after a crash: steps that were noted are not repeated."""
        reason = self._pursue("run", kind, member_id, payload)
        if reason and kind in self._kinds and self._kinds[kind].give_up:
            reason += self._pursue("give_up", kind, member_id, payload) and "; giving up failed too"
        if reason:
            raise JobFailed(reason)

    def _pursue(self, what: str, kind: str, member_id: str, payload: dict[str, Any]) -> str:
        """Try until it is done or hopeless; return why it failed, or ''. Decides by what is noted, never by the clock."""
        from dbos import DBOS

        troubles: Counter[str] = Counter()
        began = 0.0
        while True:
            outcome = DBOS.run_step({"name": what}, self._attempt, what, kind, member_id, payload)
            if outcome["verdict"] == DONE:
                return ""
            began = began or outcome["at"]
            pause = find_pause(outcome, troubles[outcome["verdict"]])
            if pause is None or outcome["at"] + pause - began > self._config.job_patience_hours * 3600:
                return str(outcome["reason"])
            troubles[outcome["verdict"]] += 1
            self._wait_until(outcome["at"] + pause)

    def _attempt(self, what: str, kind: str, member_id: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Do the work once and return how it went. Never raises: dbos would store the exception by pickle."""
        from dbos import DBOS

        job_id = DBOS.workflow_id or ""
        with self._free_threads, bound(portal=member_id, job=job_id):
            if self._stopping.is_set():
                raise _Stopped
            began = time.monotonic()
            self._running.add(job_id)
            try:
                if kind not in self._kinds:
                    raise AppError(f"no such kind of job: {kind!r:.80}")
                function = getattr(self._kinds[kind], what)
                function(member_id, payload)
            except Exception as error:
                outcome = judge(error)
            else:
                outcome = {"verdict": DONE, "reason": ""}
            finally:
                self._running.discard(job_id)
            _say(kind, what, outcome, time.monotonic() - began)
            return {**outcome, "at": time.time()}

    def _wait_until(self, moment: float) -> None:
        """Wait in a way that a stop interrupts; the moment was noted, so a restart does not begin the wait anew."""
        if self._stopping.wait(max(moment - time.time(), 0)):
            raise _Stopped


ALL_STATUSES = ("SUCCESS", "PENDING", "ENQUEUED", "DELAYED", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")

# What an error means for its job; the first line that fits. All that is ours and not passing is not tried again.
VERDICTS: tuple[tuple[type[Exception], str], ...] = (
    (BitrixBusy, "busy"),
    (BitrixLost, "lost"),
    (AppError, FAILED),
    (OSError, "lost"),
    (Exception, "unknown"),
)


def list_jobs(config: Config, member_id: str, limit: int = 50, state: str = "") -> list[Job]:
    """Return the same as `Jobs.list`, from another process. Raises NotFound before a worker has run."""
    from dbos import DBOSClient

    if not config.jobs_url and not (config.data_dir / FILE).exists():
        raise NotFound("no worker has run yet")
    client = DBOSClient(system_database_url=_address(config), application_name=APPLICATION)
    try:
        return _list(client, member_id, limit, state)
    finally:
        client.destroy()


def judge(error: Exception) -> dict[str, Any]:
    """Return what is noted of an error: the verdict, the reason, and for a busy portal how long it asks to wait."""
    verdict = next(word for kind, word in VERDICTS if isinstance(error, kind))
    outcome: dict[str, Any] = {"verdict": verdict, "reason": f"{type(error).__name__}: {error}"[:500]}
    if isinstance(error, BitrixBusy):
        outcome["retry_after"] = max(float(error.retry_after), 0.5)
    if verdict == "unknown":
        log.error("unforeseen error in a job", exc_info=error)
    return outcome


def find_pause(outcome: Mapping[str, Any], times_before: int) -> float | None:
    """Return the seconds to wait before the next try, None when there is none."""
    match outcome["verdict"]:
        case "busy":
            return float(outcome["retry_after"])
        case "lost":
            return min(2.0**times_before, LONGEST_PAUSE)
        case "unknown" if times_before < len(UNKNOWN_PAUSES):
            return UNKNOWN_PAUSES[times_before]
    return None


def _say(kind: str, what: str, outcome: Mapping[str, Any], seconds: float) -> None:
    level = logging.INFO if outcome["verdict"] == DONE else logging.WARNING
    log.log(level, "job", extra={"kind": kind, "what": what, **outcome, "seconds": round(seconds, 3)})


def _address(config: Config) -> str:
    return config.jobs_url or f"sqlite:///{config.data_dir.resolve() / FILE}"


def _list(source: Any, member_id: str, limit: int, state: str) -> list[Job]:
    words = [word for word in ALL_STATUSES if STATES.get(word, FAILED) == state] if state else None
    found = source.list_workflows(workflow_id_prefix=f"{member_id}:", status=words, limit=limit, sort_desc=True, name=NAME)
    return [_read(status) for status in found]


def _read(status: WorkflowStatus) -> Job:
    member_id, kind, _ = status.workflow_id.split(":", 2)
    reason = str(status.error) if status.error else ""
    return Job(
        id=status.workflow_id,
        kind=kind,
        member_id=member_id,
        state=STATES.get(status.status, FAILED),
        reason=reason or ("took its worker down too often" if "RECOVERY" in status.status else ""),
        created_at=(status.created_at or 0) / 1000,
        updated_at=(status.updated_at or 0) / 1000,
    )


def _digest(key: str) -> str:
    """A key may be a robot's event_token, which is a secret, and an id is written to the log."""
    return hashlib.blake2b(key.encode(), digest_size=16).hexdigest()
