"""Reads several lists at once by keyset chains that share batches: quiet lists cost one request together, a long one 2,500
records a request. Stores nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from b24app.bitrix.chains import LONGEST, PAGE, Query, chain, read_chunk
from b24app.context import Context
from b24app.sync.entities import Entity
from b24app.sync.pull import cut
from b24app.sync.rows import Record


@dataclass
class Reading:
    """A list that is being read: behind the id `last`, in the order of ids. `expected`: how many records, when it is known."""

    entity: Entity
    query: Query
    last: int = 0
    expected: int | None = None

    def pages(self, room: int) -> int:
        """Return how long a chain to send when there is room for so many commands."""
        wanted = room if self.expected is None else self.expected // PAGE + 1
        return max(1, min(wanted, room))


Found = dict[Entity, list[Record]]


def read_together(ctx: Context, readings: Sequence[Reading]) -> Iterator[Found]:
    """Yield what every batch brought, by entity, until all lists are read. Raises what a failing page says."""
    for group in cut(readings, LONGEST):
        waiting: list[Reading] = group
        while waiting:
            shares = share_out(waiting)
            commands: dict[str, tuple[str, Mapping[str, Any]]] = {}
            for reading, pages in zip(waiting, shares, strict=True):
                commands |= chain(reading.query, reading.last, None, pages, _name(reading))
            batch = ctx.bitrix.batch(commands)
            found: Found = {}
            unfinished: list[Reading] = []
            for reading in waiting:
                chunk = read_chunk(reading.query, reading.last, None, batch, _name(reading))
                if chunk.error is not None:
                    raise chunk.error
                found[reading.entity] = list(chunk.records)
                reading.last = chunk.last
                if not chunk.done:
                    unfinished.append(reading)
                    reading.expected = None
            waiting = unfinished
            yield found


def share_out(readings: Sequence[Reading]) -> list[int]:
    """Share the commands of one batch out: those who know that they need little leave their room to the others."""
    room, left = LONGEST, len(readings)
    shares: dict[int, int] = {}
    order = sorted(range(len(readings)), key=lambda index: readings[index].pages(LONGEST))
    for index in order:
        shares[index] = readings[index].pages(room // left)
        room, left = room - shares[index], left - 1
    return [shares[index] for index in range(len(readings))]


def _name(reading: Reading) -> str:
    """Keys of a batch may be referred to: letters, digits and underscores."""
    return f"{reading.entity.key}_p"
