"""What an offer says: from the dossier of a deal to the values of the placeholders.

Decides only, and imports no I/O: the records are gathered by source.py, the portal's generator (or fill.py) fills the file. Our
codes begin with `Offer`, so that they never meet one of the portal's own. No value of ours is ever empty but the parts of a line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from b24app.documents.amount_words import amount_in_words
from b24app.documents.dossier import Source
from b24app.documents.english_amount import english_amount
from b24app.documents.history import Telling, reason
from b24app.documents.lines import Basket
from b24app.documents.options import Options
from b24app.documents.phrases import say
from b24app.documents.wording import NO_BREAK, Record, clean, first_of, full_name, greeting, print_day, print_money, print_rate

KEY = "OfferKey"  # not printed: by it an offer whose answer was lost is found again
NUMBER = "DocumentNumber"
SELLER_NAME, SELLER_NUMBER = "MyCompanyRequisiteRqCompanyName", "MyCompanyRequisiteRqInn"
TABLE = (
    "ProductsIndex",
    "ProductsProductName",
    "ProductsProductQuantity",
    "ProductsProductMeasureName",
    "ProductsProductPriceRaw",
    "ProductsProductPriceRawSum",
)
# Codes of the portal's own generator that our templates use.
PORTAL_CODES = (
    NUMBER,
    SELLER_NAME,
    "MyCompanyRequisiteRegisteredAddressText",
    SELLER_NUMBER,
    "MyCompanyPhone",
    "MyCompanyEmail",
    "MyCompanyWeb",
    *TABLE,
)
WHY = ("purchase", "serviced", "warranty", "contract", "why_service")


@dataclass(frozen=True)
class Making:
    """One making of an offer: its key, its days, how it is to be made, and the template's parts of the reason."""

    key: str
    today: date
    valid_until: date
    options: Options = field(default_factory=Options)
    lang: str = "ru"
    why: Sequence[str] = WHY


def offer_values(source: Source, making: Making) -> dict[str, Any]:
    """Return the value of every code of ours, and rows for the table when they are not the deal's own."""
    values: dict[str, Any] = {code: value(source, making) for code, value in VALUES.items()}
    values |= _unknown_to_generator(source)
    values |= {code: values[ours] for code, ours in making.options.mapping.items() if ours in VALUES}
    return values if source.rows else {**values, **table_values(source, making)}


def table_values(source: Source, making: Making) -> dict[str, list[str]]:
    """Return the columns of the product table, as the portal prints them."""
    lines = _basket(source, making).lines
    columns = [
        [str(number) for number in range(1, len(lines) + 1)],
        [line.name for line in lines],
        [print_quantity(line.quantity) for line in lines],
        [line.measure or say(making.lang, "piece") for line in lines],
        [print_money(line.full, source.currency) for line in lines],
        [print_money(line.full_total, source.currency) for line in lines],
    ]
    return dict(zip(TABLE, columns, strict=True))


def seller_values(source: Source) -> dict[str, str]:
    """Return what the generator of the portal would say of our own company; without its word, what its card in CRM says."""
    said = {code: clean((source.template_fields or {}).get(code, {}).get("value")) for code in PORTAL_CODES if code not in TABLE}
    card = {
        SELLER_NAME: source.ours.name or clean(source.seller.get("title")),
        SELLER_NUMBER: source.ours.number,
        "MyCompanyPhone": first_of(source.seller, "PHONE"),
        "MyCompanyEmail": first_of(source.seller, "EMAIL"),
        "MyCompanyWeb": first_of(source.seller, "WEB"),
    }
    return {code: value or card.get(code, "") for code, value in said.items()}


def _unknown_to_generator(source: Source) -> dict[str, str]:
    """Return what the template asks of our own company, the portal's generator does not know and we do."""
    told = source.template_fields or {}
    return {code: value for code, value in seller_values(source).items() if value and code in told and not told[code].get("value")}


def print_quantity(quantity: Decimal) -> str:
    """Return 2, 0.5: without needless zeros."""
    return f"{quantity.normalize():f}"


def _basket(source: Source, making: Making) -> Basket:
    return source.basket(making.options, making.lang)


def _contacts(source: Source, making: Making) -> str:
    """Whom and how to reach: the person's name when the client is a company, then phone and e-mail, then the address."""
    person = full_name(source.contact) if source.company.get("title") else ""
    reached = (first_of(source.contact, kind) or first_of(source.company, kind) for kind in ("PHONE", "EMAIL"))
    found = [part for part in (person, *reached, clean(source.company.get("address"), 120)) if part]
    return ", ".join(found) or say(making.lang, "to_client")


def _seller_details(source: Source, making: Making) -> str:
    """What is known of us beside the taxpayer's number, which the template prints by itself."""
    if details := source.ours.details(making.lang, has_number=False):
        return details
    kept = clean(source.seller.get("bankingDetails"))
    number = seller_values(source)[SELLER_NUMBER]
    return re.sub(rf"(ИНН|INN)?\W*{re.escape(number)}\W*", "", kept) if number else kept


def _client_details(source: Source, making: Making) -> str:
    """The client's requisites, or what his card says of them; the last line of its cell may stay empty."""
    return source.theirs.details(making.lang) or clean(source.company.get("bankingDetails"))


def _equipment(source: Source, making: Making) -> str:
    """What is to be serviced. Never the deal's title: people keep notes for themselves in it."""
    name = source.known("equipment")
    return say(making.lang, "equipment", name=name) if name else ""


def _note(source: Source, making: Making) -> str:
    """Say how many lines there are, which tax and which discount are in the sum. Of tax that the rows do not name, nothing is claimed."""
    basket, lang = _basket(source, making), making.lang

    def money(amount: Decimal) -> str:
        return print_money(amount, source.currency)

    parts = [say(lang, "lines", count=len(basket.lines), sum=money(basket.full))]
    if basket.full > basket.total:
        rate = f" {print_rate(float(basket.discount))}{NO_BREAK}%" if basket.discount and basket.full == sum(_totals(basket)) else ""
        parts.append(say(lang, "discount", rate=rate, sum=money(basket.full - basket.total)))
    if taxes := basket.taxes:
        parts.append(say(lang, "taxes", taxes=", ".join(say(lang, "tax", rate=print_rate(rate), sum=money(tax)) for rate, tax in taxes)))
    return " ".join(parts)


def _totals(basket: Basket) -> list[Decimal]:
    return [line.total for line in basket.lines]


def _in_words(source: Source, making: Making) -> str:
    """The kopecks stay on the line of their roubles."""
    speak = amount_in_words if making.lang == "ru" else english_amount
    words = speak(_basket(source, making).total, source.currency).rsplit(" ", 2)
    return NO_BREAK.join((" ".join(words[:-2]), *words[-2:]))


def _manager_contacts(source: Source, _: Making) -> str:
    manager = source.manager
    phone = clean(manager.get("WORK_PHONE") or manager.get("PERSONAL_MOBILE"), 60)
    found = [part for part in (phone, clean(manager.get("EMAIL"), 100)) if part]
    return (
        ", ".join(found) or first_of(source.seller, "PHONE") or clean((source.template_fields or {}).get("MyCompanyPhone", {}).get("value"))
    )


def _position(person: Record, lang: str) -> str:
    return clean(person.get("WORK_POSITION"), 100) or say(lang, "manager")


def _signer(source: Source) -> Record:
    return source.signer or source.manager


Value = Callable[[Source, Making], str]

# Every code of ours: what an administrator may map his own template's fields to, and what it says.
VALUES: Mapping[str, Value] = {
    KEY: lambda _, making: making.key,
    "OfferDate": lambda _, making: print_day(making.today, making.lang),
    "OfferValidUntil": lambda _, making: print_day(making.valid_until, making.lang),
    "OfferSellerDetails": _seller_details,
    "OfferClient": lambda source, _: source.theirs.name or source.client,
    "OfferClientContacts": _contacts,
    "OfferClientDetails": _client_details,
    "OfferSubject": _equipment,
    "OfferGreeting": lambda source, making: greeting(source.contact, making.lang),
    "OfferReason": lambda source, making: reason(Telling(source, making.today, making.lang, making.options.service_months), making.why),
    "OfferSum": lambda source, making: print_money(_basket(source, making).total, source.currency),
    "OfferSumNote": _note,
    "OfferSumInWords": _in_words,
    "OfferManager": lambda source, _: full_name(source.manager),
    "OfferManagerPosition": lambda source, making: _position(source.manager, making.lang),
    "OfferManagerContacts": _manager_contacts,
    "OfferSigner": lambda source, _: full_name(_signer(source)),
    "OfferSignerPosition": lambda source, making: _position(_signer(source), making.lang),
}
VALUE_TITLES: Mapping[str, tuple[str, str]] = {
    "OfferDate": ("Дата предложения", "Date of the offer"),
    "OfferValidUntil": ("Действует до", "Valid until"),
    "OfferSellerDetails": ("Реквизиты продавца", "Seller's details"),
    "OfferClient": ("Клиент", "Client"),
    "OfferClientContacts": ("Контакты клиента", "Client's contacts"),
    "OfferClientDetails": ("Реквизиты клиента", "Client's details"),
    "OfferSubject": ("Оборудование", "Equipment"),
    "OfferGreeting": ("Обращение", "Greeting"),
    "OfferReason": ("Почему пишем: покупки, гарантия, обслуживание", "Why we write: purchases, warranty, service"),
    "OfferSum": ("Сумма", "Sum"),
    "OfferSumNote": ("Скидка и НДС", "Discount and VAT"),
    "OfferSumInWords": ("Сумма прописью", "Sum in words"),
    "OfferManager": ("Менеджер", "Manager"),
    "OfferManagerPosition": ("Должность менеджера", "Manager's position"),
    "OfferManagerContacts": ("Контакты менеджера", "Manager's contacts"),
    "OfferSigner": ("Кто подписывает", "Signer"),
    "OfferSignerPosition": ("Должность подписанта", "Signer's position"),
}
