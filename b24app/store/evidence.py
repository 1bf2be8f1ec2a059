"""SQL by the noun evidence: all that the mirror knows of the touched clients, for their facts. Rows without names, as they are hot.

Every query begins at the temporary table `touched` (see `store.clients`); CROSS JOIN keeps the planner from beginning elsewhere,
so that one client costs the same in a base of any size.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from b24app.store.mirror import PortalStore

Rows = list[tuple[Any, ...]]

_DEALS = "FROM touched CROSS JOIN client_deal AS own ON own.client_key = touched.client_key"
_PEOPLE = "FROM touched CROSS JOIN client_contact AS link ON link.client_key = touched.client_key"
_SELF = "FROM touched CROSS JOIN client ON client.key = touched.client_key AND client.kind = "
# The types of owners and parties: 2 deal, 3 contact, 4 company (crm/data-types.md#object_type).
_TALK = (
    "talk.id, talk.type_id, COALESCE(talk.provider_id, ''), talk.direction, talk.completed, "
    "COALESCE(NULLIF(talk.start_time, ''), talk.created) AS at, COALESCE(talk.subject, '')"
)
# An activity has one owner, so nothing comes twice; those whom it was with may be several, and its owner among them.
_OWNED = f"""
    SELECT own.client_key, {_TALK} {_DEALS}
        CROSS JOIN activity AS talk ON talk.owner_type_id = 2 AND talk.owner_id = own.deal_id
    UNION ALL SELECT link.client_key, {_TALK} {_PEOPLE}
        CROSS JOIN activity AS talk ON talk.owner_type_id = 3 AND talk.owner_id = link.contact_id
    UNION ALL SELECT client.key, {_TALK} {_SELF} 'company'
        CROSS JOIN activity AS talk ON talk.owner_type_id = 4 AND talk.owner_id = client.entity_id"""
_SHARED = f"""
    SELECT link.client_key, {_TALK} {_PEOPLE}
        CROSS JOIN activity_party AS party ON party.entity_type_id = 3 AND party.entity_id = link.contact_id
        CROSS JOIN activity AS talk ON talk.id = party.activity_id
    UNION SELECT client.key, {_TALK} {_SELF} 'company'
        CROSS JOIN activity_party AS party ON party.entity_type_id = 4 AND party.entity_id = client.entity_id
        CROSS JOIN activity AS talk ON talk.id = party.activity_id"""


def list_purchases(store: PortalStore) -> Rows:
    """Return client key, date, amount of every purchase."""
    return store.tuples(f"SELECT own.client_key, own.bought_on, own.amount {_DEALS} WHERE own.state = 'S'")


def list_products(store: PortalStore) -> Rows:
    """Return client key, product id, its name there, in how many purchases."""
    return store.tuples(
        f"SELECT own.client_key, item.product_id, MAX(item.product_name), COUNT(DISTINCT own.deal_id) {_DEALS} "
        "CROSS JOIN product_row AS item ON item.owner_id = own.deal_id AND item.owner_type = 'D' "
        "WHERE own.state = 'S' AND item.product_id IS NOT NULL GROUP BY own.client_key, item.product_id"
    )


def list_losses(store: PortalStore) -> Rows:
    """Return client key and the title of the stage of every lost deal, the latest last."""
    return store.tuples(
        f"SELECT own.client_key, stage.title {_DEALS} CROSS JOIN deal ON deal.id = own.deal_id LEFT JOIN stage ON stage.entity = 'deal' "
        "AND stage.category_id = COALESCE(deal.category_id, 0) AND stage.id = deal.stage_id "
        "WHERE own.state = 'F' ORDER BY COALESCE(own.bought_on, ''), own.deal_id"
    )


def list_talks(store: PortalStore) -> Rows:
    """Return client key, id, type, provider, direction, completed, instant, subject of every activity with the client, once."""
    found, shared = store.tuples(_OWNED), store.tuples(_SHARED)
    if shared:
        there = {row[:2] for row in found}
        found += [row for row in shared if row[:2] not in there]
    return found


def list_tickets(store: PortalStore, table: str) -> Rows:
    """Return client key, instant, stage of every item of a smart process; its table comes from our own naming."""
    if not store.columns(table):
        return []
    return store.tuples(
        f'SELECT link.client_key, item.created_time, item.stage_id {_PEOPLE} CROSS JOIN "{table}" AS item '
        "ON item.contact_id = link.contact_id WHERE item.created_time IS NOT NULL "
        f"UNION ALL SELECT client.key, item.created_time, item.stage_id {_SELF} 'company' "
        f'CROSS JOIN "{table}" AS item ON item.company_id = client.entity_id WHERE item.created_time IS NOT NULL '
        "AND NOT EXISTS (SELECT 1 FROM client_contact AS link WHERE link.contact_id = item.contact_id AND link.client_key = client.key)"
    )


def list_reached(store: PortalStore) -> Rows:
    """Return client key, PHONE or EMAIL, value of his own card and of his contacts'."""
    kinds = "reached.kind IN ('PHONE', 'EMAIL')"
    return store.tuples(
        f"SELECT link.client_key, reached.kind, reached.value {_PEOPLE} CROSS JOIN communication AS reached "
        f"ON reached.entity = 'contact' AND reached.entity_id = link.contact_id WHERE {kinds} "
        f"UNION ALL SELECT client.key, reached.kind, reached.value {_SELF} 'company' CROSS JOIN communication AS reached "
        f"ON reached.entity = 'company' AND reached.entity_id = client.entity_id WHERE {kinds}"
    )


def list_answers(store: PortalStore, column: str) -> Rows:
    """Return client key and value of a user field of his own card and of his contacts', where it is filled."""
    found: Rows = []
    if column in store.columns("contact"):
        found += store.tuples(
            f'SELECT link.client_key, contact."{column}" {_PEOPLE} CROSS JOIN contact ON contact.id = link.contact_id '
            f'WHERE contact."{column}" IS NOT NULL'
        )
    if column in store.columns("company"):
        found += store.tuples(
            f"SELECT client.key, company.\"{column}\" {_SELF} 'company' CROSS JOIN company ON company.id = client.entity_id "
            f'WHERE company."{column}" IS NOT NULL'
        )
    return found


def list_cards(store: PortalStore, fields: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return what the client's own card says: birthdate, honorific, source, responsible, and `fields` (name to column)."""
    found: dict[str, dict[str, Any]] = {}
    for kind, own in (("contact", ("birthdate", "honorific")), ("company", ())):
        there = store.columns(kind)
        columns = {name: column for name, column in fields.items() if column in there}
        selected = [*(f"card.{name}" for name in own), *(f'card."{column}"' for column in columns.values())]
        names = ("source", "responsible", *own, *columns)
        rows = store.tuples(
            f"SELECT {', '.join(('client.key', 'COALESCE(dictionary.title, card.source_id)', 'employee.name', *selected))} "
            f"{_SELF} '{kind}' CROSS JOIN {kind} AS card ON card.id = client.entity_id "
            "LEFT JOIN employee ON employee.id = client.responsible_id "
            "LEFT JOIN dictionary ON dictionary.kind = 'SOURCE' AND dictionary.id = card.source_id"
        )
        found.update((key, dict(zip(names, values, strict=True))) for key, *values in rows)
    return found


def list_titles(store: PortalStore, field: str) -> dict[str, str]:
    """Return the titles of a list field's items by id; nothing for other fields."""
    rows = store.rows("SELECT items FROM user_field WHERE UPPER(name) = ? AND items IS NOT NULL", (field.upper(),))
    return {str(item["id"]): str(item["title"]) for row in rows for item in json.loads(row["items"])}
