"""Conditions of a robot on a stage: is this deal one that the robot is for?

Decides only. A record is a dict by the old API's field names; values come from forms and JSON, so "5", 5 and 5.0 are one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

Condition = Mapping[str, Any]


def _empty(value: Any) -> bool:
    """Tell whether Bitrix24 would call the field not filled in: a zero id or sum is still a value."""
    return value is None or value in ("", []) or value is False


def _text(value: Any) -> str:
    """Return one spelling of a value, so that a number and its string are equal."""
    if isinstance(value, bool):
        return "Y" if value else "N"
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value).strip()


def _number(value: Any) -> float | None:
    try:
        return float(_text(value))
    except ValueError:
        return None


def _list(value: Any) -> list[Any]:
    """Return several values: a list, or words with commas between them as the settings page posts them."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return list(value)
    return [part.strip() for part in _text(value).split(",")]


def _equal(actual: Any, wanted: Any) -> bool:
    if isinstance(actual, list):
        return any(_equal(one, wanted) for one in actual)
    numbers = _number(actual), _number(wanted)
    if None not in numbers:
        return numbers[0] == numbers[1]
    return _text(actual) == _text(wanted)


def _compare(actual: Any, wanted: Any) -> int | None:
    """Return -1, 0 or 1; None where there is nothing to compare. Dates compare as their ISO text."""
    if _empty(actual) or _empty(wanted):
        return None
    left, right = _number(actual), _number(wanted)
    if left is not None and right is not None:
        return (left > right) - (left < right)
    return (_text(actual) > _text(wanted)) - (_text(actual) < _text(wanted))


OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": _equal,
    "!=": lambda actual, wanted: not _equal(actual, wanted),
    ">": lambda actual, wanted: _compare(actual, wanted) == 1,
    "<": lambda actual, wanted: _compare(actual, wanted) == -1,
    "in": lambda actual, wanted: any(_equal(actual, one) for one in _list(wanted)),
    "filled": lambda actual, _: not _empty(actual),
    "empty": lambda actual, _: _empty(actual),
}


def check_condition(condition: Condition) -> dict[str, Any]:
    """Return the condition in its one shape. Raises ValueError that names what is wrong."""
    field, operator = str(condition.get("field") or "").upper(), str(condition.get("operator") or "=")
    if not field:
        raise ValueError("a condition needs a field")
    if operator not in OPERATORS:
        raise ValueError(f"unknown operator {operator!r}; there are {', '.join(OPERATORS)}")
    return {"field": field, "operator": operator, "value": condition.get("value", "")}


def is_met(condition: Condition, record: Mapping[str, Any]) -> bool:
    """Tell whether the record meets one condition."""
    return OPERATORS[condition["operator"]](record.get(condition["field"]), condition.get("value"))


def are_met(conditions: Sequence[Condition], record: Mapping[str, Any]) -> bool:
    """Tell whether the record meets all of them; no condition means every deal."""
    return all(is_met(condition, record) for condition in conditions)
