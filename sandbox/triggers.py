"""Triggers of applications on the stages of deals and leads: executed for a record, a trigger moves it to its stage.

Owns the tables of triggers and of where they stand. Putting one on a stage is an administrator's work in the designer; here the
control address does it. A move is an ordinary update, so robots of the new stage run and events are sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sandbox.conditions import are_met, check_condition
from sandbox.entities import BY_TYPE, Entity
from sandbox.rest import Caller
from sandbox.store import Section

if TYPE_CHECKING:
    from sandbox.portal import Portal
    from sandbox.rest import Record

SECTIONS = (
    Section.declare("triggers", "ID:integer CLIENT_ID:string CODE:string NAME:string", "CLIENT_ID,CODE"),
    Section.declare(
        "trigger_rules",
        "ID:integer ENTITY_TYPE_ID:integer CATEGORY_ID:integer STAGE_ID:string CLIENT_ID:string CODE:string CONDITIONS:json BACK:bool",
        "CLIENT_ID,CODE",
    ),
)
DEAL = 2


def find_trigger(portal: Portal, client_id: str, code: str) -> Record | None:
    """Return a registered trigger."""
    found = portal.store.find("triggers", {"CLIENT_ID": client_id, "CODE": code}, limit=1)
    return found[0] if found else None


def list_triggers(portal: Portal, client_id: str) -> list[Record]:
    """Return an application's triggers."""
    return portal.store.find("triggers", {"CLIENT_ID": client_id})


def forget_app(portal: Portal, client_id: str) -> None:
    """Remove an application's triggers; stages keep their rules, which nothing sets off."""
    portal.store.delete_where("triggers", {"CLIENT_ID": client_id})


def add_rule(portal: Portal, asked: Mapping[str, Any]) -> int:
    """Put a trigger on a stage: trigger, client_id, stage_id, category_id, entity_type_id, conditions, back. Raises ValueError."""
    entity = BY_TYPE.get(int(asked.get("entity_type_id") or DEAL))
    if entity is None or not entity.stage_field:
        raise ValueError("only leads and deals have stages")
    category, stage = int(asked.get("category_id") or 0), str(asked.get("stage_id") or "")
    if portal.stages.find(entity.section, stage, category) is None:
        raise ValueError(f"pipeline {category} has no stage {stage!r}")
    code, client_id = str(asked.get("trigger") or ""), str(asked.get("client_id") or "")
    if find_trigger(portal, client_id, code) is None:
        raise ValueError(f"no trigger {code!r} of the application {client_id!r}")
    rule = {"ENTITY_TYPE_ID": entity.type_id, "CATEGORY_ID": category, "STAGE_ID": stage, "CLIENT_ID": client_id, "CODE": code}
    rule["CONDITIONS"] = [check_condition(condition) for condition in asked.get("conditions") or []]
    return int(portal.store.insert("trigger_rules", rule | {"BACK": bool(asked.get("back"))}))


def list_rules(portal: Portal) -> list[dict[str, Any]]:
    """Return where triggers stand."""
    return [{name.lower(): value for name, value in rule.items()} for rule in portal.store.find("trigger_rules")]


def execute(portal: Portal, trigger: Record, entity: Entity, key: int) -> bool:
    """Move a record to the first stage where the trigger stands and lets it in; return whether it moved (assumption 121)."""
    record = portal.store.get(entity.section, key)
    if record is None:
        return False
    chosen = {"ENTITY_TYPE_ID": entity.type_id, "CLIENT_ID": trigger["CLIENT_ID"], "CODE": trigger["CODE"]}
    for rule in portal.store.find("trigger_rules", {**chosen, "CATEGORY_ID": record.get("CATEGORY_ID") or 0}):
        if _lets_in(portal, entity, rule, record) and are_met(rule["CONDITIONS"] or [], record):
            return portal.records.update(entity.section, key, {entity.stage_field: rule["STAGE_ID"]}, Caller(0, admin=True, robot=True))
    return False


def _lets_in(portal: Portal, entity: Entity, rule: Record, record: Record) -> bool:
    """Tell whether the record stands before the rule's stage; with BACK it may also come from behind."""
    order = [stage.id for stage in portal.stages.list(entity.section, rule["CATEGORY_ID"])]
    if rule["STAGE_ID"] not in order or record[entity.stage_field] not in order:
        return False
    here, there = order.index(record[entity.stage_field]), order.index(rule["STAGE_ID"])
    return here != there if rule["BACK"] else here < there
