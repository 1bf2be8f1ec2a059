"""Files of the portal: kept in a folder beside the database, handed out by signed links.

Owns the table of files, their contents and the signatures. Knows nothing of what a file means.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.store import Section

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.portal import Portal

SECTIONS = (Section.declare("files", "ID:integer NAME:string MIME:string SIZE:integer CREATED:datetime"),)
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
SECRET = "files_secret"  # noqa: S105 - the setting's name


@dataclass(frozen=True)
class File:
    """One file as it is handed out."""

    name: str
    mime: str
    content: bytes


def save(portal: Portal, name: str, mime: str, content: bytes) -> int:
    """Keep a file; return its id."""
    record = {"NAME": name, "MIME": mime, "SIZE": len(content), "CREATED": portal.clock.stamp()}
    key = int(portal.store.insert("files", record))
    path = _path(portal, key)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return key


def read(portal: Portal, key: int) -> File:
    """Return a file. Raises KeyError for one that is no more."""
    record = portal.store.get("files", key)
    if record is None:
        raise KeyError(key)
    return File(record["NAME"], record["MIME"], _path(portal, key).read_bytes())


def remove(portal: Portal, key: int) -> None:
    """Forget a file."""
    portal.store.delete("files", key)
    _path(portal, key).unlink(missing_ok=True)


def _path(portal: Portal, key: int) -> Path:
    return portal.data_dir / "files" / str(key)


def sign(portal: Portal, action: str, key: int | str) -> str:
    """Return the signature that lets anybody with the link do this one thing with this one object."""
    with portal.store.write():
        secret = portal.store.setting(SECRET)
        if secret is None:
            secret = secrets.token_hex(16)
            portal.store.set_setting(SECRET, secret)
    return hmac.new(secret.encode(), f"{action}:{key}".encode(), hashlib.sha256).hexdigest()[:32]


def is_signed(portal: Portal, action: str, key: int | str, signature: str) -> bool:
    """Tell whether the signature is right."""
    return hmac.compare_digest(sign(portal, action, key).encode(), signature.encode())
