"""What the app knows of clients, back in the portal's own cards: only when an administrator agrees, only where something has changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.stories.town import CONTACT, DEAL, Town

SEGMENTS = "UF_CRM_RS_SEGMENTS"
WON = "С выигранными сделками"


@pytest.fixture
def agreed(town: Town) -> Iterator[Town]:
    """An administrator agrees, also to open deals; at the end he takes it back."""
    town.page().post("/segments/write-back", on="1", deals="1")
    yield town
    town.page().post("/segments/write-back", on="0")


def card(town: Town, type_id: int, number: int) -> dict[str, Any]:
    """Return a card as the portal has it."""
    return dict(town.call("crm.item.get", entityTypeId=type_id, id=number, useOriginalUfNames="Y")["item"])


def buyer(town: Town, name: str) -> int:
    """Add a person who has bought."""
    person = town.add(CONTACT, name=name)
    town.add(DEAL, title="Покупка", contactId=person, stageId="WON", opportunity=5000)
    return person


def test_cards_and_open_deals_say_the_segments_and_are_left_alone_after(agreed: Town) -> None:
    """The card and the open deal of a buyer get the segment; when another buyer comes, only his card is written."""
    first = buyer(agreed, "Записанный")
    deal = agreed.add(DEAL, title="В работе", contactId=first)
    for type_id, number in ((CONTACT, first), (DEAL, deal)):
        agreed.wait("the segment is written", lambda place=(type_id, number): WON in (card(agreed, *place).get(SEGMENTS) or []))
    agreed.rest()
    written = card(agreed, CONTACT, first)

    second = buyer(agreed, "Следующий")
    agreed.wait("the other card is written", lambda: WON in (card(agreed, CONTACT, second).get(SEGMENTS) or []))
    agreed.rest()

    assert written["UF_CRM_RS_REASON"] == "1 выигранная сделка."
    assert card(agreed, CONTACT, first)["updatedTime"] == written["updatedTime"]


def test_who_leaves_the_segment_has_it_taken_off_his_card(agreed: Town) -> None:
    """The deal is taken back: the card says no segment any more, and whoever comes next is still written."""
    person = agreed.add(CONTACT, name="Уходящий")
    deal = agreed.add(DEAL, title="Отменённая", contactId=person, stageId="WON", opportunity=100)
    agreed.wait("the segment is written", lambda: WON in (card(agreed, CONTACT, person).get(SEGMENTS) or []))
    agreed.update(DEAL, deal, stageId="LOSE")
    agreed.wait("it is taken off", lambda: not card(agreed, CONTACT, person).get(SEGMENTS))
