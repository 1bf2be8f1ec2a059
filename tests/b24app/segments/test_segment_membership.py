"""Who enters and leaves a segment, when, and what it takes to ask again."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from b24app.clients.update import update_changed
from b24app.errors import Mistaken, NotFound, Refused
from b24app.segments.definitions import STARTERS, choices, ensure_presets, load, load_all, save, set_parameter
from b24app.segments.membership import Refreshed, refresh
from b24app.segments.presets import PRESETS
from b24app.segments.reading import get_segment, list_segments

FIELD = "UF_CRM_MEMBERSHIP_END"


@pytest.fixture
def shop(base: Any) -> Any:
    """A base with the ready segments and the date field on both cards; today is 15 June 2025."""
    for entity in ("contact", "company"):
        base.user_field(entity, FIELD, title_ru="Абонемент действует до", title_en="Membership until")
    ensure_presets(base.ctx)
    return base


def work(base: Any, changed: dict[str, list[int]] | None = None) -> dict[str, Refreshed]:
    """Do what the worker does after a drain: for the whole base, or for changed records."""
    if changed is None:
        base.update()
        return {done.key: done for done in refresh(base.ctx)}
    return {done.key: done for done in refresh(base.ctx, update_changed(base.ctx, changed))}


def members(base: Any, segment: str) -> set[str]:
    """Return who is in now."""
    sql = "SELECT client_key FROM membership WHERE segment_key = ? AND left_at IS NULL"
    return {row["client_key"] for row in base.store.rows(sql, (segment,))}


def test_presets_are_saved_once(shop: Any) -> None:
    """A second install saves nothing over what the portal has changed."""
    changed = load(shop.ctx, "won")
    save(shop.ctx, type(changed)("won", {"ru": "Мои", "en": "Mine"}, changed.purpose, changed.rule, changed.parameters))

    assert ensure_presets(shop.ctx) == []
    assert load(shop.ctx, "won").title["en"] == "Mine"
    assert [one.key for one in load_all(shop.ctx)] == ["won", "bought_once_180", "membership_7"]


def test_presets_hold_whom_they_name(shop: Any) -> None:
    """Every ready segment has exactly the clients that its title says."""
    shop.company(1, uf_crm_membership_end="2025-06-22")
    shop.contact(2, uf_crm_membership_end="2025-06-15")
    shop.contact(3, uf_crm_membership_end="2025-06-23")
    shop.contact(4, uf_crm_membership_end="2025-06-14")
    shop.deal(1, company=1, won="2024-12-17")
    shop.deal(2, contacts=[2], won="2024-12-18")
    shop.deal(3, contacts=[3], won="2024-01-01")
    shop.deal(4, contacts=[3], won="2024-02-01")
    shop.deal(5, contacts=[4])

    work(shop)

    assert members(shop, "won") == {"CO_1", "C_2", "C_3"}
    assert members(shop, "bought_once_180") == {"CO_1"}
    assert members(shop, "membership_7") == {"CO_1", "C_2"}


def test_refresh_twice_changes_nothing(shop: Any) -> None:
    """The second refresh has nobody to let in or out, and history stays as it was."""
    shop.contact(1)
    shop.deal(1, contacts=[1], won="2025-06-01")
    first = work(shop)["won"]
    before = shop.store.rows("SELECT * FROM membership")
    shop.at += timedelta(hours=1)

    second = work(shop)["won"]

    assert (first.entered, first.left, first.members) == (1, 0, 1)
    assert (second.entered, second.left, second.members) == (0, 0, 1)
    assert shop.store.rows("SELECT * FROM membership") == before


def test_history_keeps_intervals_and_the_reasons_then(shop: Any) -> None:
    """Who left and came back has two intervals; each keeps the values that let him in."""
    shop.contact(1)
    shop.deal(1, contacts=[1], won="2024-01-10")
    work(shop)
    shop.at += timedelta(days=1)
    shop.deal(2, contacts=[1], won="2025-06-16")
    gone = work(shop, {"deal": [2]})["bought_once_180"]
    shop.at += timedelta(days=1)
    shop.delete("deal", 2)
    back = work(shop, {"deal": [2]})["bought_once_180"]

    rows = shop.store.rows("SELECT * FROM membership WHERE segment_key = 'bought_once_180' ORDER BY entered_at")

    assert (gone.left, back.entered) == (1, 1)
    assert [(row["entered_at"], row["left_at"]) for row in rows] == [
        ("2025-06-15T12:00:00Z", "2025-06-16T12:00:00Z"),
        ("2025-06-17T12:00:00Z", None),
    ]
    assert [(reason["answer"], reason["value"]) for reason in json.loads(rows[0]["reasons"])] == [("yes", 1), ("yes", "2024-01-10")]


def test_leaving_and_coming_back_within_a_second_is_no_interval(shop: Any) -> None:
    """Time is kept in seconds: such a client has never been away."""
    shop.contact(1)
    shop.deal(1, contacts=[1], won="2025-01-10")
    work(shop)
    shop.delete("deal", 1)
    work(shop, {"deal": [1]})
    shop.deal(1, contacts=[1], won="2025-01-10")
    work(shop, {"deal": [1]})

    assert [row["left_at"] for row in shop.store.rows("SELECT left_at FROM membership WHERE segment_key = 'won'")] == [None]


def test_deleted_client_leaves(shop: Any) -> None:
    """A client who is no more is no member."""
    shop.contact(1)
    shop.deal(1, contacts=[1], won="2025-01-10")
    work(shop)
    shop.delete("contact", 1)

    done = work(shop, {"contact": [1]})["won"]

    assert (done.left, members(shop, "won")) == (1, set())


def test_changed_client_does_not_disturb_the_others(shop: Any) -> None:
    """A refresh of one client lets nobody else out and counts all."""
    for number in (1, 2, 3):
        shop.contact(number)
        shop.deal(number, contacts=[number], won="2025-01-10")
    work(shop)
    shop.deal(2, contacts=[2])

    done = work(shop, {"deal": [2]})["won"]

    assert (done.entered, done.left, done.members) == (0, 1, 2)


def test_time_alone_moves_members(shop: Any) -> None:
    """When the portal's day ends, and not before, those who depend on the date enter and leave; others are not asked again."""
    shop.contact(1, uf_crm_membership_end="2025-06-23")
    shop.contact(2, uf_crm_membership_end="2025-06-15")
    shop.at = datetime(2025, 6, 15, 20, 59, tzinfo=UTC)  # 23:59 in Moscow
    work(shop)
    assert members(shop, "membership_7") == {"C_2"}
    assert refresh(shop.ctx, ()) == []

    shop.at += timedelta(minutes=1)
    done = refresh(shop.ctx, ())

    assert [(one.key, one.entered, one.left) for one in done] == [("bought_once_180", 0, 0), ("membership_7", 1, 1)]
    assert members(shop, "membership_7") == {"C_1"}
    assert refresh(shop.ctx, ()) == []


def test_unknown_is_counted_apart(shop: Any) -> None:
    """Who has no date is neither in nor out."""
    shop.contact(1)
    shop.contact(2, uf_crm_membership_end="2025-06-15")
    shop.contact(3, uf_crm_membership_end="2026-06-15")

    done = work(shop)["membership_7"]

    assert (done.members, done.unknown) == (1, 1)


def test_field_is_chosen_when_there_is_only_one(base: Any) -> None:
    """The only date field is taken; on contacts alone it means any contact of the client."""
    base.user_field("contact", "UF_CRM_ONE")
    ensure_presets(base.ctx)
    base.company(7)
    base.contact(1, [7], uf_crm_one="2025-06-16")

    work(base)

    assert [(choice.value, choice.of) for choice in choices(base.ctx)] == [("UF_CRM_ONE", "contact")]
    assert members(base, "membership_7") == {"CO_7"}


def test_segment_asks_for_its_field_until_it_is_chosen(shop: Any) -> None:
    """With two date fields nobody is in until the administrator chooses; then the next refresh fills the segment."""
    shop.user_field("contact", "UF_CRM_OTHER")
    shop.contact(1, uf_crm_membership_end="2025-06-16")

    problem = work(shop)["membership_7"].problem
    assert problem == {"en": "Choose the field: Field with the end date.", "ru": "Выберите поле: Поле с датой окончания."}
    assert get_segment(shop.ctx, "membership_7").problem == problem["ru"]
    assert refresh(shop.ctx, ()) == []

    set_parameter(shop.ctx, "membership_7", FIELD)
    refresh(shop.ctx, ())
    assert members(shop, "membership_7") == {"C_1"}
    assert get_segment(shop.ctx, "membership_7").problem is None


def test_segment_without_any_field_says_what_to_add(base: Any) -> None:
    """Where there is nothing to choose the page says what to make."""
    ensure_presets(base.ctx)

    problem = work(base)["membership_7"].problem

    assert problem is not None
    assert "Добавьте" in problem["ru"]


def test_deleted_field_empties_the_segment(shop: Any) -> None:
    """A rule that cannot be asked holds nobody; its history stays."""
    shop.contact(1, uf_crm_membership_end="2025-06-16")
    work(shop)
    with shop.store.write() as db:
        db.conn.execute("DELETE FROM user_field")

    done = {one.key: one for one in refresh(shop.ctx, ())}["membership_7"]

    assert (done.left, done.members) == (1, 0)
    assert shop.store.rows("SELECT left_at FROM membership WHERE segment_key = 'membership_7'") == [{"left_at": "2025-06-15T12:00:00Z"}]


def test_parameter_is_chosen_by_those_who_see_all_and_among_what_there_is(shop: Any) -> None:
    """A field that is not there is a mistake, a parameter that is not there is not found, an employee is refused."""
    with pytest.raises(Mistaken):
        set_parameter(shop.ctx, "membership_7", "UF_CRM_NONE")
    with pytest.raises(NotFound):
        set_parameter(shop.ctx, "won", FIELD)
    with pytest.raises(NotFound):
        set_parameter(shop.ctx, "nothing", FIELD)
    with pytest.raises(Refused):
        set_parameter(shop.seen_by(5), "membership_7", FIELD)


def test_refresh_of_changed_clients_comes_out_as_that_of_all(shop: Any) -> None:
    """Whatever changes from day to day, asking only whom it concerned leaves the members and the count that asking all would."""
    chance = random.Random(7)
    work(shop)
    for _ in range(40):
        shop.at += timedelta(hours=chance.choice([1, 30]))
        number, deal = chance.randint(1, 6), chance.randint(1, 9)
        end = chance.choice([None, "2025-06-20", "2025-07-01", "2025-07-20"])
        shop.contact(number, uf_crm_membership_end=end)
        shop.deal(deal, contacts=[chance.randint(1, 6)], won=chance.choice([None, "2024-12-20", "2025-01-05", "2025-06-01"]))
        work(shop, {"contact": [number], "deal": [deal]})
        some = {preset.key: members(shop, preset.key) for preset in PRESETS if preset.key in STARTERS}
        counted = {one.key: one.count for one in list_segments(shop.ctx)}

        assert [(done.entered, done.left) for done in refresh(shop.ctx)] == [(0, 0)] * len(STARTERS)
        assert some == {preset.key: members(shop, preset.key) for preset in PRESETS if preset.key in STARTERS}
        assert counted == {key: len(found) for key, found in some.items()}
