"""What wraps an answer: result, total, next, time; and what wraps a refusal. Pure."""

from __future__ import annotations

import json
from typing import Any

from sandbox.clock import from_unix
from sandbox.rest import Answer, RestError

PAGE = 50
LAST_START = 2**53  # no list is longer; SQLite takes no number beyond 64 bits


def print_time(start: float, finish: float, processing: float, operating: tuple[float, int] | None) -> dict[str, Any]:
    """Return the `time` of an answer: unix seconds, and the method's operating seconds with the moment when they fall."""
    made: dict[str, Any] = {
        "start": round(start, 6),
        "finish": round(finish, 6),
        "duration": round(finish - start, 6),
        "processing": round(processing, 6),
        "date_start": from_unix(start),
        "date_finish": from_unix(finish),
    }
    if operating is not None:
        made["operating_reset_at"], made["operating"] = operating[1], round(operating[0], 6)
    return made


def print_answer(answer: Answer, time: dict[str, Any]) -> dict[str, Any]:
    """Return the envelope of a good answer."""
    made: dict[str, Any] = {"result": answer.result}
    if answer.next is not None:
        made["next"] = answer.next
    if answer.total is not None:
        made["total"] = answer.total
    made["time"] = time
    return made


def print_refusal(error: RestError) -> dict[str, Any]:
    """Return the body of a refusal."""
    return {"error": error.code, "error_description": error.description, **error.extra}


def to_json(body: Any) -> bytes:
    """Return a body as it goes over the wire."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def php_map(pairs: dict[Any, Any]) -> dict[str, Any] | list[Any]:
    """Return a map the way PHP prints an array: a list when its keys are 0, 1, 2, ... (and when it is empty), else an object."""
    if [str(key) for key in pairs] == [str(place) for place in range(len(pairs))]:
        return list(pairs.values())
    return {str(key): value for key, value in pairs.items()}


def read_start(value: Any) -> int:
    """Return a list's `start`: -1 switches counting off; what is no number is the first page."""
    try:
        start = int(value)
    except (TypeError, ValueError, OverflowError):
        return 0
    return min(start, LAST_START) if start >= -1 else 0


def print_page(result: Any, start: int, count: int, total: int) -> Answer:
    """Return a list's answer: `next` only while there is more; without counting total is 0 and there is no `next`."""
    if start < 0:
        return Answer(result, total=0)
    following = start + PAGE
    return Answer(result, total=total, next=following if count == PAGE and following < total else None)
