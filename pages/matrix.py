"""All clients at once as people see them: the RFM matrix and who is in a cell, what is bought together, trends. Decides nothing itself."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, request

from b24app.clients.matrix import CELL_PAGE, Cell, Together, list_cell, list_pairs, rfm_matrix
from b24app.clients.rfm import SCORES
from b24app.context import Context
from b24app.errors import NotFound
from b24app.segments.definitions import check_may_define
from b24app.segments.history import list_trends
from pages.charts import Area, area
from pages.rendering import answer, fragment, services, session

blueprint = Blueprint("matrix", __name__)

SHADES = 6  # of a cell's colour, the palest for the least
BY = ("clients", "revenue")
MOST_PAIRS = 40  # on a page: beyond that nobody reads
ORDERS = ("clients", "lift", "confidence", "support")


@dataclass(frozen=True)
class Tile:
    """A cell as it is drawn: its share of the whole, 0 to 1, and how dark it is, 0 to SHADES."""

    cell: Cell
    share: float
    shade: int


@blueprint.get("/rfm")
def open_matrix() -> Response:
    """Show the matrix, coloured by clients or by revenue."""
    viewer = session()
    by = request.args.get("by", "")
    return answer(show_matrix(services().context(viewer), by if by in BY else BY[0]), viewer)


@blueprint.get("/rfm/<int:r>/<int:f>")
def open_cell(r: int, f: int) -> Response:
    """Show who is in a cell."""
    viewer = session()
    ctx = services().context(viewer)
    if not (1 <= r <= SCORES and 1 <= f <= SCORES):
        raise NotFound(f"no such scores: {r}, {f}")
    page = min(max(request.args.get("page", 1, type=int), 1), 10**6)
    rows, total = list_cell(ctx, (r, f), page)
    place = {"page": page, "first": (page - 1) * CELL_PAGE + 1, "last": (page - 1) * CELL_PAGE + len(rows)}
    rule = builder_link({"all": [_fact("r_score", r), _fact("f_score", f)]})
    return answer(fragment("cell.html", ctx, r=r, f=f, rows=rows, total=total, rule=rule, **place), viewer)


@blueprint.get("/together")
def open_together() -> Response:
    """Show what is bought together, and whom the second can be offered to."""
    viewer = session()
    ctx = services().context(viewer)
    check_may_define(ctx)
    order = request.args.get("sort", "")
    order = order if order in ORDERS else ORDERS[0]
    pairs = [(one, builder_link(_without(one)), _times(one.lift, ctx.lang)) for one in list_pairs(ctx, order, MOST_PAIRS)]
    return answer(fragment("together.html", ctx, pairs=pairs, order=order, orders=ORDERS), viewer)


@blueprint.get("/trends")
def open_trends() -> Response:
    """Show how large every segment was, day by day."""
    viewer = session()
    ctx = services().context(viewer)
    drawn: list[tuple[Any, Area | None]] = [(one, area(one.sizes)) for one in list_trends(ctx)]
    return answer(fragment("trends.html", ctx, trends=drawn), viewer)


def show_matrix(ctx: Context, by: str) -> str:
    """Return the matrix."""
    found = rfm_matrix(ctx)
    whole = sum(_weight(cell, by) for cell in found.cells)
    most = max((_weight(cell, by) for cell in found.cells), default=0.0)
    tiles = [_tile(cell, by, whole, most) for cell in found.cells]
    rows = [tiles[start : start + SCORES] for start in range(0, len(tiles), SCORES)]
    revenue = sum(group.revenue for group in found.groups)
    return fragment("matrix.html", ctx, rows=rows, groups=found.groups, by=by, whole=whole, revenue=revenue, scores=SCORES)


def builder_link(rule: Any) -> str:
    """Return the address of the builder with a rule in it."""
    return f"/segments/new?rule={quote(json.dumps(rule, ensure_ascii=False))}"


def _weight(cell: Cell, by: str) -> float:
    return float(cell.clients) if by == "clients" else cell.revenue or 0.0


def _tile(cell: Cell, by: str, whole: float, most: float) -> Tile:
    """The darkest cell is the greatest; whoever is there at all is not white."""
    weight = _weight(cell, by)
    shade = max(round(SHADES * weight / most), 1) if most and weight else 0
    return Tile(cell, weight / whole if whole else 0.0, shade)


def _fact(key: str, value: int) -> dict[str, Any]:
    return {"criterion": "fact", "fact": key, "op": "=", "value": value}


def _times(lift: float, lang: str) -> str:
    """Return how many times: × 1,8."""
    text = f"× {lift:.1f}"
    return text.replace(".", ",") if lang == "ru" else text


def _without(pair: Together) -> dict[str, Any]:
    return {
        "all": [
            {"criterion": "bought", "products": [pair.product_id]},
            {"not": {"criterion": "bought", "products": [pair.other_id]}},
        ]
    }
