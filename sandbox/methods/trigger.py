"""crm.automation.trigger.*: triggers of an application, and setting them off.

Source: api-reference/crm/automation/triggers/. Executing answers true whether or not the record moved.
"""

from __future__ import annotations

import re
from typing import Any

from marshmallow import fields

from sandbox.entities import BY_TYPE
from sandbox.params import Params
from sandbox.rest import Answer, Call, Method, Record, RestError
from sandbox.triggers import execute, find_trigger, list_triggers

CODE = re.compile(r"[a-z0-9.\-_]+")


class TriggerParams(Params):
    """A trigger, and the record to set it off for."""

    CODE = fields.Raw(load_default="")
    NAME = fields.Raw(load_default="")
    OWNER_TYPE_ID = fields.Raw(load_default=0)
    OWNER_ID = fields.Raw(load_default=0)


def _refuse(text: str) -> RestError:
    return RestError(400, "", text)


def _code(call: Call) -> str:
    code = call.params["CODE"]
    if not code:
        raise _refuse("Empty trigger code!")
    if not isinstance(code, str) or not CODE.fullmatch(code):
        raise _refuse("Wrong trigger code!")
    return code


def trigger_add(call: Call) -> Answer:
    """Register a trigger; a known code gets the new name."""
    code, name, client_id = _code(call), str(call.params["NAME"] or "").strip(), call.caller.app or ""
    if not name:
        raise _refuse("Empty trigger name!")
    with call.portal.store.write():
        known = find_trigger(call.portal, client_id, code)
        if known:
            call.portal.store.save("triggers", known["ID"], {"NAME": name})
        else:
            call.portal.store.insert("triggers", {"CLIENT_ID": client_id, "CODE": code, "NAME": name})
    return Answer(True)


def trigger_list(call: Call) -> Answer:
    """List the application's triggers."""
    return Answer([{"NAME": one["NAME"], "CODE": one["CODE"]} for one in list_triggers(call.portal, call.caller.app or "")])


def trigger_delete(call: Call) -> Answer:
    """Remove a trigger."""
    call.portal.store.delete("triggers", _known(call, _code(call), "Trigger not found")["ID"])
    return Answer(True)


def _known(call: Call, code: str, refusal: str) -> Record:
    found = find_trigger(call.portal, call.caller.app or "", code)
    if found is None:
        raise _refuse(refusal)
    return found


def trigger_execute(call: Call) -> Answer:
    """Set a trigger off for a record."""
    code = _code(call)
    trigger = _known(call, code, f"Trigger with code {code} is not registered.")
    kind, key = str(call.params["OWNER_TYPE_ID"] or ""), str(call.params["OWNER_ID"] or "")
    entity = BY_TYPE.get(int(kind)) if kind.isdigit() else None
    if entity is None:
        raise _refuse("Incorrect parameter OWNER_TYPE_ID.")
    if not key.isdigit() or not 0 < int(key) < 2**63:
        raise _refuse("Incorrect parameter OWNER_ID.")
    if entity.stage_field:
        execute(call.portal, trigger, entity, int(key))
    return Answer(True)


REFUSALS: dict[str, Any] = {
    "app_only": True,
    "admin": True,
    "app_refusal": (400, "ACCESS_DENIED", "Access denied! Application context required"),
    "admin_refusal": (400, "ACCESS_DENIED", "Access denied! Admin permissions required"),
}
METHODS = (
    Method("crm.automation.trigger.add", trigger_add, TriggerParams, "crm", **REFUSALS),
    Method("crm.automation.trigger.list", trigger_list, None, "crm", **REFUSALS),
    Method("crm.automation.trigger.execute", trigger_execute, TriggerParams, "crm", **REFUSALS),
    Method("crm.automation.trigger.delete", trigger_delete, TriggerParams, "crm", **REFUSALS),
)
