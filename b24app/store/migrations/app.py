"""The tables of `app.db`."""

from sqlite_utils import Database, Migrations

MIGRATIONS = Migrations("app")


@MIGRATIONS()
def portal(db: Database) -> None:
    """Who installed us, and what belongs to each of them."""
    db.execute(
        """CREATE TABLE portal (
            member_id TEXT PRIMARY KEY,
            url TEXT NOT NULL,
            state TEXT NOT NULL DEFAULT 'installing',
            lang TEXT NOT NULL DEFAULT 'ru',
            utc_offset INTEGER NOT NULL DEFAULT 0,
            time_zone TEXT NOT NULL DEFAULT '',
            currency TEXT NOT NULL DEFAULT 'RUB',
            installed_by INTEGER NOT NULL DEFAULT 0,
            scope TEXT NOT NULL DEFAULT '[]',
            created_at TEXT NOT NULL,
            updated_at TEXT NOT NULL
        )"""
    )
    db.execute(
        """CREATE TABLE secret (
            member_id TEXT NOT NULL,
            name TEXT NOT NULL,
            sealed BLOB NOT NULL,
            updated_at TEXT NOT NULL,
            PRIMARY KEY (member_id, name)
        )"""
    )


@MIGRATIONS()
def setting(db: Database) -> None:
    """Settings and definitions: JSON under a name."""
    db.execute(
        """CREATE TABLE setting (
            member_id TEXT NOT NULL,
            key TEXT NOT NULL,
            value TEXT NOT NULL,
            updated_at TEXT NOT NULL,
            PRIMARY KEY (member_id, key)
        )"""
    )
    db.execute(
        """CREATE TABLE segment (
            member_id TEXT NOT NULL,
            key TEXT NOT NULL,
            definition TEXT NOT NULL,
            created_at TEXT NOT NULL,
            updated_at TEXT NOT NULL,
            PRIMARY KEY (member_id, key)
        )"""
    )


@MIGRATIONS()
def access(db: Database) -> None:
    """How we got into a portal: installed as an application, or by an incoming webhook."""
    db.execute("ALTER TABLE portal ADD COLUMN access TEXT NOT NULL DEFAULT 'app'")


@MIGRATIONS()
def journal(db: Database) -> None:
    """Who decided what about the app, from what to what: JSON before and after. `user_id` 0: the administrator of the server."""
    db.execute(
        """CREATE TABLE journal (
            id INTEGER PRIMARY KEY,
            member_id TEXT NOT NULL,
            at TEXT NOT NULL,
            user_id INTEGER NOT NULL,
            kind TEXT NOT NULL,
            about TEXT NOT NULL,
            before TEXT,
            after TEXT
        )"""
    )
    db.execute("CREATE INDEX journal_of_portal ON journal (member_id, at)")
