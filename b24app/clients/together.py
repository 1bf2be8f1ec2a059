"""What is bought together: association rules over clients' baskets (Agrawal, Imielinski, Swami 1993). Pure.

A basket is all that one client has ever bought, because what follows a purchase later is what there is to offer.
support = clients with both / all buyers; confidence of A -> B = with both / with A; lift = confidence / share of buyers with B.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations

MOST_PRODUCTS = 40  # of one basket, those bought most often: pairs grow with the square
FEWEST = 2  # clients with both, below which a pair is chance
KEPT = 20_000  # pairs


@dataclass(frozen=True)
class Pair:
    """Two products, the smaller id first, with the numbers of clients that have bought one, the other, both."""

    product_a: int
    product_b: int
    clients_a: int
    clients_b: int
    both: int


@dataclass
class Baskets:
    """Counts baskets as they come."""

    buyers: int = 0
    clients: Counter[int] = field(default_factory=Counter)
    pairs: Counter[tuple[int, int]] = field(default_factory=Counter)

    def add(self, products: Sequence[tuple[int, int]]) -> None:
        """Count one client's basket: (product, number of purchases with it)."""
        self.buyers += 1
        if len(products) > MOST_PRODUCTS:
            products = sorted(products, key=lambda one: (-one[1], one[0]))[:MOST_PRODUCTS]
        ids = sorted(product for product, _ in products)
        self.clients.update(ids)
        self.pairs.update(combinations(ids, 2))

    def list_pairs(self) -> list[Pair]:
        """Return the pairs that are no chance, those of most clients first."""
        found = sorted((-both, pair) for pair, both in self.pairs.items() if both >= FEWEST)
        return [Pair(a, b, self.clients[a], self.clients[b], -negative) for negative, (a, b) in found[:KEPT]]


@dataclass(frozen=True)
class Rule:
    """Who has bought `product` buys `other`: how many clients did both, and the three measures."""

    product: int
    other: int
    both: int
    support: float
    confidence: float
    lift: float


def rules_of(pairs: Iterable[Pair], buyers: int, product: int) -> Iterator[Rule]:
    """Yield what goes with a product."""
    for pair in pairs:
        other, mine, its = (pair.product_b, pair.clients_a, pair.clients_b)
        if product == pair.product_b:
            other, mine, its = (pair.product_a, pair.clients_b, pair.clients_a)
        confidence = pair.both / mine
        yield Rule(product, other, pair.both, pair.both / buyers, confidence, confidence * buyers / its)
