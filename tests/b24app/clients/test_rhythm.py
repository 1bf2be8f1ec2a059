"""A client's own rhythm, by hand."""

from __future__ import annotations

from math import exp, log, sqrt

import pytest

from b24app.clients.rhythm import Intervals, Prior, estimate, learn, measure, retention

STATES = {"lapsing": 1.5, "lost": 3.0}


def test_intervals_are_measured_in_logarithms() -> None:
    """Days 0, 10, 50: intervals 10 and 40, a mean of ln 20, each ln 2 away from it."""
    found = measure([0, 10, 50], 7)

    assert (found.group, found.count) == (7, 2)
    assert found.mean == pytest.approx(log(20))
    assert found.spread == pytest.approx(2 * log(2) ** 2)
    assert measure([5]).count == 0


def test_own_intervals_weigh_as_much_as_they_are() -> None:
    """With a strength of 2, two intervals of 10 days and a group of 30 meet half-way: the root of 300. Six reach 3/4 of the way."""
    prior = Prior(log(90), 2.0, {7: log(30)})

    assert estimate(Intervals(7, 2, log(10), 0), prior) == pytest.approx(sqrt(300))
    assert estimate(Intervals(7, 6, log(10), 0), prior) == pytest.approx(exp(0.75 * log(10) + 0.25 * log(30)))
    assert estimate(Intervals(7, 0, 0, 0), prior) == pytest.approx(30)
    assert estimate(Intervals(8, 0, 0, 0), prior) == pytest.approx(90)


def test_strength_is_learned_from_the_base() -> None:
    """Five clients of two intervals, means 1 to 5, each interval 1/2 off: s2 = 5 x 0.5 / 5 = 0.5;
    t2 = (2 x 10 - 4 x 0.5) / (10 - 20 / 10) = 2.25; strength 0.5 / 2.25; the mean of all is 3.
    """
    prior = learn([Intervals(1, 2, float(mean), 0.5) for mean in range(1, 6)])

    assert prior is not None
    assert prior.strength == pytest.approx(0.5 / 2.25)
    assert prior.base == pytest.approx(3)
    assert prior.groups == pytest.approx({1: 3})
    assert estimate(Intervals(1, 2, 5.0, 0.5), prior) == pytest.approx(exp(0.9 * 5 + 0.1 * 3))


def test_small_group_is_drawn_towards_the_base() -> None:
    """A group of forty keeps its rhythm, a group of one is moved towards the others; a stranger has the base's."""
    fast = [Intervals(1, 3, log(10) + wobble, 0.3) for wobble in (-0.3, -0.1, 0.1, 0.3) for _ in range(10)]
    slow = [Intervals(2, 3, log(100) + wobble, 0.3) for wobble in (-0.3, -0.1, 0.1, 0.3) for _ in range(10)]
    alone = [Intervals(3, 1, log(300), 0.0)]

    prior = learn(fast + slow + alone)

    assert prior is not None
    assert prior.groups[1] == pytest.approx(log(10), abs=0.02)
    assert prior.groups[2] == pytest.approx(log(100), abs=0.02)
    assert prior.base < prior.groups[3] < log(300)
    assert log(10) < prior.base < log(300)


def test_regular_base_has_its_rhythm_without_variance() -> None:
    """Where all buy every 30 days nothing varies, and nothing is divided by it."""
    prior = learn([measure(list(range(0, 30 * 4, 30))) for _ in range(30)])

    assert prior is not None
    assert estimate(measure([0]), prior) == pytest.approx(30)


def test_base_too_small_leaves_everybody_his_own() -> None:
    """Four who bought again teach nothing: two own intervals are a rhythm, one is not."""
    assert learn([measure([0, 10, 20])] * 4) is None
    assert learn([measure([0, 10])] * 30) is None
    assert estimate(measure([0, 10, 50]), None) == pytest.approx(20)
    assert estimate(measure([0, 10]), None) is None


def test_rhythm_is_a_day_at_least() -> None:
    """Who buys daily is expected tomorrow, not today."""
    assert estimate(measure([0, 1, 2, 3]), Prior(-1.0, 0.1, {})) == 1.0


@pytest.mark.parametrize(
    ("purchases", "pause", "state"),
    [(1, 0.2, "new"), (2, 1.5, "repeat"), (3, 1.0, "active"), (3, 1.51, "lapsing"), (1, 3.0, "lapsing"), (9, 3.01, "lost"), (1, -2, "new")],
)
def test_retention_is_judged_by_the_own_rhythm(purchases: int, pause: float, state: str) -> None:
    """An edge itself still belongs to the better state."""
    assert retention(purchases, pause, STATES) == state
