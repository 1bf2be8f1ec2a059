"""crm.timeline.comment.*: comments in the timeline of a card.

Source: api-reference/crm/timeline/comments/*.md. `fields` is taken only in lower case, since crm 23.100.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import fields

from sandbox.access import check_visible
from sandbox.entities import BY_TYPE, ENTITIES, Entity, Field
from sandbox.envelope import PAGE, print_page, read_start
from sandbox.filters import compile_order
from sandbox.params import Items, Map, Params
from sandbox.rest import Answer, Call, Method, Record, RestError

ENTITY_OF = {entity.name.lower(): entity for entity in ENTITIES}
ORDERS = {name: Field(name, kind) for name, kind in (("ID", "integer"), ("CREATED", "datetime"), ("AUTHOR_ID", "integer"))}
NAMES = ("ID", "ENTITY_ID", "ENTITY_TYPE", "CREATED", "COMMENT", "AUTHOR_ID", "FILES")


class WriteParams(Params):
    """A new comment or its changes."""

    is_exact = True
    id = fields.Raw(load_default=None)
    fields_ = Map(required=True, data_key="fields")


class IdParams(Params):
    """One comment."""

    id = fields.Raw(load_default=None)


class ListParams(Params):
    """A page of an object's comments."""

    select = Items(load_default=list)
    filter = Map(load_default=dict)
    order = Map(load_default=dict)
    start = fields.Raw(load_default=0)


def get_owner(call: Call, entity: Entity | None, key: Any) -> Record:
    """Return the object that something is attached to. Raises RestError."""
    found = call.portal.store.get(entity.section, int(key)) if entity and str(key or "").isdigit() else None
    if found is None:
        raise RestError(400, "OWNER_NOT_FOUND", "Owner not found.")
    check_visible(call.portal.store, call.caller, found)
    return found


def _comment(call: Call) -> Record:
    key = str(call.params["id"] or "")
    found = call.portal.store.get("timeline_comments", int(key)) if key.isdigit() else None
    if found is None:
        raise RestError(400, "NOT_FOUND", "Not found.")
    get_owner(call, ENTITY_OF.get(found["ENTITY_TYPE"]), found["ENTITY_ID"])
    return found


def _text(sent: Mapping[str, Any]) -> str:
    text = str(sent.get("COMMENT") or "")
    if not text.strip():
        raise RestError(400, "INVALID_ARG_VALUE", "Empty comment message")
    return text


def _files(call: Call, given: Any) -> list[Record]:
    """Keep names and sizes of files: contents of comments' files are not needed here (assumption 117)."""
    files = [one for one in Items().deserialize(given or []) if isinstance(one, list) and len(one) == 2]
    return [{"name": str(name), "size": len(str(content)) * 3 // 4, "date": call.portal.clock.stamp()} for name, content in files]


def comment_add(call: Call) -> Answer:
    """Add a comment; return its id."""
    sent = call.params["fields_"]
    entity = ENTITY_OF.get(str(sent.get("ENTITY_TYPE") or ""))
    owner = get_owner(call, entity, sent.get("ENTITY_ID"))
    record = {
        "ENTITY_ID": owner["ID"],
        "ENTITY_TYPE": sent["ENTITY_TYPE"],
        "CREATED": call.portal.clock.stamp(),
        "COMMENT": _text(sent),
        "AUTHOR_ID": call.caller.user_id,
        "FILES": _files(call, sent.get("FILES")),
    }
    key = call.portal.records.add("timeline_comments", record, call.caller)
    if entity is not None:
        call.portal.records.touch(entity.section, owner["ID"], call.caller)
    return Answer(key)


def comment_update(call: Call) -> Answer:
    """Change a comment; return its id."""
    found, sent = _comment(call), call.params["fields_"]
    changes: dict[str, Any] = {"COMMENT": _text(sent)} if "COMMENT" in sent else {}
    if "FILES" in sent:
        changes["FILES"] = _files(call, sent["FILES"])
    call.portal.records.update("timeline_comments", found["ID"], changes, call.caller)
    return Answer(found["ID"])


def comment_delete(call: Call) -> Answer:
    """Delete a comment."""
    call.portal.records.delete("timeline_comments", _comment(call)["ID"], call.caller)
    return Answer(None)


def comment_get(call: Call) -> Answer:
    """Get a comment; its refusals have no code."""
    if not str(call.params["id"] or "").isdigit():
        raise RestError(400, "", "ID is not defined or invalid.")
    try:
        return Answer(print_comment(_comment(call)))
    except RestError as error:
        raise RestError(400, "", "Access denied." if error.code == "ACCESS_DENIED" else "Not found.") from error


def print_comment(row: Record) -> Record:
    """Return a comment as it is answered: strings, and files by number."""
    files = {str(number): {"id": number, "type": "file", **one} for number, one in enumerate(row["FILES"] or [], 1)}
    return {**{name: None if row[name] is None else str(row[name]) for name in NAMES[:-1]}, "FILES": files}


def comment_list(call: Call) -> Answer:
    """List an object's comments; the filter must name the object."""
    asked = {name.lstrip("="): value for name, value in call.params["filter"].items()}
    entity = ENTITY_OF.get(str(asked.get("ENTITY_TYPE") or ""))
    try:
        owner = get_owner(call, entity, asked.get("ENTITY_ID"))
    except RestError as error:
        raise RestError(400, "", "Access denied.") from error
    chosen, start = {"ENTITY_TYPE": asked["ENTITY_TYPE"], "ENTITY_ID": owner["ID"]}, read_start(call.params["start"])
    order = compile_order(ORDERS, call.params["order"], is_strict=False)
    rows = call.portal.store.find("timeline_comments", chosen, order=order, limit=PAGE, offset=max(start, 0))
    names = set(map(str, call.params["select"])) or set(NAMES)
    shown = [{name: value for name, value in print_comment(row).items() if name in names} for row in rows]
    return print_page(shown, start, len(rows), call.portal.store.count("timeline_comments", chosen))


def entity_of_type(type_id: Any) -> Entity | None:
    """Return the kind of object by its number, which may come as text."""
    return BY_TYPE.get(int(type_id)) if str(type_id or "").isdigit() else None


METHODS = (
    Method("crm.timeline.comment.add", comment_add, WriteParams, "crm"),
    Method("crm.timeline.comment.update", comment_update, WriteParams, "crm"),
    Method("crm.timeline.comment.delete", comment_delete, IdParams, "crm"),
    Method("crm.timeline.comment.get", comment_get, IdParams, "crm"),
    Method("crm.timeline.comment.list", comment_list, ListParams, "crm"),
)
