"""The one door for changing records: checks and completes them by the rules of CRM, saves, then tells who listens.

REST methods, pages and robots change records only here. Listeners are told after the commit, in the order of their joining.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.rest import Caller, Record

if TYPE_CHECKING:
    from sandbox.portal import Portal


@dataclass(frozen=True)
class Change:
    """A record was added, updated or deleted. `before` is empty for add, `after` for delete; both carry children."""

    section: str
    kind: str
    id: int
    before: Record
    after: Record
    caller: Caller

    def changed(self, name: str) -> bool:
        """Tell whether a field has another value now."""
        return self.before.get(name) != self.after.get(name)


Listener = Callable[[Change], None]


class Records:
    """Adds, updates and deletes records of any section."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    def add(self, section: str, fields: dict[str, Any], caller: Caller) -> int:
        """Keep a new record; return its id. Raises RestError for what CRM does not take."""
        raise NotImplementedError

    def update(self, section: str, key: int, fields: dict[str, Any], caller: Caller) -> bool:
        """Change a record; return False, having saved nothing, when nothing would change. Raises RestError."""
        raise NotImplementedError

    def delete(self, section: str, key: int, caller: Caller) -> None:
        """Forget a record. Raises RestError when there is none."""
        raise NotImplementedError
