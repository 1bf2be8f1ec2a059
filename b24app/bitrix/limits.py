"""How fast a portal may be asked. Pure: the clock is an argument (unix seconds), nothing waits here.

https://github.com/bitrix-tools/b24-rest-docs, settings/performance/limits.md: a leaky bucket counts HTTP requests
(X at once, Y a second drain), and every method has `operating` seconds in ten minutes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

OPERATING_LIMIT = 480.0  # seconds of one method in ten minutes
OPERATING_WINDOW = 600.0
LEAST_SHARE = 0.05
DAY = 1440  # minutes


@dataclass(frozen=True)
class Lane:
    """Who asks. `margin`: requests of the bucket that are left to others; `operating`: part of a method's seconds after
    which we rest by ourselves, for the call that crosses the limit still completes and the next does not."""

    name: str
    margin: float
    operating: float


INTERACTIVE = Lane("interactive", 0.0, 0.95)  # somebody waits: frames, robots, offers
EVENTS = Lane("events", 4.0, 0.9)  # what an event told of: somebody may look at it soon
BULK = Lane("bulk", 10.0, 0.8)  # first sync, sweeps
LANES = (INTERACTIVE, EVENTS, BULK)


@dataclass(frozen=True)
class Pace:
    """X requests at once, Y a second after that."""

    capacity: float
    drain: float


ENTERPRISE = Pace(250, 5)
ORDINARY = Pace(50, 2)


def pace_of(license_family: str) -> Pace:
    """Return the portal's pace by app.info's LICENSE_FAMILY; what is not known is ordinary."""
    return ENTERPRISE if license_family.lower().startswith("ent") else ORDINARY


@dataclass(frozen=True)
class Manner:
    """How the administrator wants mass reads to go: paused, or with a share of the pace between two hours of the day.

    `begin` and `end` are minutes of the day in the portal's time, `offset` its minutes from UTC. Equal ones mean all day.
    """

    paused: bool = False
    share: float = 1.0
    begin: int = 0
    end: int = 0
    offset: int = 0

    def share_at(self, now: float) -> float:
        """Return the part of the pace that mass reads may take at this moment."""
        minute = (int(now // 60) + self.offset) % DAY
        is_inside = self.begin <= minute < self.end if self.begin < self.end else minute >= self.begin or minute < self.end
        return min(max(self.share, LEAST_SHARE), 1.0) if is_inside else 1.0


@dataclass
class Bucket:
    """A leaky bucket that books a request when it is reserved, not when it is answered.

    Whoever waits for a person books ahead and is sent when his turn comes; mass reads never book ahead, so that nobody
    who comes later has to wait behind them. `bulk_at`: when the next one of them may go, while they are held back.
    """

    level: float = 0.0
    at: float = 0.0
    bulk_at: float = 0.0

    def reserve(self, pace: Pace, now: float, patience: float) -> float:
        """Book one request and return after how many seconds it may be sent; nothing is booked beyond `patience`."""
        self._leak(pace, now)
        wait = max(0.0, (self.level + 1 - pace.capacity) / pace.drain)
        if wait <= patience:
            self.level += 1
        return wait

    def ask(self, pace: Pace, now: float, margin: float, share: float = 1.0) -> float:
        """Book one request and return 0, or return after how many seconds to ask again. `margin` is left free."""
        self._leak(pace, now)
        room = max(pace.capacity - margin, 1.0)
        wait = max(0.0, (self.level + 1 - room) / pace.drain)
        if share < 1.0:
            wait = max(wait, min(self.bulk_at - now, 1 / (pace.drain * share)))
        if wait > 0:
            return wait
        self.level += 1
        self.bulk_at = now + 1 / (pace.drain * share)
        return 0.0

    def fill(self, pace: Pace, now: float) -> None:
        """Take the portal's word that the bucket is full: somebody else at our address fills it too."""
        self._leak(pace, now)
        self.level = max(self.level, pace.capacity)

    def level_at(self, pace: Pace, now: float) -> float:
        """Return how full the bucket is."""
        self._leak(pace, now)
        return self.level

    def _leak(self, pace: Pace, now: float) -> None:
        """A clock that was set back drains nothing, and goes on from where it is."""
        self.level = max(0.0, self.level - max(0.0, now - self.at) * pace.drain)
        self.at = now


@dataclass
class Method:
    """What the portal last said of one method. `used` is cumulative: never summed. Instants are of our clock."""

    used: float = 0.0
    reset_at: float = 0.0
    blocked_until: float = 0.0
    said_at: float = 0.0

    def rest(self, now: float, part: float) -> float:
        """Return for how many seconds the method had better rest, for whom a part of its seconds is meant."""
        if self.blocked_until > now:
            return self.blocked_until - now
        return max(0.0, self.reset_at - now) if self.used >= OPERATING_LIMIT * part else 0.0


@dataclass
class Operating:
    """Every method's `operating` seconds."""

    methods: dict[str, Method] = field(default_factory=dict)

    def note(self, name: str, time: Mapping[str, Any], now: float) -> None:
        """Keep what the `time` of an answer says. Answers may overtake one another: the portal's clock tells which is newer."""
        used, reset_at, said_at = (_float(time.get(key)) for key in ("operating", "operating_reset_at", "finish"))
        method = self.methods.setdefault(name, Method())
        if used is None or (said_at or method.said_at) < method.said_at:
            return
        method.used, method.blocked_until, method.said_at = used, 0.0, said_at or 0.0
        if reset_at is not None:
            method.reset_at = reset_at + (now - said_at if said_at else 0.0)

    def block(self, name: str, now: float) -> float:
        """Note the portal's 429 and return after how many seconds the method may be tried again."""
        method = self.methods.setdefault(name, Method())
        method.blocked_until = method.reset_at if method.reset_at > now else now + OPERATING_WINDOW
        return method.blocked_until - now

    def rest(self, name: str, now: float, part: float) -> float:
        """Return for how many seconds a method had better rest."""
        method = self.methods.get(name)
        return method.rest(now, part) if method else 0.0


def _float(value: Any) -> float | None:
    try:
        return None if value is None else float(value)
    except (TypeError, ValueError):
        return None
