"""What a job's notes mean: deaths are told from broken-off beginnings, trouble from patience."""

from __future__ import annotations

import pytest

from b24app.attempts import BEGAN, BUSY, DONE, FAILED, LOST, Note, Tries


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


def test_pauses_grow_while_nobody_answers() -> None:
    """Each lost answer doubles the pause; beginnings in between do not count."""
    tries, pauses = read(), []
    for _ in range(4):
        tries.read(began("now"))
        tries.read(ended(LOST))
        pauses.append(tries.pause)

    assert pauses == [1.0, 2.0, 4.0, 8.0]
