"""How fast a portal may be asked: the decisions, with the clock as an argument."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from b24app.bitrix.limits import BULK, ENTERPRISE, INTERACTIVE, ORDINARY, Bucket, Manner, Operating, Pace, pace_of

PATIENCE = 1e9


def test_bucket_books_on_entry() -> None:
    """The first X go at once, the others one after another at the pace of the drain, although none was answered."""
    bucket = Bucket()

    assert [bucket.reserve(Pace(3, 2), 100.0, PATIENCE) for _ in range(5)] == [0, 0, 0, 0.5, 1.0]


def test_bucket_drains_with_time() -> None:
    """What drained may be asked again; a clock that goes back drains nothing, and does not stop the draining either."""
    pace, bucket = Pace(2, 1), Bucket()
    bucket.reserve(pace, 10.0, PATIENCE), bucket.reserve(pace, 10.0, PATIENCE)

    assert bucket.reserve(pace, 11.0, PATIENCE) == 0
    assert bucket.reserve(pace, 5.0, PATIENCE) == 1.0
    assert bucket.level_at(pace, 8.0) == 0


def test_impatient_request_books_nothing() -> None:
    """Who would have to wait too long gives up, and makes nobody else wait for it."""
    pace, bucket = Pace(1, 1), Bucket()
    bucket.reserve(pace, 0.0, 1.0), bucket.reserve(pace, 0.0, 1.0)

    assert [bucket.reserve(pace, 0.0, 1.0) for _ in range(3)] == [2.0, 2.0, 2.0]


def test_mass_reads_keep_a_margin_and_book_nothing_ahead() -> None:
    """Whoever waits for a person finds room however many mass reads ask."""
    pace, bucket = Pace(5, 1), Bucket()

    assert [bucket.ask(pace, 0.0, margin=3) for _ in range(4)] == [0, 0, 1.0, 1.0]
    assert [bucket.reserve(pace, 0.0, PATIENCE) for _ in range(3)] == [0, 0, 0]
    assert bucket.ask(pace, 0.0, margin=3) == 4.0


def test_full_bucket_is_believed() -> None:
    """After a 503 the portal's word counts more than our book: half a second for a person, the margin more for a mass read."""
    bucket = Bucket()
    bucket.fill(ORDINARY, 0.0)

    assert bucket.ask(ORDINARY, 0.0, BULK.margin) == 5.5
    assert bucket.reserve(ORDINARY, 0.0, PATIENCE) == 0.5


def test_gentle_mass_reads_take_their_share_only() -> None:
    """A quarter of two requests a second is one in two seconds, from the first on: no burst."""
    bucket, sent, now = Bucket(), list[float](), 0.0
    while now < 10:
        wait = bucket.ask(ORDINARY, now, BULK.margin, 0.25)
        if not wait:
            sent.append(now)
        now += wait

    assert sent == [0.0, 2.0, 4.0, 6.0, 8.0]


PACES = st.builds(Pace, st.integers(2, 60).map(float), st.sampled_from([0.5, 2.0, 5.0]))
# (seconds since the one before, is it a mass read)
ARRIVALS = st.lists(st.tuples(st.floats(0, 30), st.booleans()), max_size=80)


def send_all(pace: Pace, arrivals: list[tuple[float, bool]]) -> list[float]:
    """Let requests arrive, mass reads ask again as they are told; return when each was sent."""
    bucket, sent, now, asking = Bucket(), list[float](), 0.0, list[float]()
    for gap, is_bulk in arrivals:
        now += gap
        for moment in sorted(asking):
            if moment <= now:
                asking.remove(moment)
                asked = max(moment, bucket.at)
                wait = bucket.ask(pace, asked, BULK.margin)
                (asking if wait else sent).append(asked + wait)
        if is_bulk:
            asking.append(now)
        else:
            sent.append(now + bucket.reserve(pace, now, PATIENCE))
    return sorted(sent)


@settings(max_examples=300, deadline=None)
@given(PACES, ARRIVALS)
def test_never_more_requests_than_the_portal_takes(pace: Pace, arrivals: list[tuple[float, bool]]) -> None:
    """In any stretch of time: at most the capacity and what drained meanwhile."""
    sent = send_all(pace, arrivals)

    for first in range(len(sent)):
        for last in range(first, len(sent)):
            assert last - first + 1 <= pace.capacity + pace.drain * (sent[last] - sent[first]) + 1e-6


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 5), st.integers(0, 40), st.integers(0, 6)), max_size=40))
def test_person_waits_for_persons_only(rounds: list[tuple[float, int, int]]) -> None:
    """However many mass reads ask, a request that somebody waits for goes at once while the margin holds others like it."""
    bucket, now = Bucket(), 0.0
    urgent: list[float] = []
    for gap, bulk, interactive in rounds:
        now += gap
        for _ in range(bulk):
            bucket.ask(ORDINARY, now, BULK.margin)
        for _ in range(interactive):
            wait = bucket.reserve(ORDINARY, now, PATIENCE)
            urgent.append(now)
            backlog = max(sum(moment >= start for moment in urgent) - (now - start) * ORDINARY.drain for start in urgent)
            assert wait <= max(0.0, backlog - BULK.margin) / ORDINARY.drain + 1e-6


@settings(max_examples=200, deadline=None)
@given(st.lists(st.floats(0, 3), min_size=1, max_size=60))
def test_mass_read_is_told_the_right_time(gaps: list[float]) -> None:
    """Who asks again when he was told to, and nobody came in between, is let through."""
    bucket, now = Bucket(), 0.0
    for gap in gaps:
        now += gap
        wait = bucket.ask(ORDINARY, now, BULK.margin)
        if wait:
            now += wait + 1e-6
            assert bucket.ask(ORDINARY, now, BULK.margin) == 0


@pytest.mark.parametrize(
    ("begin", "end", "hour", "share"),
    [(9, 19, 12, 0.3), (9, 19, 8, 1.0), (9, 19, 19, 1.0), (22, 6, 23, 0.3), (22, 6, 5, 0.3), (22, 6, 7, 1.0), (0, 0, 15, 0.3)],
)
def test_hours_are_the_portals(begin: int, end: int, hour: int, share: float) -> None:
    """Between the two hours, over midnight too; the same hour twice is all day."""
    manner = Manner(share=0.3, begin=begin * 60, end=end * 60, offset=180)

    assert manner.share_at((hour - 3) * 3600.0 + 86400) == share


@pytest.mark.parametrize(("asked", "given"), [(0.0, 0.05), (7.0, 1.0), (0.5, 0.5)])
def test_share_is_never_nothing(asked: float, given: float) -> None:
    """A share of nothing would be a pause that nobody sees."""
    assert Manner(share=asked).share_at(0.0) == given


def test_operating_is_never_summed() -> None:
    """The portal's number is cumulative: the last one counts, and near the limit the method rests until it resets."""
    operating = Operating()
    for used in (60.0, 61.0, 62.0, 300.0):
        operating.note("x.list", {"operating": used, "operating_reset_at": 1000}, 900.0)

    assert operating.rest("x.list", 900.0, BULK.operating) == 0
    operating.note("x.list", {"operating": 400.0, "operating_reset_at": 1000}, 900.0)
    assert operating.rest("x.list", 900.0, BULK.operating) == 100.0
    assert operating.rest("x.list", 900.0, INTERACTIVE.operating) == 0
    assert operating.rest("x.list", 1001.0, BULK.operating) == 0
    assert operating.rest("y.list", 900.0, BULK.operating) == 0


def test_older_answer_does_not_count() -> None:
    """Of two answers the one that the portal gave later counts, in whatever order they arrive."""
    operating = Operating()
    operating.note("x.list", {"operating": 450.0, "operating_reset_at": 700, "finish": 101.0}, 101.0)
    operating.note("x.list", {"operating": 10.0, "operating_reset_at": 700, "finish": 100.0}, 101.5)

    assert operating.rest("x.list", 102.0, BULK.operating) == 598.0


def test_reset_is_read_by_the_portals_own_clock() -> None:
    """A portal whose clock is an hour ahead does not make us rest for an hour."""
    operating = Operating()
    operating.note("x.list", {"operating": 470.0, "operating_reset_at": 4000, "finish": 3700.0}, 100.0)

    assert operating.rest("x.list", 100.0, INTERACTIVE.operating) == 300.0


def test_blocked_method_rests_until_its_reset() -> None:
    """After a 429 the method waits for the known reset, ten minutes when none is known, or a good answer."""
    operating = Operating()
    operating.note("x.list", {"operating": 1, "operating_reset_at": 1300}, 1000.0)

    assert operating.block("x.list", 1000.0) == 300.0
    assert operating.block("y.list", 1000.0) == 600.0
    assert operating.rest("x.list", 1100.0, 1.0) == 200.0
    operating.note("x.list", {"operating": 2}, 1100.0)
    assert operating.rest("x.list", 1100.0, 1.0) == 0


@pytest.mark.parametrize("time", [{}, {"operating": None}, {"operating": "much"}, {"finish": math.inf}])
def test_answer_without_numbers_changes_nothing(time: dict[str, object]) -> None:
    """A box portal counts no operating time."""
    operating = Operating()
    operating.note("x.list", time, 1.0)

    assert operating.rest("x.list", 1.0, BULK.operating) == 0


def test_pace_goes_by_licence() -> None:
    """Enterprise plans have five times the bucket; what is unknown is ordinary."""
    assert (pace_of("ent"), pace_of("pro"), pace_of("")) == (ENTERPRISE, ORDINARY, ORDINARY)
