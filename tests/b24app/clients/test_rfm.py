"""RFM by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from b24app.clients.rfm import GROUPS, Edges, choose_edges, group_of, quantile_edges, rfm_values, score


def test_quintiles_by_nearest_rank() -> None:
    """Of 1 to 10 the edges are 2, 4, 6, 8: two values for every score."""
    edges = quantile_edges(list(range(1, 11)))

    assert edges == [2, 4, 6, 8]
    assert [score(value, edges) for value in range(1, 11)] == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]


def test_equals_at_an_edge_have_one_score() -> None:
    """Of ten buyers six bought once: all six score 1, nobody 2 and 3, who bought twice scores 4."""
    edges = quantile_edges([1, 1, 1, 1, 1, 1, 2, 2, 3, 9])

    assert edges == [1, 1, 1, 2]
    assert [score(value, edges) for value in (1, 2, 3, 9)] == [1, 4, 5, 5]


@pytest.mark.parametrize(("size", "edges"), [(0, []), (1, []), (4, []), (5, [1, 2, 3, 4]), (30, [6, 12, 18, 24])])
def test_edges_of_small_bases(size: int, edges: list[int]) -> None:
    """Fewer than five cannot be shared out in five."""
    assert quantile_edges(list(range(1, size + 1))) == edges


def test_nothing_is_scored_without_value_or_edges() -> None:
    """Unknown is no score."""
    assert score(None, [1, 2, 3, 4]) is None
    assert score(5, []) is None


def test_edges_by_hand_are_days_for_recency() -> None:
    """R of 30, 90, 180, 365 days: bought 30 days ago or later is 5, a year ago or earlier 1."""
    found = choose_edges({"r": (30, 90, 180, 365), "f": (1, 2, 4, 9)}, Edges([], [5, 6, 7, 8], [10, 20, 30, 40]), date(2024, 3, 1))

    assert list(found.r) == ["2023-03-02", "2023-09-03", "2023-12-02", "2024-01-31"]
    assert [score(day, found.r) for day in ("2022-01-01", "2023-03-02", "2023-03-03", "2024-01-31", "2024-02-01")] == [1, 1, 2, 4, 5]
    assert (found.f, found.m) == ([1, 2, 4, 9], [10, 20, 30, 40])


def test_every_pair_of_scores_has_a_group() -> None:
    """Each of the 125 scores is in a group, and no group is in vain."""
    found = {group_of(r, f, m) for r in range(1, 6) for f in range(1, 6) for m in range(1, 6)}

    assert found == {group.key for group in GROUPS}


@pytest.mark.parametrize(
    ("scores", "group"),
    [
        ((5, 5, 5), "champions"), ((5, 4, 3), "champions"), ((4, 5, 4), "loyal"), ((5, 1, 1), "new"), ((4, 1, 1), "promising"),
        ((1, 5, 5), "cannot_lose"), ((2, 4, 4), "at_risk"), ((3, 1, 1), "about_to_sleep"), ((2, 1, 2), "hibernating"), ((1, 1, 1), "lost"),
    ],
)  # fmt: skip
def test_named_groups(scores: tuple[int, int, int], group: str) -> None:
    """The usual names, by R and the mean of F and M, halves upwards."""
    assert group_of(*scores) == group


def test_group_needs_all_three(scores_row: dict[str, Any]) -> None:
    """Without his money known a client has R and F and no group; who never bought has nothing."""
    edges = Edges(["2025-01-01"] * 4, [1, 2, 3, 4], [1.0, 2.0, 3.0, 4.0])

    assert rfm_values({**scores_row, "revenue": None}, edges) == {"r_score": 5, "f_score": 3, "m_score": None, "rfm_group": None}
    assert set(rfm_values({**scores_row, "purchases": 0}, edges).values()) == {None}


@pytest.fixture
def scores_row() -> dict[str, Any]:
    """Facts of a buyer."""
    return {"purchases": 3, "last_purchase": "2025-02-01", "revenue": 10.0}
