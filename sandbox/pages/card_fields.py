"""Which fields a card shows, by what input a person changes each, and what of a sent form has changed. Saves nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.pages.shell import in_language

if TYPE_CHECKING:
    from sandbox.entities import Entity, Field
    from sandbox.pages.shell import Shell, Viewer

SHOWN = {
    "deals": ("TITLE", "TYPE_ID", "OPPORTUNITY", "CURRENCY_ID", "SOURCE_ID", "ASSIGNED_BY_ID", "BEGINDATE", "CLOSEDATE", "COMMENTS"),
    "contacts": ("LAST_NAME", "NAME", "SECOND_NAME", "PHONE", "EMAIL", "POST", "BIRTHDATE", "TYPE_ID", "SOURCE_ID", "ASSIGNED_BY_ID"),
    "companies": ("TITLE", "PHONE", "EMAIL", "COMPANY_TYPE", "INDUSTRY", "ASSIGNED_BY_ID"),
    "leads": ("TITLE", "LAST_NAME", "NAME", "PHONE", "EMAIL", "OPPORTUNITY", "SOURCE_ID", "ASSIGNED_BY_ID", "COMMENTS"),
}
DICTIONARIES = {"COMPANY_TYPE": "COMPANY_TYPE", "CURRENCY_ID": ""}
INPUTS = {"date": "date", "datetime": "datetime-local", "double": "number", "integer": "number", "money": "text", "url": "url"}
LONG = ("COMMENTS",)


@dataclass(frozen=True)
class Shown:
    """One field of a card: `input` is an input's type, "select", "textarea" or "multi"; `choices` are (value, title)."""

    name: str
    title: str
    input: str
    value: Any
    choices: tuple[tuple[str, str], ...] = ()

    @property
    def text(self) -> str:
        """Return the value as a form has it; a number without a tail of zeros."""
        if isinstance(self.value, float):
            return f"{self.value:.2f}".removesuffix(".00")
        return "" if self.value is None else str(self.value)


def field_title(viewer: Viewer, field: Field, definition: Mapping[str, Any] | None) -> str:
    """Return a field's title in the viewer's language."""
    if definition:
        return in_language(definition["EDIT_FORM_LABEL"] or field.title, viewer.lang)
    known = f"field_{field.name}"
    return viewer.say(known) if viewer.lang != "ru" and viewer.say(known) != known else field.title


def read_fields(shell: Shell, viewer: Viewer, entity: Entity, record: Mapping[str, Any]) -> list[Shown]:
    """Return the fields of a card with their values."""
    known = shell.portal.fields.of(entity.section)
    names = [*SHOWN[entity.section], *(name for name, field in known.by_name.items() if field.dynamic)]
    return [
        _shown(shell, field_title(viewer, known.by_name[name], known.definitions.get(name)), known.by_name[name], record) for name in names
    ]


def _shown(shell: Shell, title: str, field: Field, record: Mapping[str, Any]) -> Shown:
    value = record.get(field.name)
    if field.kind == "crm_multifield":
        return Shown(field.name, title, "multi", value or [])
    if field.multiple:
        return Shown(field.name, title, "plain", ", ".join(str(one) for one in value or ()))
    if found := choices(shell, field):
        return Shown(field.name, title, "select", value, found)
    if field.kind == "date" and value:
        value = str(value)[:10]
    if field.kind == "datetime" and value:
        value = str(value)[:16]
    return Shown(field.name, title, "textarea" if field.name in LONG else INPUTS.get(field.kind, "text"), value)


def choices(shell: Shell, field: Field) -> tuple[tuple[str, str], ...]:
    """Return what a field of a closed list may hold, nothing for a free one."""
    store = shell.portal.store
    if field.kind == "crm_status":
        rows = store.find("statuses", {"ENTITY_ID": field.status_type}, order='"SORT", "ID"')
        return tuple((row["STATUS_ID"], row["NAME"]) for row in rows)
    if field.kind in ("user", "employee"):
        return tuple((str(key), name) for key, name in shell.people().items())
    if field.kind == "crm_currency":
        return tuple((row["CURRENCY"], row["CURRENCY"]) for row in store.find("currencies", order='"SORT"'))
    if field.kind == "enumeration":
        found = store.find("user_fields", {"FIELD_NAME": field.name}, limit=1)
        return tuple((str(item["ID"]), str(item["VALUE"])) for item in (found[0]["LIST"] if found else ()))
    if field.kind in ("char", "boolean"):
        return (("Y", "Y"), ("N", "N")) if field.kind == "char" else (("1", "Y"), ("0", "N"))
    return ()


def read_changes(shell: Shell, entity: Entity, record: Mapping[str, Any], form: Mapping[str, str]) -> dict[str, Any]:
    """Return what a sent form changes, as the `fields` of crm.item.update with original names of user fields."""
    known = shell.portal.fields.of(entity.section)
    item_names = {field.name: name for name, field in known.by_original_name.items()}
    made: dict[str, Any] = {}
    for name, field in known.by_name.items():
        if field.kind == "crm_multifield" or name not in form or name not in item_names:
            continue
        if form[name] != _shown(shell, "", field, record).text:
            made[item_names[name]] = form[name]
    contacts = _read_multi(record, form)
    return made | ({"fm": contacts} if contacts else {})


def _read_multi(record: Mapping[str, Any], form: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Return changes of phones and addresses: inputs are named PHONE:17 (a value that is there) and PHONE:n0 (a new one)."""
    before = {str(one["ID"]): one for name in ("PHONE", "EMAIL") for one in record.get(name) or ()}
    made = {}
    for name, value in form.items():
        kind, colon, key = name.partition(":")
        if not colon or kind not in ("PHONE", "EMAIL"):
            continue
        if key in before and value.strip() != before[key]["VALUE"]:
            made[key] = {"typeId": kind, "valueType": before[key]["VALUE_TYPE"], "value": value.strip()}
        elif key not in before and value.strip():
            made[f"n{len(made)}"] = {"typeId": kind, "valueType": "WORK", "value": value.strip()}
    return made
