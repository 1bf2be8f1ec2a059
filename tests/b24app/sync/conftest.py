"""A context with a real, empty mirror and a portal in memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from b24app.context import Context
from tests.fakes import FakeBitrix, worker_context


@pytest.fixture
def bitrix() -> FakeBitrix:
    """An empty portal with its dictionaries."""
    return FakeBitrix()


@pytest.fixture
def ctx(tmp_path: Path, bitrix: FakeBitrix) -> Iterator[Context]:
    """The worker's context for that portal."""
    with worker_context(tmp_path, bitrix) as context:
        yield context
