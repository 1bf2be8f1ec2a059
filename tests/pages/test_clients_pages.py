"""The RFM matrix, what is bought together, trends, the settings of clients, and why a client is in a segment."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from b24app.clients.settings import read_choices
from b24app.segments.definitions import load
from b24app.segments.drafts import add_preset
from b24app.segments.sleeping import read_days

FORM = {
    "mode": "companies", "upsell_from": "5",
    "upsell_to": "21", "lapsing": "1,5", "lost": "3", "rfm_r": "own", "rfm_f": "auto", "rfm_m": "auto",
    "rfm_r_1": "30", "rfm_r_2": "90", "rfm_r_3": "180", "rfm_r_4": "365", "consent_field": "", "city_field": "", "date_field": "",
    "support_process": "", "days_sleeping_shop_from": "60", "days_sleeping_shop_to": "120", "days_sleeping_b2b_from": "200",
}  # fmt: skip


@pytest.fixture
def crowd(shop: Any) -> Any:
    """Ten buyers, so that there are scores; five have bought coffee, three of them syrup as well."""
    for number in range(10, 20):
        shop.contact(number, assigned_by_id=1 + number % 2)
        shop.deal(number, contacts=[number], won=f"2025-0{number - 9 if number < 19 else 1}-15", opportunity=100.0 * number)
    rows = [(number, 7, "Кофе") for number in range(10, 15)] + [(number, 8, "Сироп") for number in range(10, 13)]
    for place, (deal, product, name) in enumerate(rows, 100):
        shop.save("product_row", id=place, owner_type="D", owner_id=deal, product_id=product, product_name=name)
    shop.count()
    return shop


def cells(text: str) -> dict[str, str]:
    """Return the links of the cells that hold somebody."""
    return dict(re.findall(r'data-cell="(\d\d)">\s*<a href="([^"]+)"', text))


@pytest.mark.parametrize("lang", ["ru", "en"])
def test_matrix_leads_to_everybody_who_has_scores(crowd: Any, lang: str) -> None:
    """The cells' members together are the buyers, each cell says how many, and there is a way to a segment of them."""
    page = crowd.ask("/rfm", lang=lang)
    found: set[str] = set()
    for link in cells(page.text).values():
        cell = crowd.ask(link, lang=lang)
        here = set(re.findall(r'href="/clients/(\w+)"', cell.text))
        assert here
        assert not here & found
        assert "/segments/new?rule=" in cell.text
        found |= here

    assert len(found) == 12
    assert crowd.ask("/rfm?by=revenue", lang=lang).status_code == 200


def test_matrix_shows_only_the_viewers_clients(crowd: Any) -> None:
    """Who sees only his own finds no others in a cell; scores that cannot be are nowhere."""
    mine = {key for link in cells(crowd.ask("/rfm", sees_all=False).text).values()
            for key in re.findall(r'href="/clients/(\w+)"', crowd.ask(link, sees_all=False).text)}  # fmt: skip

    responsible = {row["key"] for row in crowd.store.rows("SELECT key FROM client WHERE responsible_id = 1")}
    assert mine
    assert mine <= responsible
    assert crowd.ask("/rfm/6/1").status_code == 404


def test_pair_of_products_leads_to_whom_it_can_be_offered(crowd: Any) -> None:
    """Syrup is bought with coffee by all who have it; two have coffee alone."""
    text = crowd.ask("/together").words
    assert "Сироп" in text
    assert "100 %" in text

    link = re.search(r'href="(/segments/new\?rule=[^"]+)"', crowd.ask("/together?sort=lift").text)
    assert link is None  # everybody with syrup has coffee: nobody is left on that side
    crowd.save("product_row", id=200, owner_type="D", owner_id=15, product_id=8, product_name="Сироп")
    crowd.count()
    found = re.search(r'href="(/segments/new\?rule=[^"]+)"', crowd.ask("/together").text)
    assert found
    assert crowd.ask(found[1]).status_code == 200
    assert crowd.ask("/together", sees_all=False).status_code == 403


def test_trends_have_a_line_once_there_are_two_days(crowd: Any) -> None:
    """One day is a number, two are a picture with the change."""
    assert "<polyline" not in crowd.ask("/trends").text
    before = (crowd.at.date() - timedelta(days=9)).isoformat()
    crowd.save("segment_size", segment_key="won", day=before, members=2, revenue=0, mark="")

    text = crowd.ask("/trends").words
    assert "<polyline" in text
    assert "+10 за 9" in text


@pytest.mark.parametrize("lang", ["ru", "en"])
def test_settings_are_saved_and_everything_is_counted_anew(crowd: Any, lang: str) -> None:
    """Every choice of the form is kept, ready segments take their days, the job is ordered once."""
    add_preset(crowd.ctx, "sleeping_shop")

    page = crowd.ask("/settings", FORM, lang=lang)

    chosen = read_choices(crowd.ctx)
    assert page.status_code == 200
    assert (chosen.mode, chosen.upsell_days, chosen.rfm) == ("companies", (5, 21), {"r": (30, 90, 180, 365)})
    assert read_days(crowd.ctx)["sleeping_b2b"] == {"from": 200}
    assert load(crowd.ctx, "sleeping_shop").parameters["from"]["value"] == 60
    assert crowd.commands() == [{"name": "model"}]
    assert 'value="365"' in page.text


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"upsell_to": "3"}, "Окно допродажи, дней после покупки»: два целых числа"),
        ({"rfm_r_2": "30"}, "Границы R (дней), F, M; без них — по долям базы»: четыре разных числа"),
        ({"days_sleeping_shop_to": "10"}, "Спящие: магазин, 3–6 месяцев»: целые числа дней"),
        ({"support_process": "-1"}, "Смарт-процесс поддержки»: номер типа"),
        ({"mode": "people"}, "Кто такой клиент»: выберите"),
    ],
)
def test_wrong_choice_is_said_and_nothing_is_saved(shop: Any, wrong: dict[str, str], said: str) -> None:
    """The sentence names the choice and what would do."""
    answer = shop.ask("/settings", FORM | wrong)

    assert answer.status_code == 422
    assert said in answer.words
    assert read_choices(shop.ctx).mode == "mixed"
    assert shop.commands() == []


def test_edges_are_counted_while_they_are_typed(crowd: Any) -> None:
    """Own edges count buyers by them, half-typed ones by those of the base; together they are all buyers."""
    text = crowd.ask("/settings/scores", {**FORM, "rfm_f": "own"} | {f"rfm_f_{n}": str(n) for n in range(1, 5)}).text
    sizes = {key: int(size) for key, size in re.findall(r'data-count="(\w\d)">(\d+)<', text)}

    assert sum(sizes[f"f{n}"] for n in range(1, 6)) == 12
    assert (sizes["f1"], sizes["f2"]) == (11, 1)
    half = crowd.ask("/settings/scores", {**FORM, "rfm_r_4": ""}).text
    assert sum(int(size) for size in re.findall(r'data-count="r\d">(\d+)<', half)) == 12


def test_smart_process_that_is_chosen_is_mirrored(shop: Any) -> None:
    """Its items must be here before they can be requests."""
    shop.ask("/settings", FORM | {"support_process": "128"})

    assert shop.commands() == [{"name": "sweep"}, {"name": "model"}]
    assert read_choices(shop.ctx).support_process == 128


def test_settings_are_for_administrators(shop: Any) -> None:
    """Nobody else sees or changes them."""
    assert shop.ask("/settings", sees_all=False).status_code in (403, 404)
    assert shop.ask("/settings", FORM, sees_all=False).status_code in (403, 404)


def test_client_is_told_why_and_until_when(shop: Any) -> None:
    """The card says what would end it; one page has every condition with its answer."""
    assert "Из сегмента выведет отмена выигранной сделки." in shop.ask("/clients/C_2").words
    page = shop.ask("/clients/C_2/why/bought_once_180").words
    assert "Покупок ровно 1" in page
    assert "Войдёт" in page or "Выйдет" in page or "Из сегмента выведет" in page
    assert shop.ask("/clients/C_999/why/won").status_code == 404


def test_client_is_chosen_by_name(shop: Any) -> None:
    """Names that have the words are offered; one that fits is taken, several or none are a sentence, a key works as well."""
    rule = '{"criterion": "fact", "fact": "purchases", "op": ">=", "value": 2}'

    assert shop.ask("/clients/found?search=ромаш").json == ["ООО Ромашка"]
    for text, said in (("ромашка", "Да, в сегменте"), ("CO_1", "Да, в сегменте"), ("Ёлкин Пётр", "Нет, не в сегменте")):
        assert said in shop.ask("/segments/try", {"rule": rule, "client": text}).words
    for text, said in (("никто", "Такого клиента нет."), ("е", "Подходит несколько клиентов")):
        assert said in shop.ask("/segments/try", {"rule": rule, "client": text}).words


def test_gallery_asks_for_the_field_of_consent(shop: Any) -> None:
    """Until it is chosen the segment of those without consent would hold everybody."""
    asked = "Сначала выберите поле с согласием"
    assert asked in shop.ask("/segments/gallery").words

    shop.ctx.app_store.save_setting("m1", "clients", {"consent_field": "UF_CRM_CONSENT"})

    assert asked not in shop.ask("/segments/gallery").words
