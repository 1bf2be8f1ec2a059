"""crm.duplicate.findbycomm and crm.entity.mergeBatch: duplicates by phone or e-mail, and merging.

Source: api-reference/crm/duplicates/.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from marshmallow import fields

from sandbox.access import check_visible
from sandbox.entities import BY_SECTION, BY_TYPE, Entity
from sandbox.merging import merge
from sandbox.params import Map, Params
from sandbox.rest import Answer, Call, Method, RestError

TYPES = ("PHONE", "EMAIL")
# In this order; when a kind gives MOST, those after it are not answered.
SECTIONS = ("leads", "contacts", "companies")
MOST = 20
# What separates a phone's extension (assumption 27).
EXTENSION = re.compile(r"\s*(;|#|,|доб|ext)")
SEPARATORS = (";", "#", ",", " доб", " ext")
LAST = "\U0010ffff"


class FindParams(Params):
    """Phones or e-mails to look for."""

    type = fields.String(load_default="")
    values = fields.Raw(load_default=None)
    entity_type = fields.String(load_default="")


class MergeParams(Params):
    """What to merge, inside `params`."""

    params = Map(load_default=dict)


def find_by_comm(call: Call) -> Answer:
    """crm.duplicate.findbycomm: ids, whoever may see them; a kind without any has no key"""
    kind = call.params["type"].upper()
    if not kind:
        raise _sentence("Communication type is not defined", "Parameter 'type' is required.")
    if kind not in TYPES:
        raise _sentence(f"Communication type '{kind}' is not supported in current context", "Parameter 'type' is invalid.")
    given = call.params["values"]
    values = list(given.values()) if isinstance(given, Mapping) else given
    if not isinstance(values, list) or not values:
        raise _sentence("Communication values is not defined", "Parameter 'values' is required.")
    found: dict[str, list[int]] = {}
    for section in SECTIONS:
        entity = BY_SECTION[section]
        if call.params["entity_type"].upper() in ("", entity.name) and (ids := _find(call, section, kind, values[:MOST])):
            found[entity.name] = ids
            if len(ids) >= MOST:
                break
    return Answer(found or [])


def _sentence(code: str, text: str) -> RestError:
    return RestError(400, code, text)


def _find(call: Call, section: str, kind: str, values: list[Any]) -> list[int]:
    parts: list[str] = []
    bound: list[str] = []
    for value in values:
        text = str(value).strip()
        whole = EXTENSION.split(text)[0] if kind == "PHONE" else text
        parts.append("VALUE IN (?, ?)")
        bound += [whole, whole.lower()]
        for separator in SEPARATORS if kind == "PHONE" else ():
            parts.append("VALUE BETWEEN ? AND ?")
            bound += [whole + separator, whole + separator + LAST]
    sql = (
        f"SELECT DISTINCT OWNER_ID FROM multi_fields WHERE SECTION = ? AND TYPE_ID = ? AND ({' OR '.join(parts)}) "
        f"ORDER BY OWNER_ID LIMIT {MOST}"
    )
    return [key for (key,) in call.portal.store.rows(sql, (section, kind, *bound))]


def merge_batch(call: Call) -> Answer:
    """crm.entity.mergeBatch: the first id stays, the ids of the others are answered; CONFLICT changes nothing"""
    asked = call.params["params"]
    entity, ids = _read_type(asked.get("entityTypeId")), _read_ids(asked.get("entityIds"))
    for key in ids:
        record = call.portal.store.get(entity.section, key)
        if record is None:
            raise RestError(400, 0, "Owner was not found")
        check_visible(call.portal.store, call.caller, record)
    gone = merge(call.portal, entity, ids, call.caller)
    return Answer({"STATUS": "CONFLICT" if gone is None else "SUCCESS", "ENTITY_IDS": gone or []})


def _read_type(value: Any) -> Entity:
    if value in (None, ""):
        raise RestError(400, 0, "The parameter entityTypeId is required.")
    entity = BY_TYPE.get(int(value)) if str(value).isdigit() else None
    if entity is None:
        raise RestError(400, 0, f"Entity type {value} is not supported")
    return entity


def _read_ids(value: Any) -> list[int]:
    given = list(value.values()) if isinstance(value, Mapping) else value if isinstance(value, list) else []
    ids = list(dict.fromkeys(int(one) for one in given if str(one).isdigit() and 0 < int(one) < 2**63))
    if not ids:
        raise RestError(400, 0, "The parameter entityIds does not contains valid elements.")
    if len(ids) < 2:
        raise RestError(400, 0, "The parameter entityIds must contains at least two elements.")
    return ids


METHODS = (
    Method("crm.duplicate.findbycomm", find_by_comm, FindParams, "crm"),
    Method("crm.entity.mergeBatch", merge_batch, MergeParams, "crm"),
)
