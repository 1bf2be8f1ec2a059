"""crm.item.import and crm.item.batchImport: records brought in from elsewhere with their dates and authors. No robot runs.

Source: api-reference/crm/universal/import/. Their events are sent as for any new record (assumption 28).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.clock import print_instant, read_instant
from sandbox.entities import Field
from sandbox.fields import FieldSet
from sandbox.methods.crm_item import AddParams, TypeParams, get_entity, read_written
from sandbox.params import Items
from sandbox.rest import Answer, Call, Method, Record, RestError
from sandbox.values import wrong_value

MOST = 20
TIMES = ("createdTime", "updatedTime", "movedTime")
PEOPLE = ("createdBy", "updatedBy", "movedBy")


class BatchParams(TypeParams):
    """Several new items."""

    data = Items(required=True)


def import_one(call: Call, sent: Mapping[str, Any]) -> Record:
    """Bring one record in; return what is answered for it. Raises RestError."""
    known = call.portal.fields.of(get_entity(call.params["entityTypeId"]).section)
    names = known.item_names(call.params["useOriginalUfNames"])
    written = read_written(names, sent, {})
    # A multi-field may also come as the old family gives it [crm-item-import].
    written |= {name: value for name, value in sent.items() if name in known.by_name and known.by_name[name].kind == "crm_multifield"}
    history = read_history(call, known, sent)
    return {"item": {"id": call.portal.records.bring_in(known.entity.section, written, history, call.caller)}}


def read_history(call: Call, known: FieldSet, sent: Mapping[str, Any]) -> Record:
    """Return dates and authors under old names; only an administrator may give them. Raises RestError."""
    given = {name: known.by_item_name[name] for name in (*TIMES, *PEOPLE) if name in known.by_item_name and sent.get(name)}
    made: Record = {}
    for name, field in given.items():
        if not call.caller.admin:
            raise wrong_value(field)
        made[field.name] = _read(field, sent[name], name in TIMES)
    _check_order(call, known, made)
    if made.get("DATE_CREATE"):
        made.setdefault("DATE_MODIFY", made["DATE_CREATE"])
        if "MOVED_TIME" in known.by_name:
            made.setdefault("MOVED_TIME", made["DATE_CREATE"])
    return made


def _read(field: Field, value: Any, is_time: bool) -> Any:
    try:
        return print_instant(read_instant(str(value))) if is_time else int(value)
    except (ValueError, TypeError) as error:
        raise wrong_value(field) from error


def _check_order(call: Call, known: FieldSet, made: Mapping[str, Any]) -> None:
    """Raise when dates contradict each other, the clock, or the records that are there already."""
    now, section = call.portal.clock.stamp(), known.entity.section
    last = call.portal.store.find(section, order='"ID" DESC', limit=1)
    created = made.get("DATE_CREATE", now)
    modified = made.get("DATE_MODIFY", now)
    moved = made.get("MOVED_TIME", created)
    if "DATE_CREATE" in made and (created > now or (last and created < last[0]["DATE_CREATE"])):
        raise wrong_value(known.by_name["DATE_CREATE"])
    if "DATE_MODIFY" in made and (modified > now or modified < created):
        raise wrong_value(known.by_name["DATE_MODIFY"])
    if "MOVED_TIME" in made and not created <= moved <= modified:
        raise wrong_value(known.by_name["MOVED_TIME"])


def item_import(call: Call) -> Answer:
    """crm.item.import: answers the id alone"""
    return Answer(import_one(call, call.params["fields_"]))


def batch_import(call: Call) -> Answer:
    """crm.item.batchImport: every record stands alone, a refusal takes the place of its id"""
    get_entity(call.params["entityTypeId"])
    if len(call.params["data"]) > MOST:
        raise RestError(400, "MAX_IMPORT_BATCH_SIZE_EXCEEDED", f"Вы не можете импортировать больше {MOST} элементов")
    items: list[Record] = []
    for sent in call.params["data"]:
        try:
            items.append(import_one(call, sent if isinstance(sent, Mapping) else {}))
        except RestError as error:
            items.append({"error": error.code, "error_description": error.description})
    return Answer({"items": items})


METHODS = (
    Method("crm.item.import", item_import, AddParams, "crm"),
    Method("crm.item.batchImport", batch_import, BatchParams, "crm"),
)
