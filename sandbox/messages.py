"""Message services of applications: who may send an SMS, and what was given to whom. Posts to the service's handler, sends nothing itself.

No REST method sends a message: an employee or a robot does. Here the control address does it in their place.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sandbox import auth_block
from sandbox.forms import write_form
from sandbox.outbox import Letter
from sandbox.store import Section

if TYPE_CHECKING:
    from sandbox.portal import Portal
    from sandbox.rest import Record

SECTIONS = (
    Section.declare(
        "message_senders",
        "ID:integer CLIENT_ID:string CODE:string TYPE:string HANDLER:string NAME:json DESCRIPTION:json USER_ID:integer",
        "CLIENT_ID,CODE",
    ),
    Section.declare(
        "messages",
        "ID:integer MESSAGE_ID:string CLIENT_ID:string CODE:string RECIPIENT:string TEXT:string BINDINGS:json STATUS:string "
        "USER_ID:integer CREATED:datetime UPDATED:datetime",
        "MESSAGE_ID",
    ),
)
STATUSES = ("queued", "sent", "delivered", "undelivered", "failed")


def find_sender(portal: Portal, client_id: str, code: str) -> Record | None:
    """Return a registered message service."""
    found = portal.store.find("message_senders", {"CLIENT_ID": client_id, "CODE": code}, limit=1)
    return found[0] if found else None


def forget_app(portal: Portal, client_id: str) -> None:
    """Remove an application's message services; what was sent stays."""
    portal.store.delete_where("message_senders", {"CLIENT_ID": client_id})


def send(portal: Portal, asked: Mapping[str, Any]) -> Record:
    """Give a message to a service as an employee's card does: client_id, code, to, text, bindings, user_id. Raises ValueError."""
    sender = find_sender(portal, str(asked.get("client_id") or ""), str(asked.get("code") or ""))
    to, text = str(asked.get("to") or ""), str(asked.get("text") or "")
    if sender is None:
        raise ValueError("no such message service")
    if not to or not text:
        raise ValueError("a message needs `to` and `text`")
    user_id = int(asked.get("user_id") or sender["USER_ID"])
    message = {"MESSAGE_ID": secrets.token_hex(16), "CLIENT_ID": sender["CLIENT_ID"], "CODE": sender["CODE"], "RECIPIENT": to, "TEXT": text}
    message |= {"BINDINGS": asked.get("bindings") or [], "STATUS": "queued", "USER_ID": user_id, "CREATED": portal.clock.stamp()}
    with portal.store.write():
        key = int(portal.store.insert("messages", message))
        body = _body(message) | {"ts": int(portal.clock.unix()), "auth": auth_block.of_event(portal, sender["CLIENT_ID"], user_id)}
        portal.active.outbox.post([Letter("message", sender["CODE"], sender["HANDLER"], write_form(body), key)])
    return {"id": key, "message_id": message["MESSAGE_ID"]}


def _body(message: Mapping[str, Any]) -> dict[str, Any]:
    """Return the post without `ts` and `auth` [messageservice-sender-add]."""
    bound = {"bindings": message["BINDINGS"]} if message["BINDINGS"] else {}
    properties = {"phone_number": message["RECIPIENT"], "message_text": message["TEXT"]}
    named = {"type": "SMS", "code": message["CODE"], "message_id": message["MESSAGE_ID"]}
    return {
        "module_id": "crm",
        **bound,
        "properties": properties,
        **named,
        "message_to": message["RECIPIENT"],
        "message_body": message["TEXT"],
    }


def list_messages(portal: Portal, limit: int = 200) -> list[dict[str, Any]]:
    """Return messages, newest first, for people and for tests."""
    return [{name.lower(): value for name, value in row.items()} for row in portal.store.find("messages", order='"ID" DESC', limit=limit)]
