"""What an administrator chooses: who is a client, edges, fields."""

from __future__ import annotations

from typing import Any

import pytest

from b24app.clients.settings import SETTINGS, read_choices, save_choices
from b24app.clients.update import renew_facts, update_clients
from b24app.errors import Mistaken


def owners(base: Any) -> dict[int, str]:
    """Return the client of each deal."""
    return {row["deal_id"]: row["client_key"] for row in base.store.rows("SELECT * FROM client_deal")}


@pytest.fixture
def mixed_base(base: Any) -> Any:
    """A company with a person, a person alone; a deal of each, one of a company without people and one of both."""
    base.company(7)
    base.company(8)
    base.contact(1, [7])
    base.contact(2)
    base.deal(1, company=7)
    base.deal(2, contacts=[1])
    base.deal(3, contacts=[2])
    base.deal(4, company=8, contacts=[2])
    base.update()
    return base


def test_mixed_is_the_default(mixed_base: Any) -> None:
    """Companies, and people without one."""
    assert mixed_base.keys() == {"CO_7", "CO_8", "C_2"}
    assert owners(mixed_base) == {1: "CO_7", 2: "CO_7", 3: "C_2", 4: "CO_8"}


def test_companies_alone(mixed_base: Any) -> None:
    """People without a company are nobody, their deals neither; the change is seen by the job that learns."""
    save_choices(mixed_base.ctx, {"mode": "companies"})

    renew_facts(mixed_base.ctx)

    assert mixed_base.keys() == {"CO_7", "CO_8"}
    assert owners(mixed_base) == {1: "CO_7", 2: "CO_7", 4: "CO_8"}


def test_contacts_alone(mixed_base: Any) -> None:
    """Companies are nobody; a deal that names only a company is nobody's."""
    save_choices(mixed_base.ctx, {"mode": "contacts"})

    renew_facts(mixed_base.ctx)

    assert mixed_base.keys() == {"C_1", "C_2"}
    assert owners(mixed_base) == {2: "C_1", 3: "C_2", 4: "C_2"}


@pytest.mark.parametrize("mode", ["mixed", "companies", "contacts"])
def test_one_client_comes_out_as_all_do(mixed_base: Any, mode: str) -> None:
    """In every mode a few clients are worked out as the whole base is, and there is a way back."""
    save_choices(mixed_base.ctx, {"mode": mode})
    mixed_base.update()
    before = (mixed_base.keys(), owners(mixed_base))

    update_clients(mixed_base.ctx, ["CO_7", "CO_8", "C_1", "C_2"])

    assert (mixed_base.keys(), owners(mixed_base)) == before


@pytest.mark.parametrize(
    "changes",
    [
        {"mode": "people"}, {"upsell_days": [14, 7]}, {"upsell_days": [7]}, {"upsell_days": "7-14"},
        {"retention": {"lapsing": 3, "lost": 2}},
        {"retention": {"lost": 2}}, {"rfm": {"r": [1, 2, 3]}}, {"rfm": {"x": [1, 2, 3, 4]}}, {"rfm": {"r": [1, 2, 2, 4]}},
        {"consent_field": "TITLE"}, {"support_process": "128"}, {"support_process": True}, {"unheard_of": 1},
    ],
)  # fmt: skip
def test_what_cannot_be_is_not_saved(base: Any, changes: dict[str, Any]) -> None:
    """The person hears what is wrong, in both languages, and everything stays."""
    with pytest.raises(Mistaken) as caught:
        save_choices(base.ctx, {"upsell_days": [3, 5], **changes})

    assert set(caught.value.sentences) == {"en", "ru"}
    assert read_choices(base.ctx).upsell_days == (7, 14)


def test_choices_are_kept_beside_each_other(base: Any) -> None:
    """One choice leaves the others as they are; what an older version saved wrongly is as declared."""
    save_choices(base.ctx, {"upsell_days": [3, 5]})
    save_choices(base.ctx, {"rfm": {"r": [365, 30, 90, 180]}})
    base.ctx.app_store.save_setting("m1", "clients", {**base.ctx.app_store.find_setting("m1", "clients"), "mode": "gone"})

    found = read_choices(base.ctx)

    assert (found.upsell_days, found.rfm, found.mode) == ((3, 5), {"r": (30, 90, 180, 365)}, "mixed")


def test_every_setting_is_declared_with_words_and_a_good_default() -> None:
    """What is declared holds by its own check."""
    for setting in SETTINGS:
        assert setting.ru
        assert setting.en
        assert setting.check(setting.default), setting.key


def test_edges_by_hand_score_recency_by_days(base: Any) -> None:
    """Bought 20 days ago with edges of 30, 90, 180 and 365 days: 5; the upsell window has moved too."""
    base.contact(1)
    base.deal(1, contacts=[1], won="2025-05-26")
    save_choices(base.ctx, {"rfm": {"r": [30, 90, 180, 365]}, "upsell_days": [20, 25]})

    base.update()

    assert (base.facts("C_1")["r_score"], base.facts("C_1")["upsell_window"]) == (5, 1)
