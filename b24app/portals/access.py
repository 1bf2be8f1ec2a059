"""Who may see what, and how the post of a frame is proven: nothing it says of itself is believed.

Asks the authorization server (its address is a setting) whose token it is, then the portal at its pinned address who the
person is. Never calls an address that a request brought.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from b24app.context import Viewer
from b24app.errors import BitrixBusy, BitrixError, BitrixLost, NotFromBitrix
from b24app.portals.registry import check_application_token
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


def viewer_of(session: Session) -> Viewer:
    """Return through whose eyes rows are read."""
    return Viewer(user_id=session.user_id, sees_all=session.sees_all, is_admin=session.is_admin)


def open_session(services: Services, frame: Frame) -> Session:
    """Prove the post of the app's page or of a placement and return its session.

    An administrator sees all clients, another employee those that he is responsible for. Raises NotFromBitrix; BitrixError
    when the servers do not answer.
    """
    portal = check_application_token(services.app_store, services.vault, frame.member_id, frame.application_token)
    info = get_app_info(services, frame)
    check_ours(services.config, frame, info)
    if find_origin(services.config, frame.domain) != portal.url:
        raise NotFromBitrix("foreign_portal")
    person = get_person(services.client_for(portal.url, frame.auth_id))
    check_person(person, info)
    return Session(portal.member_id, person.user_id, person.is_admin, person.is_admin, frame.lang)


def find_origin(config: Config, domain: str) -> str | None:
    """Return the allowed portal's origin for a domain that a request claims; None when it is not allowed."""
    return next((origin for origin in config.portals if urlsplit(origin).netloc == domain.lower()), None)


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
