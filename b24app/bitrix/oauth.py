"""Bitrix24's authorization server: whose token is this, and a new pair for an old one.

Its address is a setting, never a request's. Secrets go to it alone, and no error of ours repeats them.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests

from b24app.bitrix.incoming import read_scope
from b24app.bitrix.payloads import error_of
from b24app.errors import BitrixBusy, BitrixError

if TYPE_CHECKING:
    from b24app.config import Config

TIMEOUT = (10.0, 30.0)


@dataclass(frozen=True)
class TokenPair:
    """An access token and what renews it. The repr shows neither."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    expires_at: float = 0.0  # unix seconds

    def to_json(self) -> str:
        """Return the pair as it is sealed."""
        return json.dumps([self.access, self.refresh, self.expires_at])

    @classmethod
    def from_json(cls, text: str) -> TokenPair:
        """Read what `to_json` wrote."""
        access, refresh, expires_at = json.loads(text)
        return cls(access, refresh, expires_at)


@dataclass(frozen=True)
class AppInfo:
    """What the authorization server knows of a token: for which application, portal and person it was given."""

    client_id: str
    member_id: str
    domain: str
    user_id: int
    scope: tuple[str, ...]
    status: str


class OAuth:
    """Safe for threads."""

    def __init__(self, config: Config, session: requests.Session, clock: Callable[[], float] = time.time) -> None:
        self._config, self._session, self._clock = config, session, clock

    def app_info(self, access_token: str) -> AppInfo:
        """Return what a token is worth. Raises BitrixError for one that the server does not know."""
        envelope = self._ask("app.info", "POST", "/rest/app.info", {"auth": access_token})
        return _read_app_info(envelope.get("result"))

    def refresh(self, refresh_token: str) -> TokenPair:
        """Return a new pair: the old refresh token is dead after this. Raises BitrixGone when it was dead before.

        A GET with a query: https://github.com/bitrix-tools/b24-rest-docs, settings/oauth/auto-renewal.md.
        """
        query = {
            "grant_type": "refresh_token",
            "client_id": self._config.client_id,
            "client_secret": self._config.client_secret,
            "refresh_token": refresh_token,
        }
        return self._ask_tokens(query)

    def exchange(self, code: str) -> TokenPair:
        """Return the pair for an authorization code, which serves once and lives 30 seconds. Raises BitrixError for any other.

        https://github.com/bitrix-tools/b24-rest-docs, settings/oauth/index.md.
        """
        query = {
            "grant_type": "authorization_code",
            "client_id": self._config.client_id,
            "client_secret": self._config.client_secret,
            "code": code,
        }
        return self._ask_tokens(query)

    def _ask_tokens(self, query: Mapping[str, str]) -> TokenPair:
        answer = self._ask("oauth.token", "GET", "/oauth/token/", query)
        try:
            return TokenPair(answer["access_token"], answer["refresh_token"], self._clock() + int(answer.get("expires_in", 3600)))
        except (KeyError, ValueError, TypeError):
            raise BitrixError("oauth.token", "unexpected_answer", "no tokens in it") from None

    def _ask(self, method: str, verb: str, path: str, values: Mapping[str, str]) -> dict[str, Any]:
        """Ask the server. Exceptions of `requests` name the address with its query, so none of them is chained."""
        place = {"params": values} if verb == "GET" else {"data": values}
        try:
            response = self._session.request(verb, self._config.oauth_url + path, timeout=TIMEOUT, allow_redirects=False, **place)  # type: ignore[arg-type]
        except requests.RequestException as error:
            raise BitrixBusy(method, "no_answer", type(error).__name__, retry_after=5.0) from None
        try:
            envelope = json.loads(response.content)
        except ValueError:
            envelope = None
        if not isinstance(envelope, dict):
            raise BitrixBusy(method, "unreadable_answer", f"HTTP {response.status_code}", response.status_code, 10.0)
        if "error" in envelope:
            raise error_of(method, envelope, response.status_code)
        return envelope


def _read_app_info(result: Any) -> AppInfo:
    try:
        install = result["install"]
        address = str(install.get("client_endpoint") or install["domain"])
        return AppInfo(
            client_id=str(result["client_id"]),
            member_id=str(install["member_id"]),
            domain=(urlsplit(address).netloc or address).lower(),
            user_id=int(result["user_id"]),
            scope=read_scope(_joined(result.get("scope"))),
            status=str(install.get("status", "")),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise BitrixError("app.info", "unexpected_answer", "not an app.info of the authorization server") from None


def _joined(scope: Any) -> str:
    return ",".join(str(part) for part in scope) if isinstance(scope, list) else str(scope or "")
