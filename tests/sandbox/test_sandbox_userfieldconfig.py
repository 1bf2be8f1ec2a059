"""userfieldconfig.* and what describes user fields: the same fields as crm.*.userfield.*, in another manner."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from sandbox.portal import Portal
from sandbox.records import Change
from sandbox.rest import Caller, RestError

Ask = Callable[..., Any]
FIELD = {
    "entityId": "CRM_DEAL",
    "fieldName": "UF_CRM_KIND",
    "userTypeId": "enumeration",
    "enum": [{"value": "А"}, {"value": "Б", "def": "Y"}],
}


def test_field_lives_and_dies(ask: Ask, portal: Portal) -> None:
    """Answers carry ids as text, languages that have a label, items of the list; events are those of user fields."""
    changes: list[Change] = []
    portal.listeners.append(changes.append)
    field = ask("userfieldconfig.add", moduleId="crm", field={**FIELD, "editFormLabel": {"ru": "Вид", "en": "Kind"}, "label": "нет"})[
        "field"
    ]

    assert (field["entityId"], field["sort"], field["languageId"]) == ("CRM_DEAL", "100", {"en": "en", "ru": "ru"})
    assert (field["editFormLabel"], field["listColumnLabel"]) == ({"en": "Kind", "ru": "Вид"}, {"en": None, "ru": None})
    assert [(one["value"], one["def"], one["userFieldId"]) for one in field["enum"]] == [("А", "N", field["id"]), ("Б", "Y", field["id"])]
    items = [{"id": field["enum"][0]["id"], "del": "Y"}, {"value": "В"}]
    changed = ask("userfieldconfig.update", moduleId="crm", id=field["id"], field={"mandatory": "Y", "enum": items, "userTypeId": "string"})
    assert ([one["value"] for one in changed["field"]["enum"]], changed["field"]["userTypeId"]) == (["Б", "В"], "enumeration")
    assert ask("userfieldconfig.get", moduleId="crm", id=int(field["id"])) == changed
    assert ask("crm.deal.userfield.get", id=field["id"])["MANDATORY"] == "Y"
    assert ask("userfieldconfig.delete", moduleId="crm", id=int(field["id"])) is None
    assert [(one.section, one.kind) for one in changes] == [("user_fields", kind) for kind in ("add", "update", "delete")]


def test_list_has_labels_of_one_language_only_when_asked(ask: Ask) -> None:
    """Filters and orders go by camelCase names, without a language there are no labels, an empty label is null."""
    plain = ask("userfieldconfig.list", moduleId="crm", filter={"fieldName": "UF_CRM_EQUIPMENT"}, order={"id": "DESC"})["fields"]
    spoken = ask("userfieldconfig.list", moduleId="crm", select={"0": "*", "language": "ru"}, filter={"fieldName": "UF_CRM_EQUIPMENT"})

    assert "editFormLabel" not in plain[0]
    assert spoken["fields"][0]["editFormLabel"] == {"ru": "Оборудование"}
    assert spoken["fields"][0]["helpMessage"] is None
    assert set(ask("userfieldconfig.list", moduleId="crm", select=["fieldName"])["fields"][0]) == {"id", "fieldName"}


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"fieldName": ""}, "The 'FIELD_NAME' field is not found."),
        ({"userTypeId": ""}, "The 'USER_TYPE_ID' field is not found."),
        ({"fieldName": "KIND"}, "Вы не можете создавать пользовательские поля"),
        ({"entityId": "CRM_7"}, "Вы не можете создавать пользовательские поля"),
        ({"fieldName": "UF_CRM_EQUIPMENT"}, "Поле UF_CRM_EQUIPMENT для объекта CRM_DEAL уже существует."),
    ],
)
def test_add_is_refused_with_a_reason_in_the_text(ask: Ask, changes: dict[str, Any], text: str) -> None:
    """The code is empty."""
    with pytest.raises(RestError) as refused:
        ask("userfieldconfig.add", moduleId="crm", field={**FIELD, **changes})

    assert (refused.value.code, refused.value.description) == ("", text)


@pytest.mark.parametrize(
    ("method", "is_admin", "text"),
    [
        ("userfieldconfig.add", False, "Access denied"),
        ("userfieldconfig.update", False, "Вы не можете изменить настройки пользовательского поля"),
        ("userfieldconfig.delete", True, "Вы не можете удалить пользовательское поле"),
        ("userfieldconfig.get", True, "Вы не можете просматривать настройки пользовательских полей"),
    ],
)
def test_what_is_not_there_is_refused_as_forbidden(portal: Portal, admin: Caller, method: str, is_admin: bool, text: str) -> None:
    """A missing field and a missing right read the same."""
    key = 1 if not is_admin else 10**6
    with pytest.raises(RestError, match=text):
        portal.call(replace(admin, admin=is_admin), method, {"moduleId": "crm", "id": key, "field": FIELD})


def test_both_scopes_are_needed(portal: Portal, admin: Caller) -> None:
    """userfieldconfig alone is not enough: the module's scope is wanted, and only CRM has fields."""
    with pytest.raises(RestError, match=r"more scopes\. \(crm\)"):
        portal.call(replace(admin, scopes=frozenset(["userfieldconfig"])), "userfieldconfig.getTypes", {"moduleId": "crm"})
    with pytest.raises(RestError, match="No settings for UserFieldAccess"):
        portal.call(admin, "userfieldconfig.getTypes", {"moduleId": "catalog"})


@pytest.mark.parametrize(
    ("kind", "sent", "old", "new"),
    [
        ("money", "300|RUB", "300|RUB", "300|RUB"),
        ("date", "2026-05-06", "2026-05-06T03:00:00+03:00", "2026-05-06T03:00:00+03:00"),
        ("datetime", "2026-05-06T10:00:00+00:00", "2026-05-06T13:00:00+03:00", "2026-05-06T13:00:00+03:00"),
        ("double", "12,5", "12.50", 12.5),
        ("boolean", "Y", "1", "Y"),
        ("url", "https://x.example", "https://x.example", "https://x.example"),
        ("employee", 2, "2", 2),
    ],
)
def test_values_of_every_type_in_both_families(ask: Ask, kind: str, sent: Any, old: Any, new: Any) -> None:
    """Single and multiple values are kept and printed as the family does."""
    ask("crm.deal.userfield.add", fields={"FIELD_NAME": "ONE", "USER_TYPE_ID": kind})
    ask("crm.deal.userfield.add", fields={"FIELD_NAME": "MANY", "USER_TYPE_ID": kind, "MULTIPLE": "Y"})
    is_list = kind != "boolean"  # a boolean is never multiple
    key = ask("crm.deal.add", fields={"UF_CRM_ONE": sent, "UF_CRM_MANY": [sent] if is_list else sent})

    deal = ask("crm.deal.get", id=key)
    item = ask("crm.item.get", entityTypeId=2, id=key)["item"]

    many_old, many_new = ([old], [new]) if is_list else (old, new)
    assert (deal["UF_CRM_ONE"], deal["UF_CRM_MANY"]) == (old, many_old)
    assert (item["ufCrmOne"], item["ufCrmMany"]) == (new, many_new)


def test_types_describe_their_settings(ask: Ask) -> None:
    """A field without settings of its own gets its type's; a type without any has an empty list."""
    assert ask("crm.userfield.settings.fields", type="double")["PRECISION"]["type"] == "int"
    assert ask("crm.userfield.settings.fields", type="employee") == []
    with pytest.raises(RestError, match=r"Parameter 'type' is not specified"):
        ask("crm.userfield.settings.fields")
    key = ask("crm.lead.userfield.add", fields={"FIELD_NAME": "ONE", "USER_TYPE_ID": "enumeration", "SETTINGS": {"DISPLAY": "UI"}})
    settings = ask("crm.lead.userfield.get", id=key)["SETTINGS"]
    assert settings == {"DISPLAY": "UI", "LIST_HEIGHT": 1, "CAPTION_NO_VALUE": "", "SHOW_NO_VALUE": "Y"}
