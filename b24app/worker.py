"""The worker's loop: for every portal takes in what came, brings the mirror up to date, orders what time asks for.

A portal that fails, waits or is gone never holds up the others. One worker works in a DATA_DIR: another one that is started
there stands by, and takes over when the first is gone. Knows no web and makes no tools: they come as a Desk.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from b24app.alone import Alone
from b24app.context import Context, Portal
from b24app.drain import drain, take_inbox
from b24app.errors import AppError, BitrixBusy, BitrixError, BitrixGone, BitrixLost, NotFound
from b24app.figures import Figures
from b24app.log import bound
from b24app.portals import registry
from b24app.store.database import find_trouble
from b24app.timers import TIMERS, Timer
from b24app.upkeep import oldest_kept

if TYPE_CHECKING:
    from b24app.config import Config
    from b24app.jobs import Jobs
    from b24app.portals.troubles import Watch
    from b24app.store.inbox import InboxReader
    from b24app.store.settings import AppStore

HEARTBEAT = "worker.alive"
LOCK = "worker.lock"
STAND_BY_SECONDS = 0.5
BEAT_SECONDS = 1.0
COUNT_SECONDS = 30.0
DEAD_SECONDS = 20.0
REST_AFTER_LOST = 5.0
REST_AFTER_DEFECT = 30.0
DRAINERS = 4  # portals that are drained at the same time

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Desk:
    """The worker's tools. `context` makes a portal's context; `remove` forgets a portal that has left and wants it."""

    config: Config
    app_store: AppStore
    reader: InboxReader
    jobs: Jobs
    context: Callable[[Portal], Context]
    remove: Callable[[str], None]
    watch: Watch
    timers: tuple[Timer, ...] = TIMERS
    figures: Figures = field(default_factory=Figures)


@dataclass
class _Lane:
    """What the worker remembers of a portal between two rounds."""

    rests_until: float = 0.0
    drain: Future[None] | None = None
    ordered: dict[str, tuple[str, str]] = field(default_factory=dict)  # timer's kind: its last moment, its job


@dataclass
class Worker:
    """The one that works in a DATA_DIR: it alone writes the mirrors."""

    desk: Desk
    _lanes: dict[str, _Lane] = field(default_factory=dict)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _beaten_at: float = 0.0
    _tidied_on: str = ""
    _counted_at: float = -COUNT_SECONDS

    def run(self) -> None:
        """Stand by until no other works here, then work until `stop`; then let what runs come to an end."""
        alone = Alone(self.desk.config.data_dir / LOCK)
        if self._stand_by(alone):
            self._work()
            alone.leave()
        self.desk.reader.close()

    def _stand_by(self, alone: Alone) -> bool:
        """Return True when it is our turn, False when we are asked to stop before that."""
        is_said = False
        while not self._stopping.is_set():
            if alone.enter():
                return True
            if not is_said:
                log.warning("another worker works here: standing by", extra={"data_dir": str(self.desk.config.data_dir)})
                is_said = True
            self._stopping.wait(STAND_BY_SECONDS)
        return False

    def _work(self) -> None:
        self.desk.jobs.start()
        log.info("worker started")
        with ThreadPoolExecutor(DRAINERS, "drain") as pool:
            while not self._stopping.is_set():
                self._beat()
                self.look_round(pool)
                self._tidy(pool)
                self._count(pool)
                self._stopping.wait(self.desk.config.poll_seconds)
            log.info("worker is stopping")
            self.desk.jobs.stop()

    def stop(self) -> None:
        """Ask the loop to end; safe from a signal handler and from any thread."""
        self._stopping.set()

    def look_round(self, pool: ThreadPoolExecutor) -> None:
        """Give every portal its turn."""
        for portal in registry.list_portals(self.desk.app_store):
            lane = self._lanes.setdefault(portal.member_id, _Lane())
            with bound(portal=portal.member_id):
                self._guard(portal, lane, "inbox", lambda portal=portal, lane=lane: self._tend(portal, lane, pool))  # type: ignore[misc]
        for member_id in registry.list_leavers(self.desk.app_store, oldest_kept(self.desk.config)):
            last = self._lanes.get(member_id)
            if last and last.drain and not last.drain.done():
                continue  # it still works in the file that is to go: the next round finds it done
            self._lanes.pop(member_id, None)
            self.desk.remove(member_id)
            log.info("portal removed with all that was kept of it", extra={"portal": member_id})

    def _tend(self, portal: Portal, lane: _Lane, pool: ThreadPoolExecutor) -> None:
        """Take in what came (it needs no portal), then see to the rest unless the portal rests."""
        ctx = self.desk.context(portal)
        take_inbox(ctx, self.desk.reader, self.desk.jobs)
        if time.monotonic() < lane.rests_until:
            return
        if portal.state == "installed":
            self._order_by_time(ctx, lane)
        if lane.drain is None or lane.drain.done():
            lane.drain = pool.submit(self._drain, ctx, lane)

    def _drain(self, ctx: Context, lane: _Lane) -> None:
        with bound(portal=ctx.portal.member_id):
            self._guard(ctx.portal, lane, "drain", lambda: self._drain_all(ctx))

    def _drain_all(self, ctx: Context) -> None:
        while not self._stopping.is_set() and (count := drain(ctx)):
            log.info("drained", extra={"records": count})
            self.desk.figures.count("drains_total")
            self.desk.figures.count("drained_records_total", count)

    def _order_by_time(self, ctx: Context, lane: _Lane) -> None:
        """Order what is due: once a moment, and not while the last one of its kind still runs."""
        member_id, jobs = ctx.portal.member_id, self.desk.jobs
        for timer in self.desk.timers:
            moment = timer.moment(ctx)
            last, job_id = lane.ordered.get(timer.kind, ("", ""))
            if moment and moment != last and jobs.is_over(job_id):
                lane.ordered[timer.kind] = (moment, jobs.enqueue(timer.kind, member_id, {}, f"{timer.kind}:{moment}"))

    def _guard(self, portal: Portal, lane: _Lane, source: str, work: Callable[[], None]) -> None:
        """Do it; whatever goes wrong is noted and becomes a rest of this portal alone."""
        try:
            work()
        except Exception as error:
            if is_trouble(error):
                self.desk.watch.note_failure(portal.member_id, source, error)
            self.desk.figures.count("portal_failures_total", part=source, portal=urlsplit(portal.url).netloc)
            self._face(portal, lane, error)
        else:
            self.desk.watch.note_success(portal.member_id, source)

    def _face(self, portal: Portal, lane: _Lane, error: Exception) -> None:
        """Do what an error's name says."""
        match error:
            case BitrixBusy():
                self._rest(lane, error.retry_after, error)
            case BitrixGone():
                let_go(self.desk.app_store, portal, error)
            case _ if isinstance(error, BitrixLost | OSError) or find_trouble(error):
                self._rest(lane, REST_AFTER_LOST, error)
            case BitrixError() if registry.find_portal(self.desk.app_store, portal.member_id) != portal:
                self._rest(lane, REST_AFTER_LOST, error)  # it left, or came anew, while it was asked
            case _:
                log.error("unforeseen error", exc_info=error)
                self._rest(lane, REST_AFTER_DEFECT, error)

    def _tidy(self, pool: ThreadPoolExecutor) -> None:
        """Once a day, and after every start, forget jobs that are over for long."""
        today = time.strftime("%Y-%m-%d", time.gmtime())
        if self._tidied_on != today:
            self._tidied_on = today
            pool.submit(self._forget_jobs)

    def _forget_jobs(self) -> None:
        count = self.desk.jobs.prune(oldest_kept(self.desk.config))
        if count:
            log.info("jobs forgotten", extra={"count": count})

    def _count(self, pool: ThreadPoolExecutor) -> None:
        """Now and then count the jobs, for whoever draws them."""
        if time.monotonic() - self._counted_at >= COUNT_SECONDS:
            self._counted_at = time.monotonic()
            pool.submit(self._count_jobs)

    def _count_jobs(self) -> None:
        states = self.desk.jobs.count_states()
        self.desk.figures.put("jobs", {(("state", state),): float(count) for state, count in states.items()})

    def _rest(self, lane: _Lane, seconds: float, error: Exception) -> None:
        lane.rests_until = time.monotonic() + seconds
        log.warning("portal rests", extra={"seconds": seconds, "reason": str(error)})

    def _beat(self) -> None:
        if time.monotonic() - self._beaten_at >= BEAT_SECONDS:
            self._beaten_at = time.monotonic()
            (self.desk.config.data_dir / HEARTBEAT).touch()
            self.desk.figures.save(self.desk.config.data_dir)


def is_alive(data_dir: Path, now: float) -> bool:
    """Tell whether a worker has shown a sign of life lately; `now` in unix seconds."""
    try:
        return now - (data_dir / HEARTBEAT).stat().st_mtime < DEAD_SECONDS
    except FileNotFoundError:
        return False


def is_trouble(error: Exception) -> bool:
    """Tell whether an error keeps the portal's work from going on: not so what a person has to mend, it is told to that person."""
    return isinstance(error, BitrixError) or not isinstance(error, AppError)


def let_go(app_store: AppStore, portal: Portal, error: BitrixGone) -> None:
    """Dismiss a portal that is gone, or note that our tokens are dead; one that was installed anew meanwhile stays."""
    if registry.find_portal(app_store, portal.member_id) == portal:
        with suppress(NotFound):
            if error.code.lower() in registry.REVOKED:
                registry.lose_access(app_store, portal.member_id)
                log.warning("access is lost", extra={"portal": portal.member_id, "reason": str(error)})
                return
            registry.dismiss(app_store, portal.member_id)
        log.warning("portal dismissed", extra={"portal": portal.member_id, "reason": str(error)})
