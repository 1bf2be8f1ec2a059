"""What pages ask of all clients at once: the RFM matrix, what is bought together. Reads only, and only what the viewer may see.

What is bought together is a number about products, learned from the whole base: it names nobody, so every viewer gets the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from b24app.clients.rfm import GROUP_TITLES, GROUPS, NAMES, SCORES, Edges, choose_edges
from b24app.clients.settings import is_edges, read_choices
from b24app.clients.together import Pair, Rule, rules_of
from b24app.store import facts as sql
from b24app.store import models
from b24app.store import scores as scored

if TYPE_CHECKING:
    from b24app.context import Context

ORDERS = ("lift", "confidence", "support")
CELL_PAGE = 50
MOST_PAIRS = 2000  # of which the best are shown


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
class ScoreCounts:
    """The edges of a score in their order (R: dates), and how many buyers have 1, 2, ... 5; empty where there are no edges."""

    edges: tuple[float | str, ...]
    sizes: tuple[int, ...]


@dataclass(frozen=True)
class Together:
    """A product that goes with another: names as the newest deals have them, how many clients bought both, the three measures;
    `missing`: how many have bought the product and not the other, to whom it can be offered.
    """

    product_id: int
    other_id: int
    other: str
    clients: int
    support: float
    confidence: float
    lift: float
    product: str = ""
    missing: int = 0


@dataclass(frozen=True)
class CellClient:
    """A client of a cell. `revenue` in base currency or None; `last_purchase` a date; `group` the title of his RFM group."""

    key: str
    title: str
    reached: str
    purchases: int
    revenue: float | None
    last_purchase: str
    group: str


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


def list_cell(ctx: Context, scores: tuple[int, int], page: int = 1) -> tuple[list[CellClient], int]:
    """Return a page of the viewer's clients with these scores of recency and frequency, and how many there are."""
    rows, total = scored.list_cell(ctx.store, ctx.viewer, scores, (CELL_PAGE, (max(page, 1) - 1) * CELL_PAGE))
    lang = 0 if ctx.lang == "ru" else 1
    plain = ("key", "purchases", "revenue", "last_purchase")
    return [
        CellClient(
            **{name: row[name] for name in plain},
            title=row["title"] or row["key"],
            reached=row["phone"] or row["email"] or "",
            group=GROUP_TITLES[row["rfm_group"]][lang] if row["rfm_group"] in GROUP_TITLES else "",
        )
        for row in rows
    ], total


def count_scores(ctx: Context, chosen: Mapping[str, Sequence[float]]) -> dict[str, ScoreCounts]:
    """Return for R, F and M how many buyers have each score by these edges (R in days), or by those of the base where none are given.

    What is no rising row of four numbers counts nobody: somebody is still typing.
    """
    learned = models.load_models(ctx.store).get("rfm", {})
    found = Edges(*(learned.get(name, ()) for name in NAMES))
    today = date.fromisoformat(ctx.today())
    edges = choose_edges({name: values for name, values in chosen.items() if is_edges(name, values)}, found, today)
    return {name: _score_counts(ctx, name, getattr(edges, name)) for name in NAMES}


def _score_counts(ctx: Context, name: str, edges: Sequence[float | str]) -> ScoreCounts:
    if not edges:
        return ScoreCounts((), ())
    below, total = scored.count_below(ctx.store, name, edges)
    sizes = [high - low for low, high in zip((0, *below), (*below, total), strict=True)]
    return ScoreCounts(tuple(edges), tuple(sizes))


def list_pairs(ctx: Context, order: str = "clients", limit: int = 60) -> list[Together]:
    """Return what is bought together in the whole base, each pair from the side that says more.

    `order`: clients, lift, confidence, support.
    """
    buyers = models.load_models(ctx.store).get("baskets", {}).get("buyers", 0)
    rows = scored.list_pairs(ctx.store, MOST_PAIRS) if buyers else []
    sides = [_better_side(_pair(row), buyers) for row in rows]
    measure = {"clients": "both"}.get(order, order if order in ORDERS else "both")
    best = sorted(sides, key=lambda rule: (-getattr(rule, measure), -rule.both, rule.product, rule.other))[:limit]
    names = models.list_product_names(ctx.store, {number for rule in best for number in (rule.product, rule.other)})
    with_product = {(_pair(row).product_a, _pair(row).product_b): _pair(row) for row in rows}
    return [_together(rule, names, with_product) for rule in best]


def _pair(row: Mapping[str, Any]) -> Pair:
    return Pair(row["product_a"], row["product_b"], row["clients_a"], row["clients_b"], row["clients_both"])


def _better_side(pair: Pair, buyers: int) -> Rule:
    """Return the rule whose confidence is higher: from the rarer product to the commoner one."""
    return max((next(rules_of([pair], buyers, one)) for one in (pair.product_a, pair.product_b)), key=lambda rule: rule.confidence)


def _together(rule: Rule, names: Mapping[int, str], pairs: Mapping[tuple[int, int], Pair]) -> Together:
    pair = pairs[min(rule.product, rule.other), max(rule.product, rule.other)]
    mine = pair.clients_a if rule.product == pair.product_a else pair.clients_b
    return Together(
        rule.product, rule.other, names.get(rule.other, ""), rule.both, rule.support, rule.confidence, rule.lift,
        names.get(rule.product, ""), mine - rule.both,
    )  # fmt: skip


def list_together(ctx: Context, product: int, order: str = "lift", limit: int = 20) -> list[Together]:
    """Return what clients buy who have bought a product, the best first; `order`: lift, confidence or support."""
    buyers = models.load_models(ctx.store).get("baskets", {}).get("buyers", 0)
    pairs = [_pair(row) for row in models.list_pairs(ctx.store, product)]
    key = order if order in ORDERS else ORDERS[0]
    rules: list[Rule] = sorted(rules_of(pairs, buyers, product), key=lambda rule: (-getattr(rule, key), -rule.both, rule.other))[:limit]
    names = models.list_product_names(ctx.store, (rule.other for rule in rules))
    return [Together(product, rule.other, names.get(rule.other, ""), rule.both, rule.support, rule.confidence, rule.lift) for rule in rules]
