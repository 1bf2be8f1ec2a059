"""What travels with every piece of work: for which portal, on whose behalf, with which tools.

One object in place of module-level clients, keys and settings. Types only; nothing is made here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from b24app.errors import NotAllowed

if TYPE_CHECKING:
    import logging
    from datetime import tzinfo

    from b24app.bitrix.client import Client
    from b24app.config import Config
    from b24app.store.mirror import PortalStore
    from b24app.store.settings import AppStore


APP, WEBHOOK = "app", "webhook"  # how we got into a portal
# What a person may be allowed: to see his clients, to see everybody's and say who is in a segment, to take clients out in a file,
# to decide about the app itself.
LOOK, DEFINE, EXPORT, ADMINISTER = "look", "define", "export", "administer"
RIGHTS = (LOOK, DEFINE, EXPORT, ADMINISTER)


@dataclass(frozen=True)
class Viewer:
    """Who asks. Rows are read through this: whoever does not see all sees what he, or one of his people, is responsible for.

    Every verb that needs more than looking asks `check`; a template hides what would be refused, and protects nothing.
    """

    user_id: int | None
    sees_all: bool
    is_admin: bool = False
    people: frozenset[int] = frozenset()  # of the departments that he heads; he himself need not be named

    @classmethod
    def system(cls) -> Viewer:
        """The app itself, in the worker."""
        return cls(user_id=None, sees_all=True, is_admin=True)

    @property
    def responsible(self) -> tuple[int, ...]:
        """Whose clients he sees when he does not see all."""
        return tuple(sorted(self.people | {self.user_id or 0}))

    def may(self, right: str) -> bool:
        """Tell whether he has a right."""
        return {LOOK: True, DEFINE: self.sees_all, EXPORT: self.sees_all, ADMINISTER: self.is_admin}[right]

    def check(self, right: str) -> None:
        """Raise NotAllowed unless he has the right."""
        if not self.may(right):
            raise NotAllowed(f"user {self.user_id} may not {right}")


@dataclass(frozen=True)
class Portal:
    """One customer's Bitrix24 as we know it. Tokens are not in here: see `portals.tokens`."""

    member_id: str
    url: str  # origin, pinned at install: https://example.bitrix24.ru
    state: str = "installing"  # installing | installed | removed
    lang: str = "ru"
    utc_offset: int = 0  # minutes, as the portal's own answers print it
    time_zone: str = ""  # IANA name when it is known, else empty
    currency: str = "RUB"  # base currency
    installed_by: int = 0
    scope: tuple[str, ...] = field(default=())
    access: str = APP  # app (installed, by token) | webhook (nothing is installed: no robots, events, pages)

    @property
    def zone(self) -> tzinfo:
        """The portal's time zone: days begin and end there."""
        return ZoneInfo(self.time_zone) if self.time_zone else timezone(timedelta(minutes=self.utc_offset))


def utc_now() -> datetime:
    """The clock of production."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Context:
    """One portal, one viewer, and the tools: pass it as the first argument of every verb of a room."""

    portal: Portal
    viewer: Viewer
    config: Config
    app_store: AppStore
    store: PortalStore
    bitrix: Client
    log: logging.LoggerAdapter[logging.Logger]
    clock: Callable[[], datetime] = utc_now
    lang: str = "ru"

    def now(self) -> datetime:
        """Return this moment, in UTC."""
        return self.clock()

    def today(self) -> str:
        """Return the date in the portal's time zone, YYYY-MM-DD."""
        return self.clock().astimezone(self.portal.zone).date().isoformat()

    def seen_by(self, viewer: Viewer) -> Context:
        """Return the same context for another viewer."""
        return replace(self, viewer=viewer)
