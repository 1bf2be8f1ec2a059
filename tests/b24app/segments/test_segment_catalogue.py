"""Rules over sections of the catalogue, over phones and e-mails: who is asked, what is said of it, what the builder offers."""

from __future__ import annotations

from typing import Any

import pytest

from b24app.segments.definitions import load_known
from b24app.segments.drafts import preview, try_client
from b24app.segments.rules import BadRule
from b24app.segments.vocabulary import list_subjects


def test_bought_from_a_section_counts_what_is_below_it(base: Any) -> None:
    """A section is itself and its subsections; who bought elsewhere, or nothing of the catalogue, did not; a section must be there."""
    for number, parent in ((6, None), (1, 6), (3, None)):
        base.save("product_section", id=number, title=f"Раздел {number}", parent_id=parent)
    for product, section in ((7, 1), (9, 3)):
        base.save("catalog_product", id=product, section_id=section, read_at="2025-01-01T00:00:00Z")
    for number, product in ((1, 7), (2, 9), (3, None)):
        base.contact(number)
        base.deal(number, contacts=[number], won="2025-06-01")
        base.save("product_row", id=number, owner_type="D", owner_id=number, product_id=product, product_name="Товар")
    base.update()

    assert members(base, {"criterion": "bought", "sections": [6]}) == {"C_1"}
    assert members(base, {"criterion": "bought", "sections": [6, 3], "within": {"days_ago": [0, 30]}}) == {"C_1", "C_2"}
    assert members(base, {"not": {"criterion": "bought", "sections": [6]}}) == {"C_2", "C_3"}
    with pytest.raises(BadRule):
        members(base, {"criterion": "bought", "sections": [99]})


def test_condition_on_a_section_is_said_and_offered(base: Any) -> None:
    """The builder offers sections by name; rule and value are said with it."""
    base.save("product_section", id=3, title="Кофе", parent_id=None)
    base.save("catalog_product", id=9, section_id=3, read_at="2025-01-01T00:00:00Z")
    base.contact(1)
    base.deal(1, contacts=[1], won="2025-06-01")
    base.save("product_row", id=1, owner_type="D", owner_id=1, product_id=9, product_name="Утро, 1 кг")
    base.update()
    rule = {"criterion": "bought", "sections": [3]}

    offered = {one.key: one for one in list_subjects(load_known(base.ctx), "ru")}
    assert offered["section"].choices == (("3", "Кофе"),)
    assert preview(base.ctx, rule).text == "Покупал из раздела «Кофе»"
    told = try_client(base.ctx, rule, "C_1")
    assert (told.sentence, told.ending) == ("Купил из раздела «Кофе» 01.06.2025.", "Из сегмента выведет отмена покупки «Кофе».")


@pytest.fixture
def reached(base: Any) -> Any:
    """A company with a phone and a person with two, a person with an address, a person with nothing."""
    base.company(1)
    base.contact(2, [1])
    base.contact(3)
    base.contact(4)
    base.communication("company", 1, "PHONE", "+7 (495) 000-11-22")
    base.communication("contact", 2, "PHONE", "8 916 123-45-67")
    base.communication("contact", 2, "PHONE", "нет")
    base.communication("contact", 3, "EMAIL", "Ivan@Example.RU")
    base.update()
    return base


@pytest.mark.parametrize(
    ("field", "op", "value", "keys"),
    [
        ("PHONE", "=", "+7 916 123 45 67", {"CO_1"}),
        ("PHONE", "=", "9161234567", {"CO_1"}),
        ("phone", "%", "495", {"CO_1"}),
        ("PHONE", "!%", "495", {"C_3", "C_4"}),
        ("PHONE", "@", ["89161234567", "79990000000"], {"CO_1"}),
        ("PHONE", "empty", None, {"C_3", "C_4"}),
        ("EMAIL", "=", "ivan@example.ru", {"C_3"}),
        ("EMAIL", "%", "@EXAMPLE.", {"C_3"}),
        ("EMAIL", "!=", "ivan@example.ru", {"CO_1", "C_4"}),
        ("EMAIL", "filled", None, {"C_3"}),
    ],
)
def test_phones_and_emails_are_asked_of_all_cards_of_a_client(reached: Any, field: str, op: str, value: Any, keys: set[str]) -> None:
    """His own and his people's; a phone by its digits however it is written, an address in any case."""
    assert members(reached, {"criterion": "field", "of": "client", "field": field, "op": op, "value": value}) == keys


def test_condition_on_a_phone_shows_the_one_that_fits(reached: Any) -> None:
    """The value said is the phone that was found, masked; of a person's own card the company's is none; letters are no phone."""
    rule = {"criterion": "field", "of": "client", "field": "PHONE", "op": "%", "value": "916"}

    assert try_client(reached.ctx, rule, "CO_1").sentence == "Телефон: 8 ••• •••-••-67."
    assert members(reached, {**rule, "of": "contact", "value": "495"}) == set()
    assert members(reached, {**rule, "of": "company", "value": "495"}) == {"CO_1"}
    for wrong in ({"value": "нет"}, {"op": ">"}, {"value": ""}):
        with pytest.raises(BadRule):
            members(reached, {**rule, **wrong})


def members(base: Any, rule: Any) -> set[str]:
    """Return whom a rule holds."""
    return {key for key in sorted(base.keys()) if try_client(base.ctx, rule, key).answer == "yes"}
