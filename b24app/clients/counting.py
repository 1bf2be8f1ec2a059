"""Works out the facts of clients from what the mirror knows of them (`Evidence`): PARTS, one computation a group of facts. Pure.

Numbers of a person's clock stay out: `World` says what day it is, what is chosen and what the base has taught.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from operator import itemgetter
from typing import Any

from b24app.clients.facts import COMPUTED, STORED
from b24app.clients.forecast import Forecaster
from b24app.clients.person import card_values, reach_values
from b24app.clients.purchases import past_value, purchase_values
from b24app.clients.rfm import Edges, rfm_values
from b24app.clients.rhythm import NO_GROUP, Prior, estimate, measure, retention
from b24app.clients.settings import Choices
from b24app.clients.talks import Talk, Ticket, contact_values, support_values


@dataclass(slots=True)
class Evidence:
    """What the mirror knows of one client. `row`: facts that were asked in SQL; days are ordinals in the portal's zone."""

    row: Mapping[str, Any]
    days: list[int] = field(default_factory=list)
    amounts: list[float | None] = field(default_factory=list)
    products: int = 0
    main: tuple[int, str | None, int] = (NO_GROUP, None, 0)  # the product of most purchases: id, name, purchases with it
    lost_reason: str | None = None
    talks: list[Talk] = field(default_factory=list)
    tickets: list[Ticket] = field(default_factory=list)
    reached: list[tuple[str, str]] = field(default_factory=list)
    consents: list[Any] = field(default_factory=list)
    card: Mapping[str, Any] = field(default_factory=dict)

    def bought(self, product: tuple[int, str, int]) -> None:
        """Take in a product; of those in equally many purchases the oldest is the main one."""
        self.products += 1
        if (product[2], -product[0]) > (self.main[2], -self.main[0]):
            self.main = product

    @property
    def group(self) -> int:
        """Whom the client is like: those with the same main product."""
        return self.main[0]


@dataclass(frozen=True)
class World:
    """What is the same for all: the day, the choices, what the base has taught, titles of the consent field's items."""

    today: date
    choices: Choices
    rhythm: Prior | None
    edges: Edges
    forecaster: Forecaster
    consents: Mapping[str, str]


Values = Mapping[str, Any]
Part = Callable[[Sequence[Evidence], World], Iterator[Values]]


def each(count: Callable[[Evidence, World], Values]) -> Part:
    """Turn a computation for one client into one for many."""
    return lambda clients, world: (count(client, world) for client in clients)


@lru_cache(maxsize=65536)
def text(ordinal: int) -> str:
    """Return a day as YYYY-MM-DD."""
    return date.fromordinal(ordinal).isoformat()


def rhythm_part(client: Evidence, world: World) -> Values:
    """Work out the facts of the group `rhythm`. A purchase dated in the future is not overdue, nor is its window open."""
    if not client.days:
        return dict.fromkeys(("rhythm", "next_purchase", "overdue_ratio", "retention", "upsell_window"))
    since = world.today.toordinal() - client.days[-1]
    first, last = world.choices.upsell_days
    window = {"upsell_window": int(first <= since <= last)}
    own = estimate(measure(client.days, client.group), world.rhythm)
    if own is None:
        return {"rhythm": None, "next_purchase": None, "overdue_ratio": None, "retention": None, **window}
    return {
        "rhythm": round(own, 1),
        "next_purchase": text(min(client.days[-1] + round(own), date.max.toordinal())),
        "overdue_ratio": round(since / own, 2),
        "retention": retention(len(client.days), since / own, world.choices.retention),
        **window,
    }


def value_part(clients: Sequence[Evidence], world: World) -> Iterator[Values]:
    """Work out the facts of the group `value`, for many at once."""
    forecasts = world.forecaster.predict([(client.days, client.row) for client in clients], world.today.toordinal())
    for client, forecast in zip(clients, forecasts, strict=True):
        ltv = past_value(client.row, client.days)
        low, high = forecast.pop("low"), forecast.pop("high")
        revenue = forecast["expected_revenue_365"]
        yield {
            **forecast,
            "ltv": ltv,
            "ltv_predicted": _sum(ltv, revenue),
            "ltv_low": _sum(ltv, low),
            "ltv_high": _sum(ltv, high),
        }


def product_part(client: Evidence, _: World) -> Values:
    """Work out the facts of the group `products`; of rows that are of no catalogue product nothing is known."""
    return {"products_bought": client.products, "main_product": client.main[1]}


PARTS: Mapping[str, Part] = {
    "purchases": each(lambda client, _: purchase_values(client.row, client.days, client.amounts)),
    "deals": each(lambda client, _: {"lost_reason": client.lost_reason}),
    "rhythm": each(rhythm_part),
    "value": value_part,
    "rfm": each(lambda client, world: rfm_values(client.row, world.edges)),
    "products": each(product_part),
    "contact": each(lambda client, world: contact_values(client.talks, world.today.toordinal(), text)),
    "support": each(lambda client, world: support_values(client.talks, client.tickets, world.today.toordinal(), text)),
    "reach": each(lambda client, world: reach_values(client.reached, client.consents, world.consents)),
    "card": each(lambda client, world: card_values(client.card, world.today)),
}
COLUMNS = STORED


def count_facts(clients: Sequence[Evidence], world: World) -> list[tuple[Any, ...]]:
    """Return the values of COLUMNS for each client."""
    found = [dict(client.row) for client in clients]
    for part in PARTS.values():
        for values, more in zip(found, part(clients, world), strict=True):
            values.update(more)
    return list(map(itemgetter(*COLUMNS), found))


def keys_by_part() -> dict[str, set[str]]:
    """Return which facts every part has to answer for."""
    return {group: {fact.key for fact in COMPUTED if fact.group == group} for group in PARTS}


def _sum(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else round(one + other, 2)
