"""How fast a portal may be asked."""

from __future__ import annotations

import pytest

from b24app.bitrix.budget import Budget, Budgets
from b24app.bitrix.limits import ENTERPRISE, ORDINARY, Bucket, Operating, Pace, pace_of
from b24app.errors import BitrixBusy


def test_bucket_books_on_entry() -> None:
    """The first X go at once, the others one after another at the pace of the drain, although none was answered."""
    bucket = Bucket(capacity=3, drain=2)

    assert [bucket.reserve(100.0) for _ in range(5)] == [0, 0, 0, 0.5, 1.0]


def test_bucket_drains_with_time() -> None:
    """What drained may be asked again; a clock that goes back drains nothing."""
    bucket = Bucket(capacity=2, drain=1)
    bucket.reserve(10.0), bucket.reserve(10.0)

    assert bucket.reserve(11.0) == 0
    assert bucket.reserve(5.0) == 1.0


def test_bucket_keeps_a_margin() -> None:
    """Mass reads leave the margin to people who wait."""
    bucket = Bucket(capacity=5, drain=1)

    assert [bucket.reserve(0.0, margin=3) for _ in range(3)] == [0, 0, 1.0]
    assert bucket.reserve(0.0) == 0


def test_full_bucket_is_believed() -> None:
    """After a 503 the portal's word counts more than our book."""
    bucket = Bucket(capacity=2, drain=1)
    bucket.fill(0.0)

    assert bucket.reserve(0.0) == 1.0


def test_operating_is_never_summed() -> None:
    """The portal's number is cumulative: the last one counts, and near the limit the method rests until it resets."""
    operating = Operating()
    for used in (60.0, 61.0, 62.0, 300.0):
        operating.note("x.list", {"operating": used, "operating_reset_at": 1000})

    assert operating.delay("x.list", 900.0) == 0
    operating.note("x.list", {"operating": 440.0, "operating_reset_at": 1000})
    assert operating.delay("x.list", 900.0) == 100.0
    assert operating.delay("x.list", 1001.0) == 0
    assert operating.delay("y.list", 900.0) == 0


def test_blocked_method_rests_until_its_reset() -> None:
    """After a 429 the method waits for the known reset, ten minutes when none is known, or a good answer."""
    operating = Operating()
    operating.note("x.list", {"operating": 1, "operating_reset_at": 1300})

    assert operating.block("x.list", 1000.0) == 300.0
    assert operating.block("y.list", 1000.0) == 600.0
    assert operating.delay("x.list", 1100.0) == 200.0
    operating.note("x.list", {"operating": 2})
    assert operating.delay("x.list", 1100.0) == 0


def test_pace_goes_by_licence() -> None:
    """Enterprise plans have five times the bucket; what is unknown is ordinary."""
    assert (pace_of("ent"), pace_of("pro"), pace_of("")) == (ENTERPRISE, ORDINARY, ORDINARY)


def test_budget_refuses_a_resting_method_and_books_nothing() -> None:
    """Whoever asks for a resting method is told how long, at once."""
    budget = Budget(Pace(1, 1), clock=lambda: 100.0)
    known = budget.busy(BitrixBusy("x.list", "OPERATION_TIME_LIMIT", "", 429))

    with pytest.raises(BitrixBusy) as caught:
        budget.check({"x.list"})

    assert (known.retry_after, caught.value.retry_after) == (600.0, 600.0)
    assert budget.reserve() == 0


def test_one_budget_per_portal_and_process() -> None:
    """All clients of a portal share one book; the web process has the smaller share."""
    web, worker = Budgets("web", clock=lambda: 0.0), Budgets("worker", clock=lambda: 0.0)

    assert web.of("https://a") is web.of("https://a")
    assert [sum(budget.reserve() == 0 for _ in range(60)) for budget in (web.of("https://a"), worker.of("https://a"))] == [15, 35]
