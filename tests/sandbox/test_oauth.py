"""Tokens: how they are given, renewed, and how they die."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.portal import Portal
from sandbox.rest import Record, RestError
from sandbox.server import create_app


@pytest.fixture
def app(portal: Portal) -> Record:
    return portal.grants.add_app({"ru": "А", "en": "A"}, "https://app.example/app", "https://app.example/install", ("crm", "user"))


@pytest.fixture
def web(portal: Portal) -> Any:
    return create_app(portal).test_client()


Refresh = Callable[..., Any]


@pytest.fixture
def refresh(web: Any, app: Record) -> Refresh:
    def run(token: str, **changes: str) -> Any:
        asked = {"client_id": app["CLIENT_ID"], "client_secret": app["CLIENT_SECRET"], "refresh_token": token}
        return web.get("/oauth-server/oauth/token/", query_string={"grant_type": "refresh_token", **asked, **changes})

    return run


def test_code_is_exchanged_once_within_thirty_seconds(web: Any, app: Record, clock: Any) -> None:
    """authorize sends a person back to the application's own address; the code serves once and lives 30 s."""
    asked = {"client_id": app["CLIENT_ID"], "client_secret": app["CLIENT_SECRET"], "grant_type": "authorization_code"}

    def authorize() -> str:
        place = web.get(f"/oauth/authorize/?client_id={app['CLIENT_ID']}&state=s").headers["Location"]
        assert place.startswith("https://app.example/app?code=")
        return str(place.split("code=")[1].split("&")[0])

    code = authorize()
    first = web.post("/oauth-server/oauth/token/", data={**asked, "code": code})
    again = web.post("/oauth-server/oauth/token/", data={**asked, "code": code})
    late = authorize()
    clock.move(31)

    assert set(first.json) == {
        "access_token", "client_endpoint", "domain", "expires", "expires_in", "member_id", "refresh_token", "scope", "server_endpoint",
        "status", "user_id",
    }  # fmt: skip
    assert (again.status_code, again.json["error"]) == (400, "invalid_grant")
    assert web.post("/oauth-server/oauth/token/", data={**asked, "code": late}).json["error"] == "invalid_grant"


def test_refresh_rotates_and_the_old_token_is_dead(portal: Portal, app: Record, refresh: Refresh) -> None:
    """A renewal gives a new pair, with expires and user_id; the old refresh token serves no more."""
    pair = portal.grants.issue(app["CLIENT_ID"], 2)

    made = refresh(pair.refresh).json

    assert (made["user_id"], made["expires_in"], made["client_endpoint"]) == (2, 3600, portal.client_endpoint)
    assert made["refresh_token"] != pair.refresh
    assert refresh(pair.refresh).json["error"] == "invalid_grant"
    assert portal.grants.token_caller(made["access_token"]).user_id == 2
    assert portal.grants.token_caller(pair.access).user_id == 2


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"client_secret": "x"}, "invalid_client"),
        ({"client_id": "local.x"}, "invalid_client"),
        ({"refresh_token": "x"}, "invalid_grant"),
        ({"grant_type": "password"}, "invalid_request"),
        ({"refresh_token": ""}, "invalid_request"),
    ],
)
def test_authorization_server_refuses(portal: Portal, app: Record, refresh: Refresh, changes: dict[str, str], code: str) -> None:
    """Foreign clients, dead tokens and malformed requests."""
    pair = portal.grants.issue(app["CLIENT_ID"], 1)

    answer = refresh(pair.refresh, **changes)

    assert (answer.status_code, answer.json["error"]) == (400, code)


def test_access_token_expires(web: Any, portal: Portal, app: Record, clock: Any) -> None:
    """Within its hour it calls, after it 401 expired_token; an unknown one 401 NO_AUTH_FOUND."""
    pair = portal.grants.issue(app["CLIENT_ID"], 1)

    good = web.post("/rest/app.info", json={"auth": pair.access})
    clock.move(3601)
    late = web.get(f"/rest/app.info.json?auth={pair.access}")
    unknown, missing = web.get("/rest/app.info?auth=x"), web.get("/rest/app.info")

    assert (good.json["result"]["STATUS"], good.json["result"]["INSTALLED"]) == ("L", False)
    assert (late.status_code, late.json["error"]) == (401, "expired_token")
    assert [(one.status_code, one.json["error"]) for one in (unknown, missing)] == [(401, "NO_AUTH_FOUND")] * 2


def test_authorization_server_knows_whose_token_it_is(web: Any, portal: Portal, app: Record) -> None:
    """Its app.info has the shape that the vendor's SDK parses."""
    pair = portal.grants.issue(app["CLIENT_ID"], 2)

    result = web.post("/oauth-server/rest/app.info", data={"auth": pair.access}).json["result"]

    assert (result["client_id"], result["user_id"], result["scope"]) == (app["CLIENT_ID"], 2, "crm,user")
    assert (result["install"]["member_id"], result["install"]["installed"]) == (portal.member_id, False)
    assert web.post("/oauth-server/rest/app.info/", data={"auth": "x"}).status_code == 401


def test_deleted_application_and_dismissed_employee_lose_their_tokens(portal: Portal, app: Record) -> None:
    """No token outlives its application or its person's employment."""
    pair = portal.grants.issue(app["CLIENT_ID"], 2)
    portal.store.save("users", 2, {"ACTIVE": False})
    with pytest.raises(RestError) as dismissed:
        portal.grants.token_caller(pair.access)
    portal.grants.delete_app(app["CLIENT_ID"])
    with pytest.raises(RestError) as deleted:
        portal.grants.token_caller(pair.access)

    assert (dismissed.value.code, deleted.value.code) == ("user_access_error", "NO_AUTH_FOUND")


def test_tokens_do_not_show_in_repr_and_log(portal: Portal, app: Record, web: Any) -> None:
    """A pair's repr and the call log carry no token."""
    pair = portal.grants.issue(app["CLIENT_ID"], 1)
    web.post("/rest/app.option.set", json={"auth": pair.access, "options": {"a": 1}})

    assert pair.access not in repr(pair)
    assert pair.access not in portal.log.text()
    assert '"method": "app.option.set"' in portal.log.text()
