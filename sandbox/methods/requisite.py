"""crm.requisite.*, crm.requisite.bankdetail.*, crm.requisite.link.*: requisites, their accounts, and which of them an object names.

Source: api-reference/crm/requisites/. Old family: numbers in strings, the code of an error is empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import fields

from sandbox.entities import BY_TYPE
from sandbox.envelope import PAGE, print_page, read_start
from sandbox.filters import Filter, WrongValue, compile_order
from sandbox.params import Items, Map, Params
from sandbox.presenters import old_printer
from sandbox.requisites import BANK_DETAILS, COMPANY, CONTACT, LINKS, REQUISITES, RUSSIA, fields_of
from sandbox.rest import Answer, Call, Method, Record, RestError
from sandbox.store import Section


class ListParams(Params):
    """A page."""

    select = Items(load_default=list)
    filter = fields.Raw(load_default=None)
    order = fields.Raw(load_default=None)
    start = fields.Raw(load_default=0)


class IdParams(Params):
    """One of them."""

    id = fields.Integer(required=True)


class FieldsParams(Params):
    """A new one."""

    fields_ = Map(required=True, data_key="fields")


class OwnerParams(Params):
    """The object whose link is asked for."""

    entityTypeId = fields.Integer(load_default=0)  # noqa: N815 - the vendor's name
    entityId = fields.Integer(load_default=0)  # noqa: N815


@dataclass(frozen=True)
class Shelf:
    """One of the tables as its methods see it. What is `hidden` is the portal's own."""

    section: Section
    hidden: tuple[str, ...] = ()

    def print(self, row: Mapping[str, Any]) -> Record:
        """Return a record as the portal answers it."""
        shown = {name: field for name, field in fields_of(self.section).items() if name not in self.hidden}
        return {name: old_printer(field.kind)(row[name]) for name, field in shown.items()}

    def list(self, call: Call) -> Answer:
        """A page, filtered and ordered; without `select` with all fields."""
        names, start, store = fields_of(self.section), read_start(call.params["start"]), call.portal.store
        try:
            where = Filter(self.section.name, names).compile(call.params["filter"])
        except WrongValue as error:
            raise RestError(400, "", f"Wrong value of {error} in filter.") from error
        order = compile_order(names, call.params["order"], is_strict=False)
        rows = store.find(self.section.name, where=where, order=order, limit=PAGE, offset=max(start, 0))
        chosen = set(map(str, call.params["select"])) - {"*"}
        made = [{name: value for name, value in self.print(row).items() if not chosen or name in chosen} for row in rows]
        return print_page(made, start, len(rows), store.count(self.section.name, where=where) if start >= 0 else 0)

    def get(self, call: Call) -> Answer:
        """One record by its number."""
        row = call.portal.store.get(self.section.name, call.params["id"])
        if row is None:
            raise RestError(400, "", "Not found")
        return Answer(self.print(row))

    def add(self, call: Call, **more: Any) -> Answer:
        """Keep a new record with the fields that the table has."""
        sent = {str(name).upper(): value for name, value in call.params["fields_"].items()}
        texts = {name for name, field in fields_of(self.section).items() if field.kind == "string"}
        known = {name: str(value) for name, value in sent.items() if name in texts and isinstance(value, str | int | float)}
        now = call.portal.clock.stamp()
        stamp = {"DATE_CREATE": now, "CREATED_BY_ID": call.caller.user_id, "ACTIVE": "Y", "SORT": 500}
        return Answer(call.portal.store.insert(self.section.name, {**stamp, **known, **more}))


SHELF, ACCOUNTS, TIES = Shelf(REQUISITES), Shelf(BANK_DETAILS), Shelf(LINKS, hidden=("ID",))
TIED = ("REQUISITE_ID", "BANK_DETAIL_ID", "MC_REQUISITE_ID", "MC_BANK_DETAIL_ID")


def requisite_add(call: Call) -> Answer:
    """crm.requisite.add: to a contact or a company that is there"""
    sent = call.params["fields_"]
    type_id, owner_id = _number(sent, "ENTITY_TYPE_ID", (CONTACT, COMPANY)), _number(sent, "ENTITY_ID")
    preset = _number(sent, "PRESET_ID")
    if call.portal.store.get(BY_TYPE[type_id].section, owner_id) is None:
        raise RestError(400, "", "Entity not found.")
    return SHELF.add(call, ENTITY_TYPE_ID=type_id, ENTITY_ID=owner_id, PRESET_ID=preset)


def bank_detail_add(call: Call) -> Answer:
    """crm.requisite.bankdetail.add: an account of a requisite"""
    requisite = _number(call.params["fields_"], "ENTITY_ID")
    if call.portal.store.get("requisites", requisite) is None:
        raise RestError(400, "", "ENTITY_ID is not defined or invalid.")
    return ACCOUNTS.add(call, ENTITY_ID=requisite, COUNTRY_ID=RUSSIA)


def link_register(call: Call) -> Answer:
    """crm.requisite.link.register: which requisites and accounts an object names; 0 is none, the last word counts"""
    sent, store = call.params["fields_"], call.portal.store
    owner = {"ENTITY_TYPE_ID": _number(sent, "ENTITY_TYPE_ID"), "ENTITY_ID": _number(sent, "ENTITY_ID")}
    tied = {name: _number(sent, name, at_least=0) for name in TIED}
    for name, table in zip(TIED, ("requisites", "bank_details") * 2, strict=True):
        if tied[name] and store.get(table, tied[name]) is None:
            kind = "Requisite" if table == "requisites" else "BankDetail"
            whose = " of your company" if name.startswith("MC_") else ""
            raise RestError(400, "", f"The {kind}{whose} with ID '{tied[name]}' is not found")
    store.delete_where("requisite_links", owner)
    store.insert("requisite_links", {**owner, **tied})
    return Answer(True)


def link_get(call: Call) -> Answer:
    """crm.requisite.link.get: of one object"""
    owner = {"ENTITY_TYPE_ID": call.params["entityTypeId"], "ENTITY_ID": call.params["entityId"]}
    found = call.portal.store.find("requisite_links", owner, limit=1)
    if not found:
        raise RestError(400, "", "Not found")
    return Answer(TIES.print(found[0]))


def _number(sent: Mapping[str, Any], name: str, allowed: tuple[int, ...] = (), at_least: int = 1) -> int:
    """Return a number of the fields; refuse what is none in the vendor's words."""
    text = str(sent.get(name, ""))
    if not text.isdigit() or len(text) > 18 or int(text) < at_least or (allowed and int(text) not in allowed):
        raise RestError(400, "", f"{name} is not defined or invalid.")
    return int(text)


METHODS = (
    Method("crm.requisite.list", SHELF.list, ListParams, "crm"),
    Method("crm.requisite.get", SHELF.get, IdParams, "crm"),
    Method("crm.requisite.add", requisite_add, FieldsParams, "crm"),
    Method("crm.requisite.bankdetail.list", ACCOUNTS.list, ListParams, "crm"),
    Method("crm.requisite.bankdetail.get", ACCOUNTS.get, IdParams, "crm"),
    Method("crm.requisite.bankdetail.add", bank_detail_add, FieldsParams, "crm"),
    Method("crm.requisite.link.list", TIES.list, ListParams, "crm"),
    Method("crm.requisite.link.get", link_get, OwnerParams, "crm"),
    Method("crm.requisite.link.register", link_register, FieldsParams, "crm"),
)
