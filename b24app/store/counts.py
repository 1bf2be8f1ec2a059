"""SQL by the noun count: for how many clients a rule says yes, no, and nothing; the temporary tables that a rule over records reads.

A count is made by several readers at once, each with a connection of its own, piece by piece over the clients' numbers, evenly from
everywhere: whoever has to answer soon stops in between and tells of all by those that were asked.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from math import gcd
from pathlib import Path
from typing import TYPE_CHECKING

from b24app.store.clients import COMPANIES_FROM, NUMBERS_END, count_clients, seen_by
from b24app.store.database import open_reader
from b24app.store.folding import fold, use_fold

if TYPE_CHECKING:
    from b24app.context import Viewer
    from b24app.store.mirror import PortalStore
    from b24app.store.segments import Question

Counts = tuple[int, int, int]  # yes, no, asked

READERS = min(2, os.cpu_count() or 1)
SMALL = 20_000  # clients that are counted in one go
FEWEST = 2000  # clients that tell of all; fewer would mislead, whatever the time
PIECE, PIECE_BY_CLIENT = 1000, 100  # clients in a piece: where all is in the client's own rows, and where records are looked up for each
SOON, SOON_OF_ONE = 0.06, 0.4e-6  # seconds, and for each client of a large base
GOLDEN = 0.618034  # steps of this share of a row leave no part of it out for long, however many were taken
COUNTED = """WITH found AS MATERIALIZED (SELECT {0} AS answer FROM {1} WHERE {2})
    SELECT COUNT(CASE WHEN answer THEN 1 END), COUNT(CASE WHEN NOT answer THEN 1 END), COUNT(*) FROM found"""


@dataclass(frozen=True)
class Counted:
    """How many clients. `is_about`: told by some of them, as there was no time to ask all."""

    yes: int
    no: int
    unknown: int
    is_about: bool = False


@contextmanager
def keep_sets(store: PortalStore, questions: Iterable[Question]) -> Iterator[None]:
    """Make the temporary tables that the questions read, and drop them in the end."""
    use_fold(store)
    kept = [(name, select, question.params) for question in questions for name, select in question.sets]
    for name, select, params in kept:
        with store.scratch():
            store.db.conn.execute(f"DROP TABLE IF EXISTS temp.{name}")
            store.db.conn.execute(f"CREATE TEMP TABLE {name} (number INTEGER PRIMARY KEY, best INTEGER NOT NULL)")
            store.db.conn.execute(
                f"INSERT INTO {name} (number, best) SELECT number, MAX(best) FROM ({select}) AS found GROUP BY number", params
            )
    try:
        yield
    finally:
        with store.scratch():
            for name, _, _ in kept:
                store.db.conn.execute(f"DROP TABLE temp.{name}")


def count_answers(store: PortalStore, question: Question, viewer: Viewer) -> Counted:
    """Count all of the viewer's clients."""
    seen, values = seen_by(viewer)
    with keep_sets(store, [question]):
        yes, no, every = store.tuples(COUNTED.format(question.answer, question.base, seen), {**question.params, **values})[0]
    return Counted(yes, no, every - yes - no)


def count_soon(store: PortalStore, question: Question, viewer: Viewer, by_client: Question) -> Counted:
    """Count as many of the viewer's clients as there is time for. `by_client`: the same question, asked of some clients without sets."""
    clients, path = count_clients(store, viewer), store.path()
    if clients <= SMALL or not path:
        return count_answers(store, question, viewer)
    pieces = _pieces(store, PIECE_BY_CLIENT if question.sets else PIECE)
    count = _Count(by_client, viewer, pieces, time.monotonic() + soon(clients))
    readers = [threading.Thread(target=count.run, args=(path,)) for _ in range(READERS)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    return count.tell(clients)


def soon(clients: int) -> float:
    """Return for how many seconds a person who types waits for a count of so many."""
    return max(SOON, SOON_OF_ONE * clients)


class _Count:
    """A count on its way: pieces that are left, what was found, by when it is to be told."""

    def __init__(self, question: Question, viewer: Viewer, pieces: list[tuple[int, int]], until: float) -> None:
        self.pieces, self.until, self.rows = pieces, until, list[Counts]()
        self.lock = threading.Lock()
        self.error: Exception | None = None
        seen, values = seen_by(viewer)
        self.values = {**question.params, **values}
        number = "client.number >= :first AND client.number < :end"
        base, answer = question.base, question.answer
        if viewer.sees_all and question.is_of_facts:
            base, number = "client_fact AS fact", number.replace("client.", "fact.")
        self.sql = COUNTED.format(answer, base, f"{number} AND {seen}")

    def run(self, path: Path) -> None:
        """Take pieces until there are none or time is up."""
        try:
            with closing(open_reader(path)) as db:
                db.register_function(fold, deterministic=True)
                while piece := self.take():
                    self.rows.append(db.conn.execute(self.sql, {**self.values, **piece}).fetchone())
                    if time.monotonic() > self.until and sum(asked for _, _, asked in self.rows) >= FEWEST:
                        return
        except Exception as error:  # a thread has nobody to raise to
            self.error = error

    def take(self) -> dict[str, int]:
        """Return the next piece, nothing when there is none."""
        with self.lock:
            return dict(zip(("first", "end"), self.pieces.pop(), strict=True)) if self.pieces else {}

    def tell(self, clients: int) -> Counted:
        """Return what was found, as of all. Raises what a reader met."""
        if self.error:
            raise self.error
        yes, no, asked = (sum(numbers) for numbers in zip(*self.rows, strict=True))
        if not self.pieces:
            return Counted(yes, no, asked - yes - no)
        share = clients / max(asked, 1)
        told_yes, told_unknown = round(yes * share), round((asked - yes - no) * share)
        return Counted(told_yes, max(clients - told_yes - told_unknown, 0), told_unknown, is_about=True)


def _pieces(store: PortalStore, size: int) -> list[tuple[int, int]]:
    """Cut the numbers of contacts and of companies into even pieces."""
    found: list[tuple[int, int]] = []
    edge = "(SELECT number FROM client WHERE number >= :first AND number < :end ORDER BY number {0} LIMIT 1)"
    for first, end in ((0, COMPANIES_FROM), (COMPANIES_FROM, NUMBERS_END)):
        low, high = store.tuples(f"SELECT {edge.format('')}, {edge.format('DESC')}", {"first": first, "end": end})[0]
        if low is not None:
            found += [(start, min(start + size, high + 1)) for start in range(low, high + 1, size)]
    step = next(step for step in range(max(int(len(found) * GOLDEN), 1), len(found) + 2) if gcd(step, len(found)) == 1)
    return [found[number * step % len(found)] for number in range(len(found))]
