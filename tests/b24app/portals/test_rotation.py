"""Keys change: at no moment is there a secret that nobody can open, in this process or in one that has been running for long."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from b24app import keys
from b24app.errors import Mistaken, NotConfigured, Refused
from b24app.keys import KeyRing
from b24app.portals.rotation import drop_old, list_stale, rotate
from b24app.portals.session import OPEN, Signer
from b24app.portals.vault import Vault
from b24app.store.settings import AppStore

SECRETS = {"tokens": "a pair", "application_token": "a token", "webhook": "rest/1/code"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A key file as it is made at the first start."""
    keys.find_or_make(tmp_path / keys.FILE)
    return tmp_path / keys.FILE


@pytest.fixture
def app_store(tmp_path: Path, path: Path) -> Iterator[AppStore]:
    """Two portals with their secrets."""
    store, vault = AppStore(tmp_path / "app.db"), make_vault(path)
    for member_id in ("m1", "m2"):
        for name, text in SECRETS.items():
            store.save_secret(member_id, name, vault.seal(text))
    yield store
    store.close()


def make_vault(path: Path) -> Vault:
    """Return the vault of a process that starts now."""
    return Vault(KeyRing(keys.find_or_make(path), path))


def opened(store: AppStore, vault: Vault) -> list[str]:
    """Return all that is sealed."""
    return sorted(vault.open(sealed) for _, _, sealed in store.list_secrets())


ALL = sorted([*SECRETS.values()] * 2)


def test_rotation_seals_everything_with_a_new_key(app_store: AppStore, path: Path) -> None:
    """The old key alone opens nothing any more; whoever has been running meanwhile opens everything and seals with the new one."""
    old, running = keys.read_file(path), make_vault(path)

    done = rotate(app_store, make_vault(path))

    assert (done.is_made, done.sealed, done.keys) == (True, 6, 2)
    assert opened(app_store, running) == ALL
    assert running.is_fresh(running.seal("new"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(NotConfigured):
        opened(app_store, Vault(old[0]))


@pytest.mark.parametrize("killed_at", ["draft", "seal"])
def test_rotation_killed_half_way_is_finished_by_the_next(
    app_store: AppStore, path: Path, killed_at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever was reached, everything opens; and giving the command again makes no third key."""

    class Killed(BaseException):
        pass

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        if killed_at == "draft":
            patched.setattr(Path, "replace", die)
        else:
            patched.setattr(app_store, "save_secret", die)
        with pytest.raises(Killed):
            rotate(app_store, make_vault(path))
    assert opened(app_store, make_vault(path)) == ALL

    rotate(app_store, make_vault(path))

    assert len(keys.read_file(path)) == 2
    assert list_stale(app_store, make_vault(path)) == []


def test_old_key_is_dropped_when_nothing_needs_it(app_store: AppStore, path: Path) -> None:
    """Secrets open, sessions of the old key end, what is only compared is still known."""
    old = make_vault(path)
    digest, session = old.digests("outgoing")[0], Signer(old.ring).sign_link(OPEN, "m1")
    stolen = keys.read_file(path)[0]
    rotate(app_store, make_vault(path))
    assert Signer(old.ring).verify_link(OPEN, session) == "m1"

    drop_old(app_store, make_vault(path))

    assert opened(app_store, old) == ALL
    assert digest in make_vault(path).digests("outgoing")
    assert stolen not in path.read_text()
    with pytest.raises(Refused):
        Signer(make_vault(path).ring).verify_link(OPEN, session)


def test_dropping_needs_no_rotation_that_was_finished(app_store: AppStore, path: Path) -> None:
    """What an unfinished rotation has left is sealed anew first."""
    keys.write_file(path, (keys.make_key(), *keys.read_file(path)))

    assert drop_old(app_store, make_vault(path)).sealed == 6
    assert opened(app_store, make_vault(path)) == ALL


def test_key_of_the_setting_is_rotated_by_the_setting(app_store: AppStore, path: Path) -> None:
    """Nothing is made; with two keys everything is sealed with the first; with one the command says what to do."""
    old = path.read_text()
    ring = KeyRing(f"a-new-key,{old}", path.with_name("none"))

    done = rotate(app_store, Vault(ring))

    assert (done.is_made, done.sealed) == (False, 6)
    assert opened(app_store, Vault("a-new-key")) == ALL
    with pytest.raises(Mistaken, match="B24APP_SECRET_KEY"):
        rotate(app_store, Vault("a-new-key"))
    with pytest.raises(Mistaken, match="B24APP_SECRET_KEY"):
        drop_old(app_store, Vault(ring))


def test_ring_follows_only_the_file_that_it_came_from(path: Path) -> None:
    """A key of the environment is not replaced by a file that lies there from earlier; a file that is gone changes nothing."""
    other, ring = KeyRing("from-the-environment", path), KeyRing(path.read_text(), path)
    before = ring.keys()
    path.unlink()

    assert other.keys() == ("from-the-environment",)
    assert ring.keys() == before
