"""Tokens of a portal's outgoing webhooks: whoever sends one may tell us of events, and nothing else.

They are only ever compared, so a keyed digest of each is kept, and the token itself nowhere.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from b24app.context import WEBHOOK
from b24app.errors import Mistaken, NotFromBitrix
from b24app.portals import registry

if TYPE_CHECKING:
    from b24app.context import Portal
    from b24app.portals.vault import Vault
    from b24app.store.settings import AppStore

TOKENS = "outgoing_tokens"  # a setting: list of digests
SHORTEST = 16


def pin_token(app_store: AppStore, vault: Vault, member_id: str, token: str) -> int:
    """Accept one more outgoing webhook of a portal; return how many are. Raises Mistaken for what cannot be a token."""
    portal = registry.get_portal(app_store, member_id)
    token = token.strip()
    if len(token) < SHORTEST or not token.isalnum():
        raise Mistaken(
            "This is no token of an outgoing webhook: copy it from the webhook's settings.",
            "Это не токен исходящего вебхука: скопируйте его из настроек вебхука.",
        )
    digests = app_store.find_setting(portal.member_id, TOKENS, [])
    found = sorted({*digests, vault.digests(token)[0]})
    app_store.save_setting(portal.member_id, TOKENS, found)
    return len(found)


def forget_tokens(app_store: AppStore, member_id: str) -> None:
    """Accept no outgoing webhook of a portal any more."""
    app_store.save_setting(registry.get_portal(app_store, member_id).member_id, TOKENS, [])


def check_event_token(app_store: AppStore, vault: Vault, member_id: str, token: str) -> Portal:
    """Return the portal that an event comes from: proven by the application's token or by an outgoing webhook's.

    A portal that is connected by a webhook goes by an id of our own, which it cannot know: there the token alone tells.
    What was proven is remembered, under a keyed digest, until anybody writes into app.db. Raises NotFromBitrix.
    """
    digests = vault.digests(token)

    def prove() -> Portal:
        try:
            return registry.check_application_token(app_store, vault, member_id, token)
        except NotFromBitrix:
            found = _find_portal(app_store, digests, member_id)
            if found is None:
                raise
            return found

    return app_store.remembered(("event", member_id, digests[0]), prove)


def _find_portal(app_store: AppStore, digests: list[str], member_id: str) -> Portal | None:
    """Compare with every token that may be meant, and always with all of them."""
    found = None
    for portal in registry.list_portals(app_store):
        if portal.access == WEBHOOK or portal.member_id == member_id:
            pinned = app_store.find_setting(portal.member_id, TOKENS, [])
            if sum(hmac.compare_digest(one, digest) for one in pinned for digest in digests):
                found = portal
    return found
