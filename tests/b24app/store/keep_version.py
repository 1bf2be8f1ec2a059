"""Keeps today's stores for the tests of later versions: `python -m tests.b24app.store.keep_version`, once a release with a migration.

Two rows in every table, made from the columns alone, as SQL that any SQLite reads.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from b24app.store.database import open_writer
from tests.b24app.store.test_versions import KINDS, STORES, tables

APPLIED = re.compile(r"INSERT INTO \"_sqlite_migrations\" VALUES\(\d+,'(\w+)','(\w+)'")
MOMENT = re.compile(r"'20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\.\d+\+00:00'")
NUMBERS = {"INTEGER": 0, "INT": 0, "REAL": 0.5, "FLOAT": 0.5}
# The text of a column by the end of its name; what is not here is the name and a number.
TEXTS = {
    "client_key": "C_{n}",
    "member_id": "m{n}",
    "left_at": None,
    "_at": "2025-03-0{n}T10:00:00Z",
    "_time": "2025-03-0{n}T10:00:00Z",
    "at": "2025-03-0{n}T10:00:00Z",
    "day": "2025-03-0{n}",
    "_on": "2025-03-0{n}",
    "date": "2025-03-0{n}",
    "scope": '["crm"]',
    "body": '{"name": "ONCRMDEALADD", "entity_id": {n}}',
}
# The same for one table alone.
OWN = {("client", "key"): "C_{n}", ("client", "kind"): "contact"}


def fill(db: Database) -> None:
    """Put two rows into every table."""
    for table in tables(db):
        columns = [(row[1], row[2].upper()) for row in db.execute(f'PRAGMA table_info("{table}")')]
        names = ", ".join(f'"{name}"' for name, _ in columns)
        for number in (1, 2):
            row = [value_of(table, name, kind, number) for name, kind in columns]
            db.conn.execute(f'INSERT INTO "{table}" ({names}) VALUES ({", ".join("?" * len(row))})', row)
    db.conn.commit()


def value_of(table: str, name: str, kind: str, number: int) -> Any:
    """Return what a row holds in a column."""
    if kind in NUMBERS:
        return number + NUMBERS[kind]
    if kind == "BLOB":
        return f"sealed {number}".encode()
    text = OWN.get((table, name), next((text for end, text in TEXTS.items() if name.endswith(end)), f"{name} {{n}} ё"))
    return text and text.replace("{n}", str(number))


def dump(kind: str, folder: Path) -> str:
    """Return a new store of a kind as SQL."""
    db = open_writer(folder / f"{kind}.db", KINDS[kind])
    try:
        fill(db)
        return MOMENT.sub("'2026-01-01 00:00:00+00:00'", "\n".join(db.conn.iterdump())) + "\n"
    finally:
        db.close()


def keep(kind: str, text: str) -> Iterator[Path]:
    """Write it as the next version, unless its migrations are those of the newest one."""
    known = sorted((STORES / kind).glob("*.sql"))
    if not known or set(APPLIED.findall(known[-1].read_text(encoding="utf-8"))) != set(APPLIED.findall(text)):
        path = STORES / kind / f"{len(known) + 1:02}.sql"
        path.write_text(text, encoding="utf-8")
        yield path


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        for one in KINDS:
            for made in keep(one, dump(one, Path(scratch))):
                sys.stdout.write(f"{made}\n")
