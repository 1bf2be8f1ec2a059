"""Filters of both API families, on real SQLite."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.portal import Portal
from sandbox.rest import RestError

Ask = Callable[..., Any]

DEALS = (
    {"TITLE": "Молоток", "OPPORTUNITY": 100, "STAGE_ID": "NEW", "CONTACT_IDS": [], "SOURCE_ID": "WEB", "BEGINDATE": "2026-01-10"},
    {"TITLE": "МОЛОКО 100%", "OPPORTUNITY": 200, "STAGE_ID": "WON", "CONTACT_IDS": [1, 2], "SOURCE_ID": "CALL", "BEGINDATE": "2026-02-10"},
    {"TITLE": "Хлеб", "OPPORTUNITY": 300, "STAGE_ID": "LOSE", "CONTACT_IDS": [2], "COMMENTS": "свежий", "BEGINDATE": "2026-03-10"},
)


@pytest.fixture
def deals(portal: Portal, ask: Ask) -> list[int]:
    for name in ("Анна", "Борис"):
        ask("crm.contact.add", fields={"NAME": name, "PHONE": [{"VALUE": f"+7900{len(name)}"}], "UF_CRM_CONSENT": None})
    return [ask("crm.deal.add", fields=fields) for fields in DEALS]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"opportunity": 200}, [2]),
        ({"=opportunity": "200"}, [2]),
        ({"!opportunity": 200}, [1, 3]),
        ({"!=opportunity": 200}, [1, 3]),
        ({">opportunity": 100, "<opportunity": 300}, [2]),
        ({">=opportunity": 200}, [2, 3]),
        ({"<=opportunity": 200}, [1, 2]),
        ({"@stageId": ["NEW", "WON"]}, [1, 2]),
        ({"stageId": ["NEW", "WON"]}, [1, 2]),
        ({"!@stageId": ["NEW", "WON"]}, [3]),
        ({"%title": "мол"}, [1, 2]),
        ({"=%title": "мол%"}, [1, 2]),
        ({"%=title": "%ОК"}, [1]),
        ({"!%title": "мол"}, [3]),
        ({"!=%title": "мол%"}, [3]),
        ({"!%=title": "%б"}, [1, 2]),
        ({"%title": "100%"}, [2]),
        ({"comments": ""}, [1, 2]),
        ({"!=comments": ""}, [3]),
        ({"contactIds": 2}, [2, 3]),
        ({"@contactIds": [1]}, [2]),
        ({"contactId": 1}, [2]),
        ({"companyId": 0}, [1, 2, 3]),
        ({"begindate": "2026-02-10"}, [2]),
        ({">begindate": "2026-02-10T03:00:00+03:00"}, [3]),
        ({"@id": []}, []),
        ({"0": {"logic": "OR", "0": {"title": "Хлеб"}, "1": {"stageId": "NEW"}}}, [1, 3]),
        ({"0": {"logic": "OR", "0": {"title": "Хлеб"}, "1": {"stageId": "NEW"}}, ">opportunity": 150}, [3]),
        ([{"logic": "OR", "0": {"title": "Хлеб"}, "1": {"0": {"stageId": "WON", "opportunity": 1}}}], [3]),
    ],
)
def test_item_list_filters(deals: list[int], ask: Ask, asked: Any, found: list[int]) -> None:
    """Every prefix, lists, empty values, linked objects, dates and nested logic select what the vendor's table says."""
    items = ask("crm.item.list", entityTypeId=2, filter=asked, order={"id": "ASC"}, select=["id"])["items"]

    assert [item["id"] for item in items] == found


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({"filter": {"nope": 1}}, "Invalid filter: field 'nope' is not allowed in filter"),
        ({"filter": {"0": {"logic": "OR", "0": {">STAGE_ID": 1}}}}, "Invalid filter: field 'STAGE_ID' is not allowed in filter"),
        ({"filter": {">opportunity": "much"}}, "Invalid filter: field 'opportunity' has invalid value"),
        ({"filter": {">createdTime": "yesterday"}}, "Invalid filter: field 'createdTime' has invalid value"),
        ({"order": {"nope": "ASC"}}, "Invalid order: field 'nope' is not allowed in order"),
        ({"order": {"id": "v"}}, "Invalid order: allowed sort directions are `ASC, DESC`. But got 'v' for field 'id'"),
    ],
)
def test_item_list_refuses_what_it_does_not_know(ask: Ask, params: dict[str, Any], text: str) -> None:
    """Unknown fields, unreadable values and directions are INVALID_ARG_VALUE in the vendor's words."""
    with pytest.raises(RestError) as refused:
        ask("crm.item.list", entityTypeId=2, **params)

    assert (refused.value.status, refused.value.code, refused.value.description) == (400, "INVALID_ARG_VALUE", text)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({">OPPORTUNITY": "150"}, ["2", "3"]),
        ({"NOPE": 1}, ["1", "2", "3"]),
        ({"%STAGE_ID": "N"}, []),
        ({"0": {"logic": "OR", "TITLE": "Хлеб"}}, ["1", "2", "3"]),
        ({"ID": ["1", "3"]}, ["1", "3"]),
    ],
)
def test_old_list_filters(deals: list[int], ask: Ask, asked: Any, found: list[str]) -> None:
    """Old lists pass over unknown names and groups, and LIKE finds nothing in dictionary fields."""
    assert [row["ID"] for row in ask("crm.deal.list", filter=asked, select=["ID"])] == found


def test_phone_filter_compares_whole_numbers(deals: list[int], ask: Ask) -> None:
    """A phone is found by its whole value only."""
    whole = ask("crm.contact.list", filter={"PHONE": "+79005"}, select=["ID"])
    part = ask("crm.contact.list", filter={"%PHONE": "7900"}, select=["ID"])

    assert ([row["ID"] for row in whole], part) == (["2"], [])


def test_boolean_user_field_filter_takes_only_digits(ask: Ask) -> None:
    """A boolean user field is written Y/N and filtered by 1/0."""
    ask("crm.deal.userfield.add", fields={"FIELD_NAME": "VIP", "USER_TYPE_ID": "boolean"})
    ask("crm.item.add", entityTypeId=2, fields={"ufCrmVip": "Y"})
    by = {value: ask("crm.item.list", entityTypeId=2, filter={"ufCrmVip": value})["items"] for value in (1, 0, "Y")}

    assert [len(items) for items in by.values()] == [1, 0, 0]
    assert by[1][0]["ufCrmVip"] == "Y"


def test_multiple_user_field_is_met_by_any_of_its_values(ask: Ask) -> None:
    """A multiple field is selected by one of its elements."""
    ask("crm.deal.userfield.add", fields={"FIELD_NAME": "TAGS", "USER_TYPE_ID": "string", "MULTIPLE": "Y"})
    first = ask("crm.item.add", entityTypeId=2, fields={"ufCrmTags": ["a_b", "в, г"]})["item"]
    ask("crm.item.add", entityTypeId=2, fields={"ufCrmTags": ["axb"]})

    for value in ("a_b", "в, г"):
        items = ask("crm.item.list", entityTypeId=2, filter={"ufCrmTags": value}, select=["id"])["items"]
        assert items == [{"id": first["id"]}]
