"""Whose turn it is to work: so many jobs at once, so many of one portal, suspects one after another. Knows no job."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager


class Lanes:
    """Turns for threads. Whoever waits between two tries holds no turn."""

    def __init__(self, threads: int, per_portal: int) -> None:
        self._threads = threading.Semaphore(threads)
        self._per_portal = per_portal
        self._portals: dict[str, threading.Semaphore] = {}
        self._alone = threading.Lock()

    @contextmanager
    def turn(self, member_id: str, is_suspect: bool = False) -> Iterator[None]:
        """Wait for a turn and hold it. The order of the locks is the same for all, so nobody waits in a ring."""
        portal = self._portals.setdefault(member_id, threading.Semaphore(self._per_portal))
        with ExitStack() as held:
            if is_suspect:
                held.enter_context(self._alone)
            held.enter_context(portal)
            held.enter_context(self._threads)
            yield
