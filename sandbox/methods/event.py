"""events, event.*: who is told of what, online and offline.

Source: api-reference/events/*.md. All of them need an application; the offline queue an administrator too.
"""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from sandbox import auth_block, offline
from sandbox.envelope import PAGE
from sandbox.event_names import available
from sandbox.filters import WrongValue
from sandbox.handlers import check_url
from sandbox.params import Items, Map, Params, YesNo
from sandbox.rest import Answer, Call, Method, RestError


class EventParams(Params):
    """Which handler: what is not given is no condition for event.unbind."""

    event = fields.String(load_default="")
    handler = fields.String(load_default="")
    auth_type = fields.Raw(load_default=None)
    event_type = fields.String(load_default="online")
    auth_connector = fields.String(load_default="")
    options = Map(load_default=dict)


class EventsParams(Params):
    """Which events are listed."""

    SCOPE = fields.String(load_default="")
    FULL = YesNo(load_default=False)


class TakeParams(Params):
    """Which rows of the offline queue are taken, and how."""

    filter = fields.Raw(load_default=None)
    order = Map(load_default=dict)
    limit = fields.Integer(load_default=50)
    clear = YesNo(load_default=True)
    process_id = fields.String(load_default="")
    auth_connector = fields.String(load_default="")
    error = YesNo(load_default=False)


class ProcessParams(Params):
    """Rows of one process."""

    process_id = fields.String(required=True)
    id = Items(load_default=None)
    message_id = Items(load_default=None)


class PeekParams(Params):
    """A page of the offline queue."""

    filter = fields.Raw(load_default=None)
    order = Map(load_default=dict)
    start = fields.Integer(load_default=0)
    auth_connector = fields.String(load_default="")


def _app_of(call: Call) -> str:
    return call.caller.app or ""


def _needed(name: str) -> RestError:
    return RestError(400, "ERROR_ARGUMENT", f"Argument '{name}' is null or empty", argument=name)


def _whose(call: Call, doing: str) -> int | None:
    """Return the asked auth_type as a number, None when it was not given; only administrators may name another person."""
    given = call.params["auth_type"]
    if given is None:
        return None
    user_id = int(given) if str(given).isdigit() else 0
    if not call.caller.admin and user_id not in (0, call.caller.user_id):
        raise RestError(403, "ACCESS_DENIED", f"Access denied! Event {doing} with AUTH_TYPE requires administrator access rights")
    return user_id


def _is_offline(call: Call, doing: str) -> bool:
    if call.params["event_type"] != "offline":
        return False
    if not call.caller.admin:
        raise RestError(403, "ACCESS_DENIED", f"Access denied! Offline events {doing} requires administrator access rights")
    return True


def event_bind(call: Call) -> Answer:
    """Bind a handler, or open an offline queue. The same handler twice is refused."""
    params, store = call.params, call.portal.store
    name = params["event"].upper()
    if not name:
        raise _needed("EVENT")
    if name not in available(call.caller.scopes):
        raise RestError(400, "ERROR_EVENT_NOT_FOUND", "Event not found")
    is_offline, whose = _is_offline(call, "binding"), _whose(call, "binding")
    if not is_offline:
        if not params["handler"]:
            raise _needed("HANDLER")
        check_url(params["handler"])
    handler = {
        "CLIENT_ID": _app_of(call),
        "EVENT": name,
        "HANDLER": "" if is_offline else params["handler"],
        "AUTH_TYPE": whose or (0 if call.caller.admin else call.caller.user_id),
        "OFFLINE": int(is_offline),
        "CONNECTOR": params["auth_connector"],
    }
    with store.write():
        if store.count("event_handlers", handler):
            raise RestError(400, "ERROR_CORE", "Unable to set event handler: Handler already binded")
        store.insert("event_handlers", {**handler, "OPTIONS": params["options"], "USER_ID": call.caller.user_id})
    return Answer(True)


def event_unbind(call: Call) -> Answer:
    """Remove the handlers that meet what was given; a person without administrator rights removes only his own."""
    params = call.params
    if not params["event"]:
        raise _needed("EVENT")
    chosen: dict[str, Any] = {"CLIENT_ID": _app_of(call), "EVENT": params["event"].upper()}
    chosen["OFFLINE"] = int(_is_offline(call, "unbinding"))
    whose = _whose(call, "unbinding")
    if params["handler"]:
        chosen["HANDLER"] = params["handler"]
    if whose is not None:
        chosen["AUTH_TYPE"] = whose
    if params["auth_connector"]:
        chosen["CONNECTOR"] = params["auth_connector"]
    if not call.caller.admin:
        chosen["USER_ID"] = call.caller.user_id
    return Answer({"count": call.portal.store.delete_where("event_handlers", chosen)})


def event_get(call: Call) -> Answer:
    """List the application's handlers; without administrator rights only one's own."""
    chosen: dict[str, Any] = {"CLIENT_ID": _app_of(call)}
    if not call.caller.admin:
        chosen["USER_ID"] = call.caller.user_id
    found = call.portal.store.find("event_handlers", chosen)
    return Answer([_shown(handler) for handler in found])


def _shown(handler: dict[str, Any]) -> dict[str, Any]:
    shown = {"event": handler["EVENT"], "handler": handler["HANDLER"], "auth_type": str(handler["AUTH_TYPE"])}
    connector = {"auth_connector": handler["CONNECTOR"]} if handler["CONNECTOR"] else {}
    return {**shown, "offline": int(handler["OFFLINE"]), **connector}


def event_test(call: Call) -> Answer:
    """Post ONAPPTEST with whatever was sent to the application's own handlers."""
    query = {name: value for name, value in call.params.items() if name != "auth"}
    content = {"QUERY": query, "LANGUAGE_ID": call.portal.language}
    auth = auth_block.of_event(call.portal, _app_of(call), call.caller.user_id)
    call.portal.active.events.fire_to_app(_app_of(call), "ONAPPTEST", content, auth)
    return Answer(1)


def events(call: Call) -> Answer:
    """List events: of one scope, of all, or of the token's scopes."""
    if call.params["SCOPE"]:
        listed = [name for name in available([call.params["SCOPE"]]) if name not in available([])]
    else:
        listed = available(["crm", "user"] if call.params["FULL"] else call.caller.scopes)
    return Answer(listed)


def offline_get(call: Call) -> Answer:
    """Take rows of the offline queue."""
    try:
        return Answer(offline.take(call.portal, _app_of(call), call.params))
    except WrongValue as error:
        raise _wrong_filter(error) from error


def _wrong_filter(error: WrongValue) -> RestError:
    return RestError(400, "ERROR_ARGUMENT", f"Wrong value of {error} in filter", argument="filter")


def _texts(values: list[Any] | None) -> list[str] | None:
    return None if values is None else [str(value) for value in values]


def offline_clear(call: Call) -> Answer:
    """Forget rows of a process that were worked off."""
    ids = call.params["id"]
    numbers = None if ids is None else [int(one) for one in ids if str(one).isdigit()]
    offline.clear(call.portal, _app_of(call), call.params["process_id"], numbers, _texts(call.params["message_id"]))
    return Answer(True)


def offline_error(call: Call) -> Answer:
    """Mark rows of a process as failed."""
    offline.fail(call.portal, _app_of(call), call.params["process_id"], _texts(call.params["message_id"]))
    return Answer(True)


def offline_list(call: Call) -> Answer:
    """List the queue as it is."""
    try:
        listed, total = offline.peek(call.portal, _app_of(call), call.params)
    except WrongValue as error:
        raise _wrong_filter(error) from error
    following = call.params["start"] + PAGE
    return Answer(listed, total=total, next=following if following < total else None)


METHODS = (
    Method("events", events, EventsParams, app_only=True),
    Method("event.bind", event_bind, EventParams, app_only=True),
    Method("event.unbind", event_unbind, EventParams, app_only=True),
    Method("event.get", event_get, app_only=True),
    Method("event.test", event_test, app_only=True),
    Method("event.offline.get", offline_get, TakeParams, app_only=True, admin=True),
    Method("event.offline.clear", offline_clear, ProcessParams, app_only=True, admin=True),
    Method("event.offline.error", offline_error, ProcessParams, app_only=True, admin=True),
    Method("event.offline.list", offline_list, PeekParams, app_only=True, admin=True),
)
