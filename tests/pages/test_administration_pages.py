"""Rights, the journal, personal data, leaving: what the pages say in both languages, what they change, what the commands do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from b24app.portals.registry import LOST, set_state
from b24app.portals.rights import find_wish
from b24app.privacy.person import ERASURES
from b24app.privacy.retention import KEPT, find_days
from pages.administration_words import TABLES, WORDS
from tests.pages.conftest import Shop, open_shop

LANGS = ("ru", "en")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop with a head and his department."""
    with open_shop(tmp_path_factory.mktemp("administration")) as made:
        made.save("department", id=5, name="Отдел <продаж>", head_id=1, sort=1)
        made.save("employee", id=2, name="Борис Орлов", is_active=1, department_ids="[5]", position="Менеджер")
        made.save("employee", id=3, name="Уволенный", is_active=0, department_ids="[5]")
        made.communication("contact", 2, "PHONE", "+79995550011")
        yield made


def file_of(shop: Shop, key: str) -> str:
    """Return the address of a person's export on his page."""
    found = re.search(r'href="(/persons/file\?token=[^"]+)"', shop.ask(f"/persons/{key}").text)
    assert found
    return found[1]


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("path", ["/rights", "/journal", "/persons", "/persons/C_2", "/leaving"])
def test_pages_speak_one_language(shop: Shop, path: str, lang: str) -> None:
    """Names are as they are; of our own words none is in the other language, and none is a key."""
    answer = shop.ask(path, lang=lang)

    assert answer.status_code == 200
    assert [pair for pair in WORDS.values() if len(pair[0]) > 5 and pair[lang == "ru"] in answer.words and pair[0] != pair[1]] == []
    assert "<продаж>" not in answer.text


def test_right_that_is_given_is_shown_and_told(shop: Shop) -> None:
    """From the page to the table and the journal, by the names of people and departments."""
    shop.ask("/rights/departments/5", {"role": "marketer"})
    page = shop.ask("/rights/users/2", {"role": "nobody"})

    assert find_wish(shop.services.app_store, "m1").users == {2: "nobody"}
    assert "Борис Орлов" in page.words
    told = shop.ask("/journal?kind=setting").words
    assert all(word in told for word in ("Борис Орлов", "Нет доступа", "Отдел <продаж>", "Маркетолог", "Анна Смирнова"))
    assert shop.ask("/rights/users/2", {"role": "king"}).status_code == 422
    assert shop.ask("/rights/others", {"role": ""}).status_code == 422


def test_people_are_found_and_the_dismissed_are_marked(shop: Shop) -> None:
    """By name or position; for a dismissed person there is nothing to choose."""
    assert "Борис" in shop.ask("/rights?search=менеджер").words
    page = shop.ask("/rights?search=уволенный")
    assert ("уволен" in page.words, "/rights/users/3" in page.text) == (True, False)


def test_terms_of_journals_are_chosen(shop: Shop) -> None:
    """All of them in one form; what is out of reason changes nothing."""
    assert shop.ask("/journal/keep", {one.key: "40" for one in KEPT}).status_code == 200
    assert shop.ask("/journal/keep", {one.key: "4" for one in KEPT}).status_code == 422
    assert set(find_days(shop.ctx).values()) == {40}


def test_person_is_found_taken_out_and_erased(shop: Shop) -> None:
    """The file holds what the page counts; the address is signed for him alone; the worker gets the order."""
    assert 'href="/persons/C_2"' in shop.ask("/persons?search=79995550011").text
    page = shop.ask("/persons/C_2")
    assert ("Ёлкин Пётр" in page.words, TABLES["contact"]["ru"] in page.words) == (True, True)

    answer = shop.app.test_client().get(file_of(shop, "C_2"))
    assert (answer.status_code, answer.headers["Content-Disposition"]) == (200, "attachment; filename=C_2.json")
    assert json.loads(answer.text)["held"]["contact"][0]["last_name"] == "Ёлкин"
    assert shop.app.test_client().get(file_of(shop, "C_2").replace("/persons/file", "/download")).status_code == 403
    assert shop.app.test_client().get("/persons/file?token=x").status_code == 403

    assert "стирание заказано" in shop.ask("/persons/C_2/erase", {}).words
    assert set(shop.services.app_store.find_setting("m1", ERASURES)) == {"C_2"}
    assert shop.ask("/persons/C_777").status_code == 404
    assert shop.ask("/persons/x/erase", {}).status_code == 404
    assert "стирание" in shop.ask("/journal?kind=person").words


def test_commands_do_what_the_pages_do(shop: Shop, tmp_path: Any) -> None:
    """find, export to a file, erase; what is no key is said plainly."""
    runner = shop.app.test_cli_runner()
    output = tmp_path / "person.json"

    assert "C_3" in runner.invoke(args=["person", "find", "клиент"]).output
    assert runner.invoke(args=["person", "export", "C_3", "--output", str(output)]).exit_code == 0
    assert json.loads(output.read_text(encoding="utf-8"))["key"] == "C_3"
    assert "ordered" in runner.invoke(args=["person", "erase", "C_3"]).output
    wrong = runner.invoke(args=["person", "export", "X_1"])
    assert (wrong.exit_code, "Traceback" in wrong.output) == (1, False)


def test_contacts_are_masked_until_somebody_wants_them(shop: Shop) -> None:
    """Then they are shown once, and the journal says to whom."""
    shop.save("contact", id=2, name="Пётр", last_name="Ёлкин", assigned_by_id=9, has_phone=1)
    shop.count()
    assert "+79995550011" not in shop.ask("/clients/C_2").text + shop.ask("/segments/won").text

    shown = shop.ask("/clients/C_2/contacts", {})

    assert "+79995550011" in shown.text
    assert "+79995550011" not in shop.ask("/clients/C_2").text
    assert [row["about"] for row in shop.services.app_store.list_notes("m1", {"kind": "contacts"}, 9)[0]] == ["C_2"]
    assert shop.ask("/clients/C_999/contacts", {}).status_code == 404


@pytest.mark.parametrize("lang", LANGS)
def test_leaving_is_ordered_when_it_is_understood(shop: Shop, lang: str) -> None:
    """Without the tick nothing is ordered; the page says whether there is access and offers to renew it."""
    before = len(shop.commands())
    assert shop.ask("/leaving", {}, lang=lang).status_code == 422
    assert len(shop.commands()) == before

    shop.ask("/leaving", {"sure": "1"}, lang=lang)

    assert shop.commands()[-1]["name"] == "leave"
    set_state(shop.services.app_store, "m1", LOST)
    page = shop.ask("/leaving", lang=lang)
    assert {"ru": "Доступа нет", "en": "There is no access"}[lang] in page.words
    assert 'href="https://one.bitrix24.ru/oauth/authorize/?client_id=local.1&amp;state=' in page.text
