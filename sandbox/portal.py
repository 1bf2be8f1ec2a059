"""The portal itself: its store, clock, settings, records and methods, put together. Knows no HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sandbox.clock import Clock
from sandbox.methods import BY_NAME
from sandbox.records import Listener, Records
from sandbox.rest import Answer, Call, Caller, RestError
from sandbox.store import CORE_SECTIONS, Store


class Portal:
    """One portal. `url` is its public address without a slash at the end; `language` is what people see it in."""

    def __init__(self, data_dir: Path, url: str, clock: Clock | None = None) -> None:
        self.data_dir, self.url, self.language = data_dir, url, "ru"
        self.clock = clock or Clock()
        self.store = Store(data_dir / "portal.db", CORE_SECTIONS)
        self.listeners: list[Listener] = []
        self.records = Records(self)

    def call(self, caller: Caller, name: str, params: dict[str, Any]) -> Answer:
        """Run one method as a caller: rights, schema, function. Raises RestError."""
        method = BY_NAME.get(name.lower())
        if method is None:
            raise RestError(404, "ERROR_METHOD_NOT_FOUND", "Method not found!")
        return method.function(Call(self, caller, params))

    def close(self) -> None:
        """Stop what runs and close the store."""
        self.store.close()
