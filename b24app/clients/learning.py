"""What the base teaches: models of purchases and money, rhythms by product, RFM edges, products bought together.

Reads a piece at a time and saves what it found in one short transaction. Nightly, and when all clients are worked out anew; in
between a client that changes is counted by what was learned last. RFM edges are found among all buyers; for the rest a base of
more than MOST buyers is asked evenly, every second or third or tenth of them, and numbers of clients are told as of all.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import date
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from b24app.clients.forecast import Forecaster, time_columns
from b24app.clients.lifetime import BgNbd, GammaGamma, fit_money, fit_purchases
from b24app.clients.rfm import NAMES, Edges, quantile_edges
from b24app.clients.rhythm import NO_GROUP, Intervals, Prior, learn, measure
from b24app.clients.together import Baskets
from b24app.store import evidence
from b24app.store import models as sql
from b24app.store.clients import touch
from b24app.store.upserts import chunks

if TYPE_CHECKING:
    from b24app.context import Context
    from b24app.store.mirror import PortalStore

MOST = 20_000  # buyers that are asked
PIECE = 2000  # of them in memory at once
INSTANT = "%Y-%m-%dT%H:%M:%SZ"


@lru_cache(maxsize=65536)
def ordinal(day: str) -> int:
    """Return the ordinal of YYYY-MM-DD."""
    return date.fromisoformat(day).toordinal()


@dataclass
class Survey:
    """What is gathered on the way through all buyers."""

    today: int
    times: list[np.ndarray] = field(default_factory=list)
    money: list[tuple[float, float]] = field(default_factory=list)
    intervals: list[Intervals] = field(default_factory=list)
    baskets: Baskets = field(default_factory=Baskets)

    def take(self, rows: Iterable[tuple[Any, ...]], products: Iterable[tuple[Any, ...]]) -> None:
        """Take in some clients: purchases (key, date, amount) and products (key, product, name, purchases with it), by key."""
        bought = {key: [(product, count) for _, product, _, count in some] for key, some in groupby(products, itemgetter(0))}
        dated: list[list[int]] = []
        for key, some in groupby(rows, itemgetter(0)):
            purchases = list(some)
            basket = bought.get(key, [])
            days = sorted({ordinal(day) for _, day, _ in purchases if day})
            if basket:
                self.baskets.add(basket)
            if len(days) > 1:
                group = max(basket, key=lambda one: (one[1], -one[0]))[0] if basket else NO_GROUP
                self.intervals.append(measure(days, group))
            if days:
                dated.append(days)
            amounts = [amount for _, _, amount in purchases if amount is not None]
            if len(amounts) == len(purchases):
                self.money.append((len(amounts), sum(amounts) / len(amounts)))
        if dated:
            self.times.append(np.column_stack(time_columns(dated, self.today)))


def learn_base(ctx: Context) -> None:
    """Ask the buyers and save what they teach."""
    store, survey = ctx.store, Survey(date.fromisoformat(ctx.today()).toordinal())
    keys, edges = sql.list_buyers(store), Edges(*(quantile_edges(values) for values in sql.list_scored(store)))
    step = -(-len(keys) // MOST) or 1
    for piece in chunks(keys[::step], PIECE):
        with store.write():
            touch(store, piece)
            rows, products = (sorted(found, key=itemgetter(0)) for found in (evidence.list_purchases(store), evidence.list_products(store)))
        survey.take(rows, products)
    times = np.concatenate(survey.times) if survey.times else np.empty((0, 3))
    money = np.array(survey.money, float).reshape(-1, 2)
    purchases, gains, rhythm = fit_purchases(*times.T), fit_money(*money.T), learn(survey.intervals)
    learned = {
        "purchases": purchases and asdict(purchases),
        "money": gains and asdict(gains),
        "rhythm": rhythm and {"base": rhythm.base, "strength": rhythm.strength},
        "rfm": asdict(edges),
        "baskets": {"buyers": survey.baskets.buyers * step},
    }
    pairs = [
        {
            "product_a": one.product_a,
            "product_b": one.product_b,
            "clients_a": one.clients_a,
            "clients_b": one.clients_b,
            "clients_both": one.both,
        }
        for one in survey.baskets.list_pairs()
    ]
    with ctx.store.write():
        sql.save_models(ctx.store, learned, ctx.now().strftime(INSTANT))
        sql.save_group_means(ctx.store, rhythm.groups if rhythm else {})
        sql.save_pairs(ctx.store, pairs)


@dataclass(frozen=True)
class Learned:
    """What was learned last; of a base that never was, nothing."""

    forecaster: Forecaster
    edges: Edges
    rhythm: Prior | None

    def with_groups(self, store: PortalStore, groups: Iterable[int]) -> Prior | None:
        """Return the rhythm with the means of these groups."""
        return self.rhythm and Prior(self.rhythm.base, self.rhythm.strength, sql.load_group_means(store, groups))


def load_learned(store: PortalStore) -> Learned:
    """Return what was learned last."""
    found = sql.load_models(store)
    purchases, money, rhythm = (found.get(name) for name in ("purchases", "money", "rhythm"))
    forecaster = Forecaster(BgNbd(**purchases) if purchases else None, GammaGamma(**money) if money else None)
    return Learned(forecaster, Edges(**found.get("rfm", dict.fromkeys(NAMES, ()))), Prior(**rhythm) if rhythm else None)
