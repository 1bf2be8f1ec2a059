"""The inbox: what was acknowledged is there, whatever happens."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlite_utils import Database

from b24app.errors import Malformed, Overloaded
from b24app.store import inbox as inbox_module
from b24app.store.inbox import Inbox, InboxReader
from b24app.store.waiting import Entry

APPENDER = """
import sys
from pathlib import Path
from b24app.store.inbox import Inbox

inbox = Inbox(Path(sys.argv[1]))
number = 0
while True:
    number += 1
    print(inbox.append("event", "m1", {"number": number}), flush=True)
"""


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Inbox]:
    """Give an open inbox."""
    box = Inbox(tmp_path / "inbox.db")
    yield box
    box.close()


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[InboxReader]:
    """Give the reading end of the same file."""
    end = InboxReader(tmp_path / "inbox.db")
    yield end
    end.close()


def test_reader_sees_what_was_appended(inbox: Inbox, reader: InboxReader) -> None:
    """A message comes out as it went in, with its id."""
    saved = inbox.append("robot", "m1", {"имя": "Анна", "tag": "\ud800"}, key="token-1")

    [message] = reader.after("m1", 0)

    assert (message.id, message.kind, message.member_id, message.key) == (saved, "robot", "m1", "token-1")
    assert message.body == {"имя": "Анна", "tag": "\ud800"}


def test_reader_gives_one_portal_behind_the_cursor(inbox: Inbox, reader: InboxReader) -> None:
    """A portal reads only its own messages, in order, from its cursor on, no more than asked."""
    ids = [inbox.append("event", member, {}) for member in ("m1", "m2", "m1", "m1", "m1")]

    assert [message.id for message in reader.after("m1", ids[0], limit=2)] == [ids[2], ids[3]]


def test_reader_waits_for_the_file(tmp_path: Path) -> None:
    """The worker may start before the web process: no inbox is an empty inbox."""
    reader = InboxReader(tmp_path / "inbox.db")
    before = reader.after("m1", 0)

    box = Inbox(tmp_path / "inbox.db")
    box.append("event", "m1", {})
    after = reader.after("m1", 0)
    box.close()
    reader.close()

    assert (len(before), len(after)) == (0, 1)


def test_reader_cannot_write(inbox: Inbox, reader: InboxReader) -> None:
    """One writing process a file: the worker's connection refuses."""
    inbox.append("event", "m1", {})
    reader.after("m1", 0)

    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader._db.conn.execute("DELETE FROM message")  # type: ignore[union-attr]


def test_many_threads_get_different_ids(inbox: Inbox, reader: InboxReader) -> None:
    """Thirty requests at once: each is answered with its own id after the commit."""
    got: list[tuple[int, int]] = []

    def append(number: int) -> None:
        for turn in range(20):
            got.append((inbox.append("event", "m1", {"n": number * 100 + turn}), number * 100 + turn))

    threads = [threading.Thread(target=append, args=(number,)) for number in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(got) == [(message.id, message.body["n"]) for message in reader.after("m1", 0, limit=1000)]


def test_closed_inbox_refuses(inbox: Inbox) -> None:
    """After close nothing is taken, and the caller hears it."""
    inbox.append("event", "m1", {})
    inbox.close()

    with pytest.raises(Overloaded):
        inbox.append("event", "m1", {})


def test_full_inbox_refuses(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that cannot follow makes the caller hear 'not saved' in place of an ever longer queue."""
    busy, release = threading.Event(), threading.Event()
    commit = inbox_module._commit

    def slow_commit(db: Database, batch: list[Entry]) -> None:
        busy.set()
        release.wait(120)
        commit(db, batch)

    monkeypatch.setattr(inbox_module, "_commit", slow_commit)
    inbox._line.most = 1
    first = threading.Thread(target=inbox.append, args=("event", "m1", {}))
    first.start()
    busy.wait(120)
    assert inbox._line.put(Entry(("", "event", "m1", "", "{}")))

    with pytest.raises(Overloaded):
        inbox.append("event", "m1", {})

    release.set()
    first.join()


def test_refused_commit_reaches_the_caller(inbox: Inbox, tmp_path: Path) -> None:
    """When the disk refuses, nobody is told that it was saved; the next append works again."""
    inbox.append("event", "m1", {})
    db = sqlite3.connect(tmp_path / "inbox.db")
    db.execute("CREATE TRIGGER refuse BEFORE INSERT ON message BEGIN SELECT RAISE(ROLLBACK, 'disk full'); END")
    db.commit()

    with pytest.raises(Overloaded, match="disk full"):
        inbox.append("event", "m1", {})

    db.execute("DROP TRIGGER refuse")
    db.commit()
    db.close()
    assert inbox.append("event", "m1", {}) > 1


def test_half_a_character_is_malformed(inbox: Inbox) -> None:
    """A key that is not text is refused alone, before it can spoil the commit of others."""
    with pytest.raises(Malformed):
        inbox.append("robot", "m1", {}, key="\ud800")


def test_kill_loses_nothing_acknowledged(tmp_path: Path) -> None:
    """kill -9 in the middle of appending: every id that was printed is in the file."""
    path = tmp_path / "inbox.db"
    acknowledged: list[int] = []
    for _ in range(3):
        with subprocess.Popen([sys.executable, "-c", APPENDER, str(path)], stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            acknowledged += [int(process.stdout.readline()) for _ in range(200)]
            os.kill(process.pid, signal.SIGKILL)
            acknowledged += [int(line) for line in process.stdout.read().splitlines()]

    reader = InboxReader(path)
    saved = [message.id for message in reader.after("m1", 0, limit=10**6)]
    reader.close()

    assert set(acknowledged) <= set(saved)
    assert len(set(acknowledged)) == len(acknowledged)
