"""The document generator: numbers, placeholders, answers' shapes, asynchronous PDF, links."""

from __future__ import annotations

import base64
import io
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from docx import Document
from flask import Flask
from flask.testing import FlaskClient

from sandbox import files, pdf, timeline, wordfile
from sandbox.numbering import GENERATOR
from sandbox.portal import Portal
from sandbox.rest import Caller, RestError
from tests.sandbox.clock import FakeClock
from tests.sandbox.receiver import Receiver

PREFIX = "crm.documentgenerator."


def word(*paragraphs: str, rows: tuple[tuple[str, ...], ...] = (), header: str = "") -> bytes:
    """Return a .docx of paragraphs (cut into runs at "|") and one table."""
    document = Document()
    for text in paragraphs:
        paragraph = document.add_paragraph()
        for part in text.split("|"):
            paragraph.add_run(part)
    if rows:
        table = document.add_table(rows=len(rows), cols=len(rows[0]))
        for row, texts in zip(table.rows, rows, strict=True):
            for cell, text in zip(row.cells, texts, strict=True):
                cell.text = text
    document.sections[0].header.paragraphs[0].text = header
    target = io.BytesIO()
    document.save(target)
    return target.getvalue()


def read(content: bytes) -> tuple[list[str], list[list[str]], str]:
    """Return paragraphs, the table's texts and the header of a .docx."""
    document = Document(io.BytesIO(content))
    table = [[cell.text for cell in row.cells] for one in document.tables for row in one.rows]
    return [paragraph.text for paragraph in document.paragraphs], table, document.sections[0].header.paragraphs[0].text


@pytest.fixture
def ask(portal: Portal, admin: Caller) -> Callable[..., Any]:
    """Run a method of the generator as the administrator."""

    def run(method: str, **params: Any) -> Any:
        return portal.call(admin, PREFIX + method, params).result

    return run


@pytest.fixture
def numerator(ask: Any) -> int:
    settings = {GENERATOR: {"start": 1, "step": 1, "length": 4, "padString": "0"}}
    made: int = ask("numerator.add", fields={"name": "КП", "template": "КП-{NUMBER}/{YEAR}", "settings": settings})["numerator"]["id"]
    return made


@pytest.fixture
def template(ask: Any, numerator: int) -> Callable[..., int]:
    """Add a template; return its id."""

    def add(content: bytes, **fields: Any) -> int:
        file = ["offer.docx", base64.b64encode(content).decode()]
        sent = {
            "name": "Предложение",
            "file": file,
            "numeratorId": numerator,
            "region": "ru",
            "entityTypeId": ["2"],
            "users": ["UA"],
            **fields,
        }
        return int(ask("template.add", fields=sent)["template"]["id"])

    return add


@pytest.fixture
def deal(portal: Portal, admin: Caller) -> int:
    phone = [{"VALUE": "+7 900 000-00-00", "VALUE_TYPE": "WORK"}]
    company = portal.records.add("companies", {"TITLE": "ООО «Ромашка»", "PHONE": phone}, admin)
    contact = portal.records.add("contacts", {"NAME": "Анна", "LAST_NAME": "Петрова"}, admin)
    fields = {"TITLE": "Ремонт", "COMPANY_ID": company, "CONTACT_ID": contact, "TYPE_ID": "SERVICE", "UF_CRM_EQUIPMENT": "Кофемашина"}
    made = portal.records.add("deals", {**fields, "OPPORTUNITY": 7300}, admin)
    row = {"OWNER_TYPE": "D", "OWNER_ID": made, "TAX_RATE": 20.0, "MEASURE_NAME": "шт", "SORT": 10}
    portal.store.insert(
        "product_rows", {**row, "PRODUCT_NAME": "Диагностика {X}", "PRICE": 1300.0, "PRICE_BRUTTO": 1500.0, "QUANTITY": 1.0}
    )
    portal.store.insert("product_rows", {**row, "PRODUCT_NAME": "Запчасть", "PRICE": 3000.0, "QUANTITY": 2.0, "SORT": 20})
    return made


@pytest.fixture
def web(portal: Portal) -> FlaskClient:
    server = Flask(__name__)
    server.register_blueprint(files.make_blueprint(portal))
    return server.test_client()


def local(url: str) -> str:
    return url.replace("http://127.0.0.1:1", "")


def test_document_is_filled_with_the_deals_data(ask: Any, template: Any, deal: int, web: FlaskClient, portal: Portal) -> None:
    """Placeholders cut over runs, product rows, taxes, header, our company and user fields; values of the caller win."""
    portal.store.set_setting("my_company", None)
    content = word(
        "{DocumentTitle} от {Docu|mentCreate|Time}",
        "{ClientTitle}, {ClientPhone}, {ContactFormattedName}, {UfCrmEquipment}, {TypeId}",
        "{MyCompanyRequisiteRqCompanyName}; {AssignedName}; {Discount}; {Nothing}.",
        rows=(
            ("№", "Товар", "Сумма"),
            ("{ProductsIndex}", "{ProductsProductName}", "{ProductsProductPriceSum}"),
            ("", "{TaxesTaxTitle}", "{TaxesTaxValue}"),
            ("", "Итого", "{TotalSum~WZ=Y}"),
        ),
        header="№ {DocumentNumber}",
    )
    values = {"Discount": "Скидка 10%\nдо конца месяца", "AssignedName": "Олег"}
    made = ask("document.add", templateId=template(content), entityTypeId=2, entityId=deal, values=values)["document"]
    paragraphs, table, header = read(web.get(local(made["downloadUrl"])).data)
    assert paragraphs == [
        "Предложение КП-0001/2026 от 10.03.2026",
        "ООО «Ромашка», +7 900 000-00-00, Петрова Анна, Кофемашина, Сервисное обслуживание",
        "ООО «ТехноСервис»; Олег; Скидка 10%\nдо конца месяца; .",
    ]
    assert table == [
        ["№", "Товар", "Сумма"],
        ["1", "Диагностика {X}", "1 300 ₽"],
        ["2", "Запчасть", "6 000 ₽"],
        ["", "НДС 20%", "1 216.67 ₽"],
        ["", "Итого", "7 300 ₽"],
    ]
    assert header == "№ КП-0001/2026"
    assert made["products"] == {"currencyId": "RUB", "totalSum": "7300.00", "totalRows": 2}


def test_types_wander_as_the_vendors_do(ask: Any, template: Any, deal: int) -> None:
    """document.add has a number for its id, everything after it strings; PDF links are empty at first."""
    key = template(word("{DocumentNumber}"))
    added = ask("document.add", templateId=str(key), entityTypeId="2", entityId=str(deal), values={"DocumentNumber": "2026-001"})[
        "document"
    ]
    assert (added["id"], added["createdBy"], added["templateId"], added["entityId"], added["pdfUrl"]) == (1, 1, str(key), str(deal), "")
    assert (added["title"], added["values"]["DocumentNumber"]) == ("Предложение 2026-001", "2026-001")
    got = ask("document.get", id=1)["document"]
    assert (got["id"], got["createdBy"], got["updatedBy"], got["pdfUrlMachine"]) == ("1", "1", None, "")
    changed = ask("document.update", id=1, values={"DocumentNumber": "2026-002"})["document"]
    assert (changed["id"], changed["createdBy"], changed["updatedBy"], changed["stampsEnabled"]) == ("1", None, 1, True)
    (listed,) = ask("document.list", filter={"entityTypeId": 2, "entityId": deal}, order={"id": "desc"})["documents"]
    assert (listed["number"], listed["title"], listed["pdfId"]) == ("2026-002", "Предложение 2026-001", None)
    with pytest.raises(RestError, match="Unknown field definition ENTITY_TYPE_ID"):
        ask("document.list", select=["id", "entityTypeId"])
    assert ask("document.delete", id="1") is None
    with pytest.raises(RestError, match="Документ не найден"):
        ask("document.get", id=1)


def test_number_is_spent_even_for_a_deal_that_does_not_exist(ask: Any, template: Any, deal: int) -> None:
    """Nobody checks the object: an empty document takes the next number; a number of the caller's takes none."""
    key = template(word("{DocumentNumber}"))

    def number(entity_id: int, **values: str) -> str:
        asked = {"templateId": key, "entityTypeId": 2, "entityId": entity_id, "values": values}
        return str(ask("document.add", **asked)["document"]["number"])

    assert [number(10**9), number(deal, DocumentNumber="мой"), number(deal)] == ["КП-0001/2026", "мой", "КП-0002/2026"]


def test_numerators_count_and_begin_anew(ask: Any, template: Any, deal: int, portal: Portal, clock: FakeClock) -> None:
    """A numerator by month begins anew with the month; types differ between add, get, list and update."""
    settings = {GENERATOR: {"start": "10", "step": "5", "periodicBy": "month"}}
    added = ask("numerator.add", fields={"name": "По месяцам", "template": "{NUMBER}-{MONTH}", "settings": settings})["numerator"]
    assert added["settings"][GENERATOR]["step"] == 5
    key = template(word("{DocumentNumber}"), numeratorId=added["id"])
    numbers = []
    for pause in (0, 0, 30 * 86400):
        clock.move(pause)
        numbers.append(ask("document.add", templateId=key, entityTypeId=2, entityId=deal)["document"]["number"])
    assert numbers == ["10-03", "15-03", "10-04"]
    got = ask("numerator.get", id=added["id"])["numerator"]
    assert (added["id"], got["id"]) == (2, "2")
    assert ask("numerator.update", id=2, fields={"template": "INV-{NUMBER}"})["template"] == "INV-{NUMBER}"
    assert [one["id"] for one in ask("numerator.list")["numerators"]] == ["1", "2"]
    assert "code" not in ask("numerator.list")["numerators"][0]
    portal.store.insert("doc_numerators", {"NAME": "Из интерфейса", "TEMPLATE": "{NUMBER}", "SETTINGS": {}, "BY_REST": False})
    for asked, text in (({"id": 3}, "DOCGEN_ACCESS_ERROR"), ({"id": 99}, "Could not construct"), ({}, "constructor must be")):
        with pytest.raises(RestError, match=text):
            ask("numerator.delete", **asked)


def test_templates_are_for_whom_they_were_made(ask: Any, template: Any, portal: Portal, admin: Caller, deal: int) -> None:
    """Without users only the caller sees a template; lists are keyed by id, and empty ones are PHP's empty array."""
    assert ask("template.list", filter={"region": "en"})["templates"] == []
    own, common = template(word("x"), users=[]), template(word("x"), entityTypeId=["2_category_0", "1"])
    assert ask("template.get", id=own)["template"]["users"] == {"U1": "U1"}
    listed = ask("template.list", select=["id", "users", "entityTypeId"], filter={"@entityTypeId": ["2_category_0"]})["templates"]
    assert (list(listed), listed[str(common)]["users"], listed[str(common)]["entityTypeId"]) == (
        [str(common)],
        ["UA"],
        ["2_category_0", "1"],
    )
    other = replace(admin, user_id=2)
    assert list(portal.call(other, PREFIX + "template.list", {}).result["templates"]) == [str(common)]
    with pytest.raises(RestError, match="DOCGEN_ACCESS_ERROR"):
        portal.call(other, PREFIX + "document.add", {"templateId": own, "entityTypeId": 2, "entityId": deal})
    with pytest.raises(RestError, match="You do not have permissions to modify templates"):
        portal.call(replace(other, admin=False), PREFIX + "template.list", {})
    ask("template.delete", id=own)
    with pytest.raises(RestError, match="Шаблон не найден"):
        ask("template.get", id=own)


def test_template_fields_show_values_and_spend_no_number(ask: Any, template: Any, deal: int) -> None:
    """getfields lists what the file names; the next number is shown, and given again."""
    key = template(word("{DocumentNumber} {MyCompanyUfLogo} {ProductsProductName} {Own}"))
    shown = ask("template.getfields", id=key, entityTypeId=2, entityId=deal, values={"Own": "моё"})["templateFields"]
    assert list(shown) == ["DocumentNumber", "MyCompanyUfLogo", "ProductsProductName", "Own", "MY_COMPANY"]
    assert (shown["DocumentNumber"]["value"], shown["DocumentNumber"]["required"]) == ("КП-0001/2026", "Y")
    assert shown["MyCompanyUfLogo"]["chain"] == "this.SOURCE.MY_COMPANY.UF_LOGO"
    assert (shown["ProductsProductName"]["value"], shown["Own"]["value"]) == (["Диагностика {X}", "Запчасть"], "моё")
    document = ask("document.add", templateId=key, entityTypeId=2, entityId=deal)["document"]
    assert document["number"] == "КП-0001/2026"
    assert ask("document.getfields", id=1, values={"Own": "новое"})["documentFields"]["Own"]["value"] == "новое"


def test_lists_of_values_make_rows(ask: Any, template: Any, deal: int, web: FlaskClient) -> None:
    """A list for a product code, or a table of the caller's own, repeats its row."""
    content = word(rows=(("{ProductsProductName}", "{ProductsProductQuantity}"), ("{GiftName}", "{GiftIndex}"), ("конец", "")))
    values = {"ProductsProductName": ["А", "Б", "В"], "Gift": [{"Name": "Кружка"}, {"Name": "Ручка"}], "GiftName": "Gift.Item.Name"}
    made = ask("document.add", templateId=template(content), entityTypeId=2, entityId=deal, values=values)["document"]
    assert read(web.get(local(made["downloadUrlMachine"])).data)[1] == [
        ["А", "1"], ["Б", "2"], ["В", ""], ["Кружка", "1"], ["Ручка", "2"], ["конец", ""],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"templateId": None}, "100: .*constructor must be is public"),
        ({"templateId": 99}, "0: Шаблон не найден"),
        ({"entityTypeId": 177}, "0: No provider for entityTypeId"),
        ({"entityTypeId": 3}, "0: No provider for entityTypeId"),
        ({"entityId": 0}, "0: Empty required parameter"),
    ],
)
def test_document_is_refused_in_the_vendors_words(ask: Any, template: Any, deal: int, changes: dict[str, Any], refused: str) -> None:
    """Codes say little, texts say all; HTTP 400."""
    key = template(word("x"))
    with pytest.raises(RestError, match=f"^{refused}") as refusal:
        ask("document.add", **{"templateId": key, "entityTypeId": 2, "entityId": deal, **changes})
    assert refusal.value.status == 400


def test_template_file_is_checked(ask: Any, template: Any) -> None:
    """Plain base64 is taken too; what is no .docx is not, nor is nothing."""
    assert template(word("x"), file=base64.b64encode(word("x")).decode())
    with pytest.raises(RestError, match="Could not save file"):
        template(word("x"), file=["a.docx", base64.b64encode(b"garbage").decode()])
    with pytest.raises(RestError, match="Missing file content"):
        template(word("x"), file=None)
    with pytest.raises(RestError, match="Empty required fields: numeratorId"):
        template(word("x"), numeratorId="")


def test_links_open_only_with_their_signature(ask: Any, template: Any, deal: int, web: FlaskClient) -> None:
    """Downloads are plain signed GETs; the public page is there while it is switched on."""
    key = template(word("{DocumentNumber}"))
    made = ask("document.add", templateId=key, entityTypeId=2, entityId=deal)["document"]
    link = local(made["downloadUrl"])
    assert web.get(link).status_code == 200
    assert web.get(link[:-4] + "0000").status_code == 403
    assert web.get(link.replace("document.download", "document.getPdf")).status_code == 403
    assert web.get(local(ask("template.get", id=key)["template"]["downloadMachine"])).data[:2] == b"PK"
    public = local(ask("document.enablepublicurl", id=1, status=1)["publicUrl"])
    assert "КП-0001/2026" in web.get(public).text
    assert web.get(f"{public}/docx").status_code == 200
    assert ask("document.enablepublicurl", id=1, status=0) == {"publicUrl": None}
    assert web.get(public).status_code == 404


def test_uploaded_document_and_timeline(ask: Any, portal: Portal, deal: int) -> None:
    """A ready document is kept with its PDF and stands in the deal's timeline; garbage is refused."""
    sent = {"entityTypeId": 2, "entityId": deal, "region": "ru", "title": "Акт", "number": "1"}
    made = ask("document.upload", fields={**sent, "fileContent": base64.b64encode(word("x")).decode()})["document"]
    assert (made["id"], "pdfUrl" in made) == ("1", False)
    pdf_content = base64.b64encode(b"%PDF-1.4 x").decode()
    made = ask("document.upload", fields={**sent, "fileContent": base64.b64encode(word("x")).decode(), "pdfContent": pdf_content})[
        "document"
    ]
    assert made["pdfUrl"]
    with pytest.raises(RestError, match="Cannot create document"):
        ask("document.upload", fields={**sent, "fileContent": base64.b64encode(b"x").decode()})
    shown = [entry for entry in timeline.entries(portal, 2, deal) if entry["kind"] == "document"]
    assert [(entry["title"], bool(entry["links"]["pdfUrl"])) for entry in shown] == [("Акт", True), ("Акт", False)]


def test_document_fires_its_event(app: Caller, receiver: Receiver, running: Portal, ask: Any, template: Any) -> None:
    """ONCRMDOCUMENTGENERATORDOCUMENTADD names the document and its owner, no links."""
    running.active.pdf.stop()
    deal = running.records.add("deals", {"TITLE": "Сделка"}, app)
    running.call(app, "event.bind", {"event": "ONCRMDOCUMENTGENERATORDOCUMENTADD", "handler": f"{receiver.url}/events"})
    ask("document.add", templateId=template(word("x")), entityTypeId=2, entityId=deal)
    (form,) = receiver.wait_for(1)
    assert form["data"]["FIELDS"] == {"ID": "1", "ENTITY_TYPE_ID": "2", "ENTITY_ID": str(deal)}


def wait_for_pdf(ask: Any) -> dict[str, Any]:
    until = time.monotonic() + 180
    while True:
        document: dict[str, Any] = ask("document.get", id=1)["document"]
        if document["pdfUrl"] or document["isTransformationError"] or time.monotonic() > until:
            return document
        time.sleep(0.05)


@pytest.mark.skipif(pdf.find_office() is None, reason="LibreOffice is not installed")
def test_pdf_is_made_in_the_background(running: Portal, ask: Any, template: Any, deal: int, web: FlaskClient) -> None:
    """The link is empty at first and filled when LibreOffice is ready."""
    ask("document.add", templateId=template(word("{DocumentNumber}")), entityTypeId=2, entityId=deal)
    document = wait_for_pdf(ask)
    assert not document["isTransformationError"]
    assert web.get(local(document["pdfUrl"])).data.startswith(b"%PDF-")


def test_without_office_the_document_says_so(running: Portal, ask: Any, template: Any, deal: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """No LibreOffice: the transformation failed, with a reason; never a PDF that nobody made."""
    monkeypatch.setattr(pdf, "NAMES", ())
    ask("document.add", templateId=template(word("x")), entityTypeId=2, entityId=deal)
    document = wait_for_pdf(ask)
    assert (document["isTransformationError"], document["pdfUrl"]) == (True, "")
    assert "not installed" in document["transformationErrorMessage"]


def test_wordfile_keeps_braces_of_values() -> None:
    """A value with braces is text, not a placeholder; what is no .docx is refused."""
    filled = wordfile.fill(word("{A} {B}"), {"A": "{B}", "B": "1"})
    assert read(filled)[0] == ["{B} 1"]
    with pytest.raises(wordfile.NotWord):
        wordfile.read_codes(b"PK nothing")
