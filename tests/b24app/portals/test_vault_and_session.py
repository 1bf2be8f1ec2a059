"""Sealed text and signed sessions: opened by whom they belong to, by nobody else."""

from __future__ import annotations

import time

import pytest
from itsdangerous import URLSafeTimedSerializer

from b24app.errors import NotConfigured, Refused
from b24app.portals.session import Session, Signer
from b24app.portals.vault import Vault

ANNA = Session("m1", 7, is_admin=False, lang="ru")


def test_vault_opens_what_it_sealed() -> None:
    """Text comes back; sealed twice it looks different, and never like itself."""
    vault = Vault("key")
    sealed = vault.seal("токен")

    assert vault.open(sealed) == "токен"
    assert sealed != vault.seal("токен")
    assert "токен".encode() not in sealed


def test_vault_rotates_keys() -> None:
    """A new key in front seals, the old one still opens; without the old one a person is told."""
    sealed = Vault("old").seal("x")

    assert Vault("new, old").open(sealed) == "x"
    with pytest.raises(NotConfigured, match="SECRET_KEY"):
        Vault("new").open(sealed)
    with pytest.raises(NotConfigured):
        Vault(" , ")


def test_session_comes_back() -> None:
    """A signed session is the same session; after a rotation too."""
    token = Signer("old").sign(ANNA)

    assert Signer("new,old").verify(token) == ANNA


@pytest.mark.parametrize("change", [lambda token: "", lambda token: token[:-2] + "xx", lambda token: "a" + token, lambda token: "ж"])
def test_forged_session_is_refused(change: object) -> None:
    """Missing, cut or changed: refused, all the same."""
    token = Signer("key").sign(ANNA)

    with pytest.raises(Refused):
        Signer("key").verify(change(token))  # type: ignore[operator]


def test_session_of_another_shape_is_refused() -> None:
    """A rightly signed thing that is no session is refused too."""
    token = URLSafeTimedSerializer("key", salt="frame-session").dumps({"member_id": "m1"})

    with pytest.raises(Refused):
        Signer("key").verify(str(token))


def test_old_session_is_refused() -> None:
    """An hour, and the frame has to be opened again."""
    signer = Signer("key", lifetime=-1)
    token = signer.sign(ANNA)
    time.sleep(0.01)

    with pytest.raises(Refused):
        signer.verify(token)
