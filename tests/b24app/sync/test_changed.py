"""A change is pulled by id, with all that hangs on it."""

from __future__ import annotations

import pytest

from b24app.context import Context
from b24app.errors import BitrixError
from b24app.store.changes import EVERYBODY, Change, count_changes, forget_due_clients, list_changes, list_due_clients, save_changes
from b24app.sync.changed import pull_changes, read_change
from b24app.sync.first import counts, first_sync
from tests.fakes import NOW, FakeBitrix

AT = NOW.strftime("%Y-%m-%dT%H:%M:%SZ")


def pull(ctx: Context, *changes: Change) -> set[str]:
    """Note changes, pull them, return whom they concern."""
    forget_due_clients(ctx.store, list_due_clients(ctx.store, 500))
    save_changes(ctx.store, changes, AT)
    pull_changes(ctx, list_changes(ctx.store, 500))
    return set(list_due_clients(ctx.store, 500))


def test_changed_and_new_records_are_read(ctx: Context, bitrix: FakeBitrix) -> None:
    """One request for all entities; product rows come with their deal."""
    bitrix.put(2, 1, title="old", companyId=7)
    first_sync(ctx)
    bitrix.put(2, 1, title="new")
    bitrix.put(3, 5, name="Анна", companyIds=[7])
    bitrix.product_rows.append({"id": 9, "ownerId": 1, "ownerType": "D", "productName": "Пресс"})

    due = pull(ctx, Change("deal", 1), Change("contact", 5))

    assert ctx.store.row("SELECT title FROM deal") == {"title": "new"}
    assert ctx.store.row("SELECT name FROM contact") == {"name": "Анна"}
    assert ctx.store.row("SELECT owner_id, product_name FROM product_row") == {"owner_id": 1, "product_name": "Пресс"}
    assert due == {"CO_7", "C_5"}
    assert count_changes(ctx.store) == 0


def test_record_that_is_not_returned_is_removed(ctx: Context, bitrix: FakeBitrix) -> None:
    """An update event of a record that is gone or hidden is its removal; so is a delete event."""
    bitrix.put(3, 5, name="Анна", fm=[{"id": 1, "typeId": "PHONE", "value": "1"}], companyIds=[7])
    bitrix.put(3, 6, name="Пётр")
    first_sync(ctx)
    bitrix.items[3].clear()

    due = pull(ctx, Change("contact", 5), Change("contact", 6, "removed"))

    rows = counts(ctx)
    assert rows["contact"] == 0
    assert ctx.store.rows("SELECT * FROM communication") == ctx.store.rows("SELECT * FROM contact_company") == []
    assert due == {"C_5", "C_6", "CO_7"}


def test_removed_event_of_a_living_record_removes_nothing(ctx: Context, bitrix: FakeBitrix) -> None:
    """What the portal says now is true, not what an event said."""
    bitrix.put(2, 1, title="alive")

    pull(ctx, Change("deal", 1, "removed"))

    assert ctx.store.row("SELECT title FROM deal") == {"title": "alive"}


def test_clients_before_and_after_are_due(ctx: Context, bitrix: FakeBitrix) -> None:
    """A deal that moves from one company to another concerns both."""
    bitrix.put(2, 1, companyId=7, contactIds=[5])
    first_sync(ctx)
    bitrix.put(2, 1, companyId=8, contactIds=[6])

    assert pull(ctx, Change("deal", 1)) == {"CO_7", "C_5", "CO_8", "C_6"}


def test_change_during_the_pull_is_not_lost(ctx: Context, bitrix: FakeBitrix) -> None:
    """A change that arrives between the question and the commit is pulled again."""
    bitrix.put(2, 1, title="one")
    bitrix.before("crm.item.productrow.list", lambda: save_changes(ctx.store, [Change("deal", 1)], AT))

    pull(ctx, Change("deal", 1))

    assert count_changes(ctx.store) == 1


def test_failed_pull_leaves_everything(ctx: Context, bitrix: FakeBitrix) -> None:
    """A command of the batch that fails is no empty answer: nothing is removed, the changes stay."""
    bitrix.put(2, 1, title="one")
    first_sync(ctx)

    def refuse() -> None:
        raise BitrixError("crm.item.list", "ACCESS_DENIED")

    bitrix.before("crm.item.list", refuse)

    with pytest.raises(BitrixError):
        pull(ctx, Change("deal", 1))

    assert (counts(ctx)["deal"], count_changes(ctx.store)) == (1, 1)


def test_who_pointed_to_a_removed_record_is_read_again(ctx: Context, bitrix: FakeBitrix) -> None:
    """No event tells that the deals of a deleted company lost it."""
    bitrix.put(4, 7, title="Company")
    bitrix.put(2, 1, companyId=7)
    bitrix.put(3, 5, companyId=7, companyIds=[7])
    first_sync(ctx)
    del bitrix.items[4][7]
    bitrix.put(2, 1, companyId=0)
    bitrix.put(3, 5, companyId=0, companyIds=[])

    pull(ctx, Change("company", 7, "removed"))
    noted = list_changes(ctx.store, 10)
    pull_changes(ctx, noted)

    assert {(change.entity, change.record_id) for change in noted} == {("deal", 1), ("contact", 5)}
    assert ctx.store.row("SELECT company_id FROM deal") == {"company_id": None}
    assert ctx.store.rows("SELECT * FROM contact_company") == []


def test_contacts_bound_in_a_companys_card_are_read(ctx: Context, bitrix: FakeBitrix) -> None:
    """The company's event is the only sign of it."""
    bitrix.put(4, 7, title="Company", contactIds=[5])
    bitrix.put(3, 5, companyIds=[7])
    bitrix.put(3, 6, companyIds=[7])
    first_sync(ctx)
    bitrix.put(4, 7, contactIds=[6, 8])

    pull(ctx, Change("company", 7))

    assert {(change.entity, change.record_id) for change in list_changes(ctx.store, 10)} == {("contact", 5), ("contact", 8)}


def test_new_user_field_gets_a_column_and_its_values(ctx: Context, bitrix: FakeBitrix) -> None:
    """A field made later is filled for the rows that are there; a field that is gone becomes unknown."""
    bitrix.put(2, 1, UF_CRM_TILL="2025-07-01T03:00:00+03:00")
    bitrix.put(2, 2)
    first_sync(ctx)
    bitrix.user_fields["deal"].append({"FIELD_NAME": "UF_CRM_TILL", "USER_TYPE_ID": "date", "MULTIPLE": "N"})

    due = pull(ctx, Change("user_field", 0))
    filled = ctx.store.rows("SELECT id, uf_crm_till FROM deal ORDER BY id")
    bitrix.user_fields["deal"].clear()
    pull(ctx, Change("user_field", 0))

    assert filled == [{"id": 1, "uf_crm_till": "2025-07-01"}, {"id": 2, "uf_crm_till": None}]
    assert due == {EVERYBODY}
    assert ctx.store.rows("SELECT DISTINCT uf_crm_till FROM deal") == [{"uf_crm_till": None}]


def test_user_field_whose_values_could_not_be_read_is_new_again(ctx: Context, bitrix: FakeBitrix) -> None:
    """The definition is saved behind its values: stopped in between, the values are read again."""
    bitrix.put(2, 1, UF_CRM_TILL="2025-07-01")
    first_sync(ctx)
    bitrix.user_fields["deal"].append({"FIELD_NAME": "UF_CRM_TILL", "USER_TYPE_ID": "date", "MULTIPLE": "N"})
    bitrix.busy("crm.item.list")

    with pytest.raises(BitrixError):
        pull(ctx, Change("user_field", 0))
    pull(ctx)

    assert ctx.store.row("SELECT uf_crm_till FROM deal") == {"uf_crm_till": "2025-07-01"}


def test_names_that_make_the_same_column_are_kept_apart(ctx: Context, bitrix: FakeBitrix) -> None:
    """Two fields never share a column."""
    for name in ("UF_CRM_A-B", "UF_CRM_A_B"):
        bitrix.user_fields["deal"].append({"FIELD_NAME": name, "USER_TYPE_ID": "string", "MULTIPLE": "N"})
    bitrix.put(2, 1, **{"UF_CRM_A-B": "dash", "UF_CRM_A_B": "line"})

    first_sync(ctx)

    assert ctx.store.row("SELECT uf_crm_a_b, uf_crm_a_b_2 FROM deal") == {"uf_crm_a_b": "dash", "uf_crm_a_b_2": "line"}


def test_rates_concern_everybody_only_when_they_change(ctx: Context, bitrix: FakeBitrix) -> None:
    """A new rate changes every client's sums; the same rate again changes nothing."""
    first_sync(ctx)
    same = pull(ctx, Change("currency", 0))
    bitrix.currencies.append({"CURRENCY": "USD", "AMOUNT": "68.79", "AMOUNT_CNT": "1", "BASE": "N"})

    assert same == set()
    assert pull(ctx, Change("currency", 0)) == {EVERYBODY}
    assert ctx.store.row("SELECT rate, is_base FROM currency WHERE id = 'USD'") == {"rate": 68.79, "is_base": 0}


def test_history_grows_with_its_deals(ctx: Context, bitrix: FakeBitrix) -> None:
    """Nothing tells of a new line of a history: it is read with the change of its deal, and goes with its removal."""
    bitrix.put(2, 1)
    bitrix.put(2, 2)
    bitrix.move(1, 1, "NEW")
    first_sync(ctx)
    bitrix.move(2, 1, "WON")
    bitrix.move(3, 2, "NEW")
    pull(ctx, Change("deal", 1))
    grown = [row["stage_id"] for row in ctx.store.rows("SELECT stage_id FROM deal_stage_history ORDER BY id")]
    del bitrix.items[2][1]
    pull(ctx, Change("deal", 1, "removed"))

    assert grown == ["NEW", "WON", "NEW"]
    assert ctx.store.rows("SELECT id, owner_id FROM deal_stage_history") == [{"id": 3, "owner_id": 2}]


def test_history_is_left_to_the_first_sync(ctx: Context, bitrix: FakeBitrix) -> None:
    """Before it, a change of one deal must not read the whole history."""
    bitrix.put(2, 1)
    bitrix.move(1, 1, "NEW")

    pull(ctx, Change("deal", 1))

    assert "crm.stagehistory.list" not in bitrix.calls


def test_activities_of_a_merged_contact_are_read_again(ctx: Context, bitrix: FakeBitrix) -> None:
    """A merge moves activities, and whom they were with, without a word: the removal of the double is the only sign."""
    bitrix.put(3, 5)
    bitrix.put(3, 6)
    party = {"TYPE": "PHONE", "VALUE": "+7", "ENTITY_TYPE_ID": "3"}
    bitrix.put_activity(1, OWNER_TYPE_ID="3", OWNER_ID="6")
    bitrix.put_activity(2, OWNER_ID="1", COMMUNICATIONS=[{**party, "ENTITY_ID": "6"}])
    first_sync(ctx)
    del bitrix.items[3][6]
    bitrix.activities[1]["OWNER_ID"] = "5"
    bitrix.activities[2]["COMMUNICATIONS"] = [{**party, "ENTITY_ID": "5"}]

    pull(ctx, Change("contact", 6, "removed"))
    pull(ctx)

    assert ctx.store.row("SELECT owner_id FROM activity WHERE id = 1") == {"owner_id": 5}
    assert ctx.store.rows("SELECT entity_id FROM activity_party") == [{"entity_id": 5}]


def test_dictionary_that_the_portal_refuses_is_left_out(ctx: Context, bitrix: FakeBitrix) -> None:
    """Departments need a permission that may be missing; everything else works without them."""

    def refuse() -> None:
        raise BitrixError("department.get", "insufficient_scope", status=403)

    bitrix.before("department.get", refuse)

    rows = first_sync(ctx)

    assert (rows["department"], rows["employee"]) == (0, 1)


def test_products_are_named_as_the_newest_deal_names_them(ctx: Context, bitrix: FakeBitrix) -> None:
    """No list of their own: a renamed product is called as it was sold last."""
    bitrix.put(2, 1)
    bitrix.put(2, 2)
    for number, (owner, product, name) in enumerate([(1, 70, "Press"), (2, 70, "Press 2"), (2, 71, "Filter"), (2, None, "By hand")], 1):
        bitrix.product_rows.append({"id": number, "ownerId": owner, "ownerType": "D", "productId": product, "productName": name})
    first_sync(ctx)

    assert ctx.store.rows("SELECT * FROM product ORDER BY id") == [
        {"id": 70, "name": "Press 2", "deals": 2},
        {"id": 71, "name": "Filter", "deals": 1},
    ]


@pytest.mark.parametrize(
    ("event", "record_id", "expected"),
    [
        ("ONCRMDEALUPDATE", 7, Change("deal", 7)),
        ("onCrmDealMoveToCategory", 7, Change("deal", 7)),
        ("ONCRMCONTACTDELETE", 7, Change("contact", 7, "removed")),
        ("ONCRMDEALUSERFIELDSETENUMVALUES", 7, Change("user_field", 0)),
        ("ONCRMCURRENCYADD", None, Change("currency", 0)),
        ("onCrmActivityAdd", 7, Change("activity", 7)),
        ("ONCRMDYNAMICITEMADD_147", 7, Change("smart_147", 7)),
        ("ONCRMDYNAMICITEMADD", 7, None),
        ("ONCRMDEALUPDATE", None, None),
        ("ONAPPUNINSTALL", 7, None),
        ("", None, None),
    ],
)
def test_events_say_what_changed(event: str, record_id: int | None, expected: Change | None) -> None:
    """Upper or mixed case; a record's event without an id says nothing."""
    assert read_change(event, record_id) == expected
