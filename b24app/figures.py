"""The worker's figures: counted in memory, written into a small file now and then, read by the web process that shows them.

They begin at nothing with every worker, which whoever draws them knows how to read. Counts only; knows no unit and no meaning.
"""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

FILE = "worker.figures"
Labels = tuple[tuple[str, str], ...]
Found = dict[str, dict[Labels, float]]


class Figures:
    """Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: defaultdict[str, dict[Labels, float]] = defaultdict(dict)
        self._is_changed = True

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        """Add to a counter."""
        key = tuple(sorted(labels.items()))
        with self._lock:
            self._counts[name][key] = self._counts[name].get(key, 0) + amount
            self._is_changed = True

    def put(self, name: str, values: dict[Labels, float]) -> None:
        """Replace all values of a gauge."""
        with self._lock:
            self._counts[name] = dict(values)
            self._is_changed = True

    def save(self, folder: Path) -> None:
        """Write them where `read_figures` finds them, if there is anything new. A disk that is full is not our business."""
        with self._lock:
            if not self._is_changed:
                return
            text = json.dumps({name: [[dict(labels), value] for labels, value in lines.items()] for name, lines in self._counts.items()})
            self._is_changed = False
        draft = folder / f".{FILE}"
        with suppress(OSError):
            draft.write_text(text, encoding="utf-8")
            draft.replace(folder / FILE)


def read_figures(folder: Path) -> Found:
    """Return what the worker has written last; nothing when there is nothing to be read."""
    try:
        read = json.loads((folder / FILE).read_text(encoding="utf-8"))
        return {name: {tuple(sorted(labels.items())): float(value) for labels, value in lines} for name, lines in read.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
