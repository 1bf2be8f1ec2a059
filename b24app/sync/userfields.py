"""User fields: their definitions, their columns, and the values of a column that is made later than its table's rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from b24app.context import Context
from b24app.store.changes import EVERYBODY, save_due_clients
from b24app.store.mirror import PortalStore
from b24app.store.upserts import replace_all
from b24app.sync.dictionary_rows import USER_FIELD_OWNERS, read_user_field, user_column
from b24app.sync.entities import BY_KEY, Entity
from b24app.sync.pull import pull_lists, stream_records
from b24app.sync.rows import Column, Row, read_records

LANGS = ("ru", "en")


def pull_user_fields(ctx: Context, fill: bool = True) -> None:
    """Make definitions and columns equal to the portal's, and read the values of new fields for the rows that are here.

    A definition is saved after its values are read: killed in between, they are read again. The values of a field that is
    gone become unknown; a field that came back as another kind gets a new column.
    """
    fields = _pull_definitions(ctx)
    known = ctx.store.rows("SELECT * FROM user_field")
    before, now = _kinds(known), _kinds(fields)
    for entity in (BY_KEY[key] for key in USER_FIELD_OWNERS):
        columns = [user_column(field) for field in fields if field["entity"] == entity.key]
        ctx.store.add_columns(entity.table, {column.name: column.sql_type for column in columns})
        new = [column for column in columns if before.get((entity.key, column.name)) != now[entity.key, column.name]]
        if new and fill:
            fill_columns(ctx, entity, new)
    with ctx.store.write():
        for key, name in before.keys() - now.keys():
            ctx.store.clear_columns(BY_KEY[key].table, [name])
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
