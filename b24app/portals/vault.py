"""Seals what must not be read from a stolen file: tokens and application tokens. Keeps nothing itself.

Of the keys on the ring the first one seals and all open: see `portals.rotation` for how they change.
"""

from __future__ import annotations

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from b24app.errors import NotConfigured
from b24app.keys import KeyRing


class Vault:
    """Encrypts text. The ring, or the setting SECRET_KEY of any length."""

    def __init__(self, ring: KeyRing | str) -> None:
        self.ring = KeyRing(ring) if isinstance(ring, str) else ring
        if not self.ring.keys():
            raise NotConfigured("SECRET_KEY is empty", "SECRET_KEY не задан")
        self._made = _make_box(self.ring.keys())

    def seal(self, text: str) -> bytes:
        """Return the text encrypted."""
        return self._box().encrypt(text.encode())

    def open(self, sealed: bytes) -> str:
        """Return the text. Raises NotConfigured when it was sealed with a key that we no longer have."""
        try:
            return self._box().decrypt(sealed).decode()
        except InvalidToken as error:
            raise NotConfigured(
                "SECRET_KEY is not the one with which the tokens were sealed; restore it or install the application again",
                "SECRET_KEY не тот, которым зашифрованы токены; верните прежний или установите приложение заново",
            ) from error

    def is_fresh(self, sealed: bytes) -> bool:
        """Tell whether it was sealed with the first key."""
        try:
            Fernet(_fernet_key(self.ring.keys()[0])).decrypt(sealed)
        except InvalidToken:
            return False
        return True

    def digests(self, text: str) -> list[str]:
        """Return what a secret is compared by when it need not be known again: one for each key, the first to be kept."""
        return [hashlib.blake2b(text.encode(), key=key, digest_size=32).hexdigest() for key in self.ring.digest_keys()]

    def _box(self) -> MultiFernet:
        keys, box = self._made
        if keys != (now := self.ring.keys()):
            self._made = (_, box) = _make_box(now)
        return box


def _make_box(keys: tuple[str, ...]) -> tuple[tuple[str, ...], MultiFernet]:
    """Return the keys and what opens by them: one value, so that threads never see half of a change."""
    return keys, MultiFernet([Fernet(_fernet_key(key)) for key in keys])


def _fernet_key(key: str) -> bytes:
    """Derive a key of the form that Fernet wants. The setting is random already, so one round is enough."""
    return base64.urlsafe_b64encode(hashlib.blake2b(key.encode(), digest_size=32, person=b"b24app-vault").digest())
