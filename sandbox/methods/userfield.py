"""crm.{lead,deal,contact,company}.userfield.*: user fields. Adding one makes a real column.

Source: api-reference/crm/deals/user-defined-fields/ and its three siblings. Texts of refusals are the vendor's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from marshmallow import fields

from sandbox.entities import BY_USER_FIELDS, ENTITIES, Entity, Field
from sandbox.filters import Filter, WrongValue, compile_order
from sandbox.params import Params
from sandbox.rest import Answer, Call, Method, Record, RestError
from sandbox.store import Store
from sandbox.userfield_types import BY_ID, TYPES

SECTION = "user_fields"
NAME = re.compile(r"[A-Z0-9_]+")
LONGEST = 50
LANGUAGES = (
    "ar", "br", "de", "en", "fr", "hi", "id", "in", "it", "ja", "kz", "la", "ms", "pl", "ru", "sc", "tc", "th", "tr", "ua", "vn",
)  # fmt: skip
LABELS = ("EDIT_FORM_LABEL", "LIST_COLUMN_LABEL", "LIST_FILTER_LABEL", "ERROR_MESSAGE", "HELP_MESSAGE")
FLAGS = {"MULTIPLE": "N", "MANDATORY": "N", "SHOW_FILTER": "N", "SHOW_IN_LIST": "Y", "EDIT_IN_LIST": "Y", "IS_SEARCHABLE": "N"}
CHANGEABLE = ("MANDATORY", "SHOW_FILTER", "SHOW_IN_LIST", "EDIT_IN_LIST", "IS_SEARCHABLE", "XML_ID")
LISTED = ("ID", "ENTITY_ID", "FIELD_NAME", "USER_TYPE_ID", "XML_ID", "SORT", *FLAGS)
FILTERED = {name: Field(name, "integer" if name in ("ID", "SORT") else "string") for name in LISTED}


class IdParams(Params):
    """One user field."""

    id = fields.Raw(load_default=None)


class FieldsParams(IdParams):
    """A new user field or changes of one."""

    fields_ = fields.Raw(load_default=None, data_key="fields")


class ListParams(Params):
    """All user fields that meet a filter; LANG in it asks for labels."""

    filter = fields.Raw(load_default=None)
    order = fields.Raw(load_default=None)


def _core(text: str) -> RestError:
    return RestError(400, "ERROR_CORE", text)


def _sent(call: Call) -> Mapping[str, Any]:
    if not isinstance(call.params["fields_"], Mapping):
        raise RestError(400, "", "Parameter 'fields' must be array")
    return {str(name).upper(): value for name, value in call.params["fields_"].items()}


def _get(entity: Entity, call: Call) -> Record:
    asked = str(call.params["id"] or "")
    if not asked.isdigit() or not int(asked):
        raise RestError(400, "", "ID is not defined or invalid")
    row = call.portal.store.get(SECTION, int(asked))
    if row is None:
        raise RestError(404, "ERROR_NOT_FOUND", f"The entity with ID '{asked}' is not found")
    if row["ENTITY_ID"] != entity.user_fields_of:
        raise RestError(403, "", "Access denied")
    return row


def read_name(given: str) -> str:
    """Return a field's full name: raised to upper case, UF_CRM_ put before it, or in place of UF_."""
    name = given.strip().upper()
    if not name.startswith("UF_CRM_"):
        name = "UF_CRM_" + name.removeprefix("UF_")
    if len(name) > LONGEST:
        raise _core("Имя поля слишком длинное (больше 50-ти символов).")
    if not NAME.fullmatch(name):
        raise _core("Имя поля содержит недопустимые символы. Допустимыми являются: A-Z, 0-9 и _.")
    return name


def read_label(value: Any) -> dict[str, str]:
    """Return a label in every language: text stands for all, a map only for its own."""
    if isinstance(value, Mapping):
        return {language: str(value.get(language, "")) for language in LANGUAGES}
    return dict.fromkeys(LANGUAGES, str(value or ""))


def read_list(store: Store, sent: Any, before: list[Record]) -> list[Record]:
    """Return an enumeration's items: with ID changed or (DEL=Y) removed, without added; what is not named stays."""
    items = {str(item["ID"]): dict(item) for item in before}
    for one in sent.values() if isinstance(sent, Mapping) else sent or ():
        if not isinstance(one, Mapping):
            continue
        key = str(one.get("ID", ""))
        if key in items and str(one.get("DEL", "N")) == "Y":
            del items[key]
        elif key in items:
            items[key].update({name: str(value) for name, value in one.items() if name in ("VALUE", "DEF", "XML_ID", "SORT")})
        else:
            made = {"ID": str(_next_item_id(store)), "VALUE": str(one.get("VALUE", "")), "DEF": str(one.get("DEF") or "N")}
            made |= {"SORT": str(one.get("SORT") or 500), "XML_ID": str(one.get("XML_ID") or f"item{made['ID']}")}
            items[made["ID"]] = made
    codes = [item["XML_ID"] for item in items.values()]
    for code in codes:
        if codes.count(code) > 1:
            raise _core(f"Элемент списка со значением XML_ID={code} уже существует.")
    return sorted(items.values(), key=lambda item: int(item["SORT"]) if str(item["SORT"]).isdigit() else 0)


def _next_item_id(store: Store) -> int:
    """Return a number that no item of any enumeration has."""
    known = (int(item["ID"]) for row in store.find(SECTION) for item in row["LIST"] or ())
    found = max([int(store.setting("last_enumeration_item", 0)), *known]) + 1
    store.set_setting("last_enumeration_item", found)
    return found


def field_add(entity: Entity, call: Call) -> Answer:
    """crm.X.userfield.add"""
    return Answer(add_field(entity.user_fields_of, _sent(call), call))


def add_field(entity_id: str, sent: Mapping[str, Any], call: Call) -> int:
    """Make a user field from what was sent under UPPER_CASE names; return its id. Raises RestError."""
    store = call.portal.store
    for needed in ("FIELD_NAME", "USER_TYPE_ID"):
        if not sent.get(needed):
            raise RestError(400, "", f"The '{needed}' field is not found.")
    kind, name = str(sent["USER_TYPE_ID"]), read_name(str(sent["FIELD_NAME"]))
    if kind not in BY_ID:
        raise _core("Указан неверный пользовательский тип.")
    row: Record = {flag: "Y" if str(sent.get(flag, default)) in ("Y", "1", "True") else "N" for flag, default in FLAGS.items()}
    row |= {"ENTITY_ID": entity_id, "FIELD_NAME": name, "USER_TYPE_ID": kind, "XML_ID": sent.get("XML_ID")}
    given = sent.get("SETTINGS")
    row |= {"SORT": _sort(sent.get("SORT"), 100), "SETTINGS": BY_ID[kind].defaults | dict(given if isinstance(given, Mapping) else {})}
    row |= {label: read_label(sent.get(label) or (sent.get("LABEL") if label in LABELS[:3] else "")) for label in LABELS}
    if kind == "boolean":
        row["MULTIPLE"] = "N"
    with store.write():
        if store.count(SECTION, {"ENTITY_ID": entity_id, "FIELD_NAME": name}):
            raise _core(f"Поле {name} для объекта {entity_id} уже существует.")  # assumption 19: the text
        row["LIST"] = read_list(store, sent.get("LIST"), []) if kind == "enumeration" else None
        return call.portal.records.add(SECTION, row, call.caller)


def _sort(value: Any, default: int) -> int:
    return int(value) if str(value).isdigit() and int(value) > 0 else default


def field_update(entity: Entity, call: Call) -> Answer:
    """crm.X.userfield.update"""
    change_field(_get(entity, call), _sent(call), call)
    return Answer(True)


def change_field(row: Record, sent: Mapping[str, Any], call: Call) -> None:
    """Change a user field; its name, type and MULTIPLE stay what they are."""
    changes: Record = {name: sent[name] for name in CHANGEABLE if name in sent}
    changes |= {label: read_label(sent[label]) for label in LABELS if label in sent}
    if "SORT" in sent:
        changes["SORT"] = _sort(sent["SORT"], row["SORT"])
    if isinstance(sent.get("SETTINGS"), Mapping):
        changes["SETTINGS"] = {**(row["SETTINGS"] or {}), **sent["SETTINGS"]}
    with call.portal.store.write():
        if "LIST" in sent and row["USER_TYPE_ID"] == "enumeration":
            changes["LIST"] = read_list(call.portal.store, sent["LIST"], row["LIST"] or [])
        call.portal.records.update(SECTION, row["ID"], changes, call.caller)


def field_delete(entity: Entity, call: Call) -> Answer:
    """crm.X.userfield.delete"""
    remove_field(_get(entity, call), call)
    return Answer(True)


def remove_field(row: Record, call: Call) -> None:
    """Delete a user field; the values go with it."""
    with call.portal.store.write():
        call.portal.records.delete(SECTION, row["ID"], call.caller)
        call.portal.store.drop_column(BY_USER_FIELDS[row["ENTITY_ID"]].section, row["FIELD_NAME"])


def field_get(entity: Entity, call: Call) -> Answer:
    """crm.X.userfield.get: labels in all languages"""
    row = _get(entity, call)
    return Answer(print_field(row) | {label: row[label] or read_label("") for label in LABELS})


def field_list(entity: Entity, call: Call) -> Answer:
    """crm.X.userfield.list: labels in one language, and only when the filter has LANG"""
    asked = call.params["filter"] or {}
    for name in ("filter", "order"):
        if call.params[name] and not isinstance(call.params[name], Mapping):
            raise RestError(400, "", f"Parameter '{name}' must be array")
    try:
        where = Filter(SECTION, FILTERED).compile(asked)
    except WrongValue as error:
        raise RestError(400, "", f"Wrong value of {error} in filter.") from error
    order = compile_order(FILTERED, call.params["order"], is_strict=False, default='"SORT" ASC, "ID" ASC')
    rows = call.portal.store.find(SECTION, {"ENTITY_ID": entity.user_fields_of}, where, order)
    language = str(asked.get("LANG", ""))
    made = [print_field(row) | ({label: (row[label] or {}).get(language, "") for label in LABELS} if language else {}) for row in rows]
    return Answer(made, total=len(made))


def print_field(row: Record) -> Record:
    """Return a definition without its labels; numbers are text, SHOW_FILTER is N or E."""
    made = {name: None if row[name] is None else str(row[name]) for name in LISTED}
    made["SHOW_FILTER"] = "E" if row["SHOW_FILTER"] in ("Y", "E") else row["SHOW_FILTER"] or "N"
    shown: Record = made | {"SETTINGS": row["SETTINGS"] or []}
    if row["USER_TYPE_ID"] == "enumeration":
        shown["LIST"] = [{name: str(value) for name, value in item.items()} for item in row["LIST"] or ()]
    return shown


class TypeParams(Params):
    """A type of user fields."""

    type = fields.String(load_default="")


def types(_call: Call) -> Answer:
    """crm.userfield.types"""
    return Answer([{"ID": kind.id, "title": kind.title} for kind in TYPES])


def settings_fields(call: Call) -> Answer:
    """crm.userfield.settings.fields: an unknown type has none"""
    if not call.params["type"]:
        raise RestError(400, "", "Parameter 'type' is not specified or empty.")
    kind = BY_ID.get(call.params["type"])
    return Answer({one.name: {"type": one.kind, "title": one.title} for one in kind.settings} if kind and kind.settings else [])


ACCESS_DENIED = (403, "", "Access denied")
FAMILY: tuple[tuple[str, Callable[[Entity, Call], Answer], type[Params], bool], ...] = (
    ("add", field_add, FieldsParams, True),
    ("update", field_update, FieldsParams, True),
    ("delete", field_delete, IdParams, True),
    ("get", field_get, IdParams, False),
    ("list", field_list, ListParams, False),
)
METHODS = (
    *(
        Method(
            f"crm.{entity.name.lower()}.userfield.{verb}", partial(function, entity), schema, "crm", is_admin, admin_refusal=ACCESS_DENIED
        )
        for entity in ENTITIES
        for verb, function, schema, is_admin in FAMILY
    ),
    Method("crm.userfield.types", types, None, "crm"),
    Method("crm.userfield.settings.fields", settings_fields, TypeParams, "crm"),
)
