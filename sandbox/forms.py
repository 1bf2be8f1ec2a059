"""PHP's bracket notation, both ways: `fields[PHONE][0][VALUE]=1` <-> nested maps and lists. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

KEY = re.compile(r"^([^\[]+)((?:\[[^\]]*\])*)")
PART = re.compile(r"\[([^\]]*)\]")
DEPTH = 32


def read_pairs(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return the nested value that form pairs describe; maps with the keys 0, 1, 2, ... become lists."""
    root: dict[str, Any] = {}
    for name, value in pairs:
        found = KEY.match(name)
        if found:
            parts = PART.findall(found.group(2))[:DEPTH]
            _put(root, [found.group(1), *parts], value)
    return {key: _settle(value) for key, value in root.items()}


def read_query(text: str) -> dict[str, Any]:
    """Return the nested value of a url-encoded query."""
    return read_pairs(parse_qsl(text, keep_blank_values=True))


def _put(target: dict[str, Any], path: list[str], value: str) -> None:
    for place, part in enumerate(path):
        key = part if part else str(_next_number(target))
        if place == len(path) - 1:
            target[key] = value
            return
        inner = target.get(key)
        if not isinstance(inner, dict):
            inner = target[key] = {}
        target = inner


def _next_number(target: Mapping[str, Any]) -> int:
    return max((int(key) for key in target if key.isdigit()), default=-1) + 1


def _settle(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    settled = {key: _settle(inner) for key, inner in value.items()}
    if settled and list(settled) == [str(place) for place in range(len(settled))]:
        return list(settled.values())
    return settled


def write_pairs(value: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return form pairs of a nested value: everything becomes text, None and empty collections become empty text."""
    return [pair for key, inner in value.items() for pair in _spread(str(key), inner)]


def write_form(value: Mapping[str, Any]) -> str:
    """Return a url-encoded form of a nested value."""
    return urlencode(write_pairs(value))


def _spread(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping | list | tuple) and value:
        pairs = value.items() if isinstance(value, Mapping) else enumerate(value)
        for key, inner in pairs:
            yield from _spread(f"{name}[{key}]", inner)
    elif isinstance(value, bool):
        yield name, "1" if value else "0"
    else:
        yield name, "" if value is None or value in ((), [], {}) else str(value)
