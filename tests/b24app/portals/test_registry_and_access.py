"""Who may speak for a portal, and who may see what."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from b24app.context import Portal
from b24app.errors import NotFound, NotFromBitrix
from b24app.portals import registry
from b24app.portals.access import read_utc_offset
from b24app.portals.vault import Vault
from b24app.store.settings import AppStore

VAULT = Vault("key")
PORTAL = Portal("m1", "https://p.example", scope=("crm", "placement"), utc_offset=180, installed_by=1)


@pytest.fixture
def app_store(tmp_path: Path) -> Iterator[AppStore]:
    """A store with one portal and its pinned token."""
    store = AppStore(tmp_path / "app.db")
    registry.save_portal(store, PORTAL)
    registry.save_application_token(store, VAULT, "m1", "right")
    yield store
    store.close()


def test_portal_comes_back_as_saved(app_store: AppStore) -> None:
    """Every field survives."""
    assert registry.get_portal(app_store, "m1") == PORTAL
    assert registry.list_portals(app_store) == [PORTAL]
    with pytest.raises(NotFound):
        registry.get_portal(app_store, "m2")


@pytest.mark.parametrize(("member_id", "token"), [("m1", "wrong"), ("m1", ""), ("m2", "right"), ("", ""), ("m1", "ж")])
def test_forged_post_is_refused(app_store: AppStore, member_id: str, token: str) -> None:
    """Only the pinned token of a known portal proves a post."""
    with pytest.raises(NotFromBitrix):
        registry.check_application_token(app_store, VAULT, member_id, token)


def test_right_token_names_its_portal(app_store: AppStore) -> None:
    """Whoever has it is that portal."""
    assert registry.check_application_token(app_store, VAULT, "m1", "right") == PORTAL


def test_portal_without_a_pinned_token_accepts_none(app_store: AppStore) -> None:
    """An empty token never equals a missing one."""
    app_store.remove_secrets("m1")

    with pytest.raises(NotFromBitrix):
        registry.check_application_token(app_store, VAULT, "m1", "")


def test_dismissed_portal_keeps_no_secret(app_store: AppStore) -> None:
    """After it has left its posts are refused, its secrets are gone, and the lists do without it."""
    registry.dismiss(app_store, "m1")

    assert registry.list_portals(app_store) == []
    assert app_store.find_secret("m1", registry.APPLICATION_TOKEN) is None
    with pytest.raises(NotFromBitrix):
        registry.check_application_token(app_store, VAULT, "m1", "right")


@pytest.mark.parametrize(
    ("date_start", "minutes"),
    [("2025-09-09T16:31:11+03:00", 180), ("2025-09-09T16:31:11-09:30", -570), ("2025-09-09T16:31:11Z", 0), ("", 0), ("x+ab:cd", 0)],
)
def test_offset_is_read_from_the_portals_clock(date_start: str, minutes: int) -> None:
    """The portal's own answers print its offset."""
    assert read_utc_offset({"date_start": date_start}) == minutes
