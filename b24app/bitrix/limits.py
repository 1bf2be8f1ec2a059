"""How fast a portal may be asked. Pure: the clock is an argument (unix seconds), nothing waits here.

https://github.com/bitrix-tools/b24-rest-docs, settings/performance/limits.md: a leaky bucket counts HTTP requests
(X at once, Y a second drain), and every method has `operating` seconds in ten minutes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

OPERATING_LIMIT = 480.0  # seconds of one method in ten minutes
OPERATING_SAFE = 0.9  # part of it after which we stop by ourselves: the call that crosses still completes, the next does not
OPERATING_WINDOW = 600.0
BULK_MARGIN = 10  # requests of the bucket that mass reads leave to people who wait

# Two processes speak to a portal. The web process asks little (install, frames), so it takes a part
# that lets a dozen people open a frame at once.
SHARES: Mapping[str, float] = {"web": 0.3, "worker": 0.7}


@dataclass(frozen=True)
class Pace:
    """X requests at once, Y a second after that."""

    capacity: float
    drain: float

    def share(self, part: float) -> Pace:
        """Return the pace of a process that has only a part of the portal's."""
        return Pace(max(self.capacity * part, 1.0), self.drain * part)


ENTERPRISE = Pace(250, 5)
ORDINARY = Pace(50, 2)


def pace_of(license_family: str) -> Pace:
    """Return the portal's pace by app.info's LICENSE_FAMILY; what is not known is ordinary."""
    return ENTERPRISE if license_family.lower().startswith("ent") else ORDINARY


@dataclass
class Bucket:
    """A leaky bucket that books a request when it is reserved, not when it is answered."""

    capacity: float
    drain: float
    level: float = 0.0
    at: float = 0.0

    def reserve(self, now: float, margin: float = 0.0) -> float:
        """Book one request and return after how many seconds it may be sent. `margin` is left free for others."""
        self._leak(now)
        self.level += 1
        room = max(self.capacity - margin, 1.0)
        return max(0.0, (self.level - room) / self.drain)

    def fill(self, now: float) -> None:
        """Take the portal's word that the bucket is full: somebody else fills it too."""
        self._leak(now)
        self.level = max(self.level, self.capacity)

    def _leak(self, now: float) -> None:
        self.level = max(0.0, self.level - max(0.0, now - self.at) * self.drain)
        self.at = max(self.at, now)


@dataclass
class Operating:
    """What the portal last said of each method's `operating` seconds. The number is cumulative: never summed."""

    limit: float = OPERATING_LIMIT
    used: dict[str, float] = field(default_factory=dict)
    reset_at: dict[str, float] = field(default_factory=dict)
    blocked: dict[str, float] = field(default_factory=dict)

    def note(self, method: str, time: Mapping[str, Any]) -> None:
        """Keep what the `time` of an answer says."""
        used, reset_at = _float(time.get("operating")), _float(time.get("operating_reset_at"))
        if used is not None:
            self.used[method] = used
            self.blocked.pop(method, None)
        if reset_at is not None:
            self.reset_at[method] = reset_at

    def block(self, method: str, now: float) -> float:
        """Note the portal's 429 and return after how many seconds the method may be tried again."""
        reset_at = self.reset_at.get(method, 0.0)
        until = reset_at if reset_at > now else now + OPERATING_WINDOW
        self.blocked[method] = until
        return until - now

    def delay(self, method: str, now: float) -> float:
        """Return for how many seconds the method had better rest."""
        if (until := self.blocked.get(method, 0.0)) > now:
            return until - now
        if self.used.get(method, 0.0) < self.limit * OPERATING_SAFE:
            return 0.0
        return max(0.0, self.reset_at.get(method, 0.0) - now)


def _float(value: Any) -> float | None:
    try:
        return None if value is None else float(value)
    except (TypeError, ValueError):
        return None
