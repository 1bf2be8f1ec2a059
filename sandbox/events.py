"""Online events: who bound what, and the posts that a change of the portal makes.

Sent once, to every handler of an application whose installation is finished, and to outgoing webhooks. Owns the tables of
handlers and of outgoing webhooks; posting itself is `outbox`, names and contents are `event_names`.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from sandbox import auth_block, event_names, offline
from sandbox.event_names import Event
from sandbox.forms import write_form
from sandbox.outbox import Letter
from sandbox.store import Section

if TYPE_CHECKING:
    from sandbox.portal import Portal
    from sandbox.records import Change
    from sandbox.rest import Caller, Record

SECTIONS = (
    # AUTH_TYPE: whose token the handler gets, 0 = of whoever acted. USER_ID: who bound it.
    Section.declare(
        "event_handlers",
        "ID:integer CLIENT_ID:string EVENT:string HANDLER:string AUTH_TYPE:integer OFFLINE:bool CONNECTOR:string OPTIONS:json "
        "USER_ID:integer",
        "EVENT",
        "CLIENT_ID",
    ),
    Section.declare("outgoing_webhooks", "ID:integer TITLE:string URL:string TOKEN:string EVENTS:json USER_ID:integer"),
)


class Events:
    """Listens to the portal's changes and posts events about them."""

    def __init__(self, portal: Portal) -> None:
        self._portal, self._store = portal, portal.store
        self._woken: dict[int, float] = {}  # handler of ONOFFLINEEVENT -> when it was last told

    def on_change(self, change: Change) -> None:
        """Post and queue what a change says."""
        for event in event_names.events_of(change):
            self.fire(event, change.caller)

    def fire(self, event: Event, caller: Caller) -> None:
        """Post an event to everybody who bound it, all in one transaction."""
        handlers = self._handlers(event.name)
        letters = [self._letter(handler, event, caller) for handler in handlers if not handler["OFFLINE"]]
        letters += self._outgoing_letters(event)
        queued = {h["CLIENT_ID"] for h in handlers if h["OFFLINE"] and offline.add(self._portal, h, event, caller)}
        for client_id in queued:
            letters += self._wake_letters(client_id, caller)
        if letters:
            self._portal.active.outbox.post(letters)

    def fire_to_app(self, client_id: str, name: str, content: dict[str, Any], auth: dict[str, Any]) -> None:
        """Post an event of the application's own life to its handlers, installed or not."""
        handlers = self._store.find("event_handlers", {"CLIENT_ID": client_id, "EVENT": name, "OFFLINE": 0})
        self._portal.active.outbox.post(self._posted(handler["HANDLER"], name, handler["ID"], content, auth) for handler in handlers)

    def post_to(self, url: str, name: str, content: dict[str, Any], auth: dict[str, Any]) -> None:
        """Post an event to an address that nobody bound: the installer of an application without pages."""
        self._portal.active.outbox.post([self._posted(url, name, 0, content, auth)])

    def _handlers(self, name: str) -> list[Record]:
        """Return the handlers of an event, only of applications whose installation is finished."""
        found = self._store.find("event_handlers", {"EVENT": name})
        if not found:
            return []
        apps = self._store.find("apps", {"CLIENT_ID": list({handler["CLIENT_ID"] for handler in found})})
        installed = {app["CLIENT_ID"] for app in apps if app["INSTALLED"]}
        return [handler for handler in found if handler["CLIENT_ID"] in installed]

    def _letter(self, handler: Record, event: Event, caller: Caller) -> Letter:
        user_id = handler["AUTH_TYPE"] or (0 if caller.robot else caller.user_id)
        auth = auth_block.of_event(self._portal, handler["CLIENT_ID"], user_id)
        return self._posted(handler["HANDLER"], event.name, handler["ID"], event.content, auth)

    def _posted(self, url: str, name: str, handler_id: int, content: dict[str, Any], auth: dict[str, Any]) -> Letter:
        body: dict[str, Any] = {"event": name, "ts": int(self._portal.clock.unix()), "auth": auth}
        if content:  # PHP leaves an empty array out of a form
            body["data"] = content
        if handler_id:
            body["event_handler_id"] = handler_id
        return Letter("event", name, url, write_form(body), handler_id)

    def _outgoing_letters(self, event: Event) -> list[Letter]:
        if event.name == event_names.MOVED:  # the vendor has it for applications only
            return []
        hooks = [hook for hook in list_outgoing(self._portal) if event.name in hook["EVENTS"]]
        return [
            self._posted(hook["URL"], event.name, hook["ID"], event.content, auth_block.of_portal(self._portal, hook["TOKEN"]))
            for hook in hooks
        ]

    def _wake_letters(self, client_id: str, caller: Caller) -> list[Letter]:
        """Tell an application that its offline queue has something, not more often than its minTimeout."""
        letters = []
        for handler in self._store.find("event_handlers", {"CLIENT_ID": client_id, "EVENT": "ONOFFLINEEVENT", "OFFLINE": 0}):
            pause = float((handler["OPTIONS"] or {}).get("minTimeout", 1))
            now = self._portal.clock.unix()
            if now - self._woken.get(handler["ID"], 0.0) < pause:
                continue
            self._woken[handler["ID"]] = now
            auth = auth_block.of_event(self._portal, client_id, handler["AUTH_TYPE"] or caller.user_id, with_refresh=True)
            letters.append(self._posted(handler["HANDLER"], "ONOFFLINEEVENT", handler["ID"], {}, auth))
        return letters


def forget_app(portal: Portal, client_id: str) -> None:
    """Remove all handlers of an application."""
    portal.store.delete_where("event_handlers", {"CLIENT_ID": client_id})


def add_outgoing(portal: Portal, title: str, url: str, events: Iterable[str], user_id: int) -> Record:
    """Keep an outgoing webhook; its TOKEN is what its posts carry as application_token. Raises ValueError."""
    names = [name.upper() for name in events]
    unknown = [name for name in names if name not in event_names.CRM_EVENTS or name == event_names.MOVED]
    if unknown or not names or not url.startswith(("http://", "https://")):
        raise ValueError(f"no such events: {', '.join(unknown)}" if unknown else "an address and events are needed")
    hook = {"TITLE": title, "URL": url, "TOKEN": secrets.token_hex(16), "EVENTS": names, "USER_ID": user_id}
    return {**hook, "ID": portal.store.insert("outgoing_webhooks", hook)}


def list_outgoing(portal: Portal) -> list[Record]:
    """Return all outgoing webhooks."""
    return portal.store.find("outgoing_webhooks")


def remove_outgoing(portal: Portal, key: int) -> None:
    """Forget an outgoing webhook."""
    portal.store.delete("outgoing_webhooks", key)
