"""What cards say: reach, consent, age, a date that matters."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from b24app.clients.person import age_on, looks_like_email, looks_like_phone, read_consent
from b24app.clients.settings import save_choices
from b24app.clients.update import update_clients

LIST = '[{"id": 41, "title": "E-mail"}, {"id": 45, "title": "Не согласен на рассылки"}]'
TITLES = {"41": "E-mail", "45": "Не согласен на рассылки", "46": "Отказ", "47": "No", "48": "Да"}


@pytest.mark.parametrize("phone", ["+7 916 123-45-67", "8 (495) 123-45-67", "9161234567", "+375 29 123-45-67", "+44 20 7946 0958"])
def test_phones_that_look_real(phone: str) -> None:
    """Ours in any notation, and those of other countries."""
    assert looks_like_phone(phone)


@pytest.mark.parametrize("phone", [None, "", "123456", "нет телефона", "8 900", "+7 000 000-00-00", "00000000000", "+7 999 999-99"])
def test_phones_that_do_not(phone: str | None) -> None:
    """Too short, all zeros, words."""
    assert not looks_like_phone(phone)


@pytest.mark.parametrize(
    ("address", "good"),
    [
        ("info@example.com", True),
        (" Ivan.Petrov+crm@mail.example.ru ", True),
        ("info@", False),
        ("mail@example", False),
        ("нет@почты", False),
        ("ivanov petrov@example.com", False),
        ("-", False),
        (None, False),
    ],
)
def test_addresses(address: str | None, good: bool) -> None:
    """A name, an at sign, a domain with a dot."""
    assert looks_like_email(address) is good


@pytest.mark.parametrize(
    ("value", "titles", "answer"),
    [
        (None, TITLES, None), ("", {}, None), ("[]", TITLES, None), (41, TITLES, True), (45, TITLES, False), (46, TITLES, False),
        (47, TITLES, False), (48, TITLES, True), ("[41, 48]", TITLES, True), ("[41, 45]", TITLES, False), (1, {}, True), (0, {}, False),
        ("2025-01-01", {}, True), ("нет", {}, False),
    ],
)  # fmt: skip
def test_consent_is_read_from_any_field(value: Any, titles: dict[str, str], answer: bool | None) -> None:
    """Empty is unknown; who said no anywhere has not agreed."""
    assert read_consent(value, titles) is answer


@pytest.mark.parametrize(
    ("today", "age"),
    [("2025-02-28", 24), ("2025-03-01", 25), ("2024-02-28", 23), ("2024-02-29", 24), ("1999-01-01", None)],
)
def test_leap_day_child_is_older_on_the_first_of_march(today: str, age: int | None) -> None:
    """Born on 29 February 2000."""
    assert age_on(date(2000, 2, 29), date.fromisoformat(today)) == age


def test_card_speaks_of_its_person(base: Any) -> None:
    """Birthday, age, sex, source, responsible; a company has neither birthday nor sex."""
    base.save("employee", id=1, name="Анна Орлова")
    base.save("dictionary", kind="SOURCE", id="WEB", title="Сайт", sort=10)
    base.contact(1, birthdate="1990-06-16", honorific="HNR_RU_2", source_id="WEB")
    base.company(7, source_id="OTHER")

    base.update()

    person, company = base.facts("C_1"), base.facts("CO_7")
    assert (person["birthday"], person["age"], person["sex"]) == ("1990-06-16", 34, "female")
    assert (person["source"], person["responsible"]) == ("Сайт", "Анна Орлова")
    assert (company["birthday"], company["age"], company["sex"], company["source"]) == (None, None, None, "OTHER")


def test_chosen_fields_are_read(base: Any) -> None:
    """Consent, city and key date come from the fields that the administrator chose; a company answers also by its people."""
    base.user_field("contact", "UF_CRM_CONSENT", "enumeration", items=LIST)
    for entity in ("contact", "company"):
        base.user_field(entity, "UF_CRM_TILL")
        base.user_field(entity, "UF_CRM_CITY", "string")
    base.company(7, uf_crm_till="2025-06-20", uf_crm_city="Казань")
    base.contact(1, [7], uf_crm_consent=41)
    base.contact(2, [7], uf_crm_consent=45)
    base.contact(3, uf_crm_consent=41, uf_crm_till="2025-06-10")
    base.contact(4)
    save_choices(base.ctx, {"consent_field": "UF_CRM_CONSENT", "city_field": "UF_CRM_CITY", "date_field": "UF_CRM_TILL"})

    base.update()

    assert [base.facts(key)["consent"] for key in ("CO_7", "C_3", "C_4")] == [0, 1, None]
    assert (base.facts("CO_7")["city"], base.facts("C_3")["city"]) == ("Казань", None)
    assert [base.facts(key)["days_to_key_date"] for key in ("CO_7", "C_3", "C_4")] == [5, -5, None]


def test_key_date_with_a_time_has_the_portals_day(base: Any) -> None:
    """22:00 by UTC is the next day in Moscow."""
    base.user_field("contact", "UF_CRM_MOMENT", "datetime")
    base.contact(1, uf_crm_moment="2025-06-20T22:00:00Z")
    save_choices(base.ctx, {"date_field": "UF_CRM_MOMENT"})

    base.update()

    assert base.facts("C_1")["key_date"] == "2025-06-21"


def test_reach_counts_every_card_of_the_client(base: Any) -> None:
    """A company is reached by the phone of its person; an address that cannot be one does not count."""
    base.company(7)
    base.contact(1, [7])
    base.communication("contact", 1, "PHONE", "+7 916 123-45-67")
    base.communication("company", 7, "EMAIL", "info@")
    base.update()
    before = base.facts("CO_7")
    base.communication("company", 7, "EMAIL", "info@example.com")

    update_clients(base.ctx, ["CO_7"])

    assert (before["has_phone"], before["has_email"]) == (1, 0)
    assert base.facts("CO_7")["has_email"] == 1
