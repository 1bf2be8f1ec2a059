"""Later tables and columns of <member_id>.db that belong to robots: a call's whole story, touches that were planned.

Registered with the mirror's own migrations; append only, like they are.
"""

from __future__ import annotations

import hashlib

from sqlite_utils import Database

from b24app.store.migrations.mirror import MIGRATIONS

_CALLS = (
    *(
        f"ALTER TABLE robot_call ADD COLUMN {column}"
        for column in (
            "call_id TEXT",  # a name that may be shown: the event token may not
            "entity TEXT",
            "entity_id INTEGER",
            "is_awaited INTEGER",  # does the workflow wait for an answer
            "deadline TEXT",  # after which it goes on alone
            "tries INTEGER NOT NULL DEFAULT 0",
            "said TEXT",  # the line of the journal, by language
            "again_of TEXT",
            "client_key TEXT",  # for whose sake a pending call waits
            "wake_at TEXT",
            "stirred INTEGER NOT NULL DEFAULT 0",
        )
    ),
    "UPDATE robot_call SET entity = 'deal', entity_id = deal_id, is_awaited = 1",
    "CREATE INDEX robot_call_received ON robot_call (received_at)",
    "CREATE INDEX robot_call_pending ON robot_call (client_key) WHERE client_key IS NOT NULL",
)


@MIGRATIONS()
def tell_more_of_calls(db: Database) -> None:
    """Whose call it was, until when it is awaited, how often it was tried, what was said, for what it waits."""
    for statement in _CALLS:
        db.execute(statement)
    for (token,) in db.execute("SELECT event_token FROM robot_call").fetchall():
        call_id = hashlib.sha256(token.encode()).hexdigest()[:32]
        db.execute("UPDATE robot_call SET call_id = ? WHERE event_token = ?", (call_id, token))
    db.execute("CREATE UNIQUE INDEX robot_call_id ON robot_call (call_id)")


@MIGRATIONS()
def remember_touches(db: Database) -> None:
    """A touch that was planned once for a reason is not planned again for the same one."""
    db.execute(
        "CREATE TABLE touch (key TEXT PRIMARY KEY, client_key TEXT NOT NULL, reason TEXT NOT NULL, owner_type INTEGER NOT NULL, "
        "owner_id INTEGER NOT NULL, deadline TEXT NOT NULL, title TEXT NOT NULL, todo_id INTEGER, asked_at TEXT NOT NULL)"
    )
    db.execute("CREATE INDEX touch_client_key ON touch (client_key)")
