"""Sums of money in English words."""

from __future__ import annotations

import pytest

from b24app.documents.english_amount import english_amount, english_number


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "zero"),
        (13, "thirteen"),
        (21, "twenty-one"),
        (100, "one hundred"),
        (1_001, "one thousand one"),
        (999_999, "nine hundred ninety-nine thousand nine hundred ninety-nine"),
        (2_000_000_000, "two billion"),
    ],
)
def test_number_is_said(number: int, words: str) -> None:
    """Tens and ones are joined by a hyphen; empty groups are silent."""
    assert english_number(number) == words


@pytest.mark.parametrize(
    ("amount", "currency", "words"),
    [
        (1.01, "RUB", "One rouble 01 kopeck"),
        (2, "USD", "Two US dollars 00 cents"),
        (16401.5, "EUR", "Sixteen thousand four hundred one euros 50 cents"),
        (3, "XYZ", "Three XYZ 00/100"),
    ],
)
def test_sum_is_said_with_its_currency(amount: float, currency: str, words: str) -> None:
    """One is singular, all else plural; an unknown currency is named by its code."""
    assert english_amount(amount, currency) == words


def test_number_out_of_bounds_is_refused() -> None:
    """What nobody could mean is not said."""
    with pytest.raises(ValueError, match="cannot say"):
        english_number(10**15)
