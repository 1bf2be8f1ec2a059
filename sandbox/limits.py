"""The portal's two limits: requests from one address (leaky bucket) and working time of one method; and what counting takes.
The clock is an argument.

Source: settings/performance/limits. In memory only: a restart forgives.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.rest import RestError

OPERATING_LIMIT = 480.0
BUCKETS, BUCKET_SECONDS = 10, 60


@dataclass(frozen=True)
class Plan:
    """A tariff's bucket: how many requests it holds and how many a second drain away; and the working seconds of one method."""

    capacity: float
    drain: float
    operating: float = OPERATING_LIMIT


PLANS = {"cloud": Plan(50, 2), "enterprise": Plan(250, 5), "none": Plan(float("inf"), 1, float("inf"))}


class RequestLimit:
    """Counts HTTP requests to this portal by client address."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._levels: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def check(self, address: str, now: float) -> None:
        """Count a request; raise 503 when the bucket would run over. A refused request is not counted (assumption 3)."""
        with self._lock:
            level, since = self._levels.get(address, (0.0, now))
            level = max(0.0, level - (now - since) * self._plan.drain)
            if level + 1 > self._plan.capacity:
                self._levels[address] = (level, now)
                raise RestError(503, "QUERY_LIMIT_EXCEEDED", "Too many requests")
            self._levels[address] = (level + 1, now)


class Counting:
    """What counting takes on a large base: a wait by the number counted, so that who counts pays as on a real portal.

    settings/performance/huge-data.md: 2,387,743 records took 49.9 s with the counting and 0.1 s without, about 21 s a million.
    """

    def __init__(self, seconds_a_million: float = 0.0, wait: Callable[[float], object] = time.sleep) -> None:
        self._seconds, self._wait = seconds_a_million / 1_000_000, wait

    def pay(self, counted: int) -> int:
        """Wait as long as it takes to count so many; return them."""
        if self._seconds:
            self._wait(counted * self._seconds)
        return counted


class Operating:
    """Working seconds by account (app or webhook) and method, over ten buckets of a minute."""

    def __init__(self, limit: float = OPERATING_LIMIT) -> None:
        self._limit = limit
        self._spent: dict[tuple[str, str], deque[list[float]]] = {}
        self._lock = threading.Lock()

    def check(self, account: str, method: str, now: float) -> None:
        """Raise 429 when the method has already worked too long; the call that crosses the limit still completes."""
        if self.read(account, method, now)[0] >= self._limit:
            raise RestError(429, "OPERATION_TIME_LIMIT", "Method is blocked due to operation time limit")

    def add(self, account: str, method: str, seconds: float, now: float) -> tuple[float, int]:
        """Count working time; return the sum and the unix time when the oldest bucket falls."""
        minute = now // BUCKET_SECONDS
        with self._lock:
            buckets = self._spent.setdefault((account, method), deque())
            if not buckets or buckets[-1][0] != minute:
                buckets.append([minute, 0.0])
            buckets[-1][1] += seconds
        return self.read(account, method, now)

    def read(self, account: str, method: str, now: float) -> tuple[float, int]:
        """Return working seconds and the unix time when the oldest bucket falls."""
        minute = now // BUCKET_SECONDS
        with self._lock:
            buckets = self._spent.get((account, method), deque())
            while buckets and buckets[0][0] <= minute - BUCKETS:
                buckets.popleft()
            first = buckets[0][0] if buckets else minute
            return sum(seconds for _, seconds in buckets), int((first + BUCKETS) * BUCKET_SECONDS)
