"""crm.activity.*: calls, meetings and letters of clients.

Sources: api-reference/crm/timeline/activities/**, tutorials/crm/how-to-add-crm-objects/how-to-send-email.md. Answers are strings.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import fields

from sandbox.access import visible
from sandbox.activities import APP_PROVIDER, SYSTEM, check_fields, new_activity, send_email
from sandbox.entities import BY_TYPE, ENTITIES, Field
from sandbox.envelope import PAGE, print_page, read_start
from sandbox.filters import Filter, WrongValue, compile_order
from sandbox.methods.timeline import entity_of_type, get_owner
from sandbox.params import Items, Map, Params
from sandbox.presenters import old_printer
from sandbox.rest import Answer, Call, Method, Record, RestError
from sandbox.store import CORE_SECTIONS, Where

COLUMNS = next(section for section in CORE_SECTIONS if section.name == "activities").columns
FIELDS = {column.name: Field(column.name, column.kind) for column in COLUMNS}
# Printed only when `select` names them.
EXTRA = ("COMMUNICATIONS", "FILES")
HIDDEN = (*EXTRA, "BINDINGS")
FILTER = Filter("activities", {name: field for name, field in FIELDS.items() if field.kind != "json"})


class IdParams(Params):
    """One activity."""

    id = fields.Raw(load_default=None)


class WriteParams(IdParams):
    """A new activity, or its changes."""

    fields_ = Map(required=True, data_key="fields")


class ListParams(Params):
    """A page of activities."""

    select = Items(load_default=list)
    filter = Map(load_default=dict)
    order = Map(load_default=dict)
    start = fields.Raw(load_default=0)


def print_activity(row: Record, names: set[str]) -> Record:
    """Return an activity as the old family prints it."""
    return {name: old_printer(field.kind)(row[name]) for name, field in FIELDS.items() if name in names}


def _get(call: Call) -> Record:
    key = str(call.params["id"] or "")
    found = call.portal.store.get("activities", int(key)) if key.isdigit() else None
    if found is None:
        raise RestError(400, "", "Activity is not found")
    _check_owner(call, found["OWNER_TYPE_ID"], found["OWNER_ID"])
    return found


def _check_owner(call: Call, type_id: Any, key: Any) -> None:
    """Raise when the caller may not see the activity's owner; one that is no more is nobody's secret."""
    try:
        get_owner(call, entity_of_type(type_id), key)
    except RestError as error:
        if error.code == "ACCESS_DENIED":
            raise RestError(400, "", "Access denied.") from error


def activity_add(call: Call) -> Answer:
    """Add an activity; a letter that is complete is sent. Return its id."""
    sent = {name: value for name, value in call.params["fields_"].items() if name in FIELDS and name != "ID"}
    check_fields(sent, call.caller)
    owner = get_owner(call, entity_of_type(sent.get("OWNER_TYPE_ID")), sent.get("OWNER_ID"))
    record = new_activity(call.portal, sent, call.caller)
    key = call.portal.records.add("activities", record, call.caller)
    call.portal.records.touch(BY_TYPE[record["OWNER_TYPE_ID"]].section, owner["ID"], call.caller)
    send_email(call.portal, {**record, "ID": key})
    return Answer(key)


def activity_update(call: Call) -> Answer:
    """Change an activity; one that an application owns only that application changes."""
    found = _get(call)
    _check_application(call, found)
    sent = {name: value for name, value in call.params["fields_"].items() if name in FIELDS and name not in SYSTEM}
    record = new_activity(call.portal, {**found, **sent}, call.caller)
    changes = {name: record[name] for name in {*sent, "STATUS", "DEADLINE"}}
    changes |= {"LAST_UPDATED": call.portal.clock.stamp(), "EDITOR_ID": call.caller.user_id}
    call.portal.records.update("activities", found["ID"], changes, call.caller)
    return Answer(True)


def _check_application(call: Call, found: Record) -> None:
    if found["PROVIDER_ID"] == APP_PROVIDER and call.caller.account and call.caller.app != (found["PROVIDER_PARAMS"] or {}).get("clientId"):
        raise RestError(400, "", "Application context required.")


def activity_delete(call: Call) -> Answer:
    """Delete an activity."""
    found = _get(call)
    _check_application(call, found)
    call.portal.records.delete("activities", found["ID"], call.caller)
    return Answer(True)


def activity_get(call: Call) -> Answer:
    """Get an activity."""
    return Answer(print_activity(_get(call), set(FIELDS) - set(HIDDEN)))


def activity_list(call: Call) -> Answer:
    """List activities of the objects that the caller sees, by default in the order of their beginning."""
    store, start = call.portal.store, read_start(call.params["start"])
    where = _where(call) & _seen(call)
    order = compile_order(FIELDS, call.params["order"], is_strict=False, default='"START_TIME" ASC, "ID" ASC')
    rows = store.find("activities", where=where, order=order, limit=PAGE, offset=max(start, 0))
    names = set(map(str, call.params["select"])) or {"*"}
    if "*" in names:
        names |= set(FIELDS) - set(HIDDEN)
    shown = [print_activity(row, names | {"ID"}) for row in rows]
    return print_page(shown, start, len(rows), store.count("activities", where=where) if start >= 0 else 0)


def _where(call: Call) -> Where:
    asked = dict(call.params["filter"])
    bindings = asked.pop("BINDINGS", None)
    try:
        return FILTER.compile(asked) & _bound(bindings)
    except WrongValue as error:
        raise RestError(400, "", f"Wrong value of {error} in filter.") from error


def _bound(bindings: Any) -> Where:
    """Return the condition that an activity is bound to one of these objects, mainly or also."""
    wanted = [one for one in Items().deserialize(bindings or []) if isinstance(one, Mapping) and str(one.get("OWNER_TYPE_ID")).isdigit()]
    parts = []
    for one in wanted:
        part = Where('"OWNER_TYPE_ID" = ?', (int(one["OWNER_TYPE_ID"]),))
        text = f'%{{"OWNER_TYPE_ID":{int(one["OWNER_TYPE_ID"])},"OWNER_ID":%'
        if str(one.get("OWNER_ID") or "").isdigit():
            part &= Where('"OWNER_ID" = ?', (int(one["OWNER_ID"]),))
            text = f"{text[:-1]}{int(one['OWNER_ID'])}}}%"
        parts.append(Where(f'({part.sql}) OR "BINDINGS" LIKE ?', (*part.params, text)))
    return Where(" OR ".join(f"({part.sql})" for part in parts), tuple(value for part in parts for value in part.params))


def _seen(call: Call) -> Where:
    """Return the condition that the activity is the caller's own or its owner is one that he sees."""
    if call.caller.admin:
        return Where()
    seen = visible(call.portal.store, call.caller)
    owners = [f'("OWNER_TYPE_ID" = {kind.type_id} AND "OWNER_ID" IN (SELECT "ID" FROM {kind.section}{seen.clause}))' for kind in ENTITIES]
    return Where(f'"RESPONSIBLE_ID" = ? OR {" OR ".join(owners)}', (call.caller.user_id, *(seen.params * len(owners))))


METHODS = (
    Method("crm.activity.add", activity_add, WriteParams, "crm"),
    Method("crm.activity.get", activity_get, IdParams, "crm"),
    Method("crm.activity.list", activity_list, ListParams, "crm"),
    Method("crm.activity.update", activity_update, WriteParams, "crm"),
    Method("crm.activity.delete", activity_delete, IdParams, "crm"),
)
