"""One section as a SQL table: its statements and its codecs. Builds SQL, runs none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.store.bulk import Bulk
from sandbox.store.codecs import decoder, encoder
from sandbox.store.sections import Column, Section


def quote(name: str) -> str:
    """Return an identifier that SQL takes literally; names come from declarations, never from a caller."""
    return '"' + name.replace('"', '""') + '"'


class Table:
    """A section's columns (those of user fields included) and the statements made from them. Never changes: see `with_column`."""

    def __init__(self, section: Section, columns: Mapping[str, Column] | None = None) -> None:
        self.section = section
        self.name, self.key = section.name, section.key
        self.is_numbered = next(c for c in section.columns if c.name == section.key).kind == "integer"
        self.columns = columns or {column.name: column for column in section.columns}
        self.names = tuple(self.columns)
        self._encoders = {name: encoder(column) for name, column in self.columns.items()}
        self._decoders = tuple((name, codec) for name, column in self.columns.items() if (codec := decoder(column)))
        self.bulk = Bulk(self)
        self.select_sql = f"SELECT {', '.join(map(quote, self.names))} FROM {quote(self.name)}"

    def with_column(self, column: Column) -> Table:
        """Return the table with one column more."""
        return Table(self.section, {**self.columns, column.name: column})

    def without(self, name: str) -> Table:
        """Return the table with one column less."""
        return Table(self.section, {known: column for known, column in self.columns.items() if known != name})

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

    def bulk_sql(self, names: list[str]) -> str:
        """Return the INSERT of rows that have these columns; the others get their default, which also stands for an empty value."""
        given = {name: _mark(self.columns[name]) for name in names}
        rest = {name: _literal(column.default) for name, column in self.columns.items() if name not in given and column.default is not None}
        columns = ", ".join(map(quote, (*given, *rest)))
        if not given and not rest:
            return f"INSERT INTO {quote(self.name)} DEFAULT VALUES"
        return f"INSERT INTO {quote(self.name)} ({columns}) VALUES ({', '.join((*given.values(), *rest.values()))})"

    def encode_some(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Return the stored form of those changes that are columns."""
        return {name: self._encoders[name](value) for name, value in changes.items() if name in self._encoders}

    def decode(self, row: tuple[Any, ...]) -> dict[str, Any]:
        """Return the record of a row selected by `select_sql`."""
        record = dict(zip(self.names, row, strict=True))
        for name, decode in self._decoders:
            record[name] = decode(record[name])
        return record


def _literal(default: object) -> str:
    """Return a column's default as SQL writes it: a number or one of our own letters."""
    return f"'{default}'" if isinstance(default, str) else str(default)


def _mark(column: Column) -> str:
    return "?" if column.default is None else f"COALESCE(?, {_literal(column.default)})"
