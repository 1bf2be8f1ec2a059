"""Who waits for a commit: requests stand in line, one writer takes them in groups and tells each its outcome.

Wakes nobody without need: the writer only when it idles, a request only when its own outcome is there.
"""

from __future__ import annotations

import threading
from collections import deque

Row = tuple[str, str, str, str, str]


class Entry:
    """A row to be saved, and its outcome. A bare lock is the cheapest thing in Python to wait for."""

    __slots__ = ("_lock", "_outcome", "row")

    def __init__(self, row: Row) -> None:
        self.row = row
        self._outcome: int | Exception = 0
        self._lock = threading.Lock()
        self._lock.acquire()

    def settle(self, outcome: int | Exception) -> None:
        """Tell whoever waits under which id it was saved, or why it was not; once."""
        self._outcome = outcome
        self._lock.release()

    def result(self, seconds: float) -> int:
        """Return the id after the commit. Raises what the commit raised, or TimeoutError."""
        if not self._lock.acquire(timeout=seconds):
            raise TimeoutError(f"no commit within {seconds} s")
        if isinstance(self._outcome, Exception):
            raise self._outcome
        return self._outcome


class Line:
    """Entries in the order in which they came. Safe for threads; one takes."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._entries: deque[Entry] = deque()
        self._changed = threading.Condition(threading.Lock())
        self._closed = False

    def put(self, entry: Entry) -> bool:
        """Stand in line; False when it is too long already, or closed."""
        with self._changed:
            if self._closed or len(self._entries) >= self.most:
                return False
            self._entries.append(entry)
            self._changed.notify()
            return True

    def wait(self, seconds: float | None) -> bool:
        """Wait until somebody stands in line or it is closed; False when the time is up before that."""
        with self._changed:
            return bool(self._changed.wait_for(lambda: bool(self._entries) or self._closed, seconds))

    def take(self, most: int) -> list[Entry]:
        """Take those who wait longest; nobody: the line was closed, or there is none."""
        with self._changed:
            return [self._entries.popleft() for _ in range(min(most, len(self._entries)))]

    def close(self) -> None:
        """Let nobody in any more; who stands in line is still served."""
        with self._changed:
            self._closed = True
            self._changed.notify()
