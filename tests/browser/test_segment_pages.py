"""Segments at a browser: a rule is built, a list imported, a client's card read, settings counted while they are typed.

The pages are served by this process; what the worker would do is done here by its own verbs.
"""

from __future__ import annotations

from collections.abc import Iterator
from threading import Thread
from typing import Any

import pytest
from playwright.sync_api import expect
from werkzeug.serving import make_server

from b24app.portals.session import OPEN
from b24app.segments.lists import import_lines
from tests.browser.person import Person, sitting_down
from tests.pages.conftest import shop
from tests.requires import need

__all__ = ("shop",)

pytestmark = pytest.mark.browser

PATHS = (
    *("/segments", "/segments/won", "/segments/won/history", "/segments/new", "/segments/gallery", "/lists/new"),
    *("/rfm", "/rfm/5/5", "/together", "/trends", "/settings", "/clients/CO_1", "/clients/CO_1/why/won"),
)
PHONE = 400  # pixels


@pytest.fixture(scope="module")
def person() -> Iterator[Person]:
    """One browser for all of it."""
    need("browser")
    with sitting_down("", 1280) as sitting:
        yield sitting


@pytest.fixture
def at_pages(person: Person, shop: Any) -> Iterator[Person]:
    """The person has our pages open; at the end the browser has complained of nothing."""
    shop.communication("contact", 2, "EMAIL", "petr@example.ru")
    shop.count()
    server = make_server("127.0.0.1", 0, shop.app, threaded=True)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    person.portal_url, person.complaints[:] = f"http://127.0.0.1:{server.server_port}", []
    person.page.set_viewport_size({"width": 1280, "height": 900})
    person.go(f"/open?key={shop.services.signer.sign_link(OPEN, 'm1')}")
    yield person
    person.page.goto("about:blank")
    server.shutdown()
    thread.join()
    server.server_close()
    assert person.complaints == []


def go(person: Person, path: str) -> None:
    """Follow a link of ours, wherever it is, and wait for what it shows."""
    with person.page.expect_response(lambda answer: path in answer.url):
        person.page.evaluate("path => window.app.show(path)", path)
    expect(person.page.locator("main:not([aria-busy])")).to_be_visible()


def test_rule_is_built_counted_tried_and_saved(at_pages: Person, shop: Any) -> None:
    """The counts follow every change, a client is tried by name, the saved segment has its member."""
    page = at_pages.page
    page.click("a[href='/segments/new']")
    page.locator(".condition .value").fill("2")
    expect(page.locator("[data-count=yes]")).to_have_text("1")
    page.click(".group-foot button >> nth=0")
    page.locator(".subject >> nth=1").select_option("fact:days_since_purchase")
    page.locator(".operator >> nth=1").select_option(">=")
    expect(page.locator("#counts")).to_contain_text("Покупок не меньше 2 и последняя покупка не меньше 1 дня назад")
    page.locator("#try-key").press_sequentially("Ромаш")
    expect(page.locator("#found-clients option")).to_have_count(1)
    page.click("[data-try]")
    expect(page.locator("#tried")).to_contain_text("Да, в сегменте")
    expect(page.locator("#tried")).to_contain_text("Из сегмента выведет отмена покупки")
    page.fill("input[name=title]", "Купили дважды")
    page.click("#draft > button")
    expect(page.locator("main")).to_contain_text("«Купили дважды» сохранён")
    shop.count()
    page.click("text=Открыть сегмент")
    expect(page.locator("tbody .name")).to_contain_text("ООО Ромашка")


def test_filter_of_bitrix24_becomes_the_rule(at_pages: Person) -> None:
    """What is pasted is drawn, counted, and what was left out is said."""
    page = at_pages.page
    page.click("a[href='/segments/new']")
    page.click("summary")
    page.fill("#paste-text", '{"filter": {"stageSemanticId": "S", ">=opportunity": 1500, "weather": "rain"}}')
    page.click("[data-paste]")
    expect(page.locator("#paste-notes")).to_contain_text("weather")
    expect(page.locator("[data-count=yes]")).to_have_text("1")
    expect(page.locator(".nested .condition")).to_have_count(3)


def test_list_is_typed_and_uploaded(at_pages: Person, shop: Any) -> None:
    """Lines typed, then a file: the report says who was found and who was not."""
    page = at_pages.page
    page.click("a[href='/lists/new']")
    page.fill("input[name=title]", "С выставки")
    page.fill("textarea[name=text]", "petr@example.ru;\nnobody@example.ru;\nне почта")
    page.click("form button:not(.second)")
    expect(page.locator("main")).to_contain_text("Список обрабатывается")
    import_lines(shop.ctx, shop.commands()[-1])
    page.click("text=Посмотреть, что получилось")
    for word in ("matched", "nobody", "invalid"):
        expect(page.locator(f"[data-found={word}]")).to_have_text("1")
    table = "Имя;Почта\r\nПётр;PETR@example.ru\r\n".encode("cp1251")
    page.set_input_files("input[type=file]", {"name": "list.csv", "mimeType": "text/csv", "buffer": table})
    page.click("form[enctype] button")
    expect(page.locator("main")).to_contain_text("Список обрабатывается")
    import_lines(shop.ctx, shop.commands()[-1])
    page.click("text=Посмотреть, что получилось")
    expect(page.locator("main")).to_contain_text("list.csv")


def test_card_says_why_and_until_when(at_pages: Person) -> None:
    """From the list to a client, what would end it, every condition; and what he buys."""
    page = at_pages.page
    page.click("#segment-won .size")
    page.click("tbody .name a >> text=Ёлкин")
    expect(page.locator("main")).to_contain_text("Из сегмента выведет отмена выигранной сделки.")
    expect(page.locator("#bought")).to_contain_text("Кофе в зёрнах")
    page.click("text=Все условия >> nth=0")
    expect(page.locator("h1")).to_contain_text("Почему: С выигранными сделками")
    page.click(".back")
    expect(page.locator("h1")).to_have_text("Пётр Ёлкин")


def test_edges_are_counted_while_they_are_typed(at_pages: Person) -> None:
    """Whoever writes an edge chooses his own; the buyers with each score follow."""
    page = at_pages.page
    page.click("a[href='/settings']")
    expect(page.locator("#scores")).to_contain_text("меньше пяти покупателей")
    for place, edge in enumerate(("1", "2", "3", "4"), 1):
        page.fill(f"input[name=rfm_f_{place}]", edge)
    expect(page.locator("[data-count=f1]")).to_have_text("1")
    expect(page.locator("[data-count=f2]")).to_have_text("1")
    expect(page.locator("input[name=rfm_f][value=own]")).to_be_checked()


def test_no_page_has_to_be_pushed_sideways_on_a_phone(at_pages: Person) -> None:
    """At 400 pixels every page of these rooms fits."""
    at_pages.page.set_viewport_size({"width": PHONE, "height": 800})
    found = {}
    for path in PATHS:
        go(at_pages, path)
        found[path] = at_pages.overflow()
    assert {path: wide for path, wide in found.items() if wide} == {}
