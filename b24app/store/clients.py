"""SQL by the noun client: whose a card and a deal is, his card. Set statements over the mirror.

The same statements serve the whole base, a range of ids at a time, and a few clients, by the temporary table `scope` (records to
work out anew). Cards and facts are made for the temporary table `touched` (clients). All run in the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from b24app.masking import masked

if TYPE_CHECKING:
    from b24app.context import Viewer
    from b24app.store.mirror import PortalStore

Row = dict[str, Any]

MANY_RECORDS = 5_000  # contacts or deals in one transaction
# A client's number: his card's, those of companies behind those of all contacts. `client` and `client_fact` lie in its order.
COMPANIES_FROM, NUMBERS_END = 2**40, 2**41
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

_COMPANY_OF_CONTACT = f"""
        (SELECT 'CO_' || company.id FROM company WHERE company.id = contact.company_id AND {BUYER}),
        (SELECT 'CO_' || company.id FROM contact_company AS link JOIN company ON company.id = link.company_id
            WHERE link.contact_id = contact.id AND {BUYER} ORDER BY link.position, link.company_id LIMIT 1)"""
_COMPANY_OF_DEAL = f"(SELECT 'CO_' || company.id FROM company WHERE company.id = deal.company_id AND {BUYER}),"
# Whose a contact is, and what comes before the contacts of a deal, by the mode (`clients.identity.MODES`).
OWNERS = {
    "mixed": (f"COALESCE({_COMPANY_OF_CONTACT}, 'C_' || contact.id)", _COMPANY_OF_DEAL),
    "companies": (f"COALESCE({_COMPANY_OF_CONTACT})", _COMPANY_OF_DEAL),
    "contacts": ("'C_' || contact.id", ""),
}
DEALS_BY_CLIENT = "client_key, state, bought_on, amount, last_activity"  # as the migration has it: all that facts ask of deals
COMPANIES_BUY = ("mixed", "companies")
CONTACT_KEYS = """
    SELECT id, client_key FROM (SELECT contact.id, __OWNER__ AS client_key FROM contact WHERE __SCOPE__) AS found
    WHERE client_key IS NOT NULL"""
# The company of the deal, else its primary contact's client, else that of the first contact that still exists.
DEAL_KEYS = """
    SELECT id, client_key, stage_semantic_id, amount, closedate, last_activity_time FROM (
        SELECT deal.id, deal.stage_semantic_id, deal.closedate, deal.last_activity_time,
            COALESCE(deal.opportunity, 0) * CASE WHEN COALESCE(deal.currency_id, '') IN ('', :base) THEN 1 ELSE currency.rate END AS amount,
            COALESCE(__COMPANY__
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


@dataclass(frozen=True)
class Scope:
    """Which contacts or deals are worked out: those of the temporary table `scope`, or those with an id from `first` to `last`."""

    first: int | None = None
    last: int | None = None

    def where(self, column: str, scoped: str) -> str:
        """Return the condition on a column of ids."""
        return f"{column} IN ({scoped})" if self.first is None else f"{column} BETWEEN {int(self.first)} AND {int(self.last or 0)}"


SCOPED = Scope()


def number_of(key: str) -> int:
    """Return the number of the client with this key."""
    return COMPANIES_FROM + int(key[3:]) if key.startswith("CO_") else int(key[2:])


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
        touch_owners(store)


def touch(store: PortalStore, keys: Iterable[str]) -> None:
    """Say which clients are to be counted."""
    with store.scratch() as db:
        _prepare(store)
        db.conn.executemany("INSERT INTO touched (client_key) VALUES (?) ON CONFLICT DO NOTHING", ((key,) for key in keys))


def touch_owners(store: PortalStore) -> None:
    """Touch also the clients of all contacts and deals of the scope, as they are now."""
    with store.write() as db:
        for sql in TOUCHED[1:]:
            db.conn.execute(f"INSERT INTO touched (client_key) SELECT * FROM ({sql}) AS found WHERE TRUE ON CONFLICT DO NOTHING")


def assign_contacts(store: PortalStore, mode: str, scope: Scope = SCOPED) -> None:
    """Say anew whose each contact is."""
    query = CONTACT_KEYS.replace("__OWNER__", OWNERS[mode][0]).replace("__SCOPE__", scope.where("contact.id", SCOPED_CONTACTS))
    with store.write() as db:
        db.conn.execute(f"DELETE FROM client_contact WHERE {scope.where('contact_id', SCOPED_CONTACTS)}")
        db.conn.execute(f"INSERT INTO client_contact (contact_id, client_key) {query}")


def assign_deals(store: PortalStore, mode: str, base_currency: str, scope: Scope = SCOPED) -> None:
    """Say anew whose each deal is; its contacts are assigned before."""
    query = DEAL_KEYS.replace("__COMPANY__", OWNERS[mode][1]).replace("__SCOPE__", scope.where("deal.id", SCOPED_DEALS))
    names = "deal_id, client_key, state, amount, bought_on, last_activity"
    with store.write() as db:
        db.conn.execute(f"DELETE FROM client_deal WHERE {scope.where('deal_id', SCOPED_DEALS)}")
        db.conn.execute(f"INSERT INTO client_deal ({names}) {query}", {"base": base_currency})


@contextmanager
def filling_deals(store: PortalStore) -> Iterator[None]:
    """Put the index of a table that is empty aside while it is filled: made at the end it takes a tenth of the time.

    Whoever was killed in between makes it at the next filling.
    """
    if store.row("SELECT deal_id FROM client_deal LIMIT 1") is None:
        with store.write() as db:
            db.conn.execute("DROP INDEX IF EXISTS client_deal_client_key")
    yield
    with store.write() as db:
        db.conn.execute(f"CREATE INDEX IF NOT EXISTS client_deal_client_key ON client_deal ({DEALS_BY_CLIENT})")


def list_ranges(store: PortalStore, table: str, assigned: str, column: str) -> Iterator[Scope]:
    """Yield ranges of ids, MANY_RECORDS of the table each, that together hold all of it and of what is assigned by it."""
    first = 0
    sql = f"SELECT MAX(id) AS last, COUNT(*) AS number FROM (SELECT id FROM {table} WHERE id >= ? ORDER BY id LIMIT ?) AS piece"
    while (row := store.row(sql, (first, MANY_RECORDS))) and row["number"] == MANY_RECORDS:
        yield Scope(first, row["last"])
        first = row["last"] + 1
    greatest = store.row(f"SELECT MAX({column}) AS last FROM {assigned}")
    yield Scope(first, max(row["last"] or 0 if row else 0, greatest["last"] or 0 if greatest else 0))


def list_touched(store: PortalStore) -> set[str]:
    """Return the clients that the scope concerns, before and after."""
    return {row["client_key"] for row in store.rows("SELECT client_key FROM touched")}


def list_all(store: PortalStore, mode: str) -> list[str]:
    """Return the keys of all who are clients or may be, in their order."""
    companies = "UNION SELECT 'CO_' || id FROM company " if mode in COMPANIES_BUY else ""
    sql = f"SELECT key FROM client {companies}UNION SELECT client_key FROM client_contact ORDER BY 1"
    return [key for (key,) in store.tuples(sql)]


def list_undated(store: PortalStore, scope: Scope = SCOPED) -> list[Row]:
    """Return won deals without a closing date and when they were last moved: deal_id, moved_time."""
    return store.rows(
        "SELECT own.deal_id, deal.moved_time FROM client_deal AS own JOIN deal ON deal.id = own.deal_id "
        f"WHERE own.state = 'S' AND own.bought_on IS NULL AND deal.moved_time IS NOT NULL AND {scope.where('own.deal_id', SCOPED_DEALS)}"
    )


def save_purchase_dates(store: PortalStore, dates: Iterable[tuple[str, int]]) -> None:
    """Save (date, deal_id)."""
    with store.write() as db:
        db.conn.executemany("UPDATE client_deal SET bought_on = ? WHERE deal_id = ?", dates)


def shadow_cards(store: PortalStore, rows: Sequence[Row]) -> None:
    """Let a reader take these rows for the table `client`, by a temporary table of the same name, which comes first."""
    with store.scratch() as db:
        db.conn.execute("CREATE TEMP TABLE IF NOT EXISTS client AS SELECT * FROM main.client WHERE FALSE")
        db.conn.execute("CREATE INDEX IF NOT EXISTS temp.shadow_key ON client (key)")
        db.conn.execute("DELETE FROM temp.client")
        if rows:
            names = ", ".join(f":{name}" for name in rows[0])
            db.conn.executemany(f"INSERT INTO temp.client ({', '.join(rows[0])}) VALUES ({names})", rows)


def remove_cards(store: PortalStore) -> None:
    """Forget the touched clients, with their facts."""
    with store.write() as db:
        for table, column in (("client", "key"), ("client_fact", "client_key")):
            db.conn.execute(f"DELETE FROM {table} WHERE {column} IN (SELECT client_key FROM touched)")


def list_cards(store: PortalStore, mode: str) -> list[Row]:
    """Return the cards of touched clients: kind, id, title or names, assigned_by_id, phone, email, last_activity_time."""
    companies = "company.id IN (SELECT CAST(SUBSTR(client_key, 4) AS INTEGER) FROM touched WHERE client_key LIKE 'CO%')"
    found = store.rows(COMPANY_CARDS + companies) if mode in COMPANIES_BUY else []
    return found + store.rows(f"{CONTACT_CARDS}owner.client_key IN (SELECT client_key FROM touched)")


def seen_by(viewer: Viewer) -> tuple[str, Row]:
    """Return the condition on `client` under which this viewer sees a row, and its values. Every reading goes through it."""
    return ("TRUE", {}) if viewer.sees_all else one_of(viewer, "client.responsible_id")


def one_of(viewer: Viewer, column: str) -> tuple[str, Row]:
    """Return the condition that a column names the viewer or one of his people, and its values."""
    values = {f"viewer{number}": user_id for number, user_id in enumerate(viewer.responsible)}
    return f"{column} IN ({', '.join(f':{name}' for name in values)})", values


def count_clients(store: PortalStore, viewer: Viewer) -> int:
    """Return how many clients the viewer sees."""
    seen, params = seen_by(viewer)
    # Without a condition the rows are counted by the page.
    row = store.row(f"SELECT COUNT(*) AS number FROM client{'' if viewer.sees_all else f' WHERE {seen}'}", params)
    return int(row["number"]) if row else 0


def find_client(store: PortalStore, viewer: Viewer, key: str) -> Row | None:
    """Return the client's card with the responsible person's name, or None when there is none for this viewer.

    Contacts are masked for whoever is not responsible: see `masking`.
    """
    seen, values = seen_by(viewer)
    found = store.row(
        "SELECT client.*, employee.name AS responsible FROM client LEFT JOIN employee ON employee.id = client.responsible_id "
        f"WHERE client.key = :key AND {seen}",
        {**values, "key": key},
    )
    return masked(viewer, found) if found else None


def find_owner(store: PortalStore, entity: str, record_id: int) -> str | None:
    """Return the key of the client that a contact, company or deal belongs to."""
    sql = {
        "contact": "SELECT client_key FROM client_contact WHERE contact_id = ?",
        "company": "SELECT key AS client_key FROM client WHERE key = 'CO_' || CAST(? AS TEXT)",
        "deal": "SELECT client_key FROM client_deal WHERE deal_id = ?",
    }[entity]
    found = store.row(sql, (record_id,))
    return found["client_key"] if found else None


def _prepare(store: PortalStore) -> None:
    for statement in TEMPORARY:
        store.db.conn.execute(statement)
