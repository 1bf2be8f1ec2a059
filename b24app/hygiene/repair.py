"""Puts cards right: reads them fresh from the portal, writes back only what has changed. Twice in a row changes nothing more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from b24app.errors import BitrixBusy, BitrixError, BitrixGone, BitrixLost
from b24app.hygiene.checks import Finding, changes_of, find_all

if TYPE_CHECKING:
    from b24app.context import Context

GET, UPDATE = "crm.item.get", "crm.item.update"
Card = tuple[int, int]  # entityTypeId, number


@dataclass(frozen=True)
class Examined:
    """One card: what was found in it, and how much of that a person has to decide."""

    card: Card
    findings: tuple[Finding, ...]

    @property
    def mended(self) -> tuple[Finding, ...]:
        """Return what can be put right without a person."""
        return tuple(one for one in self.findings if one.after is not None)


def examine(ctx: Context, cards: Sequence[Card]) -> list[Examined]:
    """Return what is wrong with these cards; one that is not there any more has nothing wrong."""
    if not cards:
        return []
    answer = ctx.bitrix.batch({f"c{place}": (GET, _params(card)) for place, card in enumerate(cards)})
    for error in answer.errors.values():
        if isinstance(error, (BitrixBusy, BitrixGone, BitrixLost)) or error.code not in ("NOT_FOUND", "ACCESS_DENIED"):
            raise error
    read: dict[str, Any] = answer.results
    found = [(card, read[f"c{place}"]["item"]) for place, card in enumerate(cards) if f"c{place}" in read]
    return [Examined(card, tuple(find_all({**item, "entityTypeId": card[0]}))) for card, item in found]


def repair(ctx: Context, cards: Sequence[Card]) -> list[Examined]:
    """Put these cards right; return what was found. Raises the first refusal, after all cards had their turn."""
    examined = examine(ctx, cards)
    refused: BitrixError | None = None
    for one in examined:
        fields = changes_of(list(one.findings))
        try:
            if fields:
                ctx.bitrix.call(UPDATE, {**_params(one.card), "fields": fields})
        except (BitrixBusy, BitrixGone, BitrixLost):
            raise
        except BitrixError as error:
            refused = refused or error
    if refused:
        raise refused
    return examined


def _params(card: Card) -> dict[str, Any]:
    return {"entityTypeId": card[0], "id": card[1], "useOriginalUfNames": "Y"}
