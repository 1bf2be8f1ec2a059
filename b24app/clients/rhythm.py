"""A client's own rhythm: the usual interval between his purchases, drawn towards that of those who buy the same. Pure.

Hierarchical credibility (Bühlmann, Straub 1970; Jewell 1975; Bühlmann, Gisler 2005, chapter 6) on logarithms of intervals in days;
purchases of one day are one. With client i of group g, n intervals and their mean logarithm y:

    client  = Z y + (1 - Z) group     Z = n / (n + s2 / t2)
    group   = Q M + (1 - Q) base      Q = z / (z + t2 / u2),  M = sum(Z y) / z,  z = sum(Z)
    rhythm  = exp(client)

s2 is the variance of a client's own intervals, t2 of clients within a group, u2 of groups, all estimated from the base without
bias. A client of one purchase has the rhythm of his group, a client of many his own. Some thirty clients suffice: with fewer than
FEWEST who have bought again, only those with two intervals of their own have a rhythm.
Who has not come back yet shows no interval, so a young base takes its rhythm for faster than it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import exp, log

FEWEST = 5  # clients with an interval, below which the base says nothing
TINY = 1e-9  # in the place of a variance of nothing
NO_GROUP = 0

States = Mapping[str, float]


@dataclass(frozen=True)
class Intervals:
    """A client's intervals: his group (main product), how many, the mean and the sum of squares about it of their logarithms."""

    group: int
    count: int
    mean: float
    spread: float


@dataclass(frozen=True)
class Prior:
    """What the base says: `strength` is s2 / t2, how many own intervals weigh as much as the group; means are logarithms."""

    base: float
    strength: float
    groups: Mapping[int, float] = field(default_factory=dict)

    def mean(self, group: int) -> float:
        """Return the group's mean logarithm; the base's for one that is not known."""
        return self.groups.get(group, self.base)


def measure(days: Sequence[int], group: int = NO_GROUP) -> Intervals:
    """Return what the ordinals of days with purchases (rising, all different) say."""
    logs = [log(later - earlier) for earlier, later in pairwise(days)]
    mean = sum(logs) / len(logs) if logs else 0.0
    return Intervals(group, len(logs), mean, sum((one - mean) ** 2 for one in logs))


def learn(clients: Sequence[Intervals]) -> Prior | None:
    """Estimate what the base says; None when too few have bought again. `clients`: those with one interval at least."""
    freedom = sum(one.count - 1 for one in clients)
    if len(clients) < FEWEST or freedom < 1:
        return None
    own = max(sum(one.spread for one in clients) / freedom, TINY)
    groups: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for one in clients:
        groups[one.group].append((one.count, one.mean))
    between = max(_between(list(groups.values()), own), TINY)
    means: dict[int, tuple[float, float]] = {}
    for group, members in groups.items():
        weights = [(count / (count + own / between), mean) for count, mean in members]
        weight = sum(z for z, _ in weights)
        means[group] = (weight, sum(z * mean for z, mean in weights) / weight)
    across = max(_between([list(means.values())], between), TINY)
    pulls = {group: weight / (weight + between / across) for group, (weight, _) in means.items()}
    base = sum(pulls[group] * mean for group, (_, mean) in means.items()) / sum(pulls.values())
    return Prior(base, own / between, {group: pulls[group] * mean + (1 - pulls[group]) * base for group, (_, mean) in means.items()})


def estimate(own: Intervals, prior: Prior | None) -> float | None:
    """Return the client's rhythm in days, at least one; None when there is too little to go by."""
    if prior is None:
        return max(1.0, exp(own.mean)) if own.count >= 2 else None
    weight = own.count / (own.count + prior.strength)
    return max(1.0, exp(weight * own.mean + (1 - weight) * prior.mean(own.group)))


def retention(purchases: int, pause: float, states: States) -> str:
    """Return the state of a buyer: `purchases` on different days, `pause` since the last in own rhythms, edges by state."""
    if pause > states["lost"]:
        return "lost"
    if pause > states["lapsing"]:
        return "lapsing"
    return {1: "new", 2: "repeat"}.get(purchases, "active")


def _between(groups: Sequence[Sequence[tuple[float, float]]], within: float) -> float:
    """Return the unbiased variance of means (weight, mean) inside their groups, when each is known up to `within` / weight.

    Bühlmann, Gisler 2005, section 4.8; may be negative, then there is none to be seen.
    """
    excess = scale = 0.0
    for members in groups:
        weight = sum(w for w, _ in members)
        mean = sum(w * y for w, y in members) / weight
        excess += sum(w * (y - mean) ** 2 for w, y in members) - (len(members) - 1) * within
        scale += weight - sum(w * w for w, _ in members) / weight
    return excess / scale if scale > 0 else 0.0
