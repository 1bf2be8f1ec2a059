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


METHODS = (
    Method("im.notify.personal.add", personal_add, NotifyParams, "im"),
    Method("im.notify.system.add", system_add, NotifyParams, "im"),
    Method("im.notify", notify, NotifyParams, "im"),
)
