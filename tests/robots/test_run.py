"""A call is worked once and answered whatever happens."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from b24app.bitrix.incoming import read_robot_call
from b24app.context import Context, Viewer
from b24app.errors import BitrixBusy, BitrixError, BitrixLost
from b24app.store.calls import find_call
from robots.run import SEND, give_up, job_of, list_calls, run_call
from tests.fake_generator import ADD, DEAL_ID, FakeGenerator, offer_context, service_deal

TOKEN = "55c1dc1c3f0d75.78875596|A51601_82584_96831_81132|hsyUws1j4XiwqPqN45eH66CcQtEvpUIP"
EMPTY = {"document_id": "", "number": "", "title": "", "link": "", "sum": "", "valid_until": ""}


@pytest.fixture
def portal() -> FakeGenerator:
    """A portal with one service deal."""
    return service_deal()


@pytest.fixture
def ctx(tmp_path: Path, portal: FakeGenerator) -> Iterator[Context]:
    """A context with the templates installed."""
    with offer_context(tmp_path, portal) as context:
        yield context


def payload(**changes: Any) -> dict[str, Any]:
    """Return what the queue brings for a call of the service offer."""
    form = {
        "code": "service_offer",
        "event_token": TOKEN,
        "workflow_id": "66e81a641752f8.56521481",
        "document_id": ["crm", "CCrmDocumentDeal", f"DEAL_{DEAL_ID}"],
        "properties": {"valid_days": "7"},
        "use_subscription": "Y",
        "auth": {"member_id": "m", "application_token": "secret-of-the-app", "access_token": "secret-of-a-user"},
    }
    return job_of(read_robot_call(form | changes))


def test_job_carries_no_secret_of_the_portal() -> None:
    """Only the event token travels: the work is done with our own stored token."""
    assert payload() == {
        "robot": "service_offer",
        "event_token": TOKEN,
        "entity": "deal",
        "entity_id": DEAL_ID,
        "properties": {"valid_days": "7"},
        "waits": True,
        "timeout": 0,
        "ts": 0,
    }


def test_call_is_answered_with_the_document(ctx: Context, portal: FakeGenerator) -> None:
    """The workflow gets id, number, title, link, sum and date, and a line for its journal."""
    run_call(ctx, payload())

    answer = portal.answers[TOKEN]
    assert answer["return_values"] == {
        "document_id": 61,
        "number": "КП-1",
        "title": "Коммерческое предложение на сервис КП-1",
        "link": "https://portal.example/download?id=61",
        "sum": 99600.0,
        "valid_until": "2025-11-28",
        "error": "",
    }
    assert answer["log_message"].startswith("Создано предложение КП-1 на 99\u00a0600\u00a0₽, действует до 28\u00a0ноября\u00a02025\u00a0г.")
    assert TOKEN not in str(portal.documents)


def test_same_call_twice_makes_one_document_and_one_answer(ctx: Context, portal: FakeGenerator) -> None:
    """A call that was answered is over."""
    run_call(ctx, payload())
    run_call(ctx, payload())

    assert len(portal.documents) == 1
    assert portal.count(SEND) == 1


def test_lost_answer_is_sent_again_without_working_again(ctx: Context, portal: FakeGenerator) -> None:
    """It had arrived: the portal says that the token is used, which counts as answered."""
    portal.losing.add(SEND)
    with pytest.raises(BitrixLost):
        run_call(ctx, payload())

    run_call(ctx, payload())

    row = find_call(ctx.store, TOKEN)
    assert row
    assert (row["state"], row["attempts"], len(portal.documents)) == ("answered", 2, 1)


def test_lost_question_about_the_answer_is_asked_again(ctx: Context, portal: FakeGenerator) -> None:
    """It had not arrived: the second sending does."""
    portal.refusing[SEND] = BitrixLost(SEND, "no_answer")
    with pytest.raises(BitrixLost):
        run_call(ctx, payload())
    assert portal.answers == {}

    run_call(ctx, payload())

    assert portal.answers[TOKEN]["return_values"]["number"] == "КП-1"


def test_token_out_of_date_is_the_end(ctx: Context, portal: FakeGenerator) -> None:
    """Somebody stopped the workflow: nobody waits, nothing is to be repeated."""
    portal.refusing[SEND] = BitrixError(SEND, "ACCESS_DENIED", "Access denied!", 403)

    run_call(ctx, payload())
    run_call(ctx, payload())

    row = find_call(ctx.store, TOKEN)
    assert row
    assert (row["state"], portal.count(SEND)) == ("expired", 1)


def test_busy_portal_is_not_a_lost_answer(ctx: Context, portal: FakeGenerator) -> None:
    """Nothing was sent, so a used token afterwards does not count as answered."""
    portal.refusing[SEND] = BitrixBusy(SEND, "QUERY_LIMIT_EXCEEDED")
    with pytest.raises(BitrixBusy):
        run_call(ctx, payload())
    portal.refusing[SEND] = BitrixError(SEND, "ACCESS_DENIED", "Access denied!", 403)

    run_call(ctx, payload())

    row = find_call(ctx.store, TOKEN)
    assert row
    assert row["state"] == "expired"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"properties": {"valid_days": "две недели"}}, "нужно целое число от 1 до 365, а не «две недели»"),
        ({"document_id": ["crm", "CCrmDocumentLead", "LEAD_5"]}, "работает только в сделках"),
        ({"document_id": ["crm", "CCrmDocumentDeal", "DEAL_404"]}, "Этой сделки больше нет"),
    ],
)
def test_mistake_is_answered_in_plain_words(ctx: Context, portal: FakeGenerator, changes: dict[str, Any], words: str) -> None:
    """The workflow goes on with empty values, an error to test for and a sentence to read."""
    run_call(ctx, payload(**changes))

    answer = portal.answers[TOKEN]
    assert words in answer["log_message"]
    assert answer["return_values"] == {**EMPTY, "error": answer["log_message"]}
    assert portal.documents == []


def test_refusal_of_the_portal_is_answered(ctx: Context, portal: FakeGenerator) -> None:
    """A right that the app lacks is told, not swallowed."""
    portal.refusing["crm.item.productrow.list"] = BitrixError("crm.item.productrow.list", "insufficient_scope", "no scope", 403)

    run_call(ctx, payload())

    assert portal.answers[TOKEN]["return_values"]["error"] == "Битрикс24 отказал: no scope"


def test_robot_that_we_no_longer_have_is_answered(ctx: Context, portal: FakeGenerator) -> None:
    """A stage may keep a robot of an older version."""
    run_call(ctx, payload() | {"robot": "old"})

    assert portal.answers[TOKEN]["return_values"] == {"error": "Этого робота больше нет в приложении."}


def test_passing_trouble_puts_the_call_off(ctx: Context, portal: FakeGenerator) -> None:
    """Nothing is answered while it may still come to something."""
    portal.refusing[ADD] = BitrixBusy(ADD, "QUERY_LIMIT_EXCEEDED")
    with pytest.raises(BitrixBusy):
        run_call(ctx, payload())
    assert portal.answers == {}

    run_call(ctx, payload())

    assert portal.answers[TOKEN]["return_values"]["number"] == "КП-1"


def test_call_that_is_given_up_is_answered(ctx: Context, portal: FakeGenerator) -> None:
    """The queue has no patience left: the workflow must not wait for ever. After an answer there is nothing to give up."""
    give_up(ctx, payload())
    give_up(ctx, payload())
    run_call(ctx, payload())

    assert portal.answers[TOKEN]["return_values"]["error"] == "Приложение прекратило попытки выполнить робота."
    assert (portal.count(SEND), portal.documents) == (1, [])


def test_workflow_that_does_not_wait_is_not_answered(ctx: Context, portal: FakeGenerator) -> None:
    """The work is done all the same."""
    run_call(ctx, payload(use_subscription="N"))

    row = find_call(ctx.store, TOKEN)
    assert row
    assert (row["state"], portal.count(SEND), len(portal.documents)) == ("answered", 0, 1)


def test_log_speaks_the_portals_language(ctx: Context, portal: FakeGenerator) -> None:
    """English for a portal that is not Russian."""
    run_call(replace(ctx, portal=replace(ctx.portal, lang="en")), payload())

    assert portal.answers[TOKEN]["log_message"].startswith("Offer КП-1 for")


def test_calls_are_listed_for_a_deal(ctx: Context) -> None:
    """Pages show what was answered; another employee sees nothing of it."""
    run_call(ctx, payload())

    (call,) = list_calls(ctx, DEAL_ID)

    assert (call["robot"], call["state"], call["answer"]["return_values"]["number"]) == ("service_offer", "answered", "КП-1")
    assert list_calls(ctx.seen_by(Viewer(3, sees_all=False)), DEAL_ID) == []
