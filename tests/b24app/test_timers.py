"""What time alone orders, and when there is nothing to order."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from b24app.app import KINDS
from b24app.context import Context
from b24app.sync.first import first_sync, plan_first_sync
from b24app.sync.offline import SETTING
from b24app.timers import TIMERS
from tests.fakes import FakeBitrix, worker_context

BY_KIND = {timer.kind: timer for timer in TIMERS}


@pytest.fixture
def ctx(tmp_path: Path) -> Iterator[Context]:
    """The worker's context, its mirror empty; it is three o'clock in the portal."""
    with worker_context(tmp_path, FakeBitrix()) as context:
        yield context


def test_every_timer_has_its_kind_of_job() -> None:
    """What is ordered can be done."""
    assert set(BY_KIND) <= set(KINDS)


def test_queue_is_asked_where_it_is_open(ctx: Context) -> None:
    """A tariff without one costs nothing."""
    closed = BY_KIND["offline"].moment(ctx)
    ctx.app_store.save_setting("m1", SETTING, {"connector": ""})

    assert (closed, BY_KIND["offline"].moment(ctx) != "") == ("", True)


def test_certificate_is_made_once_a_night_of_a_filled_mirror(ctx: Context) -> None:
    """Before the first sync, and during one, everything would be a difference."""
    empty = BY_KIND["reconcile"].moment(ctx)
    first_sync(ctx)
    filled = BY_KIND["reconcile"].moment(ctx)
    plan_first_sync(ctx, "install")

    assert (empty, filled, BY_KIND["reconcile"].moment(ctx)) == ("", "2025-06-15", "")
