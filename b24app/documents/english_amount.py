"""A sum of money in English words: "Ninety-nine thousand six hundred roubles 00 kopecks". Pure."""

from __future__ import annotations

from decimal import Decimal

from b24app.documents.amount_words import LIMIT, round_money

Forms = tuple[str, str]  # one, many

# Whole units, then the hundredth parts, which are printed as figures.
CURRENCIES: dict[str, tuple[Forms, Forms]] = {
    "RUB": (("rouble", "roubles"), ("kopeck", "kopecks")),
    "BYN": (("Belarusian rouble", "Belarusian roubles"), ("kopeck", "kopecks")),
    "KZT": (("tenge", "tenge"), ("tiyn", "tiyns")),
    "UZS": (("sum", "sums"), ("tiyin", "tiyins")),
    "USD": (("US dollar", "US dollars"), ("cent", "cents")),
    "EUR": (("euro", "euros"), ("cent", "cents")),
    "UAH": (("hryvnia", "hryvnias"), ("kopeck", "kopecks")),
}
_ONES = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_SCALES = ("", "thousand", "million", "billion", "trillion")


def english_number(number: int) -> str:
    """Return a whole number from 0 below 10^15 in words."""
    if not 0 <= number < LIMIT:
        raise ValueError(f"cannot say {number} in words")
    words: list[str] = []
    for scale in _SCALES:
        number, group = divmod(number, 1000)
        if group:
            words.insert(0, f"{_group(group)} {scale}".rstrip())
    return " ".join(words) or _ONES[0]


def english_amount(amount: Decimal | float | int, currency: str = "RUB") -> str:
    """Return a sum in words, capitalized, with the hundredths in figures. An unknown currency is named by its code."""
    money = round_money(amount)
    whole, cents = int(money), int(money % 1 * 100)
    said = english_number(whole)
    said = said[:1].upper() + said[1:]
    if currency not in CURRENCIES:
        return f"{said} {currency} {cents:02d}/100"
    unit, part = CURRENCIES[currency]
    return f"{said} {unit[whole != 1]} {cents:02d} {part[cents != 1]}"


def _group(number: int) -> str:
    """Return up to three digits in words."""
    hundreds, rest = divmod(number, 100)
    words = [f"{_ONES[hundreds]} hundred"] if hundreds else []
    if rest >= 20:
        tens, ones = divmod(rest, 10)
        words.append(_TENS[tens - 2] + (f"-{_ONES[ones]}" if ones else ""))
    elif rest:
        words.append(_ONES[rest])
    return " ".join(words)
