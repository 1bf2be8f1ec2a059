"""Reads one column of many records at once: a million rows notice every call. Pure.

Of each kind there is a quick reading of what the portal mostly sends; it asks `kinds` about everything else, and when something
cannot be read at all, the whole column is read again, value by value.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from b24app.sync.kinds import LARGEST, read_date, read_instant, read_real, read_value

UNREADABLE = (ValueError, TypeError, OverflowError)
FLAGS = {None: None, "": None, "Y": 1, "N": 0}


def read_column(values: Sequence[Any], what: tuple[str, bool, str], unreadable: Counter[str]) -> Sequence[Any]:
    """Read the values of a field (kind, whether it is multiple, its name there); one that cannot be read is NULL and counted."""
    kind, is_multiple, _ = what
    if not any(values) and values.count(None) == len(values):
        return values
    try:
        if kind in QUICK and not is_multiple:
            return QUICK[kind](values)
    except (*UNREADABLE, KeyError):
        pass
    return [_read_or_count(value, what, unreadable) for value in values]


def _read_or_count(value: Any, what: tuple[str, bool, str], unreadable: Counter[str]) -> Any:
    kind, is_multiple, name = what
    try:
        return read_value(value, kind, is_multiple)
    except UNREADABLE:
        unreadable[name] += 1
        return None


def _texts(values: Sequence[Any]) -> list[Any]:
    return [
        None if value is None else value if type(value) is str and value and value.isprintable() else read_value(value, "text")
        for value in values
    ]


def _integers(values: Sequence[Any]) -> list[Any]:
    return [
        None if value is None else value if type(value) is int and -LARGEST <= value <= LARGEST else read_value(value, "integer")
        for value in values
    ]


def _references(values: Sequence[Any]) -> list[Any]:
    return [
        None if not value else value if type(value) is int and 0 < value <= LARGEST else read_value(value, "reference") for value in values
    ]


def _reals(values: Sequence[Any]) -> list[Any]:
    return [None if value is None or value == "" else read_real(value) for value in values]


def _flags(values: Sequence[Any]) -> list[Any]:
    return [FLAGS[value] for value in values]


def _instants(values: Sequence[Any]) -> list[Any]:
    return [None if value is None or value == "" else read_instant(value) for value in values]


def _dates(values: Sequence[Any]) -> list[Any]:
    return [None if value is None or value == "" else read_date(value) for value in values]


QUICK: Mapping[str, Callable[[Sequence[Any]], list[Any]]] = {
    "text": _texts,
    "integer": _integers,
    "reference": _references,
    "real": _reals,
    "flag": _flags,
    "instant": _instants,
    "date": _dates,
}
