"""The `auth` of everything that the portal posts: with tokens, without them, or for an outgoing webhook.

Sources: api-reference/events/index.md (keys of events), the vendor's SDKs (keys of robot calls).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox.oauth import TokenPair
    from sandbox.portal import Portal


class EventTokens:
    """Access tokens for events: one serves all events of an application and a person until half of its life is over."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self._known: dict[tuple[str, int], TokenPair] = {}

    def get(self, client_id: str, user_id: int) -> TokenPair:
        """Return a pair whose access token lives long enough."""
        grants, known = self._portal.grants, self._known.get((client_id, user_id))
        if known is None or known.expires - self._portal.clock.unix() < grants.token_ttl / 2:
            known = self._known[client_id, user_id] = grants.issue(client_id, user_id)
        return known


def of_portal(portal: Portal, application_token: str) -> dict[str, Any]:
    """Return what every post carries: the portal and the receiver's own secret."""
    return {
        "domain": portal.domain,
        "client_endpoint": portal.client_endpoint,
        "server_endpoint": portal.server_endpoint,
        "member_id": portal.member_id,
        "application_token": application_token,
    }


def of_event(portal: Portal, client_id: str, user_id: int, with_refresh: bool = False) -> dict[str, Any]:
    """Return an event's auth in a person's name; nobody's (0: a robot or the portal itself acted) has no tokens at all."""
    app = portal.grants.get_app(client_id)
    if not user_id:
        return of_portal(portal, app["APPLICATION_TOKEN"])
    pair = portal.grants.issue(client_id, user_id) if with_refresh else portal.active.tokens.get(client_id, user_id)
    refresh = {"refresh_token": pair.refresh} if with_refresh else {}
    return {**_of_pair(portal, pair), **refresh, **of_portal(portal, app["APPLICATION_TOKEN"])}


def of_robot(portal: Portal, client_id: str, user_id: int) -> dict[str, Any]:
    """Return a robot call's auth: always a fresh pair, the refresh token included."""
    return of_event(portal, client_id, user_id, with_refresh=True)


def _of_pair(portal: Portal, pair: TokenPair) -> dict[str, Any]:
    app = portal.grants.get_app(pair.client_id)
    return {
        "access_token": pair.access,
        "expires": pair.expires,
        "expires_in": max(round(pair.expires - portal.clock.unix()), 0),
        "scope": ",".join(app["SCOPES"]),
        "status": app["STATUS"],
        "user_id": pair.user_id,
    }
