"""The portal's tokens at rest: encrypted in the store, renewed by one process at a time.

A pair is renewed only after the portal said `expired_token` (renewing on a schedule may get the app blocked),
and the new pair is saved before it is used, because the old refresh token dies with it.
"""

from __future__ import annotations

import fcntl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from b24app.bitrix.oauth import TokenPair
from b24app.errors import BitrixBusy, BitrixGone, Refused
from b24app.portals.registry import LOST

if TYPE_CHECKING:
    from b24app.bitrix.oauth import OAuth
    from b24app.portals.vault import Vault
    from b24app.store.settings import AppStore

WAITS = 3.0  # seconds until it is looked again whether access was renewed; the portal is not asked for that
NAME = "tokens"  # the name under which the pair lies in the store


def save_pair(app_store: AppStore, vault: Vault, member_id: str, pair: TokenPair) -> None:
    """Encrypt and keep a portal's pair."""
    app_store.save_secret(member_id, NAME, vault.seal(pair.to_json()))


class StoredTokens:
    """The installer's tokens of one portal. Safe for threads and for several processes."""

    def __init__(self, app_store: AppStore, vault: Vault, oauth: OAuth, member_id: str, lock_file: Path) -> None:
        self._app_store, self._vault, self._oauth = app_store, vault, oauth
        self._member_id, self._lock_file = member_id, lock_file
        self._lock = threading.Lock()

    def access(self) -> str:
        """Return the access token, however old. Raises BitrixGone when there is none, BitrixBusy while access waits to be renewed."""
        return self._read().access

    def renew(self, stale: str) -> str:
        """Return a token newer than `stale`: another process's, if it was faster, else one from the OAuth server."""
        with self._alone():
            pair = self._read()
            if pair.access != stale:
                return pair.access
            fresh = self._oauth.refresh(pair.refresh)
            save_pair(self._app_store, self._vault, self._member_id, fresh)
            return fresh.access

    def _read(self) -> TokenPair:
        portal = self._app_store.find_portal(self._member_id)
        if portal and portal["state"] == LOST:
            raise BitrixBusy("oauth", "access_lost", "an administrator has to renew access", retry_after=WAITS)
        sealed = self._app_store.find_secret(self._member_id, NAME)
        if sealed is None:
            raise BitrixGone("oauth", "no_tokens", "the portal has no tokens here")
        return TokenPair.from_json(self._vault.open(sealed))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the portal's renewal lock: the thread lock first, because flock is per open file."""
        with self._lock, self._lock_file.open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(file, fcntl.LOCK_UN)


class BorrowedTokens:
    """The token of whoever opened a frame, for one request: it is never renewed and never kept."""

    def __init__(self, access: str) -> None:
        self._access = access

    def __repr__(self) -> str:
        return "BorrowedTokens()"

    def access(self) -> str:
        """Return the token."""
        return self._access

    def renew(self, stale: str) -> str:  # noqa: ARG002
        """Raise: the frame has to be opened again."""
        raise Refused("the frame's token has expired")


class NoTokens:
    """A webhook's: its secret is in the address, there is nothing to send and nothing to renew."""

    def access(self) -> str:
        """Return nothing."""
        return ""

    def renew(self, stale: str) -> str:  # noqa: ARG002
        """Raise: a webhook does not expire, so whoever says so means something else."""
        raise BitrixGone("webhook", "expired_token", "a webhook has no token to renew")
