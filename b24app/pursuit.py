"""Pursues one job to its end: waits for its turn, notes that an attempt begins, makes it, notes how it ended.

What is noted survives this process and is kept by `jobs`; what the notes mean is decided in `attempts`. Runs again from the
top after a crash: it is then told the notes that are there, before it makes new ones.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from b24app.attempts import BEGAN, DONE, FAILED, UNKNOWN, Note, Tries, judge
from b24app.errors import AppError
from b24app.figures import Figures
from b24app.lanes import Lanes
from b24app.log import bound

if TYPE_CHECKING:
    from b24app.config import Config

JobFunction = Callable[[str, dict[str, Any]], None]  # (member_id, payload)
Keep = Callable[[str, Callable[[], Note]], Note]  # (name of the step, what makes its note) -> the note that is kept

MOST_DEATHS = 5  # workers that a job may take down with it; a job that is killed by chance gets as many chances
MOST_DEATHS_LONG = 100  # a long job goes on where it stopped, so it may be stopped often

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Kind:
    """What to do for a kind of job, and what to do last when it has failed for good. A long one goes on where it stopped,
    and has turns of its own, so that nobody waits behind it."""

    run: JobFunction
    give_up: JobFunction | None = None
    is_long: bool = False


@dataclass(frozen=True)
class Order:
    """One job as it was ordered."""

    id: str
    kind: str
    member_id: str
    payload: dict[str, Any]


class Stopped(BaseException):
    """Leaves a job as it is; it goes on in the next worker. No Exception, so that nobody records it as an end."""


@dataclass
class Pursuer:
    """One run of the worker."""

    config: Config
    kinds: Mapping[str, Kind]
    figures: Figures = field(default_factory=Figures)
    run: str = field(default_factory=lambda: uuid.uuid4().hex)
    stopping: threading.Event = field(default_factory=threading.Event)
    running: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._lanes = {is_long: Lanes(self.config.job_threads, self.config.jobs_per_portal) for is_long in (False, True)}

    def is_long(self, kind: str) -> bool:
        """Tell whether jobs of this kind have turns of their own."""
        return kind in self.kinds and self.kinds[kind].is_long

    def pursue(self, order: Order, keep: Keep) -> str:
        """Come to the end of a job; return why it failed, or ''. What gives it up is an attempt of its own. Raises Stopped."""
        reason = self._try(order, "run", keep)
        if reason and order.kind in self.kinds and self.kinds[order.kind].give_up:
            reason += self._try(order, "give_up", keep) and "; giving up failed too"
        return reason

    def _try(self, order: Order, what: str, keep: Keep) -> str:
        """Try until it is done or hopeless. Decides by what is noted, never by the clock."""
        is_long = self.is_long(order.kind)
        tries = Tries(self.run, self.config.job_patience_hours * 3600, MOST_DEATHS_LONG if is_long else MOST_DEATHS)

        def step() -> None:
            if self.stopping.is_set() and not tries.is_ours:
                raise Stopped
            tries.read(keep(what, lambda: self._note(order, what, tries)))

        while not tries.is_over:
            with self._lanes[is_long].turn(order.member_id, tries.is_suspect and not is_long):
                step()
                if tries.is_ours:
                    step()
            if tries.last["verdict"] != BEGAN and not tries.is_over:
                self._wait_until(tries.last["at"] + (tries.pause or 0))
        return "" if tries.last["verdict"] == DONE else str(tries.last["reason"])

    def _note(self, order: Order, what: str, tries: Tries) -> Note:
        """Make the next note: that an attempt begins, how it ended, or that there is no hope."""
        if tries.is_ours:
            note = self._attempt(order, what)
        elif tries.is_hopeless:
            note = {"verdict": FAILED, "reason": f"took its worker down {tries.most_deaths} times"}
            log.error("job set aside", extra={"portal": order.member_id, "job": order.id, "kind": order.kind, **note})
        else:
            note = {"verdict": BEGAN, "run": self.run}
        return {**note, "at": time.time()}

    def _attempt(self, order: Order, what: str) -> Note:
        """Do the work once and return how it went. Never raises."""
        began = time.monotonic()
        self.running.add(order.id)
        with bound(portal=order.member_id, job=order.id):
            try:
                if order.kind not in self.kinds:
                    raise AppError(f"no such kind of job: {order.kind!r:.80}")
                function = getattr(self.kinds[order.kind], what)
                function(order.member_id, order.payload)
            except Exception as error:
                outcome = judge(error)
                if outcome["verdict"] == UNKNOWN:
                    log.exception("unforeseen error in a job")
            else:
                outcome = {"verdict": DONE, "reason": ""}
            finally:
                self.running.discard(order.id)
            level = logging.INFO if outcome["verdict"] == DONE else logging.WARNING
            self.figures.count("job_attempts_total", kind=order.kind, verdict=outcome["verdict"])
            log.log(level, "job", extra={"kind": order.kind, "what": what, **outcome, "seconds": round(time.monotonic() - began, 3)})
        return outcome

    def _wait_until(self, moment: float) -> None:
        """Wait in a way that a stop interrupts; the moment was noted, so a restart does not begin the wait anew."""
        if self.stopping.wait(max(moment - time.time(), 0)):
            raise Stopped
