"""What holds for every entity."""

from __future__ import annotations

from typing import Any

import pytest

from b24app.context import Context
from b24app.sync.entities import BY_EVENT, ENTITIES, EVENTS, OWNED, RECORDS, WHOLES, snake


@pytest.mark.parametrize("entity", [entity for entity in ENTITIES if entity.columns], ids=lambda entity: entity.key)
def test_declared_columns_are_the_tables_columns(ctx: Context, entity: Any) -> None:
    """A field that is declared has a column of its kind, and the table has no other."""
    assert {column.name: column.sql_type for column in entity.columns} == ctx.store.columns(entity.table)


@pytest.mark.parametrize("entity", RECORDS, ids=lambda entity: entity.key)
def test_links_have_their_tables(ctx: Context, entity: Any) -> None:
    """Every list of ids has a table with both columns."""
    for link in entity.links:
        assert {link.owner, link.other, "position"} == set(ctx.store.columns(link.table))


def test_every_entity_is_pulled_in_one_way() -> None:
    """A record, rows of an owner, a dictionary; user fields have a module of their own."""
    assert {entity.key for entity in ENTITIES} - {entity.key for entity in (*RECORDS, *OWNED, *WHOLES)} == {"user_field"}
    assert len(RECORDS) + len(OWNED) + len(WHOLES) + 1 == len(ENTITIES)


def test_events_are_declared_once_in_upper_case() -> None:
    """No two entities claim an event; moves between pipelines and user fields are among them."""
    declared = [code for entity in ENTITIES for code in (*entity.changed, *entity.removed)]

    assert sorted(declared) == sorted(EVENTS)
    assert all(code == code.upper() for code in EVENTS)
    assert BY_EVENT["ONCRMDEALMOVETOCATEGORY"][0].key == "deal"
    assert BY_EVENT["ONCRMCONTACTUSERFIELDADD"][0].key == "user_field"
    assert BY_EVENT["ONCRMLEADDELETE"][1] == "removed"


@pytest.mark.parametrize(
    ("name", "column"), [("id", "id"), ("createdTime", "created_time"), ("isMyCompany", "is_my_company"), ("begindate", "begindate")]
)
def test_columns_are_snake_case(name: str, column: str) -> None:
    """Our names are the portal's in snake_case."""
    assert snake(name) == column
