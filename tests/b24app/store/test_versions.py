"""A store of any earlier version opens, becomes one of today, and keeps all that was in it.

tests/fixtures/stores holds what every version made, two rows in every table, as SQL; `python -m tests.b24app.store.keep_version` adds
today's, which belongs to every release that has a migration.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database, Migrations

from b24app.store import migrations as _all  # noqa: F401 - registers what belongs to the rooms
from b24app.store.database import open_writer
from b24app.store.migrations import app, inbox, mirror

STORES = Path(__file__).resolve().parents[2] / "fixtures" / "stores"
KINDS: dict[str, Migrations] = {"app": app.MIGRATIONS, "inbox": inbox.MIGRATIONS, "mirror": mirror.MIGRATIONS}
VERSIONS = [(kind, path) for kind in KINDS for path in sorted((STORES / kind).glob("*.sql"))]
# What a migration has taken away on purpose, and why; where one has written more rows.
GONE = {"segment_size": "counted anew every day, by another measure"}
MORE = ("due_client",)


def open_old(path: Path, target: Path) -> None:
    """Make the file that an earlier version has left."""
    with closing(sqlite3.connect(target)) as db:
        db.executescript(path.read_text(encoding="utf-8"))


def tables(db: Database) -> list[str]:
    """Return the names of its tables."""
    return [name for name in db.table_names() if not name.startswith(("sqlite_", "_sqlite"))]


def columns(db: Database, table: str) -> dict[str, str]:
    """Return a table's columns and their types."""
    return {row[1]: row[2] for row in db.execute(f'PRAGMA table_info("{table}")')}


def content(db: Database, table: str, names: list[str]) -> Counter[tuple[Any, ...]]:
    """Return the rows of these columns."""
    chosen = ", ".join(f'"{name}"' for name in names)
    return Counter(db.execute(f'SELECT {chosen} FROM "{table}"'))


def shape(db: Database) -> dict[str, Any]:
    """Return what a database is made of: tables with their columns, indexes, views."""
    made = db.execute("SELECT type, name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' AND name NOT LIKE '\\_sqlite%' ESCAPE '\\'")
    return {"made": sorted(made), **{table: columns(db, table) for table in tables(db)}}


@pytest.mark.parametrize(("kind", "path"), VERSIONS, ids=[f"{kind} {path.stem}" for kind, path in VERSIONS])
def test_store_of_an_earlier_version_becomes_todays(kind: str, path: Path, tmp_path: Path) -> None:
    """Every row and every value is still there, the shape is that of a store which is made today, and the file is whole."""
    open_old(path, tmp_path / "old.db")
    with closing(Database(tmp_path / "old.db")) as old:
        before = {table: (list(columns(old, table)), content(old, table, list(columns(old, table)))) for table in tables(old)}

    with closing(open_writer(tmp_path / "old.db", KINDS[kind])) as now, closing(open_writer(tmp_path / "new.db", KINDS[kind])) as new:
        for table, (names, rows) in before.items():
            if table not in GONE:
                found = content(now, table, names)
                assert found >= rows, table
                assert table in MORE or found == rows, table
        assert shape(now) == shape(new)
        assert [row[0] for row in now.execute("PRAGMA integrity_check")] == ["ok"]
        assert KINDS[kind].pending(now) == []


def test_there_are_stores_of_earlier_versions() -> None:
    """A test over no files would pass."""
    assert {kind: len([one for one, _ in VERSIONS if one == kind]) > 0 for kind in KINDS} == dict.fromkeys(KINDS, True)
