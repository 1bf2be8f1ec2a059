"""Later tables and columns of <member_id>.db that belong to offers: what became of each, entries into stages, steps done once.

Registered with the mirror's own migrations; append only, like they are.
"""

from __future__ import annotations

from sqlite_utils import Database

from b24app.store.migrations.mirror import MIGRATIONS

_COLUMNS = (
    # For whom, by which rule, in whose hands: as it was when the offer was made, so that later moves rewrite no history.
    "rule_key TEXT, client_key TEXT, client_title TEXT, responsible_id INTEGER, segments TEXT, options TEXT",
    # How it was made, from which state of the deal, what has to be known about it, which version of which offer it is.
    "way TEXT, mark TEXT, remarks TEXT, version INTEGER, replaces TEXT, replaced_by TEXT",
    # What became of it. `token` is in the link that the client opens.
    "token TEXT, sent_at TEXT, opened_at TEXT, marked_by INTEGER",
)
_LIFE = (
    *(f"ALTER TABLE offer ADD COLUMN {column}" for line in _COLUMNS for column in line.split(", ")),
    # One line a deal's entry into a rule's stage. state: waiting | done | skipped | refused | failed.
    "CREATE TABLE offer_entry (key TEXT PRIMARY KEY, rule_key TEXT NOT NULL, deal_id INTEGER NOT NULL, entered_at TEXT NOT NULL, "
    "state TEXT NOT NULL, reasons TEXT, attempts INTEGER NOT NULL DEFAULT 0, unended INTEGER NOT NULL DEFAULT 0, next_at TEXT NOT NULL, "
    "offer_key TEXT, created_at TEXT NOT NULL, updated_at TEXT NOT NULL)",
    "CREATE UNIQUE INDEX offer_entry_of ON offer_entry (rule_key, deal_id, entered_at)",
    "CREATE INDEX offer_entry_waiting ON offer_entry (next_at) WHERE state = 'waiting'",
    # What is done once for an offer (a todo, a notice, a link): asked before, done after, looked up in between.
    "CREATE TABLE offer_step (offer_key TEXT NOT NULL, step TEXT NOT NULL, state TEXT NOT NULL, ref TEXT, asked_at TEXT NOT NULL, "
    "error TEXT, PRIMARY KEY (offer_key, step))",
    "CREATE INDEX deal_stage_moved ON deal (stage_id, moved_time)",
    "CREATE INDEX offer_token ON offer (token) WHERE token IS NOT NULL",
)


@MIGRATIONS()
def add_life_of_offers(db: Database) -> None:
    """Columns of offers, entries into stages, steps."""
    for statement in _LIFE:
        db.execute(statement)


_SIGHTINGS = (
    # An entry may be seen standing in the stage and in the history of stages: every sight points at its one entry.
    "CREATE TABLE offer_sighting (rule_key TEXT NOT NULL, deal_id INTEGER NOT NULL, sign TEXT NOT NULL, entry_key TEXT NOT NULL, "
    "PRIMARY KEY (rule_key, deal_id, sign))",
    "INSERT INTO offer_sighting (rule_key, deal_id, sign, entry_key) "
    "SELECT rule_key, deal_id, 'moved:' || entered_at, key FROM offer_entry",
    "CREATE INDEX deal_stage_history_entered ON deal_stage_history (stage_id, created_time)",
)


@MIGRATIONS()
def add_sightings_of_entries(db: Database) -> None:
    """By what an entry was seen."""
    for statement in _SIGHTINGS:
        db.execute(statement)
