"""What pages ask of all clients at once: the RFM matrix, what is bought together. Reads only, and only what the viewer may see.

What is bought together is a number about products, learned from the whole base: it names nobody, so every viewer gets the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from b24app.clients.rfm import GROUP_TITLES, GROUPS, NAMES, SCORES
from b24app.clients.settings import read_choices
from b24app.clients.together import Pair, Rule, rules_of
from b24app.store import facts as sql
from b24app.store import models

if TYPE_CHECKING:
    from b24app.context import Context

ORDERS = ("lift", "confidence", "support")


@dataclass(frozen=True)
class Cell:
    """The viewer's buyers with these scores; `revenue` in base currency, None when somebody's is unknown."""

    r: int
    f: int
    clients: int
    revenue: float | None


@dataclass(frozen=True)
class GroupSize:
    """A named RFM group as the viewer sees it."""

    key: str
    title: str
    clients: int
    revenue: float


@dataclass(frozen=True)
class Matrix:
    """All 25 cells, R from 5 to 1 and in it F from 1 to 5; groups in their own order; edges in force by score name, those set by hand
    (R in days) among `chosen`.
    """

    cells: tuple[Cell, ...]
    groups: tuple[GroupSize, ...]
    edges: dict[str, list[float | str]]
    chosen: tuple[str, ...]


@dataclass(frozen=True)
class Together:
    """A product that goes with another: names as the newest deals have them, how many clients bought both, the three measures."""

    product_id: int
    other_id: int
    other: str
    clients: int
    support: float
    confidence: float
    lift: float


def rfm_matrix(ctx: Context) -> Matrix:
    """Return how many of the viewer's clients have which scores of recency and frequency, with what they have brought."""
    counted = {(row["r_score"], row["f_score"]): (row["clients"], row["revenue"]) for row in sql.count_cells(ctx.store, ctx.viewer)}
    cells = tuple(Cell(r, f, *counted.get((r, f), (0, 0.0))) for r in range(SCORES, 0, -1) for f in range(1, SCORES + 1))
    sizes = {row["rfm_group"]: row for row in sql.count_groups(ctx.store, ctx.viewer)}
    lang = 0 if ctx.lang == "ru" else 1
    groups = tuple(
        GroupSize(one.key, GROUP_TITLES[one.key][lang], sizes[one.key]["clients"], sizes[one.key]["revenue"] or 0.0)
        if one.key in sizes
        else GroupSize(one.key, GROUP_TITLES[one.key][lang], 0, 0.0)
        for one in GROUPS
    )
    chosen = read_choices(ctx).rfm
    found = models.load_models(ctx.store).get("rfm", {})
    edges = {name: list(chosen.get(name) or found.get(name, ())) for name in NAMES}
    return Matrix(cells, groups, edges, tuple(chosen))


def list_together(ctx: Context, product: int, order: str = "lift", limit: int = 20) -> list[Together]:
    """Return what clients buy who have bought a product, the best first; `order`: lift, confidence or support."""
    buyers = models.load_models(ctx.store).get("baskets", {}).get("buyers", 0)
    pairs = [
        Pair(row["product_a"], row["product_b"], row["clients_a"], row["clients_b"], row["clients_both"])
        for row in models.list_pairs(ctx.store, product)
    ]
    key = order if order in ORDERS else ORDERS[0]
    rules: list[Rule] = sorted(rules_of(pairs, buyers, product), key=lambda rule: (-getattr(rule, key), -rule.both, rule.other))[:limit]
    names = models.list_product_names(ctx.store, (rule.other for rule in rules))
    return [Together(product, rule.other, names.get(rule.other, ""), rule.both, rule.support, rule.confidence, rule.lift) for rule in rules]
