"""Seals what must not be read from a stolen file: tokens and application tokens. Keeps nothing itself.

Of a comma list of keys the first one seals and all open: put a new key in front to rotate, drop the old one later.
"""

from __future__ import annotations

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from b24app.errors import NotConfigured


class Vault:
    """Encrypts text. `secret_key` is the setting SECRET_KEY, of any length."""

    def __init__(self, secret_key: str) -> None:
        keys = [key.strip() for key in secret_key.split(",") if key.strip()]
        if not keys:
            raise NotConfigured("SECRET_KEY is empty", "SECRET_KEY не задан")
        self._digest_keys = [_digest_key(key) for key in keys]
        self._box = MultiFernet([Fernet(_fernet_key(key)) for key in keys])

    def seal(self, text: str) -> bytes:
        """Return the text encrypted."""
        return self._box.encrypt(text.encode())

    def open(self, sealed: bytes) -> str:
        """Return the text. Raises NotConfigured when it was sealed with a key that we no longer have."""
        try:
            return self._box.decrypt(sealed).decode()
        except InvalidToken as error:
            raise NotConfigured(
                "SECRET_KEY is not the one with which the tokens were sealed; restore it or install the application again",
                "SECRET_KEY не тот, которым зашифрованы токены; верните прежний или установите приложение заново",
            ) from error

    def digests(self, text: str) -> list[str]:
        """Return what a secret is compared by when it need not be known again: one for each key, the first to be kept."""
        return [hashlib.blake2b(text.encode(), key=key, digest_size=32).hexdigest() for key in self._digest_keys]


def _digest_key(key: str) -> bytes:
    return hashlib.blake2b(key.encode(), digest_size=32, person=b"b24app-digest").digest()


def _fernet_key(key: str) -> bytes:
    """Derive a key of the form that Fernet wants. The setting is random already, so one round is enough."""
    return base64.urlsafe_b64encode(hashlib.blake2b(key.encode(), digest_size=32, person=b"b24app-vault").digest())
