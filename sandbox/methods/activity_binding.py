"""crm.activity.binding.*: on which cards an activity stands beside its owner's.

Source: api-reference/crm/timeline/activities/binding/.
"""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from sandbox.access import check_visible
from sandbox.entities import BY_TYPE
from sandbox.params import Params
from sandbox.rest import Answer, Call, Method, Record, RestError

MOST = 100


class ActivityParams(Params):
    """One activity."""

    activityId = fields.Integer(required=True)  # noqa: N815 - the vendor's names


class BindParams(ActivityParams):
    """An activity and an object."""

    entityTypeId = fields.Integer(required=True)  # noqa: N815
    entityId = fields.Integer(required=True)  # noqa: N815


class MoveParams(ActivityParams):
    """An activity, the object it leaves and the object it goes to."""

    sourceEntityTypeId = fields.Integer(required=True)  # noqa: N815
    sourceEntityId = fields.Integer(required=True)  # noqa: N815
    targetEntityTypeId = fields.Integer(required=True)  # noqa: N815
    targetEntityId = fields.Integer(required=True)  # noqa: N815


def _activity(call: Call) -> Record:
    key = call.params["activityId"]
    found = call.portal.store.get("activities", key) if 0 < key < 2**63 else None
    if found is None:
        raise RestError(400, "NOT_FOUND", "Элемент не найден")
    return found


def _binding(call: Call, prefix: str = "") -> Record:
    """Return a binding to an object that the caller sees. Raises RestError."""
    names = ("entityTypeId", "entityId") if not prefix else (f"{prefix}EntityTypeId", f"{prefix}EntityId")
    kind, key = (call.params[name] for name in names)
    entity = BY_TYPE.get(kind)
    record = call.portal.store.get(entity.section, key) if entity and 0 < key < 2**63 else None
    if record is None:
        raise RestError(400, "OWNER_NOT_FOUND", "Владелец элемента не найден")
    check_visible(call.portal.store, call.caller, record)
    return {"OWNER_TYPE_ID": kind, "OWNER_ID": key}


def _save(call: Call, activity: Record, bindings: list[Record]) -> Answer:
    """Keep bindings; the first one is the owner."""
    changes: dict[str, Any] = {"BINDINGS": bindings, "LAST_UPDATED": call.portal.clock.stamp(), "EDITOR_ID": call.caller.user_id}
    call.portal.records.update("activities", activity["ID"], changes | bindings[0], call.caller)
    return Answer(True)


def binding_list(call: Call) -> Answer:
    """List the objects that the caller sees."""
    shown = []
    for one in _activity(call)["BINDINGS"] or []:
        entity = BY_TYPE.get(one["OWNER_TYPE_ID"])
        record = call.portal.store.get(entity.section, one["OWNER_ID"]) if entity else None
        if record is not None and _is_seen(call, record):
            shown.append({"entityTypeId": one["OWNER_TYPE_ID"], "entityId": one["OWNER_ID"]})
    return Answer(shown)


def _is_seen(call: Call, record: Record) -> bool:
    try:
        check_visible(call.portal.store, call.caller, record)
    except RestError:
        return False
    return True


def binding_add(call: Call) -> Answer:
    """Bind an activity to one more object."""
    activity, new = _activity(call), _binding(call)
    bindings = activity["BINDINGS"] or []
    if new in bindings:
        raise RestError(400, "ACTIVITY_IS_ALREADY_BOUND", "Дело уже привязано к этому элементу")
    if len(bindings) >= MOST:
        raise RestError(400, "ACCESS_DENIED", f"Дело привязано к {MOST} элементам")
    return _save(call, activity, [*bindings, new])


def binding_delete(call: Call) -> Answer:
    """Take an activity off a card, but not off its last one."""
    activity, old = _activity(call), _binding(call)
    kept = [one for one in activity["BINDINGS"] or [] if one != old]
    if len(kept) == len(activity["BINDINGS"] or []):
        raise RestError(400, "BINDING_NOT_FOUND", "Дело не привязано к этому элементу")
    if not kept:
        raise RestError(400, "LAST_BINDING_CANNOT_BE_DELETED", "Нельзя удалять единственную привязку дела к сущности")
    return _save(call, activity, kept)


def binding_move(call: Call) -> Answer:
    """Move an activity from one object to another of the same kind."""
    activity, params = _activity(call), call.params
    if params["sourceEntityTypeId"] != params["targetEntityTypeId"]:
        text = "Невозможно перенести дело из одного типа объекта CRM в другой"
        raise RestError(400, "SOURCE_AND_TARGET_ENTITY_TYPES_ARE_NOT_EQUAL_ERROR", text)
    if params["sourceEntityId"] == params["targetEntityId"]:
        raise RestError(400, "SOURCE_AND_TARGET_ENTITY_ID_ARE_EQUAL_ERROR", "Невозможно перенести дело в то же самое дело")
    old, new, bindings = _binding(call, "source"), _binding(call, "target"), activity["BINDINGS"] or []
    if old not in bindings:
        raise RestError(400, "BINDING_NOT_FOUND", "Дело не привязано к указанному элементу")
    if new in bindings:
        raise RestError(400, "ACTIVITY_IS_ALREADY_BOUND", "Дело уже привязано к этому элементу")
    return _save(call, activity, [new if one == old else one for one in bindings])


METHODS = (
    Method("crm.activity.binding.list", binding_list, ActivityParams, "crm"),
    Method("crm.activity.binding.add", binding_add, BindParams, "crm"),
    Method("crm.activity.binding.delete", binding_delete, BindParams, "crm"),
    Method("crm.activity.binding.move", binding_move, MoveParams, "crm"),
)
