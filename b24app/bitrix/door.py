"""The process's way to all portals: one HTTP session, one budget and one bulk reader per portal. Makes clients.

Make it after a fork, close it at the end. Knows no database: whose tokens a client uses is its maker's business.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from b24app.bitrix.budget import Budgets
from b24app.bitrix.bulk import Bulk
from b24app.bitrix.client import Client, Tokens, make_session

if TYPE_CHECKING:
    from collections.abc import Collection


class Door:
    """`process` is `web` or `worker` (limits.SHARES); `origins` are the portals that the settings allow."""

    def __init__(self, process: str, origins: Collection[str]) -> None:
        self.session = make_session()
        self._origins = frozenset(origins)
        self._budgets = Budgets(process)
        self._lock = threading.Lock()
        self._bulks: dict[str, Bulk] = {}

    def client(self, portal_url: str, tokens: Tokens, license_family: str = "") -> Client:
        """Return a client for single calls: of a frame's token, for example."""
        return Client(portal_url, tokens, self._budgets.of(portal_url, license_family), self.session, self._origins)

    def bulk_client(self, portal_url: str, tokens: Tokens, license_family: str = "") -> Client:
        """Return a client that can also `stream`; the portal's bulk reader is shared and lives until `close`."""
        budget = self._budgets.of(portal_url, license_family)
        with self._lock:
            bulk = self._bulks.setdefault(portal_url, Bulk(portal_url, tokens, budget, self._origins))
        return Client(portal_url, tokens, budget, self.session, self._origins, bulk)

    def close(self) -> None:
        """Let go of every connection and thread."""
        with self._lock:
            bulks, self._bulks = list(self._bulks.values()), {}
        for bulk in bulks:
            bulk.close()
        self.session.close()
