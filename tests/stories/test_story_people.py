"""Who sees what: an administrator all clients, a manager his own; everybody in the portal's language."""

from __future__ import annotations

import re

import pytest

from tests.stories.test_story_segments import SEGMENTS, members
from tests.stories.town import CONTACT, DEAL, Page, Town

ADMINISTRATOR, MANAGER = 1, 3


def all_members(page: Page, key: str) -> set[str]:
    """Return everybody whom a segment's pages name."""
    found: set[str] = set()
    number = 1
    while here := members(page.get(f"/segments/{key}", page=number)) - found:
        found |= here
        number += 1
    return found


@pytest.mark.parametrize("key", SEGMENTS[:1])
def test_manager_sees_only_the_clients_that_he_is_responsible_for(town: Town, key: str) -> None:
    """His members are a true part of the administrator's, each his own, and the count on his page is theirs."""
    his_page = town.page(MANAGER).get("/segments")
    everybody, his = all_members(town.page(), key), all_members(his_page, key)
    assert his
    assert his < everybody
    own = {row["key"] for row in town.rows("SELECT key FROM client WHERE responsible_id = ?", MANAGER)}
    assert his == everybody & own
    assert re.search(rf'href="/segments/{key}">{len(his)}<', his_page.text)


def test_client_of_another_is_not_there_for_a_manager(town: Town) -> None:
    """His own opens; a colleague's is 404, as one that never was; the administrator opens both."""
    own = town.rows("SELECT key FROM client WHERE responsible_id = ? LIMIT 1", MANAGER)[0]["key"]
    foreign = town.rows("SELECT key FROM client WHERE responsible_id <> ? LIMIT 1", MANAGER)[0]["key"]
    manager, administrator = town.page(MANAGER), town.page()
    assert manager.get(f"/clients/{own}").answer.status_code == 200
    refused = manager.get(f"/clients/{foreign}")
    assert refused.answer.status_code == 404
    assert refused.text == manager.get("/clients/CO_999999").text
    assert administrator.get(f"/clients/{foreign}").answer.status_code == 200


def test_search_finds_no_client_of_another(town: Town) -> None:
    """Neither by name nor by phone."""
    foreign = town.add(
        CONTACT, name="Чужой", lastName="Тайный", assignedById=4, fm=[{"typeId": "PHONE", "valueType": "WORK", "value": "+79995550011"}]
    )
    town.add(DEAL, title="Куплено", contactId=foreign, stageId="WON", opportunity=5, assignedById=MANAGER)
    administrator, manager = town.page(), town.page(MANAGER)
    for words in ("Тайный", "9995550011"):
        town.wait("the administrator finds him", lambda words=words: members(administrator.get("/segments/won", search=words)))
        assert members(manager.get("/segments/won", search=words)) == set()


def test_tab_in_the_card_shows_no_client_of_another(town: Town) -> None:
    """The tab of a colleague's contact or deal names nobody and gives no numbers."""
    person = town.add(CONTACT, name="Секретный", lastName="Клиентов", assignedById=4)
    deal = town.add(DEAL, title="Не для всех", contactId=person, assignedById=4)
    town.wait("the deal is his", lambda: town.rows("SELECT 1 FROM client_deal WHERE deal_id = ? AND client_key = ?", deal, f"C_{person}"))
    for placement, number in (("CRM_CONTACT_DETAIL_TAB", person), ("CRM_DEAL_DETAIL_TAB", deal)):
        assert "Секретный" in town.open(ADMINISTRATOR, placement, ID=str(number)).words
        page = town.open(MANAGER, placement, ID=str(number))
        assert page.answer.status_code == 200
        assert "Секретный" not in page.words
        assert f"C_{person}" not in page.text


@pytest.mark.parametrize(
    ("lang", "html_lang", "words"),
    [
        ("ru", "ru", ("Сегменты", "С выигранными сделками", "Купили один раз и не покупали 180 дней", "Абонемент заканчивается")),
        ("en", "en", ("Segments", "With won deals", "Bought once and not for 180 days", "Membership ends")),
        ("kz", "ru", ("Сегменты",)),
        ("de", "en", ("Segments",)),
    ],
)
def test_pages_speak_the_language_of_the_frame(town: Town, lang: str, html_lang: str, words: tuple[str, ...]) -> None:
    """Russian where the portal speaks it or a neighbour's language, English everywhere else, on every page that follows."""
    page = town.open(ADMINISTRATOR, LANG=lang)
    assert f'<html lang="{html_lang}">' in page.text
    for word in words:
        assert word in page.words
    inner = page.get("/segments/won")
    assert ("Почему в сегменте" if html_lang == "ru" else "Why in the segment") in inner.words
    client = min(members(inner))
    assert ("Клиент в цифрах" if html_lang == "ru" else "The client in numbers") in page.get(f"/clients/{client}").words
    assert ("Такого нет" if html_lang == "ru" else "No such thing") in page.get("/clients/C_999999").words


def test_english_pages_say_no_russian_word_of_ours(town: Town) -> None:
    """Only what people typed into the CRM stays as it is; nothing of the interface does."""
    words = town.open(ADMINISTRATOR, LANG="en").words
    assert re.findall("[А-Яа-яЁё]+", words) == []


def test_page_without_its_session_is_refused(town: Town) -> None:
    """A page's address alone, or with a session that is not ours, opens nothing."""
    real = town.page(MANAGER)
    for session in ("", "nonsense", real.session[:-4] + "AAAA"):
        answer = Page(town.app_url, real.answer, session).get("/segments")
        assert answer.answer.status_code == 403
        assert members(answer) == set()
