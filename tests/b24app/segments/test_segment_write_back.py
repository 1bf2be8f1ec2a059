"""What goes back into cards: only where agreed, only what changed, again after a failure; moves are announced once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from b24app.bitrix.payloads import Answer, BatchAnswer, build_command
from b24app.errors import BitrixBusy, BitrixError
from b24app.segments.announce import announce, moves_moment
from b24app.segments.definitions import ensure_presets
from b24app.segments.membership import refresh
from b24app.segments.write_back import FIELDS, disable, enable, write_back
from b24app.store import written


class Cards:
    """A portal that takes fields and values; `refusals` are raised for a card once."""

    def __init__(self) -> None:
        self.fields: dict[str, list[dict[str, Any]]] = {"contact": [], "company": [], "deal": []}
        self.cards: dict[tuple[int, int], dict[str, Any]] = {}
        self.refusals: dict[str, BitrixError] = {}
        self.batches = 0

    def pages(self, method: str) -> Iterator[dict[str, Any]]:
        """List the fields of an entity."""
        yield from self.fields[method.split(".")[1]]

    def call(self, method: str, params: Mapping[str, Any]) -> Answer:
        """Make a field."""
        self.fields[method.split(".")[1]].append(dict(params["fields"]))
        return Answer(1, 0)

    def batch(self, commands: Mapping[str, tuple[str, Mapping[str, Any]]]) -> BatchAnswer:
        """Write cards."""
        self.batches += 1
        answers, errors = {}, {}
        for key, (method, params) in commands.items():
            assert method == "crm.item.update"
            assert "fields" in build_command(method, params)  # as the client says it in a batch
            if refusal := self.refusals.pop(key, None):
                errors[key] = refusal
            else:
                self.cards.setdefault((params["entityTypeId"], params["id"]), {}).update(params["fields"])
                answers[key] = Answer({}, 0)
        return BatchAnswer(answers, errors)


@pytest.fixture
def town(base: Any) -> Any:
    """A base over such a portal: a company that bought, a contact that did not."""
    base.cards = Cards()
    base.ctx = replace(base.ctx, bitrix=base.cards)
    base.company(1)
    base.contact(2)
    base.deal(1, company=1, won="2025-06-01")
    ensure_presets(base.ctx)
    base.update()
    refresh(base.ctx)
    return base


def test_nothing_is_written_before_an_administrator_agrees(town: Any) -> None:
    """Neither by the clock nor when somebody moves."""
    announce(town.ctx)

    assert write_back(town.ctx) == 0
    assert town.cards.batches == 0


def test_agreement_makes_the_fields_and_fills_the_cards(town: Any) -> None:
    """In contacts and companies; a card that has nothing to say is not touched."""
    assert enable(town.ctx) == 1

    assert [field["FIELD_NAME"] for field in town.cards.fields["contact"]] == [field.name for field in FIELDS]
    card = town.cards.cards[(4, 1)]
    assert card["UF_CRM_RS_SEGMENTS"] == ["С выигранными сделками"]
    assert card["UF_CRM_RS_REASON"] == "1 выигранная сделка."
    assert (3, 2) not in town.cards.cards


def test_second_time_writes_nothing(town: Any) -> None:
    """Neither fields nor cards; and the event that our own write causes finds nothing new."""
    enable(town.ctx)
    made, batches = len(town.cards.fields["contact"]), town.cards.batches

    assert enable(town.ctx) == 0
    assert (len(town.cards.fields["contact"]), town.cards.batches) == (made, batches)


def test_who_moves_is_written_once(town: Any) -> None:
    """The job that is ordered by a refresh writes the cards of those who came or went."""
    enable(town.ctx)
    town.at += timedelta(minutes=1)
    announce(town.ctx)
    moment = moves_moment(town.ctx)
    town.at += timedelta(hours=1)
    town.deal(2, contacts=[2], won="2025-06-10")
    town.update()
    refresh(town.ctx, {"C_2"})
    town.at += timedelta(minutes=1)

    assert moves_moment(town.ctx) != moment
    assert announce(town.ctx) == {"won": 1}
    assert town.cards.cards[(3, 2)]["UF_CRM_RS_SEGMENTS"] == ["С выигранными сделками"]
    town.at += timedelta(hours=1)
    assert announce(town.ctx) == {}


def test_who_leaves_is_emptied(town: Any) -> None:
    """Also a card behind which no client stands any more."""
    enable(town.ctx)
    town.delete("deal", 1)
    town.save("company", id=1, title="Своя", is_my_company=1)
    town.update()
    refresh(town.ctx)

    assert write_back(town.ctx) == 1
    assert town.cards.cards[(4, 1)]["UF_CRM_RS_SEGMENTS"] == ""


def test_refused_card_is_written_the_next_time(town: Any) -> None:
    """A busy portal puts the job off; a card that is gone does not hold the others up."""
    town.company(3)
    town.deal(3, company=3, won="2025-06-01")
    town.update()
    refresh(town.ctx)
    town.cards.refusals = {"company1": BitrixBusy("crm.item.update", "OPERATION_TIME_LIMIT")}
    with pytest.raises(BitrixBusy):
        enable(town.ctx)
    assert town.cards.cards.keys() == {(4, 3)}
    town.cards.refusals = {"company1": BitrixError("crm.item.update", "NOT_FOUND")}

    assert write_back(town.ctx) == 0
    assert write_back(town.ctx) == 1


def test_agreement_can_be_taken_back(town: Any) -> None:
    """Fields stay, nothing is written."""
    enable(town.ctx)
    disable(town.ctx)

    assert write_back(town.ctx) == 0


def test_open_deals_are_written_where_they_are_wanted(town: Any) -> None:
    """The deal in progress says what its client's card says, a closed one is left alone; once."""
    town.deal(5, company=1)
    town.update()
    refresh(town.ctx)

    assert enable(town.ctx, deals=True) == 2
    assert [field["FIELD_NAME"] for field in town.cards.fields["deal"]] == [field.name for field in FIELDS]
    assert town.cards.cards[(2, 5)]["UF_CRM_RS_SEGMENTS"] == ["С выигранными сделками"]
    assert (2, 1) not in town.cards.cards
    assert write_back(town.ctx) == 0


def test_deals_are_not_written_unless_they_are_wanted(town: Any) -> None:
    """Agreeing to cards is not agreeing to deals."""
    town.deal(5, company=1)
    town.update()

    enable(town.ctx)

    assert town.cards.fields["deal"] == []
    assert (2, 5) not in town.cards.cards


def test_moves_of_a_refresh_under_way_are_told_the_next_time(town: Any) -> None:
    """Nobody asks what has moved while a refresh is letting people in: a moment that is not committed yet would be passed over."""
    heard: list[bool] = []
    list_moved = written.list_moved

    def listen(store: Any, since: str) -> Any:
        heard.append(store.refreshing.locked())
        return list_moved(store, since)

    announce(town.ctx)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(written, "list_moved", listen)
        announce(town.ctx)

    assert heard == [True]
