"""The old families crm.lead.*, crm.deal.*, crm.contact.*, crm.company.*: one description, four of each method.

Sources: api-reference/crm/{leads,deals,contacts,companies}/. Errors have an empty code and the reason in the text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from marshmallow import fields

from sandbox.access import check_visible
from sandbox.entities import ENTITIES, Entity, Field
from sandbox.envelope import print_page, read_start
from sandbox.filters import Filter, WrongValue, compile_order
from sandbox.listing import Page, read_page
from sandbox.methods.crm_item import describe
from sandbox.params import Items, Params
from sandbox.presenters import OldPresenter
from sandbox.rest import Answer, Call, Method, Record, RestError

# LIKE finds nothing in these kinds [crm-deal-list]; phones and addresses are compared whole.
LIKE_REFUSED = ("crm_status", "crm_contact", "crm_company", "crm_multifield")
LABELS = {"listLabel": "LIST_COLUMN_LABEL", "formLabel": "EDIT_FORM_LABEL", "filterLabel": "LIST_FILTER_LABEL"}


class IdParams(Params):
    """One record."""

    id = fields.Raw(load_default=None)


class FieldsParams(IdParams):
    """A new record or changes of one."""

    fields_ = fields.Raw(load_default=None, data_key="fields")


class ListParams(Params):
    """A page of records."""

    select = Items(load_default=list)
    filter = fields.Raw(load_default=None)
    order = fields.Raw(load_default=None)
    start = fields.Raw(load_default=0)


def _refuse(text: str) -> RestError:
    return RestError(400, "", text)


def _get_record(entity: Entity, call: Call) -> Record:
    try:
        key = int(call.params["id"])
    except (TypeError, ValueError):
        key = 0
    if key <= 0:
        raise _refuse("ID is not defined or invalid.")
    record = call.portal.store.get(entity.section, key) if key < 2**63 else None
    if record is None:
        raise _refuse("Not found")
    try:
        check_visible(call.portal.store, call.caller, record)
    except RestError as error:
        raise _refuse("Access denied") from error
    return record


def _sent_fields(call: Call) -> Mapping[str, Any]:
    sent = call.params["fields_"]
    if sent in ([], ""):
        return {}
    if not isinstance(sent, Mapping):
        raise _refuse("Parameter 'fields' must be array.")
    return sent


def _old_fields(entity: Entity, call: Call) -> dict[str, Field]:
    return {name: field for name, field in call.portal.fields.of(entity.section).by_name.items() if not field.has("u")}


def entity_add(entity: Entity, call: Call) -> Answer:
    """crm.X.add"""
    known = _old_fields(entity, call)
    sent = {name: value for name, value in _sent_fields(call).items() if name in known}
    try:
        return Answer(call.portal.records.add(entity.section, sent, call.caller))
    except RestError as error:
        raise _refuse(error.description) from error


def entity_update(entity: Entity, call: Call) -> Answer:
    """crm.X.update: immutable fields (a deal's CATEGORY_ID) are passed over (assumption 18)."""
    record, known = _get_record(entity, call), _old_fields(entity, call)
    sent = {name: value for name, value in _sent_fields(call).items() if name in known and not known[name].has("i")}
    try:
        call.portal.records.update(entity.section, record["ID"], sent, call.caller)
    except RestError as error:
        raise _refuse(error.description) from error
    return Answer(True)


def entity_get(entity: Entity, call: Call) -> Answer:
    """crm.X.get"""
    record = _get_record(entity, call)
    return Answer(OldPresenter(_old_fields(entity, call).values()).print(record))


def entity_delete(entity: Entity, call: Call) -> Answer:
    """crm.X.delete"""
    call.portal.records.delete(entity.section, _get_record(entity, call)["ID"], call.caller)
    return Answer(True)


def entity_list(entity: Entity, call: Call) -> Answer:
    """crm.X.list"""
    known, asked = _old_fields(entity, call), call.params
    listed = {name: field for name, field in known.items() if field.stored or field.kind == "crm_multifield"}
    try:
        where = Filter(entity.section, listed, like_refused=LIKE_REFUSED).compile(asked["filter"])
    except WrongValue as error:
        raise _refuse(f"Wrong value of {error} in filter.") from error
    chosen = select_fields(listed, asked["select"])
    has_multi = any(field.kind == "crm_multifield" for field in chosen)
    start = read_start(asked["start"])
    page = Page(entity.section, where, compile_order(listed, asked["order"], is_strict=False), start, has_multi)
    records, total = read_page(call, page)
    presenter = OldPresenter(chosen)
    return print_page([presenter.print(record) for record in records], start, len(records), total)


def select_fields(listed: Mapping[str, Field], select: list[Any]) -> list[Field]:
    """Return the chosen fields. "*" is all but user fields and multi-fields, "UF_*" the user fields; nothing is both."""
    asked = [str(name) for name in select] or ["*", "UF_*"]
    plain = [name for name, field in listed.items() if field.stored and not field.dynamic and "*" in asked]
    own = [name for name, field in listed.items() if field.dynamic and "UF_*" in asked]
    named = [name for name in asked if name in listed]
    return [listed[name] for name in dict.fromkeys([*plain, *own, *named, "ID"])]


def entity_fields(entity: Entity, call: Call) -> Answer:
    """crm.X.fields"""
    known = call.portal.fields.of(entity.section)
    language = call.portal.language
    made = {}
    for name, field in _old_fields(entity, call).items():
        made[name] = describe(known, field)
        if definition := known.definitions.get(name):
            made[name] |= {label: (definition[column] or {}).get(language, "") for label, column in LABELS.items()}
    return Answer(made)


FAMILY: tuple[tuple[str, Callable[[Entity, Call], Answer], type[Params] | None], ...] = (
    ("add", entity_add, FieldsParams),
    ("update", entity_update, FieldsParams),
    ("get", entity_get, IdParams),
    ("list", entity_list, ListParams),
    ("delete", entity_delete, IdParams),
    ("fields", entity_fields, None),
)
METHODS = tuple(
    Method(f"crm.{entity.name.lower()}.{verb}", partial(function, entity), schema, "crm")
    for entity in ENTITIES
    for verb, function, schema in FAMILY
)
