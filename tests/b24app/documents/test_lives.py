"""What becomes of offers: marks, new versions, todos for what is left lying, how many were won."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from b24app.context import Context, Viewer
from b24app.documents.issue import issue_offer
from b24app.documents.lives import ask_about, asks_about, count_all, count_outcomes, get_life, list_offers_of, make_version, mark_offer
from b24app.documents.offer import LIVES, Origin
from b24app.documents.options import Options
from b24app.errors import NotFound
from b24app.store.upserts import upsert
from tests.fake_generator import DEAL_ID, Clock, FakeGenerator, offer_context, service_deal


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
    """A context with one offer, its deal in the mirror as it is in the portal."""
    with offer_context(tmp_path, portal, clock) as context:
        upsert(context.store, "deal", [{"id": DEAL_ID, "company_id": 7, "contact_id": 12, "assigned_by_id": 5, "stage_semantic_id": "P"}])
        names = {"productName": "product_name", "taxRate": "tax_rate", "priceBrutto": "price_brutto"}
        rows = [{"owner_type": "D", "owner_id": DEAL_ID, **{names.get(k, k): v for k, v in row.items()}} for row in portal.rows]
        upsert(context.store, "product_row", rows)
        upsert(context.store, "membership", [{"segment_key": "vip", "client_key": "CO_7", "entered_at": "2025-01-01"}])
        issue_offer(context, DEAL_ID, "k1", Options(valid_days=10), Origin(rule_key="r1"))
        yield context


def deal(ctx: Context, **columns: Any) -> None:
    """Change the deal in the mirror."""
    upsert(ctx.store, "deal", [{**(ctx.store.row("SELECT * FROM deal WHERE id = ?", (DEAL_ID,)) or {}), **columns}])


def life(ctx: Context, key: str = "k1") -> str:
    """Return what has become of an offer."""
    return str(get_life(ctx, key)["life"])


def test_life_goes_from_issued_to_its_end(ctx: Context, clock: Clock) -> None:
    """Sent, opened, expired by the calendar; the deal's own end is stronger."""
    seen = [life(ctx)]
    for mark in ("sent", "opened"):
        mark_offer(ctx, {"offer": "k1", "mark": mark, "user": 5})
        seen.append(life(ctx))
    clock.move(11 * 86400)
    seen.append(life(ctx))
    for semantics in ("F", "S"):
        deal(ctx, stage_semantic_id=semantics)
        seen.append(life(ctx))

    assert seen == ["issued", "sent", "opened", "expired", "lost", "won"]
    assert set(seen) | {"replaced"} == set(LIVES)


def test_first_mark_stays(ctx: Context, clock: Clock) -> None:
    """A link that is opened again moves nothing; what nobody knows is passed over."""
    mark_offer(ctx, {"offer": "k1", "mark": "opened", "user": 0})
    first = get_life(ctx, "k1")["opened_at"]
    clock.move(60)
    for payload in ({"offer": "k1", "mark": "opened"}, {"offer": "k2", "mark": "sent"}, {"offer": "k1", "mark": "lost"}):
        mark_offer(ctx, payload)

    assert get_life(ctx, "k1")["opened_at"] == first


def test_changed_deal_offers_a_new_version(ctx: Context, portal: FakeGenerator) -> None:
    """Pressed twice it is made once; the old one is replaced and counts no more."""
    assert not get_life(ctx, "k1")["has_changed"]
    portal.rows[0]["quantity"] = 3
    upsert(
        ctx.store,
        "product_row",
        [{"id": 2, "owner_type": "D", "owner_id": DEAL_ID, "product_name": "Выезд инженера", "price": 1800, "quantity": 3}],
    )
    assert get_life(ctx, "k1")["has_changed"]

    made = make_version(ctx, {"offer": "k1"})

    assert made
    assert (made.version, made.number, made.amount) == (2, "КП-2", 101400.0)
    assert make_version(ctx, {"offer": "k1"}) is None
    assert (life(ctx, "k1"), life(ctx, made.key)) == ("replaced", "issued")
    assert not get_life(ctx, made.key)["has_changed"]
    assert count_all(ctx).issued == 1
    assert get_life(ctx, made.key)["rule_key"] == "r1"


def test_version_that_cannot_be_made_says_why(ctx: Context, portal: FakeGenerator) -> None:
    """The reason is beside the offer, which stays."""
    portal.deal = None

    assert make_version(ctx, {"offer": "k1"}) is None
    assert "больше нет" in get_life(ctx, "k1")["remarks"]


def test_offer_left_lying_is_asked_about_once(ctx: Context, portal: FakeGenerator, clock: Clock) -> None:
    """Three days without having been opened, two days before its end; never of what is opened, won or over."""
    assert not asks_about(ctx)
    clock.move(4 * 86400)
    assert (ask_about(ctx), ask_about(ctx)) == (1, 0)
    clock.move(5 * 86400)
    assert (ask_about(ctx), ask_about(ctx)) == (1, 0)

    assert [todo["title"] for todo in portal.todos] == ["Узнать, получил ли клиент предложение КП-1", "Предложение КП-1 скоро закончится"]


@pytest.mark.parametrize("columns", [{"stage_semantic_id": "S"}, {"stage_semantic_id": "F"}])
def test_offer_that_has_ended_is_not_asked_about(ctx: Context, clock: Clock, columns: dict[str, str]) -> None:
    """Nobody calls a client about what he has bought already."""
    deal(ctx, **columns)
    clock.move(4 * 86400)

    assert not asks_about(ctx)


def test_outcomes_are_counted_by_every_group(ctx: Context) -> None:
    """Each number leads to the offers that it counts."""
    issue_offer(ctx, DEAL_ID, "k2", Options(template="reactivation_offer"))
    deal(ctx, stage_semantic_id="S")

    for group, keys in (
        ("template", {"service_offer", "reactivation_offer"}),
        ("rule", {"r1", ""}),
        ("segment", {"vip"}),
        ("manager", {"5"}),
    ):
        found = count_outcomes(ctx, group)
        assert {one.key for one in found} == keys
        for one in found:
            value = int(one.key) if group == "manager" else one.key
            for stage, number in one.reached.items():
                assert len(list_offers_of(ctx, {group: value, "reached": stage})) == number
    assert count_all(ctx).conversion == 1.0


def test_offers_are_seen_by_those_whom_they_concern(ctx: Context) -> None:
    """Who made it and whose deal it is; another finds nothing, not even by its key."""
    mine, others = ctx.seen_by(Viewer(5, sees_all=False)), ctx.seen_by(Viewer(9, sees_all=False))

    assert [row["key"] for row in list_offers_of(mine)] == ["k1"]
    assert list_offers_of(others) == []
    with pytest.raises(NotFound):
        get_life(others, "k1")
