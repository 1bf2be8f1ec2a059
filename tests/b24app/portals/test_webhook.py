"""A portal by its incoming webhook, and events by its outgoing one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from b24app.bitrix.payloads import Answer, BatchAnswer
from b24app.config import Config
from b24app.context import WEBHOOK, Portal
from b24app.errors import BitrixError, BitrixGone, BitrixLost, Mistaken, NotFound, NotFromBitrix
from b24app.portals import registry
from b24app.portals.outgoing import check_event_token, forget_tokens, pin_token
from b24app.portals.vault import Vault
from b24app.portals.webhook import Desk, connect, find_root, leave, read_webhook
from b24app.store.settings import AppStore

URL = "https://company.bitrix24.ru"
ADDRESS = f"{URL}/rest/1/a1b2c3d4e5f6g7h8/"
TOKEN = "0123456789abcdef0123456789abcdef"


class FakeClient:
    """Answers what connecting asks."""

    def __init__(self) -> None:
        self.admin, self.scope, self.error = True, ["crm", "user"], None
        self.asked: list[tuple[str, str]] = []

    def at(self, origin: str, root: str) -> Any:
        self.asked.append((origin, root))
        return self

    def call(self, method: str) -> Answer:
        if self.error:
            raise self.error
        assert method == "profile"
        return Answer({"ID": "7", "ADMIN": self.admin}, time={"date_start": "2025-09-09T16:31:11+03:00"})

    def batch(self, commands: Mapping[str, Any]) -> BatchAnswer:
        assert set(commands) == {"scope", "currency"}
        return BatchAnswer({"scope": Answer(self.scope)}, {"currency": BitrixError("crm.currency.base.get", "ACCESS_DENIED")})


@pytest.fixture
def client() -> FakeClient:
    """A portal that is content."""
    return FakeClient()


@pytest.fixture
def desk(tmp_path: Path, client: FakeClient) -> Iterator[Desk]:
    """What connecting needs."""
    config = Config(client_id="c", client_secret="s", url="https://a.ru", portals=(URL,), data_dir=tmp_path, secret_key="key")
    store = AppStore(tmp_path / "app.db")
    yield Desk(config, store, Vault("key"), client.at)
    store.close()


def test_webhook_makes_a_portal(desk: Desk, client: FakeClient) -> None:
    """Its id is ours and always the same; its secret is sealed; the worker has its order."""
    portal = connect(desk, ADDRESS)

    assert (portal.url, portal.state, portal.access, portal.lang, portal.installed_by, portal.utc_offset) == (
        URL,
        "installed",
        WEBHOOK,
        "ru",
        7,
        180,
    )
    assert client.asked == [(URL, "rest/1/a1b2c3d4e5f6g7h8")]
    assert registry.get_portal(desk.app_store, portal.member_id) == portal
    assert find_root(desk.app_store, desk.vault, portal) == "rest/1/a1b2c3d4e5f6g7h8"
    assert desk.app_store.find_setting(portal.member_id, registry.RUN)["name"]
    assert connect(desk, f"{URL.upper()}/rest/9/zzzzzzzzzzzzzzzz").member_id == portal.member_id
    assert b"a1b2c3d4e5f6g7h8" not in (desk.config.data_dir / "app.db").read_bytes()


@pytest.mark.parametrize(
    "address",
    [
        "",
        "company",
        f"{URL}/rest/",
        f"{URL}/rest/1/",
        f"{URL}/rest/1/short/",
        f"{URL}/rest/1/a1b2c3d4e5f6g7h8/profile",
        f"{ADDRESS}?auth=1",
        "ftp" + ADDRESS[5:],
    ],
)
def test_what_is_no_webhook_is_not_asked(desk: Desk, client: FakeClient, address: str) -> None:
    """And what was given is not repeated."""
    with pytest.raises(Mistaken) as caught:
        connect(desk, address)

    assert client.asked == []
    assert "a1b2c3d4" not in str(caught.value.sentences)


def test_foreign_portal_is_not_asked(desk: Desk, client: FakeClient) -> None:
    """Only portals of the settings."""
    with pytest.raises(Mistaken, match="B24APP_PORTALS"):
        connect(desk, "https://evil.example/rest/1/a1b2c3d4e5f6g7h8/")
    assert client.asked == []


def test_webhook_of_a_lesser_person_is_refused(desk: Desk, client: FakeClient) -> None:
    """No administrator, too few permissions, a webhook that is not known, an application that is there already."""
    client.admin = False
    with pytest.raises(Mistaken, match="no administrator"):
        connect(desk, ADDRESS)
    client.admin, client.scope = True, ["crm"]
    with pytest.raises(Mistaken, match="user"):
        connect(desk, ADDRESS)
    client.error = BitrixError("profile", "NO_AUTH_FOUND")
    with pytest.raises(Mistaken, match="NO_AUTH_FOUND"):
        connect(desk, ADDRESS)
    client.error = BitrixLost("profile", "no_answer")
    with pytest.raises(BitrixLost):
        connect(desk, ADDRESS)
    registry.save_portal(desk.app_store, Portal("m1", URL, "installed"))
    with pytest.raises(Mistaken, match="installed"):
        connect(desk, ADDRESS)
    assert [portal.member_id for portal in registry.list_portals(desk.app_store)] == ["m1"]


def test_installation_takes_a_webhooks_place(desk: Desk) -> None:
    """The mirror of the webhook goes; its secret is gone at once."""
    portal = connect(desk, ADDRESS)
    leave(desk.app_store, URL)

    with pytest.raises(NotFound):
        registry.get_portal(desk.app_store, portal.member_id)
    with pytest.raises(BitrixGone):
        find_root(desk.app_store, desk.vault, portal)
    assert desk.app_store.find_setting(portal.member_id, registry.CLEAN)


def test_outgoing_webhook_may_tell_of_events(desk: Desk) -> None:
    """Several are accepted; a wrong token, and a right one of another portal, are not."""
    registry.save_portal(desk.app_store, Portal("m1", URL, "installed"))
    registry.save_portal(desk.app_store, Portal("m2", "https://other.bitrix24.ru", "installed"))
    registry.save_application_token(desk.app_store, desk.vault, "m1", "application")

    assert [pin_token(desk.app_store, desk.vault, "m1", token) for token in (TOKEN, TOKEN, TOKEN[::-1])] == [1, 1, 2]
    for token in ("application", TOKEN, TOKEN[::-1]):
        assert check_event_token(desk.app_store, desk.vault, "m1", token).member_id == "m1"
    for member_id, token in (("m1", "x" * 32), ("m1", ""), ("m2", TOKEN), ("nobody", TOKEN)):
        with pytest.raises(NotFromBitrix):
            check_event_token(desk.app_store, desk.vault, member_id, token)
    with pytest.raises(NotFromBitrix):
        registry.check_application_token(desk.app_store, desk.vault, "m1", TOKEN)
    forget_tokens(desk.app_store, "m1")
    with pytest.raises(NotFromBitrix):
        check_event_token(desk.app_store, desk.vault, "m1", TOKEN)


def test_outgoing_webhook_finds_its_portal_by_the_token(desk: Desk) -> None:
    """A portal that is connected by a webhook has an id of ours, which its events do not carry; a new key in front changes nothing."""
    portal = connect(desk, ADDRESS)
    pin_token(desk.app_store, desk.vault, portal.member_id, TOKEN)

    assert check_event_token(desk.app_store, Vault("new,key"), "the-portals-own-id", TOKEN) == portal


@pytest.mark.parametrize("token", ["", "short", "with spaces in the middle of it", "x" * 15])
def test_what_is_no_token_is_not_pinned(desk: Desk, token: str) -> None:
    """A token that anybody could guess would let anybody in."""
    registry.save_portal(desk.app_store, Portal("m1", URL, "installed"))

    with pytest.raises(Mistaken):
        pin_token(desk.app_store, desk.vault, "m1", token)


def test_webhook_shows_no_secret() -> None:
    """Not even to who prints it."""
    assert "a1b2c3d4" not in repr(read_webhook(ADDRESS, (URL,)))
