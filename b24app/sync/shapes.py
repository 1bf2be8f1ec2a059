"""The words in which ENTITIES are declared: what an entity is, how it is asked for, how its names become ours. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from b24app.sync.rows import Column, Link, Part, Record, Row

ITEM_LIST = "crm.item.list"


@dataclass(frozen=True)
class Whole:
    """A small thing that is pulled as a whole: one list method, every record read by `read` (None: not one of these).

    `is_optional`: where the portal refuses it (a scope that was not granted), everything else works without it.
    """

    method: str
    params: Mapping[str, Any]
    read: Callable[[Record], Row | None]
    key: str | None = None  # of the list inside the result
    is_optional: bool = False


@dataclass(frozen=True)
class Source:
    """A long list, read by keyset chains and by id: its method, and how its family spells things.

    `key` names the list inside the result; `updated` is the field by which what is new is asked for; records whose `compared`
    fields are equal on both sides are taken for equal. `asks_all`: some fields cannot be named, only '*' brings them.
    """

    method: str
    params: Mapping[str, Any]
    key: str | None
    id_name: str
    updated: str
    compared: tuple[str, ...]
    asks_all: bool = False


@dataclass(frozen=True, eq=False)
class Entity:
    """A kind of thing that we mirror.

    `source`: records, streamed and pulled by id. `owner`: rows that belong to records of another entity; without a source
    of their own they are pulled with them, with one they only grow (`is_growing`): what is new has a greater id. `whole`: a
    dictionary. One that has none of them (user_field) is pulled by its own module. `is_family`: stands for as many entities
    as an administrator has chosen, see chosen.py.
    """

    key: str
    title_ru: str
    title_en: str
    columns: tuple[Column, ...] = ()
    source: Source | None = None
    type_id: int | None = None  # of a CRM object
    links: tuple[Link, ...] = ()
    parts: tuple[Part, ...] = ()
    has_communications: bool = False
    owner: str = ""
    is_growing: bool = False
    is_family: bool = False
    family: str = ""
    whole: Whole | None = None
    concerns_clients: bool = False  # a dictionary on which every client's numbers depend
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    @property
    def table(self) -> str:
        """The table of its rows."""
        return self.key

    @property
    def listed(self) -> Source:
        """The source of one that has one."""
        assert self.source is not None, self.key
        return self.source

    @property
    def is_about_others(self) -> bool:
        """Tell whether a record names its owner by type and id, as activities do."""
        return {"owner_type_id", "owner_id"} <= {column.name for column in self.columns}


def item_source(type_id: int, *also_compared: str, asks_all: bool = False) -> Source:
    """Return how items of the universal API are read; a merge moves some fields without a new time, so they are compared too."""
    compared = ("id", "updatedTime", "lastActivityTime", *also_compared)
    return Source(ITEM_LIST, {"entityTypeId": type_id, "useOriginalUfNames": "Y"}, "items", "id", "updatedTime", compared, asks_all)


def history_source(type_id: int) -> Source:
    """Return how the history of stages is read: rows are written once. crm-stage-history-list.md"""
    return Source("crm.stagehistory.list", {"entityTypeId": type_id}, "items", "ID", "CREATED_TIME", ("ID", "CREATED_TIME", "OWNER_ID"))


def declare(**kinds: str) -> tuple[Column, ...]:
    """Declare columns by kind: the fields' names as the portal writes them; ours are the same in snake_case."""
    return tuple(Column(snake(source), source, kind) for kind, sources in kinds.items() for source in sources.split())


def snake(name: str) -> str:
    """Return createdTime as created_time, OWNER_ID as owner_id."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()
