"""SQL by the noun employee: the portal's people and departments as the mirror knows them. Reads only."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from b24app.store.mirror import PortalStore

Row = dict[str, Any]


def list_employees(store: PortalStore) -> list[Row]:
    """Return all employees by name: id, name, position, is_active (None: not known), department_ids (a list)."""
    rows = store.rows("SELECT id, name, position, is_active, department_ids FROM employee ORDER BY name, id")
    return [{**row, "department_ids": _numbers(row["department_ids"])} for row in rows]


def list_departments(store: PortalStore) -> list[Row]:
    """Return all departments in the portal's order: id, name, parent_id, head_id."""
    return store.rows("SELECT id, name, parent_id, head_id FROM department ORDER BY sort, id")


def _numbers(text: str | None) -> list[int]:
    """Return ids out of JSON; PHP prints some as text."""
    found = json.loads(text) if text else []
    return [int(one) for one in found if str(one).isdigit()] if isinstance(found, list) else []
