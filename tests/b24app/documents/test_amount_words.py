"""Sums in Russian words: gender, declension, thousands, hundredths."""

from __future__ import annotations

from decimal import Decimal

import pytest

from b24app.documents.amount_words import amount_in_words, number_in_words, round_money


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        (0, "Ноль рублей 00 копеек"),
        (1, "Один рубль 00 копеек"),
        (Decimal("2.01"), "Два рубля 01 копейка"),
        (Decimal("21.22"), "Двадцать один рубль 22 копейки"),
        (111, "Сто одиннадцать рублей 00 копеек"),
        (1000, "Одна тысяча рублей 00 копеек"),
        (2012, "Две тысячи двенадцать рублей 00 копеек"),
        (128400, "Сто двадцать восемь тысяч четыреста рублей 00 копеек"),
        (1240000.5, "Один миллион двести сорок тысяч рублей 50 копеек"),
        (10**12 + 5, "Один триллион пять рублей 00 копеек"),
    ],
)
def test_amount_is_declined_as_a_contract_wants(amount: Decimal | float, words: str) -> None:
    """The noun agrees with the number, thousands are feminine, hundredths are figures."""
    assert amount_in_words(amount) == words


def test_amount_in_other_currencies() -> None:
    """A feminine unit, a foreign one, and one that we do not know."""
    assert amount_in_words(2, "UAH") == "Две гривны 00 копеек"
    assert amount_in_words(2000.5, "USD") == "Две тысячи долларов США 50 центов"
    assert amount_in_words(5, "XYZ") == "Пять XYZ 00/100"


def test_half_a_cent_is_rounded_up() -> None:
    """Money is rounded as people do it, whatever a float holds."""
    assert round_money(0.125) == Decimal("0.13")
    assert amount_in_words(0.995) == "Один рубль 00 копеек"


def test_number_too_large_is_refused() -> None:
    """Words end below 10^15."""
    with pytest.raises(ValueError, match="cannot say"):
        number_in_words(10**15)
