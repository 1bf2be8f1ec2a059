"""What the portal tells people: notifications to employees, letters to clients. Keeps both; nothing leaves the machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.store import Section

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.portal import Portal
    from sandbox.rest import Record

SECTIONS = (
    Section.declare(
        "notices",
        "ID:integer USER_ID:integer FROM_ID:integer KIND:string MESSAGE:string MESSAGE_OUT:string TAG:string SUB_TAG:string "
        "CLIENT_ID:string CREATED:datetime IS_READ:char",
        "USER_ID",
    ),
    Section.declare(
        "letters",
        "ID:integer ACTIVITY_ID:integer SENDER:string RECIPIENT:string SUBJECT:string BODY:string CREATED:datetime",
        "ACTIVITY_ID",
    ),
)


def notify(portal: Portal, notice: Mapping[str, Any]) -> int:
    """Keep a notification; one with a TAG replaces the application's earlier ones with it. Return its id."""
    store = portal.store
    with store.write():
        if notice["TAG"]:
            store.delete_where("notices", {"TAG": notice["TAG"], "CLIENT_ID": notice["CLIENT_ID"]})
        return int(store.insert("notices", {**notice, "CREATED": portal.clock.stamp()}))


def list_notices(portal: Portal, user_id: int, limit: int = 50) -> list[Record]:
    """Return a person's notifications, newest first."""
    return portal.store.find("notices", {"USER_ID": user_id}, order='"ID" DESC', limit=limit)


def send_letter(portal: Portal, letter: Mapping[str, Any]) -> int:
    """Keep a letter that the portal would have sent; return its id."""
    return int(portal.store.insert("letters", {**letter, "CREATED": portal.clock.stamp()}))


def list_letters(portal: Portal, limit: int = 200) -> list[Record]:
    """Return letters, newest first."""
    return portal.store.find("letters", order='"ID" DESC', limit=limit)
