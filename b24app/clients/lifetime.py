"""Who will buy again, how often and for how much: BG/NBD and Gamma-Gamma, fitted on this base. Pure; numbers by numpy.

Fader, Hardie, Lee 2005: "Counting Your Customers the Easy Way", Marketing Science 24(2); "RFM and CLV", Journal of Marketing
Research 42(4) (with Hardie's notes on both, brucehardie.com/notes/004 and 025). Time is in weeks. A client is (x, tx, T): purchases
after the first, on different days; the time from the first purchase to the last; the time from the first to today.

Fitted with a very wide normal prior on the logarithms of the parameters (deviation PRIOR), so that a base of thirty clients
sends none of them to infinity; on a base of hundreds it does not show.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, lgamma, log

import numpy as np
from numpy.typing import NDArray

from b24app.clients.simplex import minimize

Floats = NDArray[np.float64]
Point = tuple[float, ...]

BUYERS, REPEATERS = 30, 10  # fewer are not enough
MOST = 10_000  # clients that a fit looks at; more would move nothing that one can see
PRIOR = 3.0
LONGEST = 1000  # purchases in a quantile
TERMS = 2000  # of a series
STEEP = 700.0  # e to this power still is a number


@dataclass(frozen=True)
class BgNbd:
    """Purchases: rates are Gamma(r, alpha) among clients, the chance to leave after a purchase is Beta(a, b)."""

    r: float
    alpha: float
    a: float
    b: float

    def alive(self, x: Floats, tx: Floats, age: Floats) -> Floats:
        """Return the probability that the client has not left; for one purchase the model says 1. Hardie's note 021."""
        log_odds = log(self.a) - np.log(self.b + np.maximum(x, 1) - 1) + (self.r + x) * np.log((self.alpha + age) / (self.alpha + tx))
        return np.where(x > 0, 1 / (1 + np.exp(np.minimum(log_odds, STEEP))), 1.0)

    def expected(self, x: Floats, tx: Floats, age: Floats, weeks: float) -> Floats:
        """Return the purchases to expect within so many weeks: equation 10 of the paper.

        Its 2F1(r+x, b+x; a+b+x-1; z) is turned by Euler's transformation into one whose series is short and does not overflow.
        """
        a = self.a if abs(self.a - 1) > 1e-5 else 1 + 1e-5
        c, z = a + self.b + x - 1, weeks / (self.alpha + age + weeks)
        series = _hypergeometric(a + self.b - 1 - self.r, a - 1, c, z)
        return c / (a - 1) * (1 - (1 - z) ** (a - 1) * series) * self.alive(x, tx, age)

    def expected_of_anybody(self, weeks: float) -> float:
        """Return the purchases after the first within so many weeks of a client of whom nothing is known: equation 9 of the paper."""
        z = weeks / (self.alpha + weeks)
        series = float(_hypergeometric(self.a - 1, self.a + self.b - 1 - self.r, self.a + self.b - 1, np.array(z)))
        return (self.a + self.b - 1) / (self.a - 1) * (1 - (1 - z) ** (self.a - 1) * series)

    def quantiles(self, x: Floats, tx: Floats, age: Floats, weeks: float, levels: tuple[float, ...]) -> list[Floats]:
        """Return for each level the number of purchases within so many weeks that is not exceeded with that probability.

        While he is alive a client buys n times or more if a Poisson process does and he has not left after the first n - 1:
        P(N >= n) = P(alive) P(NegBin(r + x, (alpha+T)/(alpha+T+t)) >= n) B(a, b+x+n-1) / B(a, b+x), which is exact.
        Unknown (NaN) for a client of thousands of purchases, where numbers run out.
        """
        alive, shape, p = self.alive(x, tx, age), self.r + x, (self.alpha + age) / (self.alpha + age + weeks)
        found = [np.zeros(len(x)) for _ in levels]
        start = shape * np.log(p)
        for values in found:
            values[start < -STEEP] = np.nan
        left = np.flatnonzero(start >= -STEEP)
        mass, tail, stay = np.exp(start), np.ones(len(x)), np.ones(len(x))
        for n in range(1, LONGEST):
            tail[left] -= mass[left]
            chance = alive[left] * np.maximum(tail[left], 0) * stay[left]
            for level, values in zip(levels, found, strict=True):
                values[left[chance > 1 - level]] = n
            left = left[chance > 1 - max(levels)]
            if not len(left):
                break
            mass[left] *= (shape[left] + n - 1) / n * (1 - p[left])
            stay[left] *= (self.b + x[left] + n - 1) / (self.a + self.b + x[left] + n - 1)
        return found


@dataclass(frozen=True)
class GammaGamma:
    """Money: a client's purchases are Gamma(p, nu) about his own mean, nu is Gamma(q, v) among clients. Hardie's note 025."""

    p: float
    q: float
    v: float

    def mean(self, purchases: Floats, average: Floats) -> Floats:
        """Return the client's expected purchase: his average drawn towards the base's; nothing is known of who bought for nothing."""
        return self.p * (self.v + purchases * average) / (self.p * purchases + self.q - 1)


def fit_purchases(x: Floats, tx: Floats, age: Floats) -> BgNbd | None:
    """Fit BG/NBD by maximum likelihood (equation 6 of the paper); None when there is not enough to go by."""
    if len(x) < BUYERS or np.count_nonzero(x) < REPEATERS:
        return None
    rows, counts = np.unique(_some(np.column_stack((x, tx, age))), axis=0, return_counts=True)
    x, tx, age = rows.T
    numbers, places = np.unique(x, return_inverse=True)
    again = x > 0

    def likelihood(point: Point) -> float:
        r, alpha, a, b = point
        of_rate = _lgamma(r + numbers)[places] - lgamma(r) + r * log(alpha)
        of_stay = (_lgamma(b + numbers) - _lgamma(a + b + numbers))[places] + lgamma(a + b) - lgamma(b)
        alive = -(r + x) * np.log(alpha + age)
        gone = log(a) - np.log(b + np.maximum(x, 1) - 1) - (r + x) * np.log(alpha + tx)
        return float(counts @ (of_rate + of_stay + np.where(again, np.logaddexp(alive, gone), alive)))

    return BgNbd(*_fit(likelihood, (1.0, max(1.0, float(np.median(age)) / 4), 1.0, 2.0)))


def fit_money(purchases: Floats, average: Floats) -> GammaGamma | None:
    """Fit Gamma-Gamma by maximum likelihood to clients' numbers of purchases and averages; those who paid nothing are left out."""
    paid = (average > 0) & (purchases > 0)
    if np.count_nonzero(paid) < BUYERS:
        return None
    n, z = _some(np.column_stack((purchases[paid], average[paid]))).T
    scale = float(np.median(z))
    z = z / scale
    numbers, places = np.unique(n, return_inverse=True)

    def likelihood(point: Point) -> float:
        p, more, v = point
        q = 1 + more  # else the mean has no end
        of_number = (_lgamma(p * numbers + q) - _lgamma(p * numbers) + p * numbers * np.log(numbers))[places]
        return float(np.sum(of_number + (p * n - 1) * np.log(z) - (p * n + q) * np.log(v + n * z)) + len(n) * (q * log(v) - lgamma(q)))

    p, more, v = _fit(likelihood, (1.0, 1.0, 1.0))
    return GammaGamma(p, 1 + more, v * scale)


def _fit(likelihood: Callable[[Point], float], start: Point) -> Point:
    """Return the best positive parameters under the prior around `start`."""

    def loss(logs: Point) -> float:
        if any(abs(one) > 20 for one in logs):
            return float("inf")
        prior = sum((one - log(middle)) ** 2 for one, middle in zip(logs, start, strict=True)) / (2 * PRIOR**2)
        return prior - likelihood(tuple(map(exp, logs)))

    return tuple(map(exp, minimize(loss, [log(one) for one in start])))


def _some(rows: Floats) -> Floats:
    """Return so many of the rows as a fit needs, evenly taken."""
    return rows[:: -(-len(rows) // MOST)]


def _lgamma(values: Floats) -> Floats:
    return np.array([lgamma(value) for value in values])


def _hypergeometric(a: float, b: float, c: Floats | float, z: Floats) -> Floats:
    """Return Gauss's series 2F1(a, b; c; z) for 0 <= z < 1."""
    term = np.ones_like(z)
    total = np.ones_like(z)
    for n in range(TERMS):
        term = term * ((a + n) * (b + n) / ((c + n) * (n + 1))) * z
        total = total + term
        if not np.any(np.abs(term) > 1e-12 * np.abs(total)):
            break
    return total
