"""im.notify*: notifications to employees.

Source: api-reference/chats/notifications/im-notify*.md.
"""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from sandbox import notices
from sandbox.params import Params
from sandbox.rest import Answer, Call, Method, RestError

LONGEST_ATTACH = 60_000


class NotifyParams(Params):
    """A notification."""

    USER_ID = fields.Raw(load_default=0)
    TYPE = fields.String(load_default="USER")
    MESSAGE = fields.String(load_default="")
    MESSAGE_OUT = fields.String(load_default="")
    TAG = fields.String(load_default="")
    SUB_TAG = fields.String(load_default="")
    ATTACH = fields.Raw(load_default=None)
    CLIENT_ID = fields.String(load_default="")


def _notify(call: Call, kind: str) -> Answer:
    """Keep a notification; `false` for a person who is no more."""
    params = call.params
    user_id = int(params["USER_ID"]) if str(params["USER_ID"]).isdigit() else 0
    if user_id <= 0:
        raise RestError(400, "USER_ID_EMPTY", "User ID can't be empty")
    message = params["MESSAGE"].strip()
    if not message:
        raise RestError(400, "MESSAGE_EMPTY", "Message can't be empty")
    if len(str(params["ATTACH"] or "")) > LONGEST_ATTACH:
        raise RestError(400, "ATTACH_OVERSIZE", "You have exceeded the maximum allowable size of attach")
    user = call.portal.store.get("users", user_id)
    if user is None or not user["ACTIVE"]:
        return Answer(False)
    notice: dict[str, Any] = {name: params[name] for name in ("MESSAGE_OUT", "TAG", "SUB_TAG")}
    notice |= {"USER_ID": user_id, "FROM_ID": call.caller.user_id if kind == "USER" else 0, "KIND": kind, "MESSAGE": message}
    return Answer(notices.notify(call.portal, {**notice, "CLIENT_ID": call.caller.app or params["CLIENT_ID"]}))


def personal_add(call: Call) -> Answer:
    """Notify in the caller's name."""
    return _notify(call, "USER")


def system_add(call: Call) -> Answer:
    """Notify in the portal's name."""
    return _notify(call, "SYSTEM")


def notify(call: Call) -> Answer:
    """Notify as TYPE says."""
    return _notify(call, "SYSTEM" if call.params["TYPE"] == "SYSTEM" else "USER")


class DeleteParams(Params):
    """Which notifications: by number or by tag."""

    ID = fields.Raw(load_default=0)
    TAG = fields.String(load_default="")
    SUB_TAG = fields.String(load_default="")
    CLIENT_ID = fields.String(load_default="")


class ReadParams(Params):
    """Notifications to mark: from ID on, or the one, or a list."""

    ID = fields.Raw(load_default=None)
    IDS = fields.Raw(load_default=None)
    ACTION = fields.String(load_default="Y")
    ONLY_CURRENT = fields.String(load_default="N")


def notice_delete(call: Call) -> Answer:
    """Delete one's own notification by number, or those of the application by tag; false when there was none."""
    params, client_id = call.params, call.caller.app or call.params["CLIENT_ID"]
    if str(params["ID"]).isdigit() and int(params["ID"]):
        chosen: dict[str, Any] = {"ID": int(params["ID"]), "USER_ID": call.caller.user_id}
    elif params["TAG"] or params["SUB_TAG"]:
        if not client_id:
            raise RestError(403, "ACCESS_DENIED", "Access denied! Client ID not specified")
        name = "TAG" if params["TAG"] else "SUB_TAG"
        chosen = {name: params[name], "CLIENT_ID": client_id}
    else:
        raise RestError(400, "PARAMS_ERROR", "Incorrect params")
    return Answer(call.portal.store.delete_where("notices", chosen) > 0)


def _mark(call: Call, chosen: list[int]) -> None:
    """Mark those of the caller's own notifications as read, or as unread again."""
    mark = "Y" if call.params["ACTION"] == "Y" else "N"
    for row in call.portal.store.find("notices", {"USER_ID": call.caller.user_id, "ID": chosen}):
        call.portal.store.save("notices", row["ID"], {"IS_READ": mark})


def notice_read(call: Call) -> Answer:
    """Mark a notification and all later ones, or it alone."""
    text = str(call.params["ID"])
    if text.isdigit():
        mine = [row["ID"] for row in call.portal.store.find("notices", {"USER_ID": call.caller.user_id})]
        is_one = call.params["ONLY_CURRENT"] == "Y"
        _mark(call, [one for one in mine if one == int(text) or (one > int(text) and not is_one)])
    return Answer(True)


def notice_read_list(call: Call) -> Answer:
    """Mark a list of notifications, up to the first number that is none."""
    ids = call.params["IDS"]
    if not isinstance(ids, list):
        raise RestError(400, "PARAMS_ERROR", "No IDS param or it is not an array")
    numbers = [int(one) if str(one).isdigit() else 0 for one in ids]
    _mark(call, numbers[: numbers.index(0)] if 0 in numbers else numbers)
    return Answer(True)


def notice_read_all(call: Call) -> Answer:
    """Mark all of the caller's notifications as read."""
    for row in call.portal.store.find("notices", {"USER_ID": call.caller.user_id, "IS_READ": "N"}):
        call.portal.store.save("notices", row["ID"], {"IS_READ": "Y"})
    return Answer({"result": True, "newCounter": 0})


METHODS = (
    Method("im.notify.personal.add", personal_add, NotifyParams, "im"),
    Method("im.notify.system.add", system_add, NotifyParams, "im"),
    Method("im.notify", notify, NotifyParams, "im"),
    Method("im.notify.delete", notice_delete, DeleteParams, "im"),
    Method("im.notify.read", notice_read, ReadParams, "im"),
    Method("im.notify.read.list", notice_read_list, ReadParams, "im"),
    Method("im.notify.read.all", notice_read_all, None, "im"),
)
