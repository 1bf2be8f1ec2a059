"""catalog.catalog.list, catalog.product.*, catalog.section.list, catalog.price.list, and the old crm.product.*: what is sold.

Sources: api-reference/catalog/{catalog,product,section,price}/, crm/outdated/{products,product-section}/.
One catalogue, one price of a product (assumption 29).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from marshmallow import fields

from sandbox.entities import Field
from sandbox.envelope import PAGE, print_page, read_start
from sandbox.filters import Filter, WrongValue, compile_order
from sandbox.params import Items, Map, Params
from sandbox.presenters import old_printer
from sandbox.rest import Answer, Call, Method, Record, RestError
from sandbox.store import Where

SECTION = "products"
CATALOG = 25
CATALOGS: tuple[Record, ...] = (
    {
        "iblockId": CATALOG, "iblockTypeId": 0, "id": CATALOG, "lid": "s1", "name": "Товарный каталог CRM", "productIblockId": None,
        "skuPropertyId": None, "subscription": "N", "vatId": 1,
    },
)  # fmt: skip
# catalog_product's name -> column that keeps it.
KEPT = {
    "id": Field("ID", "integer"), "name": Field("NAME", "string"), "code": Field("CODE", "string"), "xmlId": Field("XML_ID", "string"),
    "active": Field("ACTIVE", "char"), "sort": Field("SORT", "integer"), "iblockSectionId": Field("SECTION_ID", "integer"),
    "measure": Field("MEASURE", "integer"), "type": Field("TYPE", "integer"), "detailText": Field("DESCRIPTION", "string"),
    "dateCreate": Field("DATE_CREATE", "datetime"), "timestampX": Field("TIMESTAMP_X", "datetime"),
}  # fmt: skip
# What every product of this portal answers: no stores, no barcodes, no pictures.
SAME: Record = {
    "iblockId": CATALOG, "available": "Y", "barcodeMulti": "N", "bundle": "N", "canBuyZero": "Y", "createdBy": 1, "modifiedBy": 1,
    "dateActiveFrom": None, "dateActiveTo": None, "detailPicture": None, "detailTextType": "text", "height": None, "length": None,
    "previewPicture": None, "previewText": None, "previewTextType": "text", "purchasingCurrency": None, "purchasingPrice": None,
    "quantity": None, "quantityReserved": None, "quantityTrace": "N", "recurSchemeLength": None, "recurSchemeType": "S",
    "subscribe": "Y", "trialPriceId": None, "vatId": None, "vatIncluded": "N", "weight": None, "width": None, "withoutOrder": "N",
}  # fmt: skip
PRICE = {
    "id": Field("ID", "integer"), "productId": Field("ID", "integer"), "price": Field("PRICE", "double"),
    "currency": Field("CURRENCY_ID", "string"), "timestampX": Field("TIMESTAMP_X", "datetime"),
}  # fmt: skip
OLD = {
    name: Field(name, kind)
    for name, kind in {
        "ID": "integer", "NAME": "string", "CODE": "string", "ACTIVE": "char", "SORT": "integer", "PRICE": "double",
        "CURRENCY_ID": "string", "SECTION_ID": "integer", "MEASURE": "integer", "DESCRIPTION": "string", "XML_ID": "string",
        "DATE_CREATE": "datetime", "TIMESTAMP_X": "datetime",
    }.items()
}  # fmt: skip


SECTIONS = "product_sections"
NO_SECTIONS = (400, "200040300030", "Access Denied")
# catalog_section's name -> column that keeps it.
KEPT_SECTION = {
    "id": Field("ID", "integer"), "name": Field("NAME", "string"), "code": Field("CODE", "string"), "xmlId": Field("XML_ID", "string"),
    "sort": Field("SORT", "integer"), "iblockSectionId": Field("SECTION_ID", "integer"), "active": Field("ACTIVE", "char"),
}  # fmt: skip
SAME_SECTION: Record = {"iblockId": CATALOG, "description": None, "descriptionType": "text"}
OLD_SECTION = {
    name: Field(name, kind) for name, kind in {"ID": "integer", "NAME": "string", "SECTION_ID": "integer", "XML_ID": "string"}.items()
}


class ListParams(Params):
    """A page of a list."""

    select = Items(load_default=list)
    filter = Map(load_default=dict)
    order = Map(load_default=dict)
    start = fields.Raw(load_default=0)


class IdParams(Params):
    """One product."""

    id = fields.Integer(required=True)


class OldIdParams(Params):
    """One product, as the old family asks for it."""

    id = fields.Raw(load_default=None)


def _zero(text: str) -> RestError:
    return RestError(400, 0, text)


def _rows(call: Call, known: Mapping[str, Field], extra: Where | None = None, kept: str = SECTION) -> tuple[list[Record], int]:
    """Return a page of products, or of what else is kept, and how many there are. Raises RestError."""
    asked, store = call.params, call.portal.store
    try:
        where = Filter(kept, known).compile(asked["filter"]) & (extra or Where())
    except WrongValue as error:
        raise _zero(f"Wrong value of {error} in filter.") from error
    start = read_start(asked["start"])
    order = compile_order(known, asked["order"], is_strict=False)
    rows = store.find(kept, where=where, order=order, limit=PAGE, offset=max(start, 0))
    return rows, store.count(kept, where=where) if start >= 0 else 0


def print_product(row: Mapping[str, Any]) -> Record:
    """Return a product of the catalogue, every field of it."""
    return SAME | {name: row[field.name] for name, field in KEPT.items()} | {"type": row["TYPE"] or 1, "active": row["ACTIVE"] or "Y"}


def product_list(call: Call) -> Answer:
    """catalog.product.list: id and iblockId must be selected, iblockId must be filtered"""
    select = [str(name) for name in call.params["select"]]
    missing = [name for name in ("id", "iblockId") if name not in select and "*" not in select]
    if missing:
        raise _zero(f"Required select fields: {', '.join(missing)}")
    rows, total = _rows(call, KEPT, _of_catalog(call.params["filter"]))
    shown = [{name: value for name, value in print_product(row).items() if name in select or "*" in select} for row in rows]
    return print_page({"products": shown}, read_start(call.params["start"]), len(rows), total)


def _of_catalog(asked: Mapping[str, Any]) -> Where:
    """Return nothing for another catalogue than ours. Raises RestError when the filter names none."""
    given = next((asked[key] for key in ("iblockId", "=iblockId", "@iblockId") if key in asked), None)
    if given is None:
        raise _zero("Required filter fields: iblockId")
    wanted = [str(one) for one in (given if isinstance(given, list) else [given])]
    return Where() if str(CATALOG) in wanted else Where("1 = 0")


def section_list(call: Call) -> Answer:
    """catalog.section.list: iblockId must be filtered, nothing selected is everything"""
    select = [str(name) for name in call.params["select"]]
    rows, total = _rows(call, KEPT_SECTION, _of_catalog(call.params["filter"]), SECTIONS)
    full = [SAME_SECTION | {name: row[field.name] for name, field in KEPT_SECTION.items()} for row in rows]
    shown = [{name: value for name, value in one.items() if not select or "*" in select or name in select} for one in full]
    return print_page({"sections": shown}, read_start(call.params["start"]), len(rows), total)


def old_section_list(call: Call) -> Answer:
    """crm.productsection.list: without a catalogue in the filter those of the default one"""
    asked = {key: value for key, value in call.params["filter"].items() if str(key).upper() != "CATALOG_ID"}
    rows, total = _rows(replace(call, params={**call.params, "filter": asked}), OLD_SECTION, None, SECTIONS)
    names = [str(name).upper() for name in call.params["select"]]
    printed = [
        {"CATALOG_ID": str(CATALOG), **{name: old_printer(field.kind)(row[name]) for name, field in OLD_SECTION.items()}} for row in rows
    ]
    shown = [{name: value for name, value in one.items() if not names or "*" in names or name in ("ID", *names)} for one in printed]
    return print_page(shown, read_start(call.params["start"]), len(rows), total)


def product_get(call: Call) -> Answer:
    """catalog.product.get"""
    row = call.portal.store.get(SECTION, call.params["id"])
    if row is None:
        raise _zero("product does not exist")
    return Answer({"product": print_product(row)})


def catalog_list(call: Call) -> Answer:
    """catalog.catalog.list: there is one"""
    select = [str(name) for name in call.params["select"]]
    shown = [{name: value for name, value in one.items() if not select or name in select} for one in CATALOGS]
    return Answer({"catalogs": shown}, total=len(shown))


def price_list(call: Call) -> Answer:
    """catalog.price.list: a product's price has the product's number"""
    select = [str(name) for name in call.params["select"]]
    rows, total = _rows(call, PRICE, Where('"PRICE" IS NOT NULL'))
    shown = [_print_price(row, call.portal.base_currency()) for row in rows]
    chosen = [{name: value for name, value in one.items() if not select or name in select} for one in shown]
    return print_page({"prices": chosen}, read_start(call.params["start"]), len(rows), total)


def _print_price(row: Mapping[str, Any], currency: str) -> Record:
    made: Record = {
        "catalogGroupId": 1,
        "currency": row["CURRENCY_ID"] or currency,
        "extraId": None,
        "id": row["ID"],
        "price": row["PRICE"],
    }
    made |= {"priceScale": row["PRICE"], "productId": row["ID"], "quantityFrom": None, "quantityTo": None}
    return made | {"timestampX": row["TIMESTAMP_X"]}


def _print_old(row: Mapping[str, Any], names: list[str]) -> Record:
    return {name: old_printer(field.kind)(row[name]) for name, field in OLD.items() if not names or "*" in names or name in names}


def old_list(call: Call) -> Answer:
    """crm.product.list"""
    rows, total = _rows(call, OLD)
    names = [str(name).upper() for name in call.params["select"]]
    return print_page([_print_old(row, names and ["ID", *names]) for row in rows], read_start(call.params["start"]), len(rows), total)


def old_get(call: Call) -> Answer:
    """crm.product.get"""
    key = str(call.params["id"] or "")
    if not key.isdigit() or not int(key):
        raise RestError(400, "", "ID is not defined or invalid.")
    row = call.portal.store.get(SECTION, int(key)) if int(key) < 2**63 else None
    if row is None:
        raise RestError(400, "", "Product is not found")
    return Answer(_print_old(row, []))


METHODS = (
    Method("catalog.catalog.list", catalog_list, ListParams, "catalog"),
    Method("catalog.product.list", product_list, ListParams, "catalog"),
    Method("catalog.product.get", product_get, IdParams, "catalog"),
    Method("catalog.section.list", section_list, ListParams, "catalog", admin=True, admin_refusal=NO_SECTIONS),
    Method("catalog.price.list", price_list, ListParams, "catalog"),
    Method("crm.product.list", old_list, ListParams, "crm"),
    Method("crm.productsection.list", old_section_list, ListParams, "crm"),
    Method("crm.product.get", old_get, OldIdParams, "crm"),
)
