"""Turns Bitrix24's records into our rows. Pure; a value that cannot be read becomes NULL and is counted, never an error.

Instants become UTC, `YYYY-MM-DDTHH:MM:SSZ`. Dates keep the printed day: the portal prints a birthday as
`2001-11-11T02:00:00+02:00`, and in UTC it would be the day before.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import lru_cache, partial
from typing import Any

Record = Mapping[str, Any]
Row = dict[str, Any]
Plan = Sequence[tuple[str, str, Callable[[Any], Any]]]

REMEMBERED = 8192  # moments and days of records that come one after another
LARGEST = 2**63 - 1  # what a 64-bit column holds
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")  # NUL and lone surrogates: PostgreSQL refuses the one, UTF-8 the other
EMPTY: tuple[Any, ...] = (None, "", [], {})


@dataclass(frozen=True)
class Column:
    """One column: its name here, the field's name there, and how its values are read."""

    name: str
    source: str
    kind: str
    is_multiple: bool = False

    @property
    def sql_type(self) -> str:
        """The column's type in the table; several values are kept as JSON."""
        return "TEXT" if self.is_multiple else KINDS[self.kind][0]


@dataclass(frozen=True)
class Link:
    """A list of ids in a record, kept in a table of its own. `is_owner`: the list is the truth; else it only shows
    which records of `other_entity` are out of date."""

    table: str
    source: str
    owner: str
    other: str
    other_entity: str
    is_owner: bool = True


@dataclass(frozen=True)
class Part:
    """A structure in a record, kept as rows of a table of their own: `read(record id, value)` makes them."""

    table: str
    owner: str
    source: str
    read: Callable[[int, Any], list[Row]]


@dataclass
class Batch:
    """The rows of many records, by table; the ids in the order read; how many values of which field were unreadable."""

    rows: list[Row] = field(default_factory=list)
    communications: list[Row] = field(default_factory=list)
    links: dict[str, list[Row]] = field(default_factory=dict)
    parts: dict[str, list[Row]] = field(default_factory=dict)
    unreadable: Counter[str] = field(default_factory=Counter)

    @property
    def ids(self) -> list[int]:
        """The records that were read."""
        return [row["id"] for row in self.rows]


def read_records(records: Iterable[Record], columns: Sequence[Column], kept: Sequence[Link | Part] = (), entity: str = "") -> Batch:
    """Read records that have an id, with their multi-fields, and what is kept of them in other tables: links and parts."""
    links, parts = [one for one in kept if isinstance(one, Link)], [one for one in kept if isinstance(one, Part)]
    batch = Batch(links={link.source: [] for link in links}, parts={part.source: [] for part in parts})
    id_name = next(column.source for column in columns if column.name == "id")
    plan = plan_columns(columns)
    for record in records:
        record_id = read_id(record.get(id_name))
        if record_id is None:
            batch.unreadable["id"] += 1
            continue
        batch.rows.append(read_row(record, plan, batch.unreadable))
        batch.communications += read_communications(entity, record_id, record.get("fm"))
        for link in links:
            batch.links[link.source] += read_links(link, record_id, record)
        for part in parts:
            batch.parts[part.source] += part.read(record_id, record.get(part.source))
    return batch


def plan_columns(columns: Sequence[Column]) -> Plan:
    """Prepare the reading of many records: (name here, name there, how values are read) of each column."""
    return [
        (column.name, column.source, partial(read_value, column=column) if column.is_multiple else KINDS[column.kind][1])
        for column in columns
    ]


def read_row(record: Record, plan: Plan, unreadable: Counter[str]) -> Row:
    """Read the declared columns of one record. Most fields of most records are empty: a million rows notice."""
    row: Row = {}
    for name, source, read in plan:
        value = record.get(source)
        if value is None or (not value and value in EMPTY):
            row[name] = None
            continue
        try:
            row[name] = read(value)
        except (ValueError, TypeError, OverflowError):
            row[name] = None
            unreadable[source] += 1
    return row


def read_value(value: Any, column: Column) -> Any:
    """Read one value. Raises ValueError, TypeError or OverflowError when it is not of its kind."""
    if value in EMPTY:
        return None
    if column.is_multiple:
        return _read_many(value, KINDS[column.kind][1])
    return KINDS[column.kind][1](value)


def read_communications(entity: str, record_id: int, values: Any) -> list[Row]:
    """Read phones, e-mails and the like; an empty PHP map is [], a filled one may be an object."""
    found = values.values() if isinstance(values, Mapping) else values if isinstance(values, list) else ()
    rows = {}
    for value in found:
        number = read_id(value.get("id")) if isinstance(value, Mapping) else None
        if number is not None and value.get("value") not in EMPTY:
            rows[number] = {
                "entity": entity,
                "entity_id": record_id,
                "id": number,
                "kind": read_text(value.get("typeId") or ""),
                "value_type": read_text(value.get("valueType") or ""),
                "value": read_text(value["value"]),
            }
    return list(rows.values())


def read_links(link: Link, record_id: int, record: Record) -> list[Row]:
    """Read a list of ids in its order; without the list the single field of that name (contactIds, contactId) stands for it."""
    values = record.get(link.source)
    if values is None:
        values = [record.get(link.source.removesuffix("s"))]
    ids = dict.fromkeys(number for number in map(read_id, values if isinstance(values, list) else [values]) if number)
    return [{link.owner: record_id, link.other: number, "position": position} for position, number in enumerate(ids)]


def read_id(value: Any) -> int | None:
    """Return an id that arrives as 410 or "410"; None for anything else, 0 included."""
    try:
        return read_reference(value)
    except (ValueError, TypeError, OverflowError):
        return None


# -- kinds of values --------------------------------------------------------------------------------------


def read_integer(value: Any) -> int:
    """Read a whole number, also one that is printed with decimals."""
    if type(value) is int and -LARGEST <= value <= LARGEST:  # nearly all of them
        return value
    if isinstance(value, bool):
        raise ValueError("not a number")
    number = value if isinstance(value, int) else _whole(value)
    if abs(number) > LARGEST:
        raise OverflowError("too large")
    return number


def read_reference(value: Any) -> int | None:
    """Read an id: 0 and false mean that there is none."""
    if type(value) is int and 0 < value <= LARGEST:
        return value
    if value is False:
        return None
    return read_integer(value) or None


def read_real(value: Any) -> float:
    """Read a number or an amount of money."""
    if isinstance(value, bool):
        raise ValueError("not a number")
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("not a number")
    return number


def read_flag(value: Any) -> int:
    """Read Y, N, 1, 0, true or false."""
    return _FLAGS[value if value in ("Y", "N") else str(value).upper()]


def read_instant(value: Any) -> str:
    """Read a moment that says its offset, to UTC. A record's moments are often the same ones, and so are those of a list."""
    return _to_utc(_string(value))


@lru_cache(maxsize=REMEMBERED)
def _to_utc(text: str) -> str:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("no offset")
    return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def read_date(value: Any) -> str:
    """Read the printed day of a date or of a date and time."""
    return _to_day(_string(value))


@lru_cache(maxsize=REMEMBERED)
def _to_day(text: str) -> str:
    if text[10:11] not in ("", "T", " "):
        raise ValueError("not a date")
    return date.fromisoformat(text[:10]).isoformat()


def read_text(value: Any) -> str:
    """Read anything as text that every database can keep."""
    if type(value) is str and value.isprintable():  # without NUL and surrogates, by a quicker look than the pattern's
        return value
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list)) else str(value)
    return UNSTORABLE.sub("\ufffd", text)


def read_json(value: Any) -> str:
    """Keep a structure as JSON."""
    return UNSTORABLE.sub("\ufffd", json.dumps(value, ensure_ascii=False, sort_keys=True))


def _whole(value: Any) -> int:
    if str(value).strip().lstrip("+-").isdecimal():
        return int(value)
    number = float(value)
    if not number.is_integer():
        raise ValueError("not a whole number")
    return int(number)


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a string")
    return value


def _read_many(value: Any, read: Callable[[Any], Any]) -> str:
    values = list(value.values()) if isinstance(value, Mapping) else value if isinstance(value, list) else [value]
    return json.dumps([read(one) for one in values if one not in EMPTY], ensure_ascii=False)


class _Flags(dict[str, int]):
    def __missing__(self, key: str) -> int:
        raise ValueError("not a flag")


_FLAGS = _Flags({"Y": 1, "N": 0, "1": 1, "0": 0, "TRUE": 1, "FALSE": 0})

KINDS: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "text": ("TEXT", read_text),
    "integer": ("INTEGER", read_integer),
    "reference": ("INTEGER", read_reference),
    "real": ("REAL", read_real),
    "flag": ("INTEGER", read_flag),
    "instant": ("TEXT", read_instant),
    "date": ("TEXT", read_date),
    "json": ("TEXT", read_json),
}
