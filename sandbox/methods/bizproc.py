"""bizproc.robot.*, bizproc.event.send, bizproc.activity.log: robots of applications and their answers.

Source: api-reference/bizproc/bizproc-robot/*.md, bizproc-activity-log.md. Refusals come with HTTP 400, but for a bad token.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from marshmallow import fields

from sandbox.automation import find_robot
from sandbox.handlers import check_own_url
from sandbox.params import Map, Params
from sandbox.rest import Answer, Call, Method, Record, RestError

CODE = re.compile(r"[A-Za-z0-9.\-_]+")
PROPERTY = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
PROPERTY_KEYS = {key.lower(): key for key in ("Name", "Description", "Type", "Options", "Required", "Multiple", "Default")}
# What a robot has beside its code; bizproc.robot.update may change each of them.
FIELDS = (
    "HANDLER",
    "AUTH_USER_ID",
    "USE_SUBSCRIPTION",
    "NAME",
    "DESCRIPTION",
    "PROPERTIES",
    "RETURN_PROPERTIES",
    "DOCUMENT_TYPE",
    "FILTER",
    "USE_PLACEMENT",
    "PLACEMENT_HANDLER",
)


class RobotParams(Params):
    """A robot's code and, to update it, its fields."""

    CODE = fields.Raw(load_default="")
    FIELDS = Map(load_default=dict)


class AnswerParams(Params):
    """A robot's answer."""

    EVENT_TOKEN = fields.String(load_default="")
    RETURN_VALUES = Map(load_default=dict)
    LOG_MESSAGE = fields.String(load_default="", allow_none=True)


def invalid(text: str) -> RestError:
    """Return the refusal of a wrong description of a robot."""
    return RestError(400, "ERROR_ACTIVITY_VALIDATION_FAILURE", text)


def not_found() -> RestError:
    """Return the refusal of a code that the application has no robot for."""
    return RestError(400, "ERROR_ACTIVITY_NOT_FOUND", "Activity or Robot not found!")


def _app(call: Call) -> Record:
    return call.portal.grants.get_app(call.caller.app or "")


def _check_code(code: Any) -> str:
    if not code:
        raise invalid("Empty activity code!")
    if not isinstance(code, str) or not CODE.fullmatch(code):
        raise invalid("Wrong activity code!")
    return code


def robot_add(call: Call) -> Answer:
    """Register a robot."""
    sent = {str(name).upper(): value for name, value in call.params.items() if name != "auth"}
    if not sent:
        raise invalid("Empty data!")
    code = _check_code(sent.get("CODE"))
    app = _app(call)
    described = {name: sent.get(name) for name in FIELDS}
    check_own_url(str(described["HANDLER"] or ""), app)
    if not described["NAME"]:
        raise invalid("Empty activity NAME!")
    robot = {"CLIENT_ID": app["CLIENT_ID"], "CODE": code, **read_fields(described, app)}
    robot["AUTH_USER_ID"] = robot["AUTH_USER_ID"] or call.caller.user_id
    with call.portal.store.write():
        if find_robot(call.portal, app["CLIENT_ID"], code):
            raise RestError(400, "ERROR_ACTIVITY_ALREADY_INSTALLED", "Activity or Robot already installed!")
        call.portal.store.insert("robots", robot)
    return Answer(True)


def robot_update(call: Call) -> Answer:
    """Change some fields of a robot."""
    code, app = _check_code(call.params["CODE"]), _app(call)
    robot = find_robot(call.portal, app["CLIENT_ID"], code)
    if robot is None:
        raise not_found()
    sent = {name.upper(): value for name, value in call.params["FIELDS"].items() if name.upper() in FIELDS}
    if not sent:
        raise invalid("No fields to update")
    if "HANDLER" in sent:
        check_own_url(str(sent["HANDLER"] or ""), app)
    changes = {name: value for name, value in read_fields({**robot, **sent}, app).items() if name in sent}
    call.portal.store.save("robots", robot["ID"], changes)
    return Answer(True)


def robot_delete(call: Call) -> Answer:
    """Remove a robot from the list; stages where it stands keep it as blocked."""
    code, app = _check_code(call.params["CODE"]), _app(call)
    robot = find_robot(call.portal, app["CLIENT_ID"], code)
    if robot is None:
        raise not_found()
    call.portal.store.delete("robots", robot["ID"])
    return Answer(True)


def robot_list(call: Call) -> Answer:
    """List the codes of the application's robots."""
    return Answer([robot["CODE"] for robot in call.portal.store.find("robots", {"CLIENT_ID": call.caller.app or ""})])


def read_fields(described: Mapping[str, Any], app: Record) -> dict[str, Any]:
    """Return a robot's fields as they are kept. Raises RestError for what the portal would not take."""
    read = {name: described.get(name) for name in FIELDS}
    for name in ("PROPERTIES", "RETURN_PROPERTIES"):
        read[name] = read_properties(read[name])
    read["FILTER"], read["DOCUMENT_TYPE"] = _read_filter(read["FILTER"]), _read_type(read["DOCUMENT_TYPE"])
    owner = str(read["AUTH_USER_ID"] or "")
    read["AUTH_USER_ID"] = int(owner) if owner.isdigit() else None
    for name in ("USE_SUBSCRIPTION", "USE_PLACEMENT"):
        read[name] = {"Y": "Y", "N": "N", "TRUE": "Y", "FALSE": "N"}.get(str(read[name]).upper(), "")
    if read["USE_PLACEMENT"] == "Y":
        check_own_url(str(read["PLACEMENT_HANDLER"] or ""), app)
    return read


def read_properties(given: Any) -> dict[str, Any]:
    """Return properties by code, their own keys in the vendor's spelling."""
    if given in (None, "", []):
        return {}
    if not isinstance(given, Mapping):
        raise invalid("Wrong properties array!")
    return {code: _read_property(str(code), one) for code, one in given.items()}


def _read_property(code: str, given: Any) -> dict[str, Any]:
    if not PROPERTY.fullmatch(code):
        raise invalid(f"Wrong property key {code}!")
    if not isinstance(given, Mapping):
        raise invalid("Wrong properties array!")
    read = {PROPERTY_KEYS.get(str(key).lower(), str(key)): value for key, value in given.items()}
    if not read.get("Name"):
        raise invalid(f"Empty property NAME {code}!")
    return read


def _read_filter(given: Any) -> dict[str, Any]:
    if given in (None, "", [], {}):
        return {}
    if not isinstance(given, Mapping) or not all(isinstance(rules, list) for rules in given.values()):
        raise invalid("Wrong activity FILTER!")
    return {str(key).upper(): rules for key, rules in given.items()}


def _read_type(given: Any) -> list[str] | None:
    if given in (None, "", []):
        return None
    if not isinstance(given, list) or len(given) != 3 or not all(isinstance(one, str) and one for one in given):
        raise invalid("Wrong activity DOCUMENT_TYPE!")
    return given


def event_send(call: Call) -> Answer:
    """Take a robot's answer. A token serves once."""
    params = call.params
    is_taken = call.portal.active.automation.answer(
        params["EVENT_TOKEN"], call.caller.app, params["RETURN_VALUES"], params["LOG_MESSAGE"] or ""
    )
    if not is_taken:
        raise RestError(403, "ACCESS_DENIED", "Access denied!")
    return Answer(True)


def activity_log(call: Call) -> Answer:
    """Write a line into the log of a robot that waits."""
    message = call.params["LOG_MESSAGE"] or ""
    if not message:
        raise RestError(400, "ERROR_EMPTY_LOG_MESSAGE", "Empty log message!")
    if not call.portal.active.automation.write_log(call.params["EVENT_TOKEN"], call.caller.app, message):
        raise RestError(403, "ACCESS_DENIED", "Access denied!")
    return Answer(True)


REFUSALS: dict[str, Any] = {
    "app_only": True,
    "admin": True,
    "app_refusal": (400, "ACCESS_DENIED", "Application context required"),
    "admin_refusal": (400, "ACCESS_DENIED", "Access denied!"),
}
METHODS = (
    Method("bizproc.robot.add", robot_add, None, "bizproc", **REFUSALS),
    Method("bizproc.robot.update", robot_update, RobotParams, "bizproc", **REFUSALS),
    Method("bizproc.robot.delete", robot_delete, RobotParams, "bizproc", **REFUSALS),
    Method("bizproc.robot.list", robot_list, None, "bizproc", **REFUSALS),
    Method("bizproc.event.send", event_send, AnswerParams, "bizproc"),
    Method("bizproc.activity.log", activity_log, AnswerParams, "bizproc"),
)
