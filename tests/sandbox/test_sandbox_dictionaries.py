"""What CRM is set up with: stages, pipelines, currencies, catalogue, departments, people; imports; product rows of the old family."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from sandbox.events import Events
from sandbox.portal import Portal
from sandbox.rest import Answer, Caller, RestError
from tests.sandbox.clock import FakeClock

Ask = Callable[..., Any]


def test_pipeline_is_born_with_stages_and_dies_empty(ask: Ask, portal: Portal, admin: Caller) -> None:
    """A new pipeline has eight stages of its own; one with deals, and the general one, stay."""
    made = ask("crm.category.add", entityTypeId=2, fields={"name": "Аренда", "isDefault": "Y"})["category"]
    key = made["id"]

    assert made == {**made, "name": "Аренда", "sort": 500, "isDefault": "N", "originId": ""}
    assert [one["STATUS_ID"] for one in ask("crm.status.entity.items", entityId=f"DEAL_STAGE_{key}")][:2] == [
        f"C{key}:NEW",
        f"C{key}:PREPARATION",
    ]
    assert ask("crm.category.update", entityTypeId=2, id=key, fields={"name": "Прокат", "sort": -1})["category"]["sort"] == 0
    deal = ask("crm.item.add", entityTypeId=2, fields={"categoryId": key})["item"]
    assert deal["stageId"] == f"C{key}:NEW"
    for asked, text in ((key, "Найдены сделки"), (0, "Default deal category")):
        with pytest.raises(RestError, match=text) as refused:
            ask("crm.category.delete", entityTypeId=2, id=asked)
        assert refused.value.code == "0"
    portal.records.delete("deals", deal["id"], admin)
    assert ask("crm.category.delete", entityTypeId=2, id=key) is None
    assert portal.store.count("statuses", {"ENTITY_ID": f"DEAL_STAGE_{key}"}) == 0


def test_dictionary_entry_is_changed_and_deleted(ask: Ask, portal: Portal, admin: Caller) -> None:
    """A stage with deals stays, a system one goes only when forced."""
    row = portal.store.find("statuses", {"ENTITY_ID": "DEAL_STAGE", "STATUS_ID": "EXECUTING"})[0]["ID"]
    ask("crm.status.update", id=row, fields={"NAME": "Делаем", "SORT": 35, "STATUS_ID": "NO"})
    changed = ask("crm.status.get", id=row)
    assert (changed["NAME"], changed["SORT"], changed["STATUS_ID"]) == ("Делаем", "35", "EXECUTING")

    deal = portal.records.add("deals", {"STAGE_ID": "EXECUTING"}, admin)
    with pytest.raises(RestError, match="active items"):
        ask("crm.status.delete", id=row)
    portal.records.delete("deals", deal, admin)
    assert ask("crm.status.delete", id=row) is True
    first = portal.store.find("statuses", {"ENTITY_ID": "DEAL_STAGE", "STATUS_ID": "NEW"})[0]["ID"]
    with pytest.raises(RestError, match="FORCED"):
        ask("crm.status.delete", id=first)
    assert ask("crm.status.delete", id=first, params={"FORCED": "Y"}) is True


def test_currency_lives_and_dies(ask: Ask, portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its answers are text, its total is always 0, its localizations unite, its events carry its code."""
    fired: list[tuple[str, Any]] = []
    monkeypatch.setattr(Events, "fire", lambda _self, event, _caller: fired.append((event.name, event.content["FIELDS"]["ID"])))
    ask(
        "crm.currency.add",
        fields={"CURRENCY": "KZT", "AMOUNT": 17.5, "AMOUNT_CNT": 100, "LANG": {"ru": {"FULL_NAME": "Тенге", "DECIMALS": 0}}},
    )

    row = ask("crm.currency.get", id="KZT")
    assert (row["AMOUNT"], row["AMOUNT_CNT"], row["FULL_NAME"], row["DECIMALS"], row["BASE"]) == ("17.5000", "100", "Тенге", "0", "N")
    ask("crm.currency.localizations.set", id="KZT", localizations={"en": {"FULL_NAME": "Tenge"}})
    assert [words["FULL_NAME"] for words in ask("crm.currency.localizations.get", id="KZT").values()] == ["Тенге", "Tenge"]
    ask("crm.currency.localizations.delete", id="KZT", lids=["en"])
    assert list(ask("crm.currency.get", id="KZT")["LANG"]) == ["ru"]
    ask("crm.currency.base.set", id="KZT")
    assert ask("crm.currency.base.get") == "KZT"
    with pytest.raises(RestError, match="базовую"):
        ask("crm.currency.delete", id="KZT")
    ask("crm.currency.update", id="RUB", fields={"BASE": "Y", "AMOUNT": 1})
    assert ask("crm.currency.delete", id="KZT") is True
    with pytest.raises(RestError, match="Not found"):
        ask("crm.currency.get", id="KZT")
    assert fired == [("ONCRMCURRENCYADD", "KZT"), ("ONCRMCURRENCYUPDATE", "RUB"), ("ONCRMCURRENCYDELETE", "KZT")]
    assert [one["CURRENCY"] for one in ask("crm.currency.list", order={"currency": "desc"})] == ["USD", "RUB", "EUR"]


@pytest.mark.parametrize(
    "fields",
    [
        {"CURRENCY": "KZT", "AMOUNT": 1},
        {"CURRENCY": "тен", "AMOUNT": 1, "AMOUNT_CNT": 1},
        {"CURRENCY": "USD", "AMOUNT": 1, "AMOUNT_CNT": 1},
    ],
)
def test_currency_refusals(ask: Ask, fields: dict[str, Any]) -> None:
    """What is missing, no code, and a known code."""
    with pytest.raises(RestError) as refused:
        ask("crm.currency.add", fields=fields)

    assert refused.value.code == "ERROR_CORE"


@pytest.mark.parametrize("method", ["crm.currency.add", "crm.category.add", "crm.status.update", "department.add"])
def test_setting_up_is_for_administrators(portal: Portal, admin: Caller, method: str) -> None:
    """An employee reads, an administrator writes."""
    with pytest.raises(RestError):
        portal.call(replace(admin, admin=False), method, {"entityTypeId": 2, "fields": {}, "id": 1})


def test_catalogue_wants_what_it_wants(call: Callable[..., Answer], ask: Ask, portal: Portal) -> None:
    """id and iblockId must be selected, iblockId filtered; another catalogue is empty; prices have a list of their own."""
    catalog = ask("catalog.catalog.list")["catalogs"][0]["iblockId"]
    listed = call(
        "catalog.product.list", select=["id", "iblockId", "name"], filter={"iblockId": catalog, "%name": "а"}, order={"id": "desc"}
    )

    assert listed.total
    assert set(listed.result["products"][0]) == {"id", "iblockId", "name"}
    assert ask("catalog.product.list", select=["id", "iblockId"], filter={"iblockId": catalog + 1}) == {"products": []}
    for params in ({"select": ["id"], "filter": {"iblockId": 1}}, {"select": ["id", "iblockId"]}):
        with pytest.raises(RestError) as refused:
            ask("catalog.product.list", **params)
        assert refused.value.code == 0
    product = portal.store.find("products", limit=1)[0]
    assert ask("catalog.price.list", filter={"productId": product["ID"]})["prices"][0]["price"] == product["PRICE"]
    assert ask("crm.product.get", id=product["ID"])["PRICE"] == f"{product['PRICE']:.2f}"


def test_sections_of_the_catalogue_are_listed_by_both_families(ask: Ask, portal: Portal, admin: Caller) -> None:
    """By the catalogue that must be named, and by the old family, where it need not be; the new one is for administrators."""
    catalog = ask("catalog.catalog.list")["catalogs"][0]["iblockId"]
    found = ask("catalog.section.list", filter={"iblockId": catalog}, order={"id": "asc"})["sections"]
    old = ask("crm.productsection.list", select=["ID", "NAME", "SECTION_ID"], order={"ID": "ASC"})

    assert [(str(one["id"]), one["name"]) for one in found] == [(one["ID"], one["NAME"]) for one in old]
    assert old[0] == {"ID": "1", "NAME": "Кофейное оборудование", "SECTION_ID": "6"}
    with pytest.raises(RestError) as refused:
        ask("catalog.section.list")
    assert refused.value.code == 0
    with pytest.raises(RestError) as refused:
        portal.call(replace(admin, admin=False), "catalog.section.list", {"filter": {"iblockId": catalog}})
    assert refused.value.code == "200040300030"


def test_departments_change_and_their_people_move_up(ask: Ask, portal: Portal) -> None:
    """A department needs a parent that is there; deleting one moves its people to the parent."""
    for parent in (None, 10**6):
        with pytest.raises(RestError, match="только один раздел"):
            ask("department.add", NAME="Отдел", PARENT=parent)
    key = ask("department.add", NAME="Отдел", PARENT=1, UF_HEAD=1)
    portal.store.save("users", 2, {"UF_DEPARTMENT": [key]})
    ask("department.update", ID=key, NAME="Сервис")

    assert ask("department.get", ID=key) == [{"ID": str(key), "NAME": "Сервис", "SORT": 500, "PARENT": "1", "UF_HEAD": "1"}]
    assert ask("department.delete", ID=key) is True
    assert (portal.store.get("users", 2) or {})["UF_DEPARTMENT"] == [1]
    with pytest.raises(RestError, match="Department not found"):
        ask("department.update", ID=key, NAME="А")


def test_people_are_found_by_beginnings(ask: Ask, portal: Portal) -> None:
    """FIND looks through names, positions and departments; select chooses fields; conditions may stand at the top level."""
    portal.store.save("users", 2, {"NAME": "Евгения", "LAST_NAME": "Ким", "WORK_POSITION": "Ведущий инженер"})
    ids = [row["ID"] for row in ask("user.get")]

    assert [row["ID"] for row in ask("user.search", FILTER={"FIND": "ким инж"}, select=["ID"])] == ["2"]
    assert [row["ID"] for row in ask("user.search", FILTER={"NAME": "евг"})] == ["2"]
    assert ask("user.search", FILTER={"NAME": "вген"}) == []
    department = portal.store.find("departments", limit=1)[0]
    assert {row["ID"] for row in ask("user.search", FILTER={"UF_DEPARTMENT_NAME": department["NAME"][:3]})} <= set(ids)
    assert set(ask("user.get", ID=2, select=["NAME", "UF_*"])[0]) == {"NAME", "UF_DEPARTMENT", "UF_PHONE_INNER"}
    brief = Caller(1, admin=True, scopes=frozenset(["user_brief"]), webhook_id=5)
    assert "EMAIL" not in portal.call(brief, "user.fields", {}).result


def test_import_keeps_history(ask: Ask, portal: Portal, clock: FakeClock) -> None:
    """An administrator may say when and by whom it was made; only the id is answered."""
    made = ask("crm.item.import", entityTypeId=2, fields={"title": "А", "createdTime": "2024-01-10T10:00:00+03:00", "createdBy": 2})

    deal = ask("crm.item.get", entityTypeId=2, id=made["item"]["id"])["item"]

    assert set(made["item"]) == {"id"}
    assert (deal["createdTime"], deal["updatedTime"], deal["createdBy"]) == ("2024-01-10T10:00:00+03:00", "2024-01-10T10:00:00+03:00", 2)
    history = ask("crm.stagehistory.list", entityTypeId=2, filter={"OWNER_ID": deal["id"]})["items"]
    assert history[0]["CREATED_TIME"] == "2024-01-10T10:00:00+03:00"


@pytest.mark.parametrize(
    "wrong",
    [
        {"createdTime": "2030-01-01T00:00:00+03:00"},
        {"createdTime": "2020-01-01T00:00:00+03:00"},
        {"createdTime": "2025-01-10T00:00:00+03:00", "updatedTime": "2025-01-09T00:00:00+03:00"},
        {"createdTime": "2025-01-10T00:00:00+03:00", "updatedTime": "2025-01-11T00:00:00+03:00", "movedTime": "2025-01-12T00:00:00+03:00"},
        {"createdBy": "кто"},
    ],
)
def test_history_must_be_possible(ask: Ask, wrong: dict[str, Any]) -> None:
    """Not in the future, not before those there already, changes after making, moves between both."""
    ask("crm.item.import", entityTypeId=2, fields={"createdTime": "2024-06-01T00:00:00+03:00"})
    with pytest.raises(RestError) as refused:
        ask("crm.item.import", entityTypeId=2, fields=wrong)

    assert refused.value.code == "CRM_FIELD_ERROR_VALUE_NOT_VALID"


def test_history_is_the_administrators(portal: Portal, admin: Caller) -> None:
    """Another employee imports, but not into the past."""
    person = replace(admin, admin=False, user_id=2)
    assert portal.call(person, "crm.item.import", {"entityTypeId": 3, "fields": {"name": "А"}}).result["item"]["id"]
    with pytest.raises(RestError, match="Дата создания"):
        portal.call(person, "crm.item.import", {"entityTypeId": 3, "fields": {"createdTime": "2024-01-01T00:00:00+03:00"}})


def test_batch_import_goes_on_after_a_refusal(ask: Ask) -> None:
    """Each record has its id or its error; more than 20 are refused at once; old multi-fields are taken."""
    phone = [{"VALUE": "1", "VALUE_TYPE": "WORK"}]
    items = ask("crm.item.batchImport", entityTypeId=3, data=[{"name": "А", "PHONE": phone}, {"observers": 5}, {"name": "Б"}])["items"]

    assert ["item" in one for one in items] == [True, False, True]
    assert items[1]["error"] == "100"
    assert ask("crm.contact.get", id=items[0]["item"]["id"])["PHONE"][0]["VALUE"] == "1"
    with pytest.raises(RestError, match="MAX_IMPORT_BATCH_SIZE_EXCEEDED"):
        ask("crm.item.batchImport", entityTypeId=3, data=[{}] * 21)


def test_old_product_rows_mix_texts_and_numbers(ask: Ask, portal: Portal) -> None:
    """Ids are text, prices numbers, PRICE_ACCOUNT text; set replaces all and moves the deal's sum."""
    product = portal.store.find("products", limit=1)[0]
    key = ask("crm.deal.add", fields={"TITLE": "А"})
    rows = [
        {"PRODUCT_ID": product["ID"], "PRICE": 900, "QUANTITY": 2, "DISCOUNT_TYPE_ID": 1, "DISCOUNT_SUM": 100, "SORT": 10},
        {"PRODUCT_NAME": "Выезд", "PRICE": 500, "SORT": 20},
    ]

    assert ask("crm.deal.productrows.set", id=key, rows=rows) is True

    first, second = ask("crm.deal.productrows.get", id=key)
    assert (first["OWNER_ID"], first["PRODUCT_ID"], first["PRICE"], first["PRICE_NETTO"]) == (str(key), product["ID"], 900, 1000)
    assert (first["PRICE_ACCOUNT"], first["ORIGINAL_PRODUCT_NAME"], second["PRODUCT_NAME"]) == ("900.00", product["NAME"], "Выезд")
    assert ask("crm.deal.get", id=key)["OPPORTUNITY"] == "2300.00"


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({"id": 0}, "The parameter id is invalid or not defined."),
        ({"id": 10**6}, "Not found"),
        ({"rows": "x"}, "The parameter rows must be array."),
        ({"rows": [{"DISCOUNT_TYPE_ID": 2}]}, "Discount Rate"),
        ({"rows": [{"DISCOUNT_TYPE_ID": 2, "DISCOUNT_RATE": 100}]}, "Discount Sum"),
        ({"rows": [{"DISCOUNT_TYPE_ID": 1}]}, "Monetary Discount"),
    ],
)
def test_old_product_rows_refusals(ask: Ask, params: dict[str, Any], text: str) -> None:
    """An owner that is none, rows that are none, a discount without its size."""
    key = ask("crm.lead.add", fields={"TITLE": "А"})
    with pytest.raises(RestError, match=text):
        ask("crm.lead.productrows.set", **{"id": key, "rows": [], **params})
