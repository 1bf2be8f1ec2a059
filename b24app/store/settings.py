"""`app.db`: portals, their sealed secrets, settings, the definitions of segments, the journal of who decided what. Small; either
process may write.

What a person changes (`by`) gets its line in the journal in the same transaction. Seals nothing itself: it is given bytes that
`portals.vault` has encrypted. Safe to share between threads.
"""

from __future__ import annotations

import copy
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from b24app.context import utc_now
from b24app.errors import NotFound
from b24app.store.database import open_writer, transaction
from b24app.store.migrations.app import MIGRATIONS

PORTAL_COLUMNS = ("member_id", "url", "state", "lang", "utc_offset", "time_zone", "currency", "installed_by", "scope", "access")
OF_A_PORTAL = ("secret", "setting", "segment", "journal")
# Settings that are kept in passing: nobody has decided anything by them.
IN_PASSING = frozenset(
    (
        "administrators", "clean", "erasures", "install_run", "left_at", "license_family", "registered",
        "segments_ordered", "segments_removed", "segments_used",
    )
)  # fmt: skip
WITHOUT_VALUES = frozenset(("outgoing_tokens",))  # that they were changed is told, not what they are
MOST_KNOWN = 2000  # answers that are remembered
FRESH_SECONDS = 0.05

Row = dict[str, Any]
T = TypeVar("T")


class AppStore:
    """One connection behind a lock, with a rollback journal: two processes may write, each for a moment."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._version = (0, 0)  # others' writes (https://www.sqlite.org/pragma.html#pragma_data_version) and our own
        self._known: dict[tuple[str, tuple[Any, ...]], list[Row]] = {}
        self._found: dict[tuple[str, ...], Any] = {}
        self._fresh_until = 0.0  # of the monotonic clock
        self._actor: int | None = None
        self._db = open_writer(path, MIGRATIONS, journal="delete", synchronous="FULL")

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._db.close()

    def by(self, user_id: int) -> AppStore:
        """Return the same store in a person's hands: what he changes is told in the journal. 0: the server's administrator."""
        held = copy.copy(self)
        held._actor = user_id
        return held

    @contextmanager
    def write(self) -> Iterator[None]:
        """Make several saves one: all or nothing. May be nested."""
        with self._lock:
            if self._db.conn.in_transaction:
                yield
            else:
                with transaction(self._db):
                    yield

    def save_portal(self, row: Mapping[str, Any]) -> None:
        """Save the given columns of a portal; others keep what they had. `scope` is a list of words."""
        unknown = set(row) - set(PORTAL_COLUMNS)
        if unknown:
            raise ValueError(f"portal has no columns {sorted(unknown)}")
        values = {**row, "scope": json.dumps(list(row["scope"]))} if "scope" in row else dict(row)
        values["updated_at"] = _now()
        names = [*values, "created_at"]
        changes = ", ".join(f"{name} = excluded.{name}" for name in values if name != "member_id")
        sql = f"INSERT INTO portal ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
        self._save(f"{sql} ON CONFLICT (member_id) DO UPDATE SET {changes}", (*values.values(), values["updated_at"]))

    def find_portal(self, member_id: str) -> Row | None:
        """Return the portal's row, or None. `scope` is a list of words."""
        rows = self._rows(f"SELECT {', '.join(PORTAL_COLUMNS)} FROM portal WHERE member_id = ?", (member_id,))
        return _portal(rows[0]) if rows else None

    def list_portals(self) -> list[Row]:
        """Return all portals, those that have left too, the oldest first."""
        return [_portal(row) for row in self._rows(f"SELECT {', '.join(PORTAL_COLUMNS)} FROM portal ORDER BY created_at, member_id")]

    def remove_portal(self, member_id: str) -> None:
        """Forget a portal with its secrets, settings and segments."""
        with self.write():
            for table in ("portal", *OF_A_PORTAL):
                self._save(f"DELETE FROM {table} WHERE member_id = ?", (member_id,))

    def save_secret(self, member_id: str, name: str, sealed: bytes) -> None:
        """Save sealed bytes under a name."""
        sql = """INSERT INTO secret (member_id, name, sealed, updated_at) VALUES (?, ?, ?, ?)
            ON CONFLICT (member_id, name) DO UPDATE SET sealed = excluded.sealed, updated_at = excluded.updated_at"""
        self._save(sql, (member_id, name, sealed, _now()))

    def find_secret(self, member_id: str, name: str) -> bytes | None:
        """Return the sealed bytes, or None."""
        rows = self._rows("SELECT sealed FROM secret WHERE member_id = ? AND name = ?", (member_id, name))
        return bytes(rows[0]["sealed"]) if rows else None

    def list_secrets(self) -> list[tuple[str, str, bytes]]:
        """Return (member_id, name, sealed bytes) of all."""
        rows = self._rows("SELECT member_id, name, sealed FROM secret ORDER BY member_id, name")
        return [(row["member_id"], row["name"], bytes(row["sealed"])) for row in rows]

    def remove_secrets(self, member_id: str) -> None:
        """Forget every secret of a portal."""
        self._save("DELETE FROM secret WHERE member_id = ?", (member_id,))

    def save_setting(self, member_id: str, key: str, value: Any) -> None:
        """Save anything that JSON can hold. What belongs to no portal has the member_id ''."""
        sql = """INSERT INTO setting (member_id, key, value, updated_at) VALUES (?, ?, ?, ?)
            ON CONFLICT (member_id, key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at"""
        with self.write():
            if self._actor is not None and key not in IN_PASSING and (before := self.find_setting(member_id, key)) != value:
                self.note(member_id, "setting", key, *((None, None) if key in WITHOUT_VALUES else (before, value)))
            self._save(sql, (member_id, key, json.dumps(value, ensure_ascii=False), _now()))

    def find_setting(self, member_id: str, key: str, default: Any = None) -> Any:
        """Return the value as it was saved, or the default."""
        rows = self._rows("SELECT value FROM setting WHERE member_id = ? AND key = ?", (member_id, key))
        return json.loads(rows[0]["value"]) if rows else default

    def save_segment(self, member_id: str, key: str, definition: Mapping[str, Any]) -> None:
        """Save a segment's definition; one that is saved again keeps its place in the list."""
        now = _now()
        sql = """INSERT INTO segment (member_id, key, definition, created_at, updated_at) VALUES (?, ?, ?, ?, ?)
            ON CONFLICT (member_id, key) DO UPDATE SET definition = excluded.definition, updated_at = excluded.updated_at"""
        with self.write():
            self._note_segment(member_id, key, dict(definition))
            self._save(sql, (member_id, key, json.dumps(definition, ensure_ascii=False), now, now))

    def remove_segment(self, member_id: str, key: str) -> None:
        """Forget a segment's definition."""
        with self.write():
            self._note_segment(member_id, key, None)
            self._save("DELETE FROM segment WHERE member_id = ? AND key = ?", (member_id, key))

    def get_segment(self, member_id: str, key: str) -> Row:
        """Return a segment's definition. Raises NotFound."""
        rows = self._rows("SELECT definition FROM segment WHERE member_id = ? AND key = ?", (member_id, key))
        if not rows:
            raise NotFound(f"segment {key}")
        return dict(json.loads(rows[0]["definition"]))

    def list_segments(self, member_id: str) -> dict[str, Row]:
        """Return the definitions by key, in the order in which they were made."""
        sql = "SELECT key, definition FROM segment WHERE member_id = ? ORDER BY created_at, key"
        return {row["key"]: json.loads(row["definition"]) for row in self._rows(sql, (member_id,))}

    def note(self, member_id: str, kind: str, about: str, before: Any = None, after: Any = None) -> None:
        """Write a line of the journal: what kind of thing was decided, about which, from what to what."""
        values = (None if value is None else json.dumps(value, ensure_ascii=False) for value in (before, after))
        sql = 'INSERT INTO journal (member_id, at, user_id, kind, about, "before", "after") VALUES (?, ?, ?, ?, ?, ?, ?)'
        self._save(sql, (member_id, _now(), self._actor or 0, kind, about, *values))

    def list_notes(self, member_id: str, asked: Mapping[str, Any], limit: int, offset: int = 0) -> tuple[list[Row], int]:
        """Return lines of the journal, the newest first, and how many there are. `asked`: user_id, kind, about, since, until
        (instants)."""
        tests = {"user_id": "user_id = ?", "kind": "kind = ?", "about": "about = ?", "since": "at >= ?", "until": "at < ?"}
        chosen = {name: asked[name] for name in tests if asked.get(name) not in (None, "")}
        found = f"FROM journal WHERE {' AND '.join(['member_id = ?', *(tests[name] for name in chosen)])}"
        values = (member_id, *chosen.values())
        rows = self._rows(f"SELECT * {found} ORDER BY at DESC, id DESC LIMIT ? OFFSET ?", (*values, limit, offset))
        read = [{**row, **{name: json.loads(row[name]) if row[name] else None for name in ("before", "after")}} for row in rows]
        return read, int(self._rows(f"SELECT COUNT(*) AS number {found}", values)[0]["number"])

    def prune_notes(self, member_id: str, before: str) -> int:
        """Forget the lines that were written before an instant; return how many there were."""
        old = self._rows("SELECT COUNT(*) AS number FROM journal WHERE member_id = ? AND at < ?", (member_id, before))[0]["number"]
        if old:
            self._save("DELETE FROM journal WHERE member_id = ? AND at < ?", (member_id, before))
        return int(old)

    def _note_segment(self, member_id: str, key: str, after: Row | None) -> None:
        before = self.list_segments(member_id).get(key)
        if self._actor is not None and before != after:
            self.note(member_id, "segment", key, before, after)

    def remembered(self, key: tuple[str, ...], find: Callable[[], T]) -> T:
        """Return what `find` has found, asked again when anybody has written meanwhile; what it raises is not remembered.

        What another process writes may be noticed FRESH_SECONDS late: to look costs more than all the rest of taking an event.
        """
        known: T | None = self._found.get(key)
        if known is not None and time.monotonic() < self._fresh_until and self._db.conn.total_changes == self._version[1]:
            return known
        with self._lock:
            if self._db.conn.in_transaction:
                return find()
            self._check_version()
            if key not in self._found:
                self._found[key] = find()
            self._fresh_until = time.monotonic() + FRESH_SECONDS
            found: T = self._found[key]
        return found

    def _save(self, sql: str, values: tuple[Any, ...]) -> None:
        with self.write():
            self._db.conn.execute(sql, values)

    def _rows(self, sql: str, values: tuple[Any, ...] = ()) -> list[Row]:
        """Return rows, remembered until anybody writes: every event asks for the same portal and the same token."""
        with self._lock:
            if self._db.conn.in_transaction:
                return list(self._db.query(sql, values))
            self._check_version()
            if (sql, values) not in self._known:
                self._known[sql, values] = list(self._db.query(sql, values))
            return list(self._known[sql, values])

    def _check_version(self) -> None:
        """Forget what is remembered when anybody has written since."""
        version = (self._db.conn.execute("PRAGMA data_version").fetchone()[0], self._db.conn.total_changes)
        if version != self._version or len(self._known) + len(self._found) > MOST_KNOWN:
            self._version, self._known, self._found = version, {}, {}


def _portal(row: Row) -> Row:
    return {**row, "scope": json.loads(row["scope"])}


def _now() -> str:
    return utc_now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
