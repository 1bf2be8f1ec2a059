"""What keeps the files from growing for ever: who has read how far, and what may be forgotten. Deletes nothing itself."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from b24app.drain import INBOX
from b24app.errors import NotFound
from b24app.portals import registry
from b24app.store.cursors import find_cursor

if TYPE_CHECKING:
    from b24app.config import Config
    from b24app.store.mirror import PortalStores
    from b24app.store.settings import AppStore

DAY = 86400.0


def list_passed(app_store: AppStore, stores: PortalStores) -> dict[str, int]:
    """Return how far in the inbox each portal's messages have been taken in; of portals that have left nobody reads more."""
    passed: dict[str, int] = {}
    for portal in registry.list_portals(app_store):
        try:
            with stores.reader(portal.member_id) as store:
                passed[portal.member_id] = int(find_cursor(store, INBOX) or 0)
        except NotFound:
            passed[portal.member_id] = 0
    return passed


def oldest_kept(config: Config) -> float:
    """Return the moment (unix seconds) before which what is over is forgotten."""
    return time.time() - config.keep_days * DAY
