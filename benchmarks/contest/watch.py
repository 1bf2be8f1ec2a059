"""Stops the time: what a person waits for, and what the processor works, which other work on the machine does not lengthen."""

from __future__ import annotations

import time


class Watch:
    """Runs from its making."""

    def __init__(self) -> None:
        self._began, self._worked = time.monotonic(), time.process_time()

    def read(self) -> dict[str, float]:
        """Return the seconds since then and this process's own processor seconds."""
        return {"seconds": time.monotonic() - self._began, "cpu": time.process_time() - self._worked}
