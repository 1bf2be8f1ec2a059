"""The portals that installed us: their rows, and the application token that proves a post came from one of them."""

from __future__ import annotations

import hmac
from dataclasses import asdict, fields, replace
from typing import TYPE_CHECKING, Any

from b24app.context import Portal, utc_now
from b24app.errors import NotFound, NotFromBitrix

if TYPE_CHECKING:
    from b24app.portals.vault import Vault
    from b24app.store.settings import AppStore

APPLICATION_TOKEN = "application_token"  # noqa: S105 - the name under which it is kept
LICENSE_FAMILY = "license_family"  # a setting: it decides the pace
CLEAN = "clean"  # a setting: the portal that has left asked that nothing be kept
REGISTERED = "registered"  # a setting: {"digest", "asked"}, as what we are registered, and when the portal said that it forgot us
NOTHING = "nothing"  # in place of a digest: all was taken away, and nothing is to be made again
LEFT_AT = "left_at"  # a setting: unix seconds
RUN = "install_run"  # a setting (web) and a cursor (worker): which order of an installation the steps belong to
INSTALLED, LOST, REMOVED = "installed", "lost", "removed"  # lost: it is installed, but our tokens are dead
REVOKED = frozenset({"invalid_grant", "no_tokens"})  # codes by which tokens are dead and nothing else is

_FIELDS = tuple(item.name for item in fields(Portal))


def find_portal(app_store: AppStore, member_id: str) -> Portal | None:
    """Return a portal in any state, or None."""
    row = app_store.find_portal(member_id)
    return _portal(row) if row else None


def get_portal(app_store: AppStore, member_id: str) -> Portal:
    """Return a portal that has not left. Raises NotFound."""
    portal = find_portal(app_store, member_id)
    if portal is None or portal.state == REMOVED:
        raise NotFound(f"portal {member_id!r:.80}")
    return portal


def list_portals(app_store: AppStore) -> list[Portal]:
    """Return the portals that have not left."""
    return [_portal(row) for row in app_store.list_portals() if row["state"] != REMOVED]


def save_portal(app_store: AppStore, portal: Portal) -> None:
    """Save a portal's row."""
    app_store.save_portal(asdict(portal))


def set_state(app_store: AppStore, member_id: str, state: str) -> None:
    """Save a known portal's state: installing, installed, lost or removed."""
    portal = get_portal(app_store, member_id)
    app_store.save_portal({"member_id": member_id, "url": portal.url, "state": state})


def lose_access(app_store: AppStore, member_id: str) -> None:
    """Remember that our tokens are dead: the portal's posts are still taken in, and wait until access is renewed."""
    with app_store.write():
        if get_portal(app_store, member_id).state != LOST:
            set_state(app_store, member_id, LOST)
            app_store.note(member_id, "portal", "lost")


def move(app_store: AppStore, member_id: str, url: str) -> None:
    """Pin a portal's new address: it, or the authorization server, has said so, and the settings allow it."""
    portal = get_portal(app_store, member_id)
    if portal.url != url:
        save_portal(app_store, replace(portal, url=url))


def save_application_token(app_store: AppStore, vault: Vault, member_id: str, token: str) -> None:
    """Pin the token that every later post of this portal must carry."""
    app_store.save_secret(member_id, APPLICATION_TOKEN, vault.seal(token))


def check_application_token(app_store: AppStore, vault: Vault, member_id: str, token: str) -> Portal:
    """Return the portal that a post comes from. Raises NotFromBitrix; unknown and wrong take the same way."""
    portal = find_portal(app_store, member_id)
    sealed = app_store.find_secret(member_id, APPLICATION_TOKEN)
    pinned = vault.open(sealed) if sealed else ""
    is_right = hmac.compare_digest(pinned.encode(), token.encode()) and bool(pinned)
    if portal is None or portal.state == REMOVED:
        raise NotFromBitrix("unknown member_id")
    if not is_right:
        raise NotFromBitrix("wrong application_token")
    return portal


def dismiss(app_store: AppStore, member_id: str) -> None:
    """Forget every secret of a portal that has left, and remember that it has: its posts are refused from now on."""
    with app_store.write():
        app_store.remove_secrets(member_id)
        set_state(app_store, member_id, REMOVED)
        app_store.save_setting(member_id, LEFT_AT, utc_now().timestamp())
        app_store.note(member_id, "portal", "uninstalled", after={"clean": bool(app_store.find_setting(member_id, CLEAN))})


def list_leavers(app_store: AppStore, oldest: float) -> list[str]:
    """Return the portals that have left and of which nothing may be kept: at once by their own wish, else those that left before
    `oldest` (unix seconds) and did not come back.
    """
    removed = [row["member_id"] for row in app_store.list_portals() if row["state"] == REMOVED]
    return [one for one in removed if app_store.find_setting(one, CLEAN) or app_store.find_setting(one, LEFT_AT, oldest) < oldest]


def _portal(row: dict[str, Any]) -> Portal:
    return Portal(**{**{name: row[name] for name in _FIELDS}, "scope": tuple(row["scope"])})
