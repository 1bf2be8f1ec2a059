"""A sum of money in Russian words, as contracts and offers want it: «Сто двадцать рублей 50 копеек». Pure."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

Forms = tuple[str, str, str]  # after 1, after 2-4, after 5-20

CENT = Decimal("0.01")
LIMIT = Decimal(10) ** 15

# Whole units with their gender, then the hundredth parts, which are printed as figures.
CURRENCIES: dict[str, tuple[Forms, bool, Forms]] = {
    "RUB": (("рубль", "рубля", "рублей"), False, ("копейка", "копейки", "копеек")),
    "BYN": (("белорусский рубль", "белорусских рубля", "белорусских рублей"), False, ("копейка", "копейки", "копеек")),
    "KZT": (("тенге", "тенге", "тенге"), False, ("тиын", "тиына", "тиынов")),
    "UZS": (("сум", "сума", "сумов"), False, ("тийин", "тийина", "тийинов")),
    "USD": (("доллар США", "доллара США", "долларов США"), False, ("цент", "цента", "центов")),
    "EUR": (("евро", "евро", "евро"), False, ("цент", "цента", "центов")),
    "UAH": (("гривна", "гривны", "гривен"), True, ("копейка", "копейки", "копеек")),
}
_SCALES: tuple[tuple[Forms, bool], ...] = (
    (("тысяча", "тысячи", "тысяч"), True),
    (("миллион", "миллиона", "миллионов"), False),
    (("миллиард", "миллиарда", "миллиардов"), False),
    (("триллион", "триллиона", "триллионов"), False),
)
_ONES = [
    "ноль",
    "один",
    "два",
    "три",
    "четыре",
    "пять",
    "шесть",
    "семь",
    "восемь",
    "девять",
    "десять",
    "одиннадцать",
    "двенадцать",
    "тринадцать",
    "четырнадцать",
    "пятнадцать",
]
_ONES += ["шестнадцать", "семнадцать", "восемнадцать", "девятнадцать"]
_FEMININE = {1: "одна", 2: "две"}
_TENS = ["двадцать", "тридцать", "сорок", "пятьдесят", "шестьдесят", "семьдесят", "восемьдесят", "девяносто"]
_HUNDREDS = ["сто", "двести", "триста", "четыреста", "пятьсот", "шестьсот", "семьсот", "восемьсот", "девятьсот"]


def plural(number: int, forms: Forms) -> str:
    """Return the form of a noun that follows a number: 1 рубль, 2 рубля, 5 рублей, 11 рублей, 21 рубль."""
    rest = number % 100
    if 11 <= rest <= 14:
        return forms[2]
    return forms[0] if rest % 10 == 1 else forms[1] if 2 <= rest % 10 <= 4 else forms[2]


def round_money(amount: Decimal | float | int) -> Decimal:
    """Return a sum with two places; 0.125 becomes 0.13, as people round money."""
    return Decimal(str(amount)).quantize(CENT, ROUND_HALF_UP)


def number_in_words(number: int, feminine: bool = False) -> str:
    """Return a whole number from 0 below 10^15 in words."""
    if not 0 <= number < LIMIT:
        raise ValueError(f"cannot say {number} in words")
    head, last = divmod(number, 1000)
    words: list[str] = []
    for forms, is_feminine in _SCALES:
        head, group = divmod(head, 1000)
        if group:
            words = [*_group(group, is_feminine), plural(group, forms), *words]
    words += _group(last, feminine)
    return " ".join(words) or _ONES[0]


def amount_in_words(amount: Decimal | float | int, currency: str = "RUB") -> str:
    """Return a sum in words, capitalized, with the hundredths in figures. An unknown currency is named by its code."""
    money = round_money(amount)
    whole, cents = int(money), int(money % 1 * 100)
    if currency not in CURRENCIES:
        return f"{number_in_words(whole).capitalize()} {currency} {cents:02d}/100"
    unit, feminine, part = CURRENCIES[currency]
    text = f"{number_in_words(whole, feminine)} {plural(whole, unit)} {cents:02d} {plural(cents, part)}"
    return text[:1].upper() + text[1:]


def _group(number: int, feminine: bool) -> list[str]:
    """Return up to three digits in words; nothing for 0."""
    words = [_HUNDREDS[number // 100 - 1]] if number >= 100 else []
    rest = number % 100
    if rest >= 20:
        words.append(_TENS[rest // 10 - 2])
        rest %= 10
    if rest:
        words.append(_FEMININE.get(rest, _ONES[rest]) if feminine else _ONES[rest])
    return words
