"""crm.item.*: names, types, multi-fields, stages, rights of what is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.portal import Portal
from sandbox.records import Change
from sandbox.rest import Answer, Caller, RestError

Ask = Callable[..., Any]


@pytest.fixture
def changes(portal: Portal) -> list[Change]:
    heard: list[Change] = []
    portal.listeners.append(heard.append)
    return heard


def add_deal(ask: Ask, **fields: Any) -> dict[str, Any]:
    item: dict[str, Any] = ask("crm.item.add", entityTypeId=2, fields=fields)["item"]
    return item


def test_new_deal_gets_the_documented_defaults(ask: Ask) -> None:
    """Title by number, first stage, today and a week later, the caller as responsible; numbers are numbers, dates datetimes."""
    item = add_deal(ask)

    shown = {
        name: item[name] for name in ("title", "stageId", "stageSemanticId", "categoryId", "closed", "isNew", "opportunity", "companyId")
    }
    assert shown == {
        "title": f"Сделка #{item['id']}",
        "stageId": "NEW",
        "stageSemanticId": "P",
        "categoryId": 0,
        "closed": "N",
        "isNew": "Y",
        "opportunity": 0,
        "companyId": 0,
    }
    assert (item["begindate"], item["closedate"]) == ("2026-03-10T03:00:00+03:00", "2026-03-17T03:00:00+03:00")
    assert (item["createdTime"], item["assignedById"], item["entityTypeId"]) == ("2026-03-10T12:00:00+03:00", 1, 2)
    assert item["isWon"] is None
    assert "fm" not in item


def test_stage_change_sets_what_follows_and_leaves_history(ask: Ask, portal: Portal, clock: Any, changes: list[Change]) -> None:
    """A won deal is closed today, moved now, and its history says created, then final."""
    deal = add_deal(ask)
    clock.move(86400)

    item = ask("crm.item.update", entityTypeId=2, id=deal["id"], fields={"stageId": "WON"})["item"]

    assert (item["stageSemanticId"], item["closed"], item["isNew"], item["movedTime"]) == ("S", "Y", "N", "2026-03-11T12:00:00+03:00")
    assert item["closedate"] == "2026-03-11T03:00:00+03:00"
    assert [row["TYPE_ID"] for row in portal.store.find("stage_history", {"OWNER_ID": deal["id"]})] == [1, 3]
    assert changes[-1].changed("STAGE_ID")
    assert not changes[-1].changed("CATEGORY_ID")


def test_moving_to_another_pipeline_enters_its_first_stage(ask: Ask, changes: list[Change]) -> None:
    """A new categoryId without a stage enters that pipeline's first stage; listeners see the pipeline change."""
    deal = add_deal(ask)

    item = ask("crm.item.update", entityTypeId=2, id=deal["id"], fields={"categoryId": 1})["item"]

    assert (item["categoryId"], item["stageId"]) == (1, "C1:NEW")
    assert (changes[-1].before["CATEGORY_ID"], changes[-1].after["CATEGORY_ID"]) == (0, 1)


@pytest.mark.parametrize(
    "fields",
    [{"stageId": "NOPE"}, {"stageId": "C1:NEW", "categoryId": 0}, {"categoryId": 77}, {"opportunity": "much"}, {"begindate": "soon"}],
)
def test_wrong_values_are_refused(ask: Ask, portal: Portal, fields: dict[str, Any]) -> None:
    """What cannot be a field's value is CRM_FIELD_ERROR_VALUE_NOT_VALID, and nothing is kept."""
    with pytest.raises(RestError) as refused:
        add_deal(ask, **fields)

    assert refused.value.code == "CRM_FIELD_ERROR_VALUE_NOT_VALID"
    assert portal.store.count("deals") == 0


def test_update_that_changes_nothing_saves_nothing(ask: Ask, clock: Any, changes: list[Change]) -> None:
    """The same values again leave updatedTime and tell nobody; unknown and read-only names are passed over."""
    deal = add_deal(ask, title="А", opportunity=5)
    clock.move(60)
    fields = {"title": "А", "opportunity": "5.0", "nope": 1, "createdTime": "2020-01-01"}

    item = ask("crm.item.update", entityTypeId=2, id=deal["id"], fields=fields)["item"]

    assert item["updatedTime"] == deal["updatedTime"]
    assert [change.kind for change in changes] == ["add"]


def test_fm_is_added_by_list_and_changed_by_map(ask: Ask) -> None:
    """fm: a list on add; on update a map by id and n0; empty deletes; a list or a missing typeId changes nothing in silence."""
    sent = [{"typeId": "PHONE", "valueType": "WORK", "value": "1"}, {"typeId": "EMAIL", "valueType": "HOME", "value": "a@b"}]
    contact = ask("crm.item.add", entityTypeId=3, fields={"name": "А", "fm": sent})["item"]
    phone, email = (str(value["id"]) for value in contact["fm"])
    edits = {phone: {"typeId": "PHONE", "valueType": "MOBILE", "value": "2"}, email: {"typeId": "EMAIL", "value": ""}}

    ignored = ask("crm.item.update", entityTypeId=3, id=contact["id"], fields={"fm": [{"typeId": "PHONE", "value": "9"}]})["item"]
    untyped = ask("crm.item.update", entityTypeId=3, id=contact["id"], fields={"fm": {phone: {"value": "9"}}})["item"]
    new = {"n0": {"typeId": "WEB", "valueType": "WORK", "value": "x.ru"}}
    item = ask("crm.item.update", entityTypeId=3, id=contact["id"], fields={"fm": edits | new})["item"]

    assert ignored["fm"] == untyped["fm"] == contact["fm"]
    assert [(value["typeId"], value["valueType"], value["value"]) for value in item["fm"]] == [
        ("PHONE", "MOBILE", "2"),
        ("WEB", "WORK", "x.ru"),
    ]
    assert (item["phone"], item["phoneMobile"], item["phoneWork"], item["hasEmail"]) == ("2", "2", "", "N")


def test_fm_comes_only_with_the_mask(ask: Ask) -> None:
    """crm.item.list gives fm for '*' alone; named fields come exactly as named."""
    ask("crm.item.add", entityTypeId=3, fields={"name": "А", "fm": [{"typeId": "PHONE", "value": "1"}]})

    for select, has_fm in ((["*"], True), ([], False), (["fm", "name"], False)):
        item = ask("crm.item.list", entityTypeId=3, select=select)["items"][0]
        assert ("fm" in item) is has_fm
    assert item == {"name": "А"}


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("UF_CRM_3_1747309727", "ufCrm3_1747309727"),
        ("UF_CRM_3_DIGIT", "ufCrm3Digit"),
        ("UF_CRM_3_DIGIT10", "ufCrm_3_DIGIT10"),
        ("UF_CRM_1747309879", "ufCrm_1747309879"),
        ("UF_CRM_EQUIPMENT", "ufCrmEquipment"),
    ],
)
def test_user_fields_have_three_manners_of_names(ask: Ask, name: str, printed: str) -> None:
    """The vendor's three rules, and the original name with useOriginalUfNames on writing, reading and filtering."""
    if name != "UF_CRM_EQUIPMENT":
        ask("crm.deal.userfield.add", fields={"FIELD_NAME": name, "USER_TYPE_ID": "string"})
    deal = add_deal(ask, **{printed: "x"})
    params = {"entityTypeId": 2, "useOriginalUfNames": "Y"}

    original = ask("crm.item.get", id=deal["id"], **params)["item"]
    found = ask("crm.item.list", filter={name: "x"}, select=[name], **params)["items"]

    assert (deal[printed], original[name], found) == ("x", "x", [{name: "x"}])


def test_names_that_collide_keep_upper_case(ask: Ask) -> None:
    """Where two user fields would share a camelCase name the later keeps its own."""
    for name in ("UF_CRM_A_B", "UF_CRM_A__B"):
        ask("crm.deal.userfield.add", fields={"FIELD_NAME": name, "USER_TYPE_ID": "string"})

    item = add_deal(ask, ufCrmAB="one", UF_CRM_A__B="two")

    assert (item["ufCrmAB"], item["UF_CRM_A__B"]) == ("one", "two")


def test_multiple_field_needs_a_list(ask: Ask) -> None:
    """A single value for a multiple field is error 100; an enumeration takes ids of its list only."""
    items = [{"VALUE": "Да"}, {"VALUE": "Нет"}]
    ask("crm.deal.userfield.add", fields={"FIELD_NAME": "ANSWER", "USER_TYPE_ID": "enumeration", "MULTIPLE": "Y", "LIST": items})
    listed = ask("crm.item.fields", entityTypeId=2)["fields"]["ufCrmAnswer"]
    ids = [int(item["ID"]) for item in listed["items"]]

    with pytest.raises(RestError) as single:
        add_deal(ask, ufCrmAnswer="x")
    with pytest.raises(RestError) as foreign:
        add_deal(ask, ufCrmAnswer=[99999])

    assert (single.value.code, foreign.value.code) == ("100", "CRM_FIELD_ERROR_VALUE_NOT_VALID")
    assert single.value.description == "Expected iterable value for multiple field, but got string instead"
    assert add_deal(ask, ufCrmAnswer=ids)["ufCrmAnswer"] == ids
    assert (listed["isDynamic"], listed["isMultiple"], [item["VALUE"] for item in listed["items"]]) == (True, True, ["Да", "Нет"])


def test_contacts_of_a_deal_keep_the_first_as_its_contact(ask: Ask) -> None:
    """contactIds sets contactId, contactId alone replaces the first one, an empty list clears both."""
    ids = [ask("crm.item.add", entityTypeId=3, fields={"name": name})["item"]["id"] for name in "АБВ"]
    deal = add_deal(ask, contactIds=ids[:2])

    moved = ask("crm.item.update", entityTypeId=2, id=deal["id"], fields={"contactId": ids[2]})["item"]
    cleared = ask("crm.item.update", entityTypeId=2, id=deal["id"], fields={"contactIds": []})["item"]

    assert (deal["contactId"], deal["contactIds"]) == (ids[0], ids[:2])
    assert (moved["contactId"], moved["contactIds"]) == (ids[2], [ids[2], ids[1]])
    assert (cleared["contactId"], cleared["contactIds"]) == (0, [])


def test_pages_count_unless_told_not_to(call: Callable[..., Answer], portal: Portal) -> None:
    """`next` only while there is more; start -1 has total 0, no next; what is no number is the first page."""
    portal.store.insert_many("deals", ({"TITLE": str(n), "STAGE_ID": "NEW", "ASSIGNED_BY_ID": 1} for n in range(120)))

    pages = [call("crm.item.list", entityTypeId=2, select=["id"], start=start) for start in (0, 50, 100, -1, "x")]

    assert [(len(page.result["items"]), page.total, page.next) for page in pages] == [
        (50, 120, 50),
        (50, 120, 100),
        (20, 120, None),
        (50, 0, None),
        (50, 120, 50),
    ]


def test_employee_sees_his_departments_records(portal: Portal, ask: Ask) -> None:
    """Another employee lists, reads and changes only what his department is responsible for."""
    user = next(one for one in portal.store.find("users") if not one["IS_ADMIN"] and one["ID"] != 1)
    stranger = next(one for one in portal.store.find("users") if not set(one["UF_DEPARTMENT"]) & set(user["UF_DEPARTMENT"]))
    mine, foreign = (add_deal(ask, assignedById=one["ID"])["id"] for one in (user, stranger))
    caller = Caller(user["ID"], admin=False, scopes=frozenset(["crm"]), webhook_id=2)

    items = portal.call(caller, "crm.item.list", {"entityTypeId": 2, "select": ["id"]})
    with pytest.raises(RestError) as refused:
        portal.call(caller, "crm.item.update", {"entityTypeId": 2, "id": foreign, "fields": {"title": "x"}})

    assert (items.result["items"], items.total) == ([{"id": mine}], 1)
    assert (refused.value.status, refused.value.code) == (400, "ACCESS_DENIED")


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("crm.item.get", {"entityTypeId": 2, "id": 999}, "NOT_FOUND"),
        ("crm.item.get", {"entityTypeId": 777, "id": 1}, "NOT_FOUND"),
        ("crm.item.get", {"entityTypeId": 5, "id": 1}, "ENTITY_TYPE_NOT_SUPPORTED"),
        ("crm.item.get", {"entityTypeId": 2}, "100"),
        ("crm.item.list", {}, "100"),
        ("crm.item.add", {"entityTypeId": 2}, "100"),
    ],
)
def test_item_refusals_have_the_vendors_codes(ask: Ask, method: str, params: dict[str, Any], code: str) -> None:
    """Unknown kinds and items, and missing parameters."""
    with pytest.raises(RestError) as refused:
        ask(method, **params)

    assert (refused.value.status, refused.value.code) == (400, code)


def test_delete_forgets_rows_and_answers_an_empty_list(ask: Ask, portal: Portal) -> None:
    """Deleting a deal takes its product rows and links; the number is never given again."""
    deal = add_deal(ask)
    ask("crm.item.productrow.set", ownerType="D", ownerId=deal["id"], productRows=[{"productName": "x", "price": 1}])

    assert ask("crm.item.delete", entityTypeId=2, id=deal["id"]) == []
    assert portal.store.count("product_rows") == 0
    assert add_deal(ask)["id"] == deal["id"] + 1


def test_product_rows_set_the_sum_of_the_deal(ask: Ask) -> None:
    """Rows replace all rows, prices follow from price, discount and tax, and an automatic sum is theirs."""
    deal = add_deal(ask)
    row = {
        "productName": "iphone",
        "price": 90000,
        "quantity": 3,
        "discountTypeId": 2,
        "discountRate": 10,
        "taxRate": 10,
        "taxIncluded": "Y",
    }

    rows = ask("crm.item.productrow.set", ownerType="D", ownerId=deal["id"], productRows=[row])["productRows"]
    listed = ask("crm.item.productrow.list", filter={"=ownerType": "D", "=ownerId": deal["id"]})["productRows"]

    assert listed == rows
    shown = ("priceExclusive", "priceNetto", "priceBrutto", "discountSum")
    assert [rows[0][name] for name in shown] == [81818.18, 90909.09, 100000, 9090.91]
    assert ask("crm.item.get", entityTypeId=2, id=deal["id"])["item"]["opportunity"] == 270000
    with pytest.raises(RestError):
        ask("crm.item.productrow.list", filter={"ownerId": deal["id"]})
