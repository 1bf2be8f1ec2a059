"""crm.stagehistory.list: how leads and deals moved through their stages.

Source: api-reference/crm/crm-stage-history-list.md. Names are UPPER_CASE, numbers are numbers, leads have STATUS_* names.
"""

from __future__ import annotations

from marshmallow import fields

from sandbox.access import visible
from sandbox.entities import BY_TYPE, Entity, Field
from sandbox.envelope import PAGE, print_page, read_start
from sandbox.filters import Filter, UnknownField, WrongDirection, WrongValue, compile_order
from sandbox.params import Items, Map, Params
from sandbox.rest import Answer, Call, Method, RestError
from sandbox.store import Where

COMMON = (("ID", "integer"), ("TYPE_ID", "integer"), ("OWNER_ID", "integer"), ("CREATED_TIME", "datetime"))
OWN = {
    "deals": (("CATEGORY_ID", Field("CATEGORY_ID", "integer")), ("STAGE_SEMANTIC_ID", Field("STAGE_SEMANTIC_ID", "string"))),
    "leads": (("STATUS_SEMANTIC_ID", Field("STAGE_SEMANTIC_ID", "string")),),
}


class ListParams(Params):
    """A page of the history."""

    entityTypeId = fields.Integer(load_default=0)  # noqa: N815 - the vendor's name
    select = Items(load_default=list)
    filter = fields.Raw(load_default=None)
    order = Map(load_default=dict)
    start = fields.Raw(load_default=0)


def _names(entity: Entity) -> dict[str, Field]:
    common = {name: Field(name, kind) for name, kind in COMMON}
    return {**common, **dict(OWN[entity.section]), entity.stage_field: Field("STAGE_ID", "string")}


def stagehistory_list(call: Call) -> Answer:
    """List the history of the objects that the caller sees."""
    entity = BY_TYPE.get(call.params["entityTypeId"])
    if entity is None or not entity.stage_field:
        raise RestError(400, "ENTITY_TYPE_NOT_SUPPORTED", f"Entity type `{call.params['entityTypeId']}` is not supported")
    names, start = _names(entity), read_start(call.params["start"])
    where, order = _asked(call, names)
    where &= Where('"ENTITY_TYPE_ID" = ?', (entity.type_id,)) & _seen(call, entity)
    store = call.portal.store
    rows = store.find("stage_history", where=where, order=order, limit=PAGE, offset=max(start, 0))
    chosen = set(map(str, call.params["select"])) - {"*"} or set(names)
    items = [{name: row[field.name] for name, field in names.items() if name in chosen} for row in rows]
    return print_page({"items": items}, start, len(rows), store.count("stage_history", where=where) if start >= 0 else 0)


def _asked(call: Call, names: dict[str, Field]) -> tuple[Where, str]:
    try:
        where = Filter("stage_history", names, is_strict=True).compile(call.params["filter"])
        return where, compile_order(names, call.params["order"], is_strict=True)
    except UnknownField as error:
        raise RestError(400, "INVALID_ARG_VALUE", f"Invalid filter: field '{error}' is not allowed in filter") from error
    except WrongValue as error:
        raise RestError(400, "INVALID_ARG_VALUE", f"Invalid filter: field '{error}' has invalid value") from error
    except WrongDirection as error:
        text = f"Invalid order: allowed sort directions are `ASC, DESC`. But got '{error.args[0]}' for field '{error.args[1]}'"
        raise RestError(400, "INVALID_ARG_VALUE", text) from error


def _seen(call: Call, entity: Entity) -> Where:
    """Return the condition that the owner is one that the caller sees."""
    seen = visible(call.portal.store, call.caller)
    return Where(f'"OWNER_ID" IN (SELECT "ID" FROM {entity.section}{seen.clause})', seen.params) if seen.sql else Where()


METHODS = (Method("crm.stagehistory.list", stagehistory_list, ListParams, "crm"),)
