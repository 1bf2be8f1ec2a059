"""Calls in the course of time: deadlines, waiting for a fact, running again, the journal's filters."""

from __future__ import annotations

from typing import Any

import pytest

from b24app.errors import BitrixBusy, BitrixLost, Mistaken
from b24app.segments.announce import announce
from b24app.segments.lists import change_list, make_list
from b24app.segments.membership import refresh
from b24app.store.calls import Wanted, count_states, list_journal, stir
from b24app.timers import TIMERS
from robots.comparing import compare, read_wanted
from robots.run import run_again, run_call
from robots.waiting import give_up, wake
from tests.robots.conftest import CLIENT, DEAL, Shop
from tests.robots.office import SEND

FIVE = {"fact": "purchases", "operator": "at_least", "value": "5"}
WAKE = next(timer for timer in TIMERS if timer.kind == "wake_calls")


def buy(shop: Shop) -> None:
    """Have the company buy once more, and the worker take it in as it does after a drain."""
    shop.deal(5, company=1, won="2025-06-15")
    shop.count()
    stir(shop.store, [CLIENT])


# -- deadlines ------------------------------------------------------------------------------------------------


def test_portal_busy_until_the_deadline_is_answered_all_the_same(shop: Shop) -> None:
    """Half a minute before the workflow goes on alone nothing is put off any more."""
    payload = shop.payload("slow", "client_numbers", ("dynamic_147", 7), 600, {})
    for seconds in (0, 560):
        shop.office.refusing["crm.item.get"] = BitrixBusy("crm.item.get", "QUERY_LIMIT_EXCEEDED")
        shop.pass_by(seconds=seconds)
        with pytest.raises(BitrixBusy):
            run_call(shop.ctx, payload)
    shop.office.refusing["crm.item.get"] = BitrixBusy("crm.item.get", "QUERY_LIMIT_EXCEEDED")
    shop.pass_by(seconds=20)

    run_call(shop.ctx, payload)

    assert shop.office.answers["slow"]["return_values"]["error"].startswith("Портал не отвечал, пока не вышло время робота")
    assert (shop.row("slow")["state"], shop.row("slow")["tries"]) == ("answered", 3)


def test_call_that_comes_too_late_does_nothing(shop: Shop) -> None:
    """The worker was away for longer than the workflow waits: nobody is answered, nothing is done, the journal says so."""
    payload = shop.payload("late", "plan_touch", ("deal", DEAL), 600, {})
    shop.pass_by(hours=2)

    run_call(shop.ctx, payload)
    run_call(shop.ctx, payload)

    row = shop.row("late")
    assert (row["state"], row["answer"], shop.office.calls, shop.office.todos) == ("expired", None, [], [])
    assert "Процесс пошёл дальше" in row["said"]


def test_call_without_a_deadline_is_put_off_as_long_as_it_takes(shop: Shop) -> None:
    """Zero seconds mean that the portal names none."""
    payload = shop.payload("patient", "client_numbers", ("dynamic_147", 7), 0, {})
    shop.pass_by(hours=20)
    shop.office.refusing["crm.item.get"] = BitrixLost("crm.item.get", "no_answer")

    with pytest.raises(BitrixLost):
        run_call(shop.ctx, payload)

    assert shop.row("patient")["deadline"] is None


# -- waiting --------------------------------------------------------------------------------------------------


def test_workflow_goes_on_when_the_fact_comes_true(shop: Shop) -> None:
    """It is told at the beginning what it waits for, and answered once."""
    token = shop.call("wait_until", **FIVE)
    assert (wake(shop.ctx), shop.office.answers) == (1, {})  # looked at once more at once, then left alone
    assert wake(shop.ctx) == 0
    shop.pass_by(hours=3)
    buy(shop)

    wake(shop.ctx)
    wake(shop.ctx)

    answer = shop.office.answers[token]["return_values"]
    assert (answer["came_true"], answer["outcome"], answer["waited_hours"], answer["error"]) == ("Y", "true", 3.0, "")
    assert shop.office.lines == [(token, "Ждём до 18.06.2025 15:00. Сейчас: 4 покупки")]
    assert shop.office.calls.count(SEND) == 1


def test_fact_that_is_true_already_is_answered_at_once(shop: Shop) -> None:
    """Nothing is waited for."""
    values = shop.answer("wait_until", fact="purchases", operator="at_least", value="4")

    assert (values["outcome"], values["reason"], shop.office.lines) == ("true", "4 покупки", [])


def test_time_over_is_answered(shop: Shop) -> None:
    """By the clock alone, also when the call is run again by a worker that was killed."""
    token = shop.call("wait_until", hours="2", **FIVE)
    wake(shop.ctx)
    run_call(shop.ctx, shop.payload(token, "wait_until", ("deal", DEAL), 0, {"hours": "2", **FIVE}))
    assert shop.office.answers == {}
    before = WAKE.moment(shop.ctx)
    shop.pass_by(hours=2)
    assert WAKE.moment(shop.ctx) != before

    wake(shop.ctx)

    values = shop.office.answers[token]["return_values"]
    assert (values["came_true"], values["outcome"], values["error"]) == ("N", "over", "")
    assert WAKE.moment(shop.ctx) == ""


def test_workflows_own_deadline_ends_the_wait(shop: Shop) -> None:
    """A minute before it the workflow is answered, however many hours were asked for."""
    token = shop.call("wait_until", timeout=3600, hours="48", **FIVE)
    shop.pass_by(minutes=59)

    wake(shop.ctx)

    assert shop.office.answers[token]["return_values"]["outcome"] == "over"


def test_membership_is_waited_for(shop: Shop) -> None:
    """Who enters a segment is announced, and the announcement wakes the call."""
    key = make_list(shop.ctx, "Приглашённые")
    announce(shop.ctx)  # the beginning is no news
    token = shop.call("wait_until", segment=f"Приглашённые [{key}]")
    wake(shop.ctx)
    shop.pass_by(minutes=5)
    before = WAKE.moment(shop.ctx)
    change_list(shop.ctx, {"list": key, "client": CLIENT, "put": True})
    announce(shop.ctx)
    assert WAKE.moment(shop.ctx) != before

    wake(shop.ctx)

    assert shop.office.answers[token]["return_values"]["came_true"] == "Y"


def test_leaving_a_segment_is_waited_for_together_with_a_fact(shop: Shop) -> None:
    """Both have to be true."""
    key = make_list(shop.ctx, "Приглашённые")
    change_list(shop.ctx, {"list": key, "client": CLIENT, "put": True})
    token = shop.call("wait_until", segment=key, becomes="out", **FIVE)
    buy(shop)
    wake(shop.ctx)
    assert shop.office.answers == {}
    change_list(shop.ctx, {"list": key, "client": CLIENT, "put": False})
    stir(shop.store, [CLIENT])

    wake(shop.ctx)

    assert shop.office.answers[token]["return_values"]["came_true"] == "Y"


def test_new_day_looks_at_everybody(shop: Shop) -> None:
    """Facts in days move with the calendar alone."""
    token = shop.call("wait_until", fact="days_since_purchase", operator="at_least", value="34")
    wake(shop.ctx)
    shop.pass_by(days=1)

    wake(shop.ctx)

    assert shop.office.answers[token]["return_values"]["came_true"] == "Y"


def test_client_who_is_gone_ends_the_wait(shop: Shop) -> None:
    """There is nobody to wait for."""
    token = shop.call("wait_until", **FIVE)
    shop.save("deal", id=DEAL, company_id=None, contact_id=None, title="Сделка", assigned_by_id=5)
    with shop.store.write() as db:
        db.conn.execute("DELETE FROM deal_contact")
    shop.pass_by(minutes=1)

    wake(shop.ctx)

    assert shop.office.answers[token]["return_values"]["outcome"] == "gone"


def test_portal_that_does_not_listen_to_one_holds_up_no_other(shop: Shop) -> None:
    """The others are answered; that one is tried again, without working again."""
    first, second = shop.call("wait_until", **FIVE), shop.call("wait_until", **FIVE)
    shop.office.refusing[SEND] = BitrixBusy(SEND, "QUERY_LIMIT_EXCEEDED")
    buy(shop)
    with pytest.raises(BitrixBusy):
        wake(shop.ctx)
    assert set(shop.office.answers) == {second}
    assert WAKE.moment(shop.ctx)

    wake(shop.ctx)

    assert set(shop.office.answers) == {first, second}


def test_call_that_cannot_be_looked_at_is_answered_when_its_time_is_over(shop: Shop) -> None:
    """A defect of ours, or a rule that nobody can ask: the others go on, and at the end this workflow does, too."""
    broken, sound = shop.call("wait_until", hours="1", **FIVE), shop.call("wait_until", hours="1", **FIVE)
    shop.save("robot_call", **{**shop.row(broken), "properties": "{"})
    shop.pass_by(hours=1)
    with pytest.raises(ValueError, match="Expecting"):
        wake(shop.ctx)
    assert set(shop.office.answers) == {sound}

    give_up(shop.ctx)

    assert "прекратило попытки" in shop.office.answers[broken]["return_values"]["error"]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "Укажите, чего ждать: сегмент или показатель."),
        ({"fact": "purchases", "operator": "at_least", "value": "много"}, "«Покупки» нельзя сравнить с «много»."),
        ({"fact": "next_purchase", "operator": "at_most", "value": "завтра"}, "«Ждём покупку» нельзя сравнить с «завтра»."),
        ({"segment": "нет такого"}, "Нет сегмента «нет такого»"),
    ],
)
def test_what_cannot_be_waited_for_is_said_at_once(shop: Shop, settings: dict[str, str], words: str) -> None:
    """Nobody waits three days to hear of a slip of the pen."""
    assert words in shop.answer("wait_until", **settings)["error"]


@pytest.mark.parametrize(
    ("key", "value", "operator", "text", "answer"),
    [
        ("revenue", 1500.5, "at_least", "1 500,5", True),
        ("alive", 0.4, "at_most", "40 %", True),
        ("next_purchase", "2025-06-12", "at_most", "12.06.2025", True),
        ("next_purchase", "2025-06-12", "equal", "2025-06-13", False),
        ("last_activity", "2025-06-12T09:00:00Z", "equal", "12.06.2025", True),
        ("retention", "lost", "equal", "потерян", True),
        ("retention", "lost", "unequal", "lost", False),
        ("has_phone", 1, "equal", "да", True),
        ("city", "Орёл", "equal", "орел", True),
        ("city", None, "equal", "орел", False),
        ("city", None, "unequal", "орел", False),
        ("city", None, "empty", "", True),
        ("city", "Орёл", "filled", "", True),
    ],
)
def test_fact_is_compared_as_people_write(key: str, value: Any, operator: str, text: str, answer: bool) -> None:
    """Numbers with commas, dates with points, titles of choices; what is not known is nothing."""
    assert compare(key, value, operator, text) is answer


@pytest.mark.parametrize(("key", "text"), [("has_phone", "может быть"), ("retention", "спит"), ("city", ""), ("purchases", "")])
def test_value_of_a_wrong_kind_is_a_mistake(key: str, text: str) -> None:
    """Said before anybody waits."""
    with pytest.raises(Mistaken):
        read_wanted(key, "equal", text)


# -- running again ------------------------------------------------------------------------------------------


def again(shop: Shop, token: str, run: str = "1") -> dict[str, Any]:
    """Order one more run; return its row."""
    run_again(shop.ctx, {"call": shop.row(token)["call_id"], "run": run})
    return shop.row(f"again:{run}")


def test_run_again_does_the_work_and_answers_nobody(shop: Shop) -> None:
    """It failed because of a missing segment; now there is one. The workflow went on long ago."""
    token = shop.call("add_to_list", segment="Приглашённые")
    make_list(shop.ctx, "Приглашённые")

    row = again(shop, token)

    assert (shop.row(token)["error"] != "", row["state"], row["error"]) == (True, "answered", "")
    assert row["said"].find("добавлен в «Приглашённые»") > 0
    assert shop.office.calls.count(SEND) == 1
    assert row["again_of"] == shop.row(token)["call_id"]


def test_order_of_a_run_is_done_once(shop: Shop) -> None:
    """The job may come twice; a run of a run has the first one's key."""
    token = shop.call("plan_touch")
    first, second = again(shop, token), again(shop, token)
    third = again(shop, "again:1", "2")

    assert (first["finished_at"], first["tries"]) == (second["finished_at"], second["tries"])
    assert third["again_of"] == first["again_of"]
    assert len(shop.office.todos) == 1


def test_call_that_is_not_over_is_not_run_again(shop: Shop) -> None:
    """It still goes its own way; and one that is not known is nothing."""
    token = shop.call("wait_until", **FIVE)
    run_again(shop.ctx, {"call": shop.row(token)["call_id"], "run": "1"})
    run_again(shop.ctx, {"call": "unknown", "run": "2"})

    assert shop.store.rows("SELECT * FROM robot_call WHERE event_token LIKE 'again:%'") == []


# -- the journal ----------------------------------------------------------------------------------------------


def test_journal_is_filtered_and_searched(shop: Shop) -> None:
    """By robot, state, period and words; a number is also that of the record."""
    refresh(shop.ctx)
    done, failed = shop.call("client_numbers"), shop.call("in_segment", segment="Нет такого")
    shop.pass_by(days=2)
    waiting = shop.call("wait_until", **FIVE)

    def found(**wanted: str) -> list[str]:
        return [row["event_token"] for row in list_journal(shop.store, Wanted(**wanted), 50, 0)[0]]

    assert found() == [waiting, *sorted((done, failed), key=lambda token: str(shop.row(token)["call_id"]))]
    assert found(robot="client_numbers") == [done]
    assert (found(state="mistaken"), found(state="pending"), found(state="answered")) == ([failed], [waiting], [done])
    assert found(since="2025-06-17T00:00:00Z") == [waiting]
    assert found(search="НЕТ такого") == [failed]
    assert found(search="поставка ромашка") == [done]
    assert len(found(search=f"№{DEAL}")) == 3
    assert found(search="%") == []
    assert count_states(shop.store, "") == {"answered": 1, "mistaken": 1, "pending": 1}
