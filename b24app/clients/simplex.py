"""Finds the lowest point of a smooth function of a few numbers: Nelder, Mead 1965, with its usual coefficients. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

Point = tuple[float, ...]


def minimize(function: Callable[[Point], float], start: Sequence[float], tolerance: float = 1e-8, most: int = 2000) -> Point:
    """Return where the function is lowest: reached when all corners are equally low, or after `most` steps."""
    first = tuple(map(float, start))
    points = [first] + [(*first[:n], first[n] + 0.5, *first[n + 1 :]) for n in range(len(first))]
    corners = sorted((function(point), point) for point in points)
    for _ in range(most):
        if corners[-1][0] - corners[0][0] <= tolerance * (1.0 + abs(corners[0][0])):
            break
        corners = _step(function, corners)
    return corners[0][1]


def _step(function: Callable[[Point], float], corners: list[tuple[float, Point]]) -> list[tuple[float, Point]]:
    worst, rest = corners[-1], corners[:-1]
    middle = tuple(sum(point[n] for _, point in rest) / len(rest) for n in range(len(worst[1])))

    def try_at(reach: float) -> tuple[float, Point]:
        point = tuple(m + reach * (m - w) for m, w in zip(middle, worst[1], strict=True))
        return function(point), point

    found = try_at(1.0)
    if found[0] < corners[0][0]:
        found = min(found, try_at(2.0))
    elif found[0] >= rest[-1][0]:
        bar = min(found[0], worst[0])
        found = try_at(0.5 if found[0] < worst[0] else -0.5)
        if found[0] > bar:
            return _shrink(function, corners)
    return sorted([*rest, found])


def _shrink(function: Callable[[Point], float], corners: list[tuple[float, Point]]) -> list[tuple[float, Point]]:
    best = corners[0]
    points = [tuple((b + p) / 2 for b, p in zip(best[1], point, strict=True)) for _, point in corners[1:]]
    return sorted([best, *((function(point), point) for point in points)])
