"""Reads whom an activity was with: its communications, one row a person. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from b24app.sync.kinds import EMPTY, read_id, read_text
from b24app.sync.rows import Row


def read_parties(activity_id: int, values: Any) -> list[Row]:
    """Read COMMUNICATIONS; the portal leaves out what a communication does not have, and prints an empty list for none."""
    found = values.values() if isinstance(values, Mapping) else values if isinstance(values, list) else ()
    return [
        {
            "activity_id": activity_id,
            "position": position,
            "entity_type_id": read_id(value.get("ENTITY_TYPE_ID")),
            "entity_id": read_id(value.get("ENTITY_ID")),
            "kind": read_text(value.get("TYPE") or ""),
            "value": None if value.get("VALUE") in EMPTY else read_text(value["VALUE"]),
        }
        for position, value in enumerate(found)
        if isinstance(value, Mapping)
    ]
