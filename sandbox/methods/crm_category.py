"""crm.category.*: pipelines of deals. A new one comes with stages of its own.

Source: api-reference/crm/universal/category/.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import fields

from sandbox.entities import BY_TYPE
from sandbox.params import Map, Params
from sandbox.rest import Answer, Call, Method, Record, RestError
from sandbox.stages import dictionary_of

SECTION = "categories"
DEAL = 2
LONGEST = 255
# What a new pipeline begins with (assumption 24): code, name, colour, meaning.
STAGES = (
    ("NEW", "Новая", "#39A8EF", None),
    ("PREPARATION", "Подготовка документов", "#2FC6F6", None),
    ("PREPAYMENT_INVOICE", "Счёт на предоплату", "#55D0E0", None),
    ("EXECUTING", "В работе", "#47E4C2", None),
    ("FINAL_INVOICE", "Финальный счёт", "#FFA900", None),
    ("WON", "Сделка успешна", "#7BD500", "S"),
    ("LOSE", "Сделка провалена", "#FF5752", "F"),
    ("APOLOGY", "Анализ причины провала", "#FF5752", "F"),
)


class CategoryParams(Params):
    """Pipelines of a kind of object."""

    entityTypeId = fields.Integer(required=True)  # noqa: N815 - the vendor's name


class IdParams(CategoryParams):
    """One pipeline."""

    id = fields.Integer(required=True)


class AddParams(CategoryParams):
    """A new pipeline."""

    fields_ = Map(required=True, data_key="fields")


class UpdateParams(IdParams):
    """Changes of a pipeline."""

    fields_ = Map(required=True, data_key="fields")


def _check_type(type_id: int) -> None:
    entity = BY_TYPE.get(type_id)
    if entity is None:
        raise RestError(400, "NOT_FOUND", "Смарт-процесс не найден")
    if type_id != DEAL:  # assumption 8: only deals have pipelines here
        raise RestError(400, "ENTITY_TYPE_NOT_SUPPORTED", f"Entity type `{entity.name}` is not supported")


def print_category(row: Record) -> Record:
    """Return a pipeline; the general one has no origin."""
    made: Record = {"id": row["ID"], "name": row["NAME"], "sort": row["SORT"], "entityTypeId": DEAL, "isDefault": "N" if row["ID"] else "Y"}
    return made | ({"originId": row["ORIGIN_ID"] or "", "originatorId": row["ORIGINATOR_ID"] or ""} if row["ID"] else {})


def _get(call: Call) -> Record:
    _check_type(call.params["entityTypeId"])
    row = call.portal.store.get(SECTION, call.params["id"])
    if row is None:
        raise RestError(400, "NOT_FOUND", "Элемент не найден")
    return row


def category_list(call: Call) -> Answer:
    """crm.category.list"""
    _check_type(call.params["entityTypeId"])
    rows = call.portal.store.find(SECTION, {"ENTITY_TYPE_ID": DEAL}, order='"SORT", "ID"')
    return Answer({"categories": [print_category(row) for row in rows]}, total=len(rows))


def category_get(call: Call) -> Answer:
    """crm.category.get"""
    return Answer({"category": print_category(_get(call))})


def read_category(sent: Mapping[str, Any]) -> Record:
    """Return what was sent, as it is kept. `isDefault` cannot be changed in deals."""
    made: Record = {}
    if "name" in sent:
        made["NAME"] = str(sent["name"] or "").strip()
        if not made["NAME"]:
            raise RestError(400, "0", "Field 'NAME' is required")
        if len(made["NAME"]) > LONGEST:
            raise RestError(400, "0", f"Field 'NAME' is longer than {LONGEST} characters")
    if "sort" in sent:
        text = str(sent["sort"])
        made["SORT"] = int(text) if text.isdigit() else 0
    return made | {
        name: str(sent[key] or "") for key, name in (("originId", "ORIGIN_ID"), ("originatorId", "ORIGINATOR_ID")) if key in sent
    }


def category_add(call: Call) -> Answer:
    """crm.category.add"""
    _check_type(call.params["entityTypeId"])
    store, sent = call.portal.store, read_category({"name": "", **call.params["fields_"]})
    with store.write():
        key = int(store.insert(SECTION, {"SORT": 500, **sent, "ENTITY_TYPE_ID": DEAL, "IS_DEFAULT": "N"}))
        for place, (code, name, color, meaning) in enumerate(STAGES, 1):
            row = {"ENTITY_ID": dictionary_of("deals", key), "STATUS_ID": f"C{key}:{code}", "NAME": name, "NAME_INIT": name, "COLOR": color}
            is_system = "Y" if code in ("NEW", "WON", "LOSE") else "N"
            store.insert("statuses", row | {"SORT": place * 10, "SYSTEM": is_system, "CATEGORY_ID": key, "SEMANTICS": meaning})
    return Answer({"category": print_category(store.get(SECTION, key) or {})})


def category_update(call: Call) -> Answer:
    """crm.category.update"""
    row = _get(call)
    call.portal.store.save(SECTION, row["ID"], read_category(call.params["fields_"]))
    return Answer({"category": print_category(call.portal.store.get(SECTION, row["ID"]) or {})})


def category_delete(call: Call) -> Answer:
    """crm.category.delete: the general one stays, and so does one that deals are in"""
    row, store = _get(call), call.portal.store
    if not row["ID"]:
        raise RestError(400, "0", "Default deal category can not be deleted")
    with store.write():
        if store.count("deals", {"CATEGORY_ID": row["ID"]}):
            raise RestError(400, "0", f"Найдены сделки, относящиеся к воронке {row['NAME']}")
        store.delete(SECTION, row["ID"])
        store.delete_where("statuses", {"ENTITY_ID": dictionary_of("deals", row["ID"])})
    return Answer(None)


DENIED = (400, "ACCESS_DENIED", "Доступ запрещен")
METHODS = (
    Method("crm.category.list", category_list, CategoryParams, "crm"),
    Method("crm.category.get", category_get, IdParams, "crm"),
    Method("crm.category.add", category_add, AddParams, "crm", admin=True, admin_refusal=DENIED),
    Method("crm.category.update", category_update, UpdateParams, "crm", admin=True, admin_refusal=DENIED),
    Method("crm.category.delete", category_delete, IdParams, "crm", admin=True, admin_refusal=DENIED),
)
