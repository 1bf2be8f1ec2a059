"""What the web process can say of the whole: can it take in, does the worker live, how far is the worker behind. Asks, shows nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from b24app.context import Portal
from b24app.errors import Overloaded
from b24app.portals import registry
from b24app.store.database import StoreError
from b24app.store.inbox import INSTANT, InboxReader
from b24app.upkeep import list_passed
from b24app.worker import is_alive

if TYPE_CHECKING:
    from b24app.services import Services

MOST_BEHIND = 300.0  # seconds that the oldest message may have waited; a worker that lives takes it in within one


@dataclass(frozen=True)
class Lag:
    """What of a portal's messages waits to be taken in: how many, for how many seconds the oldest."""

    portal: Portal
    messages: int
    seconds: float


def look(services: Services) -> tuple[dict[str, str], bool]:
    """Return a word for every part, and whether all of them are good."""
    now = time.time()
    worker = "ok" if is_alive(services.config.data_dir, now) else "down"
    parts = {"web": "ok", "worker": worker, "inbox": _look_at_inbox(services), "stores": "ok"}
    try:
        if any(lag.seconds > MOST_BEHIND for lag in list_lags(services, now)):
            parts["inbox"] = "behind"
    except StoreError:
        parts["stores"] = "broken"
    return parts, all(word == "ok" for word in parts.values())


def list_lags(services: Services, now: float) -> Iterator[Lag]:
    """Yield how far the worker is behind, portal by portal; `now` in unix seconds."""
    passed = list_passed(services.app_store, services.stores)
    reader = InboxReader(services.config.data_dir / "inbox.db")
    try:
        for portal in registry.list_portals(services.app_store):
            count, oldest = reader.waiting(portal.member_id, passed.get(portal.member_id, 0))
            yield Lag(portal, count, max(now - seconds_of(oldest), 0.0) if oldest else 0.0)
    finally:
        reader.close()


def seconds_of(instant: str) -> float:
    """Return the unix seconds of a moment as the files have it."""
    return datetime.strptime(instant, INSTANT).replace(tzinfo=UTC).timestamp()


def _look_at_inbox(services: Services) -> str:
    try:
        services.inbox.open()
    except Overloaded:
        return "closed"
    return "ok"
