"""A filter copied from Bitrix24 becomes a rule: that of `crm.item.list`, or a saved filter of a list in the portal. Pure.

What cannot be translated is said in a sentence and left out; nothing is guessed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from b24app.segments.known import Column
from b24app.segments.rules import BadRule

if TYPE_CHECKING:
    from b24app.segments.known import Known

# The longest first: "!=%" must not be read as "!=". (crm/universal/crm-item-list.md)
PREFIXES = {"!=%": "!=%", "!%=": "!=%", "!@": "!@", "!=": "!=", "!%": "!%", ">=": ">=", "<=": "<=", "=%": "=%", "%=": "=%"}
PREFIXES |= {">": ">", "<": "<", "@": "@", "%": "%", "=": "=", "!": "!="}
INSTANT = re.compile(r"(\d{4}-\d\d-\d\d)T")
DEEPEST = 15
LONGEST = 60_000
# How the old API and saved filters call what the universal API has other names for.
OLD_NAMES = {"DATE_CREATE": "createdTime", "DATE_MODIFY": "updatedTime", "CREATED_BY_ID": "createdBy", "MODIFY_BY_ID": "updatedBy"}
OLD_NAMES |= {"STATUS_ID": "stageId", "STATUS_SEMANTIC_ID": "stageSemanticId", "COMPANY_TYPE": "typeId"}
# A saved filter of a list (main.ui.filter, the class Filter\Options of the module main): what it spreads over several keys, and its
# words for dates, FIELD_datesel with FIELD_days, _month, _quarter, _year, _from, _to. What is '' there is not asked.
DATE_WORDS: Mapping[str, Any] = {
    "CURRENT_DAY": {"days": 0},
    "YESTERDAY": {"days_ago": 1},
    "TOMORROW": {"days": 1},
    "CURRENT_WEEK": {"period": "this_week"},
    "CURRENT_MONTH": {"period": "this_month"},
    "CURRENT_QUARTER": {"period": "this_quarter"},
    "LAST_WEEK": {"period": "last_week"},
    "LAST_MONTH": {"period": "last_month"},
    "NEXT_WEEK": {"period": "next_week"},
    "NEXT_MONTH": {"period": "next_month"},
    "LAST_7_DAYS": {"days_ago": [0, 7]},
    "LAST_30_DAYS": {"days_ago": [0, 30]},
    "LAST_60_DAYS": {"days_ago": [0, 60]},
    "LAST_90_DAYS": {"days_ago": [0, 90]},
}
SAVED = re.compile(r"(.+)_(datesel|numsel|from|to|days|month|quarter|year|isEmpty|hasAnyValue|label|name|value)")
UNASKED = ("FIND", "PRESET_ID", "FILTER_ID", "FILTER_APPLIED")  # of the list itself, not of its records
# FIELD_days counts from today: the last so many with today, the next so many without it, one day exactly.
COUNTED_DAYS: Mapping[str, Callable[[int], Any]] = {
    "PREV_DAYS": lambda days: {"days_ago": [0, days]},
    "NEXT_DAYS": lambda days: {"days": [1, max(days, 1)]},
    "PREV_DAY": lambda days: {"days_ago": days},
    "NEXT_DAY": lambda days: {"days": days},
}
NUMBER_SIGNS = {"more": (">", "<="), "less": (">=", "<")}  # "more" and "less" do not take the edge itself


@dataclass
class Pasted:
    """A rule out of a filter (None when nothing of it could be used), and sentences for what was left out: (English, Russian)."""

    rule: Any = None
    notes: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class _Reading:
    known: Known
    entity: str
    notes: list[tuple[str, str]]

    def leave_out(self, key: str, en: str, ru: str) -> None:
        self.notes.append((f"Left out “{key}”: {en}.", f"Пропущено «{key}»: {ru}."))


def read_filter(text: str, entity: str, known: Known) -> Pasted:
    """Translate a filter over records of an entity: contact, company, lead, deal. Raises BadRule when it is no filter at all."""
    if len(text) > LONGEST:
        raise BadRule("The filter is too long.", "Фильтр слишком длинный.")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadRule("This is not JSON: copy the filter whole.", "Это не JSON: скопируйте фильтр целиком.") from error
    for wrapping in ("params", "filter", "FILTER", "fields", "FIELDS"):
        if isinstance(found, Mapping) and isinstance(found.get(wrapping), (Mapping, list)) and found[wrapping]:
            found = found[wrapping]
    reading = _Reading(known, entity, [])
    rule = _group(found, reading, 0)
    if rule is not None and entity == "deal":
        rule = {"criterion": "deal", "where": rule}
    return Pasted(rule, reading.notes)


def _group(asked: Any, reading: _Reading, depth: int) -> Any:
    """Return the rule of a level of the filter, or None when nothing of it could be used."""
    if depth > DEEPEST:
        raise BadRule("The filter is nested too deep.", "Фильтр вложен слишком глубоко.")
    pairs = list(asked.items()) if isinstance(asked, Mapping) else [(str(n), one) for n, one in enumerate(asked)]
    is_any = any(str(key).lower() == "logic" and str(value).upper() == "OR" for key, value in pairs)
    saved = _saved_parts(dict(pairs), reading)
    rules = [rule for rule in saved.rules if rule is not None]
    for key, value in pairs:
        if str(key).lower() == "logic" or key in saved.used:
            continue
        nested = str(key).isdigit() and isinstance(value, (Mapping, list))
        rule = _group(value, reading, depth + 1) if nested else _condition(str(key), value, reading)
        if rule is not None:
            rules.append(rule)
    if len(rules) <= 1:
        return rules[0] if rules else None
    return {"any" if is_any else "all": rules}


def _condition(key: str, value: Any, reading: _Reading) -> Any:
    prefix = next((prefix for prefix in PREFIXES if key.startswith(prefix)), "")
    name, sign = key[len(prefix) :], PREFIXES.get(prefix, "=")
    column = find_column(name, reading)
    if column is None:
        reading.leave_out(key, "the portal has no such field in the mirror", "такого поля в копии нет")
        return None
    values = list(value.values()) if isinstance(value, Mapping) else value
    if isinstance(values, list):
        sign = {"=": "@", "!=": "!@"}.get(sign, sign)
    if sign not in ("@", "!@") and isinstance(values, list):
        reading.leave_out(key, "a list where one value is compared", "список там, где сравнивается одно значение")
        return None
    return _asked(column, sign, values, reading)


def _asked(column: Column, sign: str, value: Any, reading: _Reading) -> Any:
    base = {"criterion": "field", "of": reading.entity, "field": column.name}
    if sign in ("@", "!@"):
        kept = [_plain(column, one) for one in value if one not in ("", None)]
        empty = [] if len(kept) == len(value) else [{**base, "op": "empty" if sign == "@" else "filled"}]
        listed = [{**base, "op": sign, "value": kept}] if kept else []
        rules = [*listed, *empty]
        return rules[0] if len(rules) == 1 else {"any" if sign == "@" else "all": rules} if rules else None
    if value in ("", None) or (value is False and column.kind != "flag"):
        return {**base, "op": "filled" if sign == "!=" else "empty"} if sign in ("=", "!=") else None
    if column.kind == "instant" and (match := INSTANT.match(str(value))) and not str(value).startswith(f"{match[1]}T00:00"):
        reading.notes.append((f"{column.name}: days are compared, not hours.", f"{column.name}: сравниваются дни, а не часы."))
    asked = {**base, "op": sign, "value": _plain(column, value)}
    # To the portal an empty field differs from every value; to a rule it is unknown, so it is asked for by name.
    return {"any": [asked, {**base, "op": "empty"}]} if sign.startswith("!") else asked


def _plain(column: Column, value: Any) -> Any:
    """Return a value as rules have it: a day for an instant, 1 and 0 for a flag."""
    if column.kind in ("date", "instant") and isinstance(value, str):
        match = INSTANT.match(value)
        return match[1] if match else value
    if column.kind == "flag" and isinstance(value, bool):
        return int(value)
    return value


def find_column(name: str, reading: _Reading) -> Column | None:
    """Return the column of a field, whichever of the portal's ways its name is written in."""
    for called in (OLD_NAMES.get(name, name), name):
        if column := reading.known.find_column(reading.entity, called):
            return column
    if match := re.fullmatch(r"ufCrm_?(.+)", name):
        plain = re.sub(r"[^a-z0-9]", "", match[1].lower())
        for column in reading.known.columns[reading.entity].values():
            if column.is_user_field and re.sub(r"[^a-z0-9]", "", column.name.removeprefix("uf_crm_")) == plain:
                return column
    return None


@dataclass
class _Saved:
    rules: list[Any]
    used: set[str]


def _saved_parts(asked: Mapping[str, Any], reading: _Reading) -> _Saved:
    """Read what a saved filter spreads over several keys: FIELD_datesel with FIELD_from and FIELD_to, FIELD_numsel."""
    found: dict[str, dict[str, Any]] = {}
    for key, value in asked.items():
        match = SAVED.fullmatch(str(key))
        if match and find_column(str(key), reading) is None and find_column(match[1], reading) is not None:
            found.setdefault(match[1], {})[match[2]] = value
    used = {f"{name}_{part}" for name, parts in found.items() for part in parts} | set(UNASKED)
    if asked.get("FIND"):
        reading.leave_out("FIND", "words of the search line", "слова строки поиска")
    if found or "FILTER_ID" in asked:
        used |= {str(key) for key, value in asked.items() if value == ""}
    return _Saved([_saved_part(name, parts, reading) for name, parts in found.items()], used)


def _saved_part(name: str, parts: Mapping[str, Any], reading: _Reading) -> Any:
    column = find_column(name, reading)
    assert column is not None, name
    base = {"criterion": "field", "of": reading.entity, "field": column.name}
    for part, sign in (("isEmpty", "empty"), ("hasAnyValue", "filled")):
        if part in parts:
            return {**base, "op": sign}
    word = str(parts.get("datesel") or "")
    value = _period_of(word, parts, column)
    if value is not None:
        return {**base, **({"op": "between", "value": value} if isinstance(value, list) else {"op": "=", "value": value})}
    least, most = NUMBER_SIGNS.get(str(parts.get("numsel") or ""), (">=", "<="))
    ends = {sign: _ordinary(column, parts.get(end)) for sign, end in ((least, "from"), (most, "to")) if parts.get(end) not in (None, "")}
    if word not in ("", "NONE", "RANGE") or not ends:
        if word not in ("", "NONE", "RANGE"):
            reading.leave_out(name, f"the period {word} is not known here", f"период {word} здесь не известен")
        return None
    rules = [{**base, "op": sign, "value": value} for sign, value in ends.items()]
    return rules[0] if len(rules) == 1 else {"all": rules}


def _period_of(word: str, parts: Mapping[str, Any], column: Column) -> Any:
    """Return the days of a saved filter's word: as a rule has them, or [first, last]; None when the word does not say it all."""
    if word in DATE_WORDS:
        return DATE_WORDS[word]
    numbers = {part: int(parts[part]) for part in ("days", "month", "quarter", "year") if str(parts.get(part, "")).isdecimal()}
    if word in COUNTED_DAYS and "days" in numbers:
        return COUNTED_DAYS[word](numbers["days"])
    if word == "EXACT" and parts.get("from"):
        return _ordinary(column, parts["from"])
    months = {"MONTH": (1, numbers.get("month")), "QUARTER": (3, numbers.get("quarter")), "YEAR": (12, 1)}
    size, place = months.get(word, (0, None))
    if not place or not 1 <= place <= 12 // size or not 1000 <= numbers.get("year", 0) <= 8999:
        return None
    first = date(numbers["year"], size * (place - 1) + 1, 1)
    after = date(first.year + (first.month + size > 12), (first.month + size - 1) % 12 + 1, 1)
    return [first.isoformat(), (after - timedelta(days=1)).isoformat()]


def _ordinary(column: Column, value: Any) -> Any:
    """Return 2025-03-01 for the 01.03.2025 that people see."""
    match = re.match(r"(\d\d)\.(\d\d)\.(\d{4})", str(value))
    if match and column.kind in ("date", "instant"):
        return f"{match[3]}-{match[2]}-{match[1]}"
    if column.kind == "number" and re.fullmatch(r"-?\d+(\.\d+)?", str(value)):
        return float(value) if "." in str(value) else int(value)
    return _plain(column, value)
