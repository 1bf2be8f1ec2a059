"""What an administrator chooses about clients and ready segments: who is a client, edges, windows, fields. Asks rooms, decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from flask import Blueprint, Response, request

from b24app.clients import settings as clients
from b24app.clients.identity import MODES
from b24app.clients.matrix import ScoreCounts, count_scores
from b24app.context import Context
from b24app.errors import NotFound
from b24app.portals.session import Session
from b24app.segments.sleeping import list_open, save_days
from b24app.segments.words import SIGNS
from b24app.store.segments import list_user_fields
from b24app.sync.chosen import choose_smart_processes, list_chosen
from pages.rendering import answer, fragment, services, session

blueprint = Blueprint("settings", __name__)

CARDS = ("contact", "company")
Edges = Mapping[str, list[Any]]


@blueprint.get("/settings")
def open_settings() -> Response:
    """Show the choices."""
    viewer, ctx = _administrator()
    return answer(show_settings(ctx), viewer)


@blueprint.post("/settings")
def save_settings() -> Response:
    """Save the choices and have everything worked out anew by them. What cannot be is said, and nothing is saved."""
    viewer, ctx = _administrator()
    changes = clients.read_form(request.form)
    days = _days(ctx)
    with ctx.app_store.write():
        chosen = clients.save_choices(ctx, changes)
        save_days(ctx, days)
    if chosen.support_process and chosen.support_process not in _mirrored(ctx):
        choose_smart_processes(ctx, [*_mirrored(ctx), chosen.support_process])
        _order(viewer, "sweep")
    _order(viewer, "model")
    return answer(show_settings(ctx, is_saved=True), viewer)


@blueprint.post("/settings/scores")
def count() -> Response:
    """Count the buyers by edges that are not saved."""
    viewer, ctx = _administrator()
    return answer(fragment("scores.html", ctx, **_scores(ctx, clients.read_form(request.form)["rfm"])), viewer)


def show_settings(ctx: Context, is_saved: bool = False) -> str:
    """Return the page."""
    chosen = clients.read_choices(ctx)
    edges = {name: list(values) for name, values in chosen.rfm.items()}
    fields = {one.key: _fields(ctx, one.field) for one in clients.SETTINGS if one.field}
    values: dict[str, Any] = {"chosen": chosen, "modes": MODES, "fields": fields, "open_days": list_open(ctx), "processes": _mirrored(ctx)}
    values["edges"] = _edges(ctx, edges)
    return fragment("settings.html", ctx, **values, **_scores(ctx, edges), is_saved=is_saved)


def _scores(ctx: Context, edges: Edges) -> dict[str, Any]:
    return {"scores": count_scores(ctx, edges), "sign": SIGNS.get(ctx.portal.currency, ctx.portal.currency)}


def _edges(ctx: Context, chosen: Edges) -> dict[str, list[Any]]:
    """Return the edges in force as a person writes them: his own, else those of the base."""
    counts = count_scores(ctx, chosen)
    return {name: [_short(float(edge)) for edge in chosen.get(name, ())] or _plain(ctx, name, one) for name, one in counts.items()}


def _plain(ctx: Context, name: str, counts: ScoreCounts) -> list[Any]:
    """Return edges as a person writes them: those of recency in days, the least first."""
    if name != "r":
        return [_short(float(edge)) for edge in counts.edges]
    today = ctx.today()
    return sorted(_days_between(str(edge), today) for edge in counts.edges)


def _short(number: float) -> float | int:
    """Return 3 for 3.0, and no more than hundredths."""
    return int(number) if number.is_integer() else round(number, 2)


def _days_between(day: str, today: str) -> int:
    return (date.fromisoformat(today) - date.fromisoformat(day)).days


def _days(ctx: Context) -> dict[str, dict[str, Any]]:
    """Return the numbers of days that the form has for ready segments."""
    found: dict[str, dict[str, Any]] = {}
    for one in list_open(ctx):
        text = request.form.get(f"days_{one.preset}_{one.name}", "").strip()
        found.setdefault(one.preset, {})[one.name] = int(text) if text.isdecimal() else text
    return found


def _fields(ctx: Context, kinds: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return the user fields of clients' cards that are of one of these kinds: name, title."""
    titles: dict[str, str] = {}
    for row in list_user_fields(ctx.store):
        if row["entity"] in CARDS and row["kind"] in kinds:
            titles.setdefault(row["name"], row[f"title_{ctx.lang}"] or row["title_en"] or row["name"])
    return sorted(titles.items(), key=lambda pair: pair[1].casefold())


def _mirrored(ctx: Context) -> list[int]:
    return [entity.type_id for entity in list_chosen(ctx) if entity.type_id]


def _order(viewer: Session, name: str) -> None:
    services().inbox.append("command", viewer.member_id, {"name": name})


def _administrator() -> tuple[Session, Context]:
    """Return who asks and his context. Raises NotFound for who may not know that the page is there."""
    viewer = session()
    ctx = services().context(viewer)
    if not ctx.viewer.is_admin:
        raise NotFound("the settings page is for administrators")
    return viewer, ctx
