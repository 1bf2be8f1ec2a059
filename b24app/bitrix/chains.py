"""Keyset chains: up to fifty pages in one batch, each beginning behind the last id of the page before it.

Pure: builds commands and reads their answers, sends nothing. `start: -1` spares the portal the counting
(https://github.com/bitrix-tools/b24-rest-docs, settings/performance/huge-data.md: 49.9 s against 0.097 s).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from b24app.bitrix.payloads import Answer, BatchAnswer
from b24app.errors import BitrixError

PAGE = 50
LONGEST = 50  # commands in a batch
FIRST = 8  # pages of the first chain, when nothing is known of the gaps between ids

Command = tuple[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Query:
    """A list method and what is asked of it. `key` names the list inside the result; `spelled` is how it writes the id."""

    method: str
    params: Mapping[str, Any]
    key: str | None = "items"
    spelled: str = ""

    @property
    def id_name(self) -> str:
        """How this list spells the id: those inside a key are of the camelCase family, mostly."""
        return self.spelled or ("id" if self.key else "ID")

    def records(self, answer: Answer) -> list[dict[str, Any]]:
        """Return the records of a page. Raises BitrixError when the answer is not a list."""
        result = answer.result
        if self.key and isinstance(result, Mapping):
            result = result.get(self.key, [])
        if not isinstance(result, list):
            raise BitrixError(self.method, "unexpected_answer", f"no list {self.key or ''}")
        return result

    def id_of(self, record: Mapping[str, Any]) -> int:
        """Return a record's id as a number."""
        return int(record[self.id_name])


@dataclass(frozen=True)
class Chunk:
    """What one chain brought: everything with low < id <= last; `done` when the range is read to its end."""

    records: list[dict[str, Any]]
    low: int
    last: int
    done: bool
    error: BitrixError | None = None


@dataclass(frozen=True)
class Extent:
    """How far a list reaches: its greatest id, and how many records it has when they were counted."""

    newest: int
    records: int | None = None


@dataclass
class Density:
    """How many records there are among a hundred ids, learned on the way, to cut ranges that fill a batch."""

    known: bool = False
    rate: float = field(default=1.0)

    @classmethod
    def of(cls, extent: Extent) -> Density:
        """Return the whole list's density when it was counted: then the first range need not be a trial."""
        if not extent.records or extent.newest <= 0:
            return cls()
        return cls(known=True, rate=min(max(extent.records / extent.newest, 0.001), 1.0))

    def width(self) -> int:
        """Return how many ids the next range should span; as many as fit without any gap never need a second batch."""
        room = PAGE * (LONGEST if self.known else FIRST)
        return max(room, int(room * 0.9 / self.rate))

    def pages(self, span: int) -> int:
        """Return how long a chain over so many ids should be: a page too many costs little, a second batch costs more."""
        expected = int(span * self.rate * 1.1 / PAGE) + 2
        return max(1, min(LONGEST, expected, -(-span // PAGE)))

    def learn(self, chunk: Chunk) -> None:
        """Take the rate of the newest chunk."""
        span = chunk.last - chunk.low
        if chunk.error is None and span > 0:
            self.rate = max(len(chunk.records) / span, 0.001)
            self.known = True


def extent(query: Query, is_counted: bool = False) -> Command:
    """Return the command that finds the greatest id, and the number of records, which costs the portal a counting."""
    return query.method, {**query.params, "order": {query.id_name: "DESC"}, "start": 0 if is_counted else -1}


def read_extent(query: Query, answer: Answer) -> Extent:
    """Return how far a list reaches; its greatest id is 0 when there is nothing."""
    records = query.records(answer)
    return Extent(query.id_of(records[0]) if records else 0, answer.total)


def chain(query: Query, low: int, high: int | None, pages: int, name: str = "p") -> dict[str, Command]:
    """Return the commands that read low < id <= high page by page; `name` keeps several chains in one batch apart."""
    inside = f"[{query.key}]" if query.key else ""
    upto = {} if high is None else {f"<={query.id_name}": high}
    commands: dict[str, Command] = {}
    behind: int | str = low
    for number in range(pages):
        condition = {**query.params.get("filter", {}), f">{query.id_name}": behind, **upto}
        commands[f"{name}{number}"] = (query.method, {**query.params, "filter": condition, "order": {query.id_name: "ASC"}, "start": -1})
        behind = f"$result[{name}{number}]{inside}[{PAGE - 1}][{query.id_name}]"
    return commands


def read_chunk(query: Query, low: int, high: int | None, batch: BatchAnswer, name: str = "p") -> Chunk:
    """Join the pages of a chain.

    The first page that is not full ends the range: the reference of the page behind it points to nothing, and what
    the portal answers to that is not ours to read. A failing page ends the chunk too, with its error.
    """
    records: list[dict[str, Any]] = []
    last, number = low, 0
    while f"{name}{number}" in batch.answers:
        page = query.records(batch.answers[f"{name}{number}"])
        last = _check_ascending(query, last, page)
        records += page
        number += 1
        if len(page) < PAGE or (high is not None and last >= high):
            return Chunk(records, low, last if high is None else high, done=True)
    error = batch.errors.get(f"{name}{number}")
    if error is None and number == 0:
        error = BitrixError(query.method, "unexpected_answer", "the batch answered nothing")
    return Chunk(records, low, last, done=False, error=error)


def _check_ascending(query: Query, last: int, page: list[dict[str, Any]]) -> int:
    """A method that ignores the filter or the order would be read in circles."""
    for record in page:
        current = query.id_of(record)
        if current <= last:
            raise BitrixError(query.method, "not_ascending", f"id {current} came after {last}")
        last = current
    return last
