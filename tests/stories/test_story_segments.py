"""Segments change by themselves when the portal changes, and say why somebody is in."""

from __future__ import annotations

import re

import pytest

from tests.stories.town import COMPANY, CONTACT, DEAL, Page, Town, day

SEGMENTS = ("won", "bought_once_180", "membership_7")


def count(town: Town, key: str) -> int:
    """Return a segment's size as the administrator's page shows it."""
    found = re.search(rf'href="/segments/{key}">([^<]+)<', town.page().get("/segments").text)
    assert found, key
    return int(re.sub(r"\D", "", found[1]))


def members(page: Page) -> set[str]:
    """Return the keys of the clients on a page."""
    return set(re.findall(r'href="/clients/([A-Z]+_\d+)"', page.text))


def reason(town: Town, key: str, client: str) -> str:
    """Return what a client's own page says of a segment: the sentence why he is in; empty when he is not."""
    page = town.page().get(f"/clients/{client}")
    found = re.search(rf'href="/segments/{key}">.*?<div>([^<]*)</div>', page.text, re.DOTALL)
    return found[1] if found else ""


@pytest.mark.parametrize("key", SEGMENTS)
def test_page_lists_as_many_members_as_it_counts(town: Town, key: str) -> None:
    """Every segment has members in the demo company, and its size is the number of those whom its pages name."""
    page, found, number = town.page(), set(), 1
    while here := members(page.get(f"/segments/{key}", page=number)) - found:
        found |= here
        number += 1
    assert len(found) == count(town, key) > 0


def test_won_deal_brings_its_client_in_and_lost_deal_takes_him_out(town: Town) -> None:
    """He who never bought wins a deal: he is in, with the deal as the reason; the deal is reopened: he is out."""
    person = town.add(CONTACT, name="Впервые", lastName="Купивший")
    deal = town.add(DEAL, title="Первая покупка", contactId=person, opportunity=1000)
    before = count(town, "won")
    town.update(DEAL, deal, stageId="WON")
    town.wait("the buyer is in", lambda: count(town, "won") == before + 1)
    assert reason(town, "won", f"C_{person}")
    town.update(DEAL, deal, stageId="LOSE")
    town.wait("he is out again", lambda: count(town, "won") == before)
    assert reason(town, "won", f"C_{person}") == ""


def test_membership_that_comes_near_brings_its_client_in(town: Town) -> None:
    """The date moves into the next seven days: in; beyond them: out; today and the seventh day: in."""
    company = town.add(COMPANY, title="Клуб «Скоро продление»", UF_CRM_MEMBERSHIP_END=day(40))
    key = f"CO_{company}"
    town.wait("the company is a client", lambda: town.rows("SELECT key FROM client WHERE key = ?", key))
    for offset, is_in in ((7, True), (8, False), (0, True), (-1, False), (3, True)):
        town.update(COMPANY, company, UF_CRM_MEMBERSHIP_END=day(offset))
        town.wait(f"in {offset} days: {is_in}", lambda is_in=is_in: bool(reason(town, "membership_7", key)) == is_in)


def test_only_purchase_half_a_year_ago_brings_its_client_in(town: Town) -> None:
    """One purchase 180 days ago: in; a second one now: out."""
    person = town.add(CONTACT, name="Давно", lastName="Небывавший")
    old = {"title": "Давняя", "contactId": person, "stageId": "WON", "opportunity": 500, "begindate": day(-200), "closedate": day(-180)}
    town.add(DEAL, **old)
    town.wait("he sleeps", lambda: reason(town, "bought_once_180", f"C_{person}"))
    town.add(DEAL, title="Вернулся", contactId=person, stageId="WON", opportunity=700, closedate=day(0))
    town.wait("he is awake", lambda: not reason(town, "bought_once_180", f"C_{person}"))


def test_deleted_client_leaves_every_segment(town: Town) -> None:
    """Nobody is a member who is not in the portal any more."""
    person = town.add(CONTACT, name="Исчезающий")
    town.add(DEAL, title="Последняя", contactId=person, stageId="WON", opportunity=10)
    town.wait("he is in", lambda: reason(town, "won", f"C_{person}"))
    town.delete(CONTACT, person)
    town.wait("he is gone", lambda: not town.rows("SELECT key FROM client WHERE key = ?", f"C_{person}"))
    current = "SELECT segment_key FROM membership WHERE client_key = ? AND left_at IS NULL"
    assert town.rows(current, f"C_{person}") == []
