"""How far a long job is, what it has cost and how long it will take."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from b24app.store.mirror import PortalStores
from b24app.store.progress import advance_step, finish_step, list_steps, plan_steps, start_step, sum_up

NOON = datetime(2025, 6, 15, 12, 0, tzinfo=UTC)


@pytest.fixture
def stores(tmp_path: Path) -> PortalStores:
    """An empty directory of portals."""
    return PortalStores(tmp_path)


def test_rows_share_requests_and_time_left(stores: PortalStores) -> None:
    """The speed is that since the step was taken up again: a pause of a day does not make it slow."""
    store = stores.writer("m1")
    plan_steps(store, "install", [("a", "a"), ("b", "b"), ("c", "c")])
    start_step(store, "install", "a", "2025-06-14T11:00:00Z")
    advance_step(store, "install", "a", (100, 100), 3)
    finish_step(store, "install", "a", "2025-06-14T11:00:10Z")
    start_step(store, "install", "b", "2025-06-14T11:00:10Z")
    advance_step(store, "install", "b", (0, 400))
    advance_step(store, "install", "b", (200, None), 2)
    start_step(store, "install", "b", "2025-06-15T11:59:50Z")
    waiting = sum_up(list_steps(store, "install"), NOON)
    advance_step(store, "install", "b", (300, None), 2)

    found = sum_up(list_steps(store, "install"), NOON)
    stores.close()

    assert waiting["seconds_left"] is None
    assert found == {"rows": 400, "total": 500, "share": 0.8, "requests": 7, "seconds_left": 10}


def test_nothing_to_do_is_nothing_left() -> None:
    """An empty portal is done at once."""
    assert sum_up([], NOON) == {"rows": 0, "total": 0, "share": 0.0, "requests": 0, "seconds_left": 0}
