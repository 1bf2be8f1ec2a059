"""A clock for tests: it stands still until it is moved."""

from __future__ import annotations

from datetime import datetime, timedelta

from sandbox.clock import OFFSET, Clock


class FakeClock(Clock):
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 3, 10, 12, 0, tzinfo=OFFSET)

    def now(self) -> datetime:
        return self.moment

    def move(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)
