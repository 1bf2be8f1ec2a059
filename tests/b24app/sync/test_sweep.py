"""Whatever was missed, a sweep notes it, and the mirror equals the portal again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from b24app.context import Context
from b24app.store.changes import Change, list_changes, list_due_clients, save_changes
from b24app.sync import sweep as module
from b24app.sync.changed import pull_changes
from b24app.sync.first import counts, first_sync, plan_first_sync
from b24app.sync.sweep import sweep
from tests.fakes import NOW, FakeBitrix


def later(ctx: Context, **delta: float) -> Context:
    """The same context with a later clock."""
    return replace(ctx, clock=lambda: NOW + timedelta(**delta))


def noted(ctx: Context) -> set[tuple[str, int, str]]:
    """What a sweep has found."""
    return {(change.entity, change.record_id, change.kind) for change in list_changes(ctx.store, 1000)}


@pytest.fixture
def filled(ctx: Context, bitrix: FakeBitrix) -> Context:
    """A mirror that equals the portal, and no sweep since."""
    for number in range(1, 9):
        bitrix.put(2, number, title=f"Deal {number}", companyId=1)
    bitrix.put(4, 1, title="Company")
    bitrix.product_rows.append({"id": 1, "ownerId": 1, "ownerType": "D", "price": 10})
    first_sync(ctx)
    return ctx


def test_sweep_of_equal_sides_notes_nothing(filled: Context) -> None:
    """Counts of both sides, no difference."""
    report = sweep(filled)

    assert report["deal"] == {"rows_here": 8, "rows_there": 8, "added": 0, "changed": 0, "deleted": 0}
    assert report["product_row"] == {"rows_here": 1, "rows_there": 1, "added": 0, "changed": 0, "deleted": 0}
    assert noted(filled) == set()


def test_nothing_is_compared_while_the_first_sync_is_under_way(filled: Context, bitrix: FakeBitrix) -> None:
    """Everything would be a difference; a first sync that was given up holds nothing up for ever."""
    bitrix.put(2, 20, title="new")
    plan_first_sync(filled, "install")

    assert sweep(filled) == {}
    assert noted(filled) == set()
    assert sweep(later(filled, hours=25))["deal"]["added"] == 1


def test_sweep_heals_missed_events(filled: Context, bitrix: FakeBitrix) -> None:
    """An addition, an update and a removal that no event told of."""
    bitrix.put(2, 20, title="new")
    bitrix.put(2, 3, title="changed", updated="2025-06-15T15:00:00+03:00")
    del bitrix.items[2][5]
    del bitrix.items[2][8]

    report = sweep(filled)
    found = noted(filled)
    pull_changes(filled, list_changes(filled.store, 100))

    assert report["deal"] == {"rows_here": 8, "rows_there": 7, "added": 1, "changed": 1, "deleted": 2}
    assert found == {("deal", 20, "changed"), ("deal", 3, "changed"), ("deal", 5, "removed"), ("deal", 8, "removed")}
    assert [row["id"] for row in filled.store.rows("SELECT id FROM deal ORDER BY id")] == sorted(bitrix.items[2])
    assert filled.store.row("SELECT title FROM deal WHERE id = 3") == {"title": "changed"}


def test_sweep_heals_product_rows(filled: Context, bitrix: FakeBitrix) -> None:
    """No event and no time tells that a product row has changed."""
    bitrix.product_rows[0]["price"] = 20
    bitrix.product_rows.append({"id": 2, "ownerId": 4, "ownerType": "D", "price": 5})

    report = sweep(filled)
    pull_changes(filled, list_changes(filled.store, 100))

    assert report["product_row"] == {"rows_here": 1, "rows_there": 2, "added": 1, "changed": 1, "deleted": 0}
    assert filled.store.rows("SELECT id, price FROM product_row ORDER BY id") == [{"id": 1, "price": 20.0}, {"id": 2, "price": 5.0}]


def test_sweep_heals_dictionaries(filled: Context, bitrix: FakeBitrix) -> None:
    """Stages, pipelines, employees: nothing tells of them."""
    bitrix.users.append({"ID": "2", "ACTIVE": True, "NAME": "Новый"})
    bitrix.statuses.pop(0)

    sweep(filled)

    assert (counts(filled)["employee"], counts(filled)["stage"]) == (2, 2)


def test_large_sweep_reads_only_what_is_new(filled: Context, bitrix: FakeBitrix, monkeypatch: pytest.MonkeyPatch) -> None:
    """A big base is compared since the last sweep, with an overlap; when the numbers of rows differ, as a whole."""
    monkeypatch.setattr(module, "SMALL", 0)
    monkeypatch.setattr(module, "SMALL_OWNERS", 0)
    sweep(filled)
    bitrix.put(2, 3, title="changed", updated="2025-06-15T15:01:00+03:00")
    bitrix.put(2, 4, title="long ago", updated="2024-01-01T00:00:00+03:00")

    bitrix.calls.clear()
    assert sweep(later(filled, minutes=5))["deal"]["changed"] == 1
    assert (noted(filled), filled.store.row("SELECT title FROM deal WHERE id = 3")) == (set(), {"title": "changed"})
    assert set(list_due_clients(filled.store, 9)) >= {"CO_1"}
    del bitrix.items[2][5]
    assert sweep(later(filled, minutes=10))["deal"] == {"rows_here": 8, "rows_there": 7, "added": 0, "changed": 1, "deleted": 1}


def test_sweep_waits_with_counting_for_what_is_known(filled: Context, bitrix: FakeBitrix, monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers that differ because a change still waits to be read are no reason to compare a long list."""
    monkeypatch.setattr(module, "SMALL", 0)
    sweep(filled)
    del bitrix.items[2][5]
    save_changes(filled.store, [Change("deal", 5, "removed")], "2025-06-15T12:00:00Z")

    assert sweep(later(filled, minutes=5))["deal"] == {"rows_here": 8, "rows_there": 7, "added": 0, "changed": 0, "deleted": 0}


@pytest.mark.chaos  # ten thousand of anything take their time
def test_ten_thousand_changed_deals_cost_few_requests(filled: Context, bitrix: FakeBitrix) -> None:
    """They are read whole, 2,500 a request, and applied at once: under thirty requests with all that belongs to a sweep."""
    for number in range(1, 10_001):
        bitrix.put(2, number, title="old", companyId=1)
        bitrix.product_rows.append({"id": 10_000 + number, "ownerId": number, "ownerType": "D", "price": 1})
    sweep(filled)
    pull_changes(filled, list_changes(filled.store, 20_000))
    for number in range(1, 10_001):
        bitrix.put(2, number, title="new", updated="2025-06-15T15:01:00+03:00")
    before = filled.bitrix.meter.requests

    report = sweep(later(filled, minutes=5))

    assert report["deal"]["changed"] == 10_000
    assert filled.store.rows("SELECT DISTINCT title FROM deal") == [{"title": "new"}]
    assert filled.bitrix.meter.requests - before < 30


def test_activities_and_history_are_swept(filled: Context, bitrix: FakeBitrix) -> None:
    """The old family's lists are read like the others: new, changed, gone."""
    bitrix.put_activity(1, SUBJECT="Call", COMMUNICATIONS=[{"TYPE": "PHONE", "VALUE": "+7", "ENTITY_ID": "5", "ENTITY_TYPE_ID": "3"}])
    bitrix.put_activity(2, SUBJECT="Letter")
    bitrix.move(1, 1, "NEW")
    sweep(filled)
    pull_changes(filled, list_changes(filled.store, 100))
    bitrix.put_activity(1, SUBJECT="Long call", COMPLETED="Y", updated="2025-06-15T15:00:00+03:00")
    del bitrix.activities[2]
    bitrix.move(2, 1, "WON")

    report = sweep(later(filled, minutes=5))
    pull_changes(filled, list_changes(filled.store, 100))

    assert (report["activity"]["changed"], report["activity"]["deleted"], report["deal_stage_history"]["added"]) == (1, 1, 1)
    assert filled.store.rows("SELECT id, subject, completed, owner_type_id FROM activity") == [
        {"id": 1, "subject": "Long call", "completed": 1, "owner_type_id": 2}
    ]
    assert filled.store.rows("SELECT * FROM activity_party") == [
        {"activity_id": 1, "position": 0, "entity_type_id": 3, "entity_id": 5, "kind": "PHONE", "value": "+7"}
    ]
    assert [row["stage_id"] for row in filled.store.rows("SELECT stage_id FROM deal_stage_history ORDER BY id")] == ["NEW", "WON"]
