"""What holds for every entity."""

from __future__ import annotations

from typing import Any

import pytest

from b24app.context import Context
from b24app.sync.entities import BY_EVENT, ENTITIES, EVENTS, FIXED, LISTED, OWNED, RECORDS, WHOLES
from b24app.sync.shapes import snake


@pytest.mark.parametrize("entity", [entity for entity in FIXED if entity.columns], ids=lambda entity: entity.key)
def test_declared_columns_are_the_tables_columns(ctx: Context, entity: Any) -> None:
    """A field that is declared has a column of its kind, and the table has no other."""
    assert {column.name: column.sql_type for column in entity.columns} == ctx.store.columns(entity.table)


@pytest.mark.parametrize("entity", RECORDS, ids=lambda entity: entity.key)
def test_links_have_their_tables(ctx: Context, entity: Any) -> None:
    """Every list of ids has a table with both columns."""
    for link in entity.links:
        assert {link.owner, link.other, "position"} == set(ctx.store.columns(link.table))


def test_every_entity_is_pulled_in_one_way() -> None:
    """A long list, rows of an owner, a dictionary; user fields have a module of their own, smart processes are chosen."""
    ways = (*LISTED, *OWNED, *WHOLES)

    assert {entity.key for entity in ENTITIES} - {entity.key for entity in ways} == {"user_field", "smart"}
    assert len(ways) + 2 == len(ENTITIES)


@pytest.mark.parametrize("entity", LISTED, ids=lambda entity: entity.key)
def test_lists_can_be_read_compared_and_asked_for_what_is_new(entity: Any) -> None:
    """The id is the first column, what is compared and what tells of a change are columns, parts have their tables."""
    sources = {column.source for column in entity.columns}

    assert (entity.columns[0].name, entity.columns[0].source) == ("id", entity.source.id_name)
    assert {*entity.source.compared, entity.source.updated} <= sources


def test_parts_have_their_tables(ctx: Context) -> None:
    """What is read of a structure fits its table."""
    parts = [part for entity in LISTED for part in entity.parts]
    rows = [part.read(7, [{"TYPE": "PHONE", "VALUE": "1", "ENTITY_ID": "5", "ENTITY_TYPE_ID": "3"}])[0] for part in parts]

    assert [set(row) for row in rows] == [set(ctx.store.columns(part.table)) for part in parts]


def test_events_are_declared_once_in_upper_case() -> None:
    """No two entities claim an event; moves between pipelines and user fields are among them."""
    declared = [code for entity in FIXED for code in (*entity.changed, *entity.removed)]

    assert sorted(declared) == sorted(EVENTS)
    assert all(code == code.upper() for code in EVENTS)
    assert BY_EVENT["ONCRMDEALMOVETOCATEGORY"][0].key == "deal"
    assert BY_EVENT["ONCRMCONTACTUSERFIELDADD"][0].key == "user_field"
    assert BY_EVENT["ONCRMLEADDELETE"][1] == "removed"


@pytest.mark.parametrize(
    ("name", "column"),
    [("id", "id"), ("createdTime", "created_time"), ("isMyCompany", "is_my_company"), ("begindate", "begindate"), ("OWNER_ID", "owner_id")],
)
def test_columns_are_snake_case(name: str, column: str) -> None:
    """Our names are the portal's in snake_case."""
    assert snake(name) == column
