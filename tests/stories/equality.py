"""Compares the mirror with the portal, value by value, by another way than the app's own: pages by offset, values read here."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from b24app.sync.entities import BY_KEY, RECORDS, Entity
from b24app.sync.rows import Column
from tests.stories.town import Town

PAGE = 50
SHOWN = 30  # differences that a failing story prints
UNTOLD = ("lastActivityBy", "lastActivityTime")  # no event tells of them
USER_KINDS = ("string", "date", "enumeration")


def find_differences(town: Town) -> list[str]:
    """Return every value in which the mirror differs from the portal, in words; an empty list means that they are equal."""
    found: list[str] = []
    for entity in RECORDS:
        there = {item["id"]: item for item in list_items(town, entity)}
        here = {row["id"]: row for row in town.rows(f"SELECT * FROM {entity.table}")}
        found += [f"{entity.key} {number}: only in the portal" for number in sorted(there.keys() - here.keys())]
        found += [f"{entity.key} {number}: only in the mirror" for number in sorted(here.keys() - there.keys())]
        columns = [column for column in (*entity.columns, *user_columns(town, entity)) if column.source not in UNTOLD]
        for number in sorted(there.keys() & here.keys()):
            found += compare(f"{entity.key} {number}", there[number], here[number], columns)
        found += compare_phones(town, entity, there)
    return [*found, *compare_rows(town), *compare_links(town)]


def assert_equal(town: Town) -> None:
    """Wait until mirror and portal are equal; fail with the differences that stay."""
    try:
        town.wait("the mirror equals the portal", lambda: not find_differences(town))
    except Exception as error:
        raise AssertionError("\n".join(find_differences(town)[:SHOWN]) or str(error)) from error


def list_items(town: Town, entity: Entity) -> Iterator[dict[str, Any]]:
    """Read all items of a kind, page after page."""
    start = 0
    while True:
        asked = {"entityTypeId": entity.type_id, "select": ["*", "fm"], "order": {"id": "ASC"}, "useOriginalUfNames": "Y", "start": start}
        page = town.call("crm.item.list", **asked)["items"]
        yield from page
        start += PAGE
        if len(page) < PAGE:
            return


def user_columns(town: Town, entity: Entity) -> list[Column]:
    """Return the columns of the user fields that every portal of ours has."""
    known = town.rows("SELECT name, column_name, kind FROM user_field WHERE entity = ? AND is_multiple = 0", entity.key)
    return [Column(row["column_name"], row["name"], row["kind"]) for row in known if row["kind"] in USER_KINDS]


def compare(name: str, item: dict[str, Any], row: dict[str, Any], columns: list[Column]) -> Iterator[str]:
    """Yield the columns in which an item and its row differ."""
    for column in columns:
        there, here = read(item.get(column.source), column.kind), row[column.name]
        if there != here:
            yield f"{name}: {column.source} is {there!r} in the portal, {here!r} in the mirror"


def read(value: Any, kind: str) -> Any:
    """Read one value of the portal as the mirror should have it."""
    if value is None or value in ("", []):
        return None
    if kind == "flag":
        return int(value in ("Y", True, 1, "1"))
    if kind == "instant":
        return datetime.fromisoformat(value).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if kind == "date":
        return str(value)[:10]
    if kind in ("integer", "reference", "enumeration"):
        return int(value) or (0 if kind == "integer" else None)
    return float(value) if kind == "real" else str(value)


def compare_phones(town: Town, entity: Entity, items: dict[int, dict[str, Any]]) -> Iterator[str]:
    """Yield the items whose phones and e-mails differ."""
    if not entity.has_communications:
        return
    there = {(number, one["id"], one["typeId"], one["value"]) for number, item in items.items() for one in item.get("fm") or ()}
    kept = town.rows("SELECT entity_id, id, kind, value FROM communication WHERE entity = ?", entity.key)
    for one in sorted(there ^ {(row["entity_id"], row["id"], row["kind"], row["value"]) for row in kept}):
        yield f"{entity.key}: phone or e-mail {one}"


def compare_rows(town: Town) -> Iterator[str]:
    """Yield the product rows that differ."""
    owners = [item["id"] for item in list_items(town, BY_KEY["deal"])]
    asked = {"filter": {"=ownerType": "D", "=ownerId": owners}, "order": {"id": "ASC"}}
    there: dict[int, dict[str, Any]] = {}
    while page := town.call("crm.item.productrow.list", **asked, start=len(there))["productRows"]:
        there |= {row["id"]: row for row in page}
    here = {row["id"]: row for row in town.rows("SELECT * FROM product_row")}
    for number in sorted(there.keys() ^ here.keys()):
        yield f"product row {number}: only in the {'portal' if number in there else 'mirror'}"
    for number in sorted(there.keys() & here.keys()):
        yield from compare(f"product row {number}", there[number], here[number], list(BY_KEY["product_row"].columns))


def compare_links(town: Town) -> Iterator[str]:
    """Yield the deals whose contacts, and the contacts whose companies, differ."""
    for entity, source, table, owner, other in (
        ("deal", "contactIds", "deal_contact", "deal_id", "contact_id"),
        ("contact", "companyIds", "contact_company", "contact_id", "company_id"),
    ):
        there = {(item["id"], number) for item in list_items(town, BY_KEY[entity]) for number in item.get(source) or ()}
        here = {(row[owner], row[other]) for row in town.rows(f"SELECT {owner}, {other} FROM {table}")}
        for pair in sorted(there ^ here):
            yield f"{table} {pair}: only in the {'portal' if pair in there else 'mirror'}"
