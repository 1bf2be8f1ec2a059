"""Smart processes that an administrator has chosen are mirrored like everything else, each in a table of its own."""

from __future__ import annotations

import pytest

from b24app.context import Context
from b24app.store.changes import Change, count_changes, list_changes, save_changes
from b24app.store.progress import list_steps
from b24app.sync.changed import pull_changes, read_change
from b24app.sync.chosen import choose_smart_processes, find_entity, list_entities, list_events
from b24app.sync.first import counts, first_sync
from b24app.sync.sweep import sweep
from tests.fakes import FakeBitrix

TYPE = 1220
TILL = {"type": "date", "isMultiple": False, "isDynamic": True, "title": "До", "upperName": "UF_CRM_7_TILL"}


@pytest.fixture
def desk(ctx: Context, bitrix: FakeBitrix) -> Context:
    """A service desk kept as a smart process, chosen; a second chosen type that the portal does not know."""
    bitrix.items[TYPE] = {}
    bitrix.item_fields[TYPE] = {"id": {"type": "integer", "isDynamic": False, "title": "ID"}, "UF_CRM_7_TILL": TILL}
    for number in (1, 2, 3):
        bitrix.put(TYPE, number, title=f"Request {number}", companyId=7, stageId="DT1220_1:NEW", UF_CRM_7_TILL="2025-07-01T03:00:00+03:00")
    choose_smart_processes(ctx, [TYPE, 9999])
    return ctx


def pull(ctx: Context, *changes: Change) -> None:
    """Note changes and pull them."""
    save_changes(ctx.store, changes, "2025-06-15T12:00:00Z")
    pull_changes(ctx, list_changes(ctx.store, 100))


def test_first_sync_fills_their_tables(desk: Context) -> None:
    """User fields are typed columns; a type that the portal does not know is left out, and its step is done all the same."""
    rows = first_sync(desk)

    assert (rows["smart_1220"], "smart_9999" in rows) == (3, False)
    assert desk.store.row("SELECT title, company_id, stage_id, uf_crm_7_till FROM smart_1220 WHERE id = 2") == {
        "title": "Request 2",
        "company_id": 7,
        "stage_id": "DT1220_1:NEW",
        "uf_crm_7_till": "2025-07-01",
    }
    steps = [(step["step"], step["title_key"], step["state"]) for step in list_steps(desk.store, "install")][-2:]
    assert steps == [("sync.smart_1220", "sync.smart", "done"), ("sync.smart_9999", "sync.smart", "done")]


def test_events_and_sweeps_follow_them(desk: Context, bitrix: FakeBitrix) -> None:
    """Their events carry their type; what no event told of a sweep finds."""
    first_sync(desk)
    bitrix.put(TYPE, 1, title="Changed")
    del bitrix.items[TYPE][3]
    told = [read_change("ONCRMDYNAMICITEMUPDATE_1220", 1), read_change("OnCrmDynamicItemDelete", 3, TYPE)]
    pull(desk, *[change for change in told if change])
    bitrix.put(TYPE, 4, title="Untold")

    found = sweep(desk)["smart_1220"]
    pull_changes(desk, list_changes(desk.store, 100))

    assert told == [Change("smart_1220", 1), Change("smart_1220", 3, "removed")]
    assert (found["added"], found["rows_there"]) == (1, 3)
    assert [row["title"] for row in desk.store.rows("SELECT title FROM smart_1220 ORDER BY id")] == ["Changed", "Request 2", "Untold"]


def test_type_that_is_chosen_later_is_filled_by_a_sweep(ctx: Context, bitrix: FakeBitrix) -> None:
    """And one that is chosen no longer loses its table; changes of it that wait are forgotten."""
    first_sync(ctx)
    bitrix.items[TYPE] = {}
    bitrix.item_fields[TYPE] = {}
    bitrix.put(TYPE, 1, title="Request")
    choose_smart_processes(ctx, [TYPE])
    sweep(ctx)
    pull_changes(ctx, list_changes(ctx.store, 100))
    filled = counts(ctx)["smart_1220"]
    choose_smart_processes(ctx, [])
    sweep(ctx)
    pull(ctx, Change("smart_1220", 1))

    assert (filled, "smart_1220" in ctx.store.tables(), count_changes(ctx.store)) == (1, False, 0)
    assert "smart_1220" not in {entity.key for entity in list_entities(ctx)}


def test_field_that_is_added_is_read_for_all(desk: Context, bitrix: FakeBitrix) -> None:
    """The sweep sees the definition and reads its values."""
    first_sync(desk)
    bitrix.item_fields[TYPE]["UF_CRM_7_NOTE"] = {**TILL, "type": "string", "title": "Note"}
    bitrix.items[TYPE][2]["UF_CRM_7_NOTE"] = "seen"

    sweep(desk)

    assert desk.store.row("SELECT uf_crm_7_note FROM smart_1220 WHERE id = 2") == {"uf_crm_7_note": "seen"}


def test_events_to_bind(desk: Context) -> None:
    """Those of every chosen type."""
    assert len(list_events(desk)) == 6
    assert "ONCRMDYNAMICITEMADD_1220" in list_events(desk)
    assert find_entity("smart_1220") is find_entity("smart_1220")
    assert find_entity("nothing") is None
