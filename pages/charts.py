"""Small pictures as SVG: numbers become the points of a line. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

WIDTH, HEIGHT, TALL, EDGE = 100, 24, 40, 2


def points(values: Sequence[int]) -> str:
    """Return the points of a polyline over WIDTH x HEIGHT; nothing for fewer than two values. The line begins at zero's height."""
    if len(values) < 2:
        return ""
    top = max(values) or 1
    step = WIDTH / (len(values) - 1)
    room = HEIGHT - 2 * EDGE
    return " ".join(f"{round(place * step, 2)},{round(HEIGHT - EDGE - room * value / top, 2)}" for place, value in enumerate(values))


@dataclass(frozen=True)
class Area:
    """A line over an area of 100 x 40, from zero to the greatest value: the points of both, the greatest value, the last, the change."""

    line: str
    fill: str
    most: int
    last: int
    change: int


def area(values: Sequence[int]) -> Area | None:
    """Return the picture of numbers day by day; None for fewer than two of them."""
    if len(values) < 2:
        return None
    most = max(values)
    step, room = WIDTH / (len(values) - 1), TALL - EDGE
    places = [(round(n * step, 2), round(TALL - room * value / (most or 1), 2)) for n, value in enumerate(values)]
    line = " ".join(f"{x},{y}" for x, y in places)
    return Area(line, f"0,{TALL} {line} {WIDTH},{TALL}", most, values[-1], values[-1] - values[0])


@dataclass(frozen=True)
class Mark:
    """A day on a line of time: how far along it is, in percent; `size` is a radius in pixels."""

    x: float
    size: float
    day: str
    amount: float | None = None


@dataclass(frozen=True)
class Rhythm:
    """A line of time from the first purchase to today or to the next one expected, whichever is later."""

    purchases: tuple[Mark, ...]
    today: Mark
    expected: Mark | None


def rhythm(bought: Sequence[tuple[str, float | None]], today: str, expected: str | None) -> Rhythm | None:
    """Return the picture of a client's purchases (day, sum), the larger the thicker; None when there is none to draw."""
    if not bought:
        return None
    days = sorted(day for day, _ in bought)
    first, last = days[0], max(days[-1], today, expected or "")
    length = max((date.fromisoformat(last) - date.fromisoformat(first)).days, 1)
    most = max((amount or 0.0 for _, amount in bought), default=0.0) or 1.0

    def mark(day: str, amount: float | None = None) -> Mark:
        x = 100 * (date.fromisoformat(day) - date.fromisoformat(first)).days / length
        return Mark(round(x, 2), round(4 + 6 * ((amount or 0.0) / most) ** 0.5, 1), day, amount)

    return Rhythm(tuple(mark(day, amount) for day, amount in bought), mark(today), mark(expected) if expected else None)
