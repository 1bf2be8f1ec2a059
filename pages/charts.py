"""Small pictures as SVG: numbers become the points of a line. Pure."""

from __future__ import annotations

from collections.abc import Sequence

WIDTH, HEIGHT, EDGE = 100, 24, 2


def points(values: Sequence[int]) -> str:
    """Return the points of a polyline over WIDTH x HEIGHT; nothing for fewer than two values. The line begins at zero's height."""
    if len(values) < 2:
        return ""
    top = max(values) or 1
    step = WIDTH / (len(values) - 1)
    room = HEIGHT - 2 * EDGE
    return " ".join(f"{round(place * step, 2)},{round(HEIGHT - EDGE - room * value / top, 2)}" for place, value in enumerate(values))
