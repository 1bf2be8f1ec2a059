"""RFM: edges, scores, named groups. Pure.

Scores run from 1 to 5. Edges are found in the base (quintiles, Hughes 1994) or set by hand; a value equal to an edge is below it,
so those who are equal have the same score, however many they are. Recency is scored by the date itself: later is better.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

SCORES = 5
NAMES = ("r", "f", "m")


@dataclass(frozen=True)
class Group:
    """A named group: the scores R from and to, FM (mean of F and M, halves upwards) from and to."""

    key: str
    r: tuple[int, int]
    fm: tuple[int, int]
    ru: str
    en: str


# The first that fits is it; every pair of scores fits one (a test counts them).
GROUPS = (
    Group("champions", (5, 5), (4, 5), "чемпионы", "champions"),
    Group("loyal", (3, 4), (4, 5), "лояльные", "loyal"),
    Group("potential", (4, 5), (2, 3), "могут стать лояльными", "potential loyalists"),
    Group("new", (5, 5), (1, 1), "новички", "new"),
    Group("promising", (4, 4), (1, 1), "перспективные", "promising"),
    Group("attention", (3, 3), (2, 3), "требуют внимания", "need attention"),
    Group("about_to_sleep", (3, 3), (1, 1), "засыпают", "about to sleep"),
    Group("cannot_lose", (1, 2), (5, 5), "нельзя потерять", "cannot lose them"),
    Group("at_risk", (1, 2), (3, 4), "под угрозой", "at risk"),
    Group("hibernating", (2, 2), (1, 2), "спят", "hibernating"),
    Group("lost", (1, 1), (1, 2), "потеряны", "lost"),
)
GROUP_TITLES = {group.key: (group.ru, group.en) for group in GROUPS}


@dataclass(frozen=True)
class Edges:
    """Four rising edges for each of R (dates), F (numbers), M (sums); an empty list where nobody has bought."""

    r: Sequence[str]
    f: Sequence[float]
    m: Sequence[float]


def quantile_edges(values: Sequence[Any]) -> list[Any]:
    """Return the edges at 1/5 ... 4/5 by nearest rank: the smallest value that so large a share does not exceed. `values` are sorted.

    Fewer than five cannot be shared out in five: then there are no edges, and nobody has a score.
    """
    size = len(values)
    return [values[-(-share * size // SCORES) - 1] for share in range(1, SCORES)] if size >= SCORES else []


def choose_edges(choice: Mapping[str, Sequence[float]], found: Edges, today: date) -> Edges:
    """Put edges that were set by hand (R in days, the others as they are) in the place of those found in the base."""
    days = choice.get("r")
    dates = sorted((today - timedelta(days=int(one))).isoformat() for one in days) if days else found.r
    return Edges(dates, sorted(choice.get("f") or found.f), sorted(choice.get("m") or found.m))


def score(value: Any, edges: Sequence[Any]) -> int | None:
    """Return one more than the number of edges that lie below the value; nothing without a value or edges."""
    return None if value is None or not edges else 1 + bisect_left(edges, value)


def group_of(r: int, f: int, m: int) -> str:
    """Return the named group."""
    fm = (f + m + 1) // 2
    return next(group.key for group in GROUPS if group.r[0] <= r <= group.r[1] and group.fm[0] <= fm <= group.fm[1])


def rfm_values(row: Mapping[str, Any], edges: Edges) -> dict[str, Any]:
    """Return the scores and the group of one client; who has not bought has none, and without his money no group."""
    bought = bool(row["purchases"])
    r = score(row["last_purchase"], edges.r) if bought else None
    f = score(row["purchases"], edges.f) if bought else None
    m = score(row["revenue"], edges.m) if bought else None
    group = group_of(r, f, m) if r and f and m else None
    return {"r_score": r, "f_score": f, "m_score": m, "rfm_group": group}
