"""Duplicates: search by phone and e-mail, and merging with all that belongs to the merged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.portal import Portal
from sandbox.records import Change
from sandbox.rest import Caller, RestError

Ask = Callable[..., Any]


def test_search_compares_whole_values_and_ignores_extensions(ask: Ask, portal: Portal, admin: Caller) -> None:
    """Another spelling of the number is not found, its extension does not matter; e-mails are found by kind."""
    phones = ("+79000000001", "8 (900) 000-00-01", "+79000000001;12")
    ids = [portal.records.add("contacts", {"NAME": "А", "PHONE": [{"VALUE": value}]}, admin) for value in phones]
    lead = portal.records.add("leads", {"TITLE": "Л", "EMAIL": [{"VALUE": "anna@x.example"}]}, admin)

    find = "crm.duplicate.findbycomm"
    assert ask(find, type="PHONE", values=["+79000000001"]) == {"CONTACT": [ids[0], ids[2]]}
    assert ask(find, type="PHONE", values=["8 (900) 000-00-01 доб. 7"]) == {"CONTACT": [ids[1]]}
    assert ask(find, type="EMAIL", values=["ANNA@x.example"]) == {"LEAD": [lead]}
    assert ask(find, type="EMAIL", values=["anna@x.example"], entity_type="COMPANY") == []


def test_twenty_hits_of_a_kind_hide_the_kinds_after_it(ask: Ask, portal: Portal, admin: Caller) -> None:
    """Leads come first; with twenty of them neither contacts nor companies are answered."""
    for number in range(20):
        portal.records.add("leads", {"TITLE": f"{number}", "PHONE": [{"VALUE": "1"}]}, admin)
    contact = portal.records.add("contacts", {"NAME": "А", "PHONE": [{"VALUE": "1"}]}, admin)

    found = ask("crm.duplicate.findbycomm", type="PHONE", values=["1"])

    assert (list(found), len(found["LEAD"])) == (["LEAD"], 20)
    assert ask("crm.duplicate.findbycomm", type="PHONE", values=["1"], entity_type="CONTACT") == {"CONTACT": [contact]}


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"values": ["1"]}, "Communication type is not defined"),
        ({"type": "WEB", "values": ["1"]}, "Communication type 'WEB' is not supported in current context"),
        ({"type": "PHONE", "values": "1"}, "Communication values is not defined"),
        ({"type": "PHONE"}, "Communication values is not defined"),
    ],
)
def test_search_is_refused_with_a_sentence_for_a_code(ask: Ask, params: dict[str, Any], code: str) -> None:
    """The sentence stands where other methods have a code; a bare string is no list of values."""
    with pytest.raises(RestError) as refused:
        ask("crm.duplicate.findbycomm", **params)

    assert refused.value.code == code


def test_merge_gathers_what_the_first_lacks(ask: Ask, portal: Portal, admin: Caller) -> None:
    """Empty fields are filled, phones united, the others deleted with their events, everything goes to the first."""
    first = portal.records.add("contacts", {"NAME": "Анна", "PHONE": [{"VALUE": "1"}]}, admin)
    fields = {"NAME": "Анна", "LAST_NAME": "Ким", "PHONE": [{"VALUE": "1"}, {"VALUE": "2"}], "UF_CRM_MEMBERSHIP_END": "2026-12-31"}
    second = portal.records.add("contacts", fields, admin)
    company = portal.records.add("companies", {"TITLE": "К", "CONTACT_IDS": [second]}, admin)
    deals = [
        portal.records.add("deals", {"CONTACT_ID": second}, admin),
        portal.records.add("deals", {"CONTACT_IDS": [first, second]}, admin),
    ]
    call = {"OWNER_TYPE_ID": 3, "OWNER_ID": second, "TYPE_ID": 2, "SUBJECT": "С", "RESPONSIBLE_ID": 1}
    who = {"VALUE": "1", "ENTITY_ID": second, "ENTITY_TYPE_ID": 3}
    activity = ask("crm.activity.add", fields={**call, "COMMUNICATIONS": [who], "START_TIME": "2026-01-01T10:00:00+03:00"})
    comment = ask("crm.timeline.comment.add", fields={"ENTITY_ID": second, "ENTITY_TYPE": "contact", "COMMENT": "К"})
    changes: list[Change] = []
    portal.listeners.append(changes.append)

    answer = ask("crm.entity.mergeBatch", params={"entityTypeId": 3, "entityIds": [first, second]})

    assert answer == {"STATUS": "SUCCESS", "ENTITY_IDS": [second]}
    kept = portal.store.get("contacts", first) or {}
    assert (kept["LAST_NAME"], [one["VALUE"] for one in kept["PHONE"]]) == ("Ким", ["1", "2"])
    assert kept["UF_CRM_MEMBERSHIP_END"] == "2026-12-31"
    assert kept["COMPANY_IDS"] == [company]
    assert portal.store.get("contacts", second) is None
    assert [(portal.store.get("deals", key) or {})["CONTACT_IDS"] for key in deals] == [[first], [first]]
    assert (portal.store.get("deals", deals[0]) or {})["CONTACT_ID"] == first
    assert ask("crm.activity.binding.list", activityId=activity) == [{"entityTypeId": 3, "entityId": first}]
    assert ask("crm.activity.list", filter={"ID": activity}, select=["COMMUNICATIONS"])[0]["COMMUNICATIONS"][0]["ENTITY_ID"] == first
    assert ask("crm.timeline.comment.get", id=comment)["ENTITY_ID"] == str(first)
    assert [(one.section, one.kind, one.id) for one in changes] == [("contacts", "delete", second), ("contacts", "update", first)]


def test_merge_of_companies_keeps_their_contacts_and_deals(ask: Ask, portal: Portal, admin: Caller) -> None:
    """Contacts of the merged company name the kept one, also as their first."""
    first, second = (portal.records.add("companies", {"TITLE": "К"}, admin) for _ in range(2))
    contact = portal.records.add("contacts", {"NAME": "А", "COMPANY_ID": second}, admin)
    deal = portal.records.add("deals", {"COMPANY_ID": second}, admin)

    ask("crm.entity.mergeBatch", params={"entityTypeId": 4, "entityIds": [first, second]})

    assert (portal.store.get("contacts", contact) or {})["COMPANY_ID"] == first
    assert ask("crm.company.contact.items.get", id=first)[0]["CONTACT_ID"] == contact
    assert (portal.store.get("deals", deal) or {})["COMPANY_ID"] == first


def test_conflict_merges_nothing(ask: Ask, portal: Portal, admin: Caller) -> None:
    """A field filled differently needs a person; nothing is changed and nothing deleted."""
    ids = [portal.records.add("contacts", {"NAME": name}, admin) for name in ("Анна", "Борис")]

    answer = ask("crm.entity.mergeBatch", params={"entityTypeId": 3, "entityIds": ids})

    assert answer == {"STATUS": "CONFLICT", "ENTITY_IDS": []}
    assert [(portal.store.get("contacts", key) or {})["NAME"] for key in ids] == ["Анна", "Борис"]


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({"entityIds": [1, 2]}, "The parameter entityTypeId is required."),
        ({"entityTypeId": 3}, "The parameter entityIds does not contains valid elements."),
        ({"entityTypeId": 3, "entityIds": [1]}, "The parameter entityIds must contains at least two elements."),
        ({"entityTypeId": 3, "entityIds": [10**6, 10**6 + 1]}, "Owner was not found"),
        ({"entityTypeId": 31, "entityIds": [1, 2]}, "Entity type 31 is not supported"),
    ],
)
def test_merge_is_refused_in_the_vendors_words(ask: Ask, params: dict[str, Any], text: str) -> None:
    """The code is the number 0, the reason stands in the text."""
    with pytest.raises(RestError) as refused:
        ask("crm.entity.mergeBatch", params=params)

    assert (refused.value.status, refused.value.code, refused.value.description) == (400, 0, text)
