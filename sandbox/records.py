"""The one door for changing records: checks and completes them by the rules of CRM, saves, then tells who listens.

REST methods, pages and robots change records only here. Listeners are told after the commit, in the order of their joining.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sandbox.entities import BY_SECTION
from sandbox.rest import Caller, Record, RestError
from sandbox.rules import Rules

if TYPE_CHECKING:
    from sandbox.portal import Portal


@dataclass(frozen=True)
class Change:
    """A record was added, updated or deleted. `before` is empty for add, `after` for delete; both carry children.

    `is_import`: added by an import, which runs no robots.
    """

    section: str
    kind: str
    id: int
    before: Record
    after: Record
    caller: Caller
    is_import: bool = False

    def changed(self, name: str) -> bool:
        """Tell whether a field has another value now."""
        return self.before.get(name) != self.after.get(name)


BY_SECTION_FIELDS = {section: {field.name for field in entity.fields} for section, entity in BY_SECTION.items()}

Listener = Callable[[Change], None]


class Records:
    """Adds, updates and deletes records of any section. `is_universal` says that crm.item.* asks (it refuses more)."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self._rules = Rules(portal)

    def add(self, section: str, fields: Mapping[str, Any], caller: Caller, is_universal: bool = False) -> int:
        """Keep a new record; return its id. Raises RestError for what CRM does not take."""
        return self._add(section, fields, {}, Change(section, "add", 0, {}, {}, caller), is_universal)

    def bring_in(self, section: str, fields: Mapping[str, Any], history: Mapping[str, Any], caller: Caller) -> int:
        """Import a CRM record: `history` is who made and moved it and when, as it was elsewhere. Raises RestError."""
        return self._add(section, fields, history, Change(section, "add", 0, {}, {}, caller, is_import=True), is_universal=True)

    def _add(self, section: str, fields: Mapping[str, Any], history: Mapping[str, Any], change: Change, is_universal: bool) -> int:
        store = self._portal.store
        with store.write():
            is_crm = section in BY_SECTION
            record = self._rules.new_record(section, fields, change.caller, is_universal) if is_crm else dict(fields)
            key = int(store.insert(section, {**record, **history}))
            if is_crm and "TITLE" in BY_SECTION_FIELDS[section] and not record.get("TITLE"):
                store.save(section, key, {"TITLE": f"{BY_SECTION[section].title} #{key}"})
            after = self._whole(section, key)
            self._note_stage(section, {}, after)
            self._tell(replace(change, id=key, after=after))
        return key

    def update(self, section: str, key: int, fields: Mapping[str, Any], caller: Caller, is_universal: bool = False) -> bool:
        """Change a record; return False, having saved nothing, when nothing would change. Raises RestError."""
        store = self._portal.store
        with store.write():
            before = self._whole(section, key)
            if section in BY_SECTION:
                changes = self._rules.changes(section, before, fields, caller, is_universal)
            else:
                changes = {name: value for name, value in fields.items() if before.get(name) != value}
            if not changes:
                return False
            store.save(section, key, changes)
            after = self._whole(section, key)
            self._note_stage(section, before, after)
            self._tell(Change(section, "update", key, before, after, caller))
        return True

    def delete(self, section: str, key: int, caller: Caller) -> None:
        """Forget a record with its product rows and stage history. Raises RestError when there is none."""
        store = self._portal.store
        with store.write():
            before = self._whole(section, key)
            store.delete(section, key)
            entity = BY_SECTION.get(section)
            if entity is not None:
                store.delete_where("product_rows", {"OWNER_TYPE": entity.short, "OWNER_ID": key})
                store.delete_where("stage_history", {"ENTITY_TYPE_ID": entity.type_id, "OWNER_ID": key})
            self._tell(Change(section, "delete", key, before, {}, caller))

    def touch(self, section: str, key: int, caller: Caller) -> None:
        """Move a CRM record's last activity to now; nobody is told (assumption 15)."""
        self._portal.store.save(section, key, {"LAST_ACTIVITY_TIME": self._portal.clock.stamp(), "LAST_ACTIVITY_BY": caller.user_id})

    def _whole(self, section: str, key: int) -> Record:
        record = self._portal.store.get(section, key)
        if record is None:
            raise RestError(400, "NOT_FOUND", "Элемент не найден")
        return record

    def _note_stage(self, section: str, before: Record, after: Record) -> None:
        row = self._rules.history(section, before, after) if section in BY_SECTION else None
        if row is not None:
            self._portal.store.insert("stage_history", row)

    def _tell(self, change: Change) -> None:
        def tell() -> None:
            for listener in tuple(self._portal.listeners):
                listener(change)

        self._portal.store.after_commit(tell)
