"""Rules that make offers: which deals they mean, once for each entry into the stage, whatever happens on the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from b24app.context import Context, Viewer
from b24app.documents.entries import DONE, FAILED, MOST_UNENDED, REFUSED, SKIPPED, awaits_offers, run_again, work_entries
from b24app.documents.options import Options
from b24app.documents.rules import (
    READY,
    Condition,
    Rule,
    get_rule,
    list_rules,
    new_rule,
    remove_rule,
    save_rule,
    switch_rule,
    why_not,
)
from b24app.documents.sightings import WAITING
from b24app.errors import BitrixBusy, BitrixError, BitrixGone, BitrixLost, Mistaken, NotAllowed, NotFound
from b24app.store.steps import list_entries, save_entry
from b24app.store.upserts import upsert
from tests.fake_generator import ADD, DEAL_ID, Clock, FakeGenerator, offer_context, service_deal

KEY = READY[0].key
EVERYTHING = {"state": "", "rule": "", "search": ""}


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
    """A context with the templates installed and the ready rule switched on."""
    with offer_context(tmp_path, portal, clock) as context:
        switch_rule(context, KEY, is_on=True)
        clock.move(10)
        yield context


def enters(ctx: Context, deal_id: int = DEAL_ID, **columns: Any) -> None:
    """Do what the drain does when a deal has come to the stage now."""
    moved = {"stage_id": "PREPARATION", "moved_time": ctx.now().strftime("%Y-%m-%dT%H:%M:%SZ")}
    upsert(ctx.store, "deal", [{"id": deal_id, "category_id": 0, "type_id": "SERVICE", **moved, **columns}])


def passes(ctx: Context, number: int, later: int = 0, **columns: Any) -> None:
    """Add a line of the history of stages: the deal has come to the stage, so many seconds from now."""
    at = (ctx.now() + timedelta(seconds=later)).strftime("%Y-%m-%dT%H:%M:%SZ")
    row = {"id": number, "owner_id": DEAL_ID, "stage_id": "PREPARATION", "category_id": 0, "created_time": at}
    upsert(ctx.store, "deal_stage_history", [{**row, **columns}])


def states(ctx: Context) -> list[str]:
    """Return what came of the entries, the newest first."""
    return [entry["state"] for entry in list_entries(ctx.store, EVERYTHING, 500)]


def reason(ctx: Context) -> str:
    """Return the last entry's reasons in Russian."""
    return " ".join(one["ru"] for one in list_entries(ctx.store, EVERYTHING, 1)[0]["reasons"])


def test_ready_rule_is_there_and_off(tmp_path: Path, portal: FakeGenerator) -> None:
    """Every portal has it: stage "Document preparation", type "Service"; it may be switched, not removed."""
    with offer_context(tmp_path, portal) as ctx:
        [rule] = list_rules(ctx)
        enters(ctx)

        assert (rule.stage_id, rule.condition.types, rule.is_on) == ("PREPARATION", ("SERVICE",), False)
        assert not awaits_offers(ctx)
        with pytest.raises(Mistaken):
            remove_rule(ctx, rule.key)


def test_deal_that_comes_to_the_stage_gets_one_offer(ctx: Context, portal: FakeGenerator) -> None:
    """Whatever is seen of it again; todo and notice follow as the rule says."""
    enters(ctx)
    assert awaits_offers(ctx)

    assert work_entries(ctx) == 1

    enters(ctx, title="Renamed")
    assert not awaits_offers(ctx)
    assert work_entries(ctx) == 0
    assert (len(portal.documents), len(portal.todos), len(portal.notices)) == (1, 1, 1)
    assert states(ctx) == [DONE]


def test_deal_that_comes_again_gets_another_offer(ctx: Context, portal: FakeGenerator, clock: Clock) -> None:
    """An entry is known by when the deal was moved."""
    enters(ctx)
    work_entries(ctx)
    clock.move(60)
    enters(ctx)

    assert work_entries(ctx) == 1
    assert [document["number"] for document in portal.documents] == ["КП-1", "КП-2"]


def test_deal_that_stood_there_before_is_left_alone(ctx: Context, clock: Clock) -> None:
    """Switching a rule on writes no letters to last year's deals; switching it off and on again begins anew."""
    enters(ctx, moved_time="2025-11-21T09:29:59Z")
    assert not awaits_offers(ctx)

    enters(ctx)
    switch_rule(ctx, KEY, is_on=False)
    clock.move(5)
    switch_rule(ctx, KEY, is_on=True)

    assert not awaits_offers(ctx)


def test_deal_that_only_passed_through_gets_its_offer(ctx: Context, portal: FakeGenerator, clock: Clock) -> None:
    """The history of stages tells of it, and of every time that it came again; a line may arrive before its deal."""
    passes(ctx, 1)
    assert not awaits_offers(ctx)
    clock.move(60)
    passes(ctx, 2)
    enters(ctx, stage_id="EXECUTING")

    assert awaits_offers(ctx)
    assert work_entries(ctx) == 2
    assert not awaits_offers(ctx)
    assert len(portal.documents) == 2


@pytest.mark.parametrize("later", [0, -2, 3])
@pytest.mark.parametrize("is_history_first", [True, False])
def test_entry_that_is_seen_twice_is_one(ctx: Context, portal: FakeGenerator, later: int, is_history_first: bool) -> None:
    """Standing there and in the history, whichever comes first, though the portal has written another second."""
    upsert(ctx.store, "deal", [{"id": DEAL_ID, "stage_id": "NEW", "category_id": 0, "type_id": "SERVICE"}])
    for look in (passes, enters) if is_history_first else (enters, passes):
        if look is passes:
            passes(ctx, 1, later)
        else:
            enters(ctx)
        work_entries(ctx)

    assert not awaits_offers(ctx)
    assert (len(portal.documents), states(ctx)) == (1, [DONE])


def test_history_that_is_not_meant_is_passed_over(ctx: Context, clock: Clock) -> None:
    """Before the rule was switched on, in another pipeline, or more than a week ago."""
    enters(ctx, stage_id="NEW")
    passes(ctx, 1, later=-11)
    passes(ctx, 2, category_id=7)
    assert not awaits_offers(ctx)

    passes(ctx, 3)
    clock.move(8 * 86400)
    assert not awaits_offers(ctx)


def test_deal_that_was_closed_meanwhile_is_offered_nothing(ctx: Context, portal: FakeGenerator) -> None:
    """Whoever drags a deal through all stages to "won" asks for no letter; a rule of the last stage itself works."""
    passes(ctx, 1)
    enters(ctx, stage_id="WON", stage_semantic_id="S")

    assert work_entries(ctx) == 0
    assert (states(ctx), reason(ctx), portal.documents) == ([SKIPPED], "Сделка уже закрыта.", [])


def test_deal_that_is_not_meant_is_noted_with_the_reason(ctx: Context, portal: FakeGenerator) -> None:
    """Nobody has to guess why there is no offer."""
    enters(ctx, type_id="SALE")

    assert work_entries(ctx) == 0
    assert (states(ctx), reason(ctx)) == ([SKIPPED], "Сделка другого типа.")
    assert portal.calls == []


def test_conditions_are_all_asked() -> None:
    """Type, sum, product and segment, each only when the rule names it."""
    rule = Rule("r", {"ru": "r"}, condition=Condition(("SERVICE",), 100, 200, (7,), "vip"))
    deal = {"type_id": "SERVICE", "opportunity": 150, "rows": [{"product_id": 7}]}

    assert why_not(rule, deal, ["vip"]) == []
    assert why_not(Rule("r", {}), {}, []) == []
    for changes, segments in (
        ({"type_id": "SALE"}, ["vip"]),
        ({"opportunity": 99}, ["vip"]),
        ({"opportunity": 201}, ["vip"]),
        ({"rows": []}, ["vip"]),
        ({}, []),
    ):
        assert len(why_not(rule, {**deal, **changes}, segments)) == 1


def test_segment_is_asked_when_the_client_has_been_counted(ctx: Context, clock: Clock) -> None:
    """A client who is being counted at this moment is waited for, not turned away."""
    save_rule(ctx, replace(get_rule(ctx, KEY), condition=Condition(segment="vip")))
    upsert(ctx.store, "client_deal", [{"deal_id": DEAL_ID, "client_key": "CO_7"}])
    upsert(ctx.store, "membership", [{"segment_key": "vip", "client_key": "CO_7", "entered_at": "2025-01-01"}])
    upsert(ctx.store, "due_client", [{"client_key": "CO_7", "mark": "1"}])
    enters(ctx, company_id=7)

    assert work_entries(ctx) == 0
    assert states(ctx) == [WAITING]
    with ctx.store.write() as db:
        db.conn.execute("DELETE FROM due_client")
    clock.move(3)
    assert work_entries(ctx) == 1


def test_what_is_missing_is_said_in_the_journal_and_can_be_run_again(ctx: Context, portal: FakeGenerator) -> None:
    """The manager mends the deal and presses "run again": the same entry, one document."""
    rows, portal.rows = portal.rows, []
    enters(ctx)
    work_entries(ctx)
    assert states(ctx) == [REFUSED]
    assert "Предлагать нечего" in reason(ctx)

    portal.rows = rows
    run_again(ctx, list_entries(ctx.store, EVERYTHING, 1)[0]["key"])

    assert work_entries(ctx) == 1
    assert len(portal.documents) == 1


def test_deal_deleted_meanwhile_is_said(ctx: Context, portal: FakeGenerator) -> None:
    """Gone from the portal, or from the mirror already."""
    enters(ctx)
    portal.deal = None
    assert work_entries(ctx) == 0

    assert (states(ctx), reason(ctx)) == ([REFUSED], "Этой сделки больше нет.")


def test_portal_that_goes_away_between_document_and_answer(ctx: Context, portal: FakeGenerator, clock: Clock) -> None:
    """The document is found, not made twice; the entry waits meanwhile and holds up nobody."""
    portal.losing.add(ADD)
    enters(ctx)
    portal.others[102] = {**(portal.deal or {}), "id": 102}
    enters(ctx, 102)

    assert work_entries(ctx) == 1
    assert sorted(states(ctx)) == [DONE, WAITING]
    clock.move(70)
    assert work_entries(ctx) == 1
    assert [document["entityId"] for document in portal.documents] == ["101", "102"]


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (BitrixBusy("crm.item.get", "QUERY_LIMIT_EXCEEDED"), WAITING),
        (BitrixLost("crm.item.get", "no_answer"), WAITING),
        (BitrixError("crm.item.get", "SOMETHING", "Something"), REFUSED),
    ],
)
def test_trouble_of_the_portal(ctx: Context, portal: FakeGenerator, clock: Clock, error: BitrixError, state: str) -> None:
    """What passes is waited for, for a day; what does not is said in the portal's words."""
    portal.refusing["crm.item.get"] = error
    enters(ctx)
    work_entries(ctx)
    assert states(ctx) == [state]

    clock.move(86400 + 300)
    portal.refusing["crm.item.get"] = error
    work_entries(ctx)
    assert states(ctx) == [FAILED if state == WAITING else state]


def test_portal_that_is_gone_is_left_to_the_worker(ctx: Context, portal: FakeGenerator) -> None:
    """Who dismisses a portal must hear of it."""
    portal.refusing["crm.item.get"] = BitrixGone("crm.item.get", "PORTAL_DELETED")
    enters(ctx)

    with pytest.raises(BitrixGone):
        work_entries(ctx)


def test_entry_that_takes_workers_down_is_set_aside(ctx: Context, portal: FakeGenerator) -> None:
    """Begun five times and never ended: the others go on."""
    enters(ctx)
    key = f"rule:{KEY}:{DEAL_ID}:{ctx.now():%Y-%m-%dT%H:%M:%SZ}"
    awaits = {"rule_key": KEY, "deal_id": DEAL_ID, "entered_at": ctx.now().strftime("%Y-%m-%dT%H:%M:%SZ"), "state": WAITING}
    times = {"next_at": "2025-01-01T00:00:00Z", "created_at": "2025-11-21T09:00:00Z", "updated_at": ""}
    save_entry(ctx.store, {"key": key, **awaits, **times, "reasons": [], "unended": MOST_UNENDED, "attempts": MOST_UNENDED})

    assert work_entries(ctx) == 0
    assert states(ctx) == [FAILED]
    assert portal.documents == []


def test_hundred_deals_at_once_get_one_document_each(ctx: Context, portal: FakeGenerator, clock: Clock) -> None:
    """Some answers are lost, some requests are refused, the same deals are seen again and again."""
    for number in range(200, 300):
        portal.others[number] = {**(portal.deal or {}), "id": number}
        enters(ctx, number)
    rounds = 0
    while awaits_offers(ctx) or WAITING in states(ctx):
        if rounds < 5:
            portal.losing.add(ADD)
            portal.refusing["crm.timeline.comment.add"] = BitrixBusy("crm.timeline.comment.add", "QUERY_LIMIT_EXCEEDED")
        work_entries(ctx)
        clock.move(70)
        rounds += 1
        assert rounds < 20

    assert states(ctx) == [DONE] * 100
    assert sorted(int(document["entityId"]) for document in portal.documents) == list(range(200, 300))
    assert len(portal.comments) == len(portal.todos) == 100


def test_rule_is_checked_before_it_is_kept(ctx: Context) -> None:
    """All that could not work is said at once; who is no administrator changes nothing."""
    wrong = Options(valid_days=0, discount=120, fill="package", tell="user", next_stage="A")

    with pytest.raises(Mistaken) as caught:
        save_rule(ctx, replace(new_rule(), stage_id="A", options=wrong, condition=Condition(sum_from=5, sum_to=1)))

    for words in ("Назовите", "365", "Скидка", "пакета", "«от»", "кому", "та же самая"):
        assert words in caught.value.sentence("ru")
    with pytest.raises(NotAllowed):
        switch_rule(ctx.seen_by(Viewer(5, sees_all=True)), KEY, is_on=False)


def test_own_rule_is_kept_and_removed(ctx: Context) -> None:
    """What was saved is read back as it was; what waits under a removed rule is passed over."""
    options = Options(template="portal:7", mapping={"A": "OfferSum"}, package=[{"name": "ТО", "quantity": 1.0, "price": 5.0, "tax": None}])
    made = replace(new_rule(), title={"ru": "Моё", "en": "Mine"}, stage_id="X", options=options, condition=Condition(product_ids=(7,)))
    save_rule(ctx, made)

    assert get_rule(ctx, made.key) == made
    switch_rule(ctx, made.key, is_on=True)
    enters(ctx, stage_id="X")
    assert awaits_offers(ctx)
    remove_rule(ctx, made.key)
    assert not awaits_offers(ctx)
    with pytest.raises(NotFound):
        get_rule(ctx, made.key)
