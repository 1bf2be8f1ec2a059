"""Every method with a request of the documented form, and what it answers against the documented keys and types.

`examples.json` says for a method: `params`, where "{word}" is a record that `desk` makes, and `result`: text, number, flag, any, a list
with the shape of its first entry, or a map with the keys that must be there.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.methods import METHODS
from sandbox.portal import Portal
from tests.sandbox.clock import FakeClock
from tests.sandbox.desk import Desk

EXAMPLES: dict[str, Any] = json.loads((Path(__file__).parent / "examples.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, filled_file: Path) -> Iterator[Desk]:
    directory = tmp_path_factory.mktemp("examples")
    shutil.copy(filled_file, directory / "portal.db")
    portal = Portal(directory, "http://127.0.0.1:1", FakeClock())
    yield Desk(portal)
    portal.close()


def differences(wanted: Any, got: Any, path: str = "result") -> list[str]:
    """Return where an answer is not of the documented shape. An empty list or map says nothing of its entries, null nothing of a type."""
    if wanted == "any" or got is None or got in ([], {}):
        return []
    if isinstance(wanted, str):
        kinds = {"text": str, "number": (int, float), "flag": bool}[wanted]
        is_right = isinstance(got, kinds) and (wanted == "flag" or not isinstance(got, bool))
        return [] if is_right else [f"{path}: {wanted} expected, {got!r} found"]
    if isinstance(wanted, list):
        if not isinstance(got, list):
            return [f"{path}: a list expected"]
        return differences(wanted[0], got[0], f"{path}[0]") if wanted else []
    if not isinstance(got, dict):
        return [f"{path}: a map expected"] if wanted else []
    missing = [f"{path}.{key} is missing" for key in wanted if key not in got]
    return missing + [line for key in wanted if key in got for line in differences(wanted[key], got[key], f"{path}.{key}")]


def test_every_method_has_an_example() -> None:
    """The file names the portal's methods, no more and no fewer."""
    assert sorted(EXAMPLES) == sorted(method.name for method in METHODS)


@pytest.mark.parametrize("method", sorted(EXAMPLES))
def test_example_gets_the_documented_answer(desk: Desk, method: str) -> None:
    """A documented request is not refused, and its answer has the documented keys and types."""
    result = desk.run(method, EXAMPLES[method]["params"])

    assert json.dumps(result) is not None
    assert differences(EXAMPLES[method]["result"], result) == []
