"""Facts at the edges: empty and tiny bases, nothing paid, future dates, leap days, midnight, refunds, merged cards, short locks."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from b24app.clients.cards import find_client
from b24app.clients.matrix import list_together, rfm_matrix
from b24app.clients.update import renew_facts, update_changed, update_clients
from b24app.store import clients as sql


def test_empty_base_has_no_clients(base: Any) -> None:
    """Nobody, nothing learned, nothing raised; the matrix stands empty."""
    base.update()
    renew_facts(base.ctx)

    matrix = rfm_matrix(base.ctx)

    assert base.keys() == set()
    assert len(matrix.cells) == 25
    assert {cell.clients for cell in matrix.cells} == {0}
    assert list_together(base.ctx, 1) == []


def test_single_buyer_is_judged_by_himself(base: Any) -> None:
    """In a base of one there are no fifths and no forecast; two intervals of his own are a rhythm."""
    base.contact(1)
    for number, day in enumerate(("2025-04-01", "2025-05-01", "2025-06-01"), 1):
        base.deal(number, contacts=[1], won=day)

    base.update()

    facts = base.facts("C_1")
    assert (facts["r_score"], facts["rfm_group"], facts["forecast"]) == (None, None, "few")
    assert (facts["rhythm"], facts["next_purchase"], facts["retention"]) == (30.5, "2025-07-01", "active")


def test_thirty_clients_have_everything(base: Any) -> None:
    """Ten come back every month, twenty bought once: rhythms, scores and forecasts for all, also for those who bought once."""
    number = 0
    for contact in range(1, 31):
        base.contact(contact)
        for month in range(4 if contact <= 10 else 1):
            number += 1
            base.deal(number, contacts=[contact], won=(date(2025, 1, contact) + timedelta(days=30 * month)).isoformat())

    base.update()

    rows = [base.facts(key) for key in sorted(base.keys())]
    assert {row["forecast"] for row in rows} == {"ready"}
    assert {row["rhythm"] for row in rows} == {30.0}
    assert all(row["ltv_low"] <= row["ltv_predicted"] <= row["ltv_high"] for row in rows)
    assert all(row["r_score"] and row["rfm_group"] for row in rows)
    assert {row["f_score"] for row in rows} == {1, 4}  # the ten are equal to the last edge
    assert sum(row["expected_purchases_365"] for row in rows[:10]) > 0


def test_purchase_of_zero_is_a_purchase(base: Any) -> None:
    """It counts and has its day; it brings nothing."""
    base.contact(1)
    base.deal(1, contacts=[1], won="2025-06-01", opportunity=0.0)

    base.update()

    facts = base.facts("C_1")
    assert (facts["purchases"], facts["revenue"], facts["average_purchase"], facts["median_purchase"], facts["ltv"]) == (1, 0, 0, 0, 0)
    assert facts["upsell_window"] == 1


def test_purchase_in_the_future_is_not_overdue(base: Any) -> None:
    """Somebody closed a deal by a date to come: nothing is late, no window is open, days since are less than nothing."""
    base.contact(1)
    for number, day in enumerate(("2025-04-01", "2025-05-01", "2025-07-01"), 1):
        base.deal(number, contacts=[1], won=day)

    base.update()

    card = find_client(base.ctx, "C_1")
    assert card is not None
    assert (card.fact("days_since_purchase"), card.fact("upsell_window"), card.fact("retention")) == (-16, 0, "active")
    assert card.fact("overdue_days") < 0


def test_day_of_two_purchases_is_one_beat(base: Any) -> None:
    """Two deals of one day make no interval of nothing."""
    base.contact(1)
    for number, day in enumerate(("2025-03-01", "2025-03-01", "2025-03-11", "2025-03-21"), 1):
        base.deal(number, contacts=[1], won=day)

    base.update()

    assert (base.facts("C_1")["purchases"], base.facts("C_1")["rhythm"]) == (4, 10.0)


def test_leap_day_is_a_day(base: Any) -> None:
    """From 29 February 2024 to 1 March 2025 there are 366 days."""
    base.contact(1)
    base.deal(1, contacts=[1], won="2024-02-29")
    base.deal(2, contacts=[1], won="2025-03-01")

    base.update()

    assert base.facts("C_1")["lifetime"] == 366


def test_night_in_the_portal_begins_its_new_day(base: Any) -> None:
    """At 21:30 by UTC it is tomorrow in Moscow: the window opens, and nothing but the nightly job was needed."""
    base.contact(1)
    base.deal(1, contacts=[1], won="2025-06-09")
    base.update()
    before = base.facts("C_1")["upsell_window"]
    base.at = datetime(2025, 6, 15, 21, 30, tzinfo=UTC)

    renew_facts(base.ctx)

    assert (before, base.facts("C_1")["upsell_window"]) == (0, 1)


def test_refund_takes_everything_back(base: Any) -> None:
    """A deal that was lost after it had been won is no purchase, no day, no rhythm; it is a loss with its stage's reason."""
    base.save("stage", entity="deal", category_id=0, id="LOSE", title="Вернул товар", semantics="F")
    base.contact(1)
    base.deal(1, contacts=[1], won="2025-06-01")
    base.update()
    base.deal(1, contacts=[1], stage_semantic_id="F", stage_id="LOSE", closedate="2025-06-03")

    update_changed(base.ctx, {"deal": [1]})

    facts = base.facts("C_1")
    assert (facts["purchases"], facts["last_purchase"], facts["upsell_window"], facts["ltv"]) == (0, None, None, 0)
    assert (facts["lost_deals"], facts["last_lost"], facts["lost_reason"]) == (1, "2025-06-03", "Вернул товар")


def test_merged_cards_are_one_client(base: Any) -> None:
    """The portal moves the deals to the card that is left and deletes the other."""
    for contact in (1, 2):
        base.contact(contact)
        base.deal(contact, contacts=[contact], won=f"2025-0{contact}-01")
    base.update()
    base.delete("contact", 2)
    with base.store.write() as db:
        db.conn.execute("UPDATE deal_contact SET contact_id = 1 WHERE deal_id = 2")
        db.conn.execute("UPDATE deal SET contact_id = 1 WHERE id = 2")

    update_changed(base.ctx, {"contact": [2], "deal": [2]})

    assert base.keys() == {"C_1"}
    assert base.facts("C_1")["purchases"] == 2


def test_products_and_what_goes_with_them(base: Any) -> None:
    """Of five buyers four have beans, three filters, all three of them both: support 3/5, confidence 3/4, lift (3/4) / (3/5)."""
    baskets = [("beans", "filters"), ("beans", "filters"), ("beans", "filters"), ("beans",), ("cups",)]
    ids = {"beans": 1, "filters": 2, "cups": 3}
    for contact, basket in enumerate(baskets, 1):
        base.contact(contact)
        base.deal(contact, contacts=[contact], won="2025-06-01")
        for place, name in enumerate(basket):
            base.save("product_row", id=contact * 10 + place, owner_type="D", owner_id=contact, product_id=ids[name], product_name=name)

    base.update()

    (found,) = list_together(base.ctx, 1)
    assert (found.other_id, found.other, found.clients) == (2, "filters", 3)
    assert (found.support, found.confidence, found.lift) == pytest.approx((0.6, 0.75, 1.25))
    (back,) = list_together(base.ctx, 2)
    assert (back.other, back.confidence, back.lift) == ("beans", 1.0, pytest.approx(1.25))
    assert (base.facts("C_1")["products_bought"], base.facts("C_1")["main_product"]) == (2, "beans")
    assert (base.facts("C_5")["products_bought"], base.facts("C_5")["main_product"]) == (1, "cups")


def test_matrix_counts_the_viewers_buyers(base: Any) -> None:
    """Every cell is counted once; an employee sees his own clients only; unknown money leaves a cell's sum unknown."""
    for contact in range(1, 11):
        base.contact(contact, assigned_by_id=5 + contact % 2)
        base.deal(contact, contacts=[contact], won=f"2025-05-{contact:02}")
    base.deal(99, contacts=[10], won="2025-05-10", currency_id="XXX")
    base.update()

    everybody, mine = rfm_matrix(base.ctx), rfm_matrix(base.seen_by(5))

    assert sum(cell.clients for cell in everybody.cells) == 10
    assert sum(cell.clients for cell in mine.cells) == 5
    assert [cell.revenue for cell in everybody.cells if cell.r == 5 and cell.clients] == [100.0, None]
    assert sum(group.clients for group in everybody.groups) == 9
    assert list(everybody.edges) == ["r", "f", "m"]


def test_whole_base_is_worked_out_in_short_transactions(base: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ranges of ids and pieces of clients come out as one go does, also where ids have gaps and deals were deleted."""
    for contact in (1, 2, 5, 9, 20, 31):
        base.contact(contact)
        base.deal(contact * 3, contacts=[contact], won="2025-01-01")
    base.update()
    before = [base.facts(key) for key in sorted(base.keys())]
    base.delete("deal", 60)
    base.delete("contact", 20)
    monkeypatch.setattr(sql, "MANY_RECORDS", 2)
    monkeypatch.setattr("b24app.clients.update.CLIENTS", 2)

    update_clients(base.ctx)

    assert [base.facts(key) for key in sorted(base.keys())] == [row for row in before if row["client_key"] != "C_20"]
    assert base.store.rows("SELECT deal_id FROM client_deal WHERE deal_id = 60") == []
