"""`app.db`: portals, their sealed secrets, settings and the definitions of segments. Small; either process may write.

Seals nothing itself: it is given bytes that `portals.vault` has encrypted. Safe to share between threads.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from b24app.context import utc_now
from b24app.errors import NotFound
from b24app.store.database import open_writer, transaction
from b24app.store.migrations.app import MIGRATIONS

PORTAL_COLUMNS = ("member_id", "url", "state", "lang", "utc_offset", "time_zone", "currency", "installed_by", "scope", "access")
OF_A_PORTAL = ("secret", "setting", "segment")
MOST_KNOWN = 2000  # answers that are remembered

Row = dict[str, Any]
T = TypeVar("T")


class AppStore:
    """One connection behind a lock, with a rollback journal: two processes may write, each for a moment."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._version = (0, 0)  # others' writes (https://www.sqlite.org/pragma.html#pragma_data_version) and our own
        self._known: dict[tuple[str, tuple[Any, ...]], list[Row]] = {}
        self._found: dict[tuple[str, ...], Any] = {}
        self._db = open_writer(path, MIGRATIONS, journal="delete", synchronous="FULL")

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._db.close()

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

    def remove_secrets(self, member_id: str) -> None:
        """Forget every secret of a portal."""
        self._save("DELETE FROM secret WHERE member_id = ?", (member_id,))

    def save_setting(self, member_id: str, key: str, value: Any) -> None:
        """Save anything that JSON can hold. What belongs to no portal has the member_id ''."""
        sql = """INSERT INTO setting (member_id, key, value, updated_at) VALUES (?, ?, ?, ?)
            ON CONFLICT (member_id, key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at"""
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
        self._save(sql, (member_id, key, json.dumps(definition, ensure_ascii=False), now, now))

    def remove_segment(self, member_id: str, key: str) -> None:
        """Forget a segment's definition."""
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

    def remembered(self, key: tuple[str, ...], find: Callable[[], T]) -> T:
        """Return what `find` has found, asked again when anybody has written meanwhile; what it raises is not remembered."""
        with self._lock:
            if self._db.conn.in_transaction:
                return find()
            self._check_version()
            if key not in self._found:
                self._found[key] = find()
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
