"""Reads the official documentation's test dataset and gives its records in the portal's own sections and values. Writes nothing.

The format: a JSON file `{"entities": {"deals": [...], "contacts": [...], ...}}` with REST field names and numbers as text; ids are kept.
Where the file differs from what the pages say of a portal, it is put right here: stages of a further pipeline are kept under
DEAL_STAGE_N with codes CN:..., categories have camelCase names, and what every portal has (a base currency, the common
dictionaries, departments) is added when the file leaves it out. Deals of the file have no product rows, so none are given.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.company.dictionaries import DICTIONARIES, list_dictionary

Record = dict[str, Any]
log = logging.getLogger(__name__)

NUMBERS = frozenset(
    ("ID", "SORT", "CATEGORY_ID", "ENTITY_TYPE_ID", "COMPANY_ID", "CONTACT_ID", "LEAD_ID", "QUOTE_ID", "ASSIGNED_BY_ID", "CREATED_BY_ID",
     "MODIFY_BY_ID", "MOVED_BY_ID", "LAST_ACTIVITY_BY", "PROBABILITY", "OWNER_ID", "OWNER_TYPE_ID", "AUTHOR_ID", "RESPONSIBLE_ID")
)  # fmt: skip
SUMS = frozenset(("OPPORTUNITY", "TAX_VALUE", "REVENUE", "PRICE", "QUANTITY"))
DATES = frozenset(("BEGINDATE", "CLOSEDATE", "BIRTHDATE"))
MULTI_FIELDS = ("PHONE", "EMAIL", "WEB", "IM", "LINK")
ALWAYS_THERE = frozenset(("NEW", "WON", "LOSE", "CONVERTED", "JUNK"))  # stages that a portal marks as its own
CATEGORY_NAMES = {
    "id": "ID",
    "name": "NAME",
    "sort": "SORT",
    "entityTypeId": "ENTITY_TYPE_ID",
    "isDefault": "IS_DEFAULT",
    "originId": "ORIGIN_ID",
    "originatorId": "ORIGINATOR_ID",
}
BASE_CURRENCY: Record = {
    "ID": 1,
    "CURRENCY": "RUB",
    "AMOUNT_CNT": 1,
    "AMOUNT": 1.0,
    "SORT": 100,
    "BASE": "Y",
    "FULL_NAME": "Российский рубль",
    "FORMAT_STRING": "# &#8381;",
    "DEC_POINT": ".",
    "THOUSANDS_SEP": "&nbsp;",
    "DECIMALS": 2,
}
# Columns that the file's rows lack and a portal's rows have; a name as the value means "as in that column".
ACTIVITY = {"LAST_ACTIVITY_TIME": "DATE_MODIFY", "LAST_ACTIVITY_BY": "ASSIGNED_BY_ID", "MODIFY_BY_ID": "ASSIGNED_BY_ID"}
SAME_AS = ("DATE_MODIFY", "ASSIGNED_BY_ID")
MOVES = ACTIVITY | {"MOVED_TIME": "DATE_MODIFY", "MOVED_BY_ID": "ASSIGNED_BY_ID"}


def _put_stage_right(row: Record) -> Record:
    """DEAL_STAGE with CATEGORY_ID "1" is DEAL_STAGE_1 on a portal; the general pipeline has no CATEGORY_ID there."""
    pipeline = row.get("CATEGORY_ID") or None
    if row.get("ENTITY_ID") == "DEAL_STAGE" and pipeline:
        row |= {"ENTITY_ID": f"DEAL_STAGE_{pipeline}", "STATUS_ID": _stage_code(row.get("STATUS_ID"), pipeline)}
    is_own = str(row.get("STATUS_ID")).rpartition(":")[2] in ALWAYS_THERE and str(row.get("ENTITY_ID")).startswith(("DEAL_STAGE", "STATUS"))
    return row | {"CATEGORY_ID": pipeline, "SYSTEM": "Y" if is_own else row.get("SYSTEM", "N")}


def _stage_code(code: Any, pipeline: int) -> str:
    return str(code) if str(code).startswith(f"C{pipeline}:") else f"C{pipeline}:{code}"


def _put_deal_right(row: Record) -> Record:
    if row.get("CATEGORY_ID") and row.get("STAGE_ID"):
        row["STAGE_ID"] = _stage_code(row["STAGE_ID"], row["CATEGORY_ID"])
    return _link(row, "CONTACT_ID", "CONTACT_IDS")


def _put_lead_right(row: Record) -> Record:
    return _link(_read_communications(row), "CONTACT_ID", "CONTACT_IDS")


def _put_contact_right(row: Record) -> Record:
    return _link(_read_communications(row), "COMPANY_ID", "COMPANY_IDS")


def _read_communications(row: Record) -> Record:
    """Phones and mails keep their ids; a key without values is left out, as a portal does."""
    for name in MULTI_FIELDS:
        if name in row:
            row[name] = [
                {"VALUE": one["VALUE"], "VALUE_TYPE": one.get("VALUE_TYPE", "WORK")} | ({"ID": int(one["ID"])} if "ID" in one else {})
                for one in row[name] or ()
            ]
    return {name: value for name, value in row.items() if name not in MULTI_FIELDS or value}


def _put_user_right(row: Record) -> Record:
    return row | {"IS_ADMIN": row["ID"] == 1}


def _link(row: Record, one: str, many: str) -> Record:
    row.setdefault(many, [row[one]] if row.get(one) else [])
    return row


def _as_it_is(row: Record) -> Record:
    return row


@dataclass(frozen=True)
class Part:
    """One section: what its rows lack, what else is to be put right once their values are native, and what names a record."""

    section: str
    lacks: Record = field(default_factory=dict)
    put_right: Callable[[Record], Record] = _as_it_is
    key: str = "ID"


# In the order of insertion; the same names as the demo company's.
PARTS = (
    Part("departments"),
    Part("users", {"ACTIVE": True, "USER_TYPE": "employee", "UF_DEPARTMENT": [1]}, _put_user_right),
    Part("currencies", key="CURRENCY"),
    Part("categories", {"ENTITY_TYPE_ID": 2, "IS_DEFAULT": "N"}),
    Part("statuses", {"NAME_INIT": "", "COLOR": None, "SEMANTICS": None}, _put_stage_right),
    Part("user_fields"),
    Part("product_sections"),
    Part("products"),
    Part("companies", ACTIVITY | {"IS_MY_COMPANY": "N", "HAS_IMOL": "N", "OPENED": "Y"}, _read_communications),
    Part("contacts", ACTIVITY | {"EXPORT": "Y", "HAS_IMOL": "N", "OPENED": "Y"}, _put_contact_right),
    Part("leads", MOVES | {"IS_RETURN_CUSTOMER": "N", "HAS_IMOL": "N", "IS_MANUAL_OPPORTUNITY": "Y", "OPENED": "Y"}, _put_lead_right),
    Part(
        "deals",
        MOVES | {"CATEGORY_ID": 0, "IS_REPEATED_APPROACH": "N", "IS_RETURN_CUSTOMER": "N", "IS_RECURRING": "N", "QUOTE_ID": None},
        _put_deal_right,
    ),
    Part("product_rows"),
    Part("activities"),
    Part("timeline_comments"),
)


def read_dataset(path: Path | str) -> Iterator[tuple[str, list[Record]]]:
    """Sections in the order of insertion with all their records; a file that cannot be read raises ValueError with a sentence saying why.

    Everything is checked before the first section is given, so a bad file leaves nothing half inserted.
    """
    entities = _read_entities(Path(path))
    for name in entities.keys() - {part.section for part in PARTS}:
        log.warning("The dataset's section %r is left out: the sandbox does not keep such records.", name)
    found = {part.section: [_read_record(part, row) for row in _read_rows(part, entities)] for part in PARTS}
    for part in PARTS:
        _check_keys(part, found[part.section])
    _add_what_portals_have(found)
    return iter(list(found.items()))


def _read_entities(path: Path) -> dict[str, Any]:
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"The dataset {path} cannot be read: {error.strerror}.") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"The dataset {path} is not JSON: {error}.") from error
    entities = body.get("entities") if isinstance(body, dict) else None
    if not isinstance(entities, dict):
        raise ValueError(f'The dataset {path} has no object "entities".')
    return entities


def _read_rows(part: Part, entities: dict[str, Any]) -> list[Record]:
    rows = entities.get(part.section, [])
    if not isinstance(rows, list):
        raise ValueError(f'The dataset\'s section "{part.section}" is not a list.')
    for place, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            raise ValueError(f'Record {place} of the dataset\'s section "{part.section}" is not an object.')
        given = str(_rename(row).get(part.key, ""))
        if not (given.isdigit() if part.key == "ID" else given):
            raise ValueError(f'Record {place} of the dataset\'s section "{part.section}" has no {part.key}.')
    return rows


def _read_record(part: Part, row: Record) -> Record:
    try:
        record = {name: _native(name, value) for name, value in _rename(row).items()}
        for name, value in part.lacks.items():
            record.setdefault(name, record.get(value) if value in SAME_AS else value)
        return part.put_right(record)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        which = f'section "{part.section}", {part.key} {_rename(row)[part.key]}'
        raise ValueError(f"In the dataset's {which} a value cannot be read: {error}.") from error


def _rename(row: Record) -> Record:
    return {CATEGORY_NAMES.get(name, name): value for name, value in row.items()}


def _native(name: str, value: Any) -> Any:
    """A value of the portal: numbers are numbers, dates are their printed day, nothing is None."""
    if name in NUMBERS:
        return None if value in (None, "") else int(value)
    if name in SUMS:
        return None if value in (None, "") else float(value)
    if name in DATES:
        return str(value)[:10] or None if value else None
    return value


def _check_keys(part: Part, records: Iterable[Record]) -> None:
    seen = set()
    for record in records:
        if record[part.key] in seen:
            raise ValueError(f'Two records of the dataset\'s section "{part.section}" have the {part.key} {record[part.key]}.')
        seen.add(record[part.key])


def _add_what_portals_have(found: dict[str, list[Record]]) -> None:
    if not found["currencies"]:
        found["currencies"] = [dict(BASE_CURRENCY)]
    if not found["departments"]:
        ids = sorted({1} | {int(id_) for user in found["users"] for id_ in user["UF_DEPARTMENT"]})
        found["departments"] = [
            {"ID": id_, "NAME": f"Отдел {id_}", "SORT": 500, "PARENT": None if id_ == 1 else 1, "UF_HEAD": None} for id_ in ids
        ]
    statuses = found["statuses"]
    known = {row["ENTITY_ID"] for row in statuses}
    number = max((row["ID"] for row in statuses), default=0)
    for name in (name for name in DICTIONARIES if name not in known):
        for place, row in enumerate(list_dictionary(name), 1):
            number += 1
            statuses.append(row | {"ID": number, "SORT": place * 10})
