"""What the dealer sells, and the baskets that deals are filled with: rows whose sum is the deal's sum to the kopeck. Knows no clients.

Prices are today's, in roubles, tax included; earlier years were cheaper. A basket is made once and used by many deals.
"""

from __future__ import annotations

from functools import cache, lru_cache
from random import Random
from typing import NamedTuple

from sandbox.company.days import PAST, Days
from sandbox.company.dictionaries import RATES
from sandbox.company.record import Record, open_stream

SECTIONS = ((1, "Кофейное оборудование"), (2, "Кухонное оборудование"), (3, "Кофе и расходники"), (4, "Запчасти"), (5, "Услуги"))
EQUIPMENT = (6, "Оборудование", (1, 2))  # the section above two others: its number, its name, what is in it


class Product(NamedTuple):
    """One line of the price list."""

    section: int
    name: str
    price: int
    measure: str = "шт"


PRODUCTS = (
    Product(1, "Кофемашина рожковая «Вулкан 1G»", 148000),
    Product(1, "Кофемашина рожковая «Вулкан 2G»", 264000),
    Product(1, "Кофемашина рожковая «Вулкан 3G»", 389000),
    Product(1, "Кофемашина автоматическая «Офис 20»", 96000),
    Product(1, "Кофемашина автоматическая «Офис 60»", 187000),
    Product(1, "Кофемашина автоматическая «Отель 120»", 342000),
    Product(1, "Кофемолка «Жёрнов 58»", 38000),
    Product(1, "Кофемолка «Жёрнов 75»", 67000),
    Product(1, "Водонагреватель «Пар 10»", 29000),
    Product(1, "Фильтр-кофеварка «Капля 2»", 41000),
    Product(2, "Пароконвектомат «Печь 6»", 318000),
    Product(2, "Пароконвектомат «Печь 10»", 476000),
    Product(2, "Посудомоечная машина «Волна 500»", 154000),
    Product(2, "Холодильный шкаф «Иней 700»", 92000),
    Product(2, "Льдогенератор «Айсберг 30»", 84000),
    Product(2, "Тестомес «Спираль 20»", 118000),
    Product(2, "Индукционная плита «Круг 4»", 126000),
    Product(2, "Витрина кондитерская «Глазурь 1.2»", 108000),
    Product(3, "Кофе в зёрнах «Утро», 1 кг", 1680),
    Product(3, "Кофе в зёрнах «Полдень», 1 кг", 1980),
    Product(3, "Кофе в зёрнах «Без кофеина», 1 кг", 2240),
    Product(3, "Сироп карамельный, 1 л", 640),
    Product(3, "Стакан бумажный 250 мл, 50 шт", 420, "упак"),
    Product(3, "Таблетки для чистки, 100 шт", 1880, "упак"),
    Product(3, "Жидкость от накипи, 1 л", 960),
    Product(3, "Фильтр-картридж для воды", 5400),
    Product(3, "Моющее средство для пароконвектомата, 5 л", 2860),
    Product(4, "Помпа вибрационная", 2900),
    Product(4, "Термоблок", 14600),
    Product(4, "Уплотнение группы, комплект", 1240, "компл"),
    Product(4, "Жернова 58 мм", 4700, "компл"),
    Product(4, "Плата управления", 18900),
    Product(4, "Нагревательный элемент", 7300),
    Product(5, "Договор обслуживания «Базовый», год", 36000, "усл"),
    Product(5, "Договор обслуживания «Полный», год", 72000, "усл"),
    Product(5, "Договор обслуживания «Сеть», год", 184000, "усл"),
    Product(5, "Выезд инженера", 3800, "усл"),
    Product(5, "Диагностика", 2400, "усл"),
    Product(5, "Плановое обслуживание", 7600, "усл"),
    Product(5, "Монтаж и запуск", 12800, "усл"),
    Product(5, "Обучение персонала, день", 15000, "усл"),
)
MEASURES = {"шт": 796, "упак": 778, "компл": 839, "усл": 876}
MACHINES = tuple(product.name for product in PRODUCTS if product.section == 1 and product.price > 90000)
SERVICE_SECTION = 5


class DealKind(NamedTuple):
    """What a deal is about. `lines` are (words in the product's name or a section number, largest quantity, how many such lines)."""

    key: str
    type_id: str
    category: int
    title: str
    lines: tuple[tuple[str | int, int, int], ...]
    discounts: tuple[int, ...] = (0,)
    has_equipment: bool = False
    is_contract: bool = False


DEAL_KINDS = (
    DealKind("machine", "SALE", 0, "Поставка: {}", (("Кофемашина", 1, 1), ("Кофемолка", 2, 1)), (0, 0, 5), has_equipment=True),
    DealKind("kitchen", "SALE", 0, "Кухня: {}", ((2, 1, 2),), (0, 0, 5), has_equipment=True),
    DealKind(
        "complex", "COMPLEX", 0, "Под ключ: {}",
        (("Кофемашина", 2, 1), (2, 1, 1), ("Монтаж", 1, 1), ("Договор", 1, 1)), (0, 5, 10), has_equipment=True, is_contract=True,
    ),
    DealKind("goods", "GOODS", 0, "Кофе и расходники: {}", ((3, 12, 3),)),
    DealKind("bulk", "GOODS", 0, "Оптовая поставка: {}", ((3, 60, 4),), (10, 15)),
    DealKind("service", "SERVICE", 0, "Сервис: {}", (("Договор", 1, 1), ("Диагностика", 2, 1)), (0, 0, 10), is_contract=True),
    DealKind("visit", "SERVICE", 1, "Плановый выезд: {}", (("Плановое", 3, 1), (4, 2, 1))),
    DealKind("repair", "SERVICES", 1, "Ремонт: {}", (("Выезд", 1, 1), ("Диагностика", 1, 1), (4, 2, 2))),
)  # fmt: skip
KIND_INDEX = {kind.key: index for index, kind in enumerate(DEAL_KINDS)}

YEARS = 5  # calendar years that the company's history can touch
VARIANTS = 120
CHEAPER = 0.93  # a year earlier, for the same thing
ABROAD = 40  # every so many baskets of equipment are priced in another currency


class Basket(NamedTuple):
    """A ready set of product rows; sums are in `currency`."""

    kind: DealKind
    title: str
    machine: str
    currency: str
    total: float
    tax: float
    rows: tuple[Record, ...]


def vat_rate(year: int) -> int:
    """The general rate of VAT in Russia: 20 % till 2025, 22 % since 2026."""
    return 22 if year >= 2026 else 20


def list_sections() -> list[Record]:
    """Sections of the catalogue, one of them above others."""
    above, name, inner = EQUIPMENT
    pairs = (*SECTIONS, (above, name))
    return [
        {"ID": number, "NAME": title, "SECTION_ID": above if number in inner else None, "CODE": f"section-{number}", "XML_ID": str(number),
         "SORT": number * 100, "ACTIVE": "Y"}
        for number, title in pairs
    ]  # fmt: skip


def list_products(days: Days) -> list[Record]:
    return [_product_record(number, product, days) for number, product in enumerate(PRODUCTS, 1)]


def _product_record(number: int, product: Product, days: Days) -> Record:
    created = days.moment(600 + number)
    return {
        "ID": number,
        "NAME": product.name,
        "CODE": f"product-{number}",
        "XML_ID": f"product-{number}",
        "ACTIVE": "Y",
        "SORT": number * 10,
        "PRICE": float(product.price),
        "CURRENCY_ID": "RUB",
        "SECTION_ID": product.section,
        "SECTION_NAME": SECTIONS[product.section - 1][1],
        "VAT_RATE": vat_rate(days.years[PAST]),
        "VAT_INCLUDED": "Y",
        "MEASURE": MEASURES[product.measure],
        "MEASURE_NAME": product.measure,
        "TYPE": 7 if product.section == SERVICE_SECTION else 1,
        "DESCRIPTION": "",
        "DATE_CREATE": created,
        "TIMESTAMP_X": created,
    }


@lru_cache(maxsize=4)
def fill_baskets(seed: int, last: int) -> tuple[Basket, ...]:
    """All baskets till the year `last`, by kind, then by calendar year, then by variant; see `basket_index`. Not to be changed."""
    rng = open_stream(seed, "baskets")
    return tuple(
        _fill(rng, kind, last - YEARS + 1 + year, variant, last)
        for kind in DEAL_KINDS
        for year in range(YEARS)
        for variant in range(VARIANTS)
    )


def basket_index(kind: int, years_ago: int, variant: int) -> int:
    return (kind * YEARS + YEARS - 1 - years_ago) * VARIANTS + variant


def _fill(rng: Random, kind: DealKind, year: int, variant: int, last_year: int) -> Basket:
    currency = "RUB"
    if kind.has_equipment and variant % ABROAD == 0:
        currency = "EUR" if variant else "USD"
    discount = rng.choice(kind.discounts)
    rows: list[Record] = []
    for wanted, most, lines in kind.lines:
        offered = _list_offered(wanted)
        for number in rng.sample(offered, min(lines, len(offered))):
            price = _price_of(PRODUCTS[number], CHEAPER ** (last_year - year), currency)
            quantity = 1 + int(rng.random() * most)
            rows.append(_row(number, price, quantity, (discount, vat_rate(year), len(rows) + 1, currency)))
    return _close(kind, rows, currency, rng)


@cache
def _list_offered(wanted: int | str) -> tuple[int, ...]:
    """Return the products of a section, or those whose name has the word; asked for every line of every basket."""
    return tuple(number for number, product in enumerate(PRODUCTS) if wanted == product.section or str(wanted) in product.name)


def _close(kind: DealKind, rows: list[Record], currency: str, rng: Random) -> Basket:
    total = sum(row["PRICE"] * row["QUANTITY"] for row in rows)
    tax = sum((row["PRICE"] - row["PRICE_EXCLUSIVE"]) * row["QUANTITY"] for row in rows)
    first = rows[0]["PRODUCT_NAME"]
    machine = first if kind.has_equipment else rng.choice(MACHINES)
    about = first if kind.category == 0 else machine
    return Basket(kind, kind.title.format(about), machine, currency, float(total), round(tax, 2), tuple(rows))


def _price_of(product: Product, share: float, currency: str) -> int:
    """A list price in whole multiples of 20, so that a discount in steps of 5 % leaves no kopecks."""
    return max(20, round(product.price * share / RATES[currency] / 20) * 20)


def _row(number: int, price: int, quantity: int, terms: tuple[int, int, int, str]) -> Record:
    discount, vat, place, currency = terms
    product, paid = PRODUCTS[number], price * (100 - discount) / 100
    exclusive, netto = round(paid * 100 / (100 + vat), 2), round(price * 100 / (100 + vat), 2)
    return {
        "ID": 0,
        "OWNER_TYPE": "D",
        "OWNER_ID": 0,
        "PRODUCT_ID": number + 1,
        "PRODUCT_NAME": product.name,
        "PRICE": paid,
        "PRICE_ACCOUNT": round(paid * RATES[currency], 2),
        "PRICE_EXCLUSIVE": exclusive,
        "PRICE_NETTO": netto,
        "PRICE_BRUTTO": float(price),
        "QUANTITY": float(quantity),
        "DISCOUNT_TYPE_ID": 2,
        "DISCOUNT_RATE": float(discount),
        "DISCOUNT_SUM": round(netto - exclusive, 2),
        "TAX_RATE": float(vat),
        "TAX_INCLUDED": "Y",
        "CUSTOMIZED": "Y",
        "MEASURE_CODE": MEASURES[product.measure],
        "MEASURE_NAME": product.measure,
        "SORT": place * 10,
        "TYPE": 7 if product.section == SERVICE_SECTION else 1,
    }
