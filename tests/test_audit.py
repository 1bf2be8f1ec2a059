"""The audit of packages fails for what is known, and never passes silence for an answer."""

from __future__ import annotations

from typing import Any

import pytest

from tests.audit import judge

GOOD = {"name": "flask", "version": "3", "vulns": []}
BAD = {"name": "oldlib", "version": "1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2"]}]}
SKIPPED = {"name": "ours", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("packages", "code", "words"),
    [
        ([GOOD], 0, "1 packages, nothing known"),
        ([GOOD, BAD], 1, "oldlib 1: PYSEC-1, mended in 2"),
        ([GOOD, SKIPPED], 0, "NOT AUDITED: 1 of 2"),
        ([BAD, SKIPPED], 1, "PYSEC-1"),
    ],
)
def test_answer_is_judged(packages: list[dict[str, Any]], code: int, words: str) -> None:
    """A known vulnerability fails; what could not be asked is said."""
    found, lines = judge(packages)

    assert found == code
    assert words in "\n".join(lines)
