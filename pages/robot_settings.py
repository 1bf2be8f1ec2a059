"""The page that the portal opens beside a robot's form: its settings with lists of ours, and what it would answer for a real deal.

Values go back into the form by BX24.placement.call (static/robot.js); nothing is saved here. Source: tutorials/bizproc/setting-robot.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request

from b24app.context import Context
from b24app.errors import Mistaken, NotFound
from b24app.segments.definitions import load_all
from b24app.services import FieldShown, RobotShown
from b24app.store.people import list_employees
from b24app.store.subjects import list_recent
from pages.calls import say_value
from pages.rendering import answer, fragment, services, session

blueprint = Blueprint("robot_settings", __name__)

DEALS = 30  # that are offered for trying
SEGMENTS = ("segment", "list")  # kinds of fields behind which our own lists stand


@blueprint.get("/robots/<code>/settings")
def look(code: str) -> Response:
    """Show the page with what was chosen, and the answer for the deal that was chosen."""
    viewer = session()
    asked = {name: value[:1000] for name, value in request.args.items()}
    return answer(show(services().context(viewer), code, asked, find_deal(asked)), viewer)


def show(ctx: Context, code: str, given: Mapping[str, Any], deal_id: int = 0) -> str:
    """Return the page. `given`: the robot's settings as they are now. Raises NotFound."""
    robot = get_robot(code)
    texts = {field.code: str(given.get(field.code) or _initial(field)) for field in robot.fields}
    values: dict[str, Any] = {
        "robot": robot,
        "texts": texts,
        "options": {field.code: list_options(ctx, field) for field in robot.fields},
        "deals": list_recent(ctx.store, ctx.viewer, DEALS) if ctx.viewer.sees_all else [],
        "deal_id": deal_id,
        "shown": try_on(ctx, robot, texts, deal_id) if deal_id and ctx.viewer.sees_all else None,
    }
    return fragment("robot.html", ctx, **values)


def get_robot(code: str) -> RobotShown:
    """Return the robot that has such a page. Raises NotFound."""
    found = services().robots.get(code)
    if found is None or not found.has_page:
        raise NotFound(f"settings of {code!r:.80}")
    return found


def find_deal(asked: Mapping[str, str]) -> int:
    """Return the deal whose number was typed, else the one that was chosen; 0 for none."""
    for name in ("number", "deal"):
        text = asked.get(name, "").strip().lstrip("#№")
        if text.isascii() and text.isdigit() and 0 < len(text) < 16:
            return int(text)
    return 0


def list_options(ctx: Context, field: FieldShown) -> list[tuple[str, str]] | None:
    """Return what there is to choose from, None when it is typed. A segment's value is read by people and by the robot alike."""
    if field.kind in SEGMENTS:
        found = [one for one in load_all(ctx) if field.kind == "segment" or one.list_key]
        return [(f"{one.title[ctx.lang]} [{one.key}]", one.title[ctx.lang]) for one in found]
    if field.kind == "bool":
        return [("Y", {"ru": "Да", "en": "Yes"}[ctx.lang]), ("N", {"ru": "Нет", "en": "No"}[ctx.lang])]
    if field.kind == "user":  # written as Bitrix24 writes an employee in a form
        people = [(f"user_{one['id']}", one["name"]) for one in list_employees(ctx.store) if one["is_active"]]
        return [("", "—"), *people]
    return [(key, title[ctx.lang]) for key, title in field.choices.items()] if field.choices else None


def _initial(field: FieldShown) -> str:
    """Return a field's first value as a person would type it: 0, not 0.0."""
    return f"{field.initial:g}" if isinstance(field.initial, float) else str(field.initial)


def try_on(ctx: Context, robot: RobotShown, texts: Mapping[str, str], deal_id: int) -> dict[str, Any]:
    """Return what the robot would answer for a deal: rows and a sentence, or the mistake."""
    try:
        found = robot.preview(ctx, "deal", deal_id, texts)
    except Mistaken as mistake:
        return {"mistake": mistake.sentence(ctx.lang)}
    if found is None:
        return {"none": True}
    values, said = found
    rows = [(robot.returns[code][ctx.lang], say_value(value, ctx.lang)) for code, value in values.items() if value not in ("", None)]
    return {"rows": rows, "said": said[ctx.lang]}
