"""Many records into one table, fast: a statement for every set of keys, encoders only where a value needs one. Runs no SQL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from sandbox.store.codecs import encoder, ready_type

if TYPE_CHECKING:
    from sandbox.store.table import Table

Row = list[Any]
KNOWN_SHAPES = 4096  # shapes of rows that a plan remembers; more would only cost memory


class Bulk:
    """Turns records into statements with rows. Belongs to the columns that its table has at this moment."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._plans: dict[tuple[str, ...], _Plan] = {}

    def statements(self, records: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, Iterator[Row]]]:
        """Yield a statement and its rows for every run of records with the same keys; take all rows before the next statement."""
        for keys, alike in groupby(records, tuple):
            plan = self._plans.get(keys)
            if plan is None:
                plan = self._plans[keys] = _Plan(self._table, keys)
            yield plan.sql, map(plan.row, alike)


class _Plan:
    """How a record with these keys becomes a row: which values are columns, which of them always need their encoder."""

    def __init__(self, table: Table, keys: tuple[str, ...]) -> None:
        places = [place for place, key in enumerate(keys) if key in table.columns]
        columns = [table.columns[keys[place]] for place in places]
        self._pick = None if len(places) == len(keys) else _picker(places)
        readies = [ready_type(column) for column in columns]
        self._coded = [(place, encoder(column)) for place, column in enumerate(columns) if readies[place] is None]
        self._readies = [(place, encoder(column), readies[place]) for place, column in enumerate(columns) if readies[place] is not None]
        self._fine: set[tuple[type, ...]] = set()
        self.sql = table.bulk_sql([column.name for column in columns])

    def row(self, record: Mapping[str, Any]) -> Row:
        """Return a record's values as they are stored; missing ones get their column's default in the statement."""
        values = list(record.values())
        row = list(self._pick(values)) if self._pick else values
        shape = tuple(map(type, row))
        for place, encode in self._coded:
            if row[place] is not None:
                row[place] = encode(row[place])
        if shape not in self._fine:
            self._put_right(row, shape)
        return row

    def _put_right(self, row: Row, shape: tuple[type, ...]) -> None:
        """Encode values that are not of their column's own type; remember shapes without any."""
        odd = [(place, encode) for place, encode, ready in self._readies if row[place] is not None and type(row[place]) is not ready]
        for place, encode in odd:
            row[place] = encode(row[place])
        if not odd and len(self._fine) < KNOWN_SHAPES:
            self._fine.add(shape)


def _picker(places: list[int]) -> Any:
    """Return what picks the values at these places; itemgetter alone would unpack a single one."""
    return itemgetter(*places) if len(places) != 1 else lambda values: (values[places[0]],)
