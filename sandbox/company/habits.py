"""How buyers buy: HABITS, who has which, and how many purchases fall to each. Knows no records.

An age is a number of days before today, never less than one. Habits describe won deals only.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from random import Random
from typing import NamedTuple

HISTORY = 1060  # days of purchases; a deal begins some weeks before it is won, so three years in all
Fall = Callable[[Random, int], list[int]]


class Habit(NamedTuple):
    """A way of buying: its share of all clients, its least number of purchases, its weight when more deals are shared out, its days."""

    key: str
    share: float
    least: int
    spare: int
    fall: Fall


def _never(_rng: Random, _count: int) -> list[int]:
    return []


def _once(rng: Random, count: int) -> list[int]:
    return [20 + int(rng.random() * (HISTORY - 20)) for _ in range(count)]


def _paced(rng: Random, count: int, last: int, rhythm: float) -> list[int]:
    """Purchases at an own rhythm, each a little early or late; the newest `last` days ago."""
    return [max(1, int(last + rhythm * (number + (rng.random() - 0.5) * 0.3 * (number > 0)))) for number in range(count)]


def _regular(rng: Random, count: int) -> list[int]:
    rhythm = min(210.0, HISTORY * (0.6 + rng.random() * 0.4) / count)
    return _paced(rng, count, 1 + int(rhythm * 0.8 * rng.random()), rhythm)


def _wholesale(rng: Random, count: int) -> list[int]:
    rhythm = min(90.0, HISTORY / (count + 1))
    return _paced(rng, count, 1 + int(rhythm * 0.8 * rng.random()), rhythm)


def _seasonal(rng: Random, count: int) -> list[int]:
    season = 1 + int(rng.random() * 300)
    return [season + 365 * (number % 3) + int(rng.random() * 25) for number in range(count)]


def _fading(rng: Random, count: int) -> list[int]:
    """Every pause is longer than the one before."""
    age, pause, ages = 90 + rng.random() * 150, 90 + rng.random() * 60, []
    for _ in range(count):
        ages.append(min(HISTORY, int(age)))
        age, pause = age + pause, max(1.0, pause * 0.8)
    return ages


def _lost(rng: Random, count: int) -> list[int]:
    last = 370 + int(rng.random() * 330)
    return _paced(rng, count, last, min(130.0, (HISTORY - last) / count))


def _new(rng: Random, count: int) -> list[int]:
    return [1 + int(rng.random() * 42) for _ in range(count)]


def _complains(rng: Random, count: int) -> list[int]:
    return _paced(rng, count, 25 + int(rng.random() * 200), min(200.0, 800 / count))


HABITS = (
    Habit("once", 0.26, 1, 0, _once),
    Habit("regular", 0.22, 4, 10, _regular),
    Habit("seasonal", 0.08, 3, 3, _seasonal),
    Habit("fading", 0.09, 4, 3, _fading),
    Habit("lost", 0.11, 3, 4, _lost),
    Habit("wholesale", 0.04, 8, 30, _wholesale),
    Habit("new", 0.07, 1, 0, _new),
    Habit("complains", 0.05, 2, 4, _complains),
    Habit("never", 0.08, 0, 0, _never),
)
HABIT_INDEX = {habit.key: index for index, habit in enumerate(HABITS)}
NEVER = HABIT_INDEX["never"]
ALIVE = frozenset(HABIT_INDEX[key] for key in ("regular", "seasonal", "wholesale", "new", "complains"))


def draw_habits(rng: Random, clients: int) -> array[int]:
    """A habit (its index in HABITS) for every client, in the declared shares, in random order."""
    drawn: list[int] = []
    for index, habit in enumerate(HABITS):
        drawn += [index] * round(clients * habit.share)
    drawn = (drawn + [0] * clients)[:clients]
    rng.shuffle(drawn)
    return array("B", drawn)


def share_purchases(habits: array[int], wanted: int) -> array[int]:
    """How many purchases fall to each client; their sum is `wanted` while anybody buys again.

    When there are too few deals for all, the last clients never buy, and `habits` is changed to say so.
    """
    least = [habit.least for habit in HABITS]
    needed = sum(least[habit] for habit in habits)
    for client in range(len(habits) - 1, -1, -1):
        if needed <= wanted:
            break
        needed -= least[habits[client]]
        habits[client] = NEVER
    counts = array("l", (least[habit] for habit in habits))
    _share_rest(habits, counts, wanted - needed)
    return counts


def _share_rest(habits: array[int], counts: array[int], rest: int) -> None:
    """Give what is left to those who buy again, in proportion, and the last few one by one."""
    spare = [habit.spare for habit in HABITS]
    total = sum(spare[habit] for habit in habits)
    if not total:
        return
    given = 0
    takers = [client for client, habit in enumerate(habits) if spare[habit]]
    for client in takers:
        more = rest * spare[habits[client]] // total
        counts[client] += more
        given += more
    for client in takers[: rest - given]:
        counts[client] += 1
