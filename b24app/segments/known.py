"""What a rule may speak of in this base: the real columns of the mirror, and the facts of clients. Pure.

Column names reach SQL from here only, and they get in here from the tables themselves, never from a rule.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from b24app.segments.rules import BadRule

Words = Mapping[str, str]  # language to text
Row = Mapping[str, Any]

CARDS = ("contact", "company")
ENTITIES = (*CARDS, "deal")
DAYS = frozenset({"birthdate", "begindate", "closedate"})
FLAGS = re.compile(r"(is|has)_.+|opened|closed|export")
# Bitrix24's user field types whose values are not plain text (crm/universal/userfieldconfig).
USER_KINDS = {
    "date": "date",
    "datetime": "instant",
    "boolean": "flag",
    "integer": "number",
    "double": "number",
    "employee": "number",
    "enumeration": "choice",
}


@dataclass(frozen=True)
class Column:
    """A column of the mirror. `kind`: text, number, flag, date, instant, choice; `storage`: its SQL type."""

    name: str
    kind: str
    storage: str = "TEXT"
    is_multiple: bool = False
    title: Words = field(default_factory=dict)
    choices: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_user_field(self) -> bool:
        """Tell whether the portal's own people made the field."""
        return self.name.startswith("uf_")


@dataclass(frozen=True)
class KnownFact:
    """A fact of clients. `kind`: count, money, date, instant, days; days are counted from the date fact `since`."""

    key: str
    kind: str
    since: str
    words: Mapping[str, Mapping[str, Any]]

    @property
    def column(self) -> str:
        """The column that answers for it."""
        return self.since or self.key


@dataclass(frozen=True)
class Known:
    """Columns by entity and name, and facts by key."""

    columns: Mapping[str, Mapping[str, Column]]
    facts: Mapping[str, KnownFact]

    def find_column(self, entity: str, field_name: str) -> Column | None:
        """Return the column of a field, called as the portal calls it or as the mirror does; or None."""
        return self.columns.get(entity, {}).get(column_name(field_name))

    def get_fact(self, key: Any) -> KnownFact:
        """Return the fact. Raises BadRule."""
        if not isinstance(key, str) or key not in self.facts:
            raise BadRule(f"There is no fact “{key}”.", f"Нет показателя «{key}».")
        return self.facts[key]


def column_name(field_name: str) -> str:
    """Return the mirror's name of a field: stageId is stage_id, UF_CRM_X is uf_crm_x."""
    if field_name.upper() == field_name or field_name.lower() == field_name:
        return field_name.lower()
    return re.sub(r"(?<!^)(?=[A-Z])", "_", field_name).lower()


def read_columns(tables: Mapping[str, Mapping[str, str]], user_fields: Iterable[Row]) -> dict[str, dict[str, Column]]:
    """Return the columns of each entity out of (name to SQL type) and the rows of `user_field`."""
    declared = {(row["entity"], row["column_name"]): row for row in user_fields}
    return {
        entity: {
            name: _column(name, storage, declared.get((entity, name)))
            for name, storage in columns.items()
            # The column of a user field that the portal has deleted stays in the table; nobody may ask for it any more.
            if not name.startswith("uf_") or (entity, name) in declared
        }
        for entity, columns in tables.items()
    }


def read_facts(rows: Iterable[Row]) -> dict[str, KnownFact]:
    """Return the facts out of the rows of the table `fact`."""
    return {row["key"]: KnownFact(row["key"], row["kind"], row["since"] or "", json.loads(row["words"])) for row in rows}


def _column(name: str, storage: str, declared: Row | None) -> Column:
    if declared is None:
        return Column(name, _system_kind(name, storage), storage)
    titles = {"ru": declared["title_ru"] or declared["title_en"] or "", "en": declared["title_en"] or declared["title_ru"] or ""}
    kind = USER_KINDS.get(declared["kind"], "text")
    return Column(name, kind, storage, bool(declared["is_multiple"]), titles, _choices(declared["items"]))


def _system_kind(name: str, storage: str) -> str:
    if name in DAYS:
        return "date"
    if name.endswith("_time") or name == "date_closed":
        return "instant"
    if storage in ("INTEGER", "REAL"):
        return "flag" if FLAGS.fullmatch(name) else "number"
    return "text"


def _choices(items: str | None) -> dict[str, str]:
    """Return the titles of a list field's values by id, whether saved as {id: title} or as rows of the portal."""
    found = json.loads(items) if items else {}
    if isinstance(found, dict):
        return {str(key): str(title) for key, title in found.items()}
    lowered = [{str(key).lower(): value for key, value in item.items()} for item in found]
    return {str(item["id"]): str(item.get("value", item.get("title", ""))) for item in lowered}
