"""crm.item.productrow.*: what is sold in a deal or asked for in a lead.

Source: api-reference/crm/universal/product-rows/. Assumption 14: rows set the owner's sum while it is not manual.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from marshmallow import fields

from sandbox.access import check_visible
from sandbox.entities import BY_SHORT, Entity, Field, camel
from sandbox.envelope import PAGE, print_page, read_start
from sandbox.filters import Filter, UnknownField, WrongDirection, WrongValue, compile_order
from sandbox.params import Items, Map, Params
from sandbox.rest import Answer, Call, Method, Record, RestError
from sandbox.values import READERS

SECTION = "product_rows"
KINDS = {
    "ID": "integer r", "OWNER_ID": "integer i!", "OWNER_TYPE": "string i!", "PRODUCT_ID": "integer", "PRODUCT_NAME": "string",
    "PRICE": "double", "PRICE_ACCOUNT": "double r", "PRICE_EXCLUSIVE": "double r", "PRICE_NETTO": "double r", "PRICE_BRUTTO": "double r",
    "QUANTITY": "double", "DISCOUNT_TYPE_ID": "integer", "DISCOUNT_RATE": "double", "DISCOUNT_SUM": "double", "TAX_RATE": "double",
    "TAX_INCLUDED": "char", "CUSTOMIZED": "char r", "MEASURE_CODE": "integer", "MEASURE_NAME": "string r", "SORT": "integer",
    "XML_ID": "string r", "TYPE": "integer r", "STORE_ID": "integer r",
}  # fmt: skip
FIELDS = {
    camel(name): Field(name, kind.split()[0], flags=kind.partition(" ")[2], status_type="", title=camel(name))
    for name, kind in KINDS.items()
}
DEFAULTS: Record = {
    "PRODUCT_ID": 0, "QUANTITY": 1.0, "PRICE": 0.0, "DISCOUNT_TYPE_ID": 2, "DISCOUNT_RATE": 0.0, "DISCOUNT_SUM": 0.0, "TAX_INCLUDED": "N",
    "CUSTOMIZED": "Y", "MEASURE_CODE": 796, "MEASURE_NAME": "шт", "SORT": 10, "TYPE": 4,
}  # fmt: skip
ABSOLUTE_DISCOUNT = 1


class IdParams(Params):
    """One row."""

    id = fields.Integer(required=True)


class AddParams(Params):
    """A new row."""

    fields_ = Map(required=True, data_key="fields")


class UpdateParams(IdParams):
    """Changes of a row."""

    fields_ = Map(required=True, data_key="fields")


class SetParams(Params):
    """All rows of an owner."""

    ownerType = fields.String(required=True)  # noqa: N815 - the vendor's name
    ownerId = fields.Integer(required=True)  # noqa: N815
    productRows = Items(required=True)  # noqa: N815


class ListParams(Params):
    """A page of rows."""

    filter = Map(load_default=dict)
    order = Map(load_default=dict)
    start = fields.Raw(load_default=0)


def find_owner(call: Call, owner_type: str, owner_id: int) -> tuple[Entity, Record]:
    """Return whose rows these are. Raises RestError."""
    entity = BY_SHORT.get(owner_type)
    if entity is None or entity.short not in ("D", "L"):
        raise RestError(400, "ENTITY_TYPE_NOT_SUPPORTED", "Entity type is not supported")
    record = call.portal.store.get(entity.section, owner_id)
    if record is None:
        raise RestError(400, "OWNER_NOT_FOUND", "Owner was not found")
    check_visible(call.portal.store, call.caller, record)
    return entity, record


def _get_row(call: Call) -> Record:
    row = call.portal.store.get(SECTION, call.params["id"])
    if row is None:
        raise RestError(400, "NOT_FOUND", "Элемент не найден")
    find_owner(call, row["OWNER_TYPE"], row["OWNER_ID"])
    return row


def read_row(call: Call, sent: Any, before: Mapping[str, Any]) -> Record:
    """Return a whole row from what was sent over what was. Raises RestError."""
    if not isinstance(sent, Mapping):
        raise RestError(400, "INVALID_ARG_VALUE", "Product row must be an object")
    row: Record = {**DEFAULTS, **before}
    for name, value in sent.items():
        field = FIELDS.get(name)
        if field is None or field.has("r") or field.has("i"):
            continue
        try:
            row[field.name] = READERS.get(field.kind, str)(value) if value not in (None, "") else DEFAULTS.get(field.name)
        except (ValueError, TypeError) as error:
            raise RestError(400, "INVALID_ARG_VALUE", f"Invalid value of field '{name}'") from error
    product = call.portal.store.get("products", row["PRODUCT_ID"]) if row["PRODUCT_ID"] and "productName" not in sent else None
    if product is not None and row["PRODUCT_ID"] != before.get("PRODUCT_ID"):
        row["PRODUCT_NAME"] = product["NAME"]
        row["PRICE"] = row["PRICE"] if "price" in sent else product["PRICE"]
    return row | prices(row)


def prices(row: Mapping[str, Any]) -> Record:
    """Return the prices that follow from the final one: without tax, without discount, without both."""
    tax = 1 + (row.get("TAX_RATE") or 0) / 100
    exclusive = row["PRICE"] / tax
    if row["DISCOUNT_TYPE_ID"] == ABSOLUTE_DISCOUNT:
        netto = exclusive + (row["DISCOUNT_SUM"] or 0)
        rate = 0.0 if not netto else (row["DISCOUNT_SUM"] or 0) / netto * 100
    else:
        rate = row["DISCOUNT_RATE"] or 0
        netto = exclusive / (1 - rate / 100) if rate < 100 else exclusive
    return {
        "PRICE_ACCOUNT": round(row["PRICE"], 2), "PRICE_EXCLUSIVE": round(exclusive, 2), "PRICE_NETTO": round(netto, 2),
        "PRICE_BRUTTO": round(netto * tax, 2), "DISCOUNT_RATE": round(rate, 2), "DISCOUNT_SUM": round(netto - exclusive, 2),
    }  # fmt: skip


def print_row(row: Mapping[str, Any]) -> Record:
    """Return a row as it is answered."""
    made = {name: row.get(field.name) for name, field in FIELDS.items()}
    return {name: int(value) if isinstance(value, float) and value.is_integer() else value for name, value in made.items()}


def _recount(call: Call, entity: Entity, owner_id: int) -> None:
    """Set the owner's sum from its rows unless it is manual."""
    owner = call.portal.store.get(entity.section, owner_id)
    if owner is None or owner["IS_MANUAL_OPPORTUNITY"] == "Y":
        return
    rows = call.portal.store.find(SECTION, {"OWNER_TYPE": entity.short, "OWNER_ID": owner_id})
    changes = {"OPPORTUNITY": round(sum(row["PRICE"] * row["QUANTITY"] for row in rows), 2)}
    if entity.short == "D":
        changes["TAX_VALUE"] = round(sum((row["PRICE"] - row["PRICE_EXCLUSIVE"]) * row["QUANTITY"] for row in rows), 2)
    call.portal.records.update(entity.section, owner_id, changes, call.caller)


def row_set(call: Call) -> Answer:
    """crm.item.productrow.set: the given rows replace all"""
    asked = call.params
    entity, _ = find_owner(call, asked["ownerType"], asked["ownerId"])
    kept = replace_rows(call, entity, asked["ownerId"], asked["productRows"])
    return Answer({"productRows": [print_row(row) for row in kept]})


def replace_rows(call: Call, entity: Entity, owner_id: int, sent_rows: Iterable[Any]) -> list[Record]:
    """Replace an owner's rows, its sum with them; a row with a known id keeps what was not sent. Return all as they are kept."""
    store, owner = call.portal.store, {"OWNER_TYPE": entity.short, "OWNER_ID": owner_id}
    with store.write():
        before = {row["ID"]: row for row in store.find(SECTION, owner)}
        rows = []
        for sent in sent_rows:
            known = before.get(int(sent["id"])) if isinstance(sent, Mapping) and str(sent.get("id", "")).isdigit() else None
            rows.append({**read_row(call, sent, known or {}), **owner})
        store.delete_where(SECTION, owner)
        store.insert_many(SECTION, rows)
    _recount(call, entity, owner_id)
    return store.find(SECTION, owner, order='"SORT", "ID"')


def row_add(call: Call) -> Answer:
    """crm.item.productrow.add"""
    sent = call.params["fields_"]
    missing = next((name for name in ("ownerType", "ownerId") if not sent.get(name)), "")
    if missing:
        raise RestError(400, "100", f"Could not find value for parameter {{{missing}}}")
    owner_id = int(sent["ownerId"]) if str(sent["ownerId"]).isdigit() else 0
    entity, _ = find_owner(call, str(sent["ownerType"]), owner_id)
    row = read_row(call, sent, {}) | {"OWNER_TYPE": entity.short, "OWNER_ID": owner_id}
    key = call.portal.store.insert(SECTION, row)
    _recount(call, entity, owner_id)
    return Answer({"productRow": print_row(call.portal.store.get(SECTION, key) or {})})


def row_update(call: Call) -> Answer:
    """crm.item.productrow.update"""
    row = _get_row(call)
    call.portal.store.save(SECTION, row["ID"], read_row(call, call.params["fields_"], row))
    _recount(call, BY_SHORT[row["OWNER_TYPE"]], row["OWNER_ID"])
    return Answer({"productRow": print_row(call.portal.store.get(SECTION, row["ID"]) or {})})


def row_get(call: Call) -> Answer:
    """crm.item.productrow.get"""
    return Answer({"productRow": print_row(_get_row(call))})


def row_delete(call: Call) -> Answer:
    """crm.item.productrow.delete"""
    row = _get_row(call)
    call.portal.store.delete(SECTION, row["ID"])
    _recount(call, BY_SHORT[row["OWNER_TYPE"]], row["OWNER_ID"])
    return Answer(None)


def row_list(call: Call) -> Answer:
    """crm.item.productrow.list: `=ownerType` and `=ownerId` are both needed, with the sign"""
    asked, store = call.params["filter"], call.portal.store
    if not asked.get("=ownerType") or not asked.get("=ownerId"):
        raise RestError(400, "INVALID_ARG_VALUE", "Filter must contain =ownerType and =ownerId")
    _check_owners(call, str(asked["=ownerType"]), asked["=ownerId"])
    try:
        known = {**FIELDS, "ID": FIELDS["id"]}  # assumption 24
        where = Filter(SECTION, known, is_strict=True).compile(asked)
        order = compile_order(known, call.params["order"], is_strict=True)
    except (UnknownField, WrongValue, WrongDirection) as error:
        raise RestError(400, "INVALID_ARG_VALUE", f"Invalid argument '{error.args[0]}'") from error
    start = read_start(call.params["start"])
    total = store.count(SECTION, where=where) if start >= 0 else 0
    rows = store.find(SECTION, where=where, order=order, limit=PAGE, offset=max(start, 0))
    return print_page({"productRows": [print_row(row) for row in rows]}, start, len(rows), total)


def _check_owners(call: Call, owner_type: str, owner_ids: Any) -> None:
    entity = BY_SHORT.get(owner_type)
    if entity is None:
        raise RestError(400, "ENTITY_TYPE_NOT_SUPPORTED", "Entity type is not supported")
    if call.caller.admin:
        return
    ids = owner_ids if isinstance(owner_ids, list) else [owner_ids]
    for record in call.portal.store.find(entity.section, {"ID": [int(one) for one in ids if str(one).isdigit()]}):
        check_visible(call.portal.store, call.caller, record)


def row_fields(_call: Call) -> Answer:
    """crm.item.productrow.fields"""
    described = {
        name: {
            "type": field.kind,
            "isRequired": field.has("!"),
            "isReadOnly": field.has("r"),
            "isImmutable": field.has("i"),
            "isMultiple": False,
            "isDynamic": False,
            "title": name,
            "upperName": field.name,
        }
        for name, field in FIELDS.items()
    }
    return Answer({"fields": described})


METHODS = (
    Method("crm.item.productrow.set", row_set, SetParams, "crm"),
    Method("crm.item.productrow.add", row_add, AddParams, "crm"),
    Method("crm.item.productrow.update", row_update, UpdateParams, "crm"),
    Method("crm.item.productrow.get", row_get, IdParams, "crm"),
    Method("crm.item.productrow.delete", row_delete, IdParams, "crm"),
    Method("crm.item.productrow.list", row_list, ListParams, "crm"),
    Method("crm.item.productrow.fields", row_fields, None, "crm"),
)
