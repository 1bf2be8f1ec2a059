"""What a document says: the values of its placeholders, computed from the records that it is made for.

Decides only: the records are gathered by `document_source`, the file is filled by `wordfile`.
Codes are made from field names the way the vendor's own are (`this.SOURCE.MY_COMPANY.UF_LOGO` is `MyCompanyUfLogo`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.wordfile import Group

Record = Mapping[str, Any]

CURRENCY_SIGNS = {"RUB": "₽", "USD": "$", "EUR": "€", "BYN": "Br", "KZT": "₸"}
MULTIFIELDS = ("PHONE", "EMAIL", "WEB")
ISO_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}:\d{2}:\d{2}).*)?")

PRODUCT_CODES = (
    "ProductsIndex",
    "ProductsProductName",
    "ProductsProductQuantity",
    "ProductsProductMeasureName",
    "ProductsProductPrice",
    "ProductsProductPriceSum",
    "ProductsProductPriceRaw",
    "ProductsProductPriceRawSum",
    "ProductsProductPriceNetto",
    "ProductsProductPriceBrutto",
    "ProductsProductDiscountRate",
    "ProductsProductDiscountSum",
    "ProductsProductTaxRate",
    "ProductsProductTaxValue",
)
TAX_CODES = ("TaxesTaxTitle", "TaxesTaxRate", "TaxesTaxValue")
GROUPS = (PRODUCT_CODES, TAX_CODES)


@dataclass(frozen=True)
class Source:
    """The records that a document is made from; all are empty for an object that does not exist."""

    record: Record = field(default_factory=dict)
    company: Record = field(default_factory=dict)
    contact: Record = field(default_factory=dict)
    assigned: Record = field(default_factory=dict)
    my_company: Record = field(default_factory=dict)
    my_assigned: Record = field(default_factory=dict)
    rows: Sequence[Record] = ()
    currency: str = "RUB"

    @property
    def client(self) -> Record:
        """Return who buys: the company, or the contact without one."""
        return self.company or self.contact

    @property
    def total(self) -> float:
        """Return the sum to pay: of the product rows, or the object's own without them."""
        if self.rows:
            return round(sum(_row_sum(row, "PRICE") for row in self.rows), 2)
        return float(self.record.get("OPPORTUNITY") or 0)


def camel(name: str) -> str:
    """Return the placeholder's spelling of a field name: UF_CRM_EQUIPMENT is UfCrmEquipment."""
    return "".join(part.capitalize() for part in name.split("_"))


def print_money(amount: float, currency: str) -> str:
    """Return a sum as a document shows it: `12 500 ₽`, cents only where there are some."""
    text = f"{amount:,.2f}".replace(",", " ").removesuffix(".00")
    return f"{text} {CURRENCY_SIGNS.get(currency, currency)}".rstrip()


def print_value(value: Any) -> str:
    """Return any field's value as text for people: dates as 31.12.2026, several values with commas."""
    if isinstance(value, bool):
        return "да" if value else "нет"
    if isinstance(value, (list, tuple)):
        return ", ".join(print_value(one) for one in value)
    if isinstance(value, float):
        return print_number(value)
    text = "" if value is None else str(value)
    found = ISO_DATE.fullmatch(text)
    if not found:
        return text
    year, month, day, clock = found.groups()
    date = f"{day}.{month}.{year}"
    return date if clock is None or clock == "00:00:00" else f"{date} {clock}"


def print_number(value: float) -> str:
    """Return a number without a needless `.0`."""
    return str(int(value)) if float(value).is_integer() else str(value)


def first_value(record: Record, kind: str) -> str:
    """Return the first phone, e-mail or site of a record."""
    for entry in record.get(kind) or []:
        return str(entry.get("VALUE") or "") if isinstance(entry, Mapping) else str(entry)
    return ""


def full_name(record: Record) -> str:
    """Return how a person is addressed in a document: last name, name, second name."""
    return " ".join(str(record[key]) for key in ("LAST_NAME", "NAME", "SECOND_NAME") if record.get(key))


def values_of(source: Source) -> dict[str, str]:
    """Return the value of every code that this source knows, without the document's own and without tables."""
    values: dict[str, str] = {}
    for prefix, record in _prefixed(source):
        values.update({prefix + camel(name): print_value(value) for name, value in record.items() if name not in MULTIFIELDS})
        values.update({prefix + camel(kind): first_value(record, kind) for kind in MULTIFIELDS if kind in record})
        values[prefix + "FormattedName"] = full_name(record)
    values.update(_client_values(source))
    values.update(_totals(source))
    return values


def _prefixed(source: Source) -> Iterable[tuple[str, Record]]:
    return (
        ("", source.record),
        ("Company", source.company),
        ("Contact", source.contact),
        ("Assigned", source.assigned),
        ("MyCompany", source.my_company),
        ("MyCompanyAssigned", source.my_assigned),
    )


def _client_values(source: Source) -> dict[str, str]:
    client = source.client
    name = str(client.get("TITLE") or "") or full_name(client)
    return {
        "ClientTitle": name,
        "ClientName": name,
        "ClientPhone": first_value(client, "PHONE"),
        "ClientEmail": first_value(client, "EMAIL"),
        "ClientWeb": first_value(client, "WEB"),
        "RequisiteRqCompanyName": name,
        "RequisiteRegisteredAddressText": print_value(client.get("ADDRESS")),
    }


def _totals(source: Source) -> dict[str, str]:
    def money(amount: float) -> str:
        return print_money(amount, source.currency)

    raw = sum(_row_sum(row, "PRICE_BRUTTO") for row in source.rows) if source.rows else source.total
    tax = sum(_tax(row) for row in source.rows)
    return {
        "TotalSum": money(source.total),
        "TotalRaw": money(raw),
        "TotalDiscount": money(max(raw - source.total, 0)),
        "TotalTax": money(tax),
        "TotalBeforeTax": money(source.total - tax),
        "TotalQuantity": print_number(sum(float(row.get("QUANTITY") or 0) for row in source.rows)),
        "TotalRows": str(len(source.rows)),
        "Opportunity": money(float(source.record.get("OPPORTUNITY") or 0)),
    }


def _row_sum(row: Record, price: str) -> float:
    """Return quantity times price; a row without that kind of price has its plain one."""
    amount = row.get(price) if row.get(price) is not None else row.get("PRICE")
    return float(amount or 0) * float(row.get("QUANTITY") or 0)


def _tax(row: Record) -> float:
    """Return the tax inside a row's sum: PRICE is after tax, whichever way it was entered."""
    rate = float(row.get("TAX_RATE") or 0)
    return round(_row_sum(row, "PRICE") * rate / (100 + rate), 2)


def product_rows(source: Source) -> list[dict[str, str]]:
    """Return the values of the product table, one dict a row."""
    return [_product(index, row, source.currency) for index, row in enumerate(source.rows, start=1)]


def _product(index: int, row: Record, currency: str) -> dict[str, str]:
    quantity = float(row.get("QUANTITY") or 0)

    def money(name: str, times: float = 1) -> str:
        amount = row.get(name) if row.get(name) is not None else row.get("PRICE")
        return print_money(float(amount or 0) * times, currency)

    printed = (
        str(index),
        str(row.get("PRODUCT_NAME") or ""),
        print_number(quantity),
        str(row.get("MEASURE_NAME") or "шт"),
        money("PRICE"),
        money("PRICE", quantity),
        money("PRICE_BRUTTO"),
        money("PRICE_BRUTTO", quantity),
        money("PRICE_NETTO"),
        money("PRICE_BRUTTO"),
        print_number(float(row.get("DISCOUNT_RATE") or 0)),
        print_money(float(row.get("DISCOUNT_SUM") or 0), currency),
        print_number(float(row.get("TAX_RATE") or 0)),
        print_money(_tax(row), currency),
    )
    return dict(zip(PRODUCT_CODES, printed, strict=True))


def tax_rows(source: Source) -> list[dict[str, str]]:
    """Return the values of the tax table: one row a rate, highest first."""
    sums: dict[float, float] = {}
    for row in source.rows:
        if row.get("TAX_RATE"):
            rate = float(row["TAX_RATE"])
            sums[rate] = sums.get(rate, 0) + _tax(row)
    return [
        dict(zip(TAX_CODES, (f"НДС {print_number(rate)}%", print_number(rate), print_money(amount, source.currency)), strict=True))
        for rate, amount in sorted(sums.items(), reverse=True)
    ]


def groups_of(source: Source, given: Mapping[str, Any]) -> list[Group]:
    """Return the repeated rows: products, taxes, and lists that the caller gave for a code or for a table of his own."""
    computed = (product_rows(source), tax_rows(source))
    groups: list[Group] = [
        (frozenset(codes), _override(rows, {code: given[code] for code in codes if isinstance(given.get(code), list)}))
        for codes, rows in zip(GROUPS, computed, strict=True)
    ]
    return groups + _own_tables(given)


def _override(rows: Sequence[Mapping[str, str]], lists: Mapping[str, list[Any]]) -> list[dict[str, str]]:
    """Put the caller's lists over the computed rows; the longest list says how many rows there are."""
    count = max([len(values) for values in lists.values()], default=len(rows))
    result = [dict(rows[index]) if index < len(rows) else {} for index in range(count)]
    for code, values in lists.items():
        for index, row in enumerate(result):
            row[code] = print_value(values[index]) if index < len(values) else ""
    return result


def _own_tables(given: Mapping[str, Any]) -> list[Group]:
    """Read the vendor's way to give a table: `Table: [{"Name": ..}]` with `TableItemName: "Table.Item.Name"`."""
    groups: list[Group] = []
    for table, rows in given.items():
        if not (isinstance(rows, list) and rows and all(isinstance(row, Mapping) for row in rows)):
            continue
        columns = {
            code: path.rsplit(".", 1)[1]
            for code, path in given.items()
            if isinstance(path, str) and path.startswith(f"{table}.") and path.count(".") >= 1
        }
        index_code = f"{table}Index"
        printed = [
            {index_code: str(number), **{code: print_value(row.get(column)) for code, column in columns.items()}}
            for number, row in enumerate(rows, start=1)
        ]
        groups.append((frozenset([*columns, index_code]), printed))
    return groups
