"""Robots on the stages of deals: which stand where and under what condition; adding and removing them. Runs none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Response, abort, jsonify, request

from sandbox import automation
from sandbox.conditions import OPERATORS
from sandbox.pages.card_fields import INPUTS, choices, field_title
from sandbox.pages.kanban import board_stages, list_categories
from sandbox.pages.shell import Shell, Viewer, in_language
from sandbox.rest import RestError
from sandbox.robot_calls import is_for_deals

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Blueprint

# Fields of a deal that a condition may ask; the portal's user fields follow.
ASKED = ("TYPE_ID", "OPPORTUNITY", "SOURCE_ID", "ASSIGNED_BY_ID", "STAGE_ID", "CURRENCY_ID", "IS_RETURN_CUSTOMER", "COMPANY_ID", "TITLE")
PROPERTY_INPUTS = {"date": "date", "datetime": "datetime-local", "double": "number", "int": "number", "text": "textarea"}
WITHOUT_VALUE = ("filled", "empty")


def add_routes(pages: Blueprint, shell: Shell) -> None:
    """Add the designer of robots."""
    portal = shell.portal

    @pages.get("/crm/deal/automation/<int:category>/")
    def designer(category: int) -> str:
        viewer = shell.viewer()
        stages = board_stages(portal, category)
        if not stages:
            abort(404)
        fields = list_fields(shell, viewer, category)
        offered = list_offered(shell, viewer)
        words = {
            "robots": offered,
            "fields": fields,
            "operators": [{"key": key, "title": viewer.say(f"op_{key}"), "bare": key in WITHOUT_VALUE} for key in OPERATORS],
            "address": f"/crm/deal/automation/{category}/",
        }
        rules = [print_rule(viewer, rule, offered, fields) for rule in automation.list_rules(portal, category)]
        about = {"category": category, "categories": list_categories(portal), "stages": stages}
        return shell.page("robots.html", rules=rules, words=words, **about)

    @pages.post("/crm/deal/automation/<int:category>/add/")
    def add_robot(category: int) -> Response:
        check_admin(shell.viewer())
        try:
            return jsonify(id=automation.add_rule(portal, {**request.get_json(), "category_id": category}))
        except ValueError as error:
            raise RestError(400, "ERROR_ARGUMENT", str(error)) from error

    @pages.post("/crm/deal/automation/<int:category>/remove/")
    def remove_robot(category: int) -> Response:
        check_admin(shell.viewer())
        known = {rule["id"] for rule in automation.list_rules(portal, category)}
        if (asked := request.get_json()["id"]) in known:
            automation.remove_rule(portal, asked)
        return jsonify(ok=True)


def check_admin(viewer: Viewer) -> None:
    """Raise RestError unless an administrator asks."""
    if not viewer.is_admin:
        raise RestError(403, "ACCESS_DENIED", viewer.say("admins_only"))


def list_offered(shell: Shell, viewer: Viewer) -> list[dict[str, Any]]:
    """Return the robots of installed applications that may stand on a deal's stage."""
    apps = {app["CLIENT_ID"]: app for app in shell.portal.grants.list_apps() if app["INSTALLED"]}
    return [
        {
            "code": robot["CODE"],
            "client_id": robot["CLIENT_ID"],
            "name": in_language(robot["NAME"], viewer.lang),
            "description": in_language(robot["DESCRIPTION"], viewer.lang),
            "app": in_language(apps[robot["CLIENT_ID"]]["TITLE"], viewer.lang),
            "has_settings_page": robot["USE_PLACEMENT"] == "Y",
            "properties": [print_property(viewer, code, one) for code, one in (robot["PROPERTIES"] or {}).items()],
        }
        for robot in automation.list_robots(shell.portal)
        if robot["CLIENT_ID"] in apps and is_for_deals(robot)
    ]


def print_property(viewer: Viewer, code: str, declared: dict[str, Any]) -> dict[str, Any]:
    """Return one setting of a robot as the form draws it."""
    kind = str(declared.get("Type") or "string")
    options = declared.get("Options") or {}
    pairs = options.items() if isinstance(options, dict) else enumerate(options)
    listed = [(str(key), in_language(title, viewer.lang)) for key, title in pairs] if kind == "select" else []
    if kind == "bool":
        listed = [("Y", viewer.say("yes")), ("N", viewer.say("no"))]
    return {
        "code": code,
        "name": in_language(declared.get("Name"), viewer.lang) or code,
        "description": in_language(declared.get("Description"), viewer.lang),
        "input": "select" if listed else PROPERTY_INPUTS.get(kind, "text"),
        "choices": listed,
        "required": declared.get("Required") == "Y",
        "value": "" if declared.get("Default") is None else declared["Default"],
    }


def print_values(robot: dict[str, Any] | None, given: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the filled settings of a robot on a stage: title and value in words."""
    known = {one["code"]: one for one in robot["properties"]} if robot else {}
    for code, value in given.items():
        if value not in (None, "", []):
            declared = known.get(code, {"name": code, "choices": ()})
            yield declared["name"], dict(declared["choices"]).get(str(value), str(value))


def list_fields(shell: Shell, viewer: Viewer, category: int) -> list[dict[str, Any]]:
    """Return the fields that a condition may ask, each with its closed list."""
    known = shell.portal.fields.of("deals")
    names = [*ASKED, *(name for name, field in known.by_name.items() if field.dynamic)]
    made = []
    for name in names:
        field = known.by_name[name]
        listed = choices(shell, field)
        if name == "STAGE_ID":
            listed = tuple((stage.id, stage.name) for stage in board_stages(shell.portal, category))
        title = field_title(viewer, field, known.definitions.get(name))
        made.append({"name": name, "title": title, "input": INPUTS.get(field.kind, "text"), "choices": listed})
    return made


def print_rule(viewer: Viewer, rule: dict[str, Any], offered: list[dict[str, Any]], fields: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a robot on a stage in words."""
    robot = next((one for one in offered if (one["client_id"], one["code"]) == (rule["client_id"], rule["robot"])), None)
    by_name = {field["name"]: field for field in fields}
    conditions = []
    for asked in rule["conditions"] or []:
        field = by_name.get(asked["field"], {"title": asked["field"], "choices": ()})
        values = asked["value"] if isinstance(asked["value"], list) else [asked["value"]]
        shown = ", ".join(dict(field["choices"]).get(str(value), str(value)) for value in values)
        conditions.append(f"{field['title']} {viewer.say('op_' + asked['operator'])} {shown}".strip())
    return {
        "id": rule["id"],
        "stage_id": rule["stage_id"],
        "name": robot["name"] if robot else rule["robot"],
        "app": robot["app"] if robot else "",
        "is_blocked": robot is None,
        "conditions": conditions,
        "properties": [*print_values(robot, rule["properties"] or {})],
    }
