"""`batch`: up to 50 calls in one request, later ones referring to results of earlier ones.

Source: settings/how-to-call-rest-api/batch. HTTP 200 whatever happens inside; every empty map is printed as [].
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from typing import Any

from marshmallow import fields

from sandbox.envelope import php_map, print_refusal, print_time
from sandbox.forms import read_query
from sandbox.params import Params, YesNo
from sandbox.rest import Answer, Call, Method, RestError

LONGEST = 50
REFERENCE = re.compile(r"\$result((?:\[[^\[\]]+\])+)")
STEP = re.compile(r"\[([^\[\]]+)\]")


class BatchParams(Params):
    """Commands: a list, or a map by keys of the caller's choice."""

    cmd = fields.Raw(load_default=None)
    halt = YesNo(load_default=False)


def batch(call: Call) -> Answer:
    """batch"""
    commands = call.params["cmd"]
    if isinstance(commands, list):
        commands = dict(enumerate(commands))
    if not isinstance(commands, Mapping):
        commands = {}
    run = _Run(call)
    for place, (key, command) in enumerate(commands.items()):
        if not run.step(key, command, is_over=place >= LONGEST) and call.params["halt"]:
            break
    return Answer(run.printed())


class _Run:
    """The results of one batch as they gather."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._parts: dict[str, dict[Any, Any]] = {
            name: {} for name in ("result", "result_error", "result_total", "result_next", "result_time")
        }

    def step(self, key: Any, command: Any, is_over: bool) -> bool:
        """Run one command; return False when it failed."""
        started, counted = time.time(), time.perf_counter()
        try:
            if is_over:
                raise RestError(400, "ERROR_BATCH_LENGTH_EXCEEDED", "Max batch length exceeded")
            name, params = read_command(command, self._parts["result"])
            if name.lower() == "batch":
                raise RestError(405, "ERROR_BATCH_METHOD_NOT_ALLOWED", "Method is not allowed for batch usage")
            answer = self._call.portal.call(self._call.caller, name, params, is_inner=True)
        except RestError as error:
            self._parts["result_error"][key] = print_refusal(error)
            return False
        self._parts["result"][key] = answer.result
        if answer.total is not None:
            self._parts["result_total"][key] = answer.total
        if answer.next is not None:
            self._parts["result_next"][key] = answer.next
        portal, account = self._call.portal, self._call.caller.account
        operating = portal.operating.read(account, name.lower(), portal.clock.unix()) if account else None
        self._parts["result_time"][key] = print_time(started, time.time(), time.perf_counter() - counted, operating)
        return True

    def printed(self) -> dict[str, Any]:
        """Return all parts as PHP prints them."""
        return {name: php_map(part) for name, part in self._parts.items()}


def read_command(command: Any, results: Mapping[Any, Any]) -> tuple[str, dict[str, Any]]:
    """Return method and parameters of `method?query`, references replaced. Raises RestError for what is no command."""
    if not isinstance(command, str):
        raise RestError(404, "ERROR_METHOD_NOT_FOUND", "Method not found!")
    name, _, query = command.partition("?")
    params = read_query(query)
    known = {str(key): value for key, value in results.items()}
    if "$result" in query or "%24result" in query.lower():
        params = {key: _replaced(value, known) for key, value in params.items()}
    return name.strip().strip("/").removesuffix(".json"), params


def _replaced(value: Any, results: Mapping[str, Any]) -> Any:
    if isinstance(value, dict):
        return {_replaced_text(key, results): _replaced(inner, results) for key, inner in value.items()}
    if isinstance(value, list):
        return [_replaced(inner, results) for inner in value]
    whole = REFERENCE.fullmatch(value)
    return _find(whole.group(1), results) if whole else _replaced_text(value, results)


def _replaced_text(text: str, results: Mapping[str, Any]) -> str:
    return REFERENCE.sub(lambda found: _as_text(_find(found.group(1), results)), text)


def _find(path: str, results: Mapping[str, Any]) -> Any:
    """Return what a path leads to; None for one that leads nowhere (assumption 7)."""
    value: Any = results
    for step in STEP.findall(path):
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else ""
    return "" if value is None else json.dumps(value) if isinstance(value, dict | list) else str(value)


METHODS = (Method("batch", batch, BatchParams),)
