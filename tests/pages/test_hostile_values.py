"""What people write into CRM is text and nothing else: on every page, in every file that leaves, in the words of a document."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from datetime import date
from html.parser import HTMLParser
from typing import Any

import pytest
from docx import Document
from openpyxl import load_workbook

from b24app.documents.dossier import Source
from b24app.documents.fill import fill
from b24app.documents.templates import TEMPLATES, Template
from b24app.documents.values import Making, offer_values, table_values
from b24app.segments.definitions import ensure_presets
from tests.pages.conftest import Shop, open_shop

SCRIPT = "<script>alert(1)</script>"
ATTRIBUTE = "\"' onmouseover=alert(2) x='"
FORMULA = '=HYPERLINK("http://evil.example","x")'
TEMPLATE = "{{7*7}}{% raw %}${7*7}{0}%s"
BIDI = "Иван\u202eнави\u202dx\u2066y"
BELL = "a\x07b\x1b[31m"
HUGE = "ж" * 2**20
NAMES = (SCRIPT, ATTRIBUTE, FORMULA, TEMPLATE, BIDI, BELL)
BIDI_MARKS = re.compile("[\u202a-\u202e\u2066-\u2069]")
MOST = 3 * 2**20  # characters of a page
ALLOWED_SCRIPTS = ("/static/", "https://api.bitrix24.tech/")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop whose every name is somebody's attempt."""
    with open_shop(tmp_path_factory.mktemp("hostile")) as made:
        for number, name in enumerate(NAMES, 10):
            made.save("employee", id=number, name=name, is_active=1, position=name, department_ids=json.dumps([number]))
            made.save("department", id=number, name=name, head_id=number)
            made.company(number, title=name, comments=HUGE, assigned_by_id=number, source_description=name)
            made.contact(number, [number], name=name, last_name=name, comments=HUGE, assigned_by_id=number, post=name)
            made.contact(number + 50, name=name, last_name="", comments=HUGE)
            made.deal(number, company=number, won="2025-03-01", title=name, opportunity=10.0 * number, comments=HUGE, assigned_by_id=number)
            made.deal(number + 50, contacts=[number + 50], won="2025-04-01", title=name, opportunity=10.0)
            for deal in (number, number + 50):
                made.save(
                    "product_row", id=deal, owner_type="D", owner_id=deal, product_id=deal, product_name=name, price=1.0, quantity=1.0
                )
            made.communication("contact", number, "PHONE", name)
            made.communication("contact", number + 50, "EMAIL", f"{name}@x.ru")
            made.save(
                "activity",
                id=number,
                owner_type_id=4,
                owner_id=number,
                subject=name,
                type_id=2,
                completed=1,
                created="2025-03-02T00:00:00Z",
            )
            made.services.app_store.save_segment("m1", f"s{number}", segment(name))
        made.save("dictionary", kind="SOURCE", id=SCRIPT, title=SCRIPT, sort=1)
        made.save("stage", entity="deal", category_id=0, id="NEW", title=SCRIPT, semantics="P", sort=1)
        ensure_presets(made.ctx)
        made.count()
        made.ask("/sync/compare", {})
        yield made


def segment(name: str) -> dict[str, Any]:
    """Return a segment of everybody under a name."""
    words = {"title": {"ru": name, "en": name}, "purpose": {"ru": name, "en": name}}
    return {**words, "rule": {"all": [{"criterion": "fact", "fact": "purchases", "op": ">=", "value": 1}]}}


class Reader(HTMLParser):
    """Remembers what a browser would take for more than text."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at a tag's attributes."""
        for name, value in attrs:
            if name.startswith("on") or name == "srcdoc" or (name in ("href", "src", "action") and _is_foreign(value or "")):
                self.found.append(f"{tag} {name}={value}")
        if tag in ("iframe", "object", "embed", "base") or (tag == "script" and not dict(attrs).get("src")):
            self.found.append(tag)


def _is_foreign(address: str) -> bool:
    return address != "data:," and not address.startswith(
        ("/", "#", "?", "https://one.bitrix24.ru/", "https://api.bitrix24", "tel:", "mailto:")
    )


def find_alive(html: str) -> list[str]:
    """Return what is more than text in a page."""
    reader = Reader()
    reader.feed(html)
    return reader.found


PLACES = {"segment": "s10", "code": "CRM_DEAL_DETAIL_TAB", "filename": "app.css", "r": "5", "f": "1"}


def addresses(shop: Shop) -> list[str]:
    """Return every page, and those of one client or one segment for each of the attempts."""
    found = []
    for rule in shop.app.url_map.iter_rules():
        if "GET" in (rule.methods or ()) and not rule.rule.startswith(("/static", "/install/static", "/metrics", "/readyz")):
            keys = [f"CO_{number}" for number in (10, 13)] if rule.rule.startswith(("/clients", "/persons")) else ["s10", "s12"]
            for key in keys if "<key>" in rule.rule else [""]:
                found.append(re.sub(r"<(?:[^>]*:)?(\w+)>", lambda match, key=key: {**PLACES, "key": key}.get(match[1], "1"), rule.rule))
    return found


@pytest.mark.parametrize("lang", ["ru", "en"])
def test_pages_show_it_as_text(shop: Shop, lang: str) -> None:
    """No page breaks, grows without end, or shows more than text; marks that turn the direction of writing are taken out."""
    shown = ""
    for address in addresses(shop):
        answer = shop.ask(address, lang=lang)
        assert answer.status_code < 500, address
        assert answer.mimetype != "text/html" or find_alive(answer.text) == [], address
        assert not BIDI_MARKS.search(answer.text), address
        assert len(answer.text) < MOST, address
        shown += answer.text
    assert "&lt;script&gt;alert(1)" in shown
    assert "{{7*7}}" in shown
    assert "4949" not in shown


def test_placed_tab_shows_it_as_text(shop: Shop) -> None:
    """The card of every client, with each of its names."""
    keys = [row["key"] for row in shop.store.rows("SELECT key FROM client")]

    for key in keys:
        answer = shop.ask(f"/clients/{key}")
        assert answer.status_code == 200
        assert find_alive(answer.text) == []


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda one: one.key)
def test_document_holds_it_as_text(template: Template) -> None:
    """Whatever a deal, its client and its products are called: the file opens, and has no field or link that the template has not."""
    day = date(2025, 11, 21)
    plain = template.path("ru").read_bytes()
    for name in (*NAMES, HUGE):
        card = {"id": 1, "title": name, "name": name, "lastName": name, "comments": name, "bankingDetails": name, "address": name}
        rows = [{"productName": name, "price": 1.0, "quantity": 1.0}]
        source = Source(deal={**card, "opportunity": 1}, company=card, contact=card, seller=card, rows=rows)

        filled = fill(plain, offer_values(source, Making("key", day, day)) | table_values(source, Making("key", day, day)))

        assert parts_of(filled) == parts_of(plain)
        assert not BIDI_MARKS.search(Document(io.BytesIO(filled)).element.xml)
        assert len(filled) < MOST


def parts_of(content: bytes) -> tuple[list[str], int]:
    """Return what a document leads to and how many fields it computes."""
    document = Document(io.BytesIO(content))
    fields = [node for node in document.element.body.iter() if str(node.tag).endswith(("}instrText", "}fldSimple", "}hyperlink"))]
    return sorted(relation.target_ref for relation in document.part.rels.values()), len(fields)


@pytest.mark.parametrize("form", ["csv", "xlsx", "txt"])
def test_files_hold_no_formula(shop: Shop, form: str) -> None:
    """A spreadsheet that opens them computes nothing."""
    page = shop.ask("/segments/s10").text
    address = next(found for found in re.findall(r'"(/download\?token=[^"]+)"', page) if form_of(shop, found) == form)

    body = shop.app.test_client().get(address).data

    cells = read_cells(form, body)
    assert any("HYPERLINK" in cell for cell in cells) or form == "txt"
    assert [cell for cell in cells if re.match(r"[=+\-@\t\r]", cell) and not re.fullmatch(r"[+-]?[\d .]+", cell)] == []


def form_of(shop: Shop, address: str) -> str:
    """Return the kind of file that an address gives."""
    kind = shop.app.test_client().get(address).mimetype
    return {"text/plain": "txt", "text/csv": "csv"}.get(kind, "xlsx")


def read_cells(form: str, body: bytes) -> list[str]:
    """Return the cells of a file; of a workbook those that are formulas begin with a sign of equality."""
    if form != "xlsx":
        return [cell.strip('"') for line in body.decode("utf-8-sig").splitlines() for cell in line.split(";")]
    sheet = load_workbook(io.BytesIO(body)).active
    cells = [cell for row in sheet.iter_rows() for cell in row if isinstance(cell.value, str)]
    assert [cell.value for cell in cells if cell.data_type == "f"] == []
    return [cell.value.lstrip("=") if cell.data_type == "s" else cell.value for cell in cells]
