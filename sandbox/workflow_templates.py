"""Templates of workflows: named chains of robots that are started for a deal by hand or by REST. Owns their table.

A real template is a program of a designer; here it is a list of robots with properties and conditions, made at the control address
(assumption 122). Its steps are rules of automation that stand on no stage.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sandbox import automation
from sandbox.robot_calls import DOCUMENT_TYPE
from sandbox.store import Section

if TYPE_CHECKING:
    from sandbox.portal import Portal

SECTIONS = (
    Section.declare(
        "workflow_templates",
        "ID:integer MODULE_ID:string ENTITY:string DOCUMENT_TYPE:string NAME:string AUTO_EXECUTE:integer STEPS:json PARAMETERS:json "
        "VARIABLES:json CONSTANTS:json MODIFIED:datetime IS_MODIFIED:char USER_ID:integer SYSTEM_CODE:string",
    ),
)


def add(portal: Portal, asked: Mapping[str, Any]) -> int:
    """Keep a template of deals: name, robots [{robot, client_id, properties, conditions}]. Raises ValueError."""
    name, robots = str(asked.get("name") or ""), list(asked.get("robots") or [])
    if not name:
        raise ValueError("a template needs a name")
    module, entity, kind = DOCUMENT_TYPE
    row = {"MODULE_ID": module, "ENTITY": entity, "DOCUMENT_TYPE": kind, "NAME": name, "AUTO_EXECUTE": 0, "IS_MODIFIED": "N"}
    with portal.store.write():
        steps = [automation.add_step(portal, robot) for robot in robots]
        return int(portal.store.insert("workflow_templates", row | {"STEPS": steps, "USER_ID": 1, "MODIFIED": portal.clock.stamp()}))
