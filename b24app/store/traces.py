"""SQL by the noun trace: HELD, every table in which something of one person may stand, how it is found, what erasing does to it.

One tuple for the export of a person, the erasure of one, and the test that no table is forgotten. A card is a contact or a company
(`entity`, `id`); its client is `key`. Table and column names are declared here; values are always bound.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from b24app.store.folding import like, use_fold

if TYPE_CHECKING:
    from b24app.store.mirror import PortalStore

Row = dict[str, Any]

PREFIXES = {"contact": "C", "company": "CO"}  # Bitrix24's own notation
TYPES = {"contact": 3, "company": 4}  # crm/data-types.md#object_type
MIRROR, DELETE = "mirror", "delete"

MY_DEALS = (
    "SELECT id FROM deal WHERE (:entity = 'contact' AND contact_id = :id) OR (:entity = 'company' AND company_id = :id) "
    "UNION SELECT deal_id FROM deal_contact WHERE :entity = 'contact' AND contact_id = :id "
    "UNION SELECT deal_id FROM client_deal WHERE client_key = :key"
)
# Of the deals of many people an offer or a call is about the client alone.
OWN_DEALS = (
    "SELECT id FROM deal WHERE (:entity = 'contact' AND contact_id = :id) OR (:entity = 'company' AND company_id = :id) "
    "UNION SELECT deal_id FROM client_deal WHERE client_key = :key"
)
MY_LEADS = "SELECT id FROM lead WHERE (:entity = 'contact' AND contact_id = :id) OR (:entity = 'company' AND company_id = :id)"
MY_TALKS = (
    "SELECT id FROM activity WHERE (owner_type_id = :type AND owner_id = :id) "
    f"OR (owner_type_id = 2 AND owner_id IN ({MY_DEALS})) OR (owner_type_id = 1 AND owner_id IN ({MY_LEADS})) "
    "UNION SELECT activity_id FROM activity_party WHERE entity_type_id = :type AND entity_id = :id"
)
MY_OFFERS = f"SELECT key FROM offer WHERE deal_id IN ({OWN_DEALS})"


@dataclass(frozen=True)
class Held:
    """A table that may speak of a person. `where` finds his rows.

    `erasing`: MIRROR is a copy, it goes when the portal says that it is gone; DELETE takes the rows away; otherwise these columns
    are emptied, the rest of the line says nothing of him.
    """

    table: str
    where: str
    erasing: str = MIRROR


HELD: tuple[Held, ...] = (
    Held("contact", ":entity = 'contact' AND id = :id"),
    Held("company", ":entity = 'company' AND id = :id"),
    Held("communication", "entity = :entity AND entity_id = :id"),
    Held("contact_company", "(:entity = 'contact' AND contact_id = :id) OR (:entity = 'company' AND company_id = :id)"),
    Held("deal", f"id IN ({MY_DEALS})"),
    Held("deal_contact", ":entity = 'contact' AND contact_id = :id"),
    Held("product_row", f"owner_type = 'D' AND owner_id IN ({MY_DEALS})"),
    Held("deal_stage_history", f"owner_id IN ({MY_DEALS})"),
    Held("lead", f"id IN ({MY_LEADS})"),
    Held("lead_stage_history", f"owner_id IN ({MY_LEADS})"),
    Held("activity", f"id IN ({MY_TALKS})"),
    Held("activity_party", "entity_type_id = :type AND entity_id = :id"),
    Held("client", "key = :key"),
    Held("client_fact", "client_key = :key"),
    Held("client_contact", "client_key = :key OR (:entity = 'contact' AND contact_id = :id)"),
    Held("client_deal", "client_key = :key"),
    # Whoever is in a segment leaves it by its own rule, with the next count; `forget_gone` then takes the intervals away.
    Held("membership", "client_key = :key", "reasons"),
    Held("list_member", "entity = :entity AND entity_id = :id", DELETE),
    Held("written_back", "entity = :entity AND entity_id = :id", DELETE),
    Held("touch", "client_key = :key", DELETE),
    Held("offer_step", f"offer_key IN ({MY_OFFERS})", "ref error"),
    Held("offer_entry", f"deal_id IN ({OWN_DEALS})", "reasons"),
    Held(
        "offer",
        f"deal_id IN ({OWN_DEALS}) OR client_key = :key",
        "title url pdf_url public_url error client_title segments remarks token",
    ),
    Held("robot_call", f"deal_id IN ({OWN_DEALS}) OR client_key = :key", "properties answer error said"),
)
# What speaks of nobody: dictionaries, what the base has taught, and numbers of records without a word about them.
OF_NOBODY: tuple[str, ...] = (
    "stage", "category", "employee", "department", "currency", "user_field", "dictionary", "fact", "model", "rhythm_group",
    "product_pair", "product_section", "catalog_product",
    "segment_state", "segment_size", "change", "due_client", "cursor", "progress", "certificate", "difference", "alarm",
    "erasure", "list_import", "segment_answer", "offer_sighting", "_sqlite_migrations", "sqlite_sequence",
)  # fmt: skip
SHORTEST_PHONE = 5  # digits by which somebody is looked for
_NAMES = {
    "contact": "TRIM(COALESCE(last_name, '') || ' ' || COALESCE(name, '') || ' ' || COALESCE(second_name, ''))",
    "company": "COALESCE(title, '')",
}
_FOUND = (
    "SELECT '{entity}' AS entity, id, {name} AS title FROM {entity} WHERE fold({name}) LIKE fold(:words) ESCAPE '\\' OR id IN "
    "(SELECT entity_id FROM communication WHERE entity = '{entity}' AND (fold(value) LIKE fold(:words) ESCAPE '\\' OR "
    "REPLACE(REPLACE(REPLACE(REPLACE(value, ' ', ''), '-', ''), '(', ''), ')', '') LIKE :digits ESCAPE '\\'))"
)
NO_REASON = "'[]'"
OVER = "finished_at IS NOT NULL"  # a call that is still at work keeps what it was asked


def list_held(store: PortalStore, entity: str, record_id: int) -> dict[str, list[Row]]:
    """Return all rows that speak of a card, by table; tables without any are left out."""
    values = _values(entity, record_id)
    found = {one.table: store.rows(f'SELECT * FROM "{one.table}" WHERE {one.where}', values) for one in HELD}
    for table in _smart_tables(store, entity):
        found[table] = store.rows(f'SELECT * FROM "{table}" WHERE {entity}_id = :id', values)
    found["list_import"] = [line for _, lines in _lines(store, values["key"]) for line in lines if values["key"] in line["clients"]]
    return {table: rows for table, rows in found.items() if rows}


def find_cards(store: PortalStore, words: str, limit: int) -> list[Row]:
    """Return contacts and companies by name, phone or e-mail, or by key (C_12): entity, id, title."""
    if match := re.fullmatch(r"(CO?)_(\d{1,15})", words.strip()):
        entity = next(name for name, prefix in PREFIXES.items() if prefix == match[1])
        name = _NAMES[entity]
        return store.rows(f"SELECT '{entity}' AS entity, id, {name} AS title FROM {entity} WHERE id = ?", (int(match[2]),))
    use_fold(store)
    digits = "".join(char for char in words if char.isdigit())
    asked = {"words": like(words.strip()), "digits": like(digits if len(digits) >= SHORTEST_PHONE else "-"), "limit": limit}
    return store.rows(" UNION ".join(_FOUND.format(entity=entity, name=name) for entity, name in _NAMES.items()) + " LIMIT :limit", asked)


def erase_traces(store: PortalStore, entity: str, record_id: int, at: str) -> dict[str, int]:
    """Erase what we ourselves have kept about a card, and remember that it was; return the number of rows by table.

    The copy of the card is not touched: it goes with `sync.apply.remove_records`, and the client with the next count.
    """
    values, found = _values(entity, record_id), {}
    with store.write() as db:
        for one in HELD:
            if sql := _erasing(one):
                found[one.table] = db.conn.execute(sql, values).rowcount
        found["list_import"] = _erase_lines(store, values["key"])
        found = {table: count for table, count in found.items() if count}
        db.conn.execute(
            "INSERT INTO erasure (at, entity, record_id, found) VALUES (?, ?, ?, ?)", (at, entity, record_id, json.dumps(found))
        )
    return found


def forget_gone(store: PortalStore) -> int:
    """Take away the ended memberships of clients that are gone and were erased; return how many."""
    with store.write() as db:
        return db.conn.execute(
            "DELETE FROM membership WHERE left_at IS NOT NULL AND client_key IN "
            "(SELECT CASE entity WHEN 'company' THEN 'CO_' ELSE 'C_' END || record_id FROM erasure) "
            "AND NOT EXISTS (SELECT 1 FROM client WHERE client.key = membership.client_key)"
        ).rowcount


def list_erasures(store: PortalStore, limit: int) -> list[Row]:
    """Return whose traces were erased, the newest first: at, entity, record_id, found (rows by table)."""
    rows = store.rows("SELECT at, entity, record_id, found FROM erasure ORDER BY id DESC LIMIT ?", (limit,))
    return [{**row, "found": json.loads(row["found"] or "{}")} for row in rows]


def _erasing(held: Held) -> str:
    if held.erasing == MIRROR:
        return ""
    if held.erasing == DELETE:
        return f'DELETE FROM "{held.table}" WHERE {held.where}'
    emptied = ", ".join(f'"{column}" = {NO_REASON if held.table == "membership" else "NULL"}' for column in held.erasing.split())
    over = f" AND {OVER}" if held.table == "robot_call" else ""
    return f'UPDATE "{held.table}" SET {emptied} WHERE ({held.where}){over}'


def _values(entity: str, record_id: int) -> Row:
    return {"entity": entity, "id": record_id, "key": f"{PREFIXES[entity]}_{record_id}", "type": TYPES[entity]}


def _smart_tables(store: PortalStore, entity: str) -> list[str]:
    """Return the tables of smart processes whose records may belong to such a card."""
    return [table for table in store.tables() if table.startswith("smart_") and f"{entity}_id" in store.columns(table)]


def _lines(store: PortalStore, key: str) -> Iterator[tuple[str, list[Row]]]:
    """Yield imports of lists whose kept lines name a client: id, lines."""
    for row in store.rows("SELECT id, lines FROM list_import WHERE lines LIKE ?", (f'%"{key}"%',)):
        yield row["id"], json.loads(row["lines"])


def _erase_lines(store: PortalStore, key: str) -> int:
    """Drop the lines of imports that name a client; they hold what a person has typed about him."""
    dropped = 0
    with store.write() as db:
        for number, lines in list(_lines(store, key)):
            kept = [line for line in lines if key not in line["clients"]]
            dropped += len(lines) - len(kept)
            db.conn.execute("UPDATE list_import SET lines = ? WHERE id = ?", (json.dumps(kept, ensure_ascii=False), number))
    return dropped
