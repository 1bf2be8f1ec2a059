"""The installer's tokens: renewed once by one, saved before they are used."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from b24app.bitrix.oauth import TokenPair
from b24app.errors import BitrixBusy, BitrixGone, Refused
from b24app.portals import registry
from b24app.portals.tokens import NAME, BorrowedTokens, StoredTokens, save_pair
from b24app.portals.vault import Vault
from b24app.store.settings import AppStore

VAULT = Vault("key")


class FakeOAuth:
    """Gives a new pair for the newest refresh token, slowly, and writes down each time in a file."""

    def __init__(self, log: Path) -> None:
        self.log = log

    def refresh(self, refresh_token: str) -> TokenPair:
        with self.log.open("a") as file:
            file.write(f"{refresh_token}\n")
        time.sleep(0.05)
        number = int(refresh_token.removeprefix("r")) + 1
        return TokenPair(f"a{number}", f"r{number}", 0.0)


@pytest.fixture
def app_store(tmp_path: Path) -> Iterator[AppStore]:
    """A store with the first pair of one portal."""
    store = AppStore(tmp_path / "app.db")
    store.save_portal({"member_id": "m1", "url": "https://p.example"})
    save_pair(store, VAULT, "m1", TokenPair("a1", "r1", 0.0))
    yield store
    store.close()


def test_lost_access_waits_for_an_administrator(app_store: AppStore, tmp_path: Path) -> None:
    """Whoever asks comes back later: nothing is failed, nothing is asked of the portal."""
    registry.lose_access(app_store, "m1")

    with pytest.raises(BitrixBusy, match="access_lost"):
        tokens_of(app_store, tmp_path).access()


def tokens_of(app_store: AppStore, folder: Path) -> StoredTokens:
    return StoredTokens(app_store, VAULT, FakeOAuth(folder / "log"), "m1", folder / "m1.lock")  # type: ignore[arg-type]


def renew_in_another_process(folder: Path) -> None:
    store = AppStore(folder / "app.db")
    tokens_of(store, folder).renew("a1")
    store.close()


def test_tokens_are_sealed_at_rest(app_store: AppStore, tmp_path: Path) -> None:
    """The file shows neither token."""
    assert tokens_of(app_store, tmp_path).access() == "a1"
    assert b"a1" not in (app_store.find_secret("m1", NAME) or b"")


def test_renewed_pair_is_saved_before_it_is_used(app_store: AppStore, tmp_path: Path) -> None:
    """Another reader sees the new pair at once, and the next renewal uses the new refresh token."""
    tokens = tokens_of(app_store, tmp_path)

    assert tokens.renew("a1") == "a2"
    assert tokens_of(app_store, tmp_path).access() == "a2"
    assert tokens.renew("a2") == "a3"
    assert (tmp_path / "log").read_text().split() == ["r1", "r2"]


def test_threads_renew_once(app_store: AppStore, tmp_path: Path) -> None:
    """Who comes second finds the pair of who came first."""
    tokens = tokens_of(app_store, tmp_path)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(tokens.renew, ["a1"] * 8)) == {"a2"}

    assert (tmp_path / "log").read_text().split() == ["r1"]


def test_processes_renew_once(app_store: AppStore, tmp_path: Path) -> None:
    """The lock holds across processes too: a refresh token works once."""
    context = multiprocessing.get_context("spawn")
    others = [context.Process(target=renew_in_another_process, args=(tmp_path,)) for _ in range(2)]
    for other in others:
        other.start()

    assert tokens_of(app_store, tmp_path).renew("a1") == "a2"
    for other in others:
        other.join()
        other.close()

    assert (tmp_path / "log").read_text().split() == ["r1"]


def test_portal_without_tokens_is_gone(app_store: AppStore, tmp_path: Path) -> None:
    """After an uninstall there is nobody to ask for."""
    app_store.remove_secrets("m1")

    with pytest.raises(BitrixGone):
        tokens_of(app_store, tmp_path).access()


def test_borrowed_token_is_never_renewed() -> None:
    """A frame's token is used as it came, and not shown."""
    tokens = BorrowedTokens("secret")

    assert tokens.access() == "secret"
    assert "secret" not in repr(tokens)
    with pytest.raises(Refused):
        tokens.renew("secret")
