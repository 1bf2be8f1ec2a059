"""The tables as they are now: whoever changes one sees it so at once, everybody else when it is committed. Runs no SQL.

SQLite takes a quoted name that is no column for a text, so nobody may ask for a column before it is there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from sandbox.store.connections import Connections
from sandbox.store.sections import Section
from sandbox.store.table import Table


class Tables(Mapping[str, Table]):
    """Every section's table by its name."""

    def __init__(self, sections: Iterable[Section], connections: Connections) -> None:
        self._committed = {section.name: Table(section) for section in sections}
        self._changed: dict[str, tuple[int, Table]] = {}  # with the transaction that changes it
        self._connections = connections

    def __getitem__(self, name: str) -> Table:
        """Return a table as this thread has to see it."""
        transaction, table = self._changed.get(name, (0, None))
        return table if table and transaction == self._connections.transaction else self._committed[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._committed)

    def __len__(self) -> int:
        return len(self._committed)

    def change(self, table: Table) -> None:
        """Take a table's new columns, inside `write()`. A rollback takes them back."""
        self._changed[table.name] = (self._connections.transaction, table)
        self._connections.after_commit(lambda: self._committed.update({table.name: table}))
