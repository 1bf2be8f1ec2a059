"""Later tables and columns of <member_id>.db that belong to clients: more facts, what the base has taught, products bought together.

Registered with the mirror's own migrations; append only, like they are.
"""

from __future__ import annotations

from sqlite_utils import Database

from b24app.store.migrations.mirror import MIGRATIONS

_FACTS = (
    "median_purchase REAL, lifetime INTEGER, frequency REAL, lost_deals INTEGER, last_lost TEXT, lost_reason TEXT",
    "rhythm REAL, next_purchase TEXT, overdue_ratio REAL, retention TEXT, upsell_window INTEGER",
    "ltv REAL, alive REAL, expected_purchases_90 REAL, expected_purchases_365 REAL, expected_revenue_90 REAL, expected_revenue_365 REAL",
    "ltv_predicted REAL, ltv_low REAL, ltv_high REAL, forecast TEXT",
    "r_score INTEGER, f_score INTEGER, m_score INTEGER, rfm_group TEXT, products_bought INTEGER, main_product TEXT",
    "last_contact TEXT, last_channel TEXT, last_begun_by TEXT, last_call TEXT, last_email TEXT, last_chat TEXT, last_message TEXT",
    "last_meeting TEXT, last_incoming TEXT, last_outgoing TEXT",
    "open_requests INTEGER, recent_requests INTEGER, last_request TEXT, open_complaints INTEGER, recent_complaints INTEGER",
    "has_phone INTEGER, has_email INTEGER, consent INTEGER, birthday TEXT, age INTEGER, sex TEXT, city TEXT, source TEXT",
    "responsible TEXT, key_date TEXT, days_to_key_date INTEGER",
)
_LEARNED = (
    *(f"ALTER TABLE client_fact ADD COLUMN {column}" for line in _FACTS for column in line.split(", ")),
    "ALTER TABLE fact ADD COLUMN fact_group TEXT",
    "CREATE TABLE model (name TEXT PRIMARY KEY, learned_at TEXT NOT NULL, parameters TEXT NOT NULL)",
    "CREATE TABLE rhythm_group (product_id INTEGER PRIMARY KEY, mean REAL NOT NULL)",
    "CREATE TABLE product_pair (product_a INTEGER NOT NULL, product_b INTEGER NOT NULL, clients_a INTEGER NOT NULL, "
    "clients_b INTEGER NOT NULL, clients_both INTEGER NOT NULL, PRIMARY KEY (product_a, product_b))",
    "CREATE INDEX product_pair_product_b ON product_pair (product_b)",
    # Whoever was counted before these columns is to be counted again.
    "INSERT INTO due_client (client_key, mark) SELECT '*', 'add_more_facts' WHERE EXISTS (SELECT 1 FROM client) "
    "ON CONFLICT (client_key) DO NOTHING",
)


@MIGRATIONS()
def add_more_facts(db: Database) -> None:
    """Rhythm, value, RFM, contact, support, card; what models have learned; pairs of products."""
    for statement in _LEARNED:
        db.execute(statement)


# All that facts ask of a client's talks and purchases is in the index: half the time of a full count went into finding the rows.
_COVERING = (
    "DROP INDEX activity_owner",
    "CREATE INDEX activity_owner ON activity (owner_type_id, owner_id, type_id, provider_id, direction, completed, start_time, created, "
    "subject)",
    "DROP INDEX product_row_owner_id",
    "CREATE INDEX product_row_owner_id ON product_row (owner_id, owner_type, product_id, product_name)",
)


@MIGRATIONS()
def widen_indexes_for_facts(db: Database) -> None:
    """Indexes of activities and product rows that answer alone."""
    for statement in _COVERING:
        db.execute(statement)


_NUMBERED = ("client", "client_fact")
_NUMBERS = (
    "CREATE INDEX client_responsible_id ON client (responsible_id)",
    "CREATE INDEX client_search ON client (search)",
)
# The number of a client out of his key, as `store.clients.number_of` has it.
_NUMBER = "CASE WHEN {0} LIKE 'CO%' THEN 1099511627776 + CAST(SUBSTR({0}, 4) AS INTEGER) ELSE CAST(SUBSTR({0}, 3) AS INTEGER) END AS number"


@MIGRATIONS()
def number_clients(db: Database) -> None:
    """Clients and their facts lie in the order of one number, so that a walk over both looks nothing up."""
    for table in _NUMBERED:
        columns = list(db.execute("SELECT name, type FROM pragma_table_info(?)", (table,)))
        key, rest = columns[0][0], ", ".join(f"{name} {kind}" for name, kind in columns[1:])
        names = ", ".join(name for name, _ in columns)
        db.execute(f"CREATE TABLE numbered (number INTEGER PRIMARY KEY, {key} TEXT NOT NULL UNIQUE, {rest})")
        db.execute(f"INSERT INTO numbered (number, {names}) SELECT {_NUMBER.format(key)}, {names} FROM {table} ORDER BY 1")
        db.execute(f"DROP TABLE {table}")
        db.execute(f"ALTER TABLE numbered RENAME TO {table}")
    for statement in _NUMBERS:
        db.execute(statement)
