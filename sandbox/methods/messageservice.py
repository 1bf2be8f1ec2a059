"""messageservice.*: message services of an application, and what became of a message.

Source: api-reference/messageservice/.
"""

from __future__ import annotations

import re
from typing import Any

from marshmallow import fields

from sandbox.handlers import check_url
from sandbox.messages import STATUSES, find_sender
from sandbox.params import Params
from sandbox.rest import Answer, Call, Method, Record, RestError

SECTION = "message_senders"
CODE = re.compile(r"[A-Za-z0-9.\-_]+")
CHANGEABLE = ("HANDLER", "NAME", "DESCRIPTION")


class SenderParams(Params):
    """A message service; to update it, what is given changes."""

    CODE = fields.Raw(load_default="")
    TYPE = fields.Raw(load_default="")
    HANDLER = fields.Raw(load_default=None)
    NAME = fields.Raw(load_default=None)
    DESCRIPTION = fields.Raw(load_default=None)


class StatusParams(Params):
    """What became of a message."""

    CODE = fields.Raw(load_default="")
    MESSAGE_ID = fields.Raw(load_default="")
    STATUS = fields.Raw(load_default="")


def _invalid(text: str) -> RestError:
    return RestError(400, "ERROR_SENDER_VALIDATION_FAILURE", text)


def _code(call: Call) -> str:
    code = call.params["CODE"]
    if not code:
        raise _invalid("Empty sender code!")
    if not isinstance(code, str) or not CODE.fullmatch(code):
        raise _invalid("Wrong sender code!")
    return code


def _get(call: Call, code: str) -> Record:
    found = find_sender(call.portal, call.caller.app or "", code)
    if found is None:
        raise RestError(400, "ERROR_SENDER_NOT_FOUND", "Sender not found!")
    return found


def sender_add(call: Call) -> Answer:
    """Register a message service."""
    params, client_id = call.params, call.caller.app or ""
    if not any(params.values()):
        raise _invalid("Empty data!")
    code = _code(call)
    if not params["NAME"]:
        raise _invalid("Empty sender NAME!")
    if not params["TYPE"]:
        raise _invalid("Empty sender message TYPE!")
    if params["TYPE"] != "SMS":
        raise _invalid("Unknown sender message TYPE!")
    check_url(str(params["HANDLER"] or ""))
    row = {name: params[name] for name in ("TYPE", *CHANGEABLE)} | {"CLIENT_ID": client_id, "CODE": code, "USER_ID": call.caller.user_id}
    with call.portal.store.write():
        if find_sender(call.portal, client_id, code):
            raise RestError(400, "ERROR_SENDER_ALREADY_INSTALLED", "Sender already installed!")
        call.portal.store.insert(SECTION, row)
    return Answer(True)


def sender_update(call: Call) -> Answer:
    """Change a message service."""
    params = call.params
    if not params["CODE"]:
        raise RestError(400, "ERROR_SENDER_CODE_REQUIRED", "CODE is required!")
    changes = {name: params[name] for name in CHANGEABLE if params[name]}
    if not changes:
        raise RestError(400, "ERROR_SENDER_OTHER_PARAMS_REQUIRED", "At least one other parameter is required!")
    row = _get(call, str(params["CODE"]))
    if "HANDLER" in changes:
        check_url(str(changes["HANDLER"]))
    call.portal.store.save(SECTION, row["ID"], changes)
    return Answer(True)


def sender_delete(call: Call) -> Answer:
    """Remove a message service."""
    call.portal.store.delete(SECTION, _get(call, _code(call))["ID"])
    return Answer(True)


def sender_list(call: Call) -> Answer:
    """List the codes of the application's message services."""
    return Answer([row["CODE"] for row in call.portal.store.find(SECTION, {"CLIENT_ID": call.caller.app or ""})])


def status_update(call: Call) -> Answer:
    """Say what became of a message: its sender or an administrator does."""
    store, code, status = call.portal.store, _code(call), str(call.params["STATUS"])
    key = {"MESSAGE_ID": str(call.params["MESSAGE_ID"]), "CLIENT_ID": call.caller.app or "", "CODE": code}
    found = store.find("messages", key, limit=1)
    if not found:
        raise RestError(400, "ERROR_MESSAGE_NOT_FOUND", "Message not found!")
    if not call.caller.admin and found[0]["USER_ID"] != call.caller.user_id:
        raise RestError(403, "ACCESS_DENIED", "Access denied!")
    if status not in STATUSES:
        raise RestError(400, "ERROR_MESSAGE_STATUS_INCORRECT", "Message status incorrect!")
    store.save("messages", found[0]["ID"], {"STATUS": status, "UPDATED": call.portal.clock.stamp()})
    return Answer(True)


APP: dict[str, Any] = {"app_only": True, "app_refusal": (403, "ACCESS_DENIED", "Application context required")}
METHODS = (
    Method("messageservice.sender.add", sender_add, SenderParams, "messageservice", admin=True, **APP),
    Method("messageservice.sender.update", sender_update, SenderParams, "messageservice", admin=True, **APP),
    Method("messageservice.sender.delete", sender_delete, SenderParams, "messageservice", admin=True, **APP),
    Method("messageservice.sender.list", sender_list, None, "messageservice", admin=True, **APP),
    Method("messageservice.message.status.update", status_update, StatusParams, "messageservice", **APP),
)
