"""One budget of requests a portal, shared by the web process, the worker and the commands through a small file.

Counts and says how long to wait; waiting is the caller's. What is decided stands in limits.py, what is kept in state.py.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from b24app.bitrix.ledger import BudgetReport, Trouble, list_hours, list_methods
from b24app.bitrix.limits import BULK, INTERACTIVE, Lane, Manner, Pace, pace_of
from b24app.bitrix.state import Held, State
from b24app.errors import BitrixBusy

if TYPE_CHECKING:
    from b24app.context import Context

Clock = Callable[[], float]

FULL, BLOCKED, PAUSED = "QUERY_LIMIT_EXCEEDED", "OPERATION_TIME_LIMIT", "paused"
PAUSE = 15.0  # seconds after which mass reads ask again whether the pause is over
SUFFIX = ".budget"


class Budget:
    """What this machine may ask of one portal. Safe for threads and processes."""

    def __init__(self, pace: Pace, clock: Clock = time.time, path: Path | None = None) -> None:
        self.pace, self.clock = pace, clock
        self._state = State(path)
        self._uncounted: list[str] = []  # lanes of requests, kept with the next answer: a reservation is to cost microseconds

    def find_resting(self, methods: Iterable[str], lane: Lane = INTERACTIVE) -> dict[str, BitrixBusy]:
        """Return those of the methods that must rest, each with what to raise for it."""
        with self._state.hold() as held:
            now = self.clock()
            rests = {method: held.ledger.operating.rest(method, now, lane.operating) for method in methods}
        return {method: BitrixBusy(method, BLOCKED, "the method rests", 429, rest) for method, rest in rests.items() if rest > 0}

    def reserve(self, patience: float) -> float:
        """Book a request that somebody waits for; return the seconds to wait before it is sent.

        More than `patience`: nothing was booked.
        """
        with self._state.hold() as held:
            now = self.clock()
            wait = held.bucket.reserve(self.pace, now, patience)
            if wait <= patience:
                self._uncounted.append(INTERACTIVE.name)
            return wait

    def ask(self, lane: Lane) -> float:
        """Book a request of the mirror's and return 0, or return the seconds after which to ask again.

        Raises BitrixBusy while synchronisation is paused.
        """
        with self._state.hold() as held:
            now, manner = self.clock(), held.ledger.manner
            if manner.paused:
                raise BitrixBusy("batch", PAUSED, "an administrator has paused synchronisation", 0, PAUSE)
            wait = held.bucket.ask(self.pace, now, lane.margin, manner.share_at(now) if lane is BULK else 1.0)
            if wait <= 0:
                self._uncounted.append(lane.name)
            return wait

    def note(self, spent: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        """Keep the `time` of answers: (method, time) of every command that was answered."""
        with self._state.hold() as held:
            now = self.clock()
            self._count(held, now)
            held.ledger.note([(method, time) for method, time in spent if time], now)

    def busy(self, error: BitrixBusy) -> BitrixBusy:
        """Learn from a refusal and return the same with the seconds that we know better than its status."""
        code = error.code.upper()
        if code not in (FULL, BLOCKED):
            return error
        with self._state.hold() as held:
            now = self.clock()
            self._count(held, now)
            held.ledger.count_refusal("503" if code == FULL else "429", now)
            if code == FULL:
                held.bucket.fill(self.pace, now)
                return error
            wait = held.ledger.operating.block(error.method, now)
        return BitrixBusy(error.method, error.code, error.text, error.status, wait)

    def be(self, manner: Manner) -> None:
        """Let mass reads go in this manner from now on, in all processes."""
        with self._state.hold() as held:
            if held.ledger.manner != manner:
                held.ledger.manner = manner
                held.ledger_changed = True

    def tell(self, source: str, code: str) -> None:
        """Say what is wrong with some part of the work, '' when nothing is any more. Kept here because this file needs no room
        on a full disk."""
        with self._state.hold() as held:
            known = held.ledger.troubles.get(source)
            if (known.code if known else "") == code:
                return
            if code:
                held.ledger.troubles[source] = Trouble(code, self.clock())
            else:
                del held.ledger.troubles[source]
            held.ledger_changed = True

    def read(self) -> BudgetReport:
        """Return what there is to show."""
        with self._state.hold() as held:
            now = self.clock()
            self._count(held, now)
            level, manner = held.bucket.level_at(self.pace, now), held.ledger.manner
            hours, methods = list_hours(held.ledger, now), list_methods(held.ledger, now)
            troubles = dict(held.ledger.troubles)
        share = 0.0 if manner.paused else manner.share_at(now)
        return BudgetReport(level, self.pace.capacity, self.pace.drain, hours, methods, manner, share, troubles)

    def close(self) -> None:
        """Let go of the file."""
        self._state.close()

    def _count(self, held: Held, now: float) -> None:
        for lane in self._uncounted:
            held.ledger.count_request(lane, now)
        self._uncounted.clear()
        held.ledger_changed = True


class Budgets:
    """The budgets by portal address: whoever speaks to it from here, by a token or by a webhook, fills the same bucket.

    Without a directory they are of this process alone.
    """

    def __init__(self, directory: Path | None = None, clock: Clock = time.time) -> None:
        self._directory, self._clock = directory, clock
        self._lock = threading.Lock()
        self._budgets: dict[str, Budget] = {}

    def of(self, portal_url: str, license_family: str = "") -> Budget:
        """Return the portal's one budget; a licence that becomes known changes its pace."""
        with self._lock:
            if portal_url not in self._budgets:
                self._budgets[portal_url] = Budget(pace_of(license_family), self._clock, self._path(portal_url))
            elif license_family:
                self._budgets[portal_url].pace = pace_of(license_family)
            return self._budgets[portal_url]

    def close(self) -> None:
        """Let go of all files."""
        with self._lock:
            budgets, self._budgets = list(self._budgets.values()), {}
        for budget in budgets:
            budget.close()

    def _path(self, portal_url: str) -> Path | None:
        return self._directory / budget_file(portal_url) if self._directory else None


def budget_file(portal_url: str) -> str:
    """Return the name of the file that holds a portal's budget."""
    return urlsplit(portal_url).netloc.replace(":", "_") + SUFFIX


def read_budget(ctx: Context) -> BudgetReport:
    """Return what a portal's budget looks like, now and over the day, whichever process spent it."""
    return ctx.bitrix.budget.read()
