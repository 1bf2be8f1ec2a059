"""Opens SQLite files: a writer that has been migrated, a reader that cannot write. Knows no table.

SQLite before 3.51.3 can lose pages of a WAL file when one connection commits while another checkpoints, so a WAL
file has one writing connection and everybody else reads with `mode=ro`. (https://www.sqlite.org/wal.html)
"""

from __future__ import annotations

import errno
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from sqlite_utils import Database, Migrations

Journal = Literal["wal", "delete"]
Synchronous = Literal["NORMAL", "FULL"]
StoreError = sqlite3.Error

BUSY_SECONDS = 10.0
CACHE_KIB = 65536  # pages that a writer may keep: SQLite's 2 MB hold no index of a large base
CHECKPOINT_PAGES = 8192  # of the WAL, 32 MB: every checkpoint waits for the disk twice, and a first sync fills SQLite's 4 MB every second
SAFE_VERSION = (3, 51, 3)
# SQLite's primary result codes for what passes without a change of ours, and our word for it (https://www.sqlite.org/rescode.html).
PASSING = {5: "locked", 6: "locked", 8: "disk", 10: "disk", 13: "disk", 14: "disk"}

log = logging.getLogger(__name__)


def open_writer(path: Path, migrations: Migrations, journal: Journal = "wal", synchronous: Synchronous = "NORMAL") -> Database:
    """Open the file for writing, make it if need be, and bring it to the newest migration.

    The connection may pass between threads; whoever shares it brings a lock.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if journal == "wal":
        warn_of_old_sqlite()
    db = _connect(str(path))
    try:
        # Wanted even when it is the default: another build of SQLite may have another one.
        db.conn.execute(f"PRAGMA journal_mode={journal}")
        db.conn.execute(f"PRAGMA synchronous={synchronous}")
        db.conn.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
        db.conn.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
        migrate(db, migrations)
    except BaseException:
        db.close()
        raise
    return db


def open_reader(path: Path) -> Database:
    """Open an existing file for reading only. Raises sqlite3.OperationalError when there is none."""
    return _connect(f"file:{quote(str(path))}?mode=ro")


def migrate(db: Database, migrations: Migrations) -> None:
    """Apply what is pending, all or nothing; a second process that starts at the same time waits for the first."""
    if migrations.pending(db):
        with transaction(db):
            migrations.apply(db)


@contextmanager
def transaction(db: Database) -> Iterator[Database]:
    """Hold the write lock from the first line: a reader that turns writer half-way cannot wait, it fails at once."""
    db.conn.execute("BEGIN IMMEDIATE")
    try:
        yield db
    except BaseException:
        db.rollback()
        raise
    try:
        db.conn.execute("COMMIT")
    except BaseException:
        db.rollback()
        raise


def find_trouble(error: BaseException | None) -> str:
    """Return `locked` or `disk` (full, broken, read-only) for an error of SQLite, or of its file, that may pass; '' for all others."""
    if isinstance(error, sqlite3.Error):
        return PASSING.get(getattr(error, "sqlite_errorcode", 0) & 0xFF, "")
    return "disk" if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO) else ""


@cache
def warn_of_old_sqlite() -> None:
    """Say once a process that this SQLite has the WAL-reset bug; the law of one writer a file keeps us out of its way."""
    if sqlite3.sqlite_version_info < SAFE_VERSION:
        log.warning("sqlite is older than 3.51.3", extra={"sqlite": sqlite3.sqlite_version})


def _connect(address: str) -> Database:
    connection = sqlite3.connect(address, timeout=BUSY_SECONDS, check_same_thread=False, uri=address.startswith("file:"))
    return Database(connection)
