"""Addresses that applications give the portal to call. Decides only, raises in the vendor's words."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sandbox.rest import RestError

if TYPE_CHECKING:
    from sandbox.rest import Record


def check_url(url: str, status: int = 400) -> None:
    """Raise when the portal could not call this. This machine's own addresses are let in (assumption 101)."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        raise RestError(status, "ERROR_UNSUPPORTED_PROTOCOL", "Unsupported handler protocol")
    if not parts.hostname:
        raise RestError(status, "ERROR_WRONG_HANDLER_URL", "Wrong handler URL")


def check_own_url(url: str, app: Record) -> None:
    """Raise when the address is not on the application's own domain: robots may be called only there."""
    check_url(url)
    own = {urlsplit(app[name]).hostname for name in ("HANDLER", "INSTALLER") if app[name]}
    if urlsplit(url).hostname not in own:
        raise RestError(400, "ERROR_WRONG_HANDLER_URL", "Wrong handler URL")
