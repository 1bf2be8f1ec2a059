"""The builder: what it offers, live counts, saving, a client tried, a filter pasted, the gallery."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from b24app.segments.definitions import load
from b24app.segments.presets import PRESETS
from pages import segment_words, words

BOUGHT_TWICE = {"all": [{"criterion": "fact", "fact": "purchases", "op": ">=", "value": 2}]}


def counts(shop: Any, rule: Any) -> dict[str, int]:
    """Return the numbers of the preview."""
    text = shop.ask("/segments/preview", {"rule": json.dumps(rule)}).text
    return {key: int(number) for key, number in re.findall(r'data-count="(\w+)">(\d+)<', text)}


def offered(shop: Any, path: str = "/segments/new", lang: str = "ru") -> dict[str, Any]:
    """Return what the builder offers."""
    found = re.search(r'data-offered="([^"]*)"', shop.ask(path, lang=lang).text)
    assert found
    return dict(
        json.loads(found[1].replace("&#34;", '"').replace("&#39;", "'").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
    )


def test_words_of_the_two_modules_do_not_collide() -> None:
    """A key has one meaning on all pages."""
    own = set(words.WORDS) - set(segment_words.WORDS)

    assert own | set(segment_words.WORDS) == set(words.WORDS)
    assert all(words.WORDS[key] == pair for key, pair in segment_words.WORDS.items())


@pytest.mark.parametrize("lang", ["ru", "en"])
def test_builder_offers_what_the_base_has(shop: Any, lang: str) -> None:
    """Facts, history, other segments, fields with their own names; in the reader's language."""
    shop.save("dictionary", kind="SOURCE", id="WEB", title="Сайт", sort=10)
    found = {one["key"]: one for one in offered(shop, lang=lang)["subjects"]}

    assert found["fact:purchases"]["title"] == {"ru": "Покупки", "en": "Purchases"}[lang]
    assert found["field:client:source_id"]["choices"] == [["WEB", "Сайт"]]
    assert {"bought", "activity", "deal", "segment"} <= found.keys()
    assert ["won", {"ru": "С выигранными сделками", "en": "With won deals"}[lang]] in found["segment"]["choices"]


def test_every_subject_and_operator_can_be_counted(shop: Any) -> None:
    """Whatever the builder offers the base can be asked."""
    given = offered(shop)
    values: dict[str, Any] = {"number": 1, "text": "a1", "choice": "1", "flag": 1, "date": {"days_ago": [0, 30]}, "instant": "2025-01-01"}
    rules = []
    for subject in given["subjects"]:
        for sign, _, takes in given["operators"].get(subject["kind"], []):
            if subject["several"] and sign not in ("filled", "empty"):
                continue
            value = values[subject["kind"]]
            asked = {"none": {}, "one": {"value": value}, "many": {"value": [value]}, "two": {"value": [value, value]}}[takes]
            rules.append({**subject["rule"], "op": sign, **asked})
    assert len(rules) > 300

    for start in range(0, len(rules), 150):
        assert sum(counts(shop, {"any": rules[start : start + 150]}).values()) == 3


def test_counts_have_three_answers(shop: Any) -> None:
    """Yes, no and unknown of the clients that the viewer sees, and the rule in words."""
    rule = {"criterion": "fact", "fact": "days_since_purchase", "op": ">=", "value": 1}

    assert counts(shop, BOUGHT_TWICE) == {"yes": 1, "no": 2, "unknown": 0}
    assert counts(shop, rule) == {"yes": 2, "no": 0, "unknown": 1}
    assert "Последняя покупка не меньше 1 дня назад" in shop.ask("/segments/preview", {"rule": json.dumps(rule)}).words
    assert counts(shop, {"criterion": "bought", "name": "КОФЕ"}) == {"yes": 1, "no": 2, "unknown": 0}


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("{", "Правило не читается."),
        ("[" * 50_000, "Правило не читается."),
        ('{"all": []}', "Группа условий пуста."),
        (json.dumps({"criterion": "bought", "name": ""}), "не сказано, какой товар"),
        ("x" * 100_000, "Правило слишком длинное."),
    ],
)
def test_rule_that_cannot_be_asked_is_a_sentence(shop: Any, rule: str, said: str) -> None:
    """What is wrong is said; what was typed stays on the page (422 is shown above it)."""
    answer = shop.ask("/segments/preview", {"rule": rule})

    assert answer.status_code == 422
    assert said in answer.words


def test_saved_segment_is_there_and_is_counted(shop: Any) -> None:
    """The definition is saved with its owner, and the worker is told."""
    form = {"rule": json.dumps(BOUGHT_TWICE), "title": "Дважды", "purpose": "Проверка", "unknown_means": "yes"}
    answer = shop.ask("/segments/save", form)
    key = re.search(r"/segments/(s_\w+)", answer.text)
    assert key
    made = load(shop.ctx, key[1])

    assert (made.title["ru"], made.rule, made.unknown_means, made.owner_id) == ("Дважды", BOUGHT_TWICE, "yes", 1)
    assert shop.commands()[-1] == {"name": "refresh"}
    shop.count()
    assert "ООО Ромашка" in shop.ask(f"/segments/{key[1]}").words
    assert json.dumps(BOUGHT_TWICE) in shop.ask(f"/segments/{key[1]}/edit").words


def test_ready_segment_that_is_edited_keeps_its_two_names(shop: Any) -> None:
    """Changing the rule in Russian does not take the English name away; its parameters become part of the rule."""
    form = {"key": "won", "rule": json.dumps(BOUGHT_TWICE), "title": "С выигранными сделками", "purpose": "Мой", "unknown_means": "no"}
    shop.ask("/segments/save", form)

    made = load(shop.ctx, "won")
    assert (made.title["en"], made.purpose["en"]) == ("With won deals", "Мой")


def test_segment_that_asks_of_itself_is_refused(shop: Any) -> None:
    """Neither directly nor by another."""
    asks_won = {"criterion": "segment", "segment": "won"}
    shop.ask("/segments/save", {"rule": json.dumps(asks_won), "title": "Второй", "unknown_means": "no"})
    second = re.search(r'"(s_\w+)"', json.dumps(offered(shop)))
    assert second
    for rule in (asks_won, {"not": {"criterion": "segment", "segment": second[1]}}):
        answer = shop.ask("/segments/save", {"key": "won", "rule": json.dumps(rule), "title": "Круг", "unknown_means": "no"})
        assert answer.status_code == 422
        assert "ссылается сам на себя" in answer.words


def test_segment_is_removed_unless_others_ask_of_it(shop: Any) -> None:
    """A ready one does not come back by itself."""
    shop.ask("/segments/save", {"rule": json.dumps({"criterion": "segment", "segment": "won"}), "title": "Второй", "unknown_means": "no"})
    assert "Второй" in shop.ask("/segments/won/remove", {}).words
    second = re.search(r'"(s_\w+)"', json.dumps(offered(shop)))
    assert second

    assert shop.ask(f"/segments/{second[1]}/remove", {}).status_code == 200
    assert shop.ask("/segments/won/remove", {}).status_code == 200
    assert shop.ask("/segments/won").status_code == 404
    shop.count()
    assert shop.store.rows("SELECT * FROM membership WHERE segment_key = 'won' AND left_at IS NULL") == []


def test_client_is_tried_against_an_unsaved_rule(shop: Any) -> None:
    """Every condition with his value; an unknown client is not found."""
    told = shop.ask("/segments/try", {"rule": json.dumps(BOUGHT_TWICE), "client": "CO_1"}).words

    assert "Да, в сегменте" in told
    assert "Покупок не меньше 2" in told
    assert "Нет, не в сегменте" in shop.ask("/segments/try", {"rule": json.dumps(BOUGHT_TWICE), "client": "C_3"}).words
    assert shop.ask("/segments/try", {"rule": json.dumps(BOUGHT_TWICE), "client": "C_99"}).status_code == 404


def test_pasted_filter_becomes_a_rule(shop: Any) -> None:
    """What can be translated is, what cannot is named."""
    asked = {"filter": json.dumps({">=opportunity": 100, "=weather": "rain"}), "entity": "deal"}
    found = shop.ask("/segments/paste", asked).json

    assert found["rule"] == {
        "criterion": "deal",
        "where": {"criterion": "field", "of": "deal", "field": "opportunity", "op": ">=", "value": 100},
    }
    assert found["notes"] == ["Пропущено «=weather»: такого поля в копии нет."]


def test_gallery_adds_what_needs_no_filling_in(shop: Any) -> None:
    """Ready segments that the portal has are not offered again; a draft opens in the builder."""
    page = shop.ask("/segments/gallery").text
    assert 'id="preset-won"' not in page
    assert 'action="/segments/gallery/never_bought"' in page
    assert 'action="/segments/gallery/bought_a_without_b"' not in page

    assert "Добавлен сегмент" in shop.ask("/segments/gallery/never_bought", {}).words
    shop.count()
    assert "Клиент" in shop.ask("/segments/never_bought").words


@pytest.mark.parametrize("preset", [preset.key for preset in PRESETS])
def test_every_ready_segment_opens_in_the_builder(shop: Any, preset: str) -> None:
    """Also those that must be filled in; one whose field is missing says so."""
    assert shop.ask(f"/segments/new?preset={preset}").status_code in (200, 422)


@pytest.mark.parametrize("path", ["/segments/new", "/segments/gallery", "/segments/won/edit"])
def test_who_does_not_see_all_clients_defines_nothing(shop: Any, path: str) -> None:
    """A rule's counts would tell of clients of others."""
    assert shop.ask(path, sees_all=False).status_code == 403
    assert shop.ask("/segments/preview", {"rule": json.dumps(BOUGHT_TWICE)}, sees_all=False).status_code == 403


def test_text_of_people_is_never_markup(shop: Any) -> None:
    """Names come into pages as text."""
    form = {
        "rule": json.dumps({"all": [{"criterion": "fact", "fact": "purchases", "op": "=", "value": 0}]}),
        "title": "<script>",
        "unknown_means": "no",
    }
    shop.ask("/segments/save", form)
    shop.count()

    assert "<script>" not in shop.ask("/segments").text
    assert "<b>Клиент" not in shop.ask("/segments/gallery").text
