"""The README is true: its links lead somewhere, its table names every room, its commands exist."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_link_leads_to_a_file() -> None:
    """A page or a picture that the README links to is in the tree."""
    links = re.findall(r"\]\(([^)#]+)\)", README)

    assert [link for link in links if not (ROOT / link).exists()] == []


def test_table_names_every_room() -> None:
    """Whoever looks for the owner of something finds its room in the table."""
    top = [path for path in ROOT.iterdir() if any(path.glob("*.py")) and path.name not in ("tests",) and not path.name.startswith(".")]
    rooms = [f"{path.relative_to(ROOT)}/" for path in (*top, *(ROOT / "b24app").iterdir()) if path.is_dir() and path.name[0] not in "._"]

    assert [room for room in rooms if f"| `{room}` |" not in README] == []


def test_commands_are_in_the_makefile() -> None:
    """Every `make` command that the README gives is a target, and every target is given."""
    targets = re.findall(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)[0].split()

    assert set(re.findall(r"^\| `make (\w+)` \|", README, re.MULTILINE)) == set(targets) - {"help"}
