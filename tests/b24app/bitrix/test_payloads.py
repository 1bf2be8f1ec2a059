"""Forms, command strings and answers, as Bitrix24 spells them."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b24app.bitrix.payloads import Answer, build_command, build_query, error_of, read_answer, read_batch, read_form
from b24app.errors import BitrixBusy, BitrixError, BitrixGone, BitrixLost, Malformed


def body(**envelope: Any) -> bytes:
    return json.dumps(envelope).encode()


def test_form_nests_maps_and_lists() -> None:
    """Brackets nest; keys that count from 0 make a list, others a map."""
    form = read_form(
        [("event", "X"), ("data[FIELDS][ID]", "7405"), ("d[0]", "crm"), ("d[1]", "DEAL"), ("s[]", "a"), ("s[]", "b"), ("g[5]", "x")]
    )

    assert form == {"event": "X", "data": {"FIELDS": {"ID": "7405"}}, "d": ["crm", "DEAL"], "s": ["a", "b"], "g": {"5": "x"}}


@pytest.mark.parametrize("name", ["a[b", "a]b[", "[a]", "a[b]c", "a[[b]]"])
def test_form_keeps_badly_bracketed_names_whole(name: str) -> None:
    """A name that is not well bracketed is one key, as text."""
    assert read_form([(name, "1")]) == {name: "1"}


@pytest.mark.parametrize(
    "pairs",
    [
        [(f"k{number}", "") for number in range(1001)],
        [("a" + "[b]" * 9, "1")],
        [("a" * 301, "1")],
        [("a", "1"), ("a[b]", "2")],
        [("a[b]", "1"), ("a", "2")],
    ],
    ids=["many", "deep", "long", "scalar then map", "map then scalar"],
)
def test_form_refuses_what_no_portal_sends(pairs: list[tuple[str, str]]) -> None:
    """Hostile shapes are Malformed before they cost anything."""
    with pytest.raises(Malformed):
        read_form(pairs)


@given(st.lists(st.tuples(st.text(alphabet="ab[]01", max_size=12), st.text(max_size=3)), max_size=20))
def test_form_never_breaks(pairs: list[tuple[str, str]]) -> None:
    """Any pairs give a map or Malformed, nothing else."""
    with suppress(Malformed):
        assert isinstance(read_form(pairs), dict)


def test_query_is_what_php_reads_back() -> None:
    """A query survives its way: keys with signs, nested maps, booleans, None, Cyrillic, references."""
    params = {"filter": {">=id": 5, "%title": "a&b=ж"}, "select": ["id", "title"], "on": True, "off": False, "none": None}
    references = {"filter": {">id": "$result[p0][items][49][id]"}}

    assert read_form(parse_qsl(build_query(params), keep_blank_values=True)) == {
        "filter": {">=id": "5", "%title": "a&b=ж"},
        "select": ["id", "title"],
        "on": "1",
        "off": "0",
        "none": "",
    }
    assert dict(parse_qsl(build_query(references))) == {"filter[>id]": "$result[p0][items][49][id]"}


def test_query_refuses_empty_lists() -> None:
    """PHP would drop an empty list and a filter would widen: say it aloud instead."""
    with pytest.raises(ValueError, match="filter"):
        build_query({"filter": {"@id": []}})


def test_command_without_params_is_the_method() -> None:
    """No question mark without a query."""
    assert (build_command("profile"), build_command("x.get", {"id": 1})) == ("profile", "x.get?id=1")


def test_answer_keeps_paging_and_time() -> None:
    """The envelope's four parts arrive typed."""
    answer = read_answer("x.list", 200, body(result=[1], total="6", next=50, time={"operating": 0.5}))

    assert answer == Answer([1], 6, 50, {"operating": 0.5})


@pytest.mark.parametrize(
    ("status", "envelope", "kind"),
    [
        (400, {"error": "", "error_description": "Not found"}, BitrixError),
        (400, {"error": 0, "error_description": "x"}, BitrixError),
        (200, {"error": "ERROR_ARGUMENT", "error_description": "x", "argument": "PLACEMENT"}, BitrixError),
        (400, {"error": {"code": "BAD", "message": "x"}}, BitrixError),
        (503, {"error": "QUERY_LIMIT_EXCEEDED"}, BitrixBusy),
        (429, {"error": "OPERATION_TIME_LIMIT"}, BitrixBusy),
        (500, {"error": "INTERNAL_SERVER_ERROR"}, BitrixBusy),
        (500, {"error": "PORTAL_DELETED"}, BitrixGone),
        (400, {"error": "invalid_grant"}, BitrixGone),
        (401, {"error": "ERROR_OAUTH", "error_description": "Application not installed"}, BitrixGone),
    ],
)
def test_error_goes_by_its_key(status: int, envelope: dict[str, Any], kind: type[BitrixError]) -> None:
    """An error is an error by the presence of its key, whatever its value and the status; its code decides the kind."""
    with pytest.raises(BitrixError) as caught:
        read_answer("x.get", status, body(**envelope))

    assert type(caught.value) is kind


@pytest.mark.parametrize(
    ("status", "text", "kind"),
    [
        (200, b'{"result": {"items": [{"id"', BitrixLost),
        (502, b"<html>Bad gateway</html>", BitrixLost),
        (200, b"[]", BitrixLost),
        (200, b"{}", BitrixLost),
        (200, b"", BitrixLost),
        (404, b"<html>no such page</html>", BitrixError),
    ],
)
def test_unreadable_answer_may_have_been_done(status: int, text: bytes, kind: type[BitrixError]) -> None:
    """Half an answer says nothing of what was done; a 4xx page is a refusal."""
    with pytest.raises(BitrixError) as caught:
        read_answer("x.add", status, text)

    assert type(caught.value) is kind


def test_batch_splits_answers_and_errors() -> None:
    """Every command has its answer or its error; empty maps are [] and numbered ones lists."""
    result = {
        "result": {"a": {"item": {"id": 1}}, "list": []},
        "result_error": {"b": {"error": "", "error_description": "Not found"}},
        "result_total": {"list": 7},
        "result_next": [],
        "result_time": {"a": {"operating": 1}},
    }

    batch = read_batch({"a": "x.get", "b": "y.get", "list": "z.list", "halted": "w.get"}, Answer(result))

    assert batch.results == {"a": {"item": {"id": 1}}, "list": []}
    assert (batch.answers["list"].total, batch.answers["a"].time) == (7, {"operating": 1})
    assert {key: (error.method, error.text) for key, error in batch.errors.items()} == {"b": ("y.get", "Not found")}


def test_batch_reads_php_lists() -> None:
    """Keys 0, 1, 2 come back as a list; all empty is all []."""
    batch = read_batch({"0": "x", "1": "y"}, Answer({"result": ["a", "b"], "result_error": []}))

    assert batch.results == {"0": "a", "1": "b"}
    assert read_batch({"0": "x"}, Answer({"result": [], "result_error": [], "result_time": []})).results == {}


def test_error_text_is_bounded() -> None:
    """A portal's description is kept in its beginning only."""
    assert len(error_of("x", {"error": "A", "error_description": "y" * 9999}).text) == 500
