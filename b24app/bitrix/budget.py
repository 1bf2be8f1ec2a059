"""One budget of requests per portal in this process: the limits behind a lock, shared by single calls and mass reads.

Counts and says how long to wait; waiting is the caller's.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from b24app.bitrix.limits import SHARES, Bucket, Operating, Pace, pace_of
from b24app.errors import BitrixBusy

Clock = Callable[[], float]


class Budget:
    """What this process may ask of one portal. Safe for threads."""

    def __init__(self, pace: Pace, clock: Clock = time.time) -> None:
        self._lock = threading.Lock()
        self._bucket = Bucket(pace.capacity, pace.drain)
        self._operating = Operating()
        self.clock = clock

    def check(self, methods: set[str]) -> None:
        """Raise BitrixBusy when one of the methods has used up its `operating` seconds."""
        with self._lock:
            now = self.clock()
            for method in methods:
                if (rest := self._operating.delay(method, now)) > 0:
                    raise BitrixBusy(method, "OPERATION_TIME_LIMIT", "the method rests", 429, rest)

    def reserve(self, margin: float = 0.0) -> float:
        """Book one HTTP request and return the seconds to wait before it is sent."""
        with self._lock:
            return self._bucket.reserve(self.clock(), margin)

    def note(self, method: str, spent: Mapping[str, Any]) -> None:
        """Keep the `time` of an answer."""
        with self._lock:
            self._operating.note(method, spent)

    def busy(self, error: BitrixBusy) -> BitrixBusy:
        """Learn from a refusal and return the same with the seconds that we know better than its status."""
        with self._lock:
            now, code = self.clock(), error.code.upper()
            if code == "OPERATION_TIME_LIMIT":
                wait = self._operating.block(error.method, now)
                return BitrixBusy(error.method, error.code, error.text, error.status, wait)
            if code == "QUERY_LIMIT_EXCEEDED":
                self._bucket.fill(now)
            return error


class Budgets:
    """The budgets of this process by portal. `process` is a key of limits.SHARES."""

    def __init__(self, process: str, clock: Clock = time.time) -> None:
        self._share, self._clock = SHARES[process], clock
        self._lock = threading.Lock()
        self._budgets: dict[str, Budget] = {}

    def of(self, portal_url: str, license_family: str = "") -> Budget:
        """Return the portal's one budget; the pace is chosen when it is first asked for."""
        with self._lock:
            if portal_url not in self._budgets:
                self._budgets[portal_url] = Budget(pace_of(license_family).share(self._share), self._clock)
            return self._budgets[portal_url]
