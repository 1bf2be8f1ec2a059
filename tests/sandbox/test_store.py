"""The store: transactions, what waits for them, what survives a restart."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from sandbox.portal import Portal
from sandbox.store import CORE_SECTIONS, Section, Store

Ask = Callable[..., Any]


def test_records_keep_native_values(portal: Portal) -> None:
    """Dates, moments, flags and lists go in as Python has them and come out in one form."""
    moment = datetime.fromisoformat("2026-01-02T03:04:05+00:00")
    key = portal.store.insert(
        "deals", {"TITLE": "А", "BEGINDATE": date(2026, 1, 2), "DATE_CREATE": moment, "OPENED": True, "OPPORTUNITY": "5"}
    )
    deal = portal.store.get("deals", key) or {}

    shown = [deal[name] for name in ("BEGINDATE", "DATE_CREATE", "OPENED", "OPPORTUNITY", "IS_NEW", "CONTACT_IDS")]
    assert shown == ["2026-01-02", "2026-01-02T06:04:05+03:00", "Y", 5.0, "N", []]


def test_bulk_keeps_ids_and_children(portal: Portal) -> None:
    """insert_many keeps given ids, numbers the rest, and puts phones and links where they belong."""
    contacts = [{"ID": 7, "NAME": "А", "PHONE": [{"VALUE": "1", "VALUE_TYPE": "WORK"}], "COMPANY_IDS": [3, 4]}, {"NAME": "Б"}]

    assert portal.store.insert_many("contacts", contacts) == 2
    first, second = portal.store.get("contacts", 7) or {}, portal.store.get("contacts", 8) or {}
    assert (first["PHONE"][0]["VALUE"], first["COMPANY_ID"], first["COMPANY_IDS"], first["HAS_PHONE"]) == ("1", 3, [3, 4], "Y")
    assert (second["NAME"], "PHONE" in second, second["COMPANY_IDS"]) == ("Б", False, [])


def test_failed_write_leaves_nothing_and_tells_nobody(portal: Portal, ask: Ask) -> None:
    """Listeners hear after the outermost commit, and nothing after a rollback."""
    heard: list[str] = []
    portal.listeners.append(lambda change: heard.append(f"{change.section} {portal.store.count('deals')}"))

    def add_and_fail() -> None:
        with portal.store.write():
            ask("crm.deal.add", fields={"TITLE": "А"})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        add_and_fail()
    with portal.store.write():
        ask("crm.deal.add", fields={"TITLE": "Б"})
        ask("crm.deal.add", fields={"TITLE": "В"})
        assert heard == []

    assert heard == ["deals 2", "deals 2"]


def test_other_threads_do_not_see_what_is_not_committed(portal: Portal) -> None:
    """A reader in another thread sees the state before the transaction."""
    seen: list[int] = []

    with portal.store.write():
        portal.store.insert("deals", {"TITLE": "А"})
        reader = threading.Thread(target=lambda: seen.append(portal.store.count("deals")))
        reader.start()
        reader.join()
        seen.append(portal.store.count("deals"))

    assert seen == [0, 1]


def test_numbers_and_user_fields_survive_a_restart(portal: Portal, ask: Ask, tmp_path: Path) -> None:
    """A deleted record's number is not given again after a restart either; user fields are there with their values."""
    ask("crm.deal.userfield.add", fields={"FIELD_NAME": "NOTE", "USER_TYPE_ID": "string"})
    kept = ask("crm.deal.add", fields={"UF_CRM_NOTE": "x"})
    gone = ask("crm.deal.add", fields={})
    ask("crm.deal.delete", id=gone)

    again = Store(tmp_path / "portal.db")
    found, key = again.get("deals", kept), again.insert("deals", {"TITLE": "А"})
    again.close()

    assert found is not None
    assert (found["UF_CRM_NOTE"], key) == ("x", gone + 1)


def test_lower_case_knows_cyrillic(portal: Portal) -> None:
    """LOWER is Unicode's, as in the vendor's database."""
    assert portal.store.rows("SELECT LOWER('ЁЖ И Cat')") == [("ёж и cat",)]


def test_file_grows_with_the_declarations(tmp_path: Path) -> None:
    """A file of an earlier version gets new tables, columns and indexes at its next opening, and keeps its records."""
    before = Section.declare("notes", "ID:integer TEXT:string")
    after = Section.declare("notes", "ID:integer TEXT:string COLOUR:string", "COLOUR")
    first = Store(tmp_path / "one.db", (*CORE_SECTIONS, before))
    first.insert("notes", {"TEXT": "А"})
    first.close()
    second = Store(tmp_path / "one.db", (*CORE_SECTIONS, after, Section.declare("more", "ID:integer")))
    found, count = second.find("notes", {"COLOUR": None}), second.count("more")
    indexes = second.rows("SELECT name FROM sqlite_master WHERE name = 'ix_notes_colour'")
    second.close()

    assert ([one["TEXT"] for one in found], count, len(indexes)) == (["А"], 0, 1)


def test_column_is_there_for_others_when_it_is_committed(portal: Portal) -> None:
    """Whoever adds it may use it at once; another thread meanwhile reads the table without it, and with it afterwards."""
    store = portal.store
    number = store.insert("contacts", {"NAME": "Анна"})
    with ThreadPoolExecutor(1) as other:
        with store.write():
            store.insert(
                "user_fields", {"ENTITY_ID": "CRM_CONTACT", "FIELD_NAME": "UF_CRM_MANY", "USER_TYPE_ID": "string", "MULTIPLE": "Y"}
            )
            store.save("contacts", number, {"UF_CRM_MANY": ["один", "два"]})
            meanwhile = other.submit(store.get, "contacts", number).result()
        afterwards = other.submit(store.get, "contacts", number).result()

    assert meanwhile is not None
    assert "UF_CRM_MANY" not in meanwhile
    assert afterwards is not None
    assert afterwards["UF_CRM_MANY"] == ["один", "два"]


def test_column_that_was_rolled_back_is_not_asked_for(portal: Portal) -> None:
    """Nothing is left of a field whose making failed."""
    store = portal.store
    number = store.insert("contacts", {"NAME": "Анна"})

    def fail() -> None:
        field = {"ENTITY_ID": "CRM_CONTACT", "FIELD_NAME": "UF_CRM_NEVER", "USER_TYPE_ID": "string", "MULTIPLE": "Y"}
        with store.write():
            store.insert("user_fields", field)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    found = store.get("contacts", number)
    assert found is not None
    assert "UF_CRM_NEVER" not in found
