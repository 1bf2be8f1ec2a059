"""A small base of clients in a real store, told like a story: `base.company(7)`, `base.deal(1, company=7, won="2025-03-01")`."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

from b24app.clients.update import update_clients
from b24app.context import Context, Portal, Viewer
from b24app.store.database import migrate
from b24app.store.migrations.mirror import MIGRATIONS
from b24app.store.mirror import PortalStore
from b24app.store.settings import AppStore


class Base:
    """A mirror in memory and a context of the system; `at` is what the clock says, in UTC."""

    def __init__(self, app_store: AppStore) -> None:
        db = Database(memory=True)
        migrate(db, MIGRATIONS)
        self.store = PortalStore(db, writable=True)
        self.at = datetime(2025, 6, 15, 12, 0, tzinfo=UTC)
        portal = Portal(member_id="m1", url="https://example.bitrix24.ru", time_zone="Europe/Moscow")
        nothing: Any = None
        log = logging.LoggerAdapter(logging.getLogger("test"), {})
        self.ctx = Context(portal, Viewer.system(), nothing, app_store, self.store, nothing, log, clock=lambda: self.at)

    def save(self, table: str, **row: Any) -> None:
        """Overwrite a row."""
        names = ", ".join(row)
        with self.store.write() as db:
            db.conn.execute(f"REPLACE INTO {table} ({names}) VALUES ({', '.join('?' * len(row))})", list(row.values()))

    def delete(self, table: str, record_id: int) -> None:
        """Delete a row by id."""
        with self.store.write() as db:
            db.conn.execute(f"DELETE FROM {table} WHERE id = ?", (record_id,))

    def company(self, number: int, **columns: Any) -> str:
        """Save a company; return its key as a client."""
        self.save("company", id=number, **{"title": f"Company {number}", "assigned_by_id": 1, **columns})
        return f"CO_{number}"

    def contact(self, number: int, companies: Sequence[int] = (), **columns: Any) -> str:
        """Save a contact of these companies; return its key as a client (if it is one)."""
        first = companies[0] if companies else None
        names = {"name": "Contact", "last_name": str(number)}
        self.save("contact", id=number, **{**names, "assigned_by_id": 1, "company_id": first, **columns})
        for position, company in enumerate(companies):
            self.save("contact_company", contact_id=number, company_id=company, position=position)
        return f"C_{number}"

    def deal(self, number: int, company: int | None = None, contacts: Sequence[int] = (), won: str | None = None, **columns: Any) -> None:
        """Save a deal; `won` is its closing date."""
        state = {"stage_semantic_id": "S", "closedate": won} if won else {"stage_semantic_id": "P"}
        links = {"company_id": company, "contact_id": contacts[0] if contacts else None}
        self.save("deal", id=number, **{"opportunity": 100.0, "currency_id": "RUB", **state, **links, **columns})
        for position, contact in enumerate(contacts):
            self.save("deal_contact", deal_id=number, contact_id=contact, position=position)

    def user_field(self, entity: str, name: str, kind: str = "date", **columns: Any) -> None:
        """Declare a user field and make its column."""
        titles = {"title_ru": f"Поле {name}", "title_en": f"Field {name}", "is_multiple": 0}
        self.save("user_field", entity=entity, name=name, column_name=name.lower(), kind=kind, **{**titles, **columns})
        types = {"double": "REAL", "integer": "INTEGER", "boolean": "INTEGER", "enumeration": "INTEGER"}
        storage = "TEXT" if columns.get("is_multiple") else types.get(kind, "TEXT")
        self.store.add_columns(entity, {name.lower(): storage})

    def communication(self, entity: str, owner: int, kind: str, value: str) -> None:
        """Give a card a phone or an e-mail."""
        self.save("communication", entity=entity, entity_id=owner, id=abs(hash(value)) % 10**9, kind=kind, value=value)

    def update(self) -> None:
        """Work out all clients."""
        update_clients(self.ctx)

    def keys(self) -> set[str]:
        """Return all clients."""
        return {row["key"] for row in self.store.rows("SELECT key FROM client")}

    def facts(self, key: str) -> dict[str, Any]:
        """Return the stored facts of a client."""
        row = self.store.row("SELECT * FROM client_fact WHERE client_key = ?", (key,))
        assert row is not None
        return row

    def seen_by(self, user_id: int, lang: str = "ru") -> Context:
        """Return the context of an employee who sees only his own clients."""
        return replace(self.ctx, viewer=Viewer(user_id, sees_all=False), lang=lang)


@pytest.fixture
def base(tmp_path: Path) -> Iterator[Base]:
    """An empty base."""
    app_store = AppStore(tmp_path / "app.db")
    found = Base(app_store)
    yield found
    found.store.close()
    app_store.close()
