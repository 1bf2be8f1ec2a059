"""The door to durable background work: whoever orders a job sees it done at least once, whatever is killed meanwhile.

Inside is dbos, as the durable record: it keeps the orders and the notes of every attempt, which are made in `pursuit`. Runs in
the worker process alone, and only after `start`. Knows nothing of what the jobs do: they come as KINDS from `app.py`. Every job
must bear being run twice, because a worker may die after the work and before the note.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from b24app.attempts import DONE, FAILED
from b24app.errors import NotFound
from b24app.figures import Figures
from b24app.pursuit import Kind, Order, Pursuer
from b24app.store.database import find_trouble

if TYPE_CHECKING:
    from dbos import WorkflowStatus

    from b24app.config import Config

APPLICATION = "b24app"
FILE = "jobs.db"
NAME = "run_job"
VERSION = "1"  # fixed: a job that was ordered before an upgrade is finished after it
QUEUE, LONG_QUEUE = "jobs", "long_jobs"
POLLS = {QUEUE: 0.1, LONG_QUEUE: 0.5}  # seconds between two looks at a queue
CLAIMED = 64  # jobs of one portal and queue that are in this process, at work or waiting; the others stay in the database
MOST_RECOVERIES = 1000  # dbos's own limit counts jobs that merely waited when their worker died: ours comes first
MOST_COUNTED = 20_000
PRUNED = 500  # jobs that are forgotten in one go

STATES = {"SUCCESS": DONE, "PENDING": "running", "ENQUEUED": "waiting", "DELAYED": "waiting"}
OVER = ("SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")
ALL_STATUSES = (*OVER, "PENDING", "ENQUEUED", "DELAYED")

log = logging.getLogger(__name__)


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


class Jobs:
    """One a process: dbos allows no more. One process an application: see `worker`, which sees to it."""

    def __init__(self, config: Config, kinds: Mapping[str, Kind], figures: Figures | None = None) -> None:
        self._config = config
        self._pursuer = Pursuer(config, kinds, figures or Figures())
        self._workflow: Any = None

    def start(self) -> None:
        """Open the database, take up what earlier workers left, whatever their names, and begin."""
        from dbos import DBOS

        # A handler of our own keeps dbos from printing beside our log; its advice against SQLite is below WARNING.
        logging.getLogger("dbos").addHandler(logging.NullHandler())
        wait_for_the_disk()
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
        self._workflow = DBOS.workflow(name=NAME, max_recovery_attempts=MOST_RECOVERIES)(self._as_workflow())
        DBOS.launch()
        for name, seconds in POLLS.items():
            DBOS.register_queue(name, partition_worker_concurrency=CLAIMED, polling_interval_sec=seconds, on_conflict="always_update")
        self._take_over()

    def stop(self, grace: float = 8.0) -> None:
        """Let running jobs come to an end for `grace` seconds; the others go on in the next worker."""
        from dbos import DBOS

        self._pursuer.stopping.set()
        deadline = time.monotonic() + grace
        while self._pursuer.running and time.monotonic() < deadline:
            time.sleep(0.05)
        DBOS.destroy(destroy_registry=True)

    def enqueue(self, kind: str, member_id: str, payload: Mapping[str, Any], key: str = "") -> str:
        """Order a job and return its id. The same key is the same job, done once; without a key the payload is the key."""
        from dbos import DBOS, SetEnqueueOptions, SetWorkflowID

        job_id = f"{member_id}:{kind}:{_digest(key or json.dumps(payload, sort_keys=True))}"
        with SetWorkflowID(job_id), SetEnqueueOptions(queue_partition_key=member_id):
            DBOS.enqueue_workflow(LONG_QUEUE if self._pursuer.is_long(kind) else QUEUE, self._workflow, kind, member_id, dict(payload))
        return job_id

    def is_over(self, job_id: str) -> bool:
        """Tell whether a job has come to its end, good or bad; one that is not known is over."""
        from dbos import DBOS

        status = DBOS.get_workflow_status(job_id)
        return status is None or status.status in OVER

    def list(self, member_id: str, limit: int = 50, state: str = "") -> list[Job]:
        """Return a portal's jobs, the newest first; of one state when it is given."""
        from dbos import DBOS

        return _list(DBOS, member_id, limit, state)

    def count_states(self) -> dict[str, int]:
        """Return how many jobs of all portals wait or run now, and how many have failed within a day."""
        from dbos import DBOS

        counts = Counter(dict.fromkeys((*STATES.values(), FAILED), 0))
        del counts[DONE]
        day_ago = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 86400))
        light: dict[str, Any] = {"name": NAME, "load_input": False, "load_output": False, "limit": MOST_COUNTED}
        found = DBOS.list_workflows(status=[word for word in ALL_STATUSES if word not in OVER], **light)
        failed = DBOS.list_workflows(status=[word for word in OVER if word not in STATES], start_time=day_ago, **light)
        counts.update(STATES.get(status.status, FAILED) for status in (*found, *failed))
        return dict(counts)

    def prune(self, before: float) -> int:
        """Forget the jobs that were ordered before this moment (unix seconds) and are over, with their notes; return how many."""
        from dbos import DBOS

        count, until = 0, time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(before))
        scope: dict[str, Any] = {"status": list(OVER), "end_time": until, "limit": PRUNED, "load_input": False, "load_output": False}
        while not self._pursuer.stopping.is_set() and (found := DBOS.list_workflows(**scope)):
            DBOS.delete_workflows([status.workflow_id for status in found])
            count += len(found)
        return count

    def _as_workflow(self) -> Callable[[str, str, dict[str, Any]], None]:
        """Return what dbos runs for a job: a plain function, because dbos writes attributes on it."""
        from dbos import DBOS

        def run_job(kind: str, member_id: str, payload: dict[str, Any]) -> None:
            order = Order(DBOS.workflow_id or "", kind, member_id, payload)
            if reason := self._pursuer.pursue(order, lambda step, note: DBOS.run_step({"name": step}, note)):
                raise JobFailed(reason)

        return run_job

    def _take_over(self) -> None:
        """Take up the jobs that workers of other names left. They are gone: only one works at a time."""
        from dbos import DBOS

        left = DBOS.list_workflows(status="PENDING", load_input=False, load_output=False)
        others = {str(status.executor_id) for status in left} - {self._config.executor_id}
        if others:
            DBOS._recover_pending_workflows(sorted(others))  # what dbos itself does at a start, for our own name only
            log.warning("took over from other workers", extra={"workers": sorted(others), "jobs": len(left)})


def wait_for_the_disk() -> None:
    """Have dbos wait, as it does for a locked file, while the disk is full or away: it would end jobs with this error."""
    import sqlalchemy

    if not sqlalchemy.event.contains(sqlalchemy.Engine, "handle_error", _say_locked):
        sqlalchemy.event.listen(sqlalchemy.Engine, "handle_error", _say_locked)


def _say_locked(context: Any) -> Exception | None:
    """Return what SQLAlchemy raises in place of the error, None for the error itself."""
    from sqlalchemy.exc import OperationalError

    error = context.original_exception
    if find_trouble(error) != "disk":
        return None
    log.error("jobs database", extra={"reason": str(error)})
    return OperationalError(context.statement, None, OSError(f"database is locked: {error}"))


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
