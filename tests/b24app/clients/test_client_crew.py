"""A large base is counted by processes that read: they come out as one alone, and nothing older is written over what is newer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from b24app.clients import crew, update
from b24app.clients.update import update_changed, update_clients
from b24app.store.database import open_writer
from b24app.store.migrations.mirror import MIGRATIONS
from b24app.store.mirror import PortalStore


@pytest.fixture
def shop(base: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A base in a file that is large enough for a crew: six people, two companies, a purchase or two each."""
    base.store.close()
    base.store = PortalStore(open_writer(tmp_path / "m1.db", MIGRATIONS), writable=True)
    base.ctx = replace(base.ctx, store=base.store)
    for number in range(1, 7):
        base.contact(number, [10 + number % 2] if number < 3 else ())
        base.communication("contact", number, "PHONE", f"+7916000000{number}")
        base.deal(number, contacts=[number], won=f"2025-0{number}-01")
    for number in (10, 11):
        base.company(number)
        base.deal(number, company=number, won="2025-05-05")
    monkeypatch.setattr(update, "CLIENTS", 2)
    return base


def everything(base: Any) -> list[Any]:
    """Return all cards and facts."""
    return [base.store.rows(f"SELECT * FROM {table} ORDER BY number") for table in ("client", "client_fact")]


def test_crew_comes_out_as_one_alone(shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cards and facts are the same, from nothing and again."""
    update_clients(shop.ctx)
    alone = everything(shop)
    monkeypatch.setattr(update, "ALONE", 0)

    update_clients(shop.ctx)

    assert everything(shop) == alone
    assert len(alone[1]) == 6


def test_client_counted_meanwhile_stays_as_he_is(shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the crew has read before a change is not written over it."""
    update_clients(shop.ctx)
    learned, terms = update.load_learned(shop.store), crew.terms_of(shop.ctx, update.read_choices(shop.ctx))
    with PortalStore(update_reader(shop), writable=False) as reader:
        old = crew.count(reader, terms, learned, ["C_3"])
    shop.deal(100, contacts=[3], won="2025-06-01")
    update_changed(shop.ctx, {"deal": [100]})

    update._save(shop.ctx, ["C_3"], terms, learned, old)

    assert shop.facts("C_3")["purchases"] == 2


def test_crew_that_is_gone_leaves_the_work_to_one(shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The processes end at once: everybody is counted all the same."""
    monkeypatch.setattr(update, "ALONE", 0)
    monkeypatch.setattr(crew.sys, "executable", "/bin/true")

    update_clients(shop.ctx)

    assert len(everything(shop)[1]) == 6


def test_index_of_deals_is_there_after_filling(shop: Any) -> None:
    """It is put aside only while the table is empty."""
    update_clients(shop.ctx)

    assert shop.store.row("SELECT name FROM sqlite_master WHERE name = 'client_deal_client_key'") is not None


def update_reader(base: Any) -> Any:
    """Open the base for reading."""
    return crew.open_reader(base.store.path())
