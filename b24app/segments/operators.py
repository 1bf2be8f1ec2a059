"""One condition in SQL: the operators of `crm.item.list`, with SQL's own NULL as the answer "unknown". Pure.

What is empty in the base is neither equal nor unequal to anything; only `empty` and `filled` always know.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from b24app.segments.dates import read_span, year_days
from b24app.segments.rules import BadRule

if TYPE_CHECKING:
    from b24app.segments.dates import Day
    from b24app.segments.known import Column

Bind = Callable[[Any], str]  # a value to its placeholder

ORDERED = ("number", "date", "instant")
YES_NO = {"y": 1, "n": 0, "1": 1, "0": 0, "true": 1, "false": 0}


@dataclass(frozen=True)
class Operator:
    """`takes`: one, two, many or no value. `kinds`: of which columns it may be asked; `of_many`: also of a field with several values."""

    sign: str
    takes: str = "one"
    kinds: tuple[str, ...] = ("text", "choice", "flag", *ORDERED)
    of_many: bool = False


OPERATORS = (
    Operator("=", of_many=True),
    Operator("!=", of_many=True),
    Operator(">", kinds=ORDERED),
    Operator(">=", kinds=ORDERED),
    Operator("<", kinds=ORDERED),
    Operator("<=", kinds=ORDERED),
    Operator("between", takes="two", kinds=ORDERED),
    Operator("anniversary", kinds=("date",)),
    Operator("@", takes="many", of_many=True),
    Operator("!@", takes="many", of_many=True),
    Operator("%", kinds=("text",), of_many=True),
    Operator("!%", kinds=("text",), of_many=True),
    Operator("=%", kinds=("text",)),
    Operator("!=%", kinds=("text",)),
    Operator("empty", takes="none", of_many=True),
    Operator("filled", takes="none", of_many=True),
)
BY_SIGN = {operator.sign: operator for operator in OPERATORS}


def condition(x: str, column: Column, asked: tuple[Any, Any], day: Day, bind: Bind) -> str:
    """Return the condition that (sign, value) puts on `x`, SQL that reads the column. Raises BadRule."""
    sign, value = asked
    operator = BY_SIGN.get(sign) if isinstance(sign, str) else None
    if operator is None:
        raise BadRule(f"There is no operator “{sign}”.", f"Нет оператора «{sign}».")
    if column.kind not in operator.kinds or (column.is_multiple and not operator.of_many):
        raise BadRule(f"“{sign}” cannot be asked of the field {column.name}.", f"К полю {column.name} неприменимо «{sign}».")
    if operator.takes == "none":
        return f"({x} IS {'NOT ' if sign == 'filled' else ''}NULL)"
    values = _values(operator, value)
    positive = sign.removeprefix("!")
    if positive not in _SIGNS:
        return _compare(x, column, (sign, values[0]), day, bind)
    sql = _SIGNS[positive](x, column, values, day, bind)
    return f"(NOT {sql})" if sign.startswith("!") else sql


def _values(operator: Operator, value: Any) -> Sequence[Any]:
    if operator.takes == "one":
        if isinstance(value, (list, tuple)) or value is None or value == "":
            raise BadRule(f"“{operator.sign}” needs one value.", f"Оператору «{operator.sign}» нужно одно значение.")
        return [value]
    if operator.takes == "two" and not (isinstance(value, (list, tuple)) and len(value) == 2 and None not in value and "" not in value):
        raise BadRule(f"“{operator.sign}” needs two values.", f"Оператору «{operator.sign}» нужны два значения.")
    if not isinstance(value, (list, tuple)) or not value:
        raise BadRule(f"“{operator.sign}” needs a list of values.", f"Оператору «{operator.sign}» нужен список значений.")
    return value


def _equal(x: str, column: Column, values: Sequence[Any], day: Day, bind: Bind) -> str:
    """Any of the values; a span of days holds every day in it."""
    return "(" + " OR ".join(_equal_one(x, column, value, day, bind) for value in values) + ")"


def _equal_one(x: str, column: Column, value: Any, day: Day, bind: Bind) -> str:
    if column.is_multiple:
        plain = plain_value(column, value, day)
        # Items of a list field are kept by their ids, which are numbers; a page sends them as text.
        is_item = column.kind == "choice" and str(plain).isdecimal()
        needle = json.dumps(int(plain) if is_item else plain, ensure_ascii=False)
        return f"{_listed(x)} LIKE {bind(f'%,{_literal(needle)},%')} ESCAPE '\\'"
    if column.kind in ("date", "instant"):
        low, high = _compare(x, column, (">=", value), day, bind), _compare(x, column, ("<=", value), day, bind)
        return f"({low} AND {high})"
    return f"{x} = {bind(plain_value(column, value, day))}"


def _contains(x: str, column: Column, values: Sequence[Any], day: Day, bind: Bind) -> str:
    """Substring, whatever the case; the function `fold` is the store's."""
    needle = plain_value(column, values[0], day)
    return f"fold({x}) LIKE fold({bind(f'%{_literal(str(needle))}%')}) ESCAPE '\\'"


def _like(x: str, column: Column, values: Sequence[Any], day: Day, bind: Bind) -> str:
    """The portal's own pattern: `%` in the value stands for anything."""
    pattern = str(plain_value(column, values[0], day)).replace("\\", "\\\\").replace("_", "\\_")
    return f"fold({x}) LIKE fold({bind(pattern)}) ESCAPE '\\'"


def _between(x: str, column: Column, values: Sequence[Any], day: Day, bind: Bind) -> str:
    """Both ends are in it."""
    low, high = (_compare(x, column, (sign, value), day, bind) for sign, value in zip((">=", "<="), values, strict=True))
    return f"({low} AND {high})"


def _anniversary(x: str, column: Column, values: Sequence[Any], day: Day, bind: Bind) -> str:  # noqa: ARG001 - one shape for all
    """The day and month of the date lie in the span, whatever its year."""
    stretches = year_days(values[0], day.today)
    parts = (f"SUBSTR({x}, 6, 5) BETWEEN {bind(first)} AND {bind(last)}" for first, last in stretches)
    return "(" + " OR ".join(parts) + ")"


def _compare(x: str, column: Column, asked: tuple[str, Any], day: Day, bind: Bind) -> str:
    """`after` a span means after its last day, `not before` it means from its first day on."""
    sign, value = asked
    if column.kind not in ("date", "instant"):
        return f"{x} {sign} {bind(plain_value(column, value, day))}"
    first, last = read_span(value, day.today)
    edge = first if sign in (">=", "<") else last
    if column.kind == "date":
        return f"{x} {sign} {bind(edge.isoformat())}"
    # A day of the portal is a span of instants: up to and with a day means before the next one begins.
    if sign in (">", "<="):
        return f"{x} {'>=' if sign == '>' else '<'} {bind(day.start(edge + timedelta(days=1)))}"
    return f"{x} {sign} {bind(day.start(edge))}"


def plain_value(column: Column, value: Any, day: Day) -> Any:
    """Return the value as the column stores it. Raises BadRule when it is of another kind."""
    try:
        if column.kind == "date":
            return _one_day(value, day)
        read = _READERS[column.kind](value)
        return int(read) if column.storage == "INTEGER" and isinstance(read, str) else read
    except (TypeError, ValueError, KeyError, OverflowError) as error:
        raise BadRule(f"“{value}” does not fit the field {column.name}.", f"«{value}» не подходит полю {column.name}.") from error


def _flag(value: Any) -> int:
    return YES_NO[str(value).lower()]


def _number(value: Any) -> int | float:
    if isinstance(value, bool):
        raise TypeError(value)
    number = float(value)
    if not abs(number) < 2**63:
        raise ValueError(value)
    return int(number) if number.is_integer() else number


def _text(value: Any) -> str:
    if not isinstance(value, (str, int, float)):
        raise TypeError(value)
    return str(value)


def _one_day(value: Any, day: Day) -> str:
    first, last = read_span(value, day.today)
    if first != last:
        raise ValueError(value)
    return first.isoformat()


_SIGNS = {"=": _equal, "@": _equal, "%": _contains, "=%": _like, "between": _between, "anniversary": _anniversary}
_READERS: dict[str, Callable[[Any], Any]] = {"flag": _flag, "number": _number, "text": _text, "choice": _text}


def _listed(x: str) -> str:
    """Return SQL for a JSON list's items between commas: several values in one column, without a database's own JSON functions."""
    return f"(',' || REPLACE(SUBSTR({x}, 2, LENGTH({x}) - 2), ', ', ',') || ',')"


def _literal(text: str) -> str:
    """Return a text that LIKE takes literally."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
