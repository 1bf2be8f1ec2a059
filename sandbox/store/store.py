"""Reads and writes records of sections in the portal's one SQLite file. Knows no REST, no rights, no rules of CRM.

One connection writes, under a lock; every thread reads through a connection of its own. Inside `write()` the thread reads
what it has just written.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

from sandbox.entities import BY_USER_FIELDS
from sandbox.store import children
from sandbox.store.connections import Connections
from sandbox.store.sections import CORE_SECTIONS, Column, Section
from sandbox.store.table import quote
from sandbox.store.tables import Tables

Record = dict[str, Any]
CHUNK = 5000


@dataclass(frozen=True)
class Where:
    """A condition in SQL with its bound values."""

    sql: str = ""
    params: tuple[Any, ...] = ()

    def __and__(self, other: Where) -> Where:
        """Return the condition that holds when both hold."""
        if not self.sql or not other.sql:
            return self if self.sql else other
        return Where(f"({self.sql}) AND ({other.sql})", self.params + other.params)

    @property
    def clause(self) -> str:
        """Return ` WHERE ...`, or nothing when there is no condition."""
        return f" WHERE {self.sql}" if self.sql else ""


def equal_to(equal: Mapping[str, Any] | None) -> Where:
    """Return the condition that every column equals its value; a list means any of its values, None means empty."""
    found = Where()
    for name, value in (equal or {}).items():
        column = quote(name)
        if isinstance(value, list | tuple | set | frozenset):
            kept = tuple(one for one in value if not _is_beyond(one))
            found &= Where(f"{column} IN ({', '.join('?' for _ in kept)})", kept)
        elif _is_beyond(value):
            found &= Where("1 = 0")
        else:
            found &= Where(f"{column} IS NULL") if value is None else Where(f"{column} = ?", (value,))
    return found


def _is_beyond(value: Any) -> bool:
    """Tell whether a number has more than SQLite's 64 bits: no column holds it."""
    return isinstance(value, int) and not -(2**63) <= value < 2**63


@cache
def mark_of(sections: tuple[Section, ...]) -> int:
    """Return a number by which a file remembers the declarations that it was made from."""
    return zlib.crc32(repr(sections).encode()) & 0x7FFFFFFF


class Store:
    """The portal's records. `is_draft`: the file is being made at once and is thrown away if that fails."""

    def __init__(self, path: Path, sections: Iterable[Section] = CORE_SECTIONS, is_draft: bool = False) -> None:
        self._connections = Connections(path, is_draft)
        self._writer = self._connections.writer
        self.write = self._connections.write
        self.after_commit = self._connections.after_commit
        self.close = self._connections.close
        declared = tuple(sections)
        self.tables = Tables(declared, self._connections)
        self.user_fields_version = 0
        with self.write():
            if self._writer.execute("PRAGMA user_version").fetchone()[0] != mark_of(declared):
                self._create()
                self._writer.execute(f"PRAGMA user_version = {mark_of(declared)}")
            self._grow(self.find("user_fields"))

    def _create(self) -> None:
        """Make what the file lacks of the declared tables, columns and indexes."""
        self._writer.execute("CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT)")
        for table in self.tables.values():
            self._writer.execute(table.create_sql())
            known = {row[1] for row in self._writer.execute(f"PRAGMA table_info({quote(table.name)})")}
            for column in table.columns.values():
                if column.name not in known:
                    self._writer.execute(table.column_sql(column))
            for _, statement in table.index_sql():
                self._writer.execute(statement)

    def rows(self, sql: str, params: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
        """Run a query of ours and return its rows."""
        return self._connections.reader().execute(sql, tuple(params)).fetchall()

    def get(self, section: str, key: int | str) -> Record | None:
        """Return one record with its multi-fields and linked ids, or None."""
        found = self.find(section, {self.tables[section].key: key}, limit=1)
        self.attach(section, found)
        return found[0] if found else None

    def find(  # noqa: PLR0913 - the parts of one SELECT
        self,
        section: str,
        equal: Mapping[str, Any] | None = None,
        where: Where | None = None,
        order: str = "",
        limit: int = -1,
        *,
        offset: int = 0,
    ) -> list[Record]:
        """Return records without multi-fields and links (see `attach`); `order` is SQL of ours."""
        table = self.tables[section]
        condition = equal_to(equal) & (where or Where())
        sql = f"{table.select_sql}{condition.clause} ORDER BY {order or quote(table.key)} LIMIT {limit} OFFSET {offset}"
        return [table.decode(row) for row in self.rows(sql, condition.params)]

    def count(self, section: str, equal: Mapping[str, Any] | None = None, where: Where | None = None) -> int:
        """Return how many records meet the condition."""
        condition = equal_to(equal) & (where or Where())
        return int(self.rows(f"SELECT COUNT(*) FROM {quote(section)}{condition.clause}", condition.params)[0][0])

    def attach(self, section: str, records: list[Record], has_multi: bool = True, has_links: bool = True) -> None:
        """Put multi-fields and linked ids into records of a CRM section."""
        by_id = {record["ID"]: record for record in records} if section in children.LINKS_OF else {}
        if by_id and has_multi and section in children.HAS_MULTI:
            children.attach_multi(by_id, self.find("multi_fields", {"SECTION": section, "OWNER_ID": list(by_id)}))
        if by_id and has_links:
            link = children.LINKS_OF[section]
            rows = self.find("links", {"KIND": link.kind, link.mine: list(by_id)}, order='"SORT", "ID"')
            children.attach_links(by_id, link, rows)

    def insert(self, section: str, record: Record) -> int | str:
        """Keep one new record; return its key."""
        with self.write():
            numbered = self._number(section, [record])
            self._insert_chunk(section, numbered)
        return numbered[0][self.tables[section].key]

    def insert_many(self, section: str, records: Iterable[Record]) -> int:
        """Keep many new records, ids kept where given; return how many. An empty table gets its indexes afterwards."""
        written, pending = 0, iter(records)
        with self.write():
            bare = self._drop_indexes_if_empty(section)
            while chunk := list(islice(pending, CHUNK)):
                self._insert_chunk(section, self._number(section, chunk))
                written += len(chunk)
            for statement in bare:
                self._writer.execute(statement)
        return written

    def _drop_indexes_if_empty(self, section: str) -> list[str]:
        made = []
        for name in (section, "multi_fields", "links") if section in children.LINKS_OF else (section,):
            if self._writer.execute(f"SELECT 1 FROM {quote(name)} LIMIT 1").fetchone() is None:
                for index, statement in self.tables[name].index_sql():
                    self._writer.execute(f"DROP INDEX IF EXISTS {index}")
                    made.append(statement)
        return made

    def _number(self, section: str, records: list[Record]) -> list[Record]:
        table = self.tables[section]
        if not table.is_numbered:
            return records
        found = self._writer.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (section,)).fetchone()
        last = found[0] if found else 0
        numbered = []
        for record in records:
            given = record.get(table.key)
            last = max(last, int(given)) if given is not None else last + 1
            numbered.append(record if given is not None else {**record, table.key: last})
        return numbered

    def _insert_chunk(self, section: str, records: list[Record]) -> None:
        if section in children.LINKS_OF:
            records = [children.complete(section, record) for record in records]
            for record in records:
                record["ID"] = int(record["ID"])
        self._insert_rows(section, records)
        if section in children.HAS_MULTI:
            self._insert_rows("multi_fields", (row for r in records for row in children.multi_rows(section, r["ID"], r)))
        if section in children.LINKS_OF:
            self._insert_rows("links", (row for r in records for row in children.link_rows(section, r["ID"], r)))
        if section == "user_fields":
            self._grow(records)

    def _insert_rows(self, section: str, rows: Iterable[Record]) -> None:
        for sql, values in self.tables[section].bulk.statements(rows):
            self._writer.executemany(sql, values)

    def save(self, section: str, key: int | str, changes: Mapping[str, Any]) -> None:
        """Change columns, and replace multi-fields and linked ids that `changes` names."""
        table = self.tables[section]
        stored = table.encode_some({name: value for name, value in changes.items() if name != table.key})
        with self.write():
            if stored:
                sets = ", ".join(f"{quote(name)} = ?" for name in stored)
                self._writer.execute(f"UPDATE {quote(section)} SET {sets} WHERE {quote(table.key)} = ?", (*stored.values(), key))
            self._save_children(section, int(key) if table.is_numbered else 0, changes)
            if section == "user_fields":
                self.user_fields_version += 1

    def _save_children(self, section: str, owner_id: int, changes: Mapping[str, Any]) -> None:
        for name in children.MULTI_FIELDS if section in children.HAS_MULTI else ():
            if name in changes:
                self.delete_where("multi_fields", {"SECTION": section, "OWNER_ID": owner_id, "TYPE_ID": name})
                self._insert_rows("multi_fields", children.multi_rows(section, owner_id, {name: changes[name]}))
        link = children.LINKS_OF.get(section)
        if link and (link.field in changes or (link.primary and link.primary in changes)):
            self.delete_where("links", {"KIND": link.kind, link.mine: owner_id})
            self._insert_rows("links", children.link_rows(section, owner_id, dict(changes)))

    def delete(self, section: str, key: int | str) -> None:
        """Forget one record, its multi-fields and its links."""
        table = self.tables[section]
        with self.write():
            self.delete_where(section, {table.key: key})
            if section in children.LINKS_OF:
                self.delete_where("multi_fields", {"SECTION": section, "OWNER_ID": key})
                for kind, column in children.LINK_ENDS[section]:
                    self.delete_where("links", {"KIND": kind, column: key})
            if section == "user_fields":
                self.user_fields_version += 1

    def delete_where(self, section: str, equal: Mapping[str, Any]) -> int:
        """Forget all records whose columns equal these values; return how many."""
        condition = equal_to(equal)
        with self.write():
            return self._writer.execute(f"DELETE FROM {quote(section)}{condition.clause}", condition.params).rowcount

    def _grow(self, user_fields: Iterable[Record]) -> None:
        """Give every user field its column."""
        for field in user_fields:
            entity = BY_USER_FIELDS.get(field["ENTITY_ID"])
            if entity is not None:
                self._add_column(entity.section, Column(field["FIELD_NAME"], field["USER_TYPE_ID"], field.get("MULTIPLE") == "Y"))
        self.user_fields_version += 1

    def _add_column(self, section: str, column: Column) -> None:
        table = self.tables[section]
        known = {row[1] for row in self._writer.execute(f"PRAGMA table_info({quote(section)})")}
        if column.name not in known:
            self._writer.execute(table.column_sql(column))
        self.tables.change(table.with_column(column))

    def drop_column(self, section: str, name: str) -> None:
        """Forget a user field's column and its values."""
        with self.write():
            self._writer.execute(f"ALTER TABLE {quote(section)} DROP COLUMN {quote(name)}")
            self.tables.change(self.tables[section].without(name))

    def setting(self, name: str, default: Any = None) -> Any:
        """Return a kept setting (anything that JSON holds)."""
        found = self.rows("SELECT value FROM settings WHERE name = ?", (name,))
        return json.loads(found[0][0]) if found else default

    def set_setting(self, name: str, value: Any) -> None:
        """Keep a setting."""
        with self.write():
            self._writer.execute(
                "INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                (name, json.dumps(value, ensure_ascii=False)),
            )
