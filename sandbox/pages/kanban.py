"""Deals on a board: columns by stage with sum and count, cards, and moving a card. Reads and moves by the same methods as REST."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import Response, abort, jsonify, redirect, request

from sandbox.access import visible
from sandbox.pages.shell import Shell, Viewer, print_money
from sandbox.stages import Stage
from sandbox.store import Where

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flask import Blueprint
    from werkzeug.wrappers import Response as AnyResponse

    from sandbox.portal import Portal

DEAL = 2
CARDS = 30  # of a column at first, and with every "show more"
ORDER_OF_SEMANTICS = {"P": 0, "S": 1, "F": 2}
SHOWN = [
    "id",
    "title",
    "opportunity",
    "currencyId",
    "typeId",
    "assignedById",
    "createdTime",
    "movedTime",
    "contactId",
    "companyId",
    "stageId",
]


@dataclass(frozen=True)
class Column:
    """One stage of the board with its first cards."""

    stage: Stage
    count: int
    total: str
    cards: list[dict[str, Any]]


def add_routes(pages: Blueprint, shell: Shell) -> None:
    """Add the board, its further cards and the move."""
    portal = shell.portal

    @pages.get("/crm/deal/")
    def deals() -> AnyResponse:
        return redirect("/crm/deal/kanban/")

    @pages.get("/crm/deal/kanban/")
    def board() -> str:
        category = request.args.get("category", 0, int)
        if not portal.stages.has_category(category):
            abort(404)
        columns = read_columns(shell, shell.viewer(), category)
        return shell.page(
            "kanban.html", columns=columns, category=category, categories=list_categories(portal), step=CARDS, types=types(portal)
        )

    @pages.get("/crm/deal/kanban/cards/")
    def more_cards() -> str:
        stage = portal.stages.find("deals", request.args.get("stage", ""), request.args.get("category", 0, int))
        if stage is None:
            abort(404)
        cards = read_cards(shell, shell.viewer(), stage, request.args.get("start", 0, int))
        return shell.page("kanban_cards.html", cards=cards, stages=board_stages(portal, stage.category_id))

    @pages.post("/crm/deal/kanban/move/")
    def move() -> Response:
        asked, viewer = request.get_json(), shell.viewer()
        sent = {"entityTypeId": DEAL, "id": asked["id"], "fields": {"stageId": asked["stage"]}}
        item = portal.call(viewer.caller, "crm.item.update", sent).result["item"]
        return jsonify(stage=item["stageId"], columns=print_totals(portal, viewer, item["categoryId"]))

    @pages.post("/crm/deal/add/")
    def add_deal() -> AnyResponse:
        viewer, form = shell.viewer(), request.form
        fields = {"title": form.get("title"), "typeId": form.get("typeId"), "categoryId": form.get("categoryId", 0, int)}
        if form.get("opportunity"):
            fields["opportunity"] = form["opportunity"]
        item = portal.call(viewer.caller, "crm.item.add", {"entityTypeId": DEAL, "fields": fields}).result["item"]
        return redirect(f"/crm/deal/details/{item['id']}/", 303)


def list_categories(portal: Portal) -> list[tuple[int, str]]:
    """Return the pipelines; a portal always has the general one."""
    found = [(int(row["ID"]), str(row["NAME"])) for row in portal.store.find("categories", {"ENTITY_TYPE_ID": DEAL}, order='"SORT", "ID"')]
    return found if any(key == 0 for key, _ in found) else [(0, ""), *found]


def board_stages(portal: Portal, category: int) -> list[Stage]:
    """Return a pipeline's stages, the final ones at the end."""
    return sorted(portal.stages.list("deals", category), key=lambda stage: ORDER_OF_SEMANTICS.get(stage.semantics, 0))


def types(portal: Portal) -> dict[str, str]:
    """Return the titles of deal types."""
    return {row["STATUS_ID"]: row["NAME"] for row in portal.store.find("statuses", {"ENTITY_ID": "DEAL_TYPE"}, order='"SORT", "ID"')}


def read_columns(shell: Shell, viewer: Viewer, category: int) -> list[Column]:
    """Return the board of a pipeline."""
    totals = count_stages(shell.portal, viewer, category)
    base = shell.portal.base_currency()
    made = []
    for stage in board_stages(shell.portal, category):
        count, total = totals.get(stage.id, (0, 0.0))
        made.append(Column(stage, count, print_money(total, base), read_cards(shell, viewer, stage, 0) if count else []))
    return made


def count_stages(portal: Portal, viewer: Viewer, category: int) -> dict[str, tuple[int, float]]:
    """Return count and sum in the base currency by stage, of the deals that the person sees."""
    where = Where('"CATEGORY_ID" = ?', (category,)) & visible(portal.store, viewer.caller)
    sql = f'SELECT "STAGE_ID", "CURRENCY_ID", COUNT(*), SUM("OPPORTUNITY") FROM deals{where.clause} GROUP BY "STAGE_ID", "CURRENCY_ID"'
    rates = {row["CURRENCY"]: (row["AMOUNT"] or 1) / (row["AMOUNT_CNT"] or 1) for row in portal.store.find("currencies")}
    made: dict[str, tuple[int, float]] = {}
    for stage, currency, count, total in portal.store.rows(sql, where.params):
        known = made.get(stage, (0, 0.0))
        made[stage] = (known[0] + count, known[1] + (total or 0) * rates.get(currency, 1))
    return made


def print_totals(portal: Portal, viewer: Viewer, category: int) -> dict[str, dict[str, Any]]:
    """Return the heads of all columns as the board's script sets them after a move."""
    totals, base = count_stages(portal, viewer, category), portal.base_currency()
    found = {stage.id: totals.get(stage.id, (0, 0.0)) for stage in portal.stages.list("deals", category)}
    return {key: {"count": count, "total": print_money(round(total), base)} for key, (count, total) in found.items()}


def read_cards(shell: Shell, viewer: Viewer, stage: Stage, start: int) -> list[dict[str, Any]]:
    """Return a column's cards, the last moved first. The first cards are read without counting."""
    asked = {
        "entityTypeId": DEAL,
        "filter": {"=categoryId": stage.category_id, "=stageId": stage.id},
        "order": {"movedTime": "DESC", "id": "DESC"},
        "select": SHOWN,
        "start": start or -1,
    }
    items = shell.portal.call(viewer.caller, "crm.item.list", asked).result["items"][:CARDS]
    return [*_dress(shell, items)]


def _dress(shell: Shell, items: list[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    """Yield cards with names in place of ids."""
    people, kinds, clients = shell.people(), types(shell.portal), client_names(shell.portal, items)
    for item in items:
        client = clients.get(("company", item["companyId"])) or clients.get(("contact", item["contactId"])) or ""
        yield item | {"client": client, "type": kinds.get(item["typeId"], ""), "responsible": people.get(item["assignedById"], "")}


def client_names(portal: Portal, items: Iterable[dict[str, Any]]) -> dict[tuple[str, int], str]:
    """Return the names of the contacts and companies of deals."""
    items = list(items)
    companies = portal.store.find("companies", {"ID": sorted({item["companyId"] for item in items if item["companyId"]})})
    contacts = portal.store.find("contacts", {"ID": sorted({item["contactId"] for item in items if item["contactId"]})})
    named = {("company", row["ID"]): str(row["TITLE"] or f"#{row['ID']}") for row in companies}
    return named | {("contact", row["ID"]): person_name(row) for row in contacts}


def person_name(row: dict[str, Any]) -> str:
    """Return a contact's or a lead's name."""
    return " ".join(row[name] for name in ("LAST_NAME", "NAME", "SECOND_NAME") if row.get(name)) or f"#{row['ID']}"
