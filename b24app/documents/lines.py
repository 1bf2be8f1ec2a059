"""What an offer sells: lines with quantities and prices, the discount, the tax inside, the sum. Pure arithmetic in decimals."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from b24app.documents.amount_words import round_money
from b24app.documents.wording import clean
from b24app.errors import Mistaken

HUNDRED = Decimal(100)
MOST_LINES = 50
FILLS = ("deal", "package", "last")  # what a deal without products sells: its own sum, the rule's package, what was bought last
_NUMBER = re.compile(r"\d+(?:[.,]\d{1,3})?")


@dataclass(frozen=True)
class Line:
    """One line. `price` is what is paid for one, `full` the price before the row's own discount; taxes are inside both."""

    name: str
    quantity: Decimal
    price: Decimal
    full: Decimal
    tax_rate: float | None = None
    measure: str = ""

    @property
    def total(self) -> Decimal:
        """What is paid for the line."""
        return round_money(self.price * self.quantity)

    @property
    def full_total(self) -> Decimal:
        """The line before discounts."""
        return round_money(self.full * self.quantity)


@dataclass(frozen=True)
class Basket:
    """All lines, and the discount (percent) that the offer gives on top of theirs."""

    lines: Sequence[Line]
    discount: Decimal = Decimal(0)

    @property
    def full(self) -> Decimal:
        """The sum before every discount."""
        return sum((line.full_total for line in self.lines), Decimal(0))

    @property
    def total(self) -> Decimal:
        """What the client pays."""
        return self._after(sum((line.total for line in self.lines), Decimal(0)))

    @property
    def taxes(self) -> list[tuple[float, Decimal]]:
        """The tax inside the sum by rate, the highest first. Of lines that name no rate nothing is claimed."""
        sums: dict[float, Decimal] = {}
        for line in self.lines:
            if line.tax_rate is not None:
                sums[line.tax_rate] = sums.get(line.tax_rate, Decimal(0)) + line.total
        shares = {rate: self._after(amount) * Decimal(str(rate)) / (HUNDRED + Decimal(str(rate))) for rate, amount in sums.items()}
        return [(rate, round_money(shares[rate])) for rate in sorted(shares, reverse=True)]

    def _after(self, amount: Decimal) -> Decimal:
        return round_money(amount * (HUNDRED - self.discount) / HUNDRED)


def line_of(row: Mapping[str, Any]) -> Line:
    """Return a product row of the universal API as a line."""
    price = _decimal(row.get("price"))
    full = price if row.get("priceBrutto") is None else _decimal(row["priceBrutto"])
    rate = None if row.get("taxRate") is None else float(row["taxRate"])
    return Line(clean(row.get("productName")), _decimal(row.get("quantity")), price, full, rate, clean(row.get("measureName"), 20))


def kept_line(row: Mapping[str, Any]) -> Line:
    """Return a product row of the mirror as a line."""
    names = {"productName": "product_name", "priceBrutto": "price_brutto", "taxRate": "tax_rate", "measureName": "measure_name"}
    return line_of({**row, **{name: row.get(column) for name, column in names.items()}})


def package_line(row: Mapping[str, Any]) -> Line:
    """Return a line of a package as rules keep it: name, quantity, price, tax."""
    price = _decimal(row["price"])
    rate = None if row.get("tax") is None else float(row["tax"])
    return Line(clean(row["name"]), _decimal(row["quantity"]), price, price, rate, clean(row.get("measure"), 20))


def read_package(text: str) -> list[dict[str, Any]]:
    """Read a package typed by a person: a line each, «name; quantity; price; tax %», the tax may be left out. Raises Mistaken."""
    rows = [line for line in text.splitlines() if line.strip()]
    if len(rows) > MOST_LINES:
        raise Mistaken(f"A package may have {MOST_LINES} lines at most.", f"В пакете может быть не больше {MOST_LINES} строк.")
    return [_read_line(number, row) for number, row in enumerate(rows, start=1)]


def print_package(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return a package as a person types it."""
    parts = ((row["name"], row["quantity"], row["price"], *(() if row.get("tax") is None else (row["tax"],))) for row in rows)
    return "\n".join("; ".join(f"{part:g}" if isinstance(part, float) else str(part) for part in line) for line in parts)


def mark_of(lines: Sequence[Line], client: str, amount: Any) -> str:
    """Return a text that is the same as long as the deal sells the same to the same client, here and in the portal."""
    sold = sorted(f"{line.name}|{line.quantity.normalize():f}|{round_money(line.price)}" for line in lines)
    return "\n".join([client, *sold] if sold else [client, str(round_money(_decimal(amount)))])


def _read_line(number: int, text: str) -> dict[str, Any]:
    parts = [part.strip() for part in text.split(";")]
    numbers = [part.replace("\N{NO-BREAK SPACE}", "").replace(" ", "").rstrip("%") for part in parts[1:]]
    if len(parts) not in (3, 4) or not clean(parts[0]) or not all(_NUMBER.fullmatch(part) for part in numbers):
        raise Mistaken(
            f"Line {number} of the package: “name; quantity; price; VAT %” is needed, not “{clean(text, 60)}”.",
            f"Строка {number} пакета: нужно «название; количество; цена; НДС %», а не «{clean(text, 60)}».",
        )
    values = [float(part.replace(",", ".")) for part in numbers]
    return {"name": clean(parts[0]), "quantity": values[0], "price": values[1], "tax": values[2] if len(values) > 2 else None}


def _decimal(value: Any) -> Decimal:
    try:
        return Decimal(str(value or 0))
    except InvalidOperation:
        return Decimal(0)
