"""The queue of offline events is opened where the tariff has it, and follows the tariff."""

from __future__ import annotations

from typing import Any

import pytest

from b24app.context import Context
from b24app.errors import BitrixError
from b24app.sync.chosen import choose_smart_processes, list_events
from b24app.sync.entities import EVENTS
from b24app.sync.offline import CONNECTOR, find_queue
from install.offline import QUEUE, SOURCES
from install.plan import make_plan
from install.registration import register_events, register_queue


def register(ctx: Context) -> None:
    """Register events as an installation does."""
    plan = make_plan(ctx.config, ctx.portal, list_events(ctx))
    register_events(ctx, plan)
    register_queue(ctx, plan)


def test_without_the_feature_nothing_is_bound(ctx: Context, portal: Any) -> None:
    """The online events and the sweep are enough."""
    register(ctx)

    assert (portal.queued, find_queue(ctx)) == (set(), None)


def test_queue_of_our_own_source(ctx: Context, portal: Any) -> None:
    """The same events, under our connector; the second time changes nothing."""
    portal.features = {QUEUE, SOURCES}
    register(ctx)
    portal.writes()
    register(ctx)

    assert portal.queued == {(event, CONNECTOR) for event in EVENTS}
    assert find_queue(ctx) == {"auth_connector": CONNECTOR}
    assert portal.writes() == []


def test_queue_without_sources(ctx: Context, portal: Any) -> None:
    """A lesser tariff queues our own writes too; when it grows, everything is bound anew."""
    portal.features = {QUEUE}
    register(ctx)
    first, asked = portal.queued, find_queue(ctx)
    portal.features = {QUEUE, SOURCES}
    register(ctx)

    assert (first, asked) == ({(event, "") for event in EVENTS}, {})
    assert portal.queued == {(event, CONNECTOR) for event in EVENTS}


def test_queue_ends_with_the_tariff(ctx: Context, portal: Any) -> None:
    """What would never be read is not left behind."""
    portal.features = {QUEUE, SOURCES}
    register(ctx)
    portal.features = set()
    register(ctx)

    assert (portal.queued, find_queue(ctx)) == (set(), None)


def test_queue_that_was_not_bound_is_not_asked(ctx: Context, portal: Any) -> None:
    """A refusal leaves no half-open queue behind it in our settings."""
    portal.features, portal.refused = {QUEUE, SOURCES}, {"event.bind": "ACCESS_DENIED"}

    with pytest.raises(BitrixError):
        register(ctx)

    assert find_queue(ctx) is None


def test_events_of_chosen_smart_processes_are_bound(ctx: Context, portal: Any) -> None:
    """They carry their type in their names, online and in the queue."""
    portal.features = {QUEUE, SOURCES}
    choose_smart_processes(ctx, [1220])
    register(ctx)

    names = {f"ONCRMDYNAMICITEM{what}_1220" for what in ("ADD", "UPDATE", "DELETE")}
    assert names <= {event for event, _ in portal.events} & {event for event, _ in portal.queued}
    choose_smart_processes(ctx, [])
    register(ctx)
    assert names & {event for event, _ in portal.events | portal.queued} == set()
