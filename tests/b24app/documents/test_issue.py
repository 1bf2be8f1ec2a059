"""One document for a key, whatever happens to the answers."""

from __future__ import annotations

import base64
import io
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import time
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from docx.oxml.ns import qn

from b24app.context import Context, Viewer
from b24app.documents.issue import SETTLED_AFTER, issue_offer, list_offers
from b24app.documents.links import refresh_pdf, refresh_pdfs
from b24app.documents.options import Options
from b24app.errors import BitrixBusy, BitrixError, BitrixGone, BitrixLost, Mistaken
from b24app.hours import Week, save_week
from b24app.store.upserts import upsert
from tests.fake_generator import ADD, DEAL_ID, MEMBER, Clock, FakeGenerator, offer_context, service_deal

COMMENT = "crm.timeline.comment.add"


@pytest.fixture
def portal() -> FakeGenerator:
    """A portal with one service deal."""
    return service_deal()


@pytest.fixture
def clock() -> Clock:
    """A clock that stands."""
    return Clock()


@pytest.fixture
def ctx(tmp_path: Path, portal: FakeGenerator, clock: Clock) -> Iterator[Context]:
    """A context with the templates installed."""
    with offer_context(tmp_path, portal, clock) as context:
        yield context


@pytest.fixture
def without_office(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that has no LibreOffice."""
    monkeypatch.setenv("PATH", "")


def test_offer_is_issued_from_the_deal(ctx: Context, portal: FakeGenerator) -> None:
    """The document has the deal's real sum, the offer everything that a workflow asks for."""
    offer = issue_offer(ctx, DEAL_ID, "k1", Options(valid_days=10))

    assert (offer.document_id, offer.number, offer.state) == (61, "КП-1", "done")
    assert (offer.amount, offer.currency, offer.valid_until) == (99600.0, "RUB", "2025-12-01")
    assert offer.url == "https://portal.example/download?id=61"
    assert portal.documents[0]["templateId"] == "39"
    assert portal.documents[0]["values"]["OfferSumInWords"] == "Девяносто девять тысяч шестьсот рублей\u00a000\u00a0копеек"
    assert [comment["COMMENT"].split(",")[0] for comment in portal.comments] == ["Создано предложение КП-1 на 99\u00a0600\u00a0₽"]


def test_same_key_makes_one_document(ctx: Context, portal: FakeGenerator) -> None:
    """Asked again, the journal answers and the portal is not asked at all; another key is another document."""
    first = issue_offer(ctx, DEAL_ID, "k1")
    asked = len(portal.calls)

    assert issue_offer(ctx, DEAL_ID, "k1") == first
    assert len(portal.calls) == asked
    assert issue_offer(ctx, DEAL_ID, "k2").number == "КП-2"


def test_same_key_at_once_makes_one_document(ctx: Context, portal: FakeGenerator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two that begin together: one makes it, the other finds it. They would meet at their first request."""
    meeting, call = threading.Barrier(2), portal.call

    def meet(method: str, params: Any = None) -> Any:
        with suppress(threading.BrokenBarrierError):
            meeting.wait(0.2)
        return call(method, params)

    monkeypatch.setattr(portal, "call", meet)
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: issue_offer(ctx, DEAL_ID, "k1"), range(2))

    assert first == second
    assert (len(portal.documents), len(portal.comments)) == (1, 1)


def test_lost_answer_is_looked_up(ctx: Context, portal: FakeGenerator) -> None:
    """The document was made and its answer lost: it is found by our key, and no number is spent twice."""
    portal.losing.add(ADD)
    with pytest.raises(BitrixLost):
        issue_offer(ctx, DEAL_ID, "k1")

    offer = issue_offer(ctx, DEAL_ID, "k1")

    assert (offer.number, offer.valid_until, offer.amount) == ("КП-1", "2025-12-05", 99600.0)
    assert len(portal.documents) == 1
    assert list_offers(ctx, DEAL_ID) == [offer]


def test_lost_question_waits_until_the_portal_has_settled(ctx: Context, portal: FakeGenerator, clock: Clock) -> None:
    """Not there yet does not mean that it will not come: it is asked again only when the portal's own minute is over."""
    portal.refusing[ADD] = BitrixLost(ADD, "no_answer")
    with pytest.raises(BitrixLost):
        issue_offer(ctx, DEAL_ID, "k1")
    clock.move(20)

    with pytest.raises(BitrixBusy) as caught:
        issue_offer(ctx, DEAL_ID, "k1")

    assert caught.value.retry_after == SETTLED_AFTER - 20
    clock.move(caught.value.retry_after)
    assert issue_offer(ctx, DEAL_ID, "k1").number == "КП-1"
    assert len(portal.documents) == 1


@pytest.mark.parametrize("error", [BitrixBusy(ADD, "QUERY_LIMIT_EXCEEDED"), BitrixGone(ADD, "PORTAL_DELETED")])
def test_refusal_before_work_leaves_no_trace(ctx: Context, portal: FakeGenerator, error: BitrixError) -> None:
    """Nothing was done, so nothing has to be looked up: the next try asks at once."""
    portal.refusing[ADD] = error
    with pytest.raises(type(error)):
        issue_offer(ctx, DEAL_ID, "k1")

    assert issue_offer(ctx, DEAL_ID, "k1").number == "КП-1"
    assert portal.count("crm.documentgenerator.document.list") == 0


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (BitrixError(ADD, "DOCGEN_ACCESS_ERROR", "Access denied"), "не разрешено создавать"),
        (BitrixError(ADD, "", "Module documentgenerator is not installed"), "не включён генератор"),
        (BitrixError(ADD, "0", "Something new"), "Something new"),
    ],
)
def test_refusal_of_the_generator_is_said_in_plain_words(ctx: Context, portal: FakeGenerator, error: BitrixError, words: str) -> None:
    """A person reads what to do; what we do not know is passed on in the portal's own words."""
    portal.refusing[ADD] = error

    with pytest.raises(Mistaken) as caught:
        issue_offer(ctx, DEAL_ID, "k1")

    assert words in caught.value.sentence("ru")
    assert list_offers(ctx, DEAL_ID) == []
    assert portal.uploads == []


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (BitrixError(ADD, "DOCGEN_LIMIT_ERROR", "Maximum count of documents has been reached"), "Тариф не позволяет"),
        (BitrixError(ADD, "0", "Шаблон не найден"), "установите приложение заново"),
        (BitrixError(ADD, "0", "Error getting next number"), "Нумератор не выдал номер"),
    ],
)
def test_document_is_made_here_when_the_generator_will_not(
    ctx: Context, portal: FakeGenerator, error: BitrixError, words: str, without_office: None
) -> None:
    """The same template filled here and uploaded once, with a number of its own; why, and that there is no PDF, is said."""
    portal.refusing[ADD] = error

    offer = issue_offer(ctx, DEAL_ID, "k1")

    assert (offer.way, offer.number, offer.state, offer.amount) == ("local", "КП-101-1", "done", 99600.0)
    assert words in offer.remark("ru")
    assert "LibreOffice" in offer.remark("ru")
    assert issue_offer(ctx, DEAL_ID, "k1") == offer
    [sent] = portal.uploads
    written = words_of(sent["fileContent"])
    for expected in ("ООО «Климат-Сервис»", "ИНН 7715123456", "КП-101-1", "Выезд инженера", "100\u00a0000\u00a0₽", "99\u00a0600\u00a0₽"):
        assert expected in written, written
    assert "{" not in written


def test_lost_upload_is_looked_up(ctx: Context, portal: FakeGenerator, clock: Clock, without_office: None) -> None:
    """The document that was uploaded is found by its number; one that was not is uploaded when the portal has settled."""
    upload = "crm.documentgenerator.document.upload"
    for key, lose in (("k1", portal.losing.add), ("k2", lambda name: portal.refusing.update({name: BitrixLost(name, "no_answer")}))):
        portal.refusing[ADD] = BitrixError(ADD, "DOCGEN_LIMIT_ERROR")
        lose(upload)
        with pytest.raises(BitrixLost):
            issue_offer(ctx, DEAL_ID, key)
    clock.move(SETTLED_AFTER)

    assert {issue_offer(ctx, DEAL_ID, key).way for key in ("k1", "k2")} == {"local"}
    assert len(portal.uploads) == len(portal.documents) == 2


def test_template_of_the_portals_own_is_filled_by_its_mapping(ctx: Context, portal: FakeGenerator) -> None:
    """Its fields get our values by the codes that the administrator chose; when it is gone, a sentence says what to do."""
    options = Options(template="portal:77", mapping={"UfPrice": "OfferSum", "UfNothing": "Unknown"})

    issue_offer(ctx, DEAL_ID, "k1", options)

    assert portal.documents[0]["templateId"] == "77"
    assert portal.documents[0]["values"]["UfPrice"] == "99\u00a0600\u00a0₽"
    portal.refusing[ADD] = BitrixError(ADD, "0", "Шаблон не найден")
    with pytest.raises(Mistaken, match="choose another"):
        issue_offer(ctx, DEAL_ID, "k2", options)
    assert portal.uploads == []


def words_of(content: str) -> str:
    """Return all the text of a .docx in base64."""
    document = Document(io.BytesIO(base64.b64decode(content)))
    return " ".join(node.text or "" for node in document.element.body.iter(qn("w:t")))


def test_deal_that_is_gone_spends_no_number(ctx: Context, portal: FakeGenerator) -> None:
    """The generator would make an empty document for a deal that does not exist, so we ask first."""
    portal.deal = None

    with pytest.raises(Mistaken, match="not there any more"):
        issue_offer(ctx, DEAL_ID, "k1")

    assert portal.documents == []


def test_deal_without_client_and_sum_names_both(ctx: Context, portal: FakeGenerator) -> None:
    """All that is missing is said at once, before anything is made."""
    assert portal.deal
    portal.deal |= {"companyId": 0, "contactId": None}
    portal.rows.clear()

    with pytest.raises(Mistaken) as caught:
        issue_offer(ctx, DEAL_ID, "k1")

    assert "нет клиента" in caught.value.sentence("ru")
    assert "Предлагать нечего" in caught.value.sentence("ru")
    assert portal.documents == []


def test_company_that_has_no_name_of_its_own_is_said_before(ctx: Context, portal: FakeGenerator) -> None:
    """The generator is asked what it would print: a letterhead without a name or a taxpayer's number is no letterhead."""
    portal.fields |= {"MyCompanyRequisiteRqInn": ""}

    with pytest.raises(Mistaken, match="taxpayer number"):
        issue_offer(ctx, DEAL_ID, "k1")

    assert portal.documents == []


def test_template_that_was_not_installed_is_filled_here(ctx: Context, portal: FakeGenerator, without_office: None) -> None:
    """Without the portal's template there is still ours."""
    ctx.app_store.save_setting(MEMBER, "template:service_offer", None)

    assert "install the app again" in issue_offer(ctx, DEAL_ID, "k1").remark("en")
    assert portal.count(ADD) == 0


def test_what_follows_is_done_once(ctx: Context, portal: FakeGenerator, clock: Clock) -> None:
    """Public link, todo in working hours, notice, next stage: each once, whichever answer was lost."""
    portal.deal = {**(portal.deal or {}), "stageId": "PREPARATION"}
    options = Options(public_link=True, send_todo=True, tell="responsible", from_stage="PREPARATION", next_stage="EXECUTING")
    for lost in ("batch:comment", "crm.documentgenerator.document.enablepublicurl", "im.notify.personal.add", "crm.item.update"):
        portal.losing.add(lost)
        with pytest.raises(BitrixLost):
            issue_offer(ctx, DEAL_ID, "k1", options)

    offer = issue_offer(ctx, DEAL_ID, "k1", options)
    issue_offer(ctx, DEAL_ID, "k1", options)

    assert offer.public_url == "https://portal.example/~61"
    [todo] = portal.todos
    assert (todo["title"], todo["responsibleId"], todo["deadline"]) == (
        "Отправить клиенту предложение КП-1",
        5,
        "2025-11-21T13:30:00+03:00",
    )
    assert [notice["USER_ID"] for notice in portal.notices.values()] == [5]
    assert portal.deal["stageId"] == "EXECUTING"
    assert (portal.count("crm.activity.todo.add"), portal.count("crm.item.update"), len(portal.documents)) == (1, 1, 1)


def test_todo_falls_due_in_the_working_hours_of_the_portal(ctx: Context, portal: FakeGenerator) -> None:
    """As the administrator has set them: here nobody works on the Friday on which the offer is made."""
    save_week(ctx, Week(time(11), time(15), (1, 2)))

    issue_offer(ctx, DEAL_ID, "k1", Options(send_todo=True))

    assert [todo["deadline"] for todo in portal.todos] == ["2025-11-24T12:00:00+03:00"]


def test_deal_that_somebody_has_moved_stays_there(ctx: Context, portal: FakeGenerator) -> None:
    """We move a deal on only from where it came to us."""
    portal.deal = {**(portal.deal or {}), "stageId": "WON"}

    issue_offer(ctx, DEAL_ID, "k1", Options(from_stage="PREPARATION", next_stage="EXECUTING"))

    assert portal.deal["stageId"] == "WON"


def test_comment_is_made_once(ctx: Context, portal: FakeGenerator) -> None:
    """A lost answer about the comment: it is found in the timeline and not written twice."""
    portal.losing.add("batch:comment")
    with pytest.raises(BitrixLost):
        issue_offer(ctx, DEAL_ID, "k1")

    offer = issue_offer(ctx, DEAL_ID, "k1")

    assert offer.state == "done"
    assert len(portal.comments) == len(portal.documents) == 1


def test_refused_comment_does_not_undo_the_offer(ctx: Context, portal: FakeGenerator) -> None:
    """The document is what the client gets; a timeline that is closed to us stops nothing."""
    portal.refusing[COMMENT] = BitrixError(COMMENT, "ACCESS_DENIED", "Access denied")

    assert issue_offer(ctx, DEAL_ID, "k1").state == "done"
    assert portal.comments == []


def test_pdf_is_asked_for_later(ctx: Context, portal: FakeGenerator, clock: Clock) -> None:
    """The portal makes it after half a minute; nobody waits, a light check fills it in."""
    offer = issue_offer(ctx, DEAL_ID, "k1")
    assert offer.pdf_url == ""
    assert refresh_pdfs(ctx) == 0

    portal.documents[0] |= {"pdfUrl": "https://portal.example/pdf?id=61"}

    assert refresh_pdfs(ctx) == 1
    assert list_offers(ctx, DEAL_ID)[0].pdf_url == "https://portal.example/pdf?id=61"
    asked = len(portal.calls)
    assert refresh_pdfs(ctx) == 0
    assert len(portal.calls) == asked


def test_pdf_that_will_never_come_is_given_up(ctx: Context, portal: FakeGenerator, clock: Clock) -> None:
    """A conversion that failed, a document that somebody deleted, an hour without it: asked no more."""
    failed, deleted, _old = (issue_offer(ctx, DEAL_ID, key) for key in ("k1", "k2", "k3"))
    portal.documents[0] |= {"isTransformationError": True, "transformationErrorMessage": "no converter"}
    portal.documents[1] |= {"id": 999}

    assert refresh_pdf(ctx, failed).error == "no converter"
    assert refresh_pdf(ctx, deleted).error == "Документ не найден"
    clock.move(3601)
    asked = len(portal.calls)
    assert refresh_pdfs(ctx) == 0
    assert len(portal.calls) == asked


def test_offers_are_seen_by_whom_the_deal_or_the_client_belongs_to(ctx: Context) -> None:
    """Rows are chosen in SQL: another employee gets an empty list, not a hidden one."""
    upsert(ctx.store, "deal", [{"id": DEAL_ID, "company_id": 7, "contact_id": 12, "assigned_by_id": 5}])
    upsert(ctx.store, "company", [{"id": 7, "assigned_by_id": 6}])
    upsert(ctx.store, "contact", [{"id": 12, "assigned_by_id": 8}])
    offer = issue_offer(ctx, DEAL_ID, "k1")

    seen = {user: list_offers(ctx.seen_by(Viewer(user, sees_all=False)), DEAL_ID) for user in (5, 6, 8, None)}

    assert seen == {5: [offer], 6: [offer], 8: [], None: []}


def test_history_comes_from_the_mirror(ctx: Context, portal: FakeGenerator) -> None:
    """Won deals of the same client, the latest first; lost ones, templates and other clients' do not count."""
    won = {"company_id": 7, "stage_semantic_id": "S", "is_recurring": 0}
    upsert(
        ctx.store,
        "deal",
        [
            {"id": 50, "closedate": "2024-03-14", **won},
            {"id": 51, "closedate": "2023-03-14", **won},
            {"id": 52, "closedate": "2025-03-14", **won, "stage_semantic_id": "F"},
            {"id": 53, "closedate": "2025-03-15", **won, "is_recurring": 1},
            {"id": 54, "closedate": "2025-03-16", **won, "company_id": 8},
        ],
    )
    upsert(ctx.store, "product_row", [{"id": 1, "owner_type": "D", "owner_id": 50, "product_name": "Чиллер", "sort": 10}])

    issue_offer(ctx, DEAL_ID, "k1")

    assert portal.documents[0]["values"]["OfferReason"].startswith("14\u00a0марта\u00a02024\u00a0г. вы приобрели у нас: Чиллер.")


def test_more_than_a_page_of_products_counts(ctx: Context, portal: FakeGenerator) -> None:
    """Product rows are read to the last page."""
    portal.rows = [{"id": number, "productName": "Услуга", "price": 1, "quantity": 1, "sort": 0} for number in range(1, 102)]

    assert issue_offer(ctx, DEAL_ID, "k1").amount == 101.0


def test_comment_speaks_the_portals_language(ctx: Context, portal: FakeGenerator) -> None:
    """English for a portal that is not Russian."""
    issue_offer(replace(ctx, portal=replace(ctx.portal, lang="en")), DEAL_ID, "k1")

    assert portal.comments[0]["COMMENT"].startswith("Offer КП-1 for 99\u00a0600\u00a0₽ was made")
