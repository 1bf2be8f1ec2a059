"""The journal of robot calls as an administrator sees it: filters, one call with all it says, running it again, working hours."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, request

from b24app.context import ADMINISTER, Context
from b24app.errors import NotFound
from b24app.hours import find_week, read_week, save_week
from b24app.portals.session import Session
from b24app.store import calls as sql
from b24app.store.calls import OVER, STATES, Wanted
from pages.rendering import answer, fragment, services, session

blueprint = Blueprint("calls", __name__)

PAGE_SIZE = 30
LAST_PAGE = 10**6
PERIODS = ("1", "7", "30", "0")  # days; 0 is all
INSTANT = "%Y-%m-%dT%H:%M:%SZ"
TONES = {"answered": "good", "mistaken": "bad", "pending": "", "working": "", "expired": "warn"}


@dataclass(frozen=True)
class Line:
    """A call as it is read."""

    id: str
    robot: str
    state: str
    tone: str
    record: tuple[str, int, str]  # the word for its kind, its number, its address in the portal
    title: str
    said: str
    received_at: str
    seconds: float | None
    is_again: bool


@blueprint.get("/calls")
def open_calls() -> Response:
    """Show a page of the journal."""
    viewer, ctx = _administrator()
    return answer(show_calls(ctx), viewer)


@blueprint.get("/calls/<call_id>")
def open_call(call_id: str) -> Response:
    """Show one call with all that is kept of it."""
    viewer, ctx = _administrator()
    return answer(show_call(ctx, call_id), viewer)


@blueprint.post("/calls/<call_id>/again")
def run_again(call_id: str) -> Response:
    """Order one more run of a call that is over."""
    viewer, ctx = _administrator()
    _get_call(ctx, call_id)
    run = uuid.uuid4().hex
    services().inbox.append("command", viewer.member_id, {"name": "run_again", "call": call_id, "run": run}, run)
    return answer(show_call(ctx, call_id, is_ordered=True), viewer)


@blueprint.post("/calls/hours")
def set_hours() -> Response:
    """Choose the hours in which people are to get in touch with clients."""
    viewer, ctx = _administrator()
    form = request.form
    save_week(ctx, read_week(form.get("begin", "")[:5], form.get("end", "")[:5], [day[:1] for day in form.getlist("day")[:7]]))
    return answer(show_calls(ctx, is_saved=True), viewer)


def show_calls(ctx: Context, is_saved: bool = False) -> str:
    """Return the journal's content."""
    asked = _read_asked(request.args)
    number = int(text) if (text := request.args.get("page", "")).isdigit() and len(text) < 7 else 1
    page = min(max(number, 1), LAST_PAGE)
    since = _since(ctx, asked["period"])
    counts = sql.count_states(ctx.store, since)
    wanted = Wanted(asked["robot"], asked["state"], since, asked["q"])
    rows, total = sql.list_journal(ctx.store, wanted, PAGE_SIZE, (page - 1) * PAGE_SIZE)
    values: dict[str, Any] = {
        "lines": [_line(ctx, row) for row in rows],
        "total": total,
        "first": (page - 1) * PAGE_SIZE + 1,
        "page": page,
        "asked": asked,
        "robots": [(code, robot.name[ctx.lang]) for code, robot in services().robots.items()],
        "states": [(state, counts.get(state, 0)) for state in STATES],
        "tones": TONES,
        "periods": PERIODS,
        "link": lambda **changes: f"/calls?{urlencode({key: value for key, value in {**asked, **changes}.items() if value})}",
        "week": find_week(ctx),
        "is_saved": is_saved,
    }
    return fragment("calls.html", ctx, **values)


def show_call(ctx: Context, call_id: str, is_ordered: bool = False) -> str:
    """Return one call's content. Raises NotFound."""
    row = _get_call(ctx, call_id)
    robot = services().robots.get(row["robot"])
    fields = {field.code: field for field in robot.fields} if robot else {}
    names = {code: field.name[ctx.lang] for code, field in fields.items()}
    returned = json.loads(row["answer"])["return_values"] if row["answer"] else None
    titles = {code: name[ctx.lang] for code, name in robot.returns.items()} if robot else {}
    values: dict[str, Any] = {
        "call": row,
        "line": _line(ctx, row),
        "tones": TONES,
        "properties": [(names.get(code, code), _chosen(fields.get(code), value, ctx.lang)) for code, value in _properties(row).items()],
        "returned": returned and [(titles.get(code, code), say_value(value, ctx.lang)) for code, value in returned.items()],
        "is_over": row["state"] in OVER,
        "is_ordered": is_ordered,
    }
    return fragment("call.html", ctx, **values)


def _line(ctx: Context, row: Mapping[str, Any]) -> Line:
    robot = services().robots.get(row["robot"])
    said = json.loads(row["said"]) if row["said"] else {}
    began, ended = (row[name] and datetime.fromisoformat(row[name]) for name in ("received_at", "finished_at"))
    return Line(
        id=row["call_id"],
        robot=robot.name[ctx.lang] if robot else row["robot"],
        state=row["shown_state"],
        tone=TONES.get(row["shown_state"], ""),
        record=_record(row),
        title=row["title"],
        said=said.get(ctx.lang) or row["error"] or "",
        received_at=row["received_at"],
        seconds=(ended - began).total_seconds() if ended and began else None,
        is_again=bool(row["again_of"]),
    )


def _record(row: Mapping[str, Any]) -> tuple[str, int, str]:
    entity, number = row["entity"] or "deal", row["entity_id"] or 0
    if entity.startswith("dynamic_"):
        return "smart", number, f"/crm/type/{entity.removeprefix('dynamic_')}/details/{number}/"
    return entity, number, f"/crm/{entity}/details/{number}/"


def _properties(row: Mapping[str, Any]) -> dict[str, Any]:
    found = json.loads(row["properties"] or "{}")
    return {code: value for code, value in found.items() if value not in ("", None)} if isinstance(found, dict) else {}


def _chosen(field: Any, value: Any, lang: str) -> str:
    """Return a property's value as it was chosen: a list's title, not its key."""
    title = field.choices.get(str(value)) if field else None
    return title[lang] if title else str(value)


def say_value(value: Any, lang: str) -> Any:
    """Return a returned value as people say it: Y and N are yes and no, sums have their thousands apart."""
    if isinstance(value, float):
        text = f"{value:,.2f}".removesuffix(".00")
        return text.replace(",", "\N{NO-BREAK SPACE}").replace(".", ",") if lang == "ru" else text
    return {"Y": {"ru": "да", "en": "yes"}, "N": {"ru": "нет", "en": "no"}}.get(str(value), {}).get(lang, value)


def _get_call(ctx: Context, call_id: str) -> sql.Row:
    row = sql.find_shown(ctx.store, call_id)
    if row is None:
        raise NotFound(f"call {call_id!r:.40}")
    return row


def _read_asked(args: Mapping[str, str]) -> dict[str, str]:
    """Read the filters; what cannot be read asks nothing."""
    period = args.get("period", "30")
    return {
        "robot": args.get("robot", "")[:100],
        "state": args.get("state", "")[:20],
        "period": period if period in PERIODS else "30",
        "q": args.get("q", "").strip()[:200],
    }


def _since(ctx: Context, period: str) -> str:
    return (ctx.now() - timedelta(days=int(period))).strftime(INSTANT) if period != "0" else ""


def _administrator() -> tuple[Session, Context]:
    """Return who asks. Raises NotAllowed for whoever is no administrator."""
    viewer = session()
    ctx = services().context(viewer)
    ctx.viewer.check(ADMINISTER)
    return viewer, ctx
