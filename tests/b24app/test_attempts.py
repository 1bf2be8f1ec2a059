"""What a job's notes mean: deaths are told from broken-off beginnings, trouble from patience."""

from __future__ import annotations

import pytest

from b24app.attempts import BEGAN, BUSY, DONE, FAILED, LOST, PAUSED_LONG, Note, Tries, find_pause, judge
from b24app.bitrix.budget import PAUSED
from b24app.errors import BitrixBusy


def began(run: str, at: float = 0.0) -> Note:
    """Return the note that an attempt begins in a run of the worker."""
    return {"verdict": BEGAN, "run": run, "at": at}


def ended(verdict: str, at: float = 0.0, **more: float) -> Note:
    """Return the note of how an attempt ended."""
    return {"verdict": verdict, "reason": "r", "at": at, **more}


def read(*notes: Note, run: str = "now") -> Tries:
    """Return what these notes come to, in this run of the worker."""
    tries = Tries(run, patience=3600.0, most_deaths=3)
    for note in notes:
        tries.read(note)
    return tries


@pytest.mark.parametrize(
    ("notes", "deaths", "is_ours"),
    [
        ((), 0, False),
        ((began("now"),), 0, True),
        ((began("a"),), 1, False),
        ((began("a"), ended(BUSY, retry_after=1)), 0, False),
        ((began("a"), began("b"), began("now")), 2, True),
        ((began("a"), ended(LOST), began("b"), began("c")), 2, False),
        ((ended(LOST), began("now")), 0, True),
    ],
)
def test_a_beginning_without_end_is_a_death(notes: tuple[Note, ...], deaths: int, is_ours: bool) -> None:
    """Only of another run: what began in this one is at work. Notes of an older version know no beginnings."""
    tries = read(*notes)

    assert (tries.deaths + tries._is_broken_off, tries.is_ours, tries.is_suspect) == (deaths, is_ours, deaths > 0)


def test_hope_ends_with_the_third_death() -> None:
    """Two may be chance."""
    assert [read(*[began(str(n)) for n in range(count)]).is_hopeless for count in (1, 2, 3)] == [False, False, True]


def test_ends_are_ends() -> None:
    """Done, failed, or out of patience; a beginning or a passing trouble is none."""
    ends = [began("a"), ended(DONE), ended(FAILED), ended(BUSY, retry_after=9.0), ended(LOST)]

    assert [read(began("x"), end).is_over for end in ends] == [False, True, True, False, False]
    assert read(ended(BUSY, at=1.0, retry_after=9.0), ended(BUSY, at=3595.0, retry_after=9.0)).is_over


def test_pause_that_was_wished_spends_nobodys_patience() -> None:
    """An administrator may pause for weeks: the job waits on, and has all its patience when the work goes on."""
    wished = judge(BitrixBusy("batch", PAUSED, retry_after=15.0))
    weeks = [note for day in range(21) for note in (began("now", day * 86400.0), {**wished, "at": day * 86400.0 + 1})]
    after = 21 * 86400.0

    assert not read(*weeks).is_over
    assert not read(*weeks, began("now", after), ended(BUSY, at=after + 3000, retry_after=9.0)).is_over
    assert read(*weeks, began("now", after), ended(BUSY, at=after + 3595, retry_after=9.0)).is_over


def test_long_pause_is_looked_at_less_often() -> None:
    """Every note is kept: once a quarter of a minute in the first hour, then once a minute."""
    wished = judge(BitrixBusy("batch", PAUSED, retry_after=15.0))

    assert [find_pause(wished, times) for times in (0, PAUSED_LONG - 1, PAUSED_LONG)] == [15.0, 15.0, 60.0]


def test_pauses_grow_while_nobody_answers() -> None:
    """Each lost answer doubles the pause; beginnings in between do not count."""
    tries, pauses = read(), []
    for _ in range(4):
        tries.read(began("now"))
        tries.read(ended(LOST))
        pauses.append(tries.pause)

    assert pauses == [1.0, 2.0, 4.0, 8.0]
