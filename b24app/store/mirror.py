"""One portal's file: the writer that the worker's threads share, the readers of the web process, typed columns for user fields.

Knows how to open, lock and ask; what is asked is named SQL in the modules beside it.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any
from weakref import WeakValueDictionary

from sqlite_utils import Database

from b24app.errors import NotFound
from b24app.store.database import open_reader, open_writer, transaction
from b24app.store.migrations.mirror import MIGRATIONS

Params = Sequence[Any] | Mapping[str, Any]

MEMBER_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")


class PortalStore:
    """The file of one portal. `pulling` is held by whoever reads records from the portal into it: an older
    answer must never be written over a newer one. `refreshing` is held by who brings segments up to date, a `turn` by whoever
    does what must not be done twice at once."""

    def __init__(self, db: Database, writable: bool) -> None:
        self.db = db
        self.writable = writable
        self.pulling = threading.Lock()
        self.refreshing = threading.Lock()
        self._turns: WeakValueDictionary[str, threading.Lock] = WeakValueDictionary()
        self._lock = threading.RLock()

    def __enter__(self) -> PortalStore:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def turn(self, name: str) -> threading.Lock:
        """Return the lock of a thing by its name: the same one as long as anybody holds it or waits for it."""
        with self._lock:
            return self._turns.setdefault(name, threading.Lock())

    @contextmanager
    def write(self) -> Iterator[Database]:
        """Hold the lock and one transaction; inside another `write` of the same thread, be part of that one."""
        if not self.writable:
            raise RuntimeError("this store was opened for reading")
        with self._lock:
            if self.db.conn.in_transaction:
                yield self.db
            else:
                with transaction(self.db):
                    yield self.db

    @contextmanager
    def scratch(self) -> Iterator[Database]:
        """Let temporary tables be written: what a reader may do too, and then reads one state of the file until the end."""
        if self.writable:
            with self.write() as db:
                yield db
            return
        with self._lock:
            if self.db.conn.in_transaction:
                yield self.db
                return
            self.db.conn.execute("BEGIN")
            try:
                yield self.db
            finally:
                self.db.conn.execute("COMMIT")

    def rows(self, sql: str, params: Params = ()) -> list[dict[str, Any]]:
        """Return all rows. The lock keeps one thread from seeing what another has not committed yet."""
        with self._lock:
            cursor = self.db.conn.execute(sql, params)
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor]

    def tuples(self, sql: str, params: Params = ()) -> list[tuple[Any, ...]]:
        """Return all rows without names, for hot paths."""
        with self._lock:
            return list(self.db.conn.execute(sql, params))

    def row(self, sql: str, params: Params = ()) -> dict[str, Any] | None:
        """Return the first row, or None."""
        found = self.rows(sql, params)
        return found[0] if found else None

    def tables(self) -> list[str]:
        """Return the names of all tables."""
        return [row["name"] for row in self.rows("SELECT name FROM sqlite_master WHERE type = 'table'")]

    def path(self) -> Path | None:
        """Return the file, None when it is a database in memory."""
        name = self.tuples("SELECT file FROM pragma_database_list WHERE name = 'main'")[0][0]
        return Path(name) if name else None

    def columns(self, table: str) -> dict[str, str]:
        """Return the columns of a table and their SQL types."""
        return {row["name"]: row["type"] for row in self.rows("SELECT name, type FROM pragma_table_info(?)", (table,))}

    def keys(self, table: str) -> tuple[str, ...]:
        """Return the primary key's columns in their order."""
        return tuple(row["name"] for row in self.rows("SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk", (table,)))

    def add_columns(self, table: str, columns: Mapping[str, str]) -> None:
        """Make the columns (name to SQL type) that are not there or have another type."""
        with self.write() as db:
            there = self.columns(table)
            for name in [name for name, kind in columns.items() if there.get(name) != kind]:
                if name in there:
                    db.conn.execute(f'ALTER TABLE "{table}" DROP COLUMN "{name}"')
                db.conn.execute(f'ALTER TABLE "{table}" ADD COLUMN "{name}" {columns[name]}')

    def make_table(self, table: str, columns: Mapping[str, str]) -> None:
        """Make a table of records (name to SQL type, `id` among them) that is not there; add columns that it lacks."""
        with self.write() as db:
            db.conn.execute(f'CREATE TABLE IF NOT EXISTS "{table}" (id INTEGER PRIMARY KEY)')
            self.add_columns(table, {name: kind for name, kind in columns.items() if name != "id"})

    def drop_table(self, table: str) -> None:
        """Forget a table that `make_table` has made."""
        with self.write() as db:
            db.conn.execute(f'DROP TABLE IF EXISTS "{table}"')

    def clear_columns(self, table: str, names: Iterable[str]) -> None:
        """Make every value of these columns unknown."""
        if settings := ", ".join(f'"{name}" = NULL' for name in names):
            with self.write() as db:
                db.conn.execute(f'UPDATE "{table}" SET {settings}')

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self.db.close()


class PortalStores:
    """Finds the file of a portal. The worker keeps one writer a portal; a reader is opened and closed by its caller."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._writers: dict[str, PortalStore] = {}
        self._lock = threading.Lock()

    def path(self, member_id: str) -> Path:
        """Return the file's place; a member_id comes from outside and must not leave the directory."""
        if not MEMBER_ID.fullmatch(member_id):
            raise NotFound(f"no portal {member_id!r:.80}")
        return self._data_dir / f"{member_id}.db"

    def writer(self, member_id: str) -> PortalStore:
        """Return the one writer of this process, made and migrated at first use."""
        path = self.path(member_id)
        with self._lock:
            if member_id not in self._writers:
                self._writers[member_id] = PortalStore(open_writer(path, MIGRATIONS), writable=True)
            return self._writers[member_id]

    def reader(self, member_id: str) -> PortalStore:
        """Return a new read-only store, to be closed by the caller. Raises NotFound before the worker has made the file."""
        path = self.path(member_id)
        if not path.exists():
            raise NotFound(f"nothing is known of portal {member_id} yet")
        store = PortalStore(open_reader(path), writable=False)
        if store.columns("progress"):
            return store
        store.close()
        raise NotFound(f"the file of portal {member_id} is being made")

    def remove(self, member_id: str) -> None:
        """Forget everything of a portal that has left."""
        path = self.path(member_id)
        with self._lock:
            writer = self._writers.pop(member_id, None)
        if writer:
            writer.close()
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)

    def close(self) -> None:
        """Close all writers."""
        with self._lock:
            writers, self._writers = list(self._writers.values()), {}
        for writer in writers:
            writer.close()
