"""New access to a portal that is installed: by the frame of an administrator, by an authorization code. Nothing else is believed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from b24app.bitrix.incoming import read_frame
from b24app.bitrix.oauth import AppInfo, TokenPair
from b24app.bitrix.payloads import Answer
from b24app.config import Config
from b24app.context import Portal
from b24app.errors import BitrixBusy, BitrixError, NotAllowed, Refused
from b24app.portals import registry
from b24app.portals.renewal import authorize_address, renew_by_code, renew_by_frame
from b24app.portals.session import Session, Signer
from b24app.portals.tokens import NAME
from b24app.portals.vault import Vault
from b24app.store.settings import AppStore

URL = "https://one.bitrix24.ru"
ADMIN = Session("m1", 7, True, "ru")


class Servers:
    """Both servers, and what the app has ordered."""

    def __init__(self) -> None:
        self.info = AppInfo("local.1", "m1", "one.bitrix24.ru", 7, ("crm",), "L")
        self.is_admin = True
        self.wrong: Exception | None = None
        self.asked: list[str] = []
        self.ordered: list[Any] = []

    def exchange(self, code: str) -> TokenPair:
        """Give tokens for the one code."""
        if self.wrong or code != "good":
            raise self.wrong or BitrixError("oauth.token", "invalid_grant")
        return TokenPair("new-access", "new-refresh", 1.0)

    def app_info(self, token: str) -> AppInfo:
        """Vouch."""
        return self.info

    def client_for(self, url: str, token: str) -> Any:
        """Remember who was asked."""
        self.asked.append(url)
        return SimpleNamespace(call=lambda method: Answer({"ID": str(self.info.user_id), "ADMIN": self.is_admin}))

    def append(self, kind: str, member_id: str, body: Any) -> None:
        """Take an order."""
        self.ordered.append(body)


@pytest.fixture
def servers() -> Servers:
    """They vouch for the administrator 7."""
    return Servers()


@pytest.fixture
def services(tmp_path: Path, servers: Servers) -> Iterator[Any]:
    """A portal whose tokens are dead."""
    config = Config(client_id="local.1", client_secret="s", url="https://a.ru", portals=(URL,), data_dir=tmp_path, secret_key="key")
    store = AppStore(tmp_path / "app.db")
    registry.save_portal(store, Portal("m1", URL, registry.INSTALLED, installed_by=3))
    registry.lose_access(store, "m1")
    yield SimpleNamespace(
        config=config,
        app_store=store,
        vault=Vault("key"),
        oauth=servers,
        client_for=servers.client_for,
        signer=Signer("key"),
        inbox=servers,
    )
    store.close()


def state_of(services: Any, session: Session = ADMIN) -> str:
    """Return the state that the portal would bring back."""
    return parse_qs(urlsplit(authorize_address(services, registry.get_portal(services.app_store, "m1"), session)).query)["state"][0]


def test_code_of_an_administrator_gives_access_back(services: Any, servers: Servers) -> None:
    """The portal is asked at its pinned address; the tokens are sealed, the worker looks for what it has missed; it is written down."""
    address = authorize_address(services, registry.get_portal(services.app_store, "m1"), ADMIN)
    assert address.startswith(f"{URL}/oauth/authorize/?client_id=local.1&state=")
    assert "client_secret" not in address

    renew_by_code(services, "good", state_of(services))

    portal = registry.get_portal(services.app_store, "m1")
    sealed = services.app_store.find_secret("m1", NAME)
    assert (portal.state, portal.installed_by, servers.asked) == (registry.INSTALLED, 7, [URL])
    assert (b"new-access" in sealed, "new-access" in services.vault.open(sealed)) == (False, True)
    assert servers.ordered == [{"name": "sweep"}]
    assert [row["about"] for row in services.app_store.list_notes("m1", {"user_id": 7}, 9)[0]] == ["renewed"]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"member_id": "m2"}, Refused),
        ({"client_id": "local.2"}, Refused),
        ({"domain": "evil.example"}, Refused),
        ({"user_id": 8}, Refused),
        ({"is_admin": False}, NotAllowed),
        ({"code": "old"}, Refused),
        ({"state": "forged"}, Refused),
        ({"state": "link"}, Refused),
        ({"wrong": BitrixBusy("oauth.token", "no_answer")}, BitrixBusy),
    ],
    ids=str,
)
def test_anything_else_changes_nothing(services: Any, servers: Servers, change: dict[str, Any], error: type[Exception]) -> None:
    """Another portal, application, person; no administrator; a code that was used; a state that was not signed for this."""
    servers.is_admin, servers.wrong = change.get("is_admin", True), change.get("wrong")
    about = {name: value for name, value in change.items() if name in ("member_id", "client_id", "domain", "user_id")}
    servers.info = replace(servers.info, **about)
    states = {"forged": "a.b.c", "link": services.signer.sign_link("open", "m1:7")}

    with pytest.raises(error):
        renew_by_code(services, change.get("code", "good"), states.get(change.get("state", ""), state_of(services)))

    assert registry.get_portal(services.app_store, "m1").state == registry.LOST
    assert services.app_store.find_secret("m1", NAME) is None
    assert "https://evil.example" not in servers.asked


def test_portal_that_has_left_is_not_let_in_by_a_code(services: Any) -> None:
    """It installs us anew, or not at all."""
    state = state_of(services)
    registry.dismiss(services.app_store, "m1")

    with pytest.raises(Refused):
        renew_by_code(services, "good", state)


@pytest.mark.parametrize(
    ("session", "refresh", "is_renewed"), [(ADMIN, "r", True), (replace(ADMIN, is_admin=False), "r", False), (ADMIN, "", False)]
)
def test_frame_of_an_administrator_gives_access_back(services: Any, session: Session, refresh: str, is_renewed: bool) -> None:
    """He need not do anything but open the app; an employee's tokens see too little."""
    form = {"AUTH_ID": "a", "REFRESH_ID": refresh, "APPLICATION_TOKEN": "t", "member_id": "m1"}

    renew_by_frame(services, read_frame({"DOMAIN": "one.bitrix24.ru"}, form), session)

    assert (registry.get_portal(services.app_store, "m1").state == registry.INSTALLED) == is_renewed


def test_living_access_is_left_alone_by_a_frame(services: Any) -> None:
    """Whoever opens the app does not become the one on whose behalf it works."""
    registry.set_state(services.app_store, "m1", registry.INSTALLED)
    form = {"AUTH_ID": "a", "REFRESH_ID": "r", "APPLICATION_TOKEN": "t", "member_id": "m1"}

    renew_by_frame(services, read_frame({"DOMAIN": "one.bitrix24.ru"}, form), ADMIN)

    assert services.app_store.find_secret("m1", NAME) is None
