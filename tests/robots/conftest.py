"""A small base of clients with a portal beside it; a call of any robot is one line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from b24app.segments.definitions import ensure_presets
from b24app.segments.membership import refresh
from b24app.store.calls import find_call
from b24app.store.settings import AppStore
from robots.run import run_call
from tests.b24app.conftest import Base
from tests.robots.office import Office

CLIENT, NEWCOMER = "CO_1", "C_9"
DEAL, EMPTY_DEAL, LEAD, PROCESS_ITEM = 100, 101, 50, 7


class Shop(Base):
    """A company that buys coffee every month, a newcomer, deals of both; what the worker does is done by `count`."""

    def __init__(self, app_store: AppStore) -> None:
        super().__init__(app_store)
        self.office = Office()
        anything: Any = self.office
        self.ctx = replace(self.ctx, bitrix=anything)
        self.calls = 0

    def count(self) -> None:
        """Work out clients and memberships."""
        self.update()
        refresh(self.ctx)

    def pass_by(self, **span: float) -> None:
        """Let time pass."""
        self.at += timedelta(**span)

    def call(self, robot: str, entity: str = "deal", entity_id: int = DEAL, timeout: int = 0, **properties: Any) -> str:
        """Have a robot called by a workflow; return the event token."""
        self.calls += 1
        token = f"token-{self.calls}"
        run_call(self.ctx, self.payload(token, robot, (entity, entity_id), timeout, properties))
        return token

    def payload(self, token: str, robot: str, record: tuple[str, int], timeout: int, properties: dict[str, Any]) -> dict[str, Any]:
        """Return what the queue brings for a record (entity, number)."""
        about = {"robot": robot, "event_token": token, "entity": record[0], "entity_id": record[1], "properties": properties}
        return {**about, "waits": True, "timeout": timeout, "ts": int(self.at.timestamp())}

    def answer(self, robot: str, entity: str = "deal", entity_id: int = DEAL, **properties: Any) -> dict[str, Any]:
        """Have a robot called; return the values that the workflow got."""
        return dict(self.office.answers[self.call(robot, entity, entity_id, **properties)]["return_values"])

    def row(self, token: str) -> dict[str, Any]:
        """Return the journal's row of a call."""
        found = find_call(self.store, token)
        assert found
        return found


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """The shop as it is on 15 June 2025 at 15:00 in Moscow, a Sunday."""
    app_store = AppStore(tmp_path / "app.db")
    made = Shop(app_store)
    made.company(1, title="ООО «Ромашка»", assigned_by_id=5)
    made.contact(2, companies=[1], name="Пётр", last_name="Ёлкин")
    made.contact(9, name="Новый", last_name="Клиент")
    for place, day in enumerate(("2025-02-12", "2025-03-14", "2025-04-13", "2025-05-13"), 1):
        made.deal(place, company=1, won=day, opportunity=1000.0)
        made.save("product_row", id=place, owner_type="D", owner_id=place, product_id=7, product_name="Кофе", type=1)
    made.deal(DEAL, company=1, contacts=[2], assigned_by_id=5, title="Новая поставка")
    made.deal(EMPTY_DEAL)
    made.save("lead", id=LEAD, title="Обращение", contact_id=9, assigned_by_id=3)
    ensure_presets(made.ctx)
    made.count()
    yield made
    made.store.close()
    app_store.close()
