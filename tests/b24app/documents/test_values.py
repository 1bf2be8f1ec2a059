"""What an offer says, and what keeps it from being made."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from b24app.documents.values import KEY, Source, check_offer, find_fields, offer_values
from b24app.documents.wording import print_day, print_money
from tests.fake_generator import service_deal

TODAY, LAST = date(2025, 11, 21), date(2025, 12, 5)


def user_field(entity: str, name: str, kind: str, title: str) -> dict[str, Any]:
    """Return a row of the mirror's `user_field`."""
    column = name.lower()
    return {"entity": entity, "name": name, "column_name": column, "kind": kind, "title_ru": title, "title_en": "", "is_multiple": 0}


FIELDS = (
    user_field("deal", "UF_CRM_EQUIPMENT", "string", "Оборудование"),
    user_field("deal", "UF_CRM_1700", "date", "Гарантия до"),
    user_field("company", "UF_CRM_1701", "date", "Договор действует до"),
    user_field("company", "UF_CRM_1702", "date", "Дата договора"),
    user_field("deal", "UF_CRM_1703", "date", "Гарантия доставки"),
)


@pytest.fixture
def source() -> Source:
    """A service deal with its client, two services and two purchases before it."""
    portal = service_deal()
    assert portal.deal
    purchases = (
        {"id": 50, "closedate": "2024-03-14", "products": ["Чиллер", "Монтаж", "Насос", "Щит"], "uf_crm_1700": "2025-03-14"},
        {"id": 40, "closedate": "2020-01-01", "products": ["Кондиционер"]},
    )
    return Source(
        deal=portal.deal,
        rows=sorted(portal.rows, key=lambda row: row["sort"]),
        company=portal.people[4, 7],
        contact=portal.people[3, 12],
        seller=portal.sellers[0],
        manager=portal.users[0],
        purchases=purchases,
        fields=find_fields(FIELDS),
    )


def test_fields_are_found_by_what_they_say() -> None:
    """A date counts only when its name says that something ends then; every portal names its own fields."""
    found = find_fields(FIELDS)

    assert {key: [field["name"] for field in fields] for key, fields in found.items()} == {
        "equipment": ["UF_CRM_EQUIPMENT"],
        "warranty": ["UF_CRM_1700"],
        "membership": ["UF_CRM_1701"],
    }


def test_offer_says_everything_that_is_known(source: Source) -> None:
    """Every code has its value, from the deal's real data."""
    values = offer_values(source, "key-1", TODAY, LAST)

    assert values == {
        KEY: "key-1",
        "OfferDate": print_day(TODAY),
        "OfferValidUntil": print_day(LAST),
        "OfferSellerDetails": "ИНН 7715123456, КПП 771501001",
        "OfferClient": "ООО «Хладокомбинат № 3»",
        "OfferClientContacts": "Смирнова Ольга Петровна, +7 912 345-67-89, office@hlado.example",
        "OfferSubject": "Оборудование: Чиллер «Арктика-200»",
        "OfferGreeting": "Уважаемая Ольга Петровна!",
        "OfferReason": f"{print_day(date(2024, 3, 14))} вы приобрели у нас: Чиллер, Монтаж и ещё 2 позиции. "
        f"Гарантия закончилась {print_day(date(2025, 3, 14))} "
        "Плановое обслуживание помогает оборудованию работать без остановок, поэтому предлагаем вам следующие услуги.",
        "OfferSum": print_money(99600, "RUB"),
        "OfferSumNote": f"В том числе НДС 20 %: {print_money(16600, 'RUB')}. Скидка: {print_money(4000, 'RUB')}.",
        "OfferSumInWords": "Девяносто девять тысяч шестьсот рублей 00 копеек",
        "OfferManager": "Кузнецов Антон Сергеевич",
        "OfferManagerPosition": "Менеджер по сервису",
        "OfferManagerContacts": "+7 495 123-45-67, kuznetsov@klimat.example",
    }


def test_offer_never_shows_the_title_of_a_deal_with_products(source: Source) -> None:
    """People keep notes for themselves in a deal's title."""
    values = offer_values(replace(source, fields={}), "key-1", TODAY, LAST)

    assert not any("перезвонить" in str(value) for value in values.values())


def test_warranty_and_contract_are_spoken_of_by_today(source: Source) -> None:
    """The last day itself is still inside; the day after it is over."""
    company = {**source.company, "UF_CRM_1701": "2025-11-21T02:00:00+03:00"}
    live = replace(source, company=company, purchases=())

    assert f"Ваш договор действует до {print_day(TODAY)}" in offer_values(live, "k", TODAY, LAST)["OfferReason"]
    assert f"Срок вашего договора закончился {print_day(TODAY)}" in offer_values(live, "k", LAST, LAST)["OfferReason"]


@pytest.mark.parametrize(
    ("purchases", "beginning"),
    [((), "Благодарим за обращение."), (({"closedate": "2024-03-14", "products": []},), "Благодарим, что вы работаете с нами.")],
)
def test_reason_without_history_claims_nothing(source: Source, purchases: Any, beginning: str) -> None:
    """Nothing is said of a purchase that we cannot name."""
    assert offer_values(replace(source, purchases=purchases), "k", TODAY, LAST)["OfferReason"].startswith(beginning)


def test_sum_without_products_is_offered_as_one_service(source: Source) -> None:
    """A deal with only a sum still has a table of one row."""
    bare = replace(source, rows=(), deal={**source.deal, "opportunity": 15000, "title": "Обслуживание котла"})

    values = offer_values(bare, "k", TODAY, LAST)

    assert values["ProductsProductName"] == ["Обслуживание котла"]
    assert values["ProductsProductPriceRawSum"] == [print_money(15000, "RUB")]
    assert values["OfferSumNote"] == ""


def test_tax_that_the_rows_do_not_name_is_not_claimed(source: Source) -> None:
    """Neither a tax nor its absence is invented; a zero rate is named."""
    row = {"productName": "Услуга", "price": 100.335, "quantity": 3}

    assert offer_values(replace(source, rows=[row]), "k", TODAY, LAST)["OfferSumNote"] == ""
    assert offer_values(replace(source, rows=[{**row, "taxRate": 0}]), "k", TODAY, LAST)["OfferSumNote"].startswith("В том числе НДС 0 %")
    assert replace(source, rows=[row]).total == Decimal("301.01")


def test_offer_is_refused_without_client_or_sum(source: Source) -> None:
    """Each refusal is a sentence in both languages that says where to mend it."""
    empty = replace(source, company={}, contact={}, rows=(), deal={**source.deal, "opportunity": 0})

    assert check_offer(source) == []
    assert [problem.sentence("ru") for problem in check_offer(empty)] == [
        "В сделке нет клиента: выберите компанию или контакт в карточке сделки.",
        "Предлагать нечего: в сделке нет ни товаров с ценой, ни суммы.",
    ]
    assert all(problem.sentence("en") != problem.sentence("ru") for problem in check_offer(empty))
    assert check_offer(replace(source, rows=(), deal={**source.deal, "opportunity": 1e15}))


def test_contact_without_company_is_the_client(source: Source) -> None:
    """A person who buys for himself is named once."""
    values = offer_values(replace(source, company={}), "k", TODAY, LAST)

    assert values["OfferClient"] == "Смирнова Ольга Петровна"
    assert values["OfferClientContacts"] == "+7 912 345-67-89"
