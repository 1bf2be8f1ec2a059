"""Tables of <member_id>.db for the catalogue: its sections, and in which of them a product is.

Registered with the mirror's own migrations; append only, like they are.
"""

from __future__ import annotations

from sqlite_utils import Database

from b24app.store.migrations.mirror import MIGRATIONS

_CATALOGUE = (
    "CREATE TABLE product_section (id INTEGER PRIMARY KEY, title TEXT, parent_id INTEGER)",
    "CREATE TABLE catalog_product (id INTEGER PRIMARY KEY, section_id INTEGER, read_at TEXT NOT NULL)",
    "CREATE INDEX catalog_product_section_id ON catalog_product (section_id)",
)


@MIGRATIONS()
def add_catalogue(db: Database) -> None:
    """Sections, and products with theirs."""
    for statement in _CATALOGUE:
        db.execute(statement)
