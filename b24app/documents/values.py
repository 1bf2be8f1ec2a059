"""What a service offer says: from the deal, its client and the purchases before it to the values of the placeholders.

Decides only, and imports no I/O: the records are gathered by source.py, the portal's generator fills the file. Our codes
begin with `Offer`, so that they never meet one of the portal's own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from b24app.documents.amount_words import LIMIT, amount_in_words, plural, round_money
from b24app.documents.wording import (
    Record,
    clean,
    first_of,
    full_name,
    greeting,
    print_day,
    print_money,
    print_rate,
    read_day,
)
from b24app.errors import Mistaken

KEY = "OfferKey"  # not printed: by it an offer whose answer was lost is found again

# Codes of the portal's own generator that our template uses.
PORTAL_CODES = (
    "DocumentNumber",
    "MyCompanyRequisiteRqCompanyName",
    "MyCompanyRequisiteRegisteredAddressText",
    "MyCompanyRequisiteRqInn",
    "MyCompanyPhone",
    "MyCompanyEmail",
    "MyCompanyWeb",
    "ProductsIndex",
    "ProductsProductName",
    "ProductsProductQuantity",
    "ProductsProductMeasureName",
    "ProductsProductPriceRaw",
    "ProductsProductPriceRawSum",
)
MOST_NAMED = 2  # products of the last purchase that the letter names


_ENDS = r"till|until|expir|_end\b|\bend\b|действует|действител|оконч|истека|\bдо\b"


@dataclass(frozen=True)
class Hint:
    """A user field of the portal is ours to read when its name and titles match all of these. Every portal names its own.

    A date is read only when it says that something ends then: the day on which a contract was signed would make us lie.
    """

    key: str
    entities: tuple[str, ...]
    kinds: tuple[str, ...]
    patterns: tuple[str, ...]


HINTS = (
    Hint("equipment", ("deal",), ("string",), (r"equipment|оборудовани",)),
    Hint("warranty", ("deal",), ("date", "datetime"), (r"warranty|гаранти", _ENDS)),
    Hint("membership", ("company", "contact"), ("date", "datetime"), (r"membership|contract|абонемент|договор", _ENDS)),
)


@dataclass(frozen=True)
class Source:
    """All that an offer is made from. Records of the universal API; a purchase is a won deal of the mirror with `products`."""

    deal: Record
    rows: Sequence[Record] = ()
    company: Record = field(default_factory=dict)
    contact: Record = field(default_factory=dict)
    seller: Record = field(default_factory=dict)
    manager: Record = field(default_factory=dict)
    purchases: Sequence[Record] = ()  # the latest first
    fields: Mapping[str, Sequence[Record]] = field(default_factory=dict)  # by the key of a hint

    @property
    def currency(self) -> str:
        """The deal's currency."""
        return str(self.deal.get("currencyId") or "RUB")

    @property
    def total(self) -> Decimal:
        """What the client pays: the product rows, or the deal's own sum without them."""
        if self.rows:
            return sum((_row_sum(row, "price") for row in self.rows), Decimal(0))
        return round_money(self.deal.get("opportunity") or 0)

    @property
    def client(self) -> str:
        """The client's name: the company's, or the contact's without one."""
        return clean(self.company.get("title")) or full_name(self.contact)


def find_fields(user_fields: Sequence[Record]) -> dict[str, list[Record]]:
    """Return the user fields that our hints know, by the hint's key. A field is a row of the mirror's `user_field`."""
    return {hint.key: [field for field in user_fields if _is_meant(hint, field)] for hint in HINTS}


def check_offer(source: Source) -> list[Mistaken]:
    """Return what keeps this offer from being made, each a sentence that says where to mend it. Empty: nothing does."""
    problems: list[Mistaken] = []
    if not source.client:
        problems.append(
            Mistaken(
                "The deal has no client: choose a company or a contact in the deal.",
                "В сделке нет клиента: выберите компанию или контакт в карточке сделки.",
            )
        )
    if source.total <= 0:
        problems.append(
            Mistaken(
                "There is nothing to offer: the deal has neither products nor a sum.",
                "Предлагать нечего: в сделке нет ни товаров с ценой, ни суммы.",
            )
        )
    if source.total >= LIMIT:
        problems.append(Mistaken("The deal's sum is too large to be true.", "Сумма сделки слишком велика, чтобы быть верной."))
    return problems


def offer_values(source: Source, key: str, today: date, valid_until: date) -> dict[str, Any]:
    """Return the value of every code of ours, and rows for the table when the deal has a sum but no products."""
    values = {
        KEY: key,
        "OfferDate": print_day(today),
        "OfferValidUntil": print_day(valid_until),
        "OfferSellerDetails": clean(source.seller.get("bankingDetails")),
        "OfferClient": source.client,
        "OfferClientContacts": _client_contacts(source),
        "OfferSubject": _subject(source),
        "OfferGreeting": greeting(source.contact),
        "OfferReason": _reason(source, today),
        "OfferSum": print_money(source.total, source.currency),
        "OfferSumNote": _sum_note(source),
        "OfferSumInWords": amount_in_words(source.total, source.currency),
        "OfferManager": full_name(source.manager),
        "OfferManagerPosition": clean(source.manager.get("WORK_POSITION"), 100),
        "OfferManagerContacts": _manager_contacts(source.manager),
    }
    return values if source.rows else {**values, **_only_row(source)}


def _is_meant(hint: Hint, user_field: Record) -> bool:
    entity = str(user_field.get("entity") or "").lower().removeprefix("crm_")
    names = " ".join(str(user_field.get(name) or "") for name in ("name", "title_ru", "title_en")).lower()
    return (
        entity in hint.entities
        and user_field.get("kind") in hint.kinds
        and not user_field.get("is_multiple")
        and all(re.search(pattern, names) for pattern in hint.patterns)
    )


def _row_sum(row: Record, price: str) -> Decimal:
    """Return a row's quantity times one of its prices, rounded as the portal does."""
    amount = row.get(price) if row.get(price) is not None else row.get("price")
    return round_money(Decimal(str(amount or 0)) * Decimal(str(row.get("quantity") or 0)))


def _only_row(source: Source) -> dict[str, list[str]]:
    """A deal with a sum and no products is offered as one service, named by its title."""
    money = print_money(source.total, source.currency)
    return {
        "ProductsIndex": ["1"],
        "ProductsProductName": [clean(source.deal.get("title")) or "Сервисное обслуживание"],
        "ProductsProductQuantity": ["1"],
        "ProductsProductMeasureName": ["усл."],
        "ProductsProductPriceRaw": [money],
        "ProductsProductPriceRawSum": [money],
    }


def _client_contacts(source: Source) -> str:
    """Whom and how to reach: the person's name when the client is a company, then phone and e-mail."""
    person = full_name(source.contact) if source.company.get("title") else ""
    reached = (first_of(source.contact, kind) or first_of(source.company, kind) for kind in ("PHONE", "EMAIL"))
    return ", ".join(part for part in (person, *reached) if part)


def _manager_contacts(manager: Record) -> str:
    phone = clean(manager.get("WORK_PHONE") or manager.get("PERSONAL_MOBILE"), 60)
    return ", ".join(part for part in (phone, clean(manager.get("EMAIL"), 100)) if part)


def _subject(source: Source) -> str:
    """What is to be serviced. Never the deal's title: people keep notes for themselves in it."""
    equipment = _known(source, "equipment")
    return f"Оборудование: {equipment}" if equipment else ""


def _sum_note(source: Source) -> str:
    """Say which tax and which discount are in the sum. Of tax that the rows do not name, nothing is claimed."""
    taxes: dict[float, Decimal] = {}
    for row in source.rows:
        if row.get("taxRate") is not None:
            rate = float(row["taxRate"])
            taxes[rate] = taxes.get(rate, Decimal(0)) + _row_sum(row, "price") * Decimal(str(rate)) / Decimal(str(100 + rate))
    parts = [f"НДС {print_rate(rate)} %: {print_money(tax, source.currency)}" for rate, tax in sorted(taxes.items(), reverse=True)]
    note = f"В том числе {', '.join(parts)}." if parts else ""
    discount = sum((_row_sum(row, "priceBrutto") for row in source.rows), Decimal(0)) - source.total
    if source.rows and discount > 0:
        note = f"{note} Скидка: {print_money(discount, source.currency)}.".strip()
    return note


def _reason(source: Source, today: date) -> str:
    """Why we write: what was bought and when, how the warranty and the contract stand, what we propose."""
    sentences = [
        _purchase(source),
        _stands(_day(source, "warranty"), today, ("Гарантия действует до", "Гарантия закончилась")),
        _stands(_day(source, "membership"), today, ("Ваш договор действует до", "Срок вашего договора закончился")),
        "Плановое обслуживание помогает оборудованию работать без остановок, поэтому предлагаем вам следующие услуги.",
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def _purchase(source: Source) -> str:
    """Name the last purchase: its day and up to two of its products."""
    if not source.purchases:
        return "Благодарим за обращение."
    last = source.purchases[0]
    names = [clean(name, 80) for name in last.get("products") or () if clean(name)]
    day = read_day(last.get("closedate"))
    if not names or day is None:
        return "Благодарим, что вы работаете с нами."
    more = len(names) - MOST_NAMED
    tail = f" и ещё {more} {plural(more, ('позицию', 'позиции', 'позиций'))}" if more > 0 else ""
    return f"{print_day(day)} вы приобрели у нас: {', '.join(names[:MOST_NAMED])}{tail}."


def _stands(until: date | None, today: date, words: tuple[str, str]) -> str:
    if until is None:
        return ""
    return f"{words[0] if until >= today else words[1]} {print_day(until)}".rstrip(".") + "."


def _day(source: Source, key: str) -> date | None:
    return read_day(_known(source, key))


def _known(source: Source, key: str) -> str:
    """Return a hinted field's value: the deal's own, its client's, or of the last purchase."""
    for user_field in source.fields.get(key, ()):
        for record in (source.deal, source.company, source.contact):
            if record.get(user_field["name"]):
                return clean(record[user_field["name"]])
    for user_field in source.fields.get(key, ()):
        for purchase in source.purchases:
            if purchase.get(user_field["column_name"]):
                return clean(purchase[user_field["column_name"]])
    return ""
