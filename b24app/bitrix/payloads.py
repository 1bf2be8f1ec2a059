"""How Bitrix24 spells requests and answers: PHP-bracket forms, command strings of a batch, the answer envelope.

Pure: no I/O, no clock.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import orjson

from b24app.errors import BitrixBusy, BitrixError, BitrixGone, BitrixLost, Malformed

Form = dict[str, Any]

MAX_PAIRS = 1000
MAX_DEPTH = 8
MAX_KEY = 300
TEXT_LIMIT = 500  # of a portal's description that we keep

_BRACKET = re.compile(r"\[([^\[\]]*)\]")

# https://github.com/bitrix-tools/b24-rest-docs, _includes/system-errors.md
# PAYMENT_REQUIRED: no tokens until somebody pays. settings/oauth/error-codes.md
NOTHING_DONE = frozenset({"query_limit_exceeded", "operation_time_limit", "overload_limit", "payment_required"})
GONE = frozenset({"portal_deleted", "invalid_grant", "application_not_found", "application_not_installed"})
RETRY_AFTER = {"query_limit_exceeded": 2.0, "operation_time_limit": 600.0, "overload_limit": 600.0, "payment_required": 600.0}


@dataclass(frozen=True)
class Answer:
    """What a method answered. `total` and `next` come with lists only; `next` is absent on the last page."""

    result: Any
    total: int | None = None
    next: int | None = None
    time: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class BatchAnswer:
    """What every command of a batch answered, by its key: an Answer or an error, never both."""

    answers: dict[str, Answer]
    errors: dict[str, BitrixError]
    time: Mapping[str, Any] = field(default_factory=dict)

    @property
    def results(self) -> dict[str, Any]:
        """The bare results by key."""
        return {key: answer.result for key, answer in self.answers.items()}

    def raise_for_errors(self) -> None:
        """Raise the first error, if a command failed."""
        for error in self.errors.values():
            raise error


# -- forms ------------------------------------------------------------------------------------------------


def read_form(pairs: Iterable[tuple[str, str]]) -> Form:
    """Nest `a[b][0]=c` pairs as PHP would: maps, and lists where the keys count 0, 1, 2...

    Raises Malformed for what no portal sends: too many or too deep keys, a scalar that is also a map.
    """
    root: Form = {}
    for count, (name, value) in enumerate(pairs, start=1):
        if count > MAX_PAIRS:
            raise Malformed(f"form: more than {MAX_PAIRS} fields")
        if name:  # PHP drops a nameless field too
            _put(root, _path(name), value)
    return {key: _lists(value) for key, value in root.items()}


def _path(name: str) -> list[str]:
    """Split `auth[member_id]` into its keys; a name that is not well bracketed is one key."""
    if len(name) > MAX_KEY:
        raise Malformed("form: a field name is too long")
    head, bracket, _ = name.partition("[")
    rest = name[len(head) :]
    if not bracket or not head or _BRACKET.sub("", rest):
        return [name]
    path = [head, *_BRACKET.findall(rest)]
    if len(path) > MAX_DEPTH:
        raise Malformed(f"form: nested deeper than {MAX_DEPTH}")
    return path


def _put(root: Form, path: list[str], value: str) -> None:
    place: Any = root
    for key in path[:-1]:
        place = place.setdefault(key or str(len(place)), {})
        if not isinstance(place, dict):
            raise Malformed(f"form: {path[0]} is both a value and a map")
    last = path[-1] or str(len(place))
    if isinstance(place.get(last), dict):
        raise Malformed(f"form: {path[0]} is both a value and a map")
    place[last] = value


def _lists(value: Any) -> Any:
    """Turn maps whose keys are exactly 0..n-1 into lists, all the way down."""
    if not isinstance(value, dict):
        return value
    nested = {key: _lists(item) for key, item in value.items()}
    if set(nested) == {str(index) for index in range(len(nested))}:
        return [nested[str(index)] for index in range(len(nested))]
    return nested


# -- commands of a batch ----------------------------------------------------------------------------------


def build_command(method: str, params: Mapping[str, Any] | None = None) -> str:
    """Return `method?query` for the `cmd` map of a batch."""
    query = build_query(params or {})
    return f"{method}?{query}" if query else method


def build_query(params: Mapping[str, Any]) -> str:
    """Return a PHP-bracket query string. Booleans become 1 and 0, None an empty value.

    An empty list cannot be said this way (PHP drops it, and a filter would silently widen): ValueError.
    References such as `$result[first][items][49][id]` are values like any other.
    """
    return "&".join(f"{quote(name, safe='[]')}={quote(value, safe='$[]')}" for name, value in _flat("", params))


def _flat(prefix: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _flat(f"{prefix}[{key}]" if prefix else str(key), item)
    elif isinstance(value, (list, tuple)):
        if not value:
            raise ValueError(f"an empty list cannot be sent in a batch: {prefix}")
        for index, item in enumerate(value):
            yield from _flat(f"{prefix}[{index}]", item)
    else:
        yield prefix, _scalar(value)


def _scalar(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    return str(value)


# -- answers ----------------------------------------------------------------------------------------------


def read_answer(method: str, status: int, body: bytes) -> Answer:
    """Read the envelope: the body before the status, an error by the presence of its key (it may be "" or 0).

    Raises BitrixBusy, BitrixGone, BitrixError by code; BitrixLost when the body cannot be read.
    """
    try:
        envelope = _decode(body)
    except ValueError as error:
        raise _unreadable(method, status) from error
    if not isinstance(envelope, dict):
        raise _unreadable(method, status)
    if "error" in envelope:
        raise error_of(method, envelope, status)
    if "result" not in envelope:
        raise _unreadable(method, status)
    return Answer(envelope["result"], _number(envelope.get("total")), _number(envelope.get("next")), _map(envelope.get("time")))


def _decode(body: bytes) -> Any:
    """Decode JSON, three times as fast as the standard library; what the strict reader refuses, that one may still accept."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return json.loads(body)


def read_batch(methods: Mapping[str, str], answer: Answer) -> BatchAnswer:
    """Split a batch's answer by command. Empty maps arrive as []; a list when the keys were 0, 1, 2...

    `methods` is key -> method of what was sent; a command without an answer (after a halt) is in neither map.
    """
    parts = _map(answer.result)
    results, failures = _map(parts.get("result")), _map(parts.get("result_error"))
    totals, nexts, times = _map(parts.get("result_total")), _map(parts.get("result_next")), _map(parts.get("result_time"))
    answers, errors = {}, {}
    for key, method in methods.items():
        if key in failures:
            errors[key] = error_of(method, failures[key] if isinstance(failures[key], Mapping) else {"error": failures[key]})
        elif key in results:
            answers[key] = Answer(results[key], _number(totals.get(key)), _number(nexts.get(key)), _map(times.get(key)))
    return BatchAnswer(answers, errors, answer.time)


def error_of(method: str, envelope: Mapping[str, Any], status: int = 0) -> BitrixError:
    """Return (not raise) our error for the portal's."""
    code, text = _code(envelope)
    word = code.lower()
    if word in GONE or "not installed" in text.lower():
        return BitrixGone(method, code, text, status)
    if word in NOTHING_DONE or status in (429, 503):
        return BitrixBusy(method, code, text, status, RETRY_AFTER.get(word, 2.0))
    if status >= 500 or word in ("internal_server_error", "error_unexpected_answer"):
        return BitrixBusy(method, code, text, status, 10.0)
    return BitrixError(method, code, text, status)


def _code(envelope: Mapping[str, Any]) -> tuple[str, str]:
    """Return code and description; REST 3.0 nests both in a map."""
    error: Any = envelope.get("error")
    text = envelope.get("error_description") or ""
    if isinstance(error, Mapping):
        error, text = error.get("code"), error.get("message") or text
    return str("" if error is None else error)[:TEXT_LIMIT], str(text)[:TEXT_LIMIT]


def _unreadable(method: str, status: int) -> BitrixError:
    """A page instead of JSON, or half an answer: a 4xx is a plain refusal, anything else may have been done."""
    if 400 <= status < 500 and status != 429:
        return BitrixError(method, f"http_{status}", "the answer is not JSON", status)
    return BitrixLost(method, "unreadable_answer", f"HTTP {status}", status)


def _map(value: Any) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, list):  # PHP prints a map with keys 0, 1, 2... as a list, and an empty one as []
        return {str(index): item for index, item in enumerate(value)}
    return {}


def _number(value: Any) -> int | None:
    try:
        return None if value is None else int(value)
    except (TypeError, ValueError):
        return None
