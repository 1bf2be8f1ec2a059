"""Later tables of <member_id>.db that belong to personal data: whose traces were erased, and how many there were.

Registered with the mirror's own migrations; append only, like they are.
"""

from __future__ import annotations

from sqlite_utils import Database

from b24app.store.migrations.mirror import MIGRATIONS


@MIGRATIONS()
def remember_erasures(db: Database) -> None:
    """One line a card that is gone: its number, which says nothing of the person, and the rows by table (JSON)."""
    db.execute(
        "CREATE TABLE erasure (id INTEGER PRIMARY KEY, at TEXT NOT NULL, entity TEXT NOT NULL, record_id INTEGER NOT NULL, found TEXT)"
    )
    db.execute("CREATE INDEX erasure_at ON erasure (at)")
