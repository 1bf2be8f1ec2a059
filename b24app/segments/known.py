"""What a rule may speak of in this base: the real columns of the mirror, and the facts of clients. Pure.

Column names reach SQL from here only, and they get in here from the tables themselves, never from a rule.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from b24app.segments.rules import BadRule, Rule
from b24app.segments.titles import DICTIONARIES, PEOPLE, STATES, TITLES

Words = Mapping[str, str]  # language to text
Row = Mapping[str, Any]

CARDS = ("contact", "company")
ENTITIES = (*CARDS, "lead", "deal")
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
    choices: Mapping[str, str | Words] = field(default_factory=dict)

    def say(self, value: Any, lang: str) -> str:
        """Return what a value is called: a list's item, a stage, a person."""
        found = self.choices.get(str(value), str(value))
        return found if isinstance(found, str) else found[lang]

    @property
    def is_user_field(self) -> bool:
        """Tell whether the portal's own people made the field."""
        return self.name.startswith("uf_")


# What a card has several of, and what the mirror calls its kind; read from `communication`, not from the card's table.
REACHED: Mapping[str, Column] = {
    "phone": Column("phone", "text", title={"ru": "Телефон", "en": "Phone"}),
    "email": Column("email", "text", title={"ru": "E-mail", "en": "E-mail"}),
}


@dataclass(frozen=True)
class KnownFact:
    """A fact of clients. `kind`: count, money, date, instant, days; days are counted from the date fact `since`."""

    key: str
    kind: str
    since: str
    words: Mapping[str, Mapping[str, Any]]
    group: str = ""

    @property
    def column(self) -> str:
        """The column that answers for it."""
        return self.since or self.key


@dataclass(frozen=True)
class KnownSegment:
    """Another segment, as a rule may ask of it. `rule`: its parameters filled in, None when it cannot be asked now."""

    key: str
    title: Words
    rule: Rule | None
    unknown_means: bool = False


@dataclass(frozen=True)
class KnownSection:
    """A section of the portal's catalogue; `inside`: its number and those of all sections below it."""

    title: str
    inside: tuple[int, ...]


@dataclass(frozen=True)
class Known:
    """Columns by entity and name, facts, segments, products and sections of products by key."""

    columns: Mapping[str, Mapping[str, Column]]
    facts: Mapping[str, KnownFact]
    segments: Mapping[str, KnownSegment] = field(default_factory=dict)
    products: Mapping[int, str] = field(default_factory=dict)
    sections: Mapping[int, KnownSection] = field(default_factory=dict)

    def find_column(self, entity: str, field_name: str) -> Column | None:
        """Return the column of a field, called as the portal calls it or as the mirror does; or None."""
        return self.columns.get(entity, {}).get(column_name(field_name))

    def get_fact(self, key: Any) -> KnownFact:
        """Return the fact. Raises BadRule."""
        if not isinstance(key, str) or key not in self.facts:
            raise BadRule(f"There is no fact “{key}”.", f"Нет показателя «{key}».")
        return self.facts[key]

    def get_section(self, number: Any) -> KnownSection:
        """Return a section of products. Raises BadRule."""
        if not isinstance(number, int) or number not in self.sections:
            raise BadRule(f"The catalogue has no section {number}.", f"В каталоге нет раздела {number}.")
        return self.sections[number]

    def get_segment(self, key: Any) -> KnownSegment:
        """Return another segment. Raises BadRule."""
        if not isinstance(key, str) or key not in self.segments:
            raise BadRule(f"There is no segment “{key}”.", f"Нет сегмента «{key}».")
        return self.segments[key]


def column_name(field_name: str) -> str:
    """Return the mirror's name of a field: stageId is stage_id, UF_CRM_X is uf_crm_x."""
    if field_name.upper() == field_name or field_name.lower() == field_name:
        return field_name.lower()
    return re.sub(r"(?<!^)(?=[A-Z])", "_", field_name).lower()


def read_columns(
    tables: Mapping[str, Mapping[str, str]], user_fields: Iterable[Row], values: Iterable[Row] = ()
) -> dict[str, dict[str, Column]]:
    """Return the columns of each entity out of (name to SQL type), the rows of `user_field`, and what dictionaries call values."""
    declared = {(row["entity"], row["column_name"]): row for row in user_fields}
    named = read_values(values)
    return {
        entity: {
            **(REACHED if entity in CARDS else {}),
            **{
                name: _column(entity, name, storage, declared.get((entity, name)), named)
                for name, storage in columns.items()
                # The column of a user field that the portal has deleted stays in the table; nobody may ask for it any more.
                if not name.startswith("uf_") or (entity, name) in declared
            },
        }
        for entity, columns in tables.items()
    }


def read_facts(rows: Iterable[Row]) -> dict[str, KnownFact]:
    """Return the facts out of the rows of the table `fact`."""
    return {row["key"]: KnownFact(row["key"], row["kind"], row["since"] or "", json.loads(row["words"]), row["fact_group"]) for row in rows}


def read_values(rows: Iterable[Row]) -> dict[str, dict[str, str]]:
    """Return the titles of dictionaries' entries by kind and id."""
    found: dict[str, dict[str, str]] = {}
    for row in rows:
        found.setdefault(row["kind"], {})[str(row["id"])] = row["title"] or str(row["id"])
    return found


def dictionary_of(entity: str, name: str) -> str:
    """Return the kind of the dictionary that names a system field's values; '' when there is none."""
    if name in PEOPLE:
        return "employee"
    if name == "stage_id":
        return f"{entity} stage"
    special = {"category_id": "category" if entity == "deal" else "", "currency_id": "currency"}
    return special.get(name) or DICTIONARIES.get((entity, name), "")


def _column(entity: str, name: str, storage: str, declared: Row | None, named: Mapping[str, Mapping[str, str]]) -> Column:
    if declared is None:
        words = dict(zip(("ru", "en"), TITLES[name], strict=True)) if name in TITLES else {}
        choices: Mapping[str, str | Words] = STATES if name == "stage_semantic_id" else named.get(dictionary_of(entity, name), {})
        return Column(name, _system_kind(name, storage), storage, False, words, choices)
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
