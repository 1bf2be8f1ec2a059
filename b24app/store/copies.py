"""Copies of database files, whole and checked, made while others write into them. Knows every file's migrations, no table's meaning."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlite_utils import Database, Migrations

from b24app.store.database import find_trouble, open_reader
from b24app.store.migrations import app, inbox, mirror

JOBS = "jobs.db"
PARTS = ("", "-wal", "-shm", "-journal")  # what one database may consist of
# The tables of jobs.db are dbos's own; every other file is a portal's.
OURS: dict[str, Migrations | None] = {"app.db": app.MIGRATIONS, "inbox.db": inbox.MIGRATIONS, JOBS: None}


def list_databases(folder: Path) -> list[str]:
    """Return the names of all database files there."""
    return sorted(path.name for path in folder.glob("*.db") if path.is_file())


def list_mirrors(folder: Path) -> list[str]:
    """Return the names of the portals' files."""
    return [name for name in list_databases(folder) if name not in OURS]


def copy_database(source: Path, target: Path) -> None:
    """Copy a database as it is at one moment, into one file that needs no other beside it.

    https://www.sqlite.org/backup.html: writers of a WAL file are not held up; of another one they wait for the copy, which is made in
    one go because it would begin anew with every write.
    """
    with closing(open_reader(source)) as db, closing(sqlite3.connect(target)) as copied:
        db.conn.backup(copied)
        copied.execute("PRAGMA journal_mode=DELETE")
    target.chmod(0o600)
    with target.open("rb") as file:
        os.fsync(file.fileno())


def find_damage(path: Path) -> list[str]:
    """Return what SQLite finds wrong with a file; nothing when it is whole."""
    try:
        with closing(open_reader(path)) as db:
            found = [row[0] for row in db.conn.execute("PRAGMA integrity_check")]
    except sqlite3.Error as error:
        return [str(error)]
    return [] if found == ["ok"] else found


def list_migrations(path: Path) -> list[str]:
    """Return the migrations that a file has been through; none for one that is not ours."""
    migrations = OURS.get(path.name, mirror.MIGRATIONS)
    if migrations is None:
        return []
    with closing(open_reader(path)) as db:
        return _applied(db, migrations)


def list_unknown(name: str, applied: list[str]) -> list[str]:
    """Return those of a file's migrations that we have never heard of: a newer version has made them."""
    migrations = OURS.get(name, mirror.MIGRATIONS)
    known = {one.name for one in migrations.pending(Database(memory=True))} if migrations else set(applied)
    return [one for one in applied if one not in known]


def is_in_use(path: Path) -> bool:
    """Tell whether any process has a WAL file open: only whoever is alone with it may change its journal.

    Changes the journal of a file that nobody uses, which the next writer changes back; commits and checkpoints nothing in one that
    somebody does.
    """
    with closing(sqlite3.connect(path, timeout=0)) as connection:
        try:
            connection.execute("PRAGMA journal_mode=DELETE")
        except sqlite3.DatabaseError as error:
            return find_trouble(error) == "locked"
    return False


def _applied(db: Database, migrations: Migrations) -> list[str]:
    return [one.name for one in migrations.applied(db)]
