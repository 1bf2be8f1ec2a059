"""crm.item.*: leads, deals, contacts and companies through the universal API. Translates names; rules are in `records`.

Source: api-reference/crm/universal/crm-item-*.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import fields

from sandbox.access import check_visible
from sandbox.entities import BY_TYPE, MULTI_FIELDS, Entity, Field
from sandbox.envelope import print_page, read_start
from sandbox.fields import FieldSet
from sandbox.filters import Filter, UnknownField, WrongDirection, WrongValue, compile_order
from sandbox.listing import Page, read_page
from sandbox.params import Items, Map, Params, YesNo
from sandbox.presenters import ItemPresenter
from sandbox.rest import Answer, Call, Method, Record, RestError
from sandbox.store import Where

OLD_INVOICE = 5
# A field that names another object says of which kind it is; the contact does not [crm-deal-fields].
PARENTS = {"crm_lead": 1, "crm_company": 4, "crm_quote": 7}
NO_PARENT = ("COMPANY_IDS",)
# Printed, but no parameters of crm.item.add and crm.item.update.
NOT_WRITTEN = ("isReturnCustomer", "isRepeatedApproach")


class TypeParams(Params):
    """Which kind of object, and how user fields are named."""

    entityTypeId = fields.Integer(required=True)  # noqa: N815 - the vendor's name
    useOriginalUfNames = YesNo(load_default=False)  # noqa: N815


class ItemParams(TypeParams):
    """One item."""

    id = fields.Integer(required=True)


class AddParams(TypeParams):
    """A new item."""

    fields_ = Map(required=True, data_key="fields")


class UpdateParams(ItemParams):
    """Changes of an item."""

    fields_ = Map(required=True, data_key="fields")


class ListParams(TypeParams):
    """A page of items."""

    select = Items(load_default=list)
    filter = fields.Raw(load_default=None)
    order = Map(load_default=dict)
    start = fields.Raw(load_default=0)


def get_entity(type_id: int) -> Entity:
    """Return the kind of object; raise what the vendor answers for an unknown one."""
    entity = BY_TYPE.get(type_id)
    if entity is None:
        if type_id == OLD_INVOICE:
            raise RestError(400, "ENTITY_TYPE_NOT_SUPPORTED", "Тип сущности не поддерживается")
        raise RestError(400, "NOT_FOUND", "Смарт-процесс не найден")
    return entity


def _field_set(call: Call) -> FieldSet:
    return call.portal.fields.of(get_entity(call.params["entityTypeId"]).section)


def _get_record(call: Call, entity: Entity) -> Record:
    record = call.portal.store.get(entity.section, call.params["id"])
    if record is None:
        raise RestError(400, "NOT_FOUND", "Элемент не найден")
    check_visible(call.portal.store, call.caller, record)
    return record


def _print_one(call: Call, key: int) -> Answer:
    known = _field_set(call)
    record = call.portal.store.get(known.entity.section, key)
    if record is None:
        raise RestError(400, "NOT_FOUND", "Элемент не найден")
    names = known.item_names(call.params["useOriginalUfNames"])
    return Answer({"item": ItemPresenter(known.entity, names, has_all=True).print(record)})


def read_written(names: Mapping[str, Field], sent: Mapping[str, Any], before: Record) -> Record:
    """Return what was sent under old names. Unknown names are passed over."""
    made = {names[name].name: value for name, value in sent.items() if name in names and name not in NOT_WRITTEN}
    return made | read_fm(sent.get("fm"), is_new=not before)


def read_fm(sent: Any, is_new: bool) -> Record:
    """Return edits of multi-fields. Adding takes a list; updating a map by record id or n0, n1...

    What the vendor passes over in silence is passed over: a list on update, a value without typeId.
    """
    if isinstance(sent, list) and is_new:
        pairs = [("", value) for value in sent]
    elif isinstance(sent, Mapping):
        pairs = [(str(key), value) for key, value in sent.items()]
    else:
        return {}
    made: Record = {}
    for key, value in pairs:
        type_id = str(value.get("typeId") or "").upper() if isinstance(value, Mapping) else ""
        if type_id in MULTI_FIELDS:
            edit = {"ID": key if key.isdigit() and not is_new else "", "VALUE_TYPE": value.get("valueType")}
            made.setdefault(type_id, []).append(edit | ({"VALUE": value["value"]} if "value" in value else {}))
    return made


def item_add(call: Call) -> Answer:
    """crm.item.add"""
    known = _field_set(call)
    sent = read_written(known.item_names(call.params["useOriginalUfNames"]), call.params["fields_"], {})
    return _print_one(call, call.portal.records.add(known.entity.section, sent, call.caller, is_universal=True))


def item_update(call: Call) -> Answer:
    """crm.item.update"""
    known = _field_set(call)
    before = _get_record(call, known.entity)
    sent = read_written(known.item_names(call.params["useOriginalUfNames"]), call.params["fields_"], before)
    call.portal.records.update(known.entity.section, before["ID"], sent, call.caller, is_universal=True)
    return _print_one(call, before["ID"])


def item_get(call: Call) -> Answer:
    """crm.item.get"""
    return _print_one(call, _get_record(call, get_entity(call.params["entityTypeId"]))["ID"])


def item_delete(call: Call) -> Answer:
    """crm.item.delete"""
    entity = get_entity(call.params["entityTypeId"])
    call.portal.records.delete(entity.section, _get_record(call, entity)["ID"], call.caller)
    return Answer([])


def item_list(call: Call) -> Answer:
    """crm.item.list"""
    known, asked = _field_set(call), call.params
    names = known.item_names(asked["useOriginalUfNames"])
    # Assumption 24: lists take ID for id, because clients in wide use always order by it.
    where, order = _compile(known.entity.section, {**names, "ID": names["id"]}, asked)
    start = read_start(asked["start"])
    select = [str(name) for name in asked["select"]]
    has_all = "*" in select
    chosen = names if has_all or not select else {name: names[name] for name in select if name in names}
    has_links = any(not field.stored for field in chosen.values())
    records, total = read_page(call, Page(known.entity.section, where, order, start, has_all, has_links))
    presenter = ItemPresenter(known.entity, chosen, has_all)
    return print_page({"items": [presenter.print(record) for record in records]}, start, len(records), total)


def _compile(section: str, names: Mapping[str, Field], asked: Mapping[str, Any]) -> tuple[Where, str]:
    try:
        where = Filter(section, names, is_strict=True, is_nested=True).compile(asked["filter"])
    except UnknownField as error:
        raise _invalid(f"Invalid filter: field '{error}' is not allowed in filter") from error
    except WrongValue as error:
        raise _invalid(f"Invalid filter: field '{error}' has invalid value") from error
    try:
        return where, compile_order(names, asked["order"], is_strict=True)
    except UnknownField as error:
        raise _invalid(f"Invalid order: field '{error}' is not allowed in order") from error
    except WrongDirection as error:
        value, name = error.args
        raise _invalid(f"Invalid order: allowed sort directions are `ASC, DESC`. But got '{value}' for field '{name}'") from error


def _invalid(text: str) -> RestError:
    return RestError(400, "INVALID_ARG_VALUE", text)


def item_fields(call: Call) -> Answer:
    """crm.item.fields"""
    known = _field_set(call)
    names = known.item_names(call.params["useOriginalUfNames"])
    return Answer({"fields": {name: describe(known, field) | {"upperName": field.name} for name, field in names.items()}})


def describe(known: FieldSet, field: Field) -> Record:
    """Return a field as `*.fields` methods describe it."""
    made: Record = {
        "type": field.kind,
        "isRequired": field.has("!"),
        "isReadOnly": not field.writable,
        "isImmutable": field.has("i"),
        "isMultiple": field.multiple,
        "isDynamic": field.dynamic,
    }
    if field.status_type:
        made["statusType"] = field.status_type
    if field.has("d"):
        made["isDeprecated"] = True
    if field.kind in PARENTS and field.name not in NO_PARENT:
        made["settings"] = {"parentEntityTypeId": PARENTS[field.kind]}
    definition = known.definitions.get(field.name)
    if definition and field.kind == "enumeration":
        made["items"] = [{"ID": str(item["ID"]), "VALUE": item["VALUE"]} for item in definition["LIST"] or []]
    if definition:
        made["settings"] = definition["SETTINGS"] or []
    return made | {"title": field.title}


METHODS = (
    Method("crm.item.add", item_add, AddParams, "crm"),
    Method("crm.item.update", item_update, UpdateParams, "crm"),
    Method("crm.item.get", item_get, ItemParams, "crm"),
    Method("crm.item.list", item_list, ListParams, "crm"),
    Method("crm.item.delete", item_delete, ItemParams, "crm"),
    Method("crm.item.fields", item_fields, TypeParams, "crm"),
)
