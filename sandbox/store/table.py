"""One section as a SQL table: its statements and its codecs. Builds SQL, runs none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.store.codecs import decoder, encoder, ready_type
from sandbox.store.sections import Column, Section


def quote(name: str) -> str:
    """Return an identifier that SQL takes literally; names come from declarations, never from a caller."""
    return '"' + name.replace('"', '""') + '"'


class Table:
    """A section's columns (those of user fields included) and the statements made from them."""

    def __init__(self, section: Section) -> None:
        self.section = section
        self.name, self.key = section.name, section.key
        self.columns: dict[str, Column] = {}
        self.is_numbered = next(c for c in section.columns if c.name == section.key).kind == "integer"
        self.add(section.columns)

    def add(self, columns: Iterable[Column]) -> None:
        """Take more columns."""
        self._arrange({**self.columns, **{column.name: column for column in columns}})

    def remove(self, name: str) -> None:
        """Lose a column."""
        self._arrange({known: column for known, column in self.columns.items() if known != name})

    def _arrange(self, columns: dict[str, Column]) -> None:
        self.columns = columns
        self.names = tuple(self.columns)
        self._encoders = {name: (place, encoder(column), ready_type(column)) for place, (name, column) in enumerate(self.columns.items())}
        self._blank = [column.default for column in self.columns.values()]
        self._decoders = tuple((name, codec) for name, column in self.columns.items() if (codec := decoder(column)))
        marks = ", ".join("?" for _ in self.names)
        self.insert_sql = f"INSERT INTO {quote(self.name)} ({', '.join(map(quote, self.names))}) VALUES ({marks})"
        self.select_sql = f"SELECT {', '.join(map(quote, self.names))} FROM {quote(self.name)}"

    def create_sql(self) -> str:
        """Return the statement that makes the table."""
        return f"CREATE TABLE IF NOT EXISTS {quote(self.name)} ({', '.join(map(self._declare, self.columns.values()))})"

    def column_sql(self, column: Column) -> str:
        """Return the statement that adds a column to an existing table."""
        return f"ALTER TABLE {quote(self.name)} ADD COLUMN {self._declare(column)}"

    def index_sql(self) -> list[tuple[str, str]]:
        """Return names and statements of the section's indexes."""
        made = []
        for columns in self.section.indexes:
            name = f"ix_{self.name}_{'_'.join(columns).lower()}"
            made.append((name, f"CREATE INDEX IF NOT EXISTS {name} ON {quote(self.name)} ({', '.join(map(quote, columns))})"))
        return made

    def _declare(self, column: Column) -> str:
        if column.name != self.key:
            return f"{quote(column.name)} {column.sql_type}"
        # AUTOINCREMENT: the number of a deleted record is never given to another one.
        return f"{quote(column.name)} INTEGER PRIMARY KEY AUTOINCREMENT" if self.is_numbered else f"{quote(column.name)} TEXT PRIMARY KEY"

    def encode(self, record: Mapping[str, Any]) -> list[Any]:
        """Return a record's values in the order of `names`; keys that are no columns are left out."""
        row, known = self._blank.copy(), self._encoders
        for name, value in record.items():
            if value is not None and name in known:
                place, encode, ready = known[name]
                row[place] = value if type(value) is ready else encode(value)
        return row

    def encode_some(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Return the stored form of those changes that are columns."""
        return {name: self._encoders[name][1](value) for name, value in changes.items() if name in self._encoders}

    def decode(self, row: tuple[Any, ...]) -> dict[str, Any]:
        """Return the record of a row selected by `select_sql`."""
        record = dict(zip(self.names, row, strict=True))
        for name, decode in self._decoders:
            record[name] = decode(record[name])
        return record
