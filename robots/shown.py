"""Robots as pages show them: names, fields, what a run would bring about. Pages and robots do not import each other (see DESIGN)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from b24app.services import FieldShown, RobotShown
from robots import ROBOTS
from robots.robot import ERROR, Call, Robot

if TYPE_CHECKING:
    from b24app.context import Context

Preview = tuple[Mapping[str, Any], Mapping[str, str]]


def list_shown() -> dict[str, RobotShown]:
    """Return all robots by code."""
    return {robot.code: show(robot) for robot in ROBOTS}


def show(robot: Robot) -> RobotShown:
    """Return one robot as pages show it."""

    def preview(ctx: Context, entity: str, entity_id: int, texts: Mapping[str, Any]) -> Preview | None:
        call = Call(f"preview:{robot.code}", entity_id, robot.read_properties(texts), entity)
        found = robot.preview(ctx, call)
        return (found.values, found.message) if found else None

    return RobotShown(
        code=robot.code,
        name=robot.name,
        description=robot.description,
        fields=tuple(FieldShown(prop.code, prop.name, prop.drawn, prop.options, prop.initial) for prop in robot.properties),
        returns={value.code: value.name for value in (*robot.returns, ERROR)},
        has_page=robot.has_page,
        defaults={prop.code: prop.initial for prop in robot.properties},
        preview=preview,
    )
