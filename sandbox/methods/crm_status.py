"""crm.status.*: dictionaries, stages of leads and of deals among them.

Source: api-reference/crm/status/.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from marshmallow import fields

from sandbox.entities import Field
from sandbox.filters import Filter, WrongValue, compile_order
from sandbox.params import Map, Params
from sandbox.presenters import old_printer
from sandbox.rest import Answer, Call, Method, Record, RestError
from sandbox.stages import dictionary_of

STATUS_FIELDS = {
    name: Field(name, kind)
    for name, kind in {
        "ID": "integer", "ENTITY_ID": "string", "STATUS_ID": "string", "NAME": "string", "NAME_INIT": "string", "SORT": "integer",
        "SYSTEM": "char", "CATEGORY_ID": "integer", "COLOR": "string", "SEMANTICS": "string",
    }.items()
}  # fmt: skip
MEANINGS = {"S": "success", "F": "failure", "": "process"}
# The dictionaries that every portal has, beside the stages of pipelines.
DICTIONARIES = {
    "STATUS": "Стадии лида", "SOURCE": "Источники", "CONTACT_TYPE": "Тип контакта", "COMPANY_TYPE": "Тип компании",
    "EMPLOYEES": "Количество сотрудников", "INDUSTRY": "Сфера деятельности", "DEAL_TYPE": "Тип сделки", "HONORIFIC": "Обращения",
    "EVENT_TYPE": "Тип события", "CALL_LIST": "Статусы обзвона",
}  # fmt: skip
STATUS_ID = re.compile(r"[A-Za-z0-9_\-:]{1,50}")
DEAL = 2


class ListParams(Params):
    """A whole dictionary: there is no paging."""

    filter = fields.Raw(load_default=None)
    order = fields.Raw(load_default=None)


class IdParams(Params):
    """One entry."""

    id = fields.Integer(required=True)


class AddParams(Params):
    """A new entry."""

    fields_ = Map(required=True, data_key="fields")


def print_status(row: Mapping[str, object]) -> Record:
    """Return a dictionary's entry; stages also say in EXTRA what they mean."""
    made = {name: old_printer(field.kind)(row[name]) for name, field in STATUS_FIELDS.items()}
    made["SEMANTICS"] = row["SEMANTICS"] or None
    if str(row["ENTITY_ID"]).startswith(("DEAL_STAGE", "STATUS")):
        meaning = "apology" if str(row["STATUS_ID"]).endswith("APOLOGY") else MEANINGS.get(str(row["SEMANTICS"] or ""), "process")
        made["EXTRA"] = {"SEMANTICS": meaning, "COLOR": row["COLOR"]}
    return made


def status_list(call: Call) -> Answer:
    """crm.status.list"""
    try:
        where = Filter("statuses", STATUS_FIELDS).compile(call.params["filter"])
    except WrongValue as error:
        raise RestError(400, "", f"Wrong value of {error} in filter.") from error
    order = compile_order(STATUS_FIELDS, call.params["order"], is_strict=False)
    rows = call.portal.store.find("statuses", where=where, order=order)
    return Answer([print_status(row) for row in rows], total=len(rows))


def status_get(call: Call) -> Answer:
    """crm.status.get"""
    row = call.portal.store.get("statuses", call.params["id"])
    if row is None:
        raise RestError(400, "", "Not found")
    return Answer(print_status(row))


def status_add(call: Call) -> Answer:
    """crm.status.add: a stage of a pipeline gets the pipeline's prefix"""
    sent = {str(name).upper(): value for name, value in call.params["fields_"].items()}
    for name in ("ENTITY_ID", "STATUS_ID", "NAME"):
        if not sent.get(name):
            raise RestError(400, "", f"The field {name} is required.")
    entity_id, status_id = str(sent["ENTITY_ID"]), str(sent["STATUS_ID"])
    if entity_id not in {one["ID"] for one in entity_types(call)}:
        raise RestError(400, "", "The specified type is unknown.")
    number = entity_id.removeprefix("DEAL_STAGE_")
    if number.isdigit() and not status_id.startswith(f"C{number}:"):
        status_id = f"C{number}:{status_id}"
    if not STATUS_ID.fullmatch(status_id):
        raise RestError(400, "", "The field STATUS_ID is invalid.")
    if call.portal.store.count("statuses", {"ENTITY_ID": entity_id, "STATUS_ID": status_id}):
        raise RestError(400, "", "The status with same STATUS_ID already exists.")
    row: Record = {"ENTITY_ID": entity_id, "STATUS_ID": status_id, "NAME": str(sent["NAME"]), "NAME_INIT": "", "SYSTEM": "N"}
    row |= {"SORT": _number(sent.get("SORT")), "COLOR": sent.get("COLOR"), "SEMANTICS": sent.get("SEMANTICS") or None}
    row["CATEGORY_ID"] = int(number) if number.isdigit() else None
    return Answer(call.portal.store.insert("statuses", row))


def _number(value: object) -> int:
    return int(str(value)) if str(value).isdigit() else 10


def entity_types(call: Call) -> list[Record]:
    """Return the dictionaries of this portal."""
    made: list[Record] = [{"ID": key, "NAME": name, "SEMANTIC_INFO": []} for key, name in DICTIONARIES.items()]
    made[0]["SEMANTIC_INFO"] = {"START_FIELD": "NEW", "FINAL_SUCCESS_FIELD": "CONVERTED", "FINAL_UNSUCCESS_FIELD": "JUNK", "FINAL_SORT": 0}
    rows = call.portal.store.find("categories", {"ENTITY_TYPE_ID": DEAL}, order='"SORT", "ID"')
    for row in rows or [{"ID": 0, "NAME": "Общая"}]:
        prefix = f"C{row['ID']}:" if row["ID"] else ""
        meaning = {"START_FIELD": f"{prefix}NEW", "FINAL_SUCCESS_FIELD": f"{prefix}WON", "FINAL_UNSUCCESS_FIELD": f"{prefix}LOSE"}
        one: Record = {
            "ID": dictionary_of("deals", row["ID"]),
            "NAME": f"Стадии сделки {row['NAME']}",
            "SEMANTIC_INFO": meaning | {"FINAL_SORT": 0},
        }
        if row["ID"]:
            one |= {"PARENT_ID": "DEAL_STAGE", "PREFIX": f"C{row['ID']}"}
        made.append(one | {"ENTITY_TYPE_ID": DEAL, "CATEGORY_ID": str(row["ID"]) if row["ID"] else 0})
    return made


def status_entity_types(call: Call) -> Answer:
    """crm.status.entity.types"""
    return Answer(entity_types(call))


class UpdateParams(IdParams):
    """Changes of an entry."""

    fields_ = Map(required=True, data_key="fields")


class DeleteParams(IdParams):
    """An entry to delete; FORCED lets a system one go."""

    params = Map(load_default=dict)


class ItemsParams(Params):
    """One dictionary."""

    entityId = fields.String(load_default="")  # noqa: N815 - the vendor's name


def _get(call: Call) -> Record:
    if call.params["id"] <= 0:
        raise RestError(400, "", "Invalid identifier.")
    row = call.portal.store.get("statuses", call.params["id"])
    if row is None:
        raise RestError(400, "", "Status is not found.")
    return row


def status_update(call: Call) -> Answer:
    """crm.status.update: NAME, SORT and COLOR, nothing else"""
    row, sent = _get(call), {str(name).upper(): value for name, value in call.params["fields_"].items()}
    changes: Record = {name: str(sent[name] or "") for name in ("NAME", "COLOR") if name in sent}
    if "NAME" in changes and not changes["NAME"].strip():
        raise RestError(400, "", "Error on updating status.")
    if "SORT" in sent:
        changes["SORT"] = _number(sent["SORT"])
    call.portal.store.save("statuses", row["ID"], changes)
    return Answer(True)


def status_delete(call: Call) -> Answer:
    """crm.status.delete: a system entry only with FORCED, a stage only without deals or leads in it"""
    row, store = _get(call), call.portal.store
    if row["SYSTEM"] == "Y" and call.params["params"].get("FORCED") != "Y":
        raise RestError(400, "", 'CRM System Status can be deleted only if parameter FORCED is specified and equal to "Y".')
    with store.write():
        if any(store.count(section, {column: row["STATUS_ID"]}) for section, column in _used_by(row)):
            raise RestError(400, "", "There are active items in this status.")
        store.delete("statuses", row["ID"])
    return Answer(True)


def _used_by(row: Record) -> list[tuple[str, str]]:
    if row["ENTITY_ID"] == "STATUS":
        return [("leads", "STATUS_ID")]
    return [("deals", "STAGE_ID")] if str(row["ENTITY_ID"]).startswith("DEAL_STAGE") else []


def status_items(call: Call) -> Answer:
    """crm.status.entity.items: names, numbers are numbers"""
    asked = call.params["entityId"]
    if asked not in {one["ID"] for one in entity_types(call)}:
        raise RestError(400, "", "The parameter entityId is not defined or invalid.")
    rows = call.portal.store.find("statuses", {"ENTITY_ID": asked}, order='"SORT", "ID"')
    return Answer([{"NAME": row["NAME"], "SORT": row["SORT"] or 0, "STATUS_ID": row["STATUS_ID"]} for row in rows])


ADMIN: dict[str, Any] = {"admin": True, "admin_refusal": (400, "", "Access denied.")}
METHODS = (
    Method("crm.status.list", status_list, ListParams, "crm"),
    Method("crm.status.get", status_get, IdParams, "crm"),
    Method("crm.status.add", status_add, AddParams, "crm", **ADMIN),
    Method("crm.status.update", status_update, UpdateParams, "crm", **ADMIN),
    Method("crm.status.delete", status_delete, DeleteParams, "crm", **ADMIN),
    Method("crm.status.entity.types", status_entity_types, None, "crm"),
    Method("crm.status.entity.items", status_items, ItemsParams, "crm"),
)
