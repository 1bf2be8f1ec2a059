"""Makes what a portal knows of us equal to what we declare: robots, events, placements, document templates.

Each part lists what is there, adds what is missing and removes what is ours and no longer declared, so that running it
twice, or again after a lost answer, changes nothing more. Decides nothing of what is declared: that is plan.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from b24app.bitrix.client import BATCH_SIZE
from b24app.documents.templates import Template, numerator_upload, template_upload
from b24app.errors import BitrixError
from b24app.sync.offline import SETTING
from install.offline import plan_queue

if TYPE_CHECKING:
    from b24app.context import Context

THERE_ALREADY = frozenset({"error_activity_already_installed"})


@dataclass(frozen=True)
class Placed:
    """A placement: its code, our page and its title by language."""

    code: str
    handler: str
    title: Mapping[str, str]


@dataclass(frozen=True)
class Plan:
    """All that we announce. `robots` are the parameters of bizproc.robot.add."""

    robots: tuple[Mapping[str, Any], ...]
    events: tuple[str, ...]
    event_handler: str
    placements: tuple[Placed, ...]
    templates: tuple[Template, ...]
    queued: tuple[str, ...] = ()  # events that the offline queue keeps too


Part = Callable[["Context", Plan], None]


def make_equal(ctx: Context, plan: Plan) -> None:
    """Make every part equal. Raises the first refusal."""
    for part in PARTS.values():
        part(ctx, plan)


def register_robots(ctx: Context, plan: Plan) -> None:
    """Update robots that are there, add missing ones, delete those of ours that are no longer declared."""
    present = set(ctx.bitrix.call("bizproc.robot.list").result or ())
    for robot in plan.robots:
        if robot["CODE"] in present or not _add_robot(ctx, robot):
            changes = {key: value for key, value in robot.items() if key != "CODE"}
            ctx.bitrix.call("bizproc.robot.update", {"CODE": robot["CODE"], "FIELDS": changes})
    for code in sorted(present - {robot["CODE"] for robot in plan.robots}):
        ctx.bitrix.call("bizproc.robot.delete", {"CODE": code})


def register_events(ctx: Context, plan: Plan) -> None:
    """Bind missing events to our one handler; unbind other online events and handlers of ours."""
    wanted = {(code.upper(), plan.event_handler) for code in plan.events}
    rows = [row for row in ctx.bitrix.call("event.get").result or () if not int(row.get("offline") or 0)]
    present = {(str(row["event"]).upper(), str(row["handler"])) for row in rows}
    unbind = [("event.unbind", {"event": event, "handler": handler}) for event, handler in sorted(present - wanted)]
    bind = [("event.bind", {"event": event, "handler": handler}) for event, handler in sorted(wanted - present)]
    _send(ctx, [*unbind, *bind])


def register_queue(ctx: Context, plan: Plan) -> None:
    """Open the queue of offline events where the tariff has it; remember it only when all is bound."""
    commands, queue = plan_queue(ctx, plan.queued)
    _send(ctx, commands)
    ctx.app_store.save_setting(ctx.portal.member_id, SETTING, queue)


def register_placements(ctx: Context, plan: Plan) -> None:
    """Bind missing placements and unbind ours that are no longer declared. Binding twice would show a tab twice."""
    wanted = {(placed.code, placed.handler): placed for placed in plan.placements}
    rows = ctx.bitrix.call("placement.get").result or ()
    present = {(str(row["placement"]), str(row["handler"])) for row in rows}
    unbind = [("placement.unbind", {"PLACEMENT": code, "HANDLER": handler}) for code, handler in sorted(present - set(wanted))]
    bind = [("placement.bind", _placement(wanted[key], ctx.portal.lang)) for key in sorted(set(wanted) - present)]
    _send(ctx, [*unbind, *bind])


def register_templates(ctx: Context, plan: Plan) -> None:
    """Upload missing templates and remember the portal's id of each. One that is there is left: people edit them in Word."""
    params = {"select": ["id", "name"], "order": {"id": "asc"}}
    there = list(ctx.bitrix.pages("crm.documentgenerator.template.list", params, "templates"))
    for template in plan.templates:
        found = _find_template(ctx, template, there)
        ctx.app_store.save_setting(ctx.portal.member_id, template.setting, found or _add_template(ctx, template))


PARTS: Mapping[str, Part] = {
    "robots": register_robots,
    "events": register_events,
    "offline": register_queue,
    "placements": register_placements,
    "templates": register_templates,
}


WITHOUT_APP = frozenset({"templates"})  # what a webhook may do too; all else belongs to an installed application


def _placement(placed: Placed, lang: str) -> dict[str, Any]:
    titles = {each: {"TITLE": title} for each, title in placed.title.items()}
    return {"PLACEMENT": placed.code, "HANDLER": placed.handler, "TITLE": placed.title[lang], "LANG_ALL": titles}


def _send(ctx: Context, commands: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
    """Send writes in batches: a portal counts requests. Raises the first refusal, after all have been tried."""
    for begin in range(0, len(commands), BATCH_SIZE):
        part = commands[begin : begin + BATCH_SIZE]
        ctx.bitrix.batch({f"c{number}": command for number, command in enumerate(part)}).raise_for_errors()


def _add_robot(ctx: Context, robot: Mapping[str, Any]) -> bool:
    """Add a robot; False when it is there although the list did not say so."""
    try:
        ctx.bitrix.call("bizproc.robot.add", robot)
    except BitrixError as error:
        if error.code.lower() not in THERE_ALREADY:
            raise
        return False
    return True


def _find_template(ctx: Context, template: Template, there: Iterable[Mapping[str, Any]]) -> int | None:
    """Find our template by the id that we remember, else by its name: an upload whose answer was lost is there already."""
    ids = {int(row["id"]): str(row.get("name", "")) for row in there}
    known = ctx.app_store.find_setting(ctx.portal.member_id, template.setting)
    if known in ids:
        return int(known)
    return next((number for number, name in ids.items() if name in template.name.values()), None)


def _add_template(ctx: Context, template: Template) -> int:
    fields = {**template_upload(template, ctx.portal.lang), "numeratorId": _numerator(ctx, template)}
    answer = ctx.bitrix.call("crm.documentgenerator.template.add", {"fields": fields})
    return int(answer.result["template"]["id"])


def _numerator(ctx: Context, template: Template) -> int:
    """Find the template's numerator by its name, or add it: two would count twice."""
    for row in ctx.bitrix.pages("crm.documentgenerator.numerator.list", key="numerators"):
        if row.get("name") in template.numerator_name.values():
            return int(row["id"])
    answer = ctx.bitrix.call("crm.documentgenerator.numerator.add", {"fields": numerator_upload(template, ctx.portal.lang)})
    return int(answer.result["numerator"]["id"])
