"""The authorization server: whose token it is, a new pair for an old one, and no secret in any error."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import responses

from b24app.bitrix.oauth import OAuth, TokenPair
from b24app.config import Config
from b24app.errors import BitrixBusy, BitrixError, BitrixGone

SERVER = "https://oauth.example"
INFO = {
    "client_id": "local.1",
    "scope": "crm,placement",
    "install": {"status": "L", "domain": "p.example", "client_endpoint": "https://P.example/rest/", "member_id": "m1"},
    "user_id": 7,
}


@pytest.fixture
def oauth(tmp_path: Path) -> Iterator[OAuth]:
    """An OAuth server's client whose clock stands at 1000."""
    config = Config(
        client_id="local.1",
        client_secret="SECRET",
        url="https://a.example",
        portals=("https://p.example",),
        data_dir=tmp_path,
        oauth_url=SERVER,
    )
    with requests.Session() as session:
        yield OAuth(config, session, clock=lambda: 1000.0)


@responses.activate
def test_app_info_is_read(oauth: OAuth) -> None:
    """The portal's domain comes from the server, in lower case; the token travels in the body."""
    responses.post(f"{SERVER}/rest/app.info", json={"result": INFO})

    info = oauth.app_info("TOKEN")

    assert (info.client_id, info.member_id, info.domain, info.user_id, info.scope) == (
        "local.1",
        "m1",
        "p.example",
        7,
        ("crm", "placement"),
    )
    assert "TOKEN" not in (responses.calls[0].request.url or "")


@responses.activate
@pytest.mark.parametrize("result", [None, [], {"client_id": "x"}, {**INFO, "user_id": "none"}])
def test_other_app_info_is_an_error(oauth: OAuth, result: Any) -> None:
    """The portal's own app.info, for one, has another shape and proves nothing."""
    responses.post(f"{SERVER}/rest/app.info", json={"result": result})

    with pytest.raises(BitrixError, match="unexpected_answer"):
        oauth.app_info("TOKEN")


@responses.activate
def test_refresh_returns_a_new_pair(oauth: OAuth) -> None:
    """The pair knows when it ends and shows neither token."""
    responses.get(
        f"{SERVER}/oauth/token/", json={"access_token": "a2", "refresh_token": "r2", "expires_in": "3600", "domain": "oauth.example"}
    )

    pair = oauth.refresh("r1")

    assert pair == TokenPair("a2", "r2", 4600.0)
    assert "a2" not in repr(pair)
    assert TokenPair.from_json(pair.to_json()) == pair


@responses.activate
@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({"status": 400, "json": {"error": "invalid_grant"}}, BitrixGone),
        ({"status": 401, "json": {"error": "invalid_client"}}, BitrixError),
        ({"status": 502, "body": "<html>"}, BitrixBusy),
        (
            {"body": requests.ConnectionError("Max retries exceeded with url: /oauth/token/?client_secret=SECRET&refresh_token=r1")},
            BitrixBusy,
        ),
        ({"json": {"result": 1}}, BitrixError),
    ],
    ids=["revoked", "misconfigured", "gateway", "unreachable", "odd"],
)
def test_refusal_shows_no_secret(oauth: OAuth, answer: Any, kind: type[BitrixError]) -> None:
    """Whatever goes wrong, neither the secret nor the token is in the error or in what it is chained to."""
    responses.get(f"{SERVER}/oauth/token/", **answer)

    with pytest.raises(BitrixError) as caught:
        oauth.refresh("r1")

    assert type(caught.value) is kind
    assert "SECRET" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
