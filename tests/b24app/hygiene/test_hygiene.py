"""Cards in order: the one form of names, phones and e-mails, what every check finds, who is in the base twice."""

from __future__ import annotations

from typing import Any

import pytest

from b24app.errors import BitrixBusy, BitrixError
from b24app.hygiene.checks import CHECKS, changes_of, find_all
from b24app.hygiene.duplicates import bare_title, find_duplicates
from b24app.hygiene.forms import normal_email, normal_name, normal_phone
from b24app.hygiene.repair import examine, repair
from tests.b24app.conftest import Base
from tests.robots.office import Office


@pytest.mark.parametrize(
    ("typed", "normal"),
    [
        ("  ПЁТР  ", "Пётр"),
        ("салтыков-щедрин", "Салтыков-Щедрин"),
        ("O'NEIL", "O'Neil"),
        ("МАМЕДОВ АЛИ ОГЛЫ", "Мамедов Али оглы"),
        ("МакКлауд", "МакКлауд"),
        ("А.Б.", "А.Б."),
        ("Анна  Мария", "Анна Мария"),
        ("李", "李"),
    ],
)
def test_name_has_one_form(typed: str, normal: str) -> None:
    """All capitals or none are nobody's own way of writing; twice is once."""
    assert normal_name(typed) == normal
    assert normal_name(normal) == normal


@pytest.mark.parametrize(
    ("typed", "normal"),
    [
        ("8 (912) 345-67-89", "+79123456789"),
        ("7 912 345 67 89", "+79123456789"),
        ("+7 912 3456789", "+79123456789"),
        ("+89123456789", "+79123456789"),
        ("912-345-67-89", "+79123456789"),
        ("+49 30 123456", "+4930123456"),
        ("0049 30 123456", "+4930123456"),
        ("+7 495 123-45-67 доб. 12", "+7 495 123-45-67 доб. 12"),
        ("123-45-67", "123-45-67"),
        ("12-34", None),
        ("нет", None),
        ("+0 123 456 78 90", None),
        ("12345678901234567", None),
    ],
)
def test_phone_has_one_form(typed: str, normal: str | None) -> None:
    """What the country cannot be told of stays as it was typed; what is none is none."""
    assert normal_phone(typed) == normal
    assert normal is None or normal_phone(normal) == normal


@pytest.mark.parametrize(
    ("typed", "normal"),
    [(" Petr@Mail.RU ", "petr@mail.ru"), ("mailto:a@b.ru", "a@b.ru"), ("<a@b.ru>;", "a@b.ru"), ("a@b", None), ("нет", None), ("@", None)],
)
def test_email_has_one_form(typed: str, normal: str | None) -> None:
    """Small letters, no blanks."""
    assert normal_email(typed) == normal


CARD: dict[str, Any] = {
    "entityTypeId": 3,
    "name": "ИВАН",
    "lastName": "Петров",
    "fm": [
        {"id": 1, "typeId": "PHONE", "value": "89123456789"},
        {"id": 2, "typeId": "PHONE", "value": "+7 (912) 345-67-89"},
        {"id": 3, "typeId": "EMAIL", "value": "нет почты"},
        {"id": 4, "typeId": "WEB", "value": "Site.RU"},
    ],
}


def test_every_check_finds_its_own() -> None:
    """One declaration, one kind of finding."""
    assert {check.key: len(list(check.find(CARD))) for check in CHECKS} == {"names": 1, "phones": 2, "emails": 1, "repeats": 1}


def test_only_what_changes_is_written() -> None:
    """A type with every entry, or the portal passes it over in silence; what a person has to decide is left alone."""
    assert changes_of(find_all(CARD)) == {
        "name": "Иван",
        "fm": {"1": {"typeId": "PHONE", "value": "+79123456789"}, "2": {"typeId": "PHONE", "value": ""}},
    }
    assert changes_of(find_all({"entityTypeId": 4, "title": "ООО Ромашка", "fm": None})) == {}


def test_refused_card_does_not_keep_others_from_their_order(base: Base) -> None:
    """All have their turn, then the refusal is raised; a card that is gone has nothing wrong."""
    office: Any = Office()
    object.__setattr__(base.ctx, "bitrix", office)
    office.put(3, 1, name="ИВАН")
    office.put(3, 2, name="ПЁТР")
    office.refusing["crm.item.update"] = BitrixError("crm.item.update", "ACCESS_DENIED", "", 403)

    with pytest.raises(BitrixError):
        repair(base.ctx, [(3, 1), (3, 2), (3, 404)])

    assert (office.items[3, 1]["name"], office.items[3, 2]["name"]) == ("ИВАН", "Пётр")
    assert [one.card for one in examine(base.ctx, [(3, 1), (3, 2), (3, 404)])] == [(3, 1), (3, 2)]


def test_busy_portal_is_not_taken_for_a_card_in_order(base: Base) -> None:
    """It is asked again later."""
    office: Any = Office()
    object.__setattr__(base.ctx, "bitrix", office)
    office.put(3, 1, name="ИВАН")
    office.refusing["crm.item.get"] = BitrixBusy("crm.item.get", "QUERY_LIMIT_EXCEEDED")

    with pytest.raises(BitrixBusy):
        repair(base.ctx, [(3, 1)])


@pytest.mark.parametrize(
    ("title", "bare"),
    [("ООО «Ромашка»", "ромашка"), ("Ромашка, ООО", "ромашка"), ("ИП Ёлкин П.", "елкинп"), ("АО", ""), ("Рога & копыта", "рогакопыта")],
)
def test_company_is_compared_without_its_legal_form(title: str, bare: str) -> None:
    """Quotes, commas, case and ё do not count."""
    assert bare_title(title) == bare


def test_namesakes_with_other_second_names_are_no_duplicates(base: Base) -> None:
    """A second name that only one of them has leaves it open; two different ones do not."""
    base.contact(1, name="Иван", last_name="Петров", second_name="Ильич")
    base.contact(2, name="иван", last_name="ПЕТРОВ", second_name="Львович")
    base.contact(3, name="Иван", last_name="Петров")
    base.contact(4, name="Иван", last_name="Петровский")

    assert [one.other_id for one in find_duplicates(base.ctx, [(3, 1)])] == [3]


def test_pair_is_told_once(base: Base) -> None:
    """Both cards of a deal may be each other's duplicates; the same e-mail is sure, in any case."""
    base.contact(1, name="Иван", last_name="Петров")
    base.contact(2, name="И.", last_name="Петров")
    for number, value in ((1, "Ivan@Mail.ru"), (2, "ivan@mail.ru ".strip())):
        base.communication("contact", number, "EMAIL", value)

    (found,) = find_duplicates(base.ctx, [(3, 1), (3, 2), (2, 5)])

    assert (found.card_id, found.other_id, found.reasons, found.is_strong) == (1, 2, ("email",), True)
