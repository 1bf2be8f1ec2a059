"""The hot path into a table: many rows in one statement, inside the caller's transaction.

Table and column names come from our declarations, never from a request; values are always bound.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from operator import itemgetter
from typing import Any

from b24app.store.mirror import PortalStore

Row = dict[str, Any]

MANY = 500  # values in one IN (...): well below the limits of SQLite and PostgreSQL


def upsert(store: PortalStore, table: str, rows: Sequence[Row]) -> int:
    """Insert or overwrite by the primary key; all rows have the columns of the first. Return how many."""
    if not rows:
        return 0
    columns = list(rows[0])
    pick = itemgetter(*columns) if len(columns) > 1 else lambda row: (row[columns[0]],)
    upsert_values(store, table, columns, map(pick, rows))
    return len(rows)


def upsert_values(store: PortalStore, table: str, columns: Sequence[str], values: Iterable[Sequence[Any]]) -> None:
    """The same with rows that have no names: their values in the order of the columns."""
    with store.write() as db:
        db.conn.executemany(_upsert_sql(store, table, columns), values)


def delete(store: PortalStore, table: str, ids: Iterable[Any], column: str = "id") -> None:
    """Delete the rows whose column has one of these values."""
    with store.write() as db:
        db.conn.executemany(f'DELETE FROM "{table}" WHERE "{column}" = ?', [(value,) for value in ids])


def replace_owned(store: PortalStore, table: str, owner: tuple[str, Iterable[int]], rows: Sequence[Row]) -> None:
    """Give the owners (column, ids) exactly these rows."""
    column, ids = owner
    with store.write():
        delete(store, table, ids, column)
        upsert(store, table, rows)


def replace_all(store: PortalStore, table: str, rows: Sequence[Row]) -> None:
    """Make the table hold exactly these rows."""
    with store.write() as db:
        db.conn.execute(f'DELETE FROM "{table}"')
        upsert(store, table, rows)


def chunks(values: Iterable[Any], size: int = MANY) -> Iterator[list[Any]]:
    """Cut a long list into pieces that fit one statement."""
    source = iter(values)
    while piece := list(islice(source, size)):
        yield piece


def marks(values: Sequence[Any]) -> str:
    """Return the placeholders of an IN (...)."""
    return ", ".join("?" * len(values))


def _upsert_sql(store: PortalStore, table: str, columns: Sequence[str]) -> str:
    keys = store.keys(table)
    names = ", ".join(f'"{name}"' for name in columns)
    changed = ", ".join(f'"{name}" = excluded."{name}"' for name in columns if name not in keys)
    action = f"UPDATE SET {changed}" if changed else "NOTHING"
    key_names = ", ".join(f'"{name}"' for name in keys)
    return f'INSERT INTO "{table}" ({names}) VALUES ({marks(columns)}) ON CONFLICT ({key_names}) DO {action}'
