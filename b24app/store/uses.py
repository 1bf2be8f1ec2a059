"""SQL by the noun use: what robots were asked with lately. Reads the journal of robot calls."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from b24app.store.mirror import PortalStore


def list_asked_of_robots(store: PortalStore, name: str, since: str) -> set[str]:
    """Return the values of a property with which robots were called from an instant on."""
    rows = store.tuples("SELECT DISTINCT properties FROM robot_call WHERE received_at >= ? AND properties LIKE ?", (since, f'%"{name}"%'))
    found = (json.loads(text) for (text,) in rows)
    return {str(one[name]) for one in found if isinstance(one, dict) and one.get(name)}
