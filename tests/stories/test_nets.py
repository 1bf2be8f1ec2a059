"""Three nets, each enough alone: whatever happened in the portal, one of them brings the mirror back to equality."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from b24app.bitrix.incoming import read_event
from b24app.bitrix.payloads import read_form
from b24app.context import Context, utc_now
from b24app.drain import drain_all, fill, reconcile, take_queue
from b24app.store.changes import save_changes
from b24app.sync import sweep as sweeping
from b24app.sync.certify import last_certificate
from b24app.sync.changed import read_change
from b24app.sync.entities import EVENTS
from b24app.sync.offline import SETTING, find_queue
from install.offline import plan_queue
from tests.sandbox.receiver import Receiver
from tests.stories.alone import PortalOnHttp, find_differences, live, mirror_of, running_portal


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[PortalOnHttp]:
    """A small company in a portal on a free port."""
    with running_portal(tmp_path / "portal") as started:
        yield started


@pytest.fixture
def ctx(tmp_path: Path, portal: PortalOnHttp) -> Iterator[Context]:
    """The worker's context for that portal, with the mirror filled."""
    with mirror_of(tmp_path / "app", portal) as context:
        fill(context)
        assert find_differences(context, portal) == []
        yield context


def open_queue(ctx: Context) -> None:
    """Bind offline events as an installation does."""
    commands, queue = plan_queue(ctx, EVENTS)
    for method, params in commands:
        ctx.bitrix.call(method, params)
    ctx.app_store.save_setting(ctx.portal.member_id, SETTING, queue)


def test_events_alone(ctx: Context, portal: PortalOnHttp) -> None:
    """Twice, and in the opposite order: what is true is asked of the portal, not of the events."""
    with Receiver() as receiver:
        for event in EVENTS:
            ctx.bitrix.call("event.bind", {"event": event, "handler": f"{receiver.url}/events"})
        portal.finish_install()
        live(portal)
        portal.wait_until_told()
        told = [read_event(read_form(form.items())) for form in receiver.raw]

    changes = [read_change(event.name, event.entity_id) for event in (*reversed(told), *told)]
    save_changes(ctx.store, [change for change in changes if change], utc_now().strftime("%Y-%m-%dT%H:%M:%SZ"))
    drain_all(ctx)

    assert find_differences(ctx, portal) == []


def test_offline_queue_alone(ctx: Context, portal: PortalOnHttp) -> None:
    """One row a record; afterwards the queue is empty."""
    open_queue(ctx)
    portal.finish_install()
    live(portal)

    taken = take_queue(ctx)
    drain_all(ctx)

    assert find_differences(ctx, portal) == []
    assert (taken > 30, take_queue(ctx)) == (True, 0)


def test_our_own_writes_do_not_come_back(ctx: Context, portal: PortalOnHttp) -> None:
    """A write that carries our connector is not queued for us, alone or in a batch; another's is."""
    open_queue(ctx)
    portal.finish_install()
    queue = find_queue(ctx)
    assert queue
    ours: Any = replace(ctx.bitrix, connector=queue["auth_connector"])
    deals = portal.ids(2)

    ours.call("crm.item.update", {"entityTypeId": 2, "id": deals[0], "fields": {"title": "By us"}})
    ours.batch({"one": ("crm.item.update", {"entityTypeId": 2, "id": deals[1], "fields": {"title": "By us"}})}).raise_for_errors()
    mine = take_queue(ctx)
    portal.call("crm.item.update", entityTypeId=2, id=deals[2], fields={"title": "By somebody"})

    assert (mine, take_queue(ctx)) == (0, 1)


@pytest.mark.parametrize("small", [sweeping.SMALL, 0], ids=["small lists", "long lists"])
def test_sweep_alone(ctx: Context, portal: PortalOnHttp, monkeypatch: pytest.MonkeyPatch, small: int) -> None:
    """What was updated is read whole, what is gone shows in the numbers; the second sweep finds nothing."""
    monkeypatch.setattr(sweeping, "SMALL", small)
    live(portal)

    reconcile(ctx)
    second = reconcile(ctx)

    assert find_differences(ctx, portal) == []
    assert {found[what] for found in second.values() for what in ("added", "changed", "deleted")} == {0}


def test_certificate_alone(ctx: Context, portal: PortalOnHttp) -> None:
    """Everything that differed is repaired, and a second certificate finds both sides equal."""
    live(portal)
    portal.call("crm.item.productrow.set", ownerType="D", ownerId=portal.ids(2)[6], productRows=[{"productName": "Silent", "price": 5}])

    reconcile(ctx, full=True)
    first = last_certificate(ctx)
    reconcile(ctx, full=True)
    second = last_certificate(ctx)

    assert find_differences(ctx, portal) == []
    assert first is not None
    assert second is not None
    assert (first["remaining"], second["found"], second["live"], second["is_equal"]) == (0, 0, 0, True)
    assert {line["entity"]: line["rows_here"] for line in second["lines"]} == {
        line["entity"]: line["rows_there"] for line in second["lines"]
    }
