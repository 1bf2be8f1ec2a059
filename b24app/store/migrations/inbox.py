"""The tables of `inbox.db`."""

from sqlite_utils import Database, Migrations

MIGRATIONS = Migrations("inbox")


@MIGRATIONS()
def message(db: Database) -> None:
    """All that comes in. AUTOINCREMENT: an id is never given twice, or a cursor would pass over what is new."""
    db.execute(
        """CREATE TABLE message (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            received_at TEXT NOT NULL,
            kind TEXT NOT NULL,
            member_id TEXT NOT NULL,
            key TEXT NOT NULL,
            body TEXT NOT NULL
        )"""
    )
    db.execute("CREATE INDEX message_of_portal ON message (member_id, id)")
