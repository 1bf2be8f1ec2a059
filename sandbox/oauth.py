"""Applications, webhooks and tokens: who may call, for how long, in whose name. Keeps them in the store; knows no HTTP.

Sources: settings/oauth/*, local-webhooks. Assumptions 4 and 5 say what a rotation and a revocation do.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sandbox.clock import Clock
from sandbox.rest import Caller, Record, RestError
from sandbox.store import Store, Where

REFRESH_TTL = 180 * 86400
CODE_TTL = 30
KEPT_AFTER_EXPIRY = 86400
ALL_SCOPES = (
    "crm", "bizproc", "placement", "user", "user_basic", "user_brief", "department", "documentgenerator", "im", "messageservice",
    "userfieldconfig", "catalog", "disk", "task", "telephony", "imopenlines", "mailservice", "timeman", "log", "entity",
)  # fmt: skip


@dataclass(frozen=True)
class TokenPair:
    """Two fresh tokens and the unix second when the access token expires."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    expires: int
    client_id: str
    user_id: int


class Grants:
    """Applications, webhooks and their tokens. `token_ttl` is how many seconds an access token lives."""

    def __init__(self, store: Store, clock: Clock, token_ttl: int) -> None:
        self._store, self._clock, self.token_ttl = store, clock, token_ttl

    # Applications

    def add_app(self, title: dict[str, str], handler: str, installer: str, scopes: Iterable[str], is_api_only: bool = False) -> Record:
        """Keep a new local application, not yet installed; return it."""
        app = {
            "CLIENT_ID": f"local.{secrets.token_hex(7)}.{secrets.randbelow(10**8):08d}",
            "ID": self._store.count("apps") + 1,
            "CLIENT_SECRET": secrets.token_urlsafe(37),
            "TITLE": title,
            "HANDLER": handler,
            "INSTALLER": installer,
            "SCOPES": list(scopes),
            "INSTALLED": not installer and not is_api_only,
            "API_ONLY": is_api_only,
            "VERSION": 1,
            "STATUS": "L",
            "APPLICATION_TOKEN": secrets.token_hex(16),
            "OPTIONS": {},
            "CREATED": self._clock.stamp(),
        }
        self._store.insert("apps", app)
        return app

    def list_apps(self) -> list[Record]:
        """Return all applications, the oldest first."""
        return self._store.find("apps", order='"ID"')

    def find_app(self, client_id: str) -> Record | None:
        """Return an application or None."""
        return self._store.get("apps", client_id)

    def get_app(self, client_id: str) -> Record:
        """Return an application; raise RestError when there is none."""
        app = self.find_app(client_id)
        if app is None:
            raise RestError(401, "invalid_client", "Client is not installed")
        return app

    def save_app(self, client_id: str, changes: dict[str, Any]) -> None:
        """Change an application."""
        self._store.save("apps", client_id, changes)

    def delete_app(self, client_id: str) -> None:
        """Forget an application and all its tokens."""
        with self._store.write():
            self._store.delete("apps", client_id)
            self._store.delete_where("tokens", {"CLIENT_ID": client_id})

    # Webhooks

    def add_webhook(self, user_id: int, scopes: Iterable[str], title: str = "") -> Record:
        """Keep a new incoming webhook; return it."""
        hook = {"USER_ID": user_id, "CODE": secrets.token_hex(8), "SCOPES": list(scopes), "TITLE": title}
        return {**hook, "ID": self._store.insert("webhooks", hook)}

    def webhook_caller(self, user_id: str, code: str) -> Caller:
        """Return who calls by a webhook's address. Raises 401 NO_AUTH_FOUND."""
        found = self._store.find("webhooks", {"CODE": code}, limit=1)
        if not found or str(found[0]["USER_ID"]) != user_id:
            raise RestError(401, "NO_AUTH_FOUND", "Wrong authorization data")
        hook = found[0]
        return self._caller(hook["USER_ID"], None, hook["SCOPES"], hook["ID"])

    # Tokens

    def issue(self, client_id: str, user_id: int) -> TokenPair:
        """Return a new pair of tokens for an application in a person's name."""
        now = self._clock.unix()
        access, refresh = secrets.token_hex(35), secrets.token_hex(35)
        with self._store.write():
            self._prune(now)
            self._keep("access", access, client_id, user_id, now + self.token_ttl)
            self._keep("refresh", refresh, client_id, user_id, now + REFRESH_TTL)
        return TokenPair(access, refresh, int(now + self.token_ttl), client_id, user_id)

    def issue_code(self, client_id: str, user_id: int) -> str:
        """Return an authorization code; it lives 30 seconds and serves once."""
        code = secrets.token_hex(35)
        self._keep("code", code, client_id, user_id, self._clock.unix() + CODE_TTL)
        return code

    def exchange(self, kind: str, value: str, client_id: str, client_secret: str) -> TokenPair:
        """Return a new pair for a code (`kind` "code") or a refresh token ("refresh"), which is dead after this. Raises RestError."""
        app = self.find_app(client_id)
        if app is None or not secrets.compare_digest(app["CLIENT_SECRET"], client_secret):
            raise RestError(400, "invalid_client", "Invalid client")
        with self._store.write():
            found = self._store.find("tokens", {"KIND": kind, "VALUE": value, "CLIENT_ID": client_id}, limit=1)
            if not found or found[0]["EXPIRES"] < self._clock.unix():
                raise RestError(400, "invalid_grant", "Invalid grant")
            self._store.delete("tokens", found[0]["ID"])
            return self.issue(client_id, found[0]["USER_ID"])

    def token_caller(self, access: str) -> Caller:
        """Return who calls with an access token. Raises 401 NO_AUTH_FOUND or expired_token."""
        token = self.access_token(access)
        app = self.find_app(token["CLIENT_ID"])
        if app is None:
            raise RestError(401, "NO_AUTH_FOUND", "Wrong authorization data")
        return self._caller(token["USER_ID"], app["CLIENT_ID"], app["SCOPES"], None)

    def access_token(self, access: str) -> Record:
        """Return what is known of a living access token. Raises 401 NO_AUTH_FOUND or expired_token."""
        found = self._store.find("tokens", {"KIND": "access", "VALUE": access}, limit=1)
        if not found:
            raise RestError(401, "NO_AUTH_FOUND", "Wrong authorization data")
        if found[0]["EXPIRES"] < self._clock.unix():
            raise RestError(401, "expired_token", "The access token provided has expired")
        return found[0]

    def _keep(self, kind: str, value: str, client_id: str, user_id: int, expires: float) -> None:
        self._store.insert("tokens", {"KIND": kind, "VALUE": value, "CLIENT_ID": client_id, "USER_ID": user_id, "EXPIRES": expires})

    def _prune(self, now: float) -> None:
        """Forget tokens that expired long ago; a fresh corpse still answers expired_token."""
        old = self._store.find("tokens", where=Where('"EXPIRES" < ?', (now - KEPT_AFTER_EXPIRY,)), limit=100)
        if old:
            self._store.delete_where("tokens", {"ID": [token["ID"] for token in old]})

    def _caller(self, user_id: int, client_id: str | None, scopes: Iterable[str], webhook_id: int | None) -> Caller:
        user = self._store.get("users", user_id)
        if user is None or not user["ACTIVE"]:
            raise RestError(403, "user_access_error", "The user does not have access to the application")
        return Caller(user_id, bool(user["IS_ADMIN"]), client_id, frozenset(scopes), webhook_id)
