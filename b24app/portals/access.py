"""Who may see what, and how the post of a frame is proven: nothing it says of itself is believed.

Asks the authorization server (its address is a setting) whose token it is, then the portal at its pinned address who the
person is. Never calls an address that a request brought.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from b24app.bitrix.addresses import is_public
from b24app.errors import BitrixBusy, BitrixError, BitrixLost, NotFromBitrix
from b24app.portals.registry import check_application_token, list_portals, move
from b24app.portals.rights import note_administrator
from b24app.portals.session import Session

if TYPE_CHECKING:
    from b24app.bitrix.client import Client
    from b24app.bitrix.incoming import Frame
    from b24app.bitrix.oauth import AppInfo
    from b24app.config import Config
    from b24app.services import Services


@dataclass(frozen=True)
class Person:
    """Who opened the frame, in the portal's own words."""

    user_id: int
    is_admin: bool
    utc_offset: int  # minutes, as the portal's answers print it


class Proven:
    """Whose tokens both servers have vouched for, for as long as the tokens live: opening a frame again costs no request.

    Keeps digests, never a token. Of this process alone; safe for threads.
    """

    MOST = 2000
    LONGEST = 3600.0  # seconds

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._known: OrderedDict[bytes, tuple[float, AppInfo, Person]] = OrderedDict()

    def find(self, token: str) -> tuple[AppInfo, Person] | None:
        """Return what is known of a token, or None."""
        with self._lock:
            until, info, person = self._known.get(_digest(token), (0.0, None, None))
        return (info, person) if info and person and self._clock() < until else None

    def keep(self, token: str, lives: float, info: AppInfo, person: Person) -> None:
        """Remember a token for the seconds that it lives; the oldest are forgotten for it."""
        with self._lock:
            self._known[_digest(token)] = (self._clock() + min(lives, self.LONGEST), info, person)
            while len(self._known) > self.MOST:
                self._known.popitem(last=False)


def open_session(services: Services, frame: Frame) -> Session:
    """Prove the post of the app's page or of a placement and return its session.

    An administrator sees all clients, another employee those that he is responsible for. A portal that comes from a new
    address, which the settings allow and the authorization server confirms, is known by it from now on. Raises NotFromBitrix; BitrixError
    when the servers do not answer.
    """
    portal = check_application_token(services.app_store, services.vault, frame.member_id, frame.application_token)
    origin = find_origin(services, frame.domain)
    if origin is None:
        raise NotFromBitrix("foreign_portal")
    known = services.proven.find(frame.auth_id)
    info = known[0] if known else get_app_info(services, frame)
    check_ours(services.config, frame, info)
    # The authorization server vouches for member_id and address together: a portal that was renamed is where it says.
    person = known[1] if known else get_person(services.client_for(origin, frame.auth_id))
    check_person(person, info)
    if origin != portal.url:
        move(services.app_store, portal.member_id, origin)
    if not known:
        services.proven.keep(frame.auth_id, frame.expires, info, person)
    session = Session(portal.member_id, person.user_id, person.is_admin, frame.lang, services.signer.now())
    note_administrator(services.app_store, session)
    return session


def list_origins(services: Services) -> tuple[str, ...]:
    """Return the portals that are allowed: those of the settings, and those that were let in by the install key and pinned."""
    pinned = [portal.url for portal in list_portals(services.app_store)] if services.config.install_key else []
    return tuple(dict.fromkeys((*services.config.portals, *pinned)))


def find_origin(services: Services, domain: str) -> str | None:
    """Return the allowed portal's origin for a domain that a request claims; None when it is not allowed."""
    return next((origin for origin in list_origins(services) if urlsplit(origin).netloc == domain.lower()), None)


def find_origin_by_key(config: Config, domain: str, key: str) -> str | None:
    """Return the origin of a portal that shows the install key: https, a public name. It is believed only when the authorization
    server confirms it, and asked only after that. None when there is no such key.
    """
    is_right = bool(config.install_key) and hmac.compare_digest(config.install_key.encode(), key.encode())
    return f"https://{domain.lower()}" if is_right and is_public(domain) else None


def get_app_info(services: Services, frame: Frame) -> AppInfo:
    """Ask the authorization server whose token it is. Raises NotFromBitrix for one it does not know."""
    try:
        return services.oauth.app_info(frame.auth_id)
    except (BitrixBusy, BitrixLost):
        raise
    except BitrixError as error:
        raise NotFromBitrix("bad_token") from error


def check_ours(config: Config, frame: Frame, info: AppInfo) -> None:
    """Raise NotFromBitrix unless the token was given for our application in the portal that the frame names."""
    if info.client_id != config.client_id:
        raise NotFromBitrix("unknown_client")
    if info.member_id != frame.member_id or info.domain != frame.domain:
        raise NotFromBitrix("forged_frame")


def get_person(client: Client) -> Person:
    """Ask the portal who owns the client's token."""
    answer = client.call("profile")
    profile = answer.result if isinstance(answer.result, Mapping) else {}
    try:
        return Person(int(profile["ID"]), profile.get("ADMIN") in (True, "Y", "1", 1), read_utc_offset(answer.time))
    except (KeyError, TypeError, ValueError) as error:
        raise BitrixError("profile", "unexpected_answer", "no person in it") from error


def check_person(person: Person, info: AppInfo) -> None:
    """Raise NotFromBitrix unless both servers speak of the same person."""
    if person.user_id != info.user_id:
        raise NotFromBitrix("forged_frame")


def read_utc_offset(time: Mapping[str, Any]) -> int:
    """Return the minutes of the offset that `time.date_start` ends with; 0 when there is none."""
    text = str(time.get("date_start", ""))[-6:]
    if len(text) != 6 or text[0] not in "+-" or text[3] != ":" or not (text[1:3] + text[4:]).isdigit():
        return 0
    minutes = int(text[1:3]) * 60 + int(text[4:])
    return -minutes if text[0] == "-" else minutes


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
