"""New tokens for a portal that is installed, when the old ones are dead or belong to somebody who has left.

Two ways, both proven at both servers: an administrator opens the frame, or he goes through the full protocol (authorization code),
whose `state` is signed for his portal and himself. Changes nothing else of an installation.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from b24app.bitrix.oauth import TokenPair
from b24app.context import utc_now
from b24app.errors import BitrixBusy, BitrixError, BitrixLost, NotAllowed, NotFound, NotFromBitrix, Refused
from b24app.portals import registry
from b24app.portals.access import check_person, find_origin, get_person
from b24app.portals.session import RENEW
from b24app.portals.tokens import save_pair

if TYPE_CHECKING:
    from b24app.bitrix.incoming import Frame
    from b24app.context import Portal
    from b24app.portals.session import Session
    from b24app.services import Services


def authorize_address(services: Services, portal: Portal, session: Session) -> str:
    """Return where an administrator lets us in anew: his own portal, at its pinned address. settings/oauth/index.md"""
    state = services.signer.sign_link(RENEW, f"{portal.member_id}:{session.user_id}")
    return f"{portal.url}/oauth/authorize/?{urlencode({'client_id': services.config.client_id, 'state': state})}"


def renew_by_code(services: Services, code: str, state: str) -> Portal:
    """Exchange an authorization code and keep its tokens. Nothing else of the redirect is believed, `domain` is not read.

    Raises Refused for a state that is not ours, NotFromBitrix when the servers do not vouch for the code, NotAllowed for who is no
    administrator; BitrixError when they do not answer.
    """
    member_id, _, user_id = services.signer.verify_link(RENEW, state).rpartition(":")
    portal = _get_portal(services, member_id)
    try:
        pair = services.oauth.exchange(code)
        info = services.oauth.app_info(pair.access)
        origin = find_origin(services, info.domain)
        if origin is None or (info.client_id, info.member_id) != (services.config.client_id, portal.member_id):
            raise NotFromBitrix("code of another portal or application")
        person = get_person(services.client_for(origin, pair.access))
    except (BitrixBusy, BitrixLost):
        raise
    except BitrixError as error:
        raise NotFromBitrix("bad code") from error
    check_person(person, info)
    if str(person.user_id) != user_id:
        raise NotFromBitrix("code of another person than the one who asked")
    if not person.is_admin:
        raise NotAllowed(f"user {person.user_id} is no administrator")
    return _keep(services, replace(portal, url=origin, installed_by=person.user_id), pair)


def renew_by_frame(services: Services, frame: Frame, session: Session) -> None:
    """Keep the tokens of an administrator who has opened the frame, where ours are dead. The frame has been proven."""
    portal = registry.get_portal(services.app_store, session.member_id)
    if portal.state == registry.LOST and session.is_admin and frame.refresh_id:
        pair = TokenPair(frame.auth_id, frame.refresh_id, utc_now().timestamp() + frame.expires)
        _keep(services, replace(portal, installed_by=session.user_id), pair)


def _get_portal(services: Services, member_id: str) -> Portal:
    try:
        return registry.get_portal(services.app_store, member_id)
    except NotFound as error:
        raise Refused("the portal has left") from error


def _keep(services: Services, portal: Portal, pair: TokenPair) -> Portal:
    """Save all in one, and let the worker find what it has missed."""
    state = registry.INSTALLED if portal.state == registry.LOST else portal.state
    store = services.app_store.by(portal.installed_by)
    with store.write():
        registry.save_portal(store, replace(portal, state=state))
        save_pair(store, services.vault, portal.member_id, pair)
        store.note(portal.member_id, "portal", "renewed")
    services.inbox.append("command", portal.member_id, {"name": "sweep"})
    return portal
