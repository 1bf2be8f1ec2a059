"""One process at a time: a lock on a file that the kernel lets go of when its holder dies, however it dies."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import IO


class Alone:
    """Held by the one worker of a DATA_DIR; others wait behind it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = None

    def enter(self) -> bool:
        """Try to get in; tell whether we are."""
        file = self._path.open("a")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return False
        self._file = file
        return True

    def leave(self) -> None:
        """Let the next one in."""
        if self._file is not None:
            self._file.close()
            self._file = None
