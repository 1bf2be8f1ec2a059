"""userfieldconfig.*: the same user fields under camelCase names, with the languages of their labels.

Source: api-reference/crm/universal/userfieldconfig/. Refusals have an empty code; a field that is not there is refused as a forbidden one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import fields

from sandbox.entities import BY_USER_FIELDS, Field, camel
from sandbox.envelope import PAGE, print_page, read_start
from sandbox.filters import Filter, WrongValue, compile_order
from sandbox.methods.userfield import FILTERED, LABELS, LISTED, SECTION, add_field, change_field, print_field, remove_field
from sandbox.params import Map, Params
from sandbox.rest import Answer, Call, Method, Record, RestError
from sandbox.store import Where
from sandbox.userfield_types import TYPES

MODULE = "crm"
NO_VIEW = "Вы не можете просматривать настройки пользовательских полей"
NO_CHANGE = "Вы не можете изменить настройки пользовательского поля"
NO_DELETE = "Вы не можете удалить пользовательское поле"
# What a caller may set; other keys are passed over [userfieldconfig-add].
WRITTEN = {
    camel(name): name
    for name in (
        "FIELD_NAME", "USER_TYPE_ID", "XML_ID", "SORT", "MULTIPLE", "MANDATORY", "SHOW_FILTER", "EDIT_IN_LIST", "IS_SEARCHABLE", "SETTINGS",
        "EDIT_FORM_LABEL", "HELP_MESSAGE",
    )
}  # fmt: skip
NAMES = {camel(name): Field(name, kind.kind) for name, kind in FILTERED.items()}
ITEM = {"id": "ID", "value": "VALUE", "def": "DEF", "sort": "SORT", "xmlId": "XML_ID", "del": "DEL"}


class ModuleParams(Params):
    """A module: only CRM has user fields here."""

    moduleId = fields.String(required=True)  # noqa: N815 - the vendor's name


class IdParams(ModuleParams):
    """One user field."""

    id = fields.Integer(required=True)


class AddParams(ModuleParams):
    """A new user field."""

    field = Map(required=True)


class UpdateParams(IdParams):
    """Changes of a user field."""

    field = Map(required=True)


class ListParams(ModuleParams):
    """A page of user fields; `select` is a list with a `language` beside it."""

    select = Map(load_default=dict)
    filter = Map(load_default=dict)
    order = Map(load_default=dict)
    start = fields.Raw(load_default=0)


def _refuse(text: str) -> RestError:
    return RestError(400, "", text)


def _check_module(call: Call) -> None:
    module = call.params["moduleId"]
    if call.caller.account and module not in call.caller.scopes:
        raise _refuse(f"The current method required more scopes. ({module})")
    if module != MODULE:
        raise _refuse("No settings for UserFieldAccess")


def _get(call: Call, refusal: str) -> Record:
    _check_module(call)
    row = call.portal.store.get(SECTION, call.params["id"]) if 0 < call.params["id"] < 2**63 else None
    if row is None:
        raise _refuse(refusal)
    return row


def read_sent(sent: Mapping[str, Any]) -> Record:
    """Return what was sent under the old family's names."""
    made = {old: sent[name] for name, old in WRITTEN.items() if name in sent}
    items = sent.get("enum")
    if isinstance(items, list | Mapping):
        given = items.values() if isinstance(items, Mapping) else items
        made["LIST"] = [{ITEM[k]: v for k, v in one.items() if k in ITEM} for one in given if isinstance(one, Mapping)]
    return made


def print_config(row: Record, language: str | None = "") -> Record:
    """Return a field's settings: with labels in all languages that it has, in one language, or (None) without labels."""
    old = print_field(row)
    made: Record = {camel(name): old[name] for name in (*LISTED, "SETTINGS")}
    if language is not None:
        known = sorted({one for label in LABELS for one, text in (row[label] or {}).items() if text})
        asked = [language] if language else known
        made["languageId"] = {one: one for one in asked}
        made |= {camel(label): _print_label(row[label] or {}, asked, is_one=bool(language)) for label in LABELS}
    return made


def _print_label(label: Mapping[str, str], languages: list[str], is_one: bool) -> Record | None:
    made = {one: label.get(one) or None for one in languages}
    return None if is_one and not any(made.values()) else made


def _print_whole(row: Record) -> Answer:
    made = print_config(row)
    if row["USER_TYPE_ID"] == "enumeration":
        made["enum"] = [
            {"id": str(one["ID"]), "userFieldId": str(row["ID"]), "value": one["VALUE"], "def": one["DEF"], "sort": str(one["SORT"])}
            | {"xmlId": one["XML_ID"]}
            for one in row["LIST"] or ()
        ]
    return Answer({"field": made})


def config_add(call: Call) -> Answer:
    """userfieldconfig.add: the name must be whole, with UF_CRM_"""
    _check_module(call)
    sent, entity_id = call.params["field"], str(call.params["field"].get("entityId") or "")
    made = read_sent(sent)
    if made.get("FIELD_NAME") and not str(made["FIELD_NAME"]).upper().startswith("UF_CRM_"):
        raise _refuse("Вы не можете создавать пользовательские поля")
    if entity_id not in BY_USER_FIELDS:
        raise _refuse("Вы не можете создавать пользовательские поля")
    try:
        key = add_field(entity_id, made, call)
    except RestError as error:
        raise _refuse(error.description) from error
    return _print_whole(call.portal.store.get(SECTION, key) or {})


def config_update(call: Call) -> Answer:
    """userfieldconfig.update"""
    row = _get(call, NO_CHANGE)
    try:
        change_field(row, read_sent(call.params["field"]), call)
    except RestError as error:
        raise _refuse(error.description) from error
    return _print_whole(call.portal.store.get(SECTION, row["ID"]) or {})


def config_delete(call: Call) -> Answer:
    """userfieldconfig.delete: the values go with it"""
    remove_field(_get(call, NO_DELETE), call)
    return Answer(None)


def config_get(call: Call) -> Answer:
    """userfieldconfig.get"""
    return _print_whole(_get(call, NO_VIEW))


def config_list(call: Call) -> Answer:
    """userfieldconfig.list: of all CRM objects; labels only for the asked language"""
    _check_module(call)
    asked, store = call.params, call.portal.store
    try:
        where = Filter(SECTION, NAMES).compile(asked["filter"])
    except WrongValue as error:
        raise _refuse(f"Wrong value of {error} in filter.") from error
    entity_ids = tuple(BY_USER_FIELDS)
    where &= Where(f'"ENTITY_ID" IN ({", ".join("?" for _ in entity_ids)})', entity_ids)
    start, order = read_start(asked["start"]), compile_order(NAMES, asked["order"], is_strict=False)
    rows = store.find(SECTION, where=where, order=order, limit=PAGE, offset=max(start, 0))
    total = store.count(SECTION, where=where) if start >= 0 else 0
    return print_page({"fields": [_print_chosen(row, asked["select"]) for row in rows]}, start, len(rows), total)


def _print_chosen(row: Record, select: Mapping[str, Any]) -> Record:
    names = {str(value) for key, value in select.items() if key != "language"}
    language = str(select.get("language") or "") or None
    made = print_config(row, language)
    has_all = not names or "*" in names
    labels = {camel(label) for label in LABELS} | {"languageId"}
    return {name: value for name, value in made.items() if has_all or name in names or name == "id" or name in labels}


def config_types(call: Call) -> Answer:
    """userfieldconfig.getTypes"""
    _check_module(call)
    return Answer({"types": {one.id: {"userTypeId": one.id, "description": one.description} for one in TYPES}})


METHODS = (
    Method("userfieldconfig.add", config_add, AddParams, "userfieldconfig", admin=True, admin_refusal=(400, "", "Access denied")),
    Method("userfieldconfig.update", config_update, UpdateParams, "userfieldconfig", admin=True, admin_refusal=(400, "", NO_CHANGE)),
    Method("userfieldconfig.delete", config_delete, IdParams, "userfieldconfig", admin=True, admin_refusal=(400, "", NO_DELETE)),
    Method("userfieldconfig.get", config_get, IdParams, "userfieldconfig"),
    Method("userfieldconfig.list", config_list, ListParams, "userfieldconfig"),
    Method("userfieldconfig.getTypes", config_types, ModuleParams, "userfieldconfig"),
)
