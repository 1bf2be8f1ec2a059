"""Pages of offers: the way of offers with every number leading somewhere, one offer, rules, the journal, the client's link."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from b24app.documents.options import Options
from b24app.documents.rules import READY, get_rule, list_rules, save_rule
from b24app.documents.templates import TEMPLATES
from b24app.errors import BitrixError, NotFound
from b24app.store.upserts import upsert
from pages import offer_words, words
from tests.fake_generator import FakeGenerator, service_deal

KEY = READY[0].key
PRESENT = {"X-App-Session": "x"}


class Generator(FakeGenerator):
    """A portal that also lists and takes templates, for pages that ask it in the web process."""

    templates: dict[str, dict[str, Any]]

    def pages(self, method: str, params: Any = None, key: str = "") -> Iterator[dict[str, Any]]:
        if "numerator" in method:
            yield {"id": "45", "name": TEMPLATES[0].numerator_name["ru"]}
        else:
            yield from self.templates.values()

    def _crm_documentgenerator_template_add(self, fields: Any) -> Any:
        self.templates["77"] = {"id": "77", "name": fields["name"]}
        return {"template": self.templates["77"]}


@pytest.fixture
def offered(shop: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The shop with three offers, a stage, and a portal that pages can ask."""
    row = {
        "template": "service_offer",
        "state": "done",
        "document_id": 61,
        "title": "Предложение КП-1",
        "number": "КП-1",
        "url": "https://p/1",
    }
    terms = {"amount": 1000.0, "currency": "RUB", "valid_until": "2999-01-01", "created_at": "2025-06-01T10:00:00Z", "options": "{}"}
    whose = {"client_key": "CO_1", "client_title": "ООО <Ромашка>", "responsible_id": 1, "segments": json.dumps(["won"]), "version": 1}
    base = {"key": "rule:a:1", "deal_id": 1, "rule_key": KEY, "mark": "", "remarks": "[]", "token": "t1", **row, **terms, **whose}
    more = {**base, "key": "k2", "deal_id": 9, "number": "КП-2", "token": "t2", "rule_key": "", "sent_at": "2025-06-02T10:00:00Z"}
    upsert(
        shop.store, "offer", [base, more, {**base, "key": "k3", "deal_id": 9, "number": "КП-3", "token": "t3", "valid_until": "2025-01-01"}]
    )
    upsert(shop.store, "offer", [{**more, "public_url": "https://portal.example/~61"}])
    stages = (("NEW", "Новая"), ("PREPARATION", "Подготовка документов"))
    upsert(
        shop.store,
        "stage",
        [{"entity": "deal", "category_id": 0, "id": one, "title": title, "sort": n} for n, (one, title) in enumerate(stages)],
    )
    upsert(shop.store, "dictionary", [{"kind": "DEAL_TYPE", "id": "SERVICE", "title": "Сервис", "sort": 1}])
    known = service_deal()
    portal = Generator(deal=known.deal, rows=known.rows, people=known.people, users=known.users, sellers=known.sellers)
    portal.templates = {"77": {"id": "77", "name": "Наш бланк"}}
    tools = shop.app.extensions["services"]
    context = tools.context
    shop.app.extensions["services"] = replace(tools, context=lambda session: replace(context(session), bitrix=portal))
    shop.portal = portal
    return shop


def links(text: str) -> list[str]:
    """Return the addresses of numbers on a page."""
    return [one.replace("&amp;", "&") for one in re.findall(r'<a href="(/offers/list\?[^"]+)">(?:[^<]*\D)?\d', text)]


@pytest.mark.parametrize("lang", ["ru", "en"])
@pytest.mark.parametrize("group", ["template", "rule", "segment", "manager"])
def test_every_number_leads_to_its_offers(offered: Any, group: str, lang: str) -> None:
    """As many offers behind a number as the number says."""
    page = offered.ask(f"/offers?by={group}", lang=lang)

    found = re.findall(r'<a href="(/offers/list\?[^"]+)">(?:[^<]*: )?(\d+)</a>', page.text)
    assert len(found) >= 10
    for address, number in found:
        listed = offered.ask(address.replace("&amp;", "&"), lang=lang).text
        assert listed.count("/offers/one?key=") == int(number), (address, number)
    assert words.WORDS["offers_funnel"][lang == "en"] in page.words


@pytest.mark.parametrize(
    "path", ["/offers", "/offers/list", "/offers/rules", "/offers/rules/new", f"/offers/rules/{KEY}", "/offers/journal"]
)
@pytest.mark.parametrize("lang", ["ru", "en"])
def test_pages_speak_both_languages(offered: Any, path: str, lang: str) -> None:
    """Every page opens, and says nothing in the other language that is ours."""
    answer = offered.ask(path, lang=lang)

    assert answer.status_code == 200
    other = "Предложени" if lang == "en" else "The offer"
    own = re.sub(r"<option.*?</option>|ООО.*?<|<textarea.*?</textarea>|<a href=\"/offers/one.*?</a>", "", answer.text)
    assert other not in own


def test_offer_says_what_became_of_it(offered: Any) -> None:
    """The client's name is text; the marks are buttons; the client's link is ours."""
    page = offered.ask("/offers/one?key=k2")

    assert "ООО &lt;Ромашка&gt;" in page.text
    assert "https://a.ru/o/m1/t2" in page.text
    assert "отправлено" in page.words
    assert 'value="opened"' in page.text
    assert 'value="sent"' not in page.text


def test_marks_and_versions_are_ordered(offered: Any) -> None:
    """The web process writes nothing of the mirror: the worker does."""
    assert offered.ask("/offers/mark", {"key": "k2", "mark": "opened"}).status_code == 200
    assert offered.ask("/offers/version", {"key": "k2"}).status_code == 200
    assert offered.ask("/offers/mark", {"key": "k2", "mark": "won"}).status_code == 400

    assert [one["name"] for one in offered.commands()] == ["mark_offer", "new_version"]
    assert offered.commands()[0] == {"name": "mark_offer", "offer": "k2", "mark": "opened", "user": 1}


def test_who_does_not_see_an_offer_marks_nothing(offered: Any) -> None:
    """Neither by its key nor by a guess; rules are for administrators."""
    offered.store.db.execute("UPDATE offer SET responsible_id = 5")
    offered.store.db.execute("UPDATE client SET responsible_id = 5")
    offered.store.db.execute("UPDATE deal SET assigned_by_id = 5")

    assert offered.ask("/offers/mark", {"key": "k2", "mark": "opened"}, sees_all=False).status_code == 404
    assert "КП-" not in offered.ask("/offers/list", sees_all=False).text
    for path in ("/offers/rules", f"/offers/rules/{KEY}", "/offers/journal"):
        assert offered.ask(path, sees_all=False).status_code in (403, 404)
    assert offered.ask(f"/offers/rules/{KEY}/switch", {"on": "1"}, sees_all=False).status_code in (403, 404)
    assert not list_rules(offered.ctx)[0].is_on


def test_client_who_opens_his_link_is_noted(offered: Any) -> None:
    """He is sent on to the portal's public page; a messenger that looks first is nobody; an unknown link says so."""
    client = offered.app.test_client()

    seen = client.get("/o/m1/t2", headers={"User-Agent": "TelegramBot (like TwitterBot)"})
    assert (seen.status_code, offered.commands()) == (302, [])
    opened = client.get("/o/m1/t2", headers={"User-Agent": "Mozilla/5.0"})
    assert (opened.status_code, opened.headers["Location"]) == (302, "https://portal.example/~61")
    assert offered.commands() == [{"name": "mark_offer", "offer": "k2", "mark": "opened", "user": 0}]
    for path in ("/o/m1/t1", "/o/m1/none", "/o/nobody/t2"):
        assert client.get(path).status_code == 404


def test_rule_is_switched_edited_and_removed(offered: Any) -> None:
    """All that the form says comes back from the store; the ready rule keeps both of its names."""
    assert offered.ask(f"/offers/rules/{KEY}/switch", {"on": "1"}).status_code == 200
    form = {
        "title": get_rule(offered.ctx, KEY).title["ru"],
        "stage": "0:NEW",
        "types": ["SERVICE"],
        "sum_from": "1 000,50",
        "segment": "won",
        "template": "repeat_delivery",
        "valid_days": "7",
        "discount": "5,5",
        "fill": "package",
        "package": "ТО-1; 2; 1500,5; 20\n\nВыезд; 1; 500",
        "tell": "responsible",
        "send_todo": "1",
        "next_stage": "0:PREPARATION",
    }
    assert offered.ask(f"/offers/rules/{KEY}", form).status_code == 200

    rule = get_rule(offered.ctx, KEY)
    assert (rule.is_on, rule.stage_id, rule.condition.types, rule.condition.sum_from) == (True, "NEW", ("SERVICE",), 1000.5)
    assert rule.title["en"] == READY[0].title["en"]
    assert (rule.options.discount, rule.options.next_stage, rule.options.valid_days) == (5.5, "PREPARATION", 7)
    assert [line["price"] for line in rule.options.package] == [1500.5, 500.0]
    assert "ТО-1; 2; 1500.5; 20" in offered.ask(f"/offers/rules/{KEY}").text

    made = offered.ask("/offers/rules/new", {**form, "title": "Моё правило"})
    assert made.status_code == 200
    own = next(one for one in list_rules(offered.ctx) if one.title["ru"] == "Моё правило")
    offered.ask(f"/offers/rules/{own.key}/remove", {})
    with pytest.raises(NotFound):
        get_rule(offered.ctx, own.key)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"stage": ""}, "Выберите стадию"),
        ({"package": "ТО-1; две; 3"}, "Строка 1 пакета"),
        ({"sum_from": "много"}, "не число"),
        ({"valid_days": "0"}, "от 1 до 365"),
    ],
)
def test_rule_that_cannot_work_is_not_kept(offered: Any, changes: dict[str, str], said: str) -> None:
    """The sentence names the mistake; what was typed stays in the form."""
    answer = offered.ask(f"/offers/rules/{KEY}", {"title": "Х", "stage": "0:NEW", "valid_days": "7", **changes})

    assert answer.status_code == 422
    assert said in answer.words
    assert get_rule(offered.ctx, KEY) == READY[0]


def test_rule_is_tried_on_a_real_deal(offered: Any) -> None:
    """What would come out, what is missing; nothing is made and no number is spent."""
    page = offered.ask(f"/offers/rules/{KEY}/preview?deal=101")

    assert page.status_code == 200
    assert "Всё готово: предложение на 99 600 ₽" in page.words
    assert "Клиент раньше не покупал" in page.words
    assert "Девяносто девять тысяч шестьсот" in page.words
    assert offered.portal.documents == []
    assert offered.ask(f"/offers/rules/{KEY}/preview?deal=").status_code == 422
    offered.portal.rows = []
    assert "Предлагать нечего" in offered.ask(f"/offers/rules/{KEY}/preview?deal=101").words


def test_portals_own_template_is_mapped(offered: Any) -> None:
    """Its fields that nobody fills are shown, and what is chosen for them is kept."""
    rule = get_rule(offered.ctx, KEY)
    save_rule(offered.ctx, replace(rule, options=Options(template="portal:77")))
    offered.portal.fields["UfPrice"] = ""

    page = offered.ask(f"/offers/rules/{KEY}/preview?deal=101")
    assert 'name="UfPrice"' in page.text
    offered.ask(f"/offers/rules/{KEY}/mapping", {"UfPrice": "OfferSum", "UfOther": "nonsense"})

    assert get_rule(offered.ctx, KEY).options.mapping == {"UfPrice": "OfferSum"}
    assert "99 600 ₽" in offered.ask(f"/offers/rules/{KEY}/preview?deal=101").words


def test_own_template_is_looked_at_before_it_is_sent(offered: Any) -> None:
    """A good file reaches the portal, another one is refused with a sentence."""
    good = {"name": "Бланк", "file": (io.BytesIO(TEMPLATES[0].path("ru").read_bytes()), "a.docx")}
    assert "Шаблон «Бланк» загружен" in offered.ask("/offers/templates", good).words
    bad = offered.ask("/offers/templates", {"file": (io.BytesIO(b"MZ"), "a.docx")})

    assert (bad.status_code, "не файл Word" in bad.words) == (422, True)
    assert offered.portal.templates["77"]["name"] == "Бланк"
    offered.portal.refusing["crm.documentgenerator.template.add"] = BitrixError("add", "DOCGEN_ACCESS_ERROR")
    refused = offered.ask("/offers/templates", {**good, "file": (io.BytesIO(TEMPLATES[0].path("ru").read_bytes()), "a.docx")})
    assert refused.status_code == 422


def test_journal_says_why_and_runs_again(offered: Any) -> None:
    """Filters by outcome and by deal; running again is ordered from the worker."""
    entry = {
        "rule_key": KEY,
        "entered_at": "2025-06-01T10:00:00Z",
        "created_at": "2025-06-01",
        "updated_at": "",
        "next_at": "",
        "attempts": 1,
    }
    reasons = json.dumps([{"ru": "В сделке нет клиента.", "en": "The deal has no client."}])
    upsert(
        offered.store,
        "offer_entry",
        [
            {"key": f"e{n}", "deal_id": n, "state": state, "reasons": reasons, "unended": 0, **entry}
            for n, state in ((1, "refused"), (2, "done"))
        ],
    )

    assert "В сделке нет клиента." in offered.ask("/offers/journal").words
    assert offered.ask("/offers/journal?state=done&search=").text.count("<tr>") == 2
    assert offered.ask("/offers/journal?search=1").text.count("<tr>") == 2
    offered.ask("/offers/journal/again", {"key": "e1"})
    assert offered.commands()[0]["name"] == "entry_again"


def test_words_are_there_in_both_languages_and_are_nobody_elses() -> None:
    """A key has one meaning on all pages."""
    assert all(words.WORDS[key] == pair for key, pair in offer_words.WORDS.items())
    assert all(ru and en for ru, en in offer_words.WORDS.values())
