"""The authorization server (/oauth-server) and the portal's /oauth/authorize/ over HTTP.

Sources: settings/oauth/index, auto-renewal, error-codes; the shape of app.info is what the vendor's SDK parses.
"""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from sandbox import edge
from sandbox.clock import from_unix
from sandbox.envelope import print_time, to_json
from sandbox.oauth import TokenPair
from sandbox.portal import OAUTH_PATH, Portal
from sandbox.rest import Record, RestError

KINDS = {"authorization_code": ("code", "code"), "refresh_token": ("refresh", "refresh_token")}
ADMINISTRATOR = 1
TOKENS_METHOD = "oauth/token"  # how an order of faults names the address that gives tokens


def make_blueprint(portal: Portal) -> Blueprint:
    """Return the routes."""
    blueprint = Blueprint("oauth", __name__)

    @blueprint.route(OAUTH_PATH + "/oauth/token/", methods=["GET", "POST"])
    def token() -> Response:
        asked = request.values.to_dict()
        client_id = asked.get("client_id", "")
        portal.faults.refuse(client_id, TOKENS_METHOD, is_aside=True)
        return edge.send(portal, client_id, TOKENS_METHOD, lambda: _json(print_tokens(portal, grant(portal, asked))), is_aside=True)

    @blueprint.route(OAUTH_PATH + "/rest/app.info", methods=["GET", "POST"], strict_slashes=False)
    @blueprint.route(OAUTH_PATH + "/rest/app.info/", methods=["GET", "POST"])
    def app_info() -> Response:
        body: Any = request.get_json(silent=True) if request.is_json else None
        given = (body.get("auth") if isinstance(body, dict) else None) or request.values.get("auth", "")
        started = time.time()
        described = describe_token(portal, str(given))
        return _json({"result": described, "time": print_time(started, time.time(), 0.0, None)})

    @blueprint.get("/oauth/authorize/")
    def authorize() -> AnyResponse:
        return redirect(authorize_address(portal, request.args.to_dict()))

    return blueprint


def _json(body: Any) -> Response:
    return Response(to_json(body), 200, mimetype="application/json")


def grant(portal: Portal, asked: dict[str, str]) -> TokenPair:
    """Return new tokens for a code or a refresh token. Raises RestError."""
    kind = KINDS.get(asked.get("grant_type", ""))
    if kind is None or not asked.get(kind[1]):
        raise RestError(400, "invalid_request", "Invalid request")
    return portal.grants.exchange(kind[0], asked[kind[1]], asked.get("client_id", ""), asked.get("client_secret", ""))


def print_tokens(portal: Portal, pair: TokenPair) -> Record:
    """Return the answer with tokens; `domain` is the authorization server's, not the portal's.

    Assumption 25: `expires` and `user_id`, which the documentation shows after a renewal only, are there after a code too.
    """
    app = portal.grants.get_app(pair.client_id)
    return {
        "access_token": pair.access,
        "client_endpoint": portal.client_endpoint,
        "domain": portal.oauth_domain,
        "expires": pair.expires,
        "expires_in": portal.grants.token_ttl,
        "member_id": portal.member_id,
        "refresh_token": pair.refresh,
        "scope": ",".join(app["SCOPES"]),
        "server_endpoint": portal.server_endpoint,
        "status": app["STATUS"],
        "user_id": pair.user_id,
    }


def describe_token(portal: Portal, access: str) -> Record:
    """Return what the authorization server knows of a token. Raises RestError."""
    token = portal.grants.access_token(access)
    app = portal.grants.get_app(token["CLIENT_ID"])
    scope = ",".join(app["SCOPES"])
    install = {
        "installed": app["INSTALLED"],
        "version": str(app["VERSION"]),
        "status": app["STATUS"],
        "scope": scope,
        "domain": portal.domain,
        "uri": portal.url,
        "client_endpoint": portal.client_endpoint,
        "member_id": portal.member_id,
        "member_type": "",
    }
    return {
        "client_id": app["CLIENT_ID"],
        "scope": scope,
        "expires": from_unix(token["EXPIRES"]),
        "install": install,
        "user_id": token["USER_ID"],
    }


def authorize_address(portal: Portal, asked: dict[str, str]) -> str:
    """Return where a person is sent back with a code: the address of the application's settings.

    Assumption 20: nobody logs in here; the person is `user_id` of the query, the administrator without it.
    """
    app = portal.grants.get_app(asked.get("client_id", ""))
    given = asked.get("user_id", "")
    code = portal.grants.issue_code(app["CLIENT_ID"], int(given) if given.isdigit() else ADMINISTRATOR)
    query = {
        "code": code,
        "state": asked.get("state", ""),
        "domain": portal.domain,
        "member_id": portal.member_id,
        "scope": ",".join(app["SCOPES"]),
        "server_domain": portal.oauth_domain,
    }
    glue = "&" if "?" in app["HANDLER"] else "?"
    return f"{app['HANDLER']}{glue}{urlencode(query)}"
