"""SQL by the noun client: whose a card and a deal is, his card, his facts. Set statements over the mirror.

The same statements serve the whole base and a few clients: those filter by the temporary tables `scope` (records to work out
anew) and `touched` (clients they concern). They run in the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from b24app.store.upserts import chunks, marks, replace_all

if TYPE_CHECKING:
    from b24app.context import Viewer
    from b24app.store.mirror import PortalStore

Row = dict[str, Any]

MANY = 2000  # cards in memory at once
# The portal's own requisites are kept as a company too; nobody sells to himself.
BUYER = "COALESCE(company.is_my_company, 0) = 0"

TEMPORARY = (
    "CREATE TEMP TABLE IF NOT EXISTS scope (entity TEXT NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (entity, id))",
    "CREATE TEMP TABLE IF NOT EXISTS touched (client_key TEXT PRIMARY KEY)",
    "DELETE FROM scope",
    "DELETE FROM touched",
)
SCOPED_COMPANIES = "SELECT id FROM scope WHERE entity = 'company'"
SCOPED_CONTACTS = "SELECT id FROM scope WHERE entity = 'contact'"
SCOPED_DEALS = "SELECT id FROM scope WHERE entity = 'deal'"
SCOPED_KEYS = "SELECT CASE entity WHEN 'company' THEN 'CO_' ELSE 'C_' END || id FROM scope WHERE entity IN ('company', 'contact')"

# A changed company concerns its contacts, a changed card its deals: as they are now and as they were at the last update.
WIDEN = (
    f"SELECT 'contact', contact_id FROM contact_company WHERE company_id IN ({SCOPED_COMPANIES})",
    f"SELECT 'contact', id FROM contact WHERE company_id IN ({SCOPED_COMPANIES})",
    f"SELECT 'contact', contact_id FROM client_contact WHERE client_key IN ({SCOPED_KEYS})",
    f"SELECT 'deal', id FROM deal WHERE company_id IN ({SCOPED_COMPANIES})",
    f"SELECT 'deal', id FROM deal WHERE contact_id IN ({SCOPED_CONTACTS})",
    f"SELECT 'deal', deal_id FROM deal_contact WHERE contact_id IN ({SCOPED_CONTACTS})",
    f"SELECT 'deal', deal_id FROM client_deal WHERE client_key IN ({SCOPED_KEYS})",
)
TOUCHED = (
    SCOPED_KEYS,
    f"SELECT client_key FROM client_contact WHERE contact_id IN ({SCOPED_CONTACTS})",
    f"SELECT client_key FROM client_deal WHERE deal_id IN ({SCOPED_DEALS})",
)

CONTACT_KEYS = f"""
    SELECT contact.id, COALESCE(
        (SELECT 'CO_' || company.id FROM company WHERE company.id = contact.company_id AND {BUYER}),
        (SELECT 'CO_' || company.id FROM contact_company AS link JOIN company ON company.id = link.company_id
            WHERE link.contact_id = contact.id AND {BUYER} ORDER BY link.position, link.company_id LIMIT 1),
        'C_' || contact.id)
    FROM contact WHERE """
# The company of the deal, else its primary contact's client, else that of the first contact that still exists.
DEAL_KEYS = f"""
    SELECT id, client_key, stage_semantic_id, amount, closedate, last_activity_time FROM (
        SELECT deal.id, deal.stage_semantic_id, deal.closedate, deal.last_activity_time,
            COALESCE(deal.opportunity, 0) * CASE WHEN COALESCE(deal.currency_id, '') IN ('', :base) THEN 1 ELSE currency.rate END AS amount,
            COALESCE(
                (SELECT 'CO_' || company.id FROM company WHERE company.id = deal.company_id AND {BUYER}),
                (SELECT owner.client_key FROM client_contact AS owner WHERE owner.contact_id = deal.contact_id),
                (SELECT owner.client_key FROM deal_contact AS link JOIN client_contact AS owner ON owner.contact_id = link.contact_id
                    WHERE link.deal_id = deal.id ORDER BY link.position, link.contact_id LIMIT 1)) AS client_key
        FROM deal LEFT JOIN currency ON currency.id = deal.currency_id
        WHERE COALESCE(deal.is_recurring, 0) = 0 AND __SCOPE__) AS found
    WHERE client_key IS NOT NULL"""

_REACHED = """
    (SELECT value FROM communication WHERE entity = '{0}' AND entity_id = {0}.id AND kind = 'PHONE' ORDER BY id LIMIT 1) AS phone,
    (SELECT value FROM communication WHERE entity = '{0}' AND entity_id = {0}.id AND kind = 'EMAIL' ORDER BY id LIMIT 1) AS email"""
COMPANY_CARDS = f"""
    SELECT 'company' AS kind, company.id, company.title, company.assigned_by_id, company.last_activity_time,
        (SELECT MAX(contact.last_activity_time) FROM client_contact AS owner JOIN contact ON contact.id = owner.contact_id
            WHERE owner.client_key = 'CO_' || company.id) AS contacts_activity, {_REACHED.format("company")}
    FROM company WHERE {BUYER} AND """
CONTACT_CARDS = f"""
    SELECT 'contact' AS kind, contact.id, contact.name, contact.second_name, contact.last_name, contact.assigned_by_id,
        contact.last_activity_time, {_REACHED.format("contact")}
    FROM client_contact AS owner JOIN contact ON contact.id = owner.contact_id
    WHERE owner.client_key = 'C_' || contact.id AND """


def begin_scope(store: PortalStore, changed: Mapping[str, Iterable[int]]) -> None:
    """Note which records have changed, and what else that concerns."""
    with store.write() as db:
        _prepare(store)
        rows = ((entity, number) for entity in ("company", "contact", "deal") for number in changed.get(entity, ()))
        db.conn.executemany("INSERT INTO scope (entity, id) VALUES (?, ?) ON CONFLICT DO NOTHING", rows)
        for touched in TOUCHED:
            db.conn.execute(f"INSERT INTO touched (client_key) {touched} ON CONFLICT DO NOTHING")
        for widen in WIDEN:
            db.conn.execute(f"INSERT INTO scope (entity, id) SELECT * FROM ({widen}) AS wider WHERE TRUE ON CONFLICT DO NOTHING")
        _touch(store)


def assign(store: PortalStore, base_currency: str, whole: bool) -> None:
    """Say anew whose each contact and deal is."""
    contacts = "TRUE" if whole else f"contact.id IN ({SCOPED_CONTACTS})"
    deals = "TRUE" if whole else f"deal.id IN ({SCOPED_DEALS})"
    with store.write() as db:
        db.conn.execute(f"DELETE FROM client_contact WHERE {contacts.replace('contact.id', 'contact_id')}")
        db.conn.execute(f"INSERT INTO client_contact (contact_id, client_key) {CONTACT_KEYS}{contacts}")
        db.conn.execute(f"DELETE FROM client_deal WHERE {deals.replace('deal.id', 'deal_id')}")
        names = "deal_id, client_key, state, amount, bought_on, last_activity"
        db.conn.execute(f"INSERT INTO client_deal ({names}) {DEAL_KEYS.replace('__SCOPE__', deals)}", {"base": base_currency})
        if not whole:
            _touch(store)


def list_touched(store: PortalStore) -> set[str]:
    """Return the clients that the scope concerns, before and after."""
    return {row["client_key"] for row in store.rows("SELECT client_key FROM touched")}


def list_undated(store: PortalStore, whole: bool) -> list[Row]:
    """Return won deals without a closing date and when they were last moved: deal_id, moved_time."""
    scoped = "" if whole else f" AND own.deal_id IN ({SCOPED_DEALS})"
    return store.rows(
        "SELECT own.deal_id, deal.moved_time FROM client_deal AS own JOIN deal ON deal.id = own.deal_id "
        f"WHERE own.state = 'S' AND own.bought_on IS NULL AND deal.moved_time IS NOT NULL{scoped}"
    )


def save_purchase_dates(store: PortalStore, dates: Iterable[tuple[str, int]]) -> None:
    """Save (date, deal_id)."""
    with store.write() as db:
        db.conn.executemany("UPDATE client_deal SET bought_on = ? WHERE deal_id = ?", dates)


def remove_cards(store: PortalStore, whole: bool) -> None:
    """Forget the clients that are to be made anew, with their facts."""
    with store.write() as db:
        for table, column in (("client", "key"), ("client_fact", "client_key")):
            db.conn.execute(f"DELETE FROM {table} WHERE {'TRUE' if whole else f'{column} IN (SELECT client_key FROM touched)'}")


def list_cards(store: PortalStore, whole: bool) -> Iterator[list[Row]]:
    """Yield the cards of clients: kind, id, title or names, assigned_by_id, phone, email, last_activity_time."""
    companies = "company.id IN (SELECT CAST(SUBSTR(client_key, 4) AS INTEGER) FROM touched WHERE client_key LIKE 'CO%')"
    contacts = "owner.client_key IN (SELECT client_key FROM touched)"
    for sql in (COMPANY_CARDS + ("TRUE" if whole else companies), CONTACT_CARDS + ("TRUE" if whole else contacts)):
        cursor = store.db.conn.execute(sql)
        names = [column[0] for column in cursor.description]
        while rows := cursor.fetchmany(MANY):
            yield [dict(zip(names, row, strict=True)) for row in rows]


def save_facts(store: PortalStore, expressions: Mapping[str, str], whole: bool) -> None:
    """Work the facts out: column to SQL over `deal` (client_deal) and `client`, one group a client."""
    scoped = "TRUE" if whole else "client.key IN (SELECT client_key FROM touched)"
    with store.write() as db:
        db.conn.execute(
            f"INSERT INTO client_fact (client_key, {', '.join(expressions)}) SELECT client.key, {', '.join(expressions.values())} "
            f"FROM client LEFT JOIN client_deal AS deal ON deal.client_key = client.key WHERE {scoped} "
            "GROUP BY client.key, client.last_activity"
        )


def save_catalogue(store: PortalStore, rows: Sequence[Row]) -> None:
    """Say what facts there are: whoever builds rules or pages reads it here."""
    if store.rows("SELECT * FROM fact ORDER BY position") != list(rows):
        replace_all(store, "fact", rows)


def list_catalogue(store: PortalStore) -> list[Row]:
    """Return the facts in their order: key, position, kind, since, words (JSON)."""
    return store.rows("SELECT * FROM fact ORDER BY position")


def seen_by(viewer: Viewer) -> tuple[str, Row]:
    """Return the condition on `client` under which this viewer sees a row, and its values. Every reading goes through it."""
    return ("TRUE", {}) if viewer.sees_all else ("client.responsible_id = :viewer", {"viewer": viewer.user_id})


def count_clients(store: PortalStore, viewer: Viewer) -> int:
    """Return how many clients the viewer sees."""
    seen, params = seen_by(viewer)
    row = store.row(f"SELECT COUNT(*) AS number FROM client WHERE {seen}", params)
    return int(row["number"]) if row else 0


def find_client(store: PortalStore, viewer: Viewer, key: str) -> Row | None:
    """Return the client's card with the responsible person's name, or None when there is none for this viewer."""
    seen, values = seen_by(viewer)
    return store.row(
        "SELECT client.*, employee.name AS responsible FROM client LEFT JOIN employee ON employee.id = client.responsible_id "
        f"WHERE client.key = :key AND {seen}",
        {**values, "key": key},
    )


def find_owner(store: PortalStore, entity: str, record_id: int) -> str | None:
    """Return the key of the client that a contact, company or deal belongs to."""
    sql = {
        "contact": "SELECT client_key FROM client_contact WHERE contact_id = ?",
        "company": "SELECT key AS client_key FROM client WHERE key = 'CO_' || CAST(? AS TEXT)",
        "deal": "SELECT client_key FROM client_deal WHERE deal_id = ?",
    }[entity]
    found = store.row(sql, (record_id,))
    return found["client_key"] if found else None


def list_facts(store: PortalStore, keys: Sequence[str], today: date) -> dict[str, Row]:
    """Return the facts of these clients; those in days are counted now."""
    catalogue = list_catalogue(store)
    found = {}
    for piece in chunks(keys):
        for row in store.rows(f"SELECT * FROM client_fact WHERE client_key IN ({marks(piece)})", piece):
            found[row["client_key"]] = {fact["key"]: _value(row, fact, today) for fact in catalogue}
    return found


def _value(row: Row, fact: Row, today: date) -> Any:
    value = row[fact["since"] or fact["key"]]
    return (today - date.fromisoformat(value)).days if fact["since"] and value else value


def _prepare(store: PortalStore) -> None:
    for statement in TEMPORARY:
        store.db.conn.execute(statement)


def _touch(store: PortalStore) -> None:
    for sql in TOUCHED[1:]:
        store.db.conn.execute(f"INSERT INTO touched (client_key) SELECT * FROM ({sql}) AS found WHERE TRUE ON CONFLICT DO NOTHING")
