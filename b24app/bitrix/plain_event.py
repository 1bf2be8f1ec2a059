"""The quick reading of an event that is spelled as the portal spells all of them; anything unusual is left to `incoming`.

A thousand events a second are read here. What this returns is what `read_event` would: a test holds both together. Pure.
"""

from __future__ import annotations

from urllib.parse import quote

from b24app.bitrix.incoming import Event

EVENT, TS, MEMBER, TOKEN, ACCESS = "event", "ts", "auth[member_id]", "auth[application_token]", "auth[access_token]"
ID, TYPE = "data[FIELDS][ID]", "data[FIELDS][ENTITY_TYPE_ID]"
READ = {EVENT: 100, TS: 12, ID: 15, TYPE: 15, MEMBER: 64, TOKEN: 128, ACCESS: 512}  # the longest that is taken
OPTIONAL = (TYPE, ACCESS)
NUMBERS = (TS, ID)
# Sent with every event and not read. https://github.com/bitrix-tools/b24-rest-docs, api-reference/events/index.md
UNREAD = ("event_handler_id", *(f"auth[{name}]" for name in ("expires", "expires_in", "scope", "domain", "server_endpoint", "status")))
UNREAD += ("auth[client_endpoint]", "auth[user_id]", "auth[refresh_token]")
SPELLED = {spelling: name for name in (*READ, *UNREAD) for spelling in (name, quote(name, safe=""))}


def read_plain_event(body: bytes) -> Event | None:
    """Return the event of a form, None when it is not one that is spelled in the usual way, whatever is wrong with it."""
    form = _read_form(body)
    if form is None or any(not form.get(name) for name in READ if name not in OPTIONAL):
        return None
    if any(len(form.get(name, "")) > longest for name, longest in READ.items()) or not all(form[name].isdigit() for name in NUMBERS):
        return None
    fields = {"ID": form[ID], **({"ENTITY_TYPE_ID": form[TYPE]} if TYPE in form else {})}
    return Event(form[EVENT].upper(), int(form[ID]), fields, int(form[TS]), form[MEMBER], form[TOKEN], bool(form.get(ACCESS)))


def _read_form(body: bytes) -> dict[str, str] | None:
    """Split a form; None when a field is unknown, comes twice, or a value that is read is written in other signs than it needs."""
    if not body.isascii():
        return None
    form: dict[str, str] = {}
    for pair in body.decode().split("&"):
        spelling, _, value = pair.partition("=")
        name = SPELLED.get(spelling)
        if name is None or name in form or (name in READ and ("%" in value or "+" in value)):
            return None
        form[name] = value
    return form
