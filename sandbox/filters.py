"""Filters and orders of list methods, compiled to SQL. Pure: values are always bound, columns come from our declarations.

Prefixes: the vendor's table on crm.item.list and crm.deal.list. Nested groups with `logic` belong to crm.item.* only.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.clock import print_instant, read_date, read_instant
from sandbox.entities import Field
from sandbox.store import Where
from sandbox.store.children import LINKS_OF
from sandbox.store.sections import STORED_AS
from sandbox.store.table import quote

# The longest first: "!=%" must not be read as "!=".
PREFIXES = {
    "!=%": ("like", True),
    "!%=": ("like", True),
    "!@": ("=", True),
    "!=": ("=", True),
    "!%": ("substring", True),
    ">=": (">=", False),
    "<=": ("<=", False),
    "=%": ("like", False),
    "%=": ("like", False),
    ">": (">", False),
    "<": ("<", False),
    "@": ("=", False),
    "%": ("substring", False),
    "=": ("=", False),
    "!": ("=", True),
}
NEVER = Where("1 = 0")
DEEPEST = 30  # groups inside groups; deeper is nobody's need but an attacker's
LONGEST_PATTERN = 5000
NUMBERED = ("crm_company", "crm_contact", "crm_lead", "crm_quote")
COMPARISONS = (">", ">=", "<", "<=")


class UnknownField(Exception):
    """A filter or an order names a field that the list does not know."""


class WrongValue(Exception):
    """A value in a filter cannot be read as its field's kind."""


class WrongDirection(Exception):
    """An order's direction is neither ASC nor DESC."""


@dataclass(frozen=True)
class Test:
    """One condition of a filter, read: what is compared how; `is_not` turns it round."""

    field: Field
    operator: str
    is_not: bool
    value: Any


def split_key(key: str) -> tuple[str, bool, str]:
    """Return operator, negation and field name of a filter's key."""
    for prefix, (operator, is_not) in PREFIXES.items():
        if key.startswith(prefix):
            return operator, is_not, key[len(prefix) :]
    return "=", False, key


@dataclass(frozen=True)
class Filter:
    """Compiles filters over one section.

    `fields`: names a caller may use. `is_strict`: unknown names are refused (crm.item.list) or passed over (old lists).
    `is_nested`: groups with `logic` are read. `like_refused`: kinds that LIKE never matches in this list.
    """

    section: str
    fields: Mapping[str, Field]
    is_strict: bool = False
    is_nested: bool = False
    like_refused: tuple[str, ...] = ()

    def compile(self, asked: Any, depth: int = 0) -> Where:
        """Return the condition. Raises UnknownField, WrongValue."""
        if not asked:
            return Where()
        if depth > DEEPEST or not isinstance(asked, Mapping | list):
            raise WrongValue("logic")
        pairs: Iterable[tuple[Any, Any]] = asked.items() if isinstance(asked, Mapping) else enumerate(asked)
        pairs = list(pairs)
        is_any = self.is_nested and any(str(key).lower() == "logic" and str(value).upper() == "OR" for key, value in pairs)
        parts = [part for key, value in pairs if (part := self._compile_pair(str(key), value, depth)).sql]
        if not parts:
            return Where()
        glue = " OR " if is_any else " AND "
        return Where(glue.join(f"({part.sql})" for part in parts), tuple(one for part in parts for one in part.params))

    def _compile_pair(self, key: str, value: Any, depth: int) -> Where:
        if key.lower() == "logic":
            return Where()
        if key.isdigit() and isinstance(value, Mapping | list):
            return self.compile(value, depth + 1) if self.is_nested else Where()
        operator, is_not, name = split_key(key)
        field = self.fields.get(name)
        if field is None:
            if self.is_strict:
                raise UnknownField(name)
            return Where()
        if operator in ("like", "substring") and field.kind in self.like_refused:
            return NEVER
        try:
            return compile_test(self.section, Test(field, operator, is_not, value))
        except (ValueError, TypeError, AttributeError, OverflowError) as error:
            raise WrongValue(name) from error


def compile_test(section: str, test: Test) -> Where:
    """Return the condition of one test; raise ValueError for an unreadable value."""
    if test.field.kind == "crm_multifield":
        made = _multi_field(section, test)
    elif not test.field.stored:
        made = _linked(section, test)
    elif test.field.multiple:
        made = _any_element(test)
    else:
        return _plain(test)
    return Where(f"NOT ({made.sql})", made.params) if test.is_not else made


def _values(test: Test) -> list[Any]:
    given = test.value
    if isinstance(given, Mapping):
        return list(given.values())
    return list(given) if isinstance(given, list | tuple) else [given]


def _plain(test: Test) -> Where:
    column = quote(test.field.name)
    if test.operator in COMPARISONS:
        return Where(f"{column} {test.operator} ?", (read_value(test.field.kind, test.value),))
    if test.operator != "=":
        return _like(column, test)
    values = [read_value(test.field.kind, one) for one in _values(test)]
    found = [one for one in values if one is not None]
    conditions = []
    if len(found) < len(values) or not values:
        conditions.append(_empty(column, test.field.kind).sql if values else NEVER.sql)
    if found:
        conditions.append(f"{column} = ?" if len(found) == 1 else f"{column} IN ({', '.join('?' for _ in found)})")
    made = Where(" OR ".join(conditions), tuple(found))
    if not test.is_not:
        return made
    # Assumption 6: an empty field is "not equal" to any value.
    also = f" OR {column} IS NULL" if len(found) == len(values) else ""
    return Where(f"NOT ({made.sql}){also}", made.params)


def _empty(column: str, kind: str) -> Where:
    if kind in NUMBERED:
        return Where(f"{column} IS NULL OR {column} = 0")
    return Where(f"{column} IS NULL") if kind in STORED_AS else Where(f"{column} IS NULL OR {column} = ''")


def _like(column: str, test: Test) -> Where:
    text = str(test.value).lower().replace("\\", "\\\\").replace("_", "\\_")
    pattern = "%" + text.replace("%", "\\%") + "%" if test.operator == "substring" else text
    subject = column if STORED_AS.get(test.field.kind) is None else f"CAST({column} AS TEXT)"
    if len(pattern) > LONGEST_PATTERN:
        raise ValueError("too long a pattern")
    made = f"LOWER({subject}) LIKE ? ESCAPE '\\'"
    return Where(f"NOT ({made}) OR {column} IS NULL" if test.is_not else made, (pattern,))


def _multi_field(section: str, test: Test) -> Where:
    """Phones and addresses: whole values only, as old lists compare them; "" asks for an empty field."""
    values = [str(one) for one in _values(test) if one not in ("", None)]
    inner = "SELECT OWNER_ID FROM multi_fields WHERE SECTION = ? AND TYPE_ID = ?"
    if not values:
        return Where(f'"ID" NOT IN ({inner})', (section, test.field.name))
    marks = ", ".join("?" for _ in values)
    return Where(f'"ID" IN ({inner} AND VALUE IN ({marks}))', (section, test.field.name, *values))


def _linked(section: str, test: Test) -> Where:
    link = LINKS_OF[section]
    ids = [int(one) for one in _values(test) if one not in ("", None)]
    inner = f"SELECT {link.mine} FROM links WHERE KIND = ?"
    if not ids:
        return Where(f'"ID" NOT IN ({inner})', (link.kind,))
    return Where(f'"ID" IN ({inner} AND {link.theirs} IN ({", ".join("?" for _ in ids)}))', (link.kind, *ids))


def _any_element(test: Test) -> Where:
    """A multiple field meets a test when one of its values does; it is kept as JSON text without spaces."""
    column = quote(test.field.name)
    values = [read_value(test.field.kind, one) for one in _values(test)]
    found = [one for one in values if one is not None]
    if not found:
        return Where(f"{column} IS NULL OR {column} = '[]'")
    if test.operator in ("like", "substring"):
        return Where(f"LOWER({column}) LIKE ? ESCAPE '\\'", (_like(column, test).params[0],))
    listed = f"',' || SUBSTR({column}, 2, LENGTH({column}) - 2) || ','"
    made = [f"COALESCE({listed}, '') LIKE ? ESCAPE '\\'" for _ in found]
    return Where(" OR ".join(made), tuple(f"%,{_escaped(json.dumps(one, ensure_ascii=False))},%" for one in found))


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "Y" if value else "N"
    if isinstance(value, Mapping | list):
        raise ValueError("a list where one value is compared")
    return str(value)


READERS: dict[str, Callable[[Any], Any]] = {
    "date": read_date,
    "datetime": lambda value: print_instant(read_instant(str(value))),
    "double": float,
    "boolean": lambda value: {"1": 1, "0": 0}[str(value)] if str(value) in "01" else -1,
    "bool": lambda value: int(str(value).lower() in ("true", "1", "y")),
}


def read_value(kind: str, value: Any) -> Any:
    """Return a filter's value as the column keeps it; None for "nothing". Raises ValueError."""
    if value is None or value == "" or (value is False and kind not in ("bool", "boolean")):
        return None
    reader = READERS.get(kind)
    if reader is not None:
        return reader(value)
    if STORED_AS.get(kind) != "INTEGER":
        return _as_text(value)
    number = int(value)
    if abs(number) >= 2**63:
        raise ValueError("a number beyond 64 bits")
    # No record has the number 0: asking for it asks for nothing linked.
    return number or (None if kind in NUMBERED else 0)


def compile_order(fields: Mapping[str, Field], asked: Any, is_strict: bool, default: str = '"ID" ASC') -> str:
    """Return ORDER BY for a map of name to direction. Raises UnknownField, WrongDirection when strict."""
    made = []
    for name, direction in asked.items() if isinstance(asked, Mapping) else ():
        field, word = fields.get(name), str(direction).upper()
        if (field is None or not field.stored) and is_strict:
            raise UnknownField(name)
        if word not in ("ASC", "DESC"):
            if is_strict:
                raise WrongDirection(direction, name)
            word = "ASC"
        if field is not None and field.stored:
            made.append(f"{quote(field.name)} {word}")
    return ", ".join(made) or default
