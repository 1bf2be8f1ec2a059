"""User fields: their definitions, their columns, and the values of a column that is made later than its table's rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from b24app.context import Context
from b24app.store.changes import EVERYBODY, save_due_clients
from b24app.store.mirror import PortalStore
from b24app.store.upserts import replace_all
from b24app.sync.chosen import keep_tables, list_chosen
from b24app.sync.dictionary_rows import USER_FIELD_OWNERS, read_item_field, read_user_field, user_column
from b24app.sync.entities import BY_KEY, Entity
from b24app.sync.pull import ask_some, pull_lists, stream_records
from b24app.sync.rows import Column, Row, read_records

LANGS = ("ru", "en")


def pull_user_fields(ctx: Context, fill: bool = True) -> None:
    """Make definitions and columns equal to the portal's, and read the values of new fields for the rows that are here.

    A definition is saved after its values are read: killed in between, they are read again. The values of a field that is
    gone become unknown; a field that came back as another kind gets a new column. Smart processes get their tables here.
    """
    chosen = _pull_chosen(ctx)
    keep_tables(ctx, chosen)
    owners = {entity.key: entity for entity in (*(BY_KEY[key] for key in USER_FIELD_OWNERS), *chosen)}
    fields = [*_pull_definitions(ctx), *(row for rows in chosen.values() for row in rows)]
    known = ctx.store.rows("SELECT * FROM user_field")
    before, now = _kinds(known), _kinds(fields)
    for entity in owners.values():
        columns = [user_column(field) for field in fields if field["entity"] == entity.key]
        ctx.store.add_columns(entity.table, {column.name: column.sql_type for column in columns})
        new = [column for column in columns if before.get((entity.key, column.name)) != now[entity.key, column.name]]
        if new and fill and ctx.store.row(f'SELECT id FROM "{entity.table}" LIMIT 1'):
            fill_columns(ctx, entity, new)
    with ctx.store.write():
        for key, name in before.keys() - now.keys():
            if key in owners:
                ctx.store.clear_columns(owners[key].table, [name])
        replace_all(ctx.store, "user_field", fields)
        if _sorted(known) != _sorted(fields):
            save_due_clients(ctx.store, [EVERYBODY])


def user_columns(store: PortalStore, entity: Entity) -> list[Column]:
    """Return the columns of an entity's user fields."""
    return [user_column(row) for row in store.rows("SELECT * FROM user_field WHERE entity = ? ORDER BY name", (entity.key,))]


def all_columns(store: PortalStore, entity: Entity) -> tuple[Column, ...]:
    """Return the declared columns and those of user fields."""
    return (*entity.columns, *user_columns(store, entity))


def fill_columns(ctx: Context, entity: Entity, columns: Sequence[Column]) -> None:
    """Read the values of new columns for all rows that we have already."""
    read = (Column("id", "id", "integer"), *columns)
    names = ", ".join(f'"{column.name}" = ?' for column in columns)
    for records in stream_records(ctx, entity, [column.source for column in read]):
        batch = read_records(records, read)
        with ctx.store.write() as db:
            values = [(*(row[column.name] for column in columns), row["id"]) for row in batch.rows]
            db.conn.executemany(f'UPDATE "{entity.table}" SET {names} WHERE id = ?', values)


def _pull_definitions(ctx: Context) -> list[Row]:
    wanted = {
        f"{key}_{lang}": (f"crm.{owner.lower()}.userfield.list", {"filter": {"LANG": lang}, "order": {"ID": "ASC"}}, None)
        for key, owner in USER_FIELD_OWNERS.items()
        for lang in LANGS
    }
    lists = pull_lists(ctx, wanted)
    rows: list[Row] = []
    for key in USER_FIELD_OWNERS:
        english = {str(record.get("FIELD_NAME")): record for record in lists[f"{key}_en"]}
        found = (read_user_field(key, record, english.get(str(record.get("FIELD_NAME")), {})) for record in lists[f"{key}_ru"])
        rows += _apart(row for row in found if row)
    return rows


def _pull_chosen(ctx: Context) -> dict[Entity, list[Row]]:
    """Return the user fields of every chosen smart process that the portal knows."""
    asked = {entity.key: entity for entity in list_chosen(ctx)}
    params = {key: {"entityTypeId": entity.type_id, "useOriginalUfNames": "Y"} for key, entity in asked.items()}
    answers = ask_some(ctx, {key: ("crm.item.fields", values) for key, values in params.items()})
    return {asked[key]: _apart(_read_fields(key, answer.result)) for key, answer in answers.items()}


def _read_fields(key: str, result: Any) -> Iterator[Row]:
    fields = result.get("fields") if isinstance(result, Mapping) else None
    for name, field in (fields or {}).items():
        if row := read_item_field(key, str(name), field):
            yield row


def _apart(rows: Iterable[Row]) -> list[Row]:
    """Give every field a column of its own, also when two names differ only in what a column cannot spell."""
    kept: dict[str, Row] = {}
    for row in rows:
        name, number = row["column_name"], 2
        while row["column_name"] in kept:
            row["column_name"], number = f"{name}_{number}", number + 1
        kept[row["column_name"]] = row
    return list(kept.values())


def _kinds(fields: Iterable[Row]) -> dict[tuple[str, str], tuple[str, int]]:
    return {(row["entity"], row["column_name"]): (row["kind"], row["is_multiple"]) for row in fields}


def _sorted(fields: Iterable[Row]) -> list[Row]:
    return sorted(fields, key=lambda row: (row["entity"], row["name"]))
