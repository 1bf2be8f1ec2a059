"""Links of contacts and companies, bindings of activities, things of a to-do, marks of notifications."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sandbox import notices
from sandbox.portal import Portal
from sandbox.rest import Caller, RestError

Ask = Callable[..., Any]


@pytest.fixture
def made(portal: Portal, admin: Caller) -> dict[str, list[int]]:
    """Three companies and three contacts."""
    companies = [portal.records.add("companies", {"TITLE": f"К{number}"}, admin) for number in range(3)]
    return {"companies": companies, "contacts": [portal.records.add("contacts", {"NAME": f"И{number}"}, admin) for number in range(3)]}


def test_contact_has_companies_in_an_order(ask: Ask, made: dict[str, list[int]]) -> None:
    """The first is the contact's COMPANY_ID; a new one goes behind all; a known one keeps its SORT; the next becomes first."""
    contact, (one, two, three) = made["contacts"][0], made["companies"]
    ask("crm.contact.company.items.set", id=contact, items=[{"COMPANY_ID": one, "SORT": 100}, {"COMPANY_ID": two, "IS_PRIMARY": "Y"}])
    assert ask("crm.contact.company.items.get", id=contact) == [
        {"COMPANY_ID": one, "SORT": 100, "ROLE_ID": 0, "IS_PRIMARY": "N"},
        {"COMPANY_ID": two, "SORT": 110, "ROLE_ID": 0, "IS_PRIMARY": "Y"},
    ]
    assert ask("crm.contact.get", id=contact)["COMPANY_ID"] == str(two)

    ask("crm.contact.company.items.set", id=contact, items=[{"COMPANY_ID": two}, {"COMPANY_ID": three}])
    assert [row["SORT"] for row in ask("crm.contact.company.items.get", id=contact)] == [110, 120]
    assert ask("crm.contact.company.add", id=contact, fields={"COMPANY_ID": two}) is False
    assert ask("crm.contact.company.delete", id=contact, fields={"COMPANY_ID": two}) is True
    assert ask("crm.contact.get", id=contact)["COMPANY_ID"] == str(three)
    assert ask("crm.contact.company.items.delete", id=contact) is True
    assert ask("crm.item.get", entityTypeId=3, id=contact)["item"]["companyIds"] == []


def test_company_and_contact_see_the_same_link(ask: Ask, made: dict[str, list[int]]) -> None:
    """A company's first contact is its own choice; a contact without a company gets it for its first, one with a company keeps its own."""
    company, other, _ = made["companies"]
    free, bound, _ = made["contacts"]
    ask("crm.contact.company.add", id=bound, fields={"COMPANY_ID": other})
    ask("crm.company.contact.items.set", id=company, items=[{"CONTACT_ID": free}, {"CONTACT_ID": bound, "IS_PRIMARY": "Y"}])

    assert [(row["CONTACT_ID"], row["IS_PRIMARY"]) for row in ask("crm.company.contact.items.get", id=company)] == [
        (free, "N"),
        (bound, "Y"),
    ]
    assert ask("crm.contact.get", id=free)["COMPANY_ID"] == str(company)
    assert ask("crm.contact.get", id=bound)["COMPANY_ID"] == str(other)
    ask("crm.company.contact.delete", id=company, fields={"CONTACT_ID": free})
    assert ask("crm.contact.get", id=free)["COMPANY_ID"] is None
    ask("crm.company.contact.items.delete", id=company)
    assert [row["COMPANY_ID"] for row in ask("crm.contact.company.items.get", id=bound)] == [other]


@pytest.mark.parametrize(
    ("method", "params", "refusal"),
    [
        ("crm.lead.contact.items.get", {"id": 10**6}, ("NOT_FOUND", "Not found.")),
        ("crm.company.contact.items.get", {"id": 0}, ("", "The parameter 'ownerEntityID' is invalid or not defined.")),
        ("crm.company.contact.delete", {"fields": "x"}, ("", "The parameter 'item' must be array.")),
        ("crm.contact.company.delete", {"fields": "x"}, ("", "The parameter 'fields' must be array.")),
        ("crm.company.contact.add", {"fields": {"CONTACT_ID": 0}}, ("", "The parameter 'fields' is not valid.")),
        ("crm.contact.company.items.set", {"items": "x"}, ("", "The parameter items must be array.")),
    ],
)
def test_link_refusals(ask: Ask, made: dict[str, list[int]], method: str, params: dict[str, Any], refusal: tuple[str, str]) -> None:
    """Every family words its refusals in its own way."""
    with pytest.raises(RestError) as refused:
        ask(method, **{"id": made["contacts"][0], **params})

    assert (refused.value.code, refused.value.description) == refusal


def test_activity_stands_on_several_cards(ask: Ask, portal: Portal, admin: Caller) -> None:
    """Bound twice or unbound from its last card it is refused; moving keeps the kind; the first binding is the owner."""
    one, two = (portal.records.add("deals", {}, admin) for _ in range(2))
    key = ask("crm.activity.todo.add", ownerTypeId=2, ownerId=one, deadline="2026-04-01T10:00:00")["id"]
    bind = {"activityId": key, "entityTypeId": 2}
    with pytest.raises(RestError, match="LAST_BINDING_CANNOT_BE_DELETED"):
        ask("crm.activity.binding.delete", **bind, entityId=one)
    assert ask("crm.activity.binding.add", **bind, entityId=two) is True
    for asked, code in ((two, "ACTIVITY_IS_ALREADY_BOUND"), (10**6, "OWNER_NOT_FOUND")):
        with pytest.raises(RestError, match=code):
            ask("crm.activity.binding.add", **bind, entityId=asked)
    ask("crm.activity.binding.delete", **bind, entityId=one)
    assert ask("crm.activity.get", id=key)["OWNER_ID"] == str(two)
    move = {"activityId": key, "sourceEntityTypeId": 2, "sourceEntityId": two, "targetEntityTypeId": 2, "targetEntityId": one}
    with pytest.raises(RestError, match="SOURCE_AND_TARGET_ENTITY_TYPES"):
        ask("crm.activity.binding.move", **{**move, "targetEntityTypeId": 3})
    assert ask("crm.activity.binding.move", **move) is True
    assert ask("crm.activity.binding.list", activityId=key) == [{"entityTypeId": 2, "entityId": one}]


def test_things_of_a_todo_change_until_it_is_done(ask: Ask, portal: Portal, admin: Caller) -> None:
    """Deadline, description, responsible person and colour each have a method; a done one refuses each in its words."""
    deal = portal.records.add("deals", {}, admin)
    key = ask("crm.activity.todo.add", ownerTypeId=2, ownerId=deal, deadline="2026-04-01T10:00:00")["id"]
    asked = {"id": key, "ownerTypeId": 2, "ownerId": deal}
    prefix = "crm.activity.todo.update"
    ask(f"{prefix}Deadline", **asked, value="2026-05-01T10:00:00+03:00")
    ask(f"{prefix}Description", **asked, value="Позвонить")
    ask(f"{prefix}ResponsibleUser", **asked, responsibleId=2)
    ask(f"{prefix}Color", **asked, colorId="3")
    row = ask("crm.activity.get", id=key)
    assert (row["DEADLINE"], row["DESCRIPTION"], row["RESPONSIBLE_ID"]) == ("2026-05-01T10:00:00+03:00", "Позвонить", "2")
    assert row["SETTINGS"]["COLOR"] == "3"

    for verb, wrong, code in (
        ("Deadline", {"value": "завтра"}, "WRONG_DATETIME_FORMAT"),
        ("ResponsibleUser", {"responsibleId": 0}, "INVALID_ARG_VALUE"),
        ("Color", {"colorId": "9"}, "CAN_NOT_UPDATE_WRONG_COLOR_TODO"),
    ):
        with pytest.raises(RestError, match=code):
            ask(f"{prefix}{verb}", **asked, **wrong)
    ask("crm.activity.update", id=key, fields={"COMPLETED": "Y"})
    for verb, right, code in (
        ("Description", {"value": "А"}, "CAN_NOT_UPDATE_COMPLETED_TODO"),
        ("ResponsibleUser", {"responsibleId": 1}, "CAN_NOT_UPDATE_RESPONSIBLE_USER_COMPLETED_TODO"),
        ("Color", {"colorId": "1"}, "CAN_NOT_UPDATE_COLOR_COMPLETED_TODO"),
    ):
        with pytest.raises(RestError, match=code):
            ask(f"{prefix}{verb}", **asked, **right)


def test_notifications_are_marked_and_deleted(ask: Ask, portal: Portal) -> None:
    """From a number on, one alone, a list up to a number that is none, all; deleting goes by number or by tag."""
    ids = [ask("im.notify.system.add", USER_ID=1, MESSAGE="А", TAG=f"t{number}", CLIENT_ID="own") for number in range(4)]

    def marks() -> list[str]:
        return [row["IS_READ"] for row in sorted(notices.list_notices(portal, 1), key=lambda row: row["ID"])]

    ask("im.notify.read", ID=ids[2])
    assert marks() == ["N", "N", "Y", "Y"]
    ask("im.notify.read", ID=ids[2], ACTION="N", ONLY_CURRENT="Y")
    ask("im.notify.read.list", IDS=[ids[0], 0, ids[1]])
    assert marks() == ["Y", "N", "N", "Y"]
    assert ask("im.notify.read.all") == {"result": True, "newCounter": 0}
    assert marks() == ["Y"] * 4
    assert ask("im.notify.delete", ID=ids[0]) is True
    assert ask("im.notify.delete", TAG="t1", CLIENT_ID="own") is True
    assert ask("im.notify.delete", TAG="t1", CLIENT_ID="own") is False
    for params, code in (({}, "PARAMS_ERROR"), ({"TAG": "t2"}, "ACCESS_DENIED")):
        with pytest.raises(RestError, match=code):
            ask("im.notify.delete", **params)
    with pytest.raises(RestError, match="PARAMS_ERROR"):
        ask("im.notify.read.list", IDS="x")
