"""How a frame's post is proven, and how often the servers are asked for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from b24app.bitrix.incoming import Frame, read_frame
from b24app.bitrix.oauth import AppInfo
from b24app.bitrix.payloads import Answer
from b24app.config import Config
from b24app.context import Portal
from b24app.errors import NotFromBitrix
from b24app.portals import registry
from b24app.portals.access import Proven, open_session
from b24app.portals.session import Signer
from b24app.portals.vault import Vault
from b24app.store.settings import AppStore

OLD, NEW = "https://old.bitrix24.ru", "https://new.bitrix24.ru"


class Servers:
    """The authorization server and the portal; `asked` is what they were asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.info = AppInfo("local.1", "m1", "old.bitrix24.ru", 7, ("crm",), "L")

    def app_info(self, token: str) -> AppInfo:
        self.asked.append("app.info")
        return self.info

    def client_for(self, url: str, token: str) -> Any:
        self.asked.append(url)
        return SimpleNamespace(call=lambda method: Answer({"ID": 7, "ADMIN": True}))


@pytest.fixture
def servers() -> Servers:
    """Both servers vouch for the token."""
    return Servers()


@pytest.fixture
def services(tmp_path: Path, servers: Servers) -> Iterator[Any]:
    """The tools of the web process, with one portal installed."""
    config = Config(client_id="local.1", client_secret="s", url="https://a.ru", portals=(OLD, NEW), data_dir=tmp_path, secret_key="key")
    store, vault = AppStore(tmp_path / "app.db"), Vault("key")
    registry.save_portal(store, Portal("m1", OLD, "installed"))
    registry.save_application_token(store, vault, "m1", "right")
    yield SimpleNamespace(
        config=config, app_store=store, vault=vault, oauth=servers, client_for=servers.client_for, proven=Proven(), signer=Signer("key")
    )
    store.close()


def frame(domain: str = "old.bitrix24.ru", **changes: str) -> Frame:
    form = {"AUTH_ID": "token-1", "AUTH_EXPIRES": "3600", "APPLICATION_TOKEN": "right", "member_id": "m1", **changes}
    return read_frame({"DOMAIN": domain, "PROTOCOL": "1", "LANG": "ru"}, form)


def test_frame_that_is_opened_again_costs_nothing(services: Any, servers: Servers) -> None:
    """The servers are asked once a token; another token is another question."""
    first, again = open_session(services, frame()), open_session(services, frame())
    assert (first, servers.asked) == (again, ["app.info", OLD])

    open_session(services, frame(AUTH_ID="token-2"))
    assert servers.asked == ["app.info", OLD] * 2


@pytest.mark.parametrize(
    "changes", [{"APPLICATION_TOKEN": "wrong"}, {"member_id": "m2"}, {"domain": "new.bitrix24.ru"}, {"domain": "evil.example"}]
)
def test_known_token_proves_nothing_but_itself(services: Any, servers: Servers, changes: dict[str, str]) -> None:
    """Everything else of the post is still compared."""
    open_session(services, frame())

    with pytest.raises(NotFromBitrix):
        open_session(services, frame(**changes))


def test_renamed_portal_is_known_by_its_new_address(services: Any, servers: Servers) -> None:
    """The authorization server says where it is now, the settings allow it: from then on it is asked there."""
    servers.info = replace(servers.info, domain="new.bitrix24.ru")

    open_session(services, frame("new.bitrix24.ru"))

    assert registry.get_portal(services.app_store, "m1").url == NEW
    assert servers.asked == ["app.info", NEW]


def test_claim_of_a_new_address_alone_changes_nothing(services: Any, servers: Servers) -> None:
    """The post says so, the authorization server does not."""
    with pytest.raises(NotFromBitrix):
        open_session(services, frame("new.bitrix24.ru"))

    assert registry.get_portal(services.app_store, "m1").url == OLD
