"""A portal of a few cards, for robots: crm.item.get and update, to-dos, answers of workflows. Fails when surprised, can lose answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from b24app.bitrix.payloads import Answer, BatchAnswer
from b24app.errors import BitrixError, BitrixLost

TODO, SEND, LOG = "crm.activity.todo.add", "bizproc.event.send", "bizproc.activity.log"


class Office:
    """In the place of `bitrix.client.Client`. `losing` does the work and loses the answer, `refusing` raises; each once a method."""

    def __init__(self) -> None:
        self.items: dict[tuple[int, int], dict[str, Any]] = {}
        self.todos: list[dict[str, Any]] = []
        self.answers: dict[str, dict[str, Any]] = {}
        self.lines: list[tuple[str, str]] = []
        self.losing: set[str] = set()
        self.refusing: dict[str, BitrixError] = {}
        self.calls: list[str] = []

    def put(self, type_id: int, number: int, **fields: Any) -> None:
        """Put a card or a deal into the portal; `fm` as [(type, value), ...]."""
        entries = [
            {"id": number * 100 + place, "typeId": kind, "value": value} for place, (kind, value) in enumerate(fields.pop("fm", ()), 1)
        ]
        self.items[type_id, number] = {"id": number, "entityTypeId": type_id, "fm": entries, **fields}

    def call(self, method: str, params: Mapping[str, Any] | None = None) -> Answer:
        """Answer one method."""
        self.calls.append(method)
        if method in self.refusing:
            raise self.refusing.pop(method)
        result = {
            "crm.item.get": self._get,
            "crm.item.update": self._update,
            TODO: self._todo,
            "crm.activity.list": self._activities,
            SEND: self._send,
            LOG: self._log,
        }[method](dict(params or {}))
        if method in self.losing:
            self.losing.remove(method)
            raise BitrixLost(method, "no_answer")
        return Answer(result)

    def batch(self, commands: Mapping[str, tuple[str, Mapping[str, Any]]]) -> BatchAnswer:
        """Answer many."""
        answers, errors = {}, {}
        for key, (method, params) in commands.items():
            try:
                answers[key] = self.call(method, params)
            except BitrixError as error:
                errors[key] = error
        return BatchAnswer(answers, errors)

    def _get(self, params: dict[str, Any]) -> Any:
        found = self.items.get((params["entityTypeId"], params["id"]))
        if found is None:
            raise BitrixError("crm.item.get", "NOT_FOUND", "Элемент не найден", 400)
        return {"item": found}

    def _update(self, params: dict[str, Any]) -> Any:
        """Change fields; entries of `fm` by number, an empty value removes one, one without a type is passed over in silence."""
        item, fields = self._get(params)["item"], dict(params["fields"])
        for number, entry in fields.pop("fm", {}).items():
            there = next(one for one in item["fm"] if one["id"] == int(number))
            if entry.get("typeId") and entry["value"]:
                there["value"] = entry["value"]
            elif entry.get("typeId"):
                item["fm"].remove(there)
        item.update(fields)
        return {"item": item}

    def _todo(self, params: dict[str, Any]) -> Any:
        self.todos.append({"ID": str(len(self.todos) + 1), "SUBJECT": params["title"], "DEADLINE": params["deadline"], **params})
        return {"id": len(self.todos)}

    def _activities(self, params: dict[str, Any]) -> Any:
        owner = params["filter"]["OWNER_TYPE_ID"], params["filter"]["OWNER_ID"]
        return [one for one in self.todos if (one["ownerTypeId"], one["ownerId"]) == owner]

    def _send(self, params: dict[str, Any]) -> Any:
        if params["event_token"] in self.answers:
            raise BitrixError(SEND, "ACCESS_DENIED", "Access denied!", 403)
        self.answers[params.pop("event_token")] = params
        return True

    def _log(self, params: dict[str, Any]) -> Any:
        self.lines.append((params["event_token"], params["log_message"]))
        return True
