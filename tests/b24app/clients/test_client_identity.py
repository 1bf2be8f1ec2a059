"""Who is the client of a contact and of a deal."""

from __future__ import annotations

from typing import Any

import pytest

from b24app.clients.identity import group_keys, read_key
from b24app.clients.update import update_changed, update_clients


def owners(base: Any) -> dict[int, str]:
    """Return the client of each deal."""
    return {row["deal_id"]: row["client_key"] for row in base.store.rows("SELECT * FROM client_deal")}


def test_contact_without_company_is_a_client(base: Any) -> None:
    """A company is a client, a contact of a company is not, a contact on its own is."""
    base.company(7)
    base.contact(1, [7])
    base.contact(2)

    base.update()

    assert base.keys() == {"CO_7", "C_2"}


def test_deal_belongs_to_its_company_first(base: Any) -> None:
    """The deal's company wins over its contact's company; without one the primary contact decides."""
    base.company(7)
    base.company(8)
    base.contact(1, [8])
    base.contact(2)
    base.deal(1, company=7, contacts=[1])
    base.deal(2, contacts=[1, 2])
    base.deal(3, contacts=[2, 1])

    base.update()

    assert owners(base) == {1: "CO_7", 2: "CO_8", 3: "C_2"}


def test_deal_without_client_counts_for_nobody(base: Any) -> None:
    """A deal without company and contact has no client."""
    base.contact(2)
    base.deal(1, won="2025-01-01")

    base.update()

    assert owners(base) == {}
    assert base.facts("C_2")["purchases"] == 0


def test_contact_of_several_companies_belongs_to_its_primary_one(base: Any) -> None:
    """The first company that still exists is the client."""
    base.company(8)
    base.contact(1, [7, 8])
    base.deal(1, contacts=[1])

    base.update()

    assert owners(base) == {1: "CO_8"}


def test_deleted_cards_vanish(base: Any) -> None:
    """A deleted company is no client; its deals go to what is left of them."""
    base.company(7)
    base.contact(1, [7])
    base.deal(1, company=7, contacts=[1])
    base.update()
    base.delete("company", 7)

    touched = update_changed(base.ctx, {"company": [7]})

    assert touched == {"CO_7", "C_1"}
    assert base.keys() == {"C_1"}
    assert owners(base) == {1: "C_1"}


def test_own_company_and_recurring_template_are_left_out(base: Any) -> None:
    """Our own requisites buy nothing, and the template of recurring deals is no deal."""
    base.company(1, is_my_company=1)
    base.contact(2)
    base.deal(1, company=1, contacts=[2])
    base.deal(2, contacts=[2], is_recurring=1)

    base.update()

    assert base.keys() == {"C_2"}
    assert owners(base) == {1: "C_2"}


def test_contact_that_gets_a_company_hands_its_deals_over(base: Any) -> None:
    """Both the old and the new client are brought up to date."""
    base.company(7)
    base.contact(1)
    base.deal(1, contacts=[1], won="2025-01-01")
    base.update()
    base.contact(1, [7])

    touched = update_changed(base.ctx, {"contact": [1]})

    assert touched == {"C_1", "CO_7"}
    assert base.keys() == {"CO_7"}
    assert base.facts("CO_7")["purchases"] == 1


def test_deal_that_changes_hands_leaves_the_old_client(base: Any) -> None:
    """A deal moved to another company counts there and no longer here."""
    base.company(7)
    base.company(8)
    base.deal(1, company=7, won="2025-01-01")
    base.update()
    base.deal(1, company=8, won="2025-01-01")

    touched = update_changed(base.ctx, {"deal": [1], "lead": [5]})

    assert touched == {"CO_7", "CO_8"}
    assert (base.facts("CO_7")["purchases"], base.facts("CO_8")["purchases"]) == (0, 1)


def test_late_company_takes_its_deals(base: Any) -> None:
    """A company that is mirrored after its deals and contacts gets them then."""
    base.contact(1, [7])
    base.deal(1, company=7, contacts=[1])
    base.update()
    base.company(7)

    update_clients(base.ctx, ["CO_7"])

    assert base.keys() == {"CO_7"}
    assert owners(base) == {1: "CO_7"}


@pytest.mark.parametrize("key", ["", "C_0", "CO_", "c_1", "C_1 ", "D_1", "C_1; DROP", "CO_9999999999999999999"])
def test_what_is_no_key_is_not_read(key: str) -> None:
    """Only CO_ or C_ and a number is a client's key."""
    assert read_key(key) is None
    assert group_keys([key, "CO_3"]) == {"company": [3], "contact": []}
