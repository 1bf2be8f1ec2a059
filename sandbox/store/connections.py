"""Connections to the portal's one SQLite file: one that writes, under a lock, and one reader for every thread. Knows no tables."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CACHE_KIB = 65536
DRAFT_CACHE_KIB = 524288
BUSY_SECONDS = 30
# How the writer treats the file. A draft is a file that is thrown away if its making fails: nothing is journaled, nothing flushed.
KEPT = ("journal_mode = WAL", "synchronous = NORMAL")
DRAFT = ("journal_mode = OFF", "synchronous = OFF", "temp_store = MEMORY", "threads = 2", f"cache_size = -{DRAFT_CACHE_KIB}")


class Connections:
    """Opens what is asked for and closes all. `path` must be a file: readers open it anew.

    `is_draft` is for making a whole file at once; after a failure it is not to be used.
    """

    def __init__(self, path: Path, is_draft: bool = False) -> None:
        self._path, self._is_draft = path, is_draft
        self._lock = threading.RLock()
        self._depth = 0
        self._owner = 0
        self._begun = 0  # transactions
        self._local = threading.local()
        self._readers: list[sqlite3.Connection] = []
        self._readers_lock = threading.Lock()  # of its own: a thread's first read does not wait for a writer
        self._waiting: list[Callable[[], None]] = []
        self.writer = self._connect()
        for pragma in DRAFT if is_draft else KEPT:
            self.writer.execute(f"PRAGMA {pragma}")

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, timeout=BUSY_SECONDS)
        connection.create_function("LOWER", 1, _lower, deterministic=True)  # SQLite's own knows ASCII only
        connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        return connection

    @contextmanager
    def write(self) -> Iterator[None]:
        """Hold the only right to write, in one transaction; nested uses join the outer one."""
        with self._lock:
            if self._depth == 0:
                self.writer.execute("BEGIN IMMEDIATE")
                self._owner = threading.get_ident()
                self._begun += 1
            self._depth += 1
            try:
                yield
            except BaseException:
                self._leave("ROLLBACK")
                raise
            waiting = self._leave("COMMIT")
        for callback in waiting:
            callback()

    def _leave(self, ending: str) -> list[Callable[[], None]]:
        """End the transaction if this is its outermost use; return what waited for its end."""
        self._depth -= 1
        if self._depth:
            return []
        self._owner, waiting, self._waiting = 0, self._waiting, []
        self.writer.execute(ending)
        return waiting

    @property
    def transaction(self) -> int:
        """Return the number of this thread's own transaction; 0 when it writes nothing."""
        return self._begun if self._owner == threading.get_ident() else 0

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Call back when what this thread is writing is committed; at once when it writes nothing; never after a rollback."""
        if self.transaction:
            self._waiting.append(callback)
        else:
            callback()

    def reader(self) -> sqlite3.Connection:
        """Return this thread's own connection; inside `write()` the writing one, which sees what was just written."""
        if self.transaction:
            return self.writer
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._connect()
            connection.execute("PRAGMA query_only = ON")
            with self._readers_lock:
                self._readers.append(connection)
        return connection

    def close(self) -> None:
        """Close every connection; what was a draft is a portal's ordinary file from now on."""
        with self._lock, self._readers_lock:
            for connection in self._readers:
                connection.close()
            self._readers.clear()
            if self._is_draft:
                self.writer.execute("PRAGMA journal_mode = WAL")
            self.writer.close()


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value
