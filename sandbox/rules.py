"""The rules by which CRM completes and checks leads, deals, contacts and companies. Reads dictionaries, saves nothing.

Sources: crm-item-add (defaults), crm-item-update, crm-stage-history-list. Where they are silent: ASSUMPTIONS.md 11-16.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sandbox.entities import BY_SECTION, Field
from sandbox.fields import FieldSet
from sandbox.rest import Caller, Record, RestError
from sandbox.stages import Stage
from sandbox.store.children import LINKS_OF
from sandbox.values import edit_multi_field, read_field, wrong_value

if TYPE_CHECKING:
    from sandbox.portal import Portal

# A new record takes the first entry of these dictionaries.
FIRST_OF_DICTIONARY = ("TYPE_ID", "SOURCE_ID", "COMPANY_TYPE", "INDUSTRY", "EMPLOYEES")
HISTORY_CREATED, HISTORY_MOVED, HISTORY_FINAL, HISTORY_CATEGORY = 1, 2, 3, 5


class Rules:
    """Turns what a caller sent into a whole record (add) or into the changes to save (update)."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    def new_record(self, section: str, sent: Mapping[str, Any], caller: Caller, is_universal: bool) -> Record:
        """Return the complete record to insert. Raises RestError."""
        fields = self._portal.fields.of(section)
        record = self._read(fields, sent, {}, is_universal)
        self._check_required(fields, record)
        self._defaults(fields, record, caller)
        self._follow_links(section, {}, record)
        if fields.entity.stage_field:
            self._enter_stage(section, {}, record)
        return record

    def changes(self, section: str, before: Record, sent: Mapping[str, Any], caller: Caller, is_universal: bool) -> Record:
        """Return what to save; empty when nothing would change. Raises RestError."""
        fields = self._portal.fields.of(section)
        changes = self._read(fields, sent, before, is_universal)
        self._follow_links(section, before, changes)
        if fields.entity.stage_field:
            self._enter_stage(section, before, changes)
        changes = {name: value for name, value in changes.items() if not _same(value, before.get(name))}
        if changes:
            changes |= {"DATE_MODIFY": self._portal.clock.stamp(), "MODIFY_BY_ID": caller.user_id}
            if _moves(fields.entity.stage_field, changes):
                changes |= {"MOVED_TIME": changes["DATE_MODIFY"], "MOVED_BY_ID": caller.user_id}
        return changes

    def _read(self, fields: FieldSet, sent: Mapping[str, Any], before: Record, is_universal: bool) -> Record:
        made: Record = {}
        for name, value in sent.items():
            field = fields.by_name.get(name)
            if field is None or not field.writable:
                continue  # unknown and read-only fields are passed over without a word [crm-contact-add]
            if field.kind == "crm_multifield":
                made[name] = edit_multi_field(name, before.get(name) or (), value)
            else:
                made[name] = read_field(field, value, fields.definitions.get(name), is_universal)
        for name, flag in (("PHONE", "HAS_PHONE"), ("EMAIL", "HAS_EMAIL")):
            if name in made:
                made[flag] = "Y" if made[name] else "N"
        return made

    def _check_required(self, fields: FieldSet, record: Record) -> None:
        for field in fields.by_name.values():
            if field.dynamic and field.has("!") and record.get(field.name) in (None, "", []):
                raise RestError(400, "CRM_FIELD_ERROR_REQUIRED", f'Не заполнено обязательное поле "{field.title}"')

    def _defaults(self, fields: FieldSet, record: Record, caller: Caller) -> None:
        now, day = self._portal.clock.stamp(), self._portal.clock.now().date()
        known = {
            "ASSIGNED_BY_ID": caller.user_id, "CURRENCY_ID": self._portal.base_currency(), "OPENED": "Y", "EXPORT": "Y",
            "OPPORTUNITY": 0.0, "TAX_VALUE": 0.0, "REVENUE": 0.0, "BEGINDATE": day.isoformat(),
            "CLOSEDATE": (day + timedelta(days=7)).isoformat(),
        }  # fmt: skip
        known |= dict.fromkeys(("CREATED_BY_ID", "MODIFY_BY_ID", "MOVED_BY_ID", "LAST_ACTIVITY_BY"), caller.user_id)
        known |= dict.fromkeys(("DATE_CREATE", "DATE_MODIFY", "MOVED_TIME", "LAST_ACTIVITY_TIME"), now)
        for name, field in fields.by_name.items():
            if record.get(name) is not None or not field.stored or field.dynamic:
                continue
            if name in known:
                record[name] = known[name]
            elif name in FIRST_OF_DICTIONARY and name not in record:
                record[name] = self._first_status(field)

    def _first_status(self, field: Field) -> str | None:
        found = self._portal.store.find("statuses", {"ENTITY_ID": field.status_type}, order='"SORT", "ID"', limit=1)
        return found[0]["STATUS_ID"] if found else None

    def _follow_links(self, section: str, before: Record, changes: Record) -> None:
        """Keep the single linked object and the list of linked objects in step (assumption 12)."""
        link = LINKS_OF[section]
        if link.field in changes:
            changes[link.field] = list(dict.fromkeys(changes[link.field] or []))
            if link.primary:
                changes[link.primary] = changes[link.field][0] if changes[link.field] else None
        elif link.primary and link.primary in changes:
            old, new = before.get(link.primary), changes[link.primary] or None
            rest = [one for one in before.get(link.field) or [] if one not in (old, new)]
            ids = [new, *rest] if new else rest
            changes[link.field], changes[link.primary] = ids, ids[0] if ids else None
        if section == "leads" and (changes.get("CONTACT_ID") or changes.get("COMPANY_ID")):
            changes["IS_RETURN_CUSTOMER"] = "Y"

    def _enter_stage(self, section: str, before: Record, changes: Record) -> None:
        """Check the stage against its pipeline and set what follows from it."""
        entity = BY_SECTION[section]
        is_new = not before
        if not is_new and entity.stage_field not in changes and "CATEGORY_ID" not in changes:
            return
        stage = self._target_stage(section, before, changes)
        changes[entity.stage_field], changes[entity.semantic_field] = stage.id, stage.semantics
        if section == "deals":
            changes["CATEGORY_ID"] = stage.category_id
            changes["CLOSED"] = "Y" if stage.is_final else "N"
            changes["IS_NEW"] = "Y" if stage.id == self._portal.stages.list(section, stage.category_id)[0].id else "N"
        self._close(section, before, changes, stage)

    def _close(self, section: str, before: Record, changes: Record, stage: Stage) -> None:
        closed_before = before.get(BY_SECTION[section].semantic_field) in ("S", "F")
        if section == "leads":
            if stage.is_final != closed_before:
                changes["DATE_CLOSED"] = self._portal.clock.stamp() if stage.is_final else None
        elif before and stage.is_final and not closed_before and "CLOSEDATE" not in changes:
            changes["CLOSEDATE"] = self._portal.clock.now().date().isoformat()  # assumption 13

    def _target_stage(self, section: str, before: Record, changes: Record) -> Stage:
        stages, stage_field = self._portal.stages, BY_SECTION[section].stage_field
        fields = self._portal.fields.of(section).by_name
        asked = changes.get(stage_field)
        category = changes.get("CATEGORY_ID")
        if section == "leads":
            category = 0
        elif category is None:
            category = before["CATEGORY_ID"] if before else 0
            if asked and not before:
                category = stages.find(section, asked).category_id if stages.find(section, asked) else category  # type: ignore[union-attr]
        if section == "deals" and not stages.has_category(category):
            raise wrong_value(fields["CATEGORY_ID"])
        listed = stages.list(section, category)
        if asked is None and before and before.get("CATEGORY_ID", 0) == category:
            asked = before[stage_field]
        stage = listed[0] if asked is None and listed else next((one for one in listed if one.id == asked), None)
        if stage is None:
            raise wrong_value(fields[stage_field])
        return stage

    def history(self, section: str, before: Record, after: Record) -> Record | None:
        """Return the stage history row that a saved change leaves, or None."""
        entity = BY_SECTION[section]
        if not entity.stage_field:
            return None
        moved = before.get(entity.stage_field) != after[entity.stage_field]
        if not moved and before.get("CATEGORY_ID") == after.get("CATEGORY_ID"):
            return None
        kind = HISTORY_FINAL if after[entity.semantic_field] in ("S", "F") else HISTORY_MOVED
        if not before:
            kind = HISTORY_CREATED
        elif before.get("CATEGORY_ID") != after.get("CATEGORY_ID"):
            kind = HISTORY_CATEGORY
        return {
            "ENTITY_TYPE_ID": entity.type_id,
            "TYPE_ID": kind,
            "OWNER_ID": after["ID"],
            "CREATED_TIME": after["DATE_CREATE"] if not before else after["DATE_MODIFY"],
            "CATEGORY_ID": after.get("CATEGORY_ID") or 0,
            "STAGE_SEMANTIC_ID": after[entity.semantic_field],
            "STAGE_ID": after[entity.stage_field],
        }


def _same(new: Any, old: Any) -> bool:
    if isinstance(new, list):
        return new == (old or [])
    return new == old or (new in ("", None) and old in ("", None))


def _moves(stage_field: str, changes: Record) -> bool:
    return bool(stage_field) and (stage_field in changes or "CATEGORY_ID" in changes)
