"""Later tables of <member_id>.db that belong to segments: lists, sizes by day, imports, what was written back.

Registered with the mirror's own migrations; append only, like they are.
"""

from __future__ import annotations

from sqlite_utils import Database

from b24app.store.migrations.mirror import MIGRATIONS

_LISTS = (
    # A list names cards, not clients: whose a contact is may change, the list stays what a person has put together.
    "CREATE TABLE list_member (list_key TEXT NOT NULL, entity TEXT NOT NULL, entity_id INTEGER NOT NULL, added_at TEXT NOT NULL, "
    "PRIMARY KEY (list_key, entity, entity_id))",
    "CREATE TABLE list_import (id TEXT PRIMARY KEY, list_key TEXT NOT NULL, at TEXT NOT NULL, name TEXT, matched INTEGER NOT NULL, "
    "several INTEGER NOT NULL, nobody INTEGER NOT NULL, invalid INTEGER NOT NULL, repeated INTEGER NOT NULL, lines TEXT NOT NULL)",
    "CREATE TABLE segment_size (segment_key TEXT NOT NULL, day TEXT NOT NULL, members INTEGER NOT NULL, revenue REAL, "
    "entered INTEGER NOT NULL, gone INTEGER NOT NULL, PRIMARY KEY (segment_key, day))",
    "CREATE TABLE written_back (entity TEXT NOT NULL, entity_id INTEGER NOT NULL, mark TEXT NOT NULL, written_at TEXT NOT NULL, "
    "PRIMARY KEY (entity, entity_id))",
    "CREATE INDEX list_member_entity ON list_member (entity, entity_id)",
    "CREATE INDEX list_import_list_key ON list_import (list_key, at)",
    "CREATE INDEX membership_history ON membership (segment_key, entered_at)",
    "CREATE INDEX product_row_product_id ON product_row (product_id)",
    "CREATE INDEX lead_company_id ON lead (company_id)",
    "CREATE INDEX lead_contact_id ON lead (contact_id)",
)


@MIGRATIONS()
def add_lists_and_sizes(db: Database) -> None:
    """What static lists, hygiene and write-back keep; indexes for rules over leads and products."""
    for statement in _LISTS:
        db.execute(statement)


@MIGRATIONS()
def measure_segments_daily(db: Database) -> None:
    """A day's size has a mark of its people: equal marks are the same people. Who came and went is told by memberships."""
    db.execute("DROP TABLE segment_size")
    db.execute(
        "CREATE TABLE segment_size (segment_key TEXT NOT NULL, day TEXT NOT NULL, members INTEGER NOT NULL, revenue REAL, mark TEXT, "
        "PRIMARY KEY (segment_key, day))"
    )


_ANSWERS = (
    # What every client was found to be by thirty segments at a time, two bits each: see `store.verdicts`.
    "CREATE TABLE segment_answer (slot INTEGER PRIMARY KEY, answers INTEGER NOT NULL)",
    "ALTER TABLE segment_state ADD COLUMN place INTEGER",
    "CREATE UNIQUE INDEX segment_state_place ON segment_state (place)",
)


@MIGRATIONS()
def keep_answers(db: Database) -> None:
    """The last answers of all segments in one row of numbers, by which a refresh finds the few that have changed."""
    for statement in _ANSWERS:
        db.execute(statement)
