"""The catalogue of CRM fields: leads, deals, contacts, companies. Everything about a field is declared here once;
columns, answers of both API families, filters and `*.fields` are derived from it. Runs no SQL.

A line of a catalogue is `NAME kind flags | title`. Flags: r read-only, i immutable, m multiple, d deprecated, ! required,
u only in the universal API (crm.item.*), o only in the old one, v computed (no column), =X values from dictionary X.
Source: the vendor's pages crm-{deal,lead,contact,company}-fields and universal/object-fields.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sandbox.catalogue import COMPANY_FIELDS, CONTACT_FIELDS, DEAL_FIELDS, LEAD_FIELDS

MULTI_FIELDS = ("PHONE", "EMAIL", "WEB", "IM", "LINK")

ITEM_NAMES = {
    "DATE_CREATE": "createdTime",
    "DATE_MODIFY": "updatedTime",
    "CREATED_BY_ID": "createdBy",
    "MODIFY_BY_ID": "updatedBy",
    "MOVED_BY_ID": "movedBy",
    "STATUS_ID": "stageId",
    "STATUS_SEMANTIC_ID": "stageSemanticId",
    "COMPANY_TYPE": "typeId",
    "OBSERVER_IDS": "observers",
}

# Fields that crm.item.* always answers with null [object-fields, "disabled" fields].
DISABLED = {
    "leads": ("dateCreateShort", "dateModifyShort", "isConvert", "productId", "shortName", "address", "login", "searchContent"),
    "deals": (
        "dateCreateShort", "dateModifyShort", "productId", "begindateShort", "closedateShort", "eventDateShort",
        "isWork", "isWon", "isLose", "receivedAmount", "lostAmount", "hasProducts", "searchContent",
    ),
    "contacts": ("dateCreateShort", "dateModifyShort", "shortName", "address", "login", "searchContent"),
    "companies": ("dateCreateShort", "dateModifyShort", "address", "searchContent"),
}  # fmt: skip


@dataclass(frozen=True)
class Field:
    """One field of a CRM object under its old, UPPER_CASE name."""

    name: str
    kind: str
    title: str = ""
    flags: str = ""
    status_type: str = ""
    dynamic: bool = False

    def has(self, flag: str) -> bool:
        """Tell whether the catalogue gives the field this flag."""
        return flag in self.flags

    @property
    def multiple(self) -> bool:
        """Tell whether a value is a list."""
        return "m" in self.flags

    @property
    def stored(self) -> bool:
        """Tell whether the field is a column of its section's table."""
        return "v" not in self.flags and self.kind != "crm_multifield"

    @property
    def writable(self) -> bool:
        """Tell whether a caller may set it."""
        return "r" not in self.flags

    @property
    def item_name(self) -> str:
        """Return the name in crm.item.*."""
        return ITEM_NAMES.get(self.name) or (user_field_name(self.name) if self.dynamic else camel(self.name))


@dataclass(frozen=True)
class Entity:
    """A kind of CRM object: its section, its names and numbers, its system fields."""

    section: str
    type_id: int
    name: str
    short: str
    title: str
    stage_field: str
    semantic_field: str
    fields: tuple[Field, ...]

    @property
    def user_fields_of(self) -> str:
        """Return the ENTITY_ID of its user fields."""
        return f"CRM_{self.name}"


def camel(name: str) -> str:
    """Return camelCase of an UPPER_CASE name: COMPANY_ID -> companyId."""
    first, *rest = name.lower().split("_")
    return first + "".join(part.capitalize() for part in rest)


def user_field_name(name: str) -> str:
    """Return the crm.item.* name of a user field.

    The vendor's three cases: UF_CRM_3_1747309727 -> ufCrm3_1747309727, UF_CRM_3_DIGIT -> ufCrm3Digit, and where a part
    mixes letters and digits, or the tail is a bare number, only the prefix is swapped: UF_CRM_1747309879 -> ufCrm_1747309879.
    """
    tail = name.removeprefix("UF_CRM_")
    parts = [part for part in tail.split("_") if part]
    if len(parts) == 2 and parts[0].isdigit() and parts[1].isdigit():
        return f"ufCrm{parts[0]}_{parts[1]}"
    has_numbers = any(part.isdigit() for part in parts[1:]) or tail.isdigit()
    if has_numbers or not parts or not all(part.isdigit() or part.isalpha() for part in parts):
        return f"ufCrm_{tail}"
    return "ufCrm" + "".join(part.capitalize() for part in parts)


def read_catalogue(text: str) -> tuple[Field, ...]:
    """Return the fields that a catalogue's text declares."""
    return tuple(_read_line(line) for line in text.strip().splitlines())


def _read_line(line: str) -> Field:
    declared, _, title = line.partition("|")
    name, kind, *marks = declared.split()
    flags = "".join(mark for mark in marks if not mark.startswith("="))
    status_type = next((mark[1:] for mark in marks if mark.startswith("=")), "")
    return Field(name, kind, title.strip(), flags, status_type)


ENTITIES = (
    Entity("leads", 1, "LEAD", "L", "Лид", "STATUS_ID", "STATUS_SEMANTIC_ID", read_catalogue(LEAD_FIELDS)),
    Entity("deals", 2, "DEAL", "D", "Сделка", "STAGE_ID", "STAGE_SEMANTIC_ID", read_catalogue(DEAL_FIELDS)),
    Entity("contacts", 3, "CONTACT", "C", "Контакт", "", "", read_catalogue(CONTACT_FIELDS)),
    Entity("companies", 4, "COMPANY", "CO", "Компания", "", "", read_catalogue(COMPANY_FIELDS)),
)
BY_TYPE = {entity.type_id: entity for entity in ENTITIES}
BY_SECTION = {entity.section: entity for entity in ENTITIES}
BY_SHORT = {entity.short: entity for entity in ENTITIES}
BY_USER_FIELDS = {entity.user_fields_of: entity for entity in ENTITIES}


def stored_fields(fields: Iterable[Field]) -> list[Field]:
    """Return the fields that are columns."""
    return [field for field in fields if field.stored]
