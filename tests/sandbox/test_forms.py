"""PHP's brackets, both ways."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import pytest

from sandbox.forms import read_pairs, read_query, write_form


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("a=1&b=", {"a": "1", "b": ""}),
        ("f[T]=x&f[P][0][V]=1&f[P][1][V]=2", {"f": {"T": "x", "P": [{"V": "1"}, {"V": "2"}]}}),
        ("s[]=ID&s[]=NAME", {"s": ["ID", "NAME"]}),
        ("f[%3E%3DDATE]=1", {"f": {">=DATE": "1"}}),
        ("f[8559][typeId]=PHONE&f[n0][value]=1", {"f": {"8559": {"typeId": "PHONE"}, "n0": {"value": "1"}}}),
        ("a[1]=x", {"a": {"1": "x"}}),
        ("a=1&a[b]=2", {"a": {"b": "2"}}),
        ("[x]=1&a[b=2", {"a": "2"}),
        ("", {}),
    ],
)
def test_brackets_become_maps_and_lists(query: str, value: Any) -> None:
    """Keys 0, 1, 2... make lists, any other keys maps; broken names break nothing."""
    assert read_query(query) == value


def test_depth_is_bounded() -> None:
    """A name of thousands of brackets does not exhaust the stack."""
    assert read_pairs([("a" + "[b]" * 5000, "1")])


def test_what_is_written_is_read_back_as_text() -> None:
    """Events and robot calls go out as PHP prints them: all scalars text, flags 1 and 0."""
    value = {"event": "X", "data": {"FIELDS": {"ID": 5}}, "list": ["a", "б"], "yes": True, "none": None, "empty": []}

    assert dict(parse_qsl(write_form(value), keep_blank_values=True)) == {
        "event": "X",
        "data[FIELDS][ID]": "5",
        "list[0]": "a",
        "list[1]": "б",
        "yes": "1",
        "none": "",
        "empty": "",
    }
