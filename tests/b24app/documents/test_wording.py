"""Dates, money, people and text as a document prints them."""

from __future__ import annotations

from datetime import date

import pytest

from b24app.documents.wording import clean, first_of, full_name, greeting, print_day, print_money, read_day


def test_text_loses_control_characters_and_folds_white_space() -> None:
    """What people paste into a card must not break a document."""
    assert clean(" ООО\x00 «Мир»\r\n\t и\u00a0 Ко\x1b ") == "ООО «Мир» и Ко"
    assert clean(None) == ""
    assert clean("я" * 400) == "я" * 299 + "…"


def test_day_is_the_printed_part() -> None:
    """A date field comes as an instant; its day must not move with the zone."""
    assert read_day("2001-11-11T02:00:00+02:00") == date(2001, 11, 11)
    assert read_day("") is None
    assert read_day("soon") is None


def test_day_is_printed_in_words() -> None:
    """Russian with the genitive month, English for messages; neither breaks over lines."""
    assert print_day(date(2025, 12, 5)) == "5\u00a0декабря\u00a02025\u00a0г."
    assert print_day(date(2025, 12, 5), "en") == "5\u00a0December\u00a02025"


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [(128400, "RUB", "128\u00a0400\u00a0₽"), (1240000.5, "RUB", "1\u00a0240\u00a0000,50\u00a0₽"), (7, "XYZ", "7\u00a0XYZ")],
)
def test_money_has_no_break_spaces(amount: float, currency: str, text: str) -> None:
    """A sum is never torn apart at the end of a line; kopecks only where there are some."""
    assert print_money(amount, currency) == text


@pytest.mark.parametrize(
    ("name", "patronymic", "words"),
    [
        ("Ольга", "Петровна", "Уважаемая Ольга Петровна!"),
        ("Илья", "Ильич", "Уважаемый Илья Ильич!"),
        ("Лада", "Ильинична", "Уважаемая Лада Ильинична!"),
        ("Рашад", "Алиевич", "Уважаемый Рашад Алиевич!"),
        ("John", "F.", "Здравствуйте, John!"),
        ("Саша", None, "Здравствуйте, Саша!"),
        (None, None, "Здравствуйте!"),
    ],
)
def test_greeting_guesses_no_gender(name: str | None, patronymic: str | None, words: str) -> None:
    """Only a patronymic says whether it is «уважаемый» or «уважаемая»."""
    assert greeting({"name": name, "secondName": patronymic}) == words


def test_name_and_phone_of_both_apis() -> None:
    """Contacts come camelCase, users in capitals; the first filled phone is taken."""
    assert full_name({"lastName": "Смирнова", "name": "Ольга", "secondName": None}) == "Смирнова Ольга"
    assert full_name({"LAST_NAME": "Кузнецов", "NAME": "Антон"}) == "Кузнецов Антон"
    assert first_of({"fm": [{"typeId": "EMAIL", "value": "a@b"}, {"typeId": "PHONE", "value": "+7"}]}, "PHONE") == "+7"
    assert first_of({}, "PHONE") == ""
