"""The key ring: the keys that seal secrets and sign sessions, from the setting or from the key file, which is followed while we run.

Of several keys the first one seals and signs, all of them open and verify. A part that begins with `digest:` is what is left of a key
that was dropped: secrets that are only ever compared are still known by it, nothing can be opened with it. Knows no cipher.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import tempfile
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

FILE = "secret.key"
DIGEST = "digest:"
Stamp = tuple[int, int, int]


class KeyRing:
    """Safe for threads. With a file that holds one of the keys it follows the file: a key that a command adds is known at once."""

    def __init__(self, secret_key: str, path: Path | None = None) -> None:
        self._held = _hold(split_keys(secret_key))
        self._lock = threading.Lock()
        self._stamp: Stamp | None = None
        self.path = path if path and _holds_one_of(path, self._held.parts) else None

    def keys(self) -> tuple[str, ...]:
        """Return the keys that seal and open, the first one first."""
        return self._now().keys

    def digest_keys(self) -> tuple[bytes, ...]:
        """Return the keys of digests, of dropped keys too, the first one first."""
        return self._now().digest_keys

    def parts(self) -> tuple[str, ...]:
        """Return all that is on the ring."""
        return self._now().parts

    def _now(self) -> _Held:
        """Return the ring as it is now: a look at the file's date costs a microsecond. A file that cannot be read changes nothing."""
        if self.path:
            with suppress(OSError):
                found = os.stat(self.path)  # noqa: PTH116 - every event asks
                stamp = (found.st_mtime_ns, found.st_ino, found.st_size)
                if stamp != self._stamp:
                    self._follow(self.path, stamp)
        return self._held

    def _follow(self, path: Path, stamp: Stamp) -> None:
        with self._lock:
            if parts := read_file(path):
                self._held, self._stamp = _hold(parts), stamp


@dataclass(frozen=True)
class _Held:
    parts: tuple[str, ...] = field(repr=False)
    keys: tuple[str, ...] = field(repr=False)
    digest_keys: tuple[bytes, ...] = field(repr=False)


def _hold(parts: tuple[str, ...]) -> _Held:
    return _Held(parts, tuple(part for part in parts if not part.startswith(DIGEST)), tuple(map(digest_key, parts)))


def split_keys(text: str) -> tuple[str, ...]:
    """Return the parts of a comma list."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def read_file(path: Path) -> tuple[str, ...]:
    """Return the parts of a key file."""
    return split_keys(path.read_text(encoding="ascii"))


def write_file(path: Path, parts: tuple[str, ...]) -> None:
    """Put another ring in the file's place: whoever reads finds the old one or the new one, whole, and so does a power cut."""
    draft = _draft(path, ",".join(parts))
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def find_or_make(path: Path) -> str:
    """Return what the key file holds. Two processes may start at the same time: the file appears whole, and only once."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = _draft(path, make_key())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text(encoding="ascii").strip()


def make_key() -> str:
    """Return a new key."""
    return secrets.token_urlsafe(48)


def digest_key(part: str) -> bytes:
    """Return the key of digests that belongs to a part of the ring. It cannot be turned back."""
    if part.startswith(DIGEST):
        return bytes.fromhex(part.removeprefix(DIGEST))
    return hashlib.blake2b(part.encode(), digest_size=32, person=b"b24app-digest").digest()


def only_digest(part: str) -> str:
    """Return what is kept of a key that is dropped."""
    return f"{DIGEST}{digest_key(part).hex()}"


def _draft(path: Path, text: str) -> Path:
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".secret-")  # mode 0600
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return Path(draft)


def _holds_one_of(path: Path, parts: tuple[str, ...]) -> bool:
    try:
        return bool(set(read_file(path)) & set(parts))
    except (OSError, UnicodeError):
        return False
