"""What pages get: lists, members, reasons, and only what the viewer may see."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from b24app.clients.cards import find_client
from b24app.errors import NotFound
from b24app.segments.definitions import Definition, ensure_presets, save
from b24app.segments.explain import explain
from b24app.segments.membership import refresh
from b24app.segments.reading import Look, get_segment, list_members, list_segments, list_segments_of
from b24app.store.mirror import PortalStores


@pytest.fixture
def shop(base: Any) -> Any:
    """Four buyers of two managers; today is 15 June 2025."""
    base.user_field("contact", "UF_CRM_MEMBERSHIP_END", title_ru="Абонемент действует до", title_en="Membership until")
    base.save("employee", id=5, name="Анна")
    base.save("employee", id=6, name="Борис")
    base.company(1, title="ООО Ёлка", assigned_by_id=5)
    base.contact(2, name="Пётр", last_name="Алёшин", assigned_by_id=6, uf_crm_membership_end="2025-06-18")
    base.contact(3, name="Иван", last_name="Иванов", assigned_by_id=6)
    base.contact(4, name=None, last_name=None, assigned_by_id=5)
    base.communication("contact", 2, "PHONE", "8 (916) 123-45-67")
    base.communication("contact", 3, "EMAIL", "Ivan_100%@Example.ru")
    base.deal(1, company=1, won="2024-12-01", opportunity=5000.0)
    base.deal(2, contacts=[2], won="2025-06-01", opportunity=300.0)
    base.deal(3, contacts=[2], won="2025-06-10", opportunity=400.0)
    base.deal(4, contacts=[3], won="2025-06-14", currency_id="XXX")
    base.deal(5, contacts=[4], won="2025-05-15", opportunity=10.0)
    ensure_presets(base.ctx)
    base.update()
    refresh(base.ctx)
    return base


def found(base: Any, **look: Any) -> list[str]:
    """Return the keys of a page of buyers."""
    return [row.client_key for row in list_members(base.ctx, "won", Look(**look)).rows]


def test_list_of_segments_counts_what_the_viewer_sees(shop: Any) -> None:
    """An administrator sees all, an employee his own, somebody else's employee nothing."""
    summaries = {one.key: one for one in list_segments(shop.ctx)}

    assert {key: (one.count, one.unknown) for key, one in summaries.items()} == {
        "won": (4, 0),
        "bought_once_180": (1, 0),
        "membership_7": (1, 2),
    }
    assert summaries["won"].refreshed_at == "2025-06-15T12:00:00Z"
    assert summaries["won"].title["ru"] == "С выигранными сделками"
    assert {one.key: (one.count, one.unknown) for one in list_segments(shop.seen_by(6))} == {
        "won": (2, 0),
        "bought_once_180": (0, 0),
        "membership_7": (1, 1),
    }
    assert [one.count for one in list_segments(shop.seen_by(7))] == [0, 0, 0]


def test_rule_is_told_in_both_languages(shop: Any) -> None:
    """A segment says in words whom it holds."""
    english = replace(shop.ctx, lang="en")

    assert [one.text for one in list_segments(shop.ctx)] == [
        "Есть выигранная сделка",
        "Покупок ровно 1 и последняя покупка не меньше 180 дней назад",
        "Контакт, Абонемент действует до: в ближайшие 7 дней",
    ]
    assert [one.text for one in list_segments(english)] == [
        "Has a won deal",
        "Exactly 1 purchase and last purchase at least 180 days ago",
        "Contact, Membership until: in the next 7 days",
    ]


def test_members_come_with_facts_and_reasons(shop: Any) -> None:
    """A row has what a manager needs to call."""
    page = list_members(shop.ctx, "won", Look(sort="-purchases", page_size=1))

    row = page.rows[0]
    assert (page.total, page.page, page.page_size) == (4, 1, 1)
    assert (row.client_key, row.title, row.phone, row.responsible) == ("C_2", "Пётр Алёшин", "8 (916) 123-45-67", "Борис")
    assert row.facts["days_since_purchase"] == 5
    assert row.reason == "2 выигранные сделки."


def test_members_are_searched_by_any_words(shop: Any) -> None:
    """Case, ё and the order of words do not matter; a phone is its digits; wildcards are letters."""
    assert found(shop, search="елка") == ["CO_1"]
    assert found(shop, search="АЛЁШИН пЕтР") == ["C_2"]
    assert found(shop, search="+7 916 123") == ["C_2"]
    assert found(shop, search="+7 916 123-45-67") == ["C_2"]
    assert found(shop, search="1234567") == ["C_2"]
    assert found(shop, search="_100%@") == ["C_3"]
    assert found(shop, search="%") == ["C_3"]
    assert found(shop, search="' OR 1=1") == []


def test_members_are_sorted_with_the_unknown_last(shop: Any) -> None:
    """Facts sort either way; days run against their date; an unknown word sorts by title."""
    assert found(shop, sort="revenue") == ["C_4", "C_2", "CO_1", "C_3"]
    assert found(shop, sort="-revenue") == ["CO_1", "C_2", "C_4", "C_3"]
    assert found(shop, sort="days_since_purchase") == ["C_3", "C_2", "C_4", "CO_1"]
    assert found(shop, sort="-days_since_purchase") == ["CO_1", "C_4", "C_2", "C_3"]
    assert found(shop, sort="title; DROP TABLE client") == ["C_4", "C_3", "CO_1", "C_2"]
    assert found(shop, sort="title", page_size=3, page=2) == ["C_2"]
    assert found(shop, page=10**30, page_size=-1) == []


def test_viewer_lists_only_his_own_members(shop: Any) -> None:
    """Rows and totals are those of the viewer's clients."""
    page = list_members(shop.seen_by(6), "won")

    assert ({row.client_key for row in page.rows}, page.total) == ({"C_2", "C_3"}, 2)
    assert list_segments_of(shop.seen_by(5), "C_2") == []
    with pytest.raises(NotFound):
        explain(shop.seen_by(5), "won", "C_2")
    with pytest.raises(NotFound):
        list_members(shop.ctx, "nothing")


def test_segments_of_a_client_say_why(shop: Any) -> None:
    """A card shows where the client is and a sentence to say aloud."""
    assert [(one.key, one.reason) for one in list_segments_of(shop.ctx, "CO_1")] == [
        ("won", "1 выигранная сделка."),
        ("bought_once_180", "1 покупка; последняя покупка 01.12.2024, 196 дней назад."),
    ]
    assert [one.reason for one in list_segments_of(replace(shop.ctx, lang="en"), "C_2")] == [
        "2 won deals.",
        "Membership until: 18 Jun 2025, in 3 days.",
    ]


def test_explanation_of_a_no_names_what_stands_in_the_way(shop: Any) -> None:
    """Every rule has its own answer; the sentence names those that made it no."""
    explanation = explain(shop.ctx, "bought_once_180", "C_2")

    assert explanation.answer == "no"
    assert [(rule.text, rule.value, rule.answer) for rule in explanation.rules] == [
        ("Покупок ровно 1", "2 покупки", "no"),
        ("Последняя покупка не меньше 180 дней назад", "последняя покупка 10.06.2025, 5 дней назад", "no"),
    ]
    assert explanation.sentence == "2 покупки; последняя покупка 10.06.2025, 5 дней назад."


def test_explanation_of_an_unknown_says_what_is_missing(shop: Any) -> None:
    """An empty field is named."""
    explanation = explain(shop.ctx, "membership_7", "C_3")

    assert (explanation.answer, explanation.sentence) == ("unknown", "Абонемент действует до: не заполнено.")


def test_reason_under_a_not_states_the_value(shop: Any) -> None:
    """Who is in because something is not so hears what is so."""
    rule = {"all": [{"not": {"criterion": "fact", "fact": "purchases", "op": ">", "value": 1}}, {"criterion": "deal", "where": big_deal()}]}
    save(shop.ctx, Definition("own", {"ru": "Свой", "en": "Own"}, {"ru": "", "en": ""}, rule, {}))
    refresh(shop.ctx)

    segment = get_segment(shop.ctx, "own")

    assert segment.text == "Не (покупок больше 1) и есть сделка, где Сумма: не меньше 4 000".replace("4 000", "4\N{NO-BREAK SPACE}000")
    assert [(row.client_key, row.reason) for row in list_members(shop.ctx, "own").rows] == [
        ("CO_1", "1 покупка; 1 сделка, где Сумма: не меньше 4\N{NO-BREAK SPACE}000.")
    ]


def big_deal() -> dict[str, Any]:
    """Return a condition on deals."""
    return {"criterion": "field", "field": "opportunity", "op": ">=", "value": 4000}


def test_pages_read_from_a_file_that_they_cannot_write(base: Any, tmp_path: Path) -> None:
    """Every reading verb works on the web process's read-only connection."""
    with closing(PortalStores(tmp_path)) as stores:
        base.store.close()
        base.store = stores.writer("m1")
        base.ctx = replace(base.ctx, store=base.store)
        base.contact(1, name="Ёж", last_name="Ёлкин")
        base.deal(1, contacts=[1], won="2025-06-01")
        ensure_presets(base.ctx)
        text = {"criterion": "field", "field": "lastName", "op": "%", "value": "елк"}
        save(base.ctx, Definition("own", {"ru": "Свой", "en": "Own"}, {"ru": "", "en": ""}, text, {}))
        base.update()
        refresh(base.ctx)
        with stores.reader("m1") as reader:
            ctx = replace(base.ctx, store=reader)

            assert [one.count for one in list_segments(ctx)] == [1, 0, 0, 1]
            assert list_members(ctx, "own", Look(search="ёж")).rows[0].reason == "Фамилия: Ёлкин."
            assert explain(ctx, "own", "C_1").answer == "yes"
            assert find_client(ctx, "C_1") is not None
            assert [one.key for one in list_segments_of(ctx, "C_1")] == ["won", "own"]
