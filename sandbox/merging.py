"""Merging duplicates: when it can be done by itself, what the kept record gets, and who then belongs to it.

Source: crm-entity-merge-batch. What the page leaves open is assumption 26.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sandbox.entities import Entity, Field
from sandbox.store.children import LINK_ENDS, LINKS_OF

if TYPE_CHECKING:
    from sandbox.portal import Portal
    from sandbox.rest import Caller, Record

# Bookkeeping that the kept record simply keeps: nobody has to choose.
KEPT = ("LAST_ACTIVITY_TIME", "LAST_ACTIVITY_BY", "CATEGORY_ID", "ORIGIN_VERSION")
KEPT_KINDS = ("char",)
# Where a single field names the merged record: section, column, section of the merged one.
NAMED_IN = (
    ("deals", "CONTACT_ID", "contacts"), ("leads", "CONTACT_ID", "contacts"), ("deals", "COMPANY_ID", "companies"),
    ("leads", "COMPANY_ID", "companies"), ("contacts", "COMPANY_ID", "companies"), ("deals", "LEAD_ID", "leads"),
    ("contacts", "LEAD_ID", "leads"), ("companies", "LEAD_ID", "leads"),
)  # fmt: skip


def find_conflicts(fields: Sequence[Field], records: Sequence[Record]) -> list[str]:
    """Return the names of fields that are filled differently, so that a person must choose."""
    return [field.name for field in fields if _needs_choice(field) and len({str(v) for v in _filled(field, records)}) > 1]


def _needs_choice(field: Field) -> bool:
    is_kept = field.kind in KEPT_KINDS or field.name in KEPT
    return field.stored and field.writable and not field.multiple and not is_kept


def _filled(field: Field, records: Sequence[Record]) -> list[Any]:
    return [record[field.name] for record in records if record.get(field.name) not in (None, "", 0, 0.0)]


def gather(entity: Entity, fields: Sequence[Field], records: Sequence[Record]) -> Record:
    """Return the changes of the first record: what it lacks and another has; lists are united."""
    main, made = records[0], {}
    link = LINKS_OF[entity.section]
    for field in fields:
        if not field.writable or field.name == link.primary or (field.name == link.field and link.is_reverse):
            continue
        if field.kind == "crm_multifield":
            made[field.name] = _new_values(field.name, records)
        elif field.name == link.field or (field.multiple and field.stored):
            made[field.name] = list(dict.fromkeys(one for record in records for one in record.get(field.name) or ()))
        elif _needs_choice(field) and not _filled(field, records[:1]) and (found := _filled(field, records)):
            made[field.name] = found[0]
    return {name: value for name, value in made.items() if value != (main.get(name) or []) and value not in (None, [])}


def _new_values(name: str, records: Sequence[Record]) -> list[Record]:
    """Return the phones or addresses that the first record does not have, as edits that add them."""
    known = {one["VALUE"] for one in records[0].get(name) or ()}
    new = {one["VALUE"]: one for record in records[1:] for one in record.get(name) or () if one["VALUE"] not in known}
    return [{"VALUE": one["VALUE"], "VALUE_TYPE": one["VALUE_TYPE"]} for one in new.values()]


def merge(portal: Portal, entity: Entity, ids: Sequence[int], caller: Caller) -> list[int] | None:
    """Merge records into the first of them; return the ids that are gone, or None when a person must choose."""
    store, fields = portal.store, list(portal.fields.of(entity.section).by_name.values())
    with store.write():
        records = [record for key in ids if (record := store.get(entity.section, key))]
        if find_conflicts(fields, records):
            return None
        changes = gather(entity, fields, records)
        for gone in ids[1:]:
            rebind(portal, entity, gone, ids[0])
        for gone in ids[1:]:
            portal.records.delete(entity.section, gone, caller)
        portal.records.update(entity.section, ids[0], changes, caller)
    return list(ids[1:])


def rebind(portal: Portal, entity: Entity, gone: int, main: int) -> None:
    """Give everything that belongs to one record to another: nobody is told of it (assumption 26)."""
    store = portal.store
    for section, column, named in NAMED_IN:
        if named == entity.section:
            for row in store.find(section, {column: gone}):
                _name_anew(portal, section, row["ID"], column, main)
    own = LINKS_OF[entity.section]
    for kind, column in LINK_ENDS[entity.section]:
        if own.is_reverse or kind != own.kind:  # the record's own list is united by `gather`
            _move_links(portal, kind, column, (gone, main))
    owner = {"OWNER_TYPE": entity.short}
    if entity.stage_field and not store.count("product_rows", owner | {"OWNER_ID": main}):
        for row in store.find("product_rows", owner | {"OWNER_ID": gone}):
            store.save("product_rows", row["ID"], {"OWNER_ID": main})
    _move_activities(portal, entity.type_id, gone, main)
    for row in store.find("timeline_comments", {"ENTITY_TYPE": entity.name.lower(), "ENTITY_ID": gone}):
        store.save("timeline_comments", row["ID"], {"ENTITY_ID": main})
    for row in store.find("documents", {"ENTITY_TYPE_ID": entity.type_id, "ENTITY_ID": gone}):
        store.save("documents", row["ID"], {"ENTITY_ID": main})


def _name_anew(portal: Portal, section: str, key: int, column: str, main: int) -> None:
    """Change a single field alone: the store would write the list of links from it."""
    link = LINKS_OF[section]
    if column != link.primary:
        portal.store.save(section, key, {column: main})
        return
    record = portal.store.get(section, key) or {}
    others = [one for one in record[link.field] if one not in (record[column], main)]
    portal.store.save(section, key, {column: main, link.field: [main, *others]})


def _move_links(portal: Portal, kind: str, column: str, pair: tuple[int, int]) -> None:
    """Move links from one record to another; a link that the other has already is dropped."""
    gone, main = pair
    other = "TARGET_ID" if column == "OWNER_ID" else "OWNER_ID"
    known = {row[other] for row in portal.store.find("links", {"KIND": kind, column: main})}
    for row in portal.store.find("links", {"KIND": kind, column: gone}):
        if row[other] in known:
            portal.store.delete("links", row["ID"])
        else:
            portal.store.save("links", row["ID"], {column: main})


def _move_activities(portal: Portal, type_id: int, gone: int, main: int) -> None:
    """Move activities, what they are bound to and whom they are with."""
    own = f'{{"OWNER_TYPE_ID":{type_id},"OWNER_ID":{gone}}}'
    keys = portal.store.rows(
        'SELECT "ID" FROM activities WHERE ("OWNER_TYPE_ID" = ? AND "OWNER_ID" = ?) OR "BINDINGS" LIKE ?', (type_id, gone, f"%{own}%")
    )
    for (key,) in keys:
        row = portal.store.get("activities", key) or {}
        changes: Record = {"BINDINGS": _replaced(row["BINDINGS"], ("OWNER_TYPE_ID", "OWNER_ID"), (type_id, gone, main))}
        changes["COMMUNICATIONS"] = _replaced(row["COMMUNICATIONS"], ("ENTITY_TYPE_ID", "ENTITY_ID"), (type_id, gone, main))
        if (row["OWNER_TYPE_ID"], row["OWNER_ID"]) == (type_id, gone):
            changes["OWNER_ID"] = main
        portal.store.save("activities", key, changes)


def _replaced(rows: Any, names: tuple[str, str], ids: tuple[int, int, int]) -> list[Record]:
    """Return bindings with one record in place of another, each once."""
    kind, key = names
    type_id, gone, main = ids
    made: list[Record] = []
    for row in rows or []:
        is_gone = (str(row.get(kind)), str(row.get(key))) == (str(type_id), str(gone))
        one = {**row, key: main} if is_gone else row
        if one not in made:
            made.append(one)
    return made
