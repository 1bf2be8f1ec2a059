"""What was called, as JSON lines: a batch unpacked into its commands, tokens never. Kept in memory and in DIR/calls.jsonl."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

KEPT = 20_000
SECRET = frozenset(("auth", "access_token", "refresh_token", "client_secret"))


class CallLog:
    """Remembers the last calls; safe for threads."""

    def __init__(self, path: Path) -> None:
        self._lines: deque[str] = deque(maxlen=KEPT)
        self._lock = threading.Lock()
        self._file = path.open("a", encoding="utf-8", buffering=1)

    def add(self, method: str, params: Mapping[str, Any], status: int, code: str) -> None:
        """Remember one call and how it ended."""
        shown = {name: value for name, value in params.items() if str(name).lower() not in SECRET}
        entry: dict[str, Any] = {"method": method, "params": shown, "status": status}
        if status != 200:
            entry["error"] = code
        line = json.dumps(entry, ensure_ascii=False, default=str)
        with self._lock:
            self._lines.append(line)
            self._file.write(line + "\n")

    def text(self) -> str:
        """Return the remembered calls, one a line, the oldest first."""
        with self._lock:
            return "".join(line + "\n" for line in self._lines)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
