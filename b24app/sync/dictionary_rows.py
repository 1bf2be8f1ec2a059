"""Reads the portal's small dictionaries into rows: stages, pipelines, employees, currencies, user fields. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from b24app.sync.kinds import EMPTY, read_flag, read_id, read_integer, read_json, read_real, read_text
from b24app.sync.rows import Column, Record, Row

STAGES = re.compile(r"(STATUS)|DEAL_STAGE(?:_(\d+))?")
USER_FIELD_OWNERS: Mapping[str, str] = {"contact": "CONTACT", "company": "COMPANY", "lead": "LEAD", "deal": "DEAL"}
USER_FIELD_EVENTS = tuple(
    f"ONCRM{owner}USERFIELD{what}" for owner in USER_FIELD_OWNERS.values() for what in ("ADD", "UPDATE", "DELETE", "SETENUMVALUES")
)
# How the values of a user field are kept, by its type; what is not named is text. Money is `300|RUB`: text, or its currency is lost.
USER_FIELD_KINDS: Mapping[str, str] = {
    "integer": "integer",
    "double": "real",
    "boolean": "flag",
    "datetime": "instant",
    "date": "date",
    "enumeration": "reference",
    "employee": "reference",
    "iblock_section": "reference",
    "iblock_element": "reference",
    "hlblock": "reference",
    "file": "json",
}


def read_stage(record: Record) -> Row | None:
    """Read a stage of deals (DEAL_STAGE, DEAL_STAGE_1) or of leads (STATUS); no semantics means in progress."""
    match = STAGES.fullmatch(str(record.get("ENTITY_ID", "")))
    if not match or record.get("STATUS_ID") in EMPTY:
        return None
    extra = record.get("EXTRA")
    color = record.get("COLOR") or (extra.get("COLOR") if isinstance(extra, Mapping) else None)
    return {
        "entity": "lead" if match[1] else "deal",
        "category_id": int(match[2] or 0),
        "id": read_text(record["STATUS_ID"]),
        "title": _or_none(record, "NAME", read_text),
        "semantics": read_text(record.get("SEMANTICS") or "P"),
        "sort": _or_none(record, "SORT", read_integer),
        "color": read_text(color) if color else None,
    }


def read_dictionary(record: Record) -> Row | None:
    """Read an entry of any other dictionary: DEAL_TYPE, SOURCE, ..."""
    if read_stage(record) or record.get("ENTITY_ID") in EMPTY or record.get("STATUS_ID") in EMPTY:
        return None
    return {
        "kind": read_text(record["ENTITY_ID"]),
        "id": read_text(record["STATUS_ID"]),
        "title": _or_none(record, "NAME", read_text),
        "sort": _or_none(record, "SORT", read_integer),
    }


def read_category(record: Record) -> Row | None:
    """Read a pipeline; the general one has the id 0."""
    number = _or_none(record, "id", read_integer)
    if number is None:
        return None
    return {
        "id": number,
        "title": _or_none(record, "name", read_text),
        "sort": _or_none(record, "sort", read_integer),
        "is_default": _or_none(record, "isDefault", read_flag),
    }


def read_employee(record: Record) -> Row | None:
    """Read a user of the portal."""
    number = read_id(record.get("ID"))
    if number is None:
        return None
    names = (read_text(record.get(key) or "").strip() for key in ("NAME", "LAST_NAME"))
    return {
        "id": number,
        "name": " ".join(name for name in names if name) or _or_none(record, "EMAIL", read_text) or str(number),
        "email": _or_none(record, "EMAIL", read_text),
        "is_active": _or_none(record, "ACTIVE", read_flag),
        "department_ids": read_json(record.get("UF_DEPARTMENT") or []),
        "position": _or_none(record, "WORK_POSITION", read_text),
    }


def read_department(record: Record) -> Row | None:
    """Read a department; the topmost has no parent, and some have no head."""
    number = read_id(record.get("ID"))
    if number is None:
        return None
    return {
        "id": number,
        "name": _or_none(record, "NAME", read_text),
        "sort": _or_none(record, "SORT", read_integer),
        "parent_id": read_id(record.get("PARENT")),
        "head_id": read_id(record.get("UF_HEAD")),
    }


def read_currency(record: Record) -> Row | None:
    """Read a currency; its rate is how much of the base currency one of it is worth."""
    if record.get("CURRENCY") in EMPTY:
        return None
    amount, count = _or_none(record, "AMOUNT", read_real), _or_none(record, "AMOUNT_CNT", read_real)
    return {
        "id": read_text(record["CURRENCY"]),
        "title": _or_none(record, "FULL_NAME", read_text),
        "is_base": _or_none(record, "BASE", read_flag),
        "rate": amount / (count or 1) if amount is not None else None,
    }


def read_section(record: Record) -> Row | None:
    """Read a section of the catalogue; the topmost have no parent. crm/outdated/product-section/crm-product-section-fields.md"""
    number = read_id(record.get("ID"))
    if number is None:
        return None
    return {"id": number, "title": _or_none(record, "NAME", read_text), "parent_id": read_id(record.get("SECTION_ID"))}


def read_user_field(entity: str, in_russian: Record, in_english: Record) -> Row | None:
    """Read a user field's definition from the answers in two languages."""
    name = str(in_russian.get("FIELD_NAME") or "")
    if not name:
        return None
    items = in_russian.get("LIST")
    return {
        "entity": entity,
        "name": name,
        "column_name": column_name(name),
        "kind": read_text(in_russian.get("USER_TYPE_ID") or "string"),
        "title_ru": _label(in_russian) or name,
        "title_en": _label(in_english) or _label(in_russian) or name,
        "is_multiple": int(in_russian.get("MULTIPLE") == "Y"),
        "items": read_json([_item(item) for item in items if isinstance(item, Mapping)]) if isinstance(items, list) else None,
    }


def read_item_field(entity: str, name: str, field: Record) -> Row | None:
    """Read a user field from crm.item.fields, which speaks one language only. universal/crm-item-fields.md"""
    if not field.get("isDynamic"):
        return None
    title, items = field.get("title"), field.get("items")
    kind = {"FIELD_NAME": name, "USER_TYPE_ID": field.get("type"), "MULTIPLE": "Y" if field.get("isMultiple") else "N"}
    record = {**kind, "EDIT_FORM_LABEL": title, "LIST": items}
    return read_user_field(entity, record, record)


def user_column(field: Row) -> Column:
    """Return the column of a user field from its row."""
    return Column(field["column_name"], field["name"], USER_FIELD_KINDS.get(field["kind"], "text"), bool(field["is_multiple"]))


def column_name(name: str) -> str:
    """Return a name that every database takes unquoted; all user fields begin with uf_."""
    plain = re.sub(r"[^a-z0-9_]", "_", name.lower())
    return plain if plain.startswith("uf_") else f"uf_{plain}"


def _label(record: Record) -> str:
    for key in ("EDIT_FORM_LABEL", "LIST_COLUMN_LABEL", "LIST_FILTER_LABEL"):
        if isinstance(record.get(key), str) and record[key].strip():
            return read_text(record[key].strip())
    return ""


def _item(item: Record) -> dict[str, Any]:
    return {"id": read_id(item.get("ID")), "title": read_text(item.get("VALUE") or "")}


def _or_none(record: Record, key: str, read: Callable[[Any], Any]) -> Any:
    """Read a value of a dictionary; what cannot be read is unknown, its entry stays."""
    try:
        return None if record.get(key) in EMPTY else read(record[key])
    except (ValueError, TypeError, OverflowError):
        return None
