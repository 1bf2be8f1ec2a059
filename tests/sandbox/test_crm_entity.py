"""The old families, dictionaries, user fields and employees."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.portal import Portal
from sandbox.rest import Answer, Caller, RestError

Ask = Callable[..., Any]


@pytest.mark.parametrize("family", ["lead", "deal", "contact", "company"])
def test_family_adds_reads_changes_and_deletes(ask: Ask, family: str) -> None:
    """add answers a bare number, get strings, update and delete true, and a deleted one is Not found."""
    name = "NAME" if family == "contact" else "TITLE"
    key = ask(f"crm.{family}.add", FIELDS={name: "А", "ASSIGNED_BY_ID": "1", "NOPE": 1})

    assert isinstance(key, int)
    assert ask(f"crm.{family}.update", ID=str(key), fields={name: "Б"}) is True
    record = ask(f"crm.{family}.get", id=key)
    assert (record["ID"], record[name], record["ASSIGNED_BY_ID"]) == (str(key), "Б", "1")
    assert [row[name] for row in ask(f"crm.{family}.list", filter={"ID": key})] == ["Б"]
    assert ask(f"crm.{family}.delete", id=key) is True
    with pytest.raises(RestError) as refused:
        ask(f"crm.{family}.get", id=key)
    assert (refused.value.status, refused.value.code, refused.value.description) == (400, "", "Not found")


def test_old_answers_are_strings(ask: Ask) -> None:
    """Sums have two digits, dates are datetimes, an empty date is "", other empty fields null; CONTACT_IDS never comes."""
    key = ask("crm.deal.add", fields={"OPPORTUNITY": 1000000, "BEGINDATE": "2024-08-30", "CLOSEDATE": "", "CONTACT_IDS": [1]})
    deal = ask("crm.deal.get", id=key)

    assert (deal["OPPORTUNITY"], deal["BEGINDATE"], deal["LEAD_ID"], deal["CATEGORY_ID"]) == (
        "1000000.00",
        "2024-08-30T03:00:00+03:00",
        None,
        "0",
    )
    assert "CONTACT_IDS" not in deal
    assert deal["UF_CRM_WARRANTY_TILL"] == ""


def test_multi_fields_are_edited_by_id(ask: Ask) -> None:
    """With ID a value changes or goes, without it comes; a contact without values has no key; lists give them by name only."""
    key = ask("crm.contact.add", fields={"NAME": "А", "PHONE": [{"VALUE": "1", "VALUE_TYPE": "WORK"}, {"VALUE": "2"}]})
    first, second = ask("crm.contact.get", id=key)["PHONE"]
    edits = [{"ID": first["ID"], "VALUE": "11", "VALUE_TYPE": "MOBILE"}, {"ID": second["ID"], "DELETE": "Y"}, {"VALUE": "3"}]

    ask("crm.contact.update", id=key, fields={"PHONE": edits})

    contact = ask("crm.contact.get", id=key)
    assert [(one["VALUE"], one["VALUE_TYPE"]) for one in contact["PHONE"]] == [("11", "MOBILE"), ("3", "WORK")]
    assert (contact["PHONE"][0]["ID"], contact["PHONE"][0]["TYPE_ID"]) == (first["ID"], "PHONE")
    assert "EMAIL" not in contact
    assert "PHONE" not in ask("crm.contact.list", filter={"ID": key})[0]
    assert ask("crm.contact.list", filter={"ID": key}, select=["PHONE"])[0]["PHONE"] == contact["PHONE"]


def test_select_masks(ask: Ask) -> None:
    """'*' is all but user fields, 'UF_*' the user fields, nothing is both."""
    ask("crm.deal.add", fields={"TITLE": "А"})

    plain, own, both = (set(ask("crm.deal.list", select=select)[0]) for select in (["*"], ["UF_*"], []))

    assert own == {"ID", "UF_CRM_EQUIPMENT", "UF_CRM_WARRANTY_TILL"}
    assert not plain & own - {"ID"}
    assert both == plain | own


def test_pipeline_is_immutable_in_the_old_family(ask: Ask) -> None:
    """crm.deal.update passes over CATEGORY_ID."""
    key = ask("crm.deal.add", fields={"CATEGORY_ID": 1})

    ask("crm.deal.update", id=key, fields={"CATEGORY_ID": 0, "TITLE": "А"})

    deal = ask("crm.deal.get", id=key)
    assert (deal["CATEGORY_ID"], deal["STAGE_ID"], deal["TITLE"]) == ("1", "C1:NEW", "А")


@pytest.mark.parametrize(
    ("method", "params", "text"),
    [
        ("crm.deal.get", {}, "ID is not defined or invalid."),
        ("crm.deal.get", {"id": -1}, "ID is not defined or invalid."),
        ("crm.deal.get", {"id": 10**30}, "Not found"),
        ("crm.deal.add", {"fields": "x"}, "Parameter 'fields' must be array."),
        ("crm.deal.add", {}, "Parameter 'fields' must be array."),
    ],
)
def test_old_refusals_have_an_empty_code(ask: Ask, method: str, params: dict[str, Any], text: str) -> None:
    """The reason is in the text."""
    with pytest.raises(RestError) as refused:
        ask(method, **params)

    assert (refused.value.code, refused.value.description) == ("", text)


def test_lead_becomes_a_returning_customer_by_itself(ask: Ask) -> None:
    """IS_RETURN_CUSTOMER of a lead cannot be written; a contact makes it Y."""
    plain = ask("crm.lead.add", fields={"TITLE": "А", "IS_RETURN_CUSTOMER": "Y"})
    known = ask("crm.lead.add", fields={"TITLE": "Б", "CONTACT_ID": 1})

    assert [ask("crm.lead.get", id=key)["IS_RETURN_CUSTOMER"] for key in (plain, known)] == ["N", "Y"]


def test_fields_describe_themselves(ask: Ask) -> None:
    """Types, dictionaries and flags are the vendor's."""
    fields = ask("crm.deal.fields")

    assert fields["SOURCE_ID"]["statusType"] == "SOURCE"
    assert (fields["CATEGORY_ID"]["isImmutable"], fields["ID"]["isReadOnly"], fields["CONTACT_ID"]["isDeprecated"]) == (True, True, True)
    assert fields["UF_CRM_EQUIPMENT"]["isDynamic"] is True


def test_user_field_lives_and_dies(ask: Ask, portal: Portal) -> None:
    """Its name gets the prefix, its labels all languages, its list ids; deleting takes the values."""
    items = [{"VALUE": "A", "XML_ID": "a", "DEF": "Y"}, {"VALUE": "B", "XML_ID": "b"}]
    sent = {"FIELD_NAME": "manager_note", "USER_TYPE_ID": "enumeration", "LABEL": "Заметка", "LIST": items, "SHOW_FILTER": "Y"}
    key = ask("crm.contact.userfield.add", fields=sent)
    field = ask("crm.contact.userfield.get", id=key)

    assert (field["FIELD_NAME"], field["SHOW_FILTER"], field["EDIT_FORM_LABEL"]["ru"]) == ("UF_CRM_MANAGER_NOTE", "E", "Заметка")
    changed = [{"ID": field["LIST"][0]["ID"], "VALUE": "AA"}, {"ID": field["LIST"][1]["ID"], "DEL": "Y"}, {"VALUE": "C"}]
    ask("crm.contact.userfield.update", id=key, fields={"LIST": changed})
    listed = ask("crm.contact.userfield.list", filter={"FIELD_NAME": "UF_CRM_MANAGER_NOTE", "LANG": "ru"})
    assert [item["VALUE"] for item in listed[0]["LIST"]] == ["AA", "C"]
    assert listed[0]["EDIT_FORM_LABEL"] == "Заметка"
    contact = ask("crm.contact.add", fields={"NAME": "А", "UF_CRM_MANAGER_NOTE": listed[0]["LIST"][0]["ID"]})
    assert ask("crm.contact.get", id=contact)["UF_CRM_MANAGER_NOTE"] == listed[0]["LIST"][0]["ID"]
    assert ask("crm.contact.userfield.delete", id=key) is True
    assert "UF_CRM_MANAGER_NOTE" not in ask("crm.contact.get", id=contact)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"USER_TYPE_ID": "string"}, ""),
        ({"FIELD_NAME": "A"}, ""),
        ({"FIELD_NAME": "A", "USER_TYPE_ID": "nope"}, "ERROR_CORE"),
        ({"FIELD_NAME": "A" * 50, "USER_TYPE_ID": "string"}, "ERROR_CORE"),
        ({"FIELD_NAME": "имя", "USER_TYPE_ID": "string"}, "ERROR_CORE"),
        ({"FIELD_NAME": "EQUIPMENT", "USER_TYPE_ID": "string"}, "ERROR_CORE"),
    ],
)
def test_user_field_refusals(ask: Ask, fields: dict[str, Any], code: str) -> None:
    """Missing, too long, foreign letters, unknown type, known name."""
    with pytest.raises(RestError) as refused:
        ask("crm.deal.userfield.add", fields=fields)

    assert refused.value.code == code


def test_stages_carry_pipeline_prefix_and_meaning(ask: Ask) -> None:
    """A stage added to pipeline 1 becomes C1:..., and deals can enter it."""
    ask("crm.status.add", fields={"ENTITY_ID": "DEAL_STAGE_1", "STATUS_ID": "EXTRA", "NAME": "Ещё", "SORT": 15})
    listed = ask("crm.status.list", filter={"ENTITY_ID": "DEAL_STAGE_1"}, order={"SORT": "ASC"})

    assert [row["STATUS_ID"] for row in listed][:2] == ["C1:NEW", "C1:EXTRA"]
    assert {row["EXTRA"]["SEMANTICS"] for row in listed} >= {"process", "success", "failure"}
    assert ask("crm.item.add", entityTypeId=2, fields={"stageId": "C1:EXTRA"})["item"]["categoryId"] == 1
    assert [one["id"] for one in ask("crm.category.list", entityTypeId=2)["categories"]] == [0, 1]
    assert ask("crm.currency.base.get") == "RUB"


def test_users_are_shown_by_scope(portal: Portal, call: Callable[..., Answer]) -> None:
    """user_brief hides contacts; ACTIVE is a boolean; filter and paging work as in other lists."""
    brief = Caller(1, admin=True, scopes=frozenset(["user_brief"]), webhook_id=3)

    full = call("user.get", filter={"ID": 1})
    short = portal.call(brief, "user.get", {"ID": 1}).result[0]

    assert (full.total, full.result[0]["ACTIVE"], "EMAIL" in full.result[0], "EMAIL" in short) == (1, True, True, False)
    assert call("profile").result["ADMIN"] is True


@pytest.mark.parametrize(
    ("method", "scopes", "admin", "refusal"),
    [
        ("crm.deal.list", (), True, (403, "insufficient_scope")),
        ("app.info", (), True, (400, "ACCESS_DENIED")),
        ("app.option.set", (), True, (400, "AccessException")),
        ("crm.deal.userfield.add", ("crm",), False, (403, "")),
        ("no.such.method", (), True, (404, "ERROR_METHOD_NOT_FOUND")),
    ],
)
def test_rights_are_checked_before_anything(portal: Portal, method: str, scopes: tuple[str, ...], admin: bool, refusal: Any) -> None:
    """Scope, application context and administrator's rights, each with its own refusal."""
    caller = Caller(1, admin, scopes=frozenset(scopes), webhook_id=4)

    with pytest.raises(RestError) as refused:
        portal.call(caller, method, {})

    assert (refused.value.status, refused.value.code) == refusal
