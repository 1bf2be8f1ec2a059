"""crm.activity.todo.*: to-dos. They are activities, so closing and deleting one is crm.activity.update and crm.activity.delete.

Source: api-reference/crm/timeline/activities/todo/.
"""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from sandbox.activities import TODO_PROVIDER, new_activity
from sandbox.clock import print_instant, read_instant
from sandbox.methods.timeline import entity_of_type, get_owner
from sandbox.params import Items, Params
from sandbox.rest import Answer, Call, Method, Record, RestError

COLORS = ("1", "2", "3", "4", "5", "6", "7", "")
CLOSED = ("CAN_NOT_UPDATE_COMPLETED_TODO", "Can not update completed todo.")


class OwnerParams(Params):
    """Whose to-do."""

    ownerTypeId = fields.Raw(required=True)  # noqa: N815 - the vendor's names
    ownerId = fields.Raw(required=True)  # noqa: N815


class TodoParams(OwnerParams):
    """A to-do."""

    id = fields.Raw(load_default=None)
    deadline = fields.String(required=True)
    title = fields.String(load_default="")
    description = fields.String(load_default="")
    responsibleId = fields.Raw(load_default=None)  # noqa: N815
    colorId = fields.String(load_default="")  # noqa: N815
    pingOffsets = Items(load_default=list)  # noqa: N815


class ValueParams(OwnerParams):
    """One thing of a to-do."""

    id = fields.Raw(required=True)
    value = fields.String(required=True)


class ResponsibleParams(OwnerParams):
    """Who is to do it."""

    id = fields.Raw(required=True)
    responsibleId = fields.Raw(required=True)  # noqa: N815


class ColorParams(OwnerParams):
    """A to-do's colour."""

    id = fields.Raw(required=True)
    colorId = fields.String(required=True)  # noqa: N815


def todo_add(call: Call) -> Answer:
    """Add a to-do; return its id in a map."""
    params = call.params
    owner_type, record = entity_of_type(params["ownerTypeId"]), _todo(call)
    owner = get_owner(call, owner_type, params["ownerId"])
    record |= {"OWNER_TYPE_ID": int(params["ownerTypeId"]), "OWNER_ID": owner["ID"]}
    key = call.portal.records.add("activities", new_activity(call.portal, record, call.caller), call.caller)
    if owner_type is not None:
        call.portal.records.touch(owner_type.section, owner["ID"], call.caller)
    return Answer({"id": key})


def _moment(text: str) -> str:
    try:
        return print_instant(read_instant(text))
    except ValueError as error:
        raise RestError(400, "WRONG_DATETIME_FORMAT", "Wrong datetime format.") from error


def _todo(call: Call) -> Record:
    params = call.params
    deadline, responsible = _moment(params["deadline"]), str(params["responsibleId"] or "")
    return {
        "TYPE_ID": 6,
        "PROVIDER_ID": TODO_PROVIDER,
        "PROVIDER_TYPE_ID": "TODO",
        "SUBJECT": params["title"],
        "DESCRIPTION": params["description"],
        "RESPONSIBLE_ID": int(responsible) if responsible.isdigit() else call.caller.user_id,
        "START_TIME": call.portal.clock.stamp(),
        "END_TIME": deadline,
        "DEADLINE": deadline,
        "SETTINGS": {"COLOR": params["colorId"], "PING_OFFSETS": params["pingOffsets"]},
    }


def _open(call: Call, refusal: tuple[str, str] = CLOSED) -> Record:
    """Return a to-do of this owner that is not done yet. Raises RestError."""
    params = call.params
    key = str(params["id"] or "")
    found = call.portal.store.get("activities", int(key)) if key.isdigit() and int(key) < 2**63 else None
    if found is None or found["PROVIDER_ID"] != TODO_PROVIDER:
        raise RestError(400, "NOT_FOUND", "Not found.")
    get_owner(call, entity_of_type(params["ownerTypeId"]), params["ownerId"])
    if found["COMPLETED"] == "Y":
        raise RestError(400, *refusal)
    return found


def _save(call: Call, found: Record, changes: Record) -> Answer:
    changes = {**changes, "LAST_UPDATED": call.portal.clock.stamp(), "EDITOR_ID": call.caller.user_id}
    call.portal.records.update("activities", found["ID"], changes, call.caller)
    return Answer({"id": found["ID"]})


def todo_update(call: Call) -> Answer:
    """Change a to-do that is not done yet."""
    return _save(call, _open(call), {name: value for name, value in _todo(call).items() if name != "START_TIME"})


def deadline_update(call: Call) -> Answer:
    """Move a to-do's deadline."""
    found, moment = _open(call), _moment(call.params["value"])
    return _save(call, found, {"DEADLINE": moment, "END_TIME": moment})


def description_update(call: Call) -> Answer:
    """Write a to-do's description anew."""
    return _save(call, _open(call), {"DESCRIPTION": call.params["value"]})


def responsible_update(call: Call) -> Answer:
    """Give a to-do to another employee."""
    text = str(call.params["responsibleId"])
    if not text.isdigit() or not int(text):
        raise RestError(400, "INVALID_ARG_VALUE", 'Parameter "responsibleId" must be greater than 0')
    found = _open(call, ("CAN_NOT_UPDATE_RESPONSIBLE_USER_COMPLETED_TODO", "Can not update responsible user of completed todo."))
    return _save(call, found, {"RESPONSIBLE_ID": int(text)})


def color_update(call: Call) -> Answer:
    """Give a to-do another colour."""
    found = _open(call, ("CAN_NOT_UPDATE_COLOR_COMPLETED_TODO", "Can not update color of completed todo."))
    if call.params["colorId"] not in COLORS:
        raise RestError(400, "CAN_NOT_UPDATE_WRONG_COLOR_TODO", "Wrong color.")
    settings: dict[str, Any] = found["SETTINGS"] if isinstance(found["SETTINGS"], dict) else {}
    return _save(call, found, {"SETTINGS": {**settings, "COLOR": call.params["colorId"]}})


METHODS = (
    Method("crm.activity.todo.add", todo_add, TodoParams, "crm"),
    Method("crm.activity.todo.update", todo_update, TodoParams, "crm"),
    Method("crm.activity.todo.updateDeadline", deadline_update, ValueParams, "crm"),
    Method("crm.activity.todo.updateDescription", description_update, ValueParams, "crm"),
    Method("crm.activity.todo.updateResponsibleUser", responsible_update, ResponsibleParams, "crm"),
    Method("crm.activity.todo.updateColor", color_update, ColorParams, "crm"),
)
