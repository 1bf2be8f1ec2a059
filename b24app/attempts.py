"""What the notes of a job say: how it went so far and what to do next. Decides only; notes nothing, waits for nothing.

A note is what is kept durably of one step: that an attempt began (and in which run of the worker), or how it ended.
An attempt that began in a run that is over and has no end took its worker down, or died with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from b24app.bitrix.budget import PAUSED
from b24app.errors import AppError, BitrixBusy, BitrixLost
from b24app.store.database import find_trouble

LONGEST_PAUSE = 30.0
PAUSED_LONG = 240  # looks at a pause, an hour of them; from then on it is looked at once a minute
UNKNOWN_PAUSES = (5.0, 30.0, 120.0)  # an error that nobody foresaw gets these pauses, then is set aside

BEGAN, DONE, FAILED = "began", "done", "failed"
BUSY, LOST, UNKNOWN, WISHED = "busy", "lost", "unknown", "wished"

# What an error means for its job; the first line that fits. All that is ours and not passing is not tried again.
VERDICTS: tuple[tuple[type[Exception], str], ...] = (
    (BitrixBusy, BUSY),
    (BitrixLost, LOST),
    (AppError, FAILED),
    (OSError, LOST),
    (Exception, UNKNOWN),
)

Note = dict[str, Any]


@dataclass
class Tries:
    """A job's notes, read in their order. `patience`: seconds for passing trouble; `most_deaths`: workers it may take down.

    While an administrator has paused the work nobody's patience is spent: it begins anew when the work goes on.
    """

    run: str
    patience: float
    most_deaths: int
    last: Note = field(default_factory=dict)
    deaths: int = 0
    _troubles: Counter[str] = field(default_factory=Counter)
    _began_at: float = 0.0

    @property
    def is_ours(self) -> bool:
        """Tell whether the attempt that began last is for this run of the worker to make."""
        return self.last.get("verdict") == BEGAN and self.last.get("run") == self.run

    @property
    def is_suspect(self) -> bool:
        """Tell whether a worker has died in the middle of it: such a job is tried alone, so that it takes no other along."""
        return self.deaths + self._is_broken_off > 0

    @property
    def is_hopeless(self) -> bool:
        """Tell whether it has taken down as many workers as it may."""
        return self.deaths + self._is_broken_off >= self.most_deaths

    @property
    def pause(self) -> float | None:
        """Return the seconds from the last note to the next try; None when there is none."""
        return find_pause(self.last, self._troubles[self.last["verdict"]] - 1)

    @property
    def is_over(self) -> bool:
        """Tell whether the last note is an end, good or bad."""
        verdict = self.last.get("verdict", BEGAN)
        if verdict == BEGAN:
            return False
        return self.pause is None or (verdict != WISHED and self.last["at"] + self.pause - self._began_at > self.patience)

    def read(self, note: Note) -> None:
        """Take in the next note."""
        self.deaths += self._is_broken_off if note["verdict"] == BEGAN else 0
        self._began_at = 0.0 if note["verdict"] == WISHED else self._began_at or note["at"]
        self._troubles[note["verdict"]] += 1
        self.last = note

    @property
    def _is_broken_off(self) -> bool:
        return self.last.get("verdict") == BEGAN and not self.is_ours


def judge(error: Exception) -> Note:
    """Return what is noted of an error: the verdict, the reason, and for a busy portal how long it asks to wait."""
    verdict = LOST if find_trouble(error) else next(word for kind, word in VERDICTS if isinstance(error, kind))
    outcome: Note = {"verdict": verdict, "reason": f"{type(error).__name__}: {error}"[:500]}
    if isinstance(error, BitrixBusy):
        outcome["retry_after"] = max(float(error.retry_after), 0.5)
        outcome["verdict"] = WISHED if error.code == PAUSED else verdict
    return outcome


def find_pause(outcome: Mapping[str, Any], times_before: int) -> float | None:
    """Return the seconds to wait before the next try, None when there is none."""
    match outcome["verdict"]:
        case "busy":
            return float(outcome["retry_after"])
        case "wished":
            return float(outcome["retry_after"]) * (1 if times_before < PAUSED_LONG else 4)
        case "lost":
            return min(2.0**times_before, LONGEST_PAUSE)
        case "unknown" if times_before < len(UNKNOWN_PAUSES):
            return UNKNOWN_PAUSES[times_before]
    return None
