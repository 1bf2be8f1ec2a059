"""Which fields a CRM object has at this moment: the system's and the portal's user fields. Reads definitions, never records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox.entities import BY_SECTION, Entity, Field
from sandbox.store import Store

# Old answers and both filters know user fields by these kinds; the rest are kept as text.
LABELS = ("EDIT_FORM_LABEL", "LIST_COLUMN_LABEL", "LIST_FILTER_LABEL")


@dataclass(frozen=True)
class FieldSet:
    """The fields of one CRM object: by old name, by camelCase name, and by camelCase with user fields under their own."""

    entity: Entity
    by_name: dict[str, Field]
    by_item_name: dict[str, Field]
    by_original_name: dict[str, Field]
    definitions: dict[str, dict[str, Any]]

    def item_names(self, is_original: bool) -> dict[str, Field]:
        """Return the universal API's names in the asked manner (useOriginalUfNames)."""
        return self.by_original_name if is_original else self.by_item_name


def user_field(definition: dict[str, Any], language: str) -> Field:
    """Return the field that a user field's definition describes."""
    flags = ("m" if definition["MULTIPLE"] == "Y" else "") + ("!" if definition["MANDATORY"] == "Y" else "")
    labels = next((definition[name] for name in LABELS if definition.get(name)), None) or {}
    title = labels.get(language) or next(iter(labels.values()), None) if isinstance(labels, dict) else str(labels)
    return Field(definition["FIELD_NAME"], definition["USER_TYPE_ID"], title or definition["FIELD_NAME"], flags, dynamic=True)


class Fields:
    """Field sets by section, remembered until a user field changes."""

    def __init__(self, store: Store, language: str) -> None:
        self._store, self._language = store, language
        self._sets: dict[str, tuple[int, FieldSet]] = {}

    def of(self, section: str) -> FieldSet:
        """Return the fields of a CRM section."""
        version = self._store.user_fields_version
        known = self._sets.get(section)
        if known is None or known[0] != version:
            known = (version, self._make(BY_SECTION[section]))
            self._sets[section] = known
        return known[1]

    def _make(self, entity: Entity) -> FieldSet:
        definitions = self._store.find("user_fields", {"ENTITY_ID": entity.user_fields_of}, order='"SORT", "ID"')
        own = [user_field(definition, self._language) for definition in definitions]
        universal = {field.item_name: field for field in entity.fields if not field.has("o") and field.kind != "crm_multifield"}
        by_item, by_original = dict(universal), dict(universal)
        for field in own:
            # The vendor keeps the UPPER_CASE name where two user fields would get the same camelCase one.
            by_item[field.name if field.item_name in by_item else field.item_name] = field
            by_original[field.name] = field
        by_name = {field.name: field for field in (*entity.fields, *own)}
        return FieldSet(entity, by_name, by_item, by_original, {d["FIELD_NAME"]: d for d in definitions})
