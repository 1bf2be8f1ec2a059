"""The tables of <member_id>.db: the mirror of one portal and what we know of its clients.

Append only: a migration that has been released is never edited. Later ones may come from the rooms that
use a table. Columns of user fields are not here: `store.mirror.add_columns` makes them when they are first seen.
"""

from __future__ import annotations

from sqlite_utils import Database, Migrations

MIGRATIONS = Migrations("mirror")

_PERSON = """honorific TEXT, name TEXT, second_name TEXT, last_name TEXT, birthdate TEXT, post TEXT"""
_KEPT = """comments TEXT, source_id TEXT, source_description TEXT, originator_id TEXT, origin_id TEXT,
    utm_source TEXT, utm_medium TEXT, utm_campaign TEXT, utm_content TEXT, utm_term TEXT,
    opened INTEGER, assigned_by_id INTEGER, created_by INTEGER, updated_by INTEGER,
    created_time TEXT, updated_time TEXT, last_activity_by INTEGER, last_activity_time TEXT"""
_REACHED = """has_phone INTEGER, has_email INTEGER, has_imol INTEGER"""
_MOVED = """stage_id TEXT, stage_semantic_id TEXT, moved_by INTEGER, moved_time TEXT, company_id INTEGER, contact_id INTEGER,
    currency_id TEXT, opportunity REAL, is_manual_opportunity INTEGER, is_return_customer INTEGER"""

_RECORDS = (
    f"CREATE TABLE contact (id INTEGER PRIMARY KEY, {_PERSON}, {_KEPT}, {_REACHED}, type_id TEXT, category_id INTEGER, company_id INTEGER, "
    "lead_id INTEGER, export INTEGER, origin_version TEXT)",
    f"CREATE TABLE company (id INTEGER PRIMARY KEY, title TEXT, {_KEPT}, {_REACHED}, type_id TEXT, category_id INTEGER, lead_id INTEGER, "
    "address_legal TEXT, banking_details TEXT, industry TEXT, employees TEXT, currency_id TEXT, revenue REAL, is_my_company INTEGER, "
    "origin_version TEXT)",
    f"CREATE TABLE lead (id INTEGER PRIMARY KEY, title TEXT, {_PERSON}, {_KEPT}, {_REACHED}, {_MOVED}, company_title TEXT, "
    "status_description TEXT, date_closed TEXT)",
    f"CREATE TABLE deal (id INTEGER PRIMARY KEY, title TEXT, {_KEPT}, {_MOVED}, type_id TEXT, category_id INTEGER, is_new INTEGER, "
    "is_recurring INTEGER, is_repeated_approach INTEGER, closed INTEGER, probability INTEGER, tax_value REAL, quote_id INTEGER, "
    "lead_id INTEGER, begindate TEXT, closedate TEXT, location_id TEXT, additional_info TEXT)",
    "CREATE TABLE product_row (id INTEGER PRIMARY KEY, owner_type TEXT, owner_id INTEGER, product_id INTEGER, product_name TEXT, "
    "price REAL, price_exclusive REAL, price_netto REAL, price_brutto REAL, quantity REAL, discount_type_id INTEGER, discount_rate REAL, "
    "discount_sum REAL, tax_rate REAL, tax_included INTEGER, measure_code INTEGER, measure_name TEXT, sort INTEGER, type INTEGER, "
    "xml_id TEXT)",
    "CREATE TABLE deal_contact (deal_id INTEGER NOT NULL, contact_id INTEGER NOT NULL, position INTEGER NOT NULL, "
    "PRIMARY KEY (deal_id, contact_id))",
    "CREATE TABLE contact_company (contact_id INTEGER NOT NULL, company_id INTEGER NOT NULL, position INTEGER NOT NULL, "
    "PRIMARY KEY (contact_id, company_id))",
    "CREATE TABLE communication (entity TEXT NOT NULL, entity_id INTEGER NOT NULL, id INTEGER NOT NULL, kind TEXT, value_type TEXT, "
    "value TEXT, PRIMARY KEY (entity, entity_id, id))",
)

_DICTIONARIES = (
    "CREATE TABLE stage (entity TEXT NOT NULL, category_id INTEGER NOT NULL, id TEXT NOT NULL, title TEXT, semantics TEXT, sort INTEGER, "
    "color TEXT, PRIMARY KEY (entity, category_id, id))",
    "CREATE TABLE category (id INTEGER PRIMARY KEY, title TEXT, sort INTEGER, is_default INTEGER)",
    "CREATE TABLE employee (id INTEGER PRIMARY KEY, name TEXT, email TEXT, is_active INTEGER, department_ids TEXT, position TEXT)",
    "CREATE TABLE currency (id TEXT PRIMARY KEY, title TEXT, is_base INTEGER, rate REAL)",
    "CREATE TABLE user_field (entity TEXT NOT NULL, name TEXT NOT NULL, column_name TEXT NOT NULL, kind TEXT, title_ru TEXT, "
    "title_en TEXT, is_multiple INTEGER, items TEXT, PRIMARY KEY (entity, name))",
    "CREATE TABLE dictionary (kind TEXT NOT NULL, id TEXT NOT NULL, title TEXT, sort INTEGER, PRIMARY KEY (kind, id))",
)

_WORK = (
    "CREATE TABLE change (entity TEXT NOT NULL, record_id INTEGER NOT NULL, kind TEXT NOT NULL, seen_at TEXT NOT NULL, mark TEXT NOT NULL, "
    "PRIMARY KEY (entity, record_id))",
    # Clients whose facts and memberships are older than their records.
    "CREATE TABLE due_client (client_key TEXT PRIMARY KEY, mark TEXT NOT NULL)",
    'CREATE TABLE "cursor" (name TEXT PRIMARY KEY, value TEXT)',
    "CREATE TABLE progress (job TEXT NOT NULL, step TEXT NOT NULL, position INTEGER NOT NULL, title_key TEXT, state TEXT NOT NULL, "
    "done INTEGER, total INTEGER, note TEXT, started_at TEXT, finished_at TEXT, PRIMARY KEY (job, step))",
)

_CLIENTS = (
    "CREATE TABLE client (key TEXT PRIMARY KEY, kind TEXT NOT NULL, entity_id INTEGER NOT NULL, title TEXT, responsible_id INTEGER, "
    "phone TEXT, email TEXT)",
    "CREATE TABLE client_fact (client_key TEXT PRIMARY KEY, purchases INTEGER, revenue REAL, first_purchase TEXT, last_purchase TEXT)",
    "CREATE TABLE membership (segment_key TEXT NOT NULL, client_key TEXT NOT NULL, entered_at TEXT NOT NULL, left_at TEXT, reasons TEXT, "
    "PRIMARY KEY (segment_key, client_key, entered_at))",
    'CREATE TABLE offer ("key" TEXT PRIMARY KEY, deal_id INTEGER NOT NULL, state TEXT NOT NULL, template TEXT, document_id INTEGER, '
    "number TEXT, title TEXT, url TEXT, pdf_url TEXT, error TEXT, created_at TEXT, updated_at TEXT)",
    "CREATE TABLE robot_call (event_token TEXT PRIMARY KEY, robot TEXT NOT NULL, deal_id INTEGER, properties TEXT, state TEXT NOT NULL, "
    "answer TEXT, attempts INTEGER NOT NULL DEFAULT 0, error TEXT, received_at TEXT, finished_at TEXT)",
)

_INDEXES = (
    "CREATE INDEX contact_company_id ON contact (company_id)",
    "CREATE INDEX deal_company_id ON deal (company_id)",
    "CREATE INDEX deal_contact_id ON deal (contact_id)",
    "CREATE INDEX product_row_owner_id ON product_row (owner_id)",
    "CREATE INDEX deal_contact_contact_id ON deal_contact (contact_id)",
    "CREATE INDEX contact_company_company_id ON contact_company (company_id)",
    "CREATE INDEX communication_value ON communication (kind, value)",
    "CREATE INDEX client_responsible_id ON client (responsible_id)",
    "CREATE INDEX membership_client_key ON membership (client_key)",
    "CREATE UNIQUE INDEX membership_current ON membership (segment_key, client_key) WHERE left_at IS NULL",
    "CREATE INDEX offer_deal_id ON offer (deal_id)",
    "CREATE INDEX robot_call_deal_id ON robot_call (deal_id)",
)


@MIGRATIONS()
def create_first_tables(db: Database) -> None:
    """All tables of the first release."""
    for statement in _RECORDS + _DICTIONARIES + _WORK + _CLIENTS + _INDEXES:
        db.execute(statement)


@MIGRATIONS()
def add_terms_of_offers(db: Database) -> None:
    """What an offer promised, when it was asked for, where it was told of."""
    terms = ("amount REAL", "currency TEXT", "valid_until TEXT", "public_url TEXT", "asked_at TEXT")
    for column in (*terms, "comment_id INTEGER", "comment_error TEXT"):
        db.execute(f"ALTER TABLE offer ADD COLUMN {column}")


_WIDER_CLIENTS = (
    *(f"ALTER TABLE client ADD COLUMN {column}" for column in ("search TEXT", "last_activity TEXT")),
    *(
        f"ALTER TABLE client_fact ADD COLUMN {column}"
        for column in ("average_purchase REAL", "open_deals INTEGER", "open_sum REAL", "last_activity TEXT")
    ),
    "CREATE TABLE client_contact (contact_id INTEGER PRIMARY KEY, client_key TEXT NOT NULL)",
    "CREATE TABLE client_deal (deal_id INTEGER PRIMARY KEY, client_key TEXT NOT NULL, state TEXT, amount REAL, bought_on TEXT, "
    "last_activity TEXT)",
    "CREATE TABLE fact (key TEXT PRIMARY KEY, position INTEGER NOT NULL, kind TEXT NOT NULL, since TEXT, words TEXT NOT NULL)",
    "CREATE TABLE segment_state (segment_key TEXT PRIMARY KEY, members INTEGER NOT NULL, unknown INTEGER NOT NULL, day TEXT NOT NULL, "
    "refreshed_at TEXT NOT NULL, mark TEXT, problem TEXT)",
    "CREATE INDEX client_contact_client_key ON client_contact (client_key)",
    "CREATE INDEX client_deal_client_key ON client_deal (client_key, state, bought_on, amount, last_activity)",
    "CREATE INDEX client_search ON client (search)",
)


@MIGRATIONS()
def widen_clients(db: Database) -> None:
    """Whose a contact or a deal is, the facts' own catalogue, what a segment's last refresh found."""
    for statement in _WIDER_CLIENTS:
        db.execute(statement)


_HISTORY = "id INTEGER PRIMARY KEY, type_id INTEGER, owner_id INTEGER, created_time TEXT, stage_id TEXT, stage_semantic_id TEXT"
_WIDER_MIRROR = (
    f"CREATE TABLE lead_stage_history ({_HISTORY})",
    f"CREATE TABLE deal_stage_history ({_HISTORY}, category_id INTEGER)",
    "CREATE TABLE activity (id INTEGER PRIMARY KEY, type_id INTEGER, status INTEGER, priority INTEGER, direction INTEGER, "
    "owner_type_id INTEGER, owner_id INTEGER, responsible_id INTEGER, author_id INTEGER, editor_id INTEGER, "
    "associated_entity_id INTEGER, provider_id TEXT, provider_type_id TEXT, subject TEXT, originator_id TEXT, origin_id TEXT, "
    "completed INTEGER, created TEXT, last_updated TEXT, start_time TEXT, end_time TEXT, deadline TEXT)",
    "CREATE TABLE activity_party (activity_id INTEGER NOT NULL, position INTEGER NOT NULL, entity_type_id INTEGER, entity_id INTEGER, "
    "kind TEXT, value TEXT, PRIMARY KEY (activity_id, position))",
    "CREATE TABLE department (id INTEGER PRIMARY KEY, sort INTEGER, name TEXT, parent_id INTEGER, head_id INTEGER)",
    # What deals call a product is the newest of their rows; a row without an id is no catalogue product.
    "CREATE VIEW product AS SELECT known.product_id AS id, newest.product_name AS name, known.deals FROM (SELECT product_id, "
    "max(id) AS last_id, count(DISTINCT owner_id) AS deals FROM product_row WHERE product_id IS NOT NULL GROUP BY product_id) AS known "
    "JOIN product_row AS newest ON newest.id = known.last_id",
    "CREATE INDEX lead_stage_history_owner_id ON lead_stage_history (owner_id)",
    "CREATE INDEX deal_stage_history_owner_id ON deal_stage_history (owner_id)",
    "CREATE INDEX activity_owner ON activity (owner_type_id, owner_id)",
    "CREATE INDEX activity_party_entity ON activity_party (entity_type_id, entity_id)",
    *(f"ALTER TABLE progress ADD COLUMN {column}" for column in ("requests INTEGER", "resumed_at TEXT", "resumed_done INTEGER")),
    # One line an entity of every full comparison: what differed, what was repaired, what is left.
    "CREATE TABLE certificate (id INTEGER NOT NULL, entity TEXT NOT NULL, kind TEXT NOT NULL, started_at TEXT NOT NULL, "
    "finished_at TEXT NOT NULL, rows_here INTEGER, rows_there INTEGER, missing_here INTEGER, extra_here INTEGER, stale INTEGER, "
    "repaired INTEGER, live INTEGER, remaining INTEGER, requests INTEGER, PRIMARY KEY (id, entity))",
    "CREATE TABLE difference (certificate_id INTEGER NOT NULL, entity TEXT NOT NULL, record_id INTEGER NOT NULL, kind TEXT NOT NULL, "
    "PRIMARY KEY (certificate_id, entity, record_id))",
    "CREATE TABLE alarm (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, entity TEXT NOT NULL, record_id INTEGER NOT NULL, "
    "certificate_id INTEGER NOT NULL, times INTEGER NOT NULL, raised_at TEXT NOT NULL, last_at TEXT NOT NULL)",
    "CREATE UNIQUE INDEX alarm_about ON alarm (kind, entity, record_id)",
)


@MIGRATIONS()
def widen_mirror(db: Database) -> None:
    """Activities, histories of stages, departments, products as deals name them; certificates and alarms; what a step has cost."""
    for statement in _WIDER_MIRROR:
        db.execute(statement)
