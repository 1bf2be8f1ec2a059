"""What stands on cards beside fields: comments, activities, contacts of a deal, stages passed, placements, notifications."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from sandbox import notices, placements, timeline
from sandbox.portal import Portal
from sandbox.rest import Caller, RestError

Ask = Callable[..., Any]


@pytest.fixture
def deal(portal: Portal, admin: Caller) -> int:
    return portal.records.add("deals", {"TITLE": "Сделка"}, admin)


@pytest.fixture
def contacts(portal: Portal, admin: Caller) -> list[int]:
    return [portal.records.add("contacts", {"NAME": name}, admin) for name in ("Анна", "Борис", "Вера")]


def test_comments_live_and_are_strings(ask: Ask, deal: int) -> None:
    """add answers a number, rows are strings with files by number, `fields` counts only in lower case."""
    key = ask("crm.timeline.comment.add", fields={"ENTITY_ID": deal, "ENTITY_TYPE": "deal", "COMMENT": "Раз", "FILES": [["1.gif", "R0lG"]]})
    assert ask("crm.timeline.comment.update", id=key, fields={"COMMENT": "Два"}) == key
    row = ask("crm.timeline.comment.get", id=key)
    assert (row["ID"], row["ENTITY_ID"], row["COMMENT"], row["FILES"]["1"]["name"]) == (str(key), str(deal), "Два", "1.gif")
    assert ask("crm.timeline.comment.list", filter={"ENTITY_ID": deal, "ENTITY_TYPE": "deal"}) == [row]
    for sent, code in (
        ({"FIELDS": {"COMMENT": "x"}}, "100"),
        ({"fields": {"ENTITY_ID": 10**6, "ENTITY_TYPE": "deal", "COMMENT": "x"}}, "OWNER_NOT_FOUND"),
        ({"fields": {"ENTITY_ID": deal, "ENTITY_TYPE": "deal", "COMMENT": " "}}, "INVALID_ARG_VALUE"),
    ):
        with pytest.raises(RestError) as refusal:
            ask("crm.timeline.comment.add", **sent)
        assert refusal.value.code == code
    assert ask("crm.timeline.comment.delete", id=key) is None
    with pytest.raises(RestError, match="NOT_FOUND"):
        ask("crm.timeline.comment.delete", id=key)


def test_letter_leaves_only_with_all_three_conditions(ask: Ask, portal: Portal, deal: int, contacts: list[int]) -> None:
    """TYPE_ID 4, DIRECTION 2 and COMPLETED Y send a letter; one missing makes an activity silently; an error leaves one too."""
    letter = {
        "OWNER_ID": deal,
        "OWNER_TYPE_ID": 2,
        "TYPE_ID": 4,
        "DIRECTION": 2,
        "COMPLETED": "N",
        "SUBJECT": "Письмо",
        "RESPONSIBLE_ID": "1",
        "COMMUNICATIONS": [{"VALUE": "anna@example.com", "ENTITY_ID": contacts[0], "ENTITY_TYPE_ID": 3}],
    }
    ask("crm.activity.add", fields=letter)
    assert not notices.list_letters(portal)
    ask("crm.activity.add", fields={**letter, "COMPLETED": "Y"})
    assert [one["RECIPIENT"] for one in notices.list_letters(portal)] == ["anna@example.com"]
    with pytest.raises(RestError, match="Invalid email"):
        ask("crm.activity.add", fields={**letter, "COMPLETED": "Y", "COMMUNICATIONS": [{"VALUE": "anna", "ENTITY_ID": 1}]})
    rows = ask("crm.activity.list", filter={"BINDINGS": [{"OWNER_TYPE_ID": 3, "OWNER_ID": contacts[0]}]}, select=["ID", "COMMUNICATIONS"])
    assert [row["ID"] for row in rows] == ["1", "2"]
    assert rows[0]["COMMUNICATIONS"][0]["VALUE"] == "anna@example.com"
    assert portal.store.count("activities") == 3


def test_activities_are_checked_changed_and_closed(ask: Ask, portal: Portal, admin: Caller, deal: int) -> None:
    """Refusals are texts without codes; rows are strings; a deadline follows from the beginning of a call."""
    call = {
        "OWNER_ID": deal,
        "OWNER_TYPE_ID": 2,
        "TYPE_ID": 2,
        "SUBJECT": "Звонок",
        "RESPONSIBLE_ID": 1,
        "COMMUNICATIONS": [{"VALUE": "+7"}],
    }
    for name, text in (
        ("SUBJECT", "SUBJECT"),
        ("RESPONSIBLE_ID", "RESPONSIBLE_ID"),
        ("TYPE_ID", "TYPE_ID"),
        ("COMMUNICATIONS", "COMMUNICATIONS"),
    ):
        with pytest.raises(RestError, match=f"The field {text} is not defined") as refusal:
            ask("crm.activity.add", fields={**call, name: ""})
        assert refusal.value.code == ""
    key = ask("crm.activity.add", fields={**call, "START_TIME": "2026-03-11T10:00:00+03:00"})
    row = ask("crm.activity.get", id=key)
    assert (row["ID"], row["OWNER_ID"], row["STATUS"], row["DEADLINE"]) == (str(key), str(deal), "1", "2026-03-11T10:00:00+03:00")
    assert ask("crm.activity.update", id=key, fields={"COMPLETED": "Y"}) is True
    assert ask("crm.activity.get", id=key)["STATUS"] == "2"
    person = replace(admin, user_id=2, admin=False)
    with pytest.raises(RestError, match="Access denied"):
        portal.call(person, "crm.activity.get", {"id": key})
    assert ask("crm.activity.delete", id=key) is True
    with pytest.raises(RestError, match="Activity is not found"):
        ask("crm.activity.get", id=key)


def test_todo_is_an_activity(ask: Ask, deal: int) -> None:
    """todo.add answers a map; closing is crm.activity.update; a closed one is not changed."""
    asked = {"ownerTypeId": 2, "ownerId": deal, "deadline": "2026-04-01T15:00:00", "title": "Позвонить"}
    key = ask("crm.activity.todo.add", **asked)["id"]
    row = ask("crm.activity.get", id=key)
    assert (row["PROVIDER_ID"], row["DEADLINE"], row["SUBJECT"]) == ("CRM_TODO", "2026-04-01T15:00:00+03:00", "Позвонить")
    with pytest.raises(RestError, match="WRONG_DATETIME_FORMAT"):
        ask("crm.activity.todo.add", **{**asked, "deadline": "завтра"})
    with pytest.raises(RestError) as refusal:
        ask("crm.activity.todo.add", ownerTypeId=2, ownerId=deal)
    assert refusal.value.code == "100"
    ask("crm.activity.update", id=key, fields={"COMPLETED": "Y"})
    with pytest.raises(RestError, match="CAN_NOT_UPDATE_COMPLETED_TODO"):
        ask("crm.activity.todo.update", id=key, **asked)


def test_contacts_of_a_deal_are_a_list_of_numbers(ask: Ask, deal: int, contacts: list[int]) -> None:
    """set replaces all, add answers false for one that is there, the first goes on when the first is removed."""
    anna, boris, vera = contacts
    assert ask("crm.deal.contact.items.set", id=deal, items=[{"CONTACT_ID": anna, "SORT": 100}, {"CONTACT_ID": boris, "IS_PRIMARY": "Y"}])
    assert ask("crm.deal.contact.items.get", id=deal) == [
        {"CONTACT_ID": boris, "SORT": 20, "ROLE_ID": 0, "IS_PRIMARY": "Y"},
        {"CONTACT_ID": anna, "SORT": 100, "ROLE_ID": 0, "IS_PRIMARY": "N"},
    ]
    assert ask("crm.deal.contact.add", id=deal, fields={"CONTACT_ID": vera, "IS_PRIMARY": "Y"}) is True
    assert ask("crm.deal.contact.add", id=deal, fields={"CONTACT_ID": vera}) is False
    assert ask("crm.deal.get", id=deal)["CONTACT_ID"] == str(vera)
    assert ask("crm.deal.contact.delete", id=deal, fields={"CONTACT_ID": vera}) is True
    assert ask("crm.deal.get", id=deal)["CONTACT_ID"] == str(boris)
    assert ask("crm.deal.contact.items.delete", id=deal) is True
    assert ask("crm.deal.contact.items.get", id=deal) == []
    with pytest.raises(RestError, match="ownerEntityID"):
        ask("crm.deal.contact.items.get", id=0)
    with pytest.raises(RestError, match="Not found"):
        ask("crm.deal.contact.items.get", id=10**6)


def test_stage_history_is_numbers_under_upper_case_names(ask: Ask, call: Callable[..., Any], deal: int) -> None:
    """Creation, movement and end are rows of type 1, 2 and 3; leads have STATUS_* names; unknown fields are refused."""
    ask("crm.deal.update", id=deal, fields={"STAGE_ID": "PREPARATION"})
    ask("crm.deal.update", id=deal, fields={"STAGE_ID": "WON"})
    answer = call("crm.stagehistory.list", entityTypeId=2, order={"ID": "ASC"}, filter={"OWNER_ID": deal}, select=["TYPE_ID", "STAGE_ID"])
    assert answer.total == 3
    stages = [(1, "NEW"), (2, "PREPARATION"), (3, "WON")]
    assert answer.result["items"] == [{"TYPE_ID": kind, "STAGE_ID": stage} for kind, stage in stages]
    ask("crm.lead.add", fields={"TITLE": "Лид"})
    assert "STATUS_ID" in ask("crm.stagehistory.list", entityTypeId=1)["items"][0]
    with pytest.raises(RestError, match="ENTITY_TYPE_NOT_SUPPORTED"):
        ask("crm.stagehistory.list", entityTypeId=3)
    with pytest.raises(RestError, match="'X' is not allowed in filter"):
        ask("crm.stagehistory.list", entityTypeId=2, filter={"X": 1})


def test_notifications_are_kept_and_replaced_by_tag(ask: Ask, portal: Portal) -> None:
    """The same TAG replaces; nobody and nothing are refused; a stranger gets false."""
    ask("im.notify.personal.add", USER_ID=2, MESSAGE="Раз", TAG="t")
    ask("im.notify.system.add", USER_ID=2, MESSAGE=" Два ", TAG="t")
    assert [(one["MESSAGE"], one["FROM_ID"]) for one in notices.list_notices(portal, 2)] == [("Два", 0)]
    assert ask("im.notify", USER_ID=10**6, MESSAGE="x") is False
    for asked, code in (({"MESSAGE": "x"}, "USER_ID_EMPTY"), ({"USER_ID": 2}, "MESSAGE_EMPTY")):
        with pytest.raises(RestError, match=code):
            ask("im.notify", **asked)


def test_placements_are_bound_shown_and_left(portal: Portal, admin: Caller) -> None:
    """Refusals come with HTTP 200; a page is shown only when its application is installed; unbind counts two a page."""
    made = portal.grants.add_app({"ru": "Приложение"}, "http://127.0.0.1:2/app", "http://127.0.0.1:2/install", ["crm", "placement"])
    app = replace(admin, webhook_id=None, app=made["CLIENT_ID"], scopes=frozenset(("crm", "placement")))
    tab = {"PLACEMENT": "CRM_DEAL_DETAIL_TAB", "HANDLER": "http://127.0.0.1:2/tab", "LANG_ALL": {"ru": {"TITLE": "Клиент"}}}
    assert portal.call(app, "placement.bind", tab).result is True
    assert placements.list_for(portal, "CRM_DEAL_DETAIL_TAB", 1) == []
    portal.grants.save_app(made["CLIENT_ID"], {"INSTALLED": True})
    assert [one["TITLE"] for one in placements.list_for(portal, "CRM_DEAL_DETAIL_TAB", 1)] == ["Клиент"]
    (shown,) = portal.call(app, "placement.get", {}).result
    assert (shown["handler"], shown["options"], shown["langAll"]["ru"]["TITLE"]) == (tab["HANDLER"], [], "Клиент")
    for asked, code in (
        ({}, "ERROR_ARGUMENT"),
        ({**tab, "PLACEMENT": "NOWHERE"}, "ERROR_PLACEMENT_NOT_FOUND"),
        ({**tab, "USER_ID": 1}, "ERROR_PLACEMENT_USER_MODE"),
        ({**tab, "PLACEMENT": "PAGE_BACKGROUND_WORKER"}, "EMPTY_ERROR_HANDLER_URL"),
    ):
        with pytest.raises(RestError) as refusal:
            portal.call(app, "placement.bind", asked)
        assert (refusal.value.status, refusal.value.code) == (200, code)
    assert "CRM_CONTACT_DETAIL_TAB" in portal.call(app, "placement.list", {}).result
    assert portal.call(app, "placement.unbind", {"PLACEMENT": "CRM_DEAL_DETAIL_TAB"}).result == {"count": 2}
    with pytest.raises(RestError, match="WRONG_AUTH_TYPE"):
        portal.call(replace(admin, webhook_id=1), "placement.get", {})


def test_timeline_gathers_everything(ask: Ask, portal: Portal, deal: int) -> None:
    """Comments, to-dos and stages of one deal, each with its kind."""
    ask("crm.timeline.comment.add", fields={"ENTITY_ID": deal, "ENTITY_TYPE": "deal", "COMMENT": "Раз"})
    ask("crm.activity.todo.add", ownerTypeId=2, ownerId=deal, deadline="2026-04-01T15:00:00", title="Позвонить")
    assert {entry["kind"] for entry in timeline.entries(portal, 2, deal)} == {"comment", "activity", "stage"}
