"""Keyset chains: what is asked, and where a chain ends."""

from __future__ import annotations

from typing import Any

import pytest

from b24app.bitrix.chains import Chunk, Density, Extent, Query, chain, read_chunk, read_extent
from b24app.bitrix.payloads import Answer, BatchAnswer
from b24app.errors import BitrixBusy, BitrixError

ITEMS = Query("crm.item.list", {"entityTypeId": 2, "filter": {"categoryId": 0}})


def page(*ids: int) -> Answer:
    return Answer({"items": [{"id": number} for number in ids]})


def pages(**answers: Answer) -> BatchAnswer:
    return BatchAnswer(answers, {})


def test_chain_begins_behind_the_page_before() -> None:
    """Each page's filter refers to the last record of the page before, keeps the caller's filter and the upper end."""
    commands = chain(ITEMS, 10, 999, 2)

    assert [params["filter"] for _, params in commands.values()] == [
        {"categoryId": 0, ">id": 10, "<=id": 999},
        {"categoryId": 0, ">id": "$result[p0][items][49][id]", "<=id": 999},
    ]
    assert all((params["order"], params["start"]) == ({"id": "ASC"}, -1) for _, params in commands.values())


def test_chain_of_the_old_family_uses_upper_case() -> None:
    """Where the result is the list itself the id is called ID."""
    commands = chain(Query("crm.activity.list", {}, key=None), 0, 9, 2)

    assert commands["p1"][1]["filter"] == {">ID": "$result[p0][49][ID]", "<=ID": 9}


def test_first_short_page_ends_the_range() -> None:
    """What the portal answers to a reference to nothing is not read, be it records or an error."""
    batch = BatchAnswer({"p0": page(*range(1, 51)), "p1": page(60), "p2": page(1, 2)}, {"p3": BitrixError("x", "INVALID")})

    chunk = read_chunk(ITEMS, 0, 900, batch)

    assert ([record["id"] for record in chunk.records], chunk.last, chunk.done) == ([*range(1, 51), 60], 900, True)


def test_full_chain_is_to_be_continued() -> None:
    """Only full pages: the range goes on behind the last id."""
    chunk = read_chunk(ITEMS, 0, 900, pages(p0=page(*range(1, 51))))

    assert (chunk.last, chunk.done) == (50, False)


def test_failing_page_keeps_what_came_before() -> None:
    """Pages before the failure are complete; the error comes with them."""
    busy = BitrixBusy("crm.item.list", "OPERATION_TIME_LIMIT")

    chunk = read_chunk(ITEMS, 0, 900, BatchAnswer({"p0": page(*range(1, 51))}, {"p1": busy}))

    assert (len(chunk.records), chunk.last, chunk.done, chunk.error) == (50, 50, False, busy)


@pytest.mark.parametrize("answer", [page(5, 4), page(3), Answer({"items": {"id": 5}}), Answer("text")])
def test_unordered_answers_are_refused(answer: Answer) -> None:
    """A method that ignores order or filter would be read in circles."""
    with pytest.raises(BitrixError):
        read_chunk(ITEMS, 3, 900, pages(p0=answer))


def test_empty_batch_is_an_error() -> None:
    """A batch that answers none of its commands is not an empty portal."""
    assert read_chunk(ITEMS, 0, 900, pages()).error is not None


def test_newest_of_nothing_is_zero() -> None:
    """An empty portal has no greatest id."""
    assert (read_extent(ITEMS, page()).newest, read_extent(ITEMS, page(7)).newest) == (0, 7)


@pytest.mark.parametrize(("known", "width"), [(Extent(10_000, 10_000), 2500), (Extent(10_000, 2_500), 9_000), (Extent(10_000), 400)])
def test_counted_list_needs_no_trial(known: Extent, width: int) -> None:
    """Who knows how many records there are up to the greatest id cuts the first range to fill a batch."""
    assert Density.of(known).width() == width


@pytest.mark.parametrize(("rate", "found"), [(1.0, 2500), (0.1, 2250)])
def test_density_fills_batches(rate: float, found: int) -> None:
    """Whatever the gaps between ids, the next range is cut to nearly fill a batch."""
    density = Density()
    span = 10_000
    density.learn(Chunk([{}] * int(span * rate), 0, span, done=True))

    assert density.width() * rate == pytest.approx(found)
    assert density.pages(density.width()) == 50


def test_density_asks_few_pages_of_a_small_range() -> None:
    """A hundred ids need two pages at most, an unknown portal begins small."""
    assert (Density().pages(100), Density().width()) == (2, 400)


def test_row_types() -> None:
    """Ids may arrive as text."""
    record: dict[str, Any] = {"ID": "410"}

    assert Query("x", {}, key=None).id_of(record) == 410
