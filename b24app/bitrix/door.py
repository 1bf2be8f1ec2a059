"""The process's way to all portals: one HTTP session, one bulk reader per portal, and the budgets that all processes share.

Make it after a fork, close it at the end. Knows no database: whose tokens a client uses is its maker's business.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from b24app.bitrix.budget import Budgets
from b24app.bitrix.bulk import Bulk
from b24app.bitrix.client import ROOT, Client, Tokens, make_session
from b24app.bitrix.limits import BULK, INTERACTIVE, Lane
from b24app.bitrix.wire import Place

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path


class Door:
    """`origins` are the portals that the settings allow; in `directory` lie the budgets, without it they are this process's own."""

    def __init__(self, origins: Collection[str], directory: Path | None = None) -> None:
        self.session = make_session()
        self.budgets = Budgets(directory)
        self._origins = frozenset(origins)
        self._lock = threading.Lock()
        self._bulks: dict[tuple[str, str], Bulk] = {}

    def place(self, portal_url: str, root: str = ROOT, moved: Callable[[str], None] | None = None) -> Place:
        """Return where a portal's methods are: by token, or under a webhook's secret path. `moved` is told a new address."""
        return Place(portal_url.rstrip("/"), root, self._origins, moved)

    def client(self, portal: Place | str, tokens: Tokens, license_family: str = "", lane: Lane = INTERACTIVE) -> Client:
        """Return a client for single calls: of a frame's token, for example. `portal` is a place, or just its address."""
        place = self.place(portal) if isinstance(portal, str) else portal
        budget = self.budgets.of(place.url, license_family)
        return Client(place.url, tokens, budget, self.session, self._origins, lane=lane, root=place.root, moved=place.moved)

    def bulk_client(self, portal: Place | str, tokens: Tokens, license_family: str = "", lane: Lane = BULK) -> Client:
        """Return a client that can also `stream`; the portal's bulk reader is shared and lives until `close`."""
        place = self.place(portal) if isinstance(portal, str) else portal
        budget = self.budgets.of(place.url, license_family)
        with self._lock:
            bulk = self._bulks.setdefault((place.url, place.root), Bulk(place, tokens, budget))
        return Client(place.url, tokens, budget, self.session, self._origins, bulk, lane=lane, root=place.root, moved=place.moved)

    def close(self) -> None:
        """Let go of every connection, thread and file."""
        with self._lock:
            bulks, self._bulks = list(self._bulks.values()), {}
        for bulk in bulks:
            bulk.close()
        self.session.close()
        self.budgets.close()
