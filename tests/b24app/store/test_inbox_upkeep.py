"""The inbox does not grow for ever, and forgets nothing that was not taken in; a full disk passes."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from b24app.errors import Overloaded
from b24app.store import inbox as inbox_module
from b24app.store.database import find_trouble
from b24app.store.inbox import Inbox, Upkeep

DAY = 86400.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give an inbox of two portals with ten messages each, the first five of them a month old."""
    box = Inbox(tmp_path / "inbox.db")
    for number in range(20):
        box.append("event", f"m{number % 2}", {})
    box.close()
    with closing(sqlite3.connect(tmp_path / "inbox.db")) as db:
        db.execute("UPDATE message SET received_at = '2020-01-01T00:00:00Z' WHERE id <= 10")
        db.commit()
    return tmp_path / "inbox.db"


def prune(path: Path, passed: dict[str, int]) -> list[int]:
    """Let an inbox see to its upkeep; return the ids that it kept."""
    box = Inbox(path, Upkeep(lambda: passed, lambda: time.time() - 30 * DAY))
    box._prunes_at = 0.0
    box.open()
    box.append("event", "m0", {})
    box.close()
    with closing(sqlite3.connect(path)) as db:
        return [row[0] for row in db.execute("SELECT id FROM message ORDER BY id")]


def test_old_messages_that_were_taken_in_are_forgotten(path: Path) -> None:
    """Each portal up to its own cursor; what is young stays, whoever has read it."""
    assert prune(path, {"m0": 5, "m1": 99}) == [7, 9, *range(11, 22)]


def test_nothing_that_was_not_read_is_forgotten(path: Path) -> None:
    """However old it is."""
    assert prune(path, {"m0": 0, "m1": 0}) == list(range(1, 22))


def test_portal_that_has_left_keeps_nothing_back(path: Path) -> None:
    """Nobody will ever read its messages."""
    assert prune(path, {"m0": 0}) == [1, 3, 5, 7, 9, *range(11, 22)]


def test_large_backlog_is_forgotten_piece_by_piece(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A piece a transaction, so that requests hardly wait; the rest follows."""
    monkeypatch.setattr(inbox_module, "PRUNED", 2)
    monkeypatch.setattr(inbox_module, "PRUNE_AGAIN", 0.0)
    box = Inbox(path, Upkeep(lambda: {"m0": 99, "m1": 99}, lambda: time.time() - 30 * DAY))
    box._prunes_at = 0.0
    box.open()

    with closing(sqlite3.connect(path)) as db:
        deadline = time.monotonic() + 120
        while db.execute("SELECT count(*) FROM message").fetchone()[0] > 10:
            assert time.monotonic() < deadline
    box.close()


def test_trouble_in_the_upkeep_stops_nobody(path: Path) -> None:
    """A mirror that cannot be read puts the upkeep off; messages are taken all the same."""

    def fail() -> dict[str, int]:
        raise sqlite3.OperationalError("database is locked")

    box = Inbox(path, Upkeep(fail, time.time))
    box._prunes_at = 0.0
    assert box.append("event", "m0", {}) == 21
    box.close()


@pytest.fixture
def small_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Inbox, Database]]:
    """Give an inbox whose file may not grow, as on a full disk, and the connection that may change that."""
    opened: list[Database] = []
    open_writer = inbox_module.open_writer

    def open_small(*args: object, **options: object) -> Database:
        db = open_writer(*args, **options)  # type: ignore[arg-type]
        db.conn.execute("PRAGMA max_page_count = 20")
        opened.append(db)
        return db

    monkeypatch.setattr(inbox_module, "open_writer", open_small)
    box = Inbox(tmp_path / "inbox.db")
    box.open()
    yield box, opened[0]
    box.close()


def test_full_disk_refuses_and_recovers(small_disk: tuple[Inbox, Database]) -> None:
    """The caller hears that nothing was saved; with room again it is saved, and what was acknowledged is there."""
    box, db = small_disk
    saved: list[int] = []

    def fill() -> None:
        for _ in range(1000):
            saved.append(box.append("event", "m1", {"text": "x" * 1000}))

    with pytest.raises(Overloaded) as refusal:
        fill()

    db.conn.execute("PRAGMA max_page_count = 100000")
    after = box.append("event", "m1", {})

    assert find_trouble(refusal.value.__cause__) == "disk"
    assert [row["id"] for row in db.query("SELECT id FROM message ORDER BY id")] == [*saved, after]


def test_locked_file_refuses_and_recovers(small_disk: tuple[Inbox, Database], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another program that holds the file makes us refuse, and no longer than it holds it."""
    box, db = small_disk
    db.conn.execute("PRAGMA busy_timeout = 50")
    with closing(sqlite3.connect(tmp_path / "inbox.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Overloaded) as refusal:
            box.append("event", "m1", {})
        other.execute("ROLLBACK")

    assert find_trouble(refusal.value.__cause__) == "locked"
    assert box.append("event", "m1", {}) == 1
