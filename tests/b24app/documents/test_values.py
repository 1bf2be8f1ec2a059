"""What an offer says, and what keeps it from being made."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from b24app.documents.dossier import Source, find_fields
from b24app.documents.gaps import check_offer, list_gaps
from b24app.documents.options import Options
from b24app.documents.values import KEY, NUMBER, VALUE_TITLES, VALUES, Making, offer_values, table_values
from b24app.documents.wording import print_day, print_money
from tests.fake_generator import service_deal

TODAY, LAST = date(2025, 11, 21), date(2025, 12, 5)
MAKING = Making("key-1", TODAY, LAST)


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
    values = offer_values(source, MAKING)

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
        "OfferSumNote": f"Всего наименований 2, на сумму {print_money(103600, 'RUB')}. Скидка: {print_money(4000, 'RUB')}. "
        f"В том числе НДС\u00a020\u00a0%:\u00a0{print_money(16600, 'RUB')}.",
        "OfferSumInWords": "Девяносто девять тысяч шестьсот рублей\u00a000\u00a0копеек",
        "OfferManager": "Кузнецов Антон Сергеевич",
        "OfferManagerPosition": "Менеджер по сервису",
        "OfferManagerContacts": "+7 495 123-45-67, kuznetsov@klimat.example",
        "OfferClientDetails": "",
        "OfferSigner": "Кузнецов Антон Сергеевич",
        "OfferSignerPosition": "Менеджер по сервису",
    }


def test_offer_never_shows_the_title_of_a_deal_with_products(source: Source) -> None:
    """People keep notes for themselves in a deal's title."""
    values = offer_values(replace(source, fields={}), MAKING)

    assert not any("перезвонить" in str(value) for value in values.values())


def test_warranty_and_contract_are_spoken_of_by_today(source: Source) -> None:
    """The last day itself is still inside; the day after it is over."""
    company = {**source.company, "UF_CRM_1701": "2025-11-21T02:00:00+03:00"}
    live = replace(source, company=company, purchases=())

    assert f"Ваш договор действует до {print_day(TODAY)}" in offer_values(live, MAKING)["OfferReason"]
    assert f"Срок вашего договора закончился {print_day(TODAY)}" in offer_values(live, replace(MAKING, today=LAST))["OfferReason"]


@pytest.mark.parametrize(
    ("purchases", "beginning"),
    [((), "Благодарим за обращение."), (({"closedate": "2024-03-14", "products": []},), "Благодарим, что вы работаете с нами.")],
)
def test_reason_without_history_claims_nothing(source: Source, purchases: Any, beginning: str) -> None:
    """Nothing is said of a purchase that we cannot name."""
    assert offer_values(replace(source, purchases=purchases), MAKING)["OfferReason"].startswith(beginning)


def test_sum_without_products_is_offered_as_one_service(source: Source) -> None:
    """A deal with only a sum still has a table of one row."""
    bare = replace(source, rows=(), deal={**source.deal, "opportunity": 15000, "title": "Обслуживание котла"})

    values = offer_values(bare, MAKING)

    assert values["ProductsProductName"] == ["Обслуживание котла"]
    assert values["ProductsProductPriceRawSum"] == [print_money(15000, "RUB")]
    assert values["OfferSumNote"] == f"Всего наименований 1, на сумму {print_money(15000, 'RUB')}."


def test_tax_that_the_rows_do_not_name_is_not_claimed(source: Source) -> None:
    """Neither a tax nor its absence is invented; a zero rate is named."""
    row = {"productName": "Услуга", "price": 100.335, "quantity": 3}

    assert offer_values(replace(source, rows=[row]), MAKING)["OfferSumNote"].count("НДС") == 0
    assert "В том числе НДС\u00a00\u00a0%" in offer_values(replace(source, rows=[{**row, "taxRate": 0}]), MAKING)["OfferSumNote"]
    assert replace(source, rows=[row]).basket(Options()).total == Decimal("301.01")


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
    values = offer_values(replace(source, company={}), MAKING)

    assert values["OfferClient"] == "Смирнова Ольга Петровна"
    assert values["OfferClientContacts"] == "+7 912 345-67-89"


def test_discount_of_the_offer_comes_on_top(source: Source) -> None:
    """Ten percent of what the rows cost, the tax inside what is left, the rate named only when it is the whole discount."""
    values = offer_values(source, replace(MAKING, options=Options(discount=10)))
    plain = replace(source, rows=[{"productName": "Услуга", "price": 1000, "quantity": 1, "taxRate": 20}])
    note = offer_values(plain, replace(MAKING, options=Options(discount=10)))["OfferSumNote"]

    assert values["OfferSum"] == print_money(89640, "RUB")
    assert f"Скидка: {print_money(13960, 'RUB')}" in values["OfferSumNote"]
    assert f"НДС\u00a020\u00a0%:\u00a0{print_money(14940, 'RUB')}" in values["OfferSumNote"]
    assert f"Скидка 10\u00a0%: {print_money(100, 'RUB')}" in note


def test_package_or_last_purchase_fill_a_deal_without_products(source: Source) -> None:
    """The deal's own products go first; then what the options say; then its sum."""
    bare = replace(source, rows=(), purchases=({"rows": [{"product_name": "Кофе", "price": 500, "quantity": 3, "tax_rate": 10}]},))
    package = Options(fill="package", package=[{"name": "ТО-1", "quantity": 2, "price": 1500.0, "tax": 20}])

    assert [line.name for line in source.basket(package).lines] == ["Обслуживание", "Выезд инженера"]
    assert table_values(bare, replace(MAKING, options=package))["ProductsProductName"] == ["ТО-1"]
    assert bare.basket(Options(fill="last")).total == 1500
    assert bare.basket(Options()).total == 0


def test_history_says_last_service_and_when_the_next_is_due(source: Source) -> None:
    """Only what is known: without a service nothing is said of the next one."""
    served = replace(source, purchases=({"id": 1, "closedate": "2024-08-31", "type_id": "SERVICE", "products": ["ТО"]},))
    said = offer_values(served, replace(MAKING, options=Options(service_months=18)))["OfferReason"]

    assert f"Последнее обслуживание мы провели {print_day(date(2024, 8, 31))}" in said
    assert f"Следующее плановое обслуживание — {print_day(date(2026, 2, 28))}" in said
    assert "Следующее" not in offer_values(served, MAKING)["OfferReason"]
    assert "обслуживание мы провели" not in offer_values(source, MAKING)["OfferReason"]


def test_english_offer_has_no_russian_words_of_ours(source: Source) -> None:
    """The client's and the products' own names stay as they are in CRM."""
    values = offer_values(source, replace(MAKING, lang="en"))

    assert values["OfferGreeting"] == "Dear Ольга Смирнова,"
    assert values["OfferSumInWords"] == "Ninety-nine thousand six hundred roubles\u00a000\u00a0kopecks"
    assert values["OfferDate"] == print_day(TODAY, "en")
    assert values["OfferReason"].startswith(f"On {print_day(date(2024, 3, 14), 'en')} you bought from us: Чиллер, Монтаж and 2 more items.")
    assert "Including VAT\u00a020%" in values["OfferSumNote"]


def test_no_value_is_a_hole(source: Source) -> None:
    """Of a deal about which next to nothing is known every line still says something; what may be empty shares its line."""
    poor = Source(deal={"id": 1, "opportunity": 10}, company={"title": "Пусто"}, manager={"NAME": "Ян"}, seller={})

    empty = {code for code, value in offer_values(poor, MAKING).items() if not value}

    assert empty == {"OfferSubject", "OfferSellerDetails", "OfferClientDetails", "OfferManagerContacts"}
    gaps = [one.sentence("ru") for one in list_gaps(poor, Options())]
    assert any("ни телефона, ни почты" in gap for gap in gaps)
    assert any("У менеджера не указаны" in gap for gap in gaps)
    assert any("НДС" in gap for gap in gaps)


def test_empty_fields_of_a_template_are_named(source: Source) -> None:
    """What the generator would leave empty is said by its title, unless it is ours, mapped, a picture or the number."""
    told: dict[str, dict[str, Any]] = {
        "UfWarranty": {"title": "Гарантия", "value": ""},
        "UfMapped": {"title": "Цена", "value": None},
        "Logo": {"title": "Логотип", "value": None, "type": "IMAGE"},
        "OfferSum": {"title": "OfferSum", "value": None},
        NUMBER: {"title": "Номер", "value": ""},
    }

    gaps = list_gaps(replace(source, template_fields=told), Options(mapping={"UfMapped": "OfferSum"}))

    assert [gap.sentence("ru") for gap in gaps][-1] == "В шаблоне останутся пустыми поля: «Гарантия»."


def test_every_value_has_a_title_to_be_chosen_by() -> None:
    """An administrator maps his own template's fields to ours by these titles; the key is not for people."""
    assert set(VALUE_TITLES) == set(VALUES) - {KEY}


def test_mark_changes_with_what_is_sold(source: Source) -> None:
    """Other quantities, prices or clients are another mark; the order of rows is not."""
    more = [{**source.rows[0], "quantity": 5}, source.rows[1]]

    assert replace(source, rows=list(reversed(source.rows))).mark == source.mark
    assert replace(source, rows=more).mark != source.mark
    assert replace(source, deal={**source.deal, "companyId": 8}).mark != source.mark
