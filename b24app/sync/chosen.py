"""The entities of one portal: those that every portal has, and the smart processes that its administrator has chosen.

The choice is a setting, a list of entity type ids. A type gets its table when the portal has said which fields it has; one
that is chosen no longer, or that the portal does not know, loses it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from b24app.sync.entities import BY_KEY, FIXED, Entity
from b24app.sync.shapes import item_source

if TYPE_CHECKING:
    from b24app.context import Context

SETTING = "smart_processes"  # a list of entity type ids
FAMILY = BY_KEY["smart"]
KEY = re.compile(rf"{FAMILY.key}_(\d+)")


@cache
def smart_process(type_id: int) -> Entity:
    """Return the entity of one smart process. Its events carry its type in their names. universal/events/index.md"""
    return replace(
        FAMILY,
        key=f"{FAMILY.key}_{type_id}",
        title_ru=f"{FAMILY.title_ru} {type_id}",
        title_en=f"{FAMILY.title_en} {type_id}",
        source=item_source(type_id, "companyId", "contactId", asks_all=True),
        type_id=type_id,
        changed=tuple(f"{code}_{type_id}" for code in FAMILY.changed),
        removed=tuple(f"{code}_{type_id}" for code in FAMILY.removed),
        is_family=False,
        family=FAMILY.key,
    )


def list_chosen(ctx: Context) -> tuple[Entity, ...]:
    """Return the smart processes that an administrator has chosen, whether the portal still has them or not."""
    found = ctx.app_store.find_setting(ctx.portal.member_id, SETTING, [])
    return tuple(smart_process(type_id) for type_id in sorted({int(one) for one in found}))


def choose_smart_processes(ctx: Context, type_ids: Iterable[int]) -> None:
    """Save the choice: the next sweep makes and fills the tables, the next registration binds the events."""
    ctx.app_store.save_setting(ctx.portal.member_id, SETTING, sorted({int(one) for one in type_ids}))


def list_entities(ctx: Context) -> tuple[Entity, ...]:
    """Return all entities that this portal's mirror has tables for."""
    tables = set(_list_tables(ctx))
    return (*FIXED, *(entity for entity in list_chosen(ctx) if entity.table in tables))


def list_sources(ctx: Context) -> tuple[Entity, ...]:
    """Return those that are long lists of records."""
    return tuple(entity for entity in list_entities(ctx) if entity.source)


def find_entity(key: str) -> Entity | None:
    """Return an entity by its key, a smart process's too."""
    if match := KEY.fullmatch(key):
        return smart_process(int(match[1]))
    return BY_KEY.get(key)


def get_entity(key: str) -> Entity:
    """Return an entity that is known to be one."""
    found = find_entity(key)
    assert found is not None, key
    return found


def list_events(ctx: Context) -> tuple[str, ...]:
    """Return the event codes of the chosen smart processes, to be bound beside EVENTS."""
    return tuple(code for entity in list_chosen(ctx) for code in (*entity.changed, *entity.removed))


def keep_tables(ctx: Context, known: Iterable[Entity]) -> None:
    """Give exactly these smart processes tables."""
    wanted = {entity.table: entity for entity in known}
    for entity in wanted.values():
        ctx.store.make_table(entity.table, {column.name: column.sql_type for column in entity.columns})
    for table in _list_tables(ctx):
        if table not in wanted:
            ctx.store.drop_table(table)


def _list_tables(ctx: Context) -> list[str]:
    return [name for name in ctx.store.tables() if KEY.fullmatch(name)]
