"""What a test may need of the machine: a browser, an office, npm. Without it the test is skipped, unless the run insists.

B24APP_TESTS_REQUIRE names, separated by commas, what must be there: `browser`, `office`, `postgres`, `npm`. Then its absence fails.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

VARIABLE = "B24APP_TESTS_REQUIRE"


@dataclass(frozen=True)
class Tool:
    """A program that tests use: the word by which a run insists on it, its names, where it stands when it is not on the path."""

    word: str
    names: tuple[str, ...]
    usual: tuple[str, ...]
    how: str

    def find(self) -> str | None:
        """Return the program's path, or None."""
        on_path = (shutil.which(name) for name in self.names)
        return next((path for path in (*on_path, *self.usual) if path and Path(path).exists()), None)


TOOLS = (
    Tool("browser", ("chromium", "chromium-browser", "google-chrome"), ("/usr/bin/chromium",), "apt-get install chromium"),
    Tool("postgres", ("initdb",), tuple(map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")))), "apt-get install postgresql"),
    Tool("office", ("soffice", "libreoffice"), ("/usr/bin/soffice",), "apt-get install libreoffice-writer"),
    Tool("npm", ("npm",), (), "apt-get install npm"),
)
BY_WORD = {tool.word: tool for tool in TOOLS}


def need(word: str) -> str:
    """Return the path of the program that a test needs; skip the test without it, or fail when the run insists."""
    tool = BY_WORD[word]
    found = tool.find()
    if found is None:
        stop = pytest.fail if is_required(word) else pytest.skip
        stop(f"no {word} on this machine: {tool.how}")
    return str(found)


def is_required(word: str) -> bool:
    """Tell whether this run insists on it."""
    return word in (part.strip() for part in os.environ.get(VARIABLE, "").split(","))
