"""Turns Bitrix24's records into our rows. Pure; a value that cannot be read becomes NULL and is counted, never an error."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from b24app.sync.columns import read_column
from b24app.sync.kinds import EMPTY, KINDS, read_id, read_text

Record = Mapping[str, Any]
Row = dict[str, Any]


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
    """The rows of many records, by table; how many values of which field were unreadable. `names`: the columns of `values`."""

    names: tuple[str, ...] = ()
    values: list[tuple[Any, ...]] = field(default_factory=list)
    ids: list[int] = field(default_factory=list)
    communications: list[Row] = field(default_factory=list)
    links: dict[str, list[Row]] = field(default_factory=dict)
    parts: dict[str, list[Row]] = field(default_factory=dict)
    unreadable: Counter[str] = field(default_factory=Counter)

    @cached_property
    def rows(self) -> list[Row]:
        """The records' own rows by name; whoever only stores them takes `values`."""
        return [dict(zip(self.names, row, strict=True)) for row in self.values]


def read_records(records: Iterable[Record], columns: Sequence[Column], kept: Sequence[Link | Part] = (), entity: str = "") -> Batch:
    """Read records that have an id, with their multi-fields, and what is kept of them in other tables: links and parts."""
    batch = Batch(tuple(column.name for column in columns))
    id_name = next(column.source for column in columns if column.name == "id")
    known = [(number, record) for record in records if (number := _known_id(record, id_name, batch))]
    batch.ids, found = [number for number, _ in known], [record for _, record in known]
    read = [
        read_column([record.get(one.source) for record in found], (one.kind, one.is_multiple, one.source), batch.unreadable)
        for one in columns
    ]
    batch.values = list(zip(*read, strict=True))
    for number, record in known:
        if phones := record.get("fm"):
            batch.communications += read_communications(entity, number, phones)
    for one in kept:
        _read_kept(one, known, batch)
    return batch


def _known_id(record: Record, name: str, batch: Batch) -> int | None:
    number = read_id(record.get(name))
    if number is None:
        batch.unreadable["id"] += 1
    return number


def _read_kept(one: Link | Part, known: Sequence[tuple[int, Record]], batch: Batch) -> None:
    """Read what is kept in a table of its own."""
    if isinstance(one, Link):
        batch.links[one.source] = [row for number, record in known for row in read_links(one, number, record)]
    else:
        batch.parts[one.source] = [row for number, record in known for row in one.read(number, record.get(one.source))]


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
