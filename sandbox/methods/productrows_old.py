"""crm.deal.productrows.* and crm.lead.productrows.*: the old family over the rows of crm.item.productrow.*.

Source: api-reference/crm/deals/crm-deal-productrows-*.md and its twin for leads. Ids are text, prices numbers, PRICE_ACCOUNT text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from marshmallow import fields

from sandbox.access import check_visible
from sandbox.entities import BY_SECTION, Entity
from sandbox.methods.crm_productrow import FIELDS, SECTION, print_row, replace_rows
from sandbox.params import Params
from sandbox.rest import Answer, Call, Method, Record, RestError

NAMES = {field.name: name for name, field in FIELDS.items()}
ABSOLUTE, PERCENT = "1", "2"
# Reservation is switched off in this portal.
RESERVE = ("RESERVE_ID", "DATE_RESERVE_END", "RESERVE_QUANTITY")


class RowsParams(Params):
    """An owner and, to set them, its rows."""

    id = fields.Raw(load_default=None)
    rows = fields.Raw(load_default=list)


def _owner(entity: Entity, call: Call) -> Record:
    key = str(call.params["id"] or "")
    if not key.isdigit() or not int(key):
        raise RestError(400, "", "The parameter id is invalid or not defined.")
    record = call.portal.store.get(entity.section, int(key)) if int(key) < 2**63 else None
    if record is None:
        raise RestError(400, "", "Not found")
    try:
        check_visible(call.portal.store, call.caller, record)
    except RestError as error:
        raise RestError(400, "", "Access denied") from error
    return record


def rows_get(entity: Entity, call: Call) -> Answer:
    """crm.X.productrows.get"""
    owner = {"OWNER_TYPE": entity.short, "OWNER_ID": _owner(entity, call)["ID"]}
    rows = call.portal.store.find(SECTION, owner, order='"SORT", "ID"')
    products = {one["ID"]: one for one in call.portal.store.find("products", {"ID": [row["PRODUCT_ID"] for row in rows]})}
    return Answer([_printed(row, products.get(row["PRODUCT_ID"])) for row in rows])


def _printed(row: Record, product: Record | None) -> Record:
    made = {FIELDS[name].name: value for name, value in print_row(row).items()}
    made |= {"ID": str(row["ID"]), "OWNER_ID": str(row["OWNER_ID"]), "PRICE_ACCOUNT": f"{row['PRICE_ACCOUNT'] or 0:.2f}"}
    made |= {"ORIGINAL_PRODUCT_NAME": product["NAME"] if product else row["PRODUCT_NAME"]}
    return made | {"PRODUCT_DESCRIPTION": (product or {}).get("DESCRIPTION")} | dict.fromkeys(RESERVE)


def rows_set(entity: Entity, call: Call) -> Answer:
    """crm.X.productrows.set: the given rows replace all"""
    owner, sent = _owner(entity, call), call.params["rows"]
    rows = list(sent.values()) if isinstance(sent, Mapping) else sent
    if not isinstance(rows, list):
        raise RestError(400, "", "The parameter rows must be array.")
    for row in rows:
        _check_discount(row)
    try:
        replace_rows(call, entity, owner["ID"], [_translated(row) for row in rows])
    except RestError as error:
        raise RestError(400, "ERROR_CORE", error.description) from error
    return Answer(True)


def _translated(row: Any) -> Any:
    return {NAMES.get(str(name).upper(), ""): value for name, value in row.items()} if isinstance(row, Mapping) else row


def _check_discount(row: Any) -> None:
    """Raise in the vendor's words when a kind of discount comes without its size."""
    if not isinstance(row, Mapping):
        return
    kind, rate, total = str(row.get("DISCOUNT_TYPE_ID") or ""), row.get("DISCOUNT_RATE"), row.get("DISCOUNT_SUM")
    percent = "if Percentage Discount Type (DISCOUNT_TYPE_ID) is defined"
    if kind == PERCENT and rate is None:
        raise RestError(400, "ERROR_CORE", f"Discount Rate (DISCOUNT_RATE) is required {percent}<br>")
    if kind == PERCENT and str(rate) in ("100", "100.0") and total is None:
        raise RestError(
            400, "ERROR_CORE", f"Discount Sum (DISCOUNT_SUM) is required {percent} and Discount Rate (DISCOUNT_RATE) is 100%<br>"
        )
    if kind == ABSOLUTE and total is None:
        text = "Discount Sum (DISCOUNT_SUM) is required if Monetary Discount Type (DISCOUNT_TYPE_ID) is defined<br>"
        raise RestError(400, "ERROR_CORE", text)


FAMILY: tuple[tuple[str, Callable[[Entity, Call], Answer]], ...] = (("get", rows_get), ("set", rows_set))
METHODS = tuple(
    Method(f"crm.{entity.name.lower()}.productrows.{verb}", partial(function, entity), RowsParams, "crm")
    for entity in (BY_SECTION["deals"], BY_SECTION["leads"])
    for verb, function in FAMILY
)
