"""Phones and e-mails as they are shown to whoever is not responsible for the client: enough to recognise, too little to use. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from b24app.context import Viewer

DOT = "•"
HEAD, TAIL = 1, 2  # digits of a phone that stay


def mask_phone(phone: str) -> str:
    """Return a phone with its first digit and its last two."""
    places = [number for number, char in enumerate(phone) if char.isdigit()]
    hidden = set(places[HEAD:-TAIL]) if len(places) > HEAD + TAIL else set(places)
    return "".join(DOT if number in hidden else char for number, char in enumerate(phone))


def mask_email(email: str) -> str:
    """Return an e-mail with its first letter and its domain."""
    name, at, domain = email.partition("@")
    return f"{name[:1]}{DOT * 3}@{domain}" if at else DOT * 3


def is_masked(viewer: Viewer, responsible_id: int | None) -> bool:
    """Tell whether a client's contacts are hidden from a viewer: he is a person, and neither he nor his people are responsible."""
    return viewer.user_id is not None and responsible_id not in viewer.responsible


def masked(viewer: Viewer, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a client's row as this viewer may read it: `phone` and `email` by `responsible_id`."""
    if not is_masked(viewer, row["responsible_id"]):
        return dict(row)
    phone, email = row["phone"], row["email"]
    return {**row, "phone": phone and mask_phone(phone), "email": email and mask_email(email)}
