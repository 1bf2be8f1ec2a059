"""Which events the portal has, which change of which section makes which, and what an event says. Decides only."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sandbox.entities import BY_USER_FIELDS, ENTITIES
from sandbox.records import Change

KINDS = {"add": "ADD", "update": "UPDATE", "delete": "DELETE"}

# Events of the application itself: the basic scope, so every application may bind them.
APP_EVENTS = (
    "ONAPPUNINSTALL",
    "ONAPPINSTALL",
    "ONAPPUPDATE",
    "ONAPPPAYMENT",
    "ONAPPTEST",
    "ONAPPMETHODCONFIRM",
    "ONOFFLINEEVENT",
)
MOVED = "ONCRMDEALMOVETOCATEGORY"

# Which section's changes make events, and by what word: deals -> ONCRMDEALADD, ...UPDATE, ...DELETE.
WORDS = {
    **{entity.section: entity.name for entity in ENTITIES},
    "activities": "ACTIVITY",
    "timeline_comments": "TIMELINECOMMENT",
    "documents": "DOCUMENTGENERATORDOCUMENT",
    "currencies": "CURRENCY",
}
USER_FIELD_KINDS = ("ADD", "UPDATE", "DELETE", "SETENUMVALUES")

CRM_EVENTS = (
    *(f"ONCRM{word}{kind}" for word in WORDS.values() for kind in KINDS.values()),
    MOVED,
    *(f"ONCRM{entity.name}USERFIELD{kind}" for entity in ENTITIES for kind in USER_FIELD_KINDS),
)
SCOPES = {"": APP_EVENTS, "crm": CRM_EVENTS, "user": ("ONUSERADD",)}
ALL = tuple(name for names in SCOPES.values() for name in names)


@dataclass(frozen=True)
class Event:
    """One event: its name and what its `data` says. `key` names the object, for the offline queue."""

    name: str
    content: dict[str, Any]
    key: str


def available(scopes: Iterable[str]) -> list[str]:
    """Return the events that a token with these scopes may bind."""
    granted = {"", *scopes}
    return [name for scope, names in SCOPES.items() if scope in granted for name in names]


def events_of(change: Change) -> list[Event]:
    """Return the events that a change makes; most make one, product rows and dictionaries make none."""
    if change.section == "user_fields":
        return _user_field_events(change)
    word = WORDS.get(change.section)
    if word is None:
        return []
    name = f"ONCRM{word}{KINDS[change.kind]}"
    content = CONTENTS.get(change.section, _fields_id)(change)
    if change.section == "deals" and change.kind == "update" and change.changed("CATEGORY_ID"):
        # The vendor sends this one in place of the update: api-reference/crm/deals/events/index.md
        name = MOVED
        content["FIELDS"].update(CATEGORY_ID=str(change.after["CATEGORY_ID"] or 0), STAGE_ID=change.after["STAGE_ID"])
    return [Event(name, content, f"{change.section}:{change.id}")]


def _fields_id(change: Change) -> dict[str, Any]:
    return {"FIELDS": {"ID": str(change.id)}}


def _bare_id(change: Change) -> dict[str, Any]:
    return {"ID": str(change.id)}


def _document(change: Change) -> dict[str, Any]:
    record = change.after or change.before
    owner = {"ENTITY_TYPE_ID": str(record["ENTITY_TYPE_ID"]), "ENTITY_ID": str(record["ENTITY_ID"])}
    return {"FIELDS": {"ID": str(change.id), **owner}}


CONTENTS: dict[str, Callable[[Change], dict[str, Any]]] = {"timeline_comments": _bare_id, "documents": _document}


def _user_field_events(change: Change) -> list[Event]:
    record = change.after or change.before
    entity = BY_USER_FIELDS.get(record["ENTITY_ID"])
    if entity is None:
        return []
    kinds = [KINDS[change.kind]]
    if change.kind == "update" and change.changed("LIST"):
        kinds.append("SETENUMVALUES")
    content = {"FIELDS": {"ID": str(change.id), "ENTITY_ID": record["ENTITY_ID"], "FIELD_NAME": record["FIELD_NAME"]}}
    return [Event(f"ONCRM{entity.name}USERFIELD{kind}", content, f"user_fields:{change.id}") for kind in kinds]
