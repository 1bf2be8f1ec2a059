"""What is remembered of a portal's budget beside the bucket: each method's seconds, and the counts of the last day.

Pure: the clock is an argument (unix seconds). The file that holds it is state.py's.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from b24app.bitrix.limits import LANES, OPERATING_LIMIT, Manner, Method, Operating

HOUR = 3600
HOURS = 24  # that are remembered, the present one with them
MOST_METHODS = 60
REFUSALS = ("503", "429")


@dataclass
class Hour:
    """One hour: requests by lane, refusals by status, seconds that each method worked."""

    requests: dict[str, int] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Trouble:
    """What is wrong, in a word that the pages know, and since when (unix seconds)."""

    code: str
    since: float


@dataclass
class Ledger:
    """Kept as JSON."""

    operating: Operating = field(default_factory=Operating)
    hours: dict[int, Hour] = field(default_factory=dict)  # by hours since 1970, UTC
    manner: Manner = field(default_factory=Manner)
    troubles: dict[str, Trouble] = field(default_factory=dict)  # by who has it: the drain, a kind of job

    def count_request(self, lane: str, now: float) -> None:
        """Count one HTTP request."""
        requests = self._hour(now).requests
        requests[lane] = requests.get(lane, 0) + 1  # a field, no request  # nosec B113

    def count_refusal(self, status: str, now: float) -> None:
        """Count a 503 or a 429."""
        refused = self._hour(now).refused
        refused[status] = refused.get(status, 0) + 1

    def note(self, spent: Iterable[tuple[str, Mapping[str, Any]]], now: float) -> None:
        """Keep the `time` of answers, by method."""
        seconds = self._hour(now).seconds
        for name, time in spent:
            self.operating.note(name, time, now)
            worked = time.get("processing", time.get("duration"))
            if isinstance(worked, (int, float)):
                seconds[name] = round(seconds.get(name, 0.0) + worked, 4)
        self._forget(now)

    def to_json(self) -> bytes:
        """Return what `from_json` reads."""
        methods = {name: [one.used, one.reset_at, one.blocked_until, one.said_at] for name, one in self.operating.methods.items()}
        hours = {str(hour): [one.requests, one.refused, one.seconds] for hour, one in self.hours.items()}
        troubles = {source: [one.code, one.since] for source, one in self.troubles.items()}
        kept = {"methods": methods, "hours": hours, "manner": asdict(self.manner), "troubles": troubles}
        return json.dumps(kept, separators=(",", ":")).encode()

    @classmethod
    def from_json(cls, text: bytes) -> Ledger:
        """Read what `to_json` wrote. Raises ValueError, KeyError or TypeError for anything else."""
        read = json.loads(text)
        methods = {name: Method(*numbers) for name, numbers in read["methods"].items()}
        hours = {int(hour): Hour(*parts) for hour, parts in read["hours"].items()}
        troubles = {source: Trouble(*parts) for source, parts in read["troubles"].items()}
        return cls(Operating(methods), hours, Manner(**read["manner"]), troubles)

    def _hour(self, now: float) -> Hour:
        return self.hours.setdefault(int(now // HOUR), Hour())

    def _forget(self, now: float) -> None:
        oldest = int(now // HOUR) - HOURS + 1
        self.hours = {hour: one for hour, one in self.hours.items() if hour >= oldest}
        if len(self.operating.methods) > MOST_METHODS:
            newest = sorted(self.operating.methods.items(), key=lambda pair: pair[1].reset_at)[-MOST_METHODS:]
            self.operating.methods = dict(newest)


@dataclass(frozen=True)
class MethodUse:
    """A method's working seconds: those that count now against the limit, those of the day; until when it rests, or 0."""

    name: str
    now: float
    of_day: float
    rests_until: float


@dataclass(frozen=True)
class HourUse:
    """One hour for a picture: its beginning (unix seconds), requests by lane, refusals by status."""

    begins_at: int
    requests: Mapping[str, int]
    refused: Mapping[str, int]


@dataclass(frozen=True)
class BudgetReport:
    """A portal's budget as a page shows it. `level` of `capacity` is how full the bucket is now; `drain` a second leave it."""

    level: float
    capacity: float
    drain: float
    hours: tuple[HourUse, ...]  # 24, the oldest first
    methods: tuple[MethodUse, ...]  # the one that worked longest first
    manner: Manner
    share: float  # of the pace that mass reads may take now
    troubles: Mapping[str, Trouble]  # what is wrong now, by who has it
    limit: float = OPERATING_LIMIT

    def requests(self, lane: str = "") -> int:
        """Return the day's requests, of one lane or of all."""
        return sum(count for hour in self.hours for name, count in hour.requests.items() if lane in ("", name))

    def refused(self, status: str) -> int:
        """Return the day's refusals of a status."""
        return sum(hour.refused.get(status, 0) for hour in self.hours)

    @property
    def resting(self) -> tuple[MethodUse, ...]:
        """Methods that rest now."""
        return tuple(method for method in self.methods if method.rests_until)

    @property
    def busiest(self) -> int:
        """The requests of the hour that had most of them."""
        return max((sum(hour.requests.values()) for hour in self.hours), default=0)

    @property
    def ceiling(self) -> int:
        """The most requests that the portal takes in an hour."""
        return int(self.drain * HOUR)


def list_hours(ledger: Ledger, now: float) -> tuple[HourUse, ...]:
    """Return the last 24 hours, those without a request too."""
    last = int(now // HOUR)
    numbers = range(last - HOURS + 1, last + 1)
    found = [(number, ledger.hours.get(number, Hour())) for number in numbers]
    return tuple(HourUse(number * HOUR, dict(hour.requests), dict(hour.refused)) for number, hour in found)


def list_methods(ledger: Ledger, now: float) -> tuple[MethodUse, ...]:
    """Return what each method has worked, now and over the day."""
    oldest = int(now // HOUR) - HOURS + 1
    of_day: dict[str, float] = {}
    for hour in (one for number, one in ledger.hours.items() if number >= oldest):
        for name, seconds in hour.seconds.items():
            of_day[name] = of_day.get(name, 0.0) + seconds
    part = max(lane.operating for lane in LANES)
    uses = []
    for name in of_day.keys() | ledger.operating.methods.keys():
        method = ledger.operating.methods.get(name, Method())
        rest = method.rest(now, part)
        counts = method.used if method.reset_at > now else 0.0
        uses.append(MethodUse(name, counts, of_day.get(name, 0.0), now + rest if rest else 0.0))
    return tuple(sorted(uses, key=lambda use: (-use.of_day, use.name)))
