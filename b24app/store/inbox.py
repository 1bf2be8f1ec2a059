"""`inbox.db`: all that Bitrix24 tells us, saved before it is answered. The web process appends, the worker reads.

Bitrix24 never sends an event again, so `append` returns after a commit that survives a power cut. One thread commits
for all requests at once: thirty requests wait for one fsync, not for thirty. Who comes alone is saved at once; while
requests come in groups, each waits a few milliseconds for company. Never looks into a message.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from sqlite_utils import Database

from b24app.context import utc_now
from b24app.errors import Malformed, Overloaded
from b24app.store.database import open_reader, open_writer, transaction
from b24app.store.migrations.inbox import MIGRATIONS
from b24app.store.waiting import Entry, Line

INSTANT = "%Y-%m-%dT%H:%M:%SZ"
MOST_ID = 2**63 - 1
Kind = Literal["event", "robot", "command"]

MOST_WAITING = 4096
MOST_TOGETHER = 512
COMMIT_SECONDS = 20.0
GATHER_SECONDS = 0.004  # before a commit that follows a shared one: a commit costs the processor as much as many rows
PRUNE_SECONDS = 600.0  # between two looks for what is old
PRUNED = 1000  # messages of a portal that are forgotten in one transaction: requests wait for it
PRUNE_AGAIN = 1.0  # seconds to the next one when there is more
OLDEST = "SELECT id, received_at FROM message WHERE member_id = ? AND id <= ? ORDER BY id LIMIT ?"
INSERT = "INSERT INTO message (received_at, kind, member_id, key, body) VALUES (?, ?, ?, ?, ?)"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Message:
    """What came in, as it was saved. `key` names what must be done once (a robot's event_token), or is empty."""

    id: int
    received_at: str
    kind: str
    member_id: str
    key: str
    body: dict[str, Any]


@dataclass(frozen=True)
class Upkeep:
    """What the inbox may forget: messages up to `passed` (an id for each portal; of portals not in it all) and before `oldest`."""

    passed: Callable[[], Mapping[str, int]]
    oldest: Callable[[], float]  # unix seconds


class Inbox:
    """The writing end. Touches nothing before `open` or the first append, so that only the web process becomes the writer."""

    def __init__(self, path: Path, upkeep: Upkeep | None = None) -> None:
        self._path, self._upkeep = path, upkeep
        self._prunes_at = time.monotonic() + PRUNE_AGAIN
        self._line = Line(MOST_WAITING)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = False

    def open(self) -> None:
        """Open the file and start the thread, once. Raises Overloaded when the file cannot be written or the inbox is closed."""
        try:
            with self._lock:
                self._start()
        except (OSError, sqlite3.Error) as error:
            raise Overloaded(f"inbox: {error!r}") from error

    def append(self, kind: Kind, member_id: str, body: dict[str, Any], key: str = "") -> int:
        """Save a message and return its id after the commit.

        Raises Overloaded when it is not known to be saved: too many wait, the disk refuses, or the inbox is closed.
        """
        received_at = utc_now().strftime(INSTANT)
        entry = Entry((received_at, kind, _check_text(member_id), _check_text(key), json.dumps(body)))
        if self._thread is None:
            self.open()
        if not self._line.put(entry):
            raise Overloaded("inbox: closed" if self._closed else "inbox: too many wait")
        try:
            return entry.result(COMMIT_SECONDS)
        except (OSError, sqlite3.Error) as error:  # TimeoutError is an OSError
            raise Overloaded(f"inbox: not saved: {error!r}") from error

    def close(self) -> None:
        """Commit what waits and stop. Appending afterwards raises Overloaded."""
        with self._lock:
            self._closed = True
            thread = self._thread
        self._line.close()
        if thread is not None:
            thread.join()

    def _start(self) -> None:
        if self._closed:
            raise Overloaded("inbox: closed")
        if self._thread is None:
            db = open_writer(self._path, MIGRATIONS, synchronous="FULL")
            self._thread = threading.Thread(target=self._write, args=(db,), name="inbox", daemon=True)
            self._thread.start()

    def _write(self, db: Database) -> None:
        batch: list[Entry] = []
        while True:
            self._await(db)
            if len(batch) > 1:
                time.sleep(GATHER_SECONDS)
            if not (batch := self._line.take(MOST_TOGETHER)):
                break
            _commit(db, batch)
        db.close()

    def _await(self, db: Database) -> None:
        """Wait for somebody, or for the end; see to the upkeep when it is time, between two commits."""
        while True:
            if self._upkeep and time.monotonic() >= self._prunes_at:
                self._prunes_at = time.monotonic() + (PRUNE_AGAIN if prune(db, self._upkeep) else PRUNE_SECONDS)
            if self._line.wait(max(self._prunes_at - time.monotonic(), 0.01) if self._upkeep else None):
                return


class InboxReader:
    """The reading end: a connection that cannot write. One thread at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db: Database | None = None

    def after(self, member_id: str, cursor: int, limit: int = 500) -> list[Message]:
        """Return a portal's messages behind the cursor, oldest first; none as long as there is no inbox."""
        db = self._open()
        if db is None:
            return []
        sql = "SELECT * FROM message WHERE member_id = ? AND id > ? ORDER BY id LIMIT ?"
        return [Message(**{**row, "body": json.loads(row["body"])}) for row in db.query(sql, (member_id, cursor, limit))]

    def newest(self) -> int | None:
        """Return the last number that was given, of a message that is forgotten too; None as long as there is no inbox."""
        db = self._open()
        rows = list(db.query("SELECT seq FROM sqlite_sequence WHERE name = 'message'")) if db else []
        return int(rows[0]["seq"]) if rows else None if db is None else 0

    def waiting(self, member_id: str, cursor: int) -> tuple[int, str]:
        """Return how many of a portal's messages are behind the cursor, and when the oldest of them came ('' when there is none)."""
        db = self._open()
        sql = "SELECT COUNT(*) AS number, MIN(received_at) AS oldest FROM message WHERE member_id = ? AND id > ?"
        row = next(db.query(sql, (member_id, cursor))) if db else {}
        return int(row.get("number", 0)), str(row.get("oldest") or "")

    def close(self) -> None:
        """Let go of the file."""
        if self._db is not None:
            self._db.close()
            self._db = None

    def _open(self) -> Database | None:
        if self._db is None and self._path.exists():
            db = open_reader(self._path)
            if MIGRATIONS.pending(db):
                db.close()
            else:
                self._db = db
        return self._db


def prune(db: Database, upkeep: Upkeep) -> bool:
    """Forget the oldest messages that were taken in; tell whether there may be more."""
    is_more, before = False, datetime.fromtimestamp(upkeep.oldest(), UTC).strftime(INSTANT)
    try:
        passed = upkeep.passed()
        for member_id in _list_members(db):
            oldest = list(db.query(OLDEST, (member_id, passed.get(member_id, MOST_ID), PRUNED)))
            old = [(row["id"],) for row in oldest if row["received_at"] < before]
            if old:
                with transaction(db):
                    db.conn.executemany("DELETE FROM message WHERE id = ?", old)
            is_more = is_more or len(old) == PRUNED
    except (OSError, sqlite3.Error) as error:
        log.warning("inbox: upkeep is put off", extra={"reason": repr(error)})
    return is_more


def _list_members(db: Database) -> list[str]:
    """Return whose messages there are, by jumps in the index: the file may be large and requests wait."""
    found: list[str] = []
    while rows := list(db.query("SELECT min(member_id) AS next FROM message WHERE member_id > ?", (found[-1] if found else "",))):
        if rows[0]["next"] is None:
            break
        found.append(rows[0]["next"])
    return found


def _commit(db: Database, batch: list[Entry]) -> None:
    try:
        with transaction(db):
            ids = [db.conn.execute(INSERT, entry.row).lastrowid or 0 for entry in batch]
    except sqlite3.Error as error:
        for entry in batch:
            entry.settle(error)
    else:
        for entry, saved_id in zip(batch, ids, strict=True):
            entry.settle(saved_id)


def _check_text(value: str) -> str:
    """Half a surrogate pair cannot be stored, and would take down everybody in the same commit."""
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise Malformed("inbox: not text") from error
    return value
