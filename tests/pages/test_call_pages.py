"""The journal of robots and a robot's settings page: who may see them, what they say, what their buttons do."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from b24app.hours import Week, find_week
from b24app.segments.lists import make_list
from b24app.store.calls import call_id_of, save_call
from tests.pages.conftest import Shop

CALL = call_id_of("token")


def note(shop: Shop, token: str = "token", **columns: Any) -> None:
    """Write a call into the journal."""
    row = {
        "robot": "in_segment",
        "entity": "deal",
        "entity_id": 1,
        "deal_id": 1,
        "properties": json.dumps({"segment": "VIP [vip]"}),
        "state": "answered",
        "answer": json.dumps({"return_values": {"answer": "yes", "since": ""}, "log_message": "да"}),
        "said": json.dumps({"ru": "«VIP»: да. <b>5</b> покупок", "en": "VIP: yes"}),
        "error": "",
        "attempts": 1,
        "tries": 2,
        "is_awaited": 1,
        "received_at": shop.ctx.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        "finished_at": shop.ctx.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    save_call(shop.store, {"event_token": token, **row, **columns})


def test_journal_tells_of_every_call(shop: Shop) -> None:
    """Robot, record with its link, state and sentence; nothing of a client's text becomes markup."""
    note(shop)
    shop.save("deal", id=1, title="Поставка <зёрен>")

    page = shop.ask("/calls")

    assert page.status_code == 200
    for words in ("Входит в сегмент?", "Поставка <зёрен>", "Сделка 1", "выполнен", "«VIP»: да. <b>5</b> покупок"):
        assert words in page.words
    assert 'data-portal-path="/crm/deal/details/1/"' in page.text
    assert "<b>5</b>" not in page.text
    assert "token" not in page.text.replace(CALL, "")
    assert "VIP: yes" in shop.ask("/calls", lang="en").words


def test_journal_is_filtered_by_its_form(shop: Shop) -> None:
    """Robot, state, period and words; rubbish in the address asks nothing."""
    note(shop)
    note(shop, "other", robot="plan_touch", error="Нельзя", said=json.dumps({"ru": "Нельзя", "en": "No"}))
    note(shop, "process", entity="dynamic_147", entity_id=7, received_at="2020-01-01T00:00:00Z")

    assert "Нельзя" not in shop.ask("/calls?robot=in_segment").words
    assert "«VIP»" not in shop.ask("/calls?state=mistaken").words
    assert "Смарт-процесс 7" not in shop.ask("/calls").words
    assert "/crm/type/147/details/7/" in shop.ask("/calls?period=0&q=7").text
    assert "По этим условиям запусков нет" in shop.ask("/calls?q=нет+такого").words
    assert shop.ask("/calls?robot=x'--&state=y&period=z&page=-1&page=99999999").status_code == 200


def test_journal_is_turned_by_pages(shop: Shop) -> None:
    """Thirty lines a page; the filters go along."""
    for number in range(31):
        note(shop, f"token {number}")

    assert "1–30 из 31" in shop.ask("/calls?robot=in_segment").words
    assert "robot=in_segment&amp;period=30&amp;page=2" in shop.ask("/calls?robot=in_segment").text
    assert "31–31 из 31" in shop.ask("/calls?robot=in_segment&page=2").words


def test_one_call_is_shown_with_all_that_is_kept(shop: Shop) -> None:
    """Settings, answer, attempts; and a button to run it again, which orders it once."""
    note(shop)

    page = shop.ask(f"/calls/{CALL}")
    ordered = shop.ask(f"/calls/{CALL}/again", {})

    for words in ("VIP [vip]", "Ответ: yes, no, unknown", "yes", "пусто", "Попыток выполнить 2", "Запустить ещё раз"):
        assert words in _plain(page.words)
    assert "Запуск заказан" in ordered.words
    (command,) = shop.commands()
    assert (command["name"], command["call"]) == ("run_again", CALL)


def test_call_that_goes_on_cannot_be_run_again(shop: Shop) -> None:
    """It says until when it waits."""
    note(shop, state="pending", answer=None, finished_at=None, wake_at="2025-06-18T12:00:00Z", client_key="CO_1")

    page = shop.ask(f"/calls/{CALL}")

    assert "Запустить ещё раз" not in page.words
    assert "Ждёт не дольше чем до" in page.words
    assert "Ответа ещё нет" in page.words


def test_journal_is_for_administrators(shop: Shop) -> None:
    """Others get no page, and no effect."""
    note(shop)

    for path, form in (("/calls", None), (f"/calls/{CALL}", None), (f"/calls/{CALL}/again", {}), ("/calls/hours", {"begin": "01:00"})):
        assert shop.ask(path, form, sees_all=False).status_code == 403
    assert shop.ask("/calls/unknown").status_code == 404
    assert shop.commands() == []


def test_working_hours_are_kept(shop: Shop) -> None:
    """As typed; what cannot be is said and changes nothing."""
    page = shop.ask("/calls/hours", {"begin": "10:00", "end": "19:30", "day": ["2", "6"]})
    bad = shop.ask("/calls/hours", {"begin": "19:00", "end": "10:00", "day": ["1"]})

    week = find_week(shop.ctx)
    assert "Рабочее время сохранено" in page.words
    assert (f"{week.begin:%H:%M}", f"{week.end:%H:%M}", week.days) == ("10:00", "19:30", (2, 6))
    assert (bad.status_code, "начало раньше конца" in bad.words) == (422, True)
    assert find_week(replace(shop.ctx, portal=replace(shop.ctx.portal, member_id="other"))) == Week()


# -- a robot's settings ------------------------------------------------------------------------------------


def test_settings_page_lists_segments(shop: Shop) -> None:
    """All of them where a segment is asked for, lists alone where a list is; what the form has now is chosen."""
    key = make_list(shop.ctx, "Приглашённые")

    either = shop.ask("/robots/in_segment/settings?segment=С+выигранными+сделками+[won]")
    lists = shop.ask("/robots/add_to_list/settings")

    assert 'value="С выигранными сделками [won]" selected' in either.text
    assert f'value="Приглашённые [{key}]"' in either.text
    assert "[won]" not in lists.text
    assert f"[{key}]" in lists.text
    assert 'data-property="segment"' in lists.text


def test_preview_tries_a_robot_on_a_deal(shop: Shop) -> None:
    """The numbers of the deal's client; nothing is ordered, nothing is written."""
    page = shop.ask("/robots/client_numbers/settings?number=1")

    assert "ООО Ромашка" in page.words
    assert "Средний чек" in page.words
    assert shop.commands() == []


def test_preview_says_what_is_wrong(shop: Shop) -> None:
    """A mistake in the settings is a sentence on the page."""
    page = shop.ask("/robots/wait_until/settings?number=1")

    assert "Укажите, чего ждать: сегмент или показатель." in page.words


@pytest.mark.parametrize("path", ["/robots/unknown/settings", "/robots/in_segment/settings/x"])
def test_robot_without_a_page_has_none(shop: Shop, path: str) -> None:
    """Nothing is guessed."""
    assert shop.ask(path).status_code == 404


def test_preview_is_for_those_who_see_everybody(shop: Shop) -> None:
    """Cards are read with the app's rights, so whoever sees his own clients alone gets the fields only."""
    page = shop.ask("/robots/client_numbers/settings?number=1", sees_all=False)

    assert page.status_code == 200
    assert "ООО Ромашка" not in page.words


def _plain(words: str) -> str:
    """Return what a person reads."""
    return " ".join(re.sub(r"<[^>]+>", " ", words).split())
