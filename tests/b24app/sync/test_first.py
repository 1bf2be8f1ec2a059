"""The first sync fills the mirror, resumes where it stopped and repeats without harm."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from b24app.context import Context
from b24app.errors import BitrixBusy
from b24app.store.changes import list_changes
from b24app.store.progress import list_steps
from b24app.sync.changed import pull_changes
from b24app.sync.entities import FIXED, LISTED
from b24app.sync.first import counts, first_sync, is_synced, plan_first_sync, sync_entities
from tests.fakes import FakeBitrix


def people(bitrix: FakeBitrix) -> None:
    """Put a small base into the portal."""
    phone = [{"id": 1, "typeId": "PHONE", "valueType": "WORK", "value": "+7999"}]
    for number in range(1, 6):
        bitrix.put(4, number, title=f"Company {number}")
    bitrix.put(3, 10, name="Анна", companyId=1, companyIds=[1, 2], fm=phone, birthdate="1990-05-01T02:00:00+03:00")
    bitrix.put(3, 11, name="Пётр", companyId=0, companyIds=[], UF_CRM_END="2025-07-01T03:00:00+03:00")
    bitrix.put(1, 20, title="Lead", stageId="NEW", fm=phone)
    for number in range(30, 38):
        bitrix.put(2, number, title=f"Deal {number}", stageId="NEW", contactIds=[10, 11], companyId=1, opportunity="100.50")
    for number in (50, 51, 52):
        bitrix.put_activity(number, OWNER_ID="30", SUBJECT=f"Call {number}")
    bitrix.move(1, 30, "NEW")
    bitrix.move(2, 31, "NEW")
    bitrix.move(1, 20, "NEW", type_id=1)
    bitrix.product_rows += [{"id": 100 + n, "ownerId": 30, "ownerType": "D", "price": 10, "quantity": n} for n in range(120)]
    bitrix.product_rows.append({"id": 99, "ownerId": 37, "ownerType": "D", "price": 1.5, "quantity": 1, "taxIncluded": "Y"})
    bitrix.user_fields["contact"].append({"FIELD_NAME": "UF_CRM_END", "USER_TYPE_ID": "date", "MULTIPLE": "N", "EDIT_FORM_LABEL": "До"})


EXPECTED = {
    "user_field": 1,
    "stage": 3,
    "category": 2,
    "employee": 1,
    "currency": 1,
    "department": 1,
    "dictionary": 1,
    "product_section": 0,
    "company": 5,
    "contact": 2,
    "lead": 1,
    "deal": 8,
    "product_row": 121,
    "lead_stage_history": 1,
    "deal_stage_history": 2,
    "activity": 3,
}


def test_first_sync_fills_every_table(ctx: Context, bitrix: FakeBitrix) -> None:
    """All rows, links, phones and user fields arrive; every step says so."""
    people(bitrix)

    assert first_sync(ctx) == EXPECTED
    assert is_synced(ctx.store)
    assert ctx.store.row("SELECT name, birthdate, company_id, uf_crm_end FROM contact WHERE id = 11") == {
        "name": "Пётр",
        "birthdate": None,
        "company_id": None,
        "uf_crm_end": "2025-07-01",
    }
    assert ctx.store.rows("SELECT company_id, position FROM contact_company WHERE contact_id = 10 ORDER BY position") == [
        {"company_id": 1, "position": 0},
        {"company_id": 2, "position": 1},
    ]
    assert ctx.store.rows("SELECT entity, value FROM communication ORDER BY entity") == [
        {"entity": "contact", "value": "+7999"},
        {"entity": "lead", "value": "+7999"},
    ]
    assert ctx.store.row("SELECT opportunity, updated_time FROM deal WHERE id = 30") == {
        "opportunity": 100.5,
        "updated_time": "2025-01-01T09:00:00Z",
    }
    steps = list_steps(ctx.store, "install")
    assert [row["step"] for row in steps] == [f"sync.{entity.key}" for entity in FIXED]
    assert {row["state"] for row in steps} == {"done"}
    assert [(row["done"], row["total"]) for row in steps if row["step"] == "sync.deal"] == [(8, 8)]


@pytest.mark.parametrize("stop", [1, 2, 3, 4, 5, 6])
def test_first_sync_goes_on_where_it_stopped(ctx: Context, bitrix: FakeBitrix, stop: int) -> None:
    """Stopped at any list, it resumes behind what it has: no gap, no double, nothing read twice but the page that failed."""
    people(bitrix)
    waits = [lambda: None] * stop
    for wait in waits:
        bitrix.before("crm.item.list", wait)
    bitrix.busy("crm.item.list")

    with pytest.raises(BitrixBusy):
        first_sync(ctx)
    running = [row["step"] for row in list_steps(ctx.store, "install") if row["state"] == "running"]

    assert len(running) == 1
    assert first_sync(ctx) == EXPECTED
    assert list_changes(ctx.store, 10) == []


def test_first_sync_releases_the_store_when_it_stops(ctx: Context, bitrix: FakeBitrix) -> None:
    """While it waits for the portal, changes can be drained."""
    bitrix.busy("crm.item.list")

    with pytest.raises(BitrixBusy):
        first_sync(ctx)

    assert not ctx.store.pulling.locked()


def test_two_first_syncs_at_a_time_do_the_work_once(ctx: Context, bitrix: FakeBitrix) -> None:
    """A job that was ordered twice: the second run waits, then finds everything done."""
    people(bitrix)
    first_sync(ctx)
    bitrix.calls.clear()
    first_sync(ctx)
    alone = len(bitrix.calls)
    plan_first_sync(ctx, "install")
    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(sync_entities, ctx, "install") for _ in range(2)]:
            done.result()

    assert len(bitrix.calls) - 2 * alone <= len(LISTED)  # each may measure the lists that are left, in one request
    assert counts(ctx) == EXPECTED


def test_second_first_sync_notes_what_has_gone(ctx: Context, bitrix: FakeBitrix) -> None:
    """A row that the portal does not list is asked for by id before it is removed."""
    people(bitrix)
    first_sync(ctx)
    for number in (30, 33, 37):
        del bitrix.items[2][number]
    bitrix.product_rows = [row for row in bitrix.product_rows if row["ownerId"] == 33]
    first_sync(ctx)
    noted = list_changes(ctx.store, 10)

    pull_changes(ctx, noted)

    assert sorted(change.record_id for change in noted) == [30, 33, 37]
    assert counts(ctx) == {**EXPECTED, "deal": 5, "product_row": 0, "deal_stage_history": 1}
    assert ctx.store.rows("SELECT DISTINCT deal_id FROM deal_contact WHERE deal_id IN (30, 33, 37)") == []


def test_values_that_cannot_be_read_do_not_stop_it(ctx: Context, bitrix: FakeBitrix, caplog: Any) -> None:
    """They are unknown, and a line in the log counts them."""
    bitrix.put(2, 1, opportunity="a lot", closedate="soon", begindate="2025-01-01")

    first_sync(ctx)

    assert ctx.store.row("SELECT opportunity, closedate, begindate FROM deal") == {
        "opportunity": None,
        "closedate": None,
        "begindate": "2025-01-01",
    }
    assert [(record.entity, record.fields) for record in caplog.records] == [("deal", {"opportunity": 1, "closedate": 1})]
