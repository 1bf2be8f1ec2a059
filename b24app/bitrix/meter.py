"""Counts the requests of one piece of work, so that a first sync or a comparison can say what it has cost."""

from __future__ import annotations

import threading
from contextvars import ContextVar


class Meter:
    """A number that only grows. Safe for threads: a client's calls and its mass reads count on the same one."""

    def __init__(self) -> None:
        self.requests = 0
        self._lock = threading.Lock()

    def count(self) -> None:
        """Count one HTTP request, repeated ones too."""
        with self._lock:
            self.requests += 1


METER: ContextVar[Meter | None] = ContextVar("meter", default=None)  # on which the requests of a task of the event loop count


def count_request() -> None:
    """Count one request on the meter of the present task, if it has one."""
    if meter := METER.get():
        meter.count()
