"""From a message in the inbox to members of segments, killed anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from b24app import drain as module
from b24app.context import Context
from b24app.drain import RECONCILE_AT, count_due, drain, fill, find_night, reconcile, take_inbox, take_queue
from b24app.errors import BitrixBusy, BitrixGone
from b24app.store.changes import Change, count_changes, list_changes, list_due_clients, save_changes
from b24app.store.cursors import find_cursor
from b24app.store.inbox import Message
from b24app.store.progress import list_steps
from b24app.sync.certify import last_certificate
from b24app.sync.first import is_synced
from tests.fakes import NOW, FakeBitrix, FakeQueue, worker_context

AT = NOW.strftime("%Y-%m-%dT%H:%M:%SZ")


class FakeInbox:
    """Messages of one portal."""

    def __init__(self, *messages: tuple[str, str, dict[str, Any]]) -> None:
        self.messages = [Message(number, AT, kind, "m1", key, body) for number, (kind, key, body) in enumerate(messages, 1)]

    def after(self, member_id: str, cursor: int, limit: int = 500) -> list[Message]:
        """Return what is behind the cursor."""
        return [message for message in self.messages if message.id > cursor and member_id == message.member_id][:limit]


@pytest.fixture
def bitrix() -> FakeBitrix:
    """A portal with two companies and a won deal of the first."""
    portal = FakeBitrix()
    portal.put(4, 1, title="One", assignedById=1)
    portal.put(4, 2, title="Two", assignedById=1)
    portal.put(2, 7, title="Deal", companyId=1, stageSemanticId="S", opportunity=100, currencyId="RUB", closedate="2025-01-01")
    return portal


@pytest.fixture
def ctx(tmp_path: Path, bitrix: FakeBitrix) -> Iterator[Context]:
    """The worker's context, with everything filled."""
    with worker_context(tmp_path, bitrix) as context:
        fill(context)
        yield context


def revenue(ctx: Context) -> dict[str, float]:
    """Return what every client has brought."""
    return {
        row["client_key"]: row["revenue"]
        for row in ctx.store.rows("SELECT client_key, revenue FROM client_fact ORDER BY 1")
        if row["revenue"]
    }


def inbox(*messages: tuple[str, str, dict[str, Any]]) -> Any:
    """Make an inbox."""
    return FakeInbox(*messages)


def event(name: str, number: int | None) -> tuple[str, str, dict[str, Any]]:
    """Make the message of an event."""
    return ("event", "", {"name": name, "entity_id": number})


def test_fill_brings_everything_up(ctx: Context) -> None:
    """Mirror, clients, segments; every step is done and nobody is due."""
    assert revenue(ctx) == {"CO_1": 100.0}
    assert is_synced(ctx.store)
    assert list_due_clients(ctx.store, 10) == {}
    assert {row["state"] for row in list_steps(ctx.store, "install")} == {"done"}
    assert [row["step"] for row in list_steps(ctx.store, "install")][-2:] == ["clients", "segments"]


def test_fill_stopped_behind_the_mirror_reads_nothing_again(tmp_path: Path, bitrix: FakeBitrix, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed while clients are counted, it goes on there."""

    def killed(*_: Any) -> None:
        raise SystemExit

    with worker_context(tmp_path, bitrix) as ctx:
        with monkeypatch.context() as patch:
            patch.setattr(module, "refresh", killed)
            with pytest.raises(SystemExit):
                fill(ctx)
        asked = len(bitrix.calls)
        fill(ctx)

        assert len(bitrix.calls) == asked
        assert is_synced(ctx.store)


def test_event_reaches_the_clients(ctx: Context, bitrix: FakeBitrix) -> None:
    """A deal that moves to another company takes its revenue along."""
    bitrix.put(2, 7, companyId=2)

    taken = take_inbox(ctx, inbox(event("ONCRMDEALUPDATE", 7), event("ONCRMDEALUPDATE", 7)), FakeQueue())

    assert (taken, drain(ctx), drain(ctx)) == (2, 1, 0)
    assert revenue(ctx) == {"CO_2": 100.0}


def test_inbox_is_read_once(ctx: Context) -> None:
    """The cursor goes on with the changes; what is not about the mirror is passed over."""
    messages = inbox(event("ONCRMDEALUPDATE", 7), event("ONIMBOTMESSAGEADD", 1), event("ONCRMDEALUPDATE", None))
    queue = FakeQueue()

    assert (take_inbox(ctx, messages, queue), take_inbox(ctx, messages, queue)) == (3, 0)
    assert (find_cursor(ctx.store, "inbox"), count_changes(ctx.store), queue.jobs) == ("3", 1, {})


def test_commands_and_robot_calls_become_jobs(ctx: Context) -> None:
    """A robot's call keeps its event_token as the key, a command its own or its place in the inbox."""
    call = {"code": "service_offer", "event_token": "t1"}
    queue = FakeQueue()

    take_inbox(ctx, inbox(("robot", "t1", call), ("command", "", {"name": "sweep"}), ("command", "k", {"name": "install", "x": 1})), queue)

    assert queue.jobs == {"t1": ("robot_call", "m1", call), "inbox:2": ("sweep", "m1", {}), "k": ("install", "m1", {"x": 1})}


def test_job_is_ordered_before_the_cursor_passes(ctx: Context) -> None:
    """Killed between job and cursor, the message is read again and is the same job."""

    class BrokenQueue(FakeQueue):
        def enqueue(self, kind: str, member_id: str, payload: dict[str, Any], key: str = "") -> str:
            super().enqueue(kind, member_id, payload, key)
            raise ConnectionResetError

    broken, messages = BrokenQueue(), inbox(event("ONCRMDEALUPDATE", 7), ("robot", "t1", {}))
    with pytest.raises(ConnectionResetError):
        take_inbox(ctx, messages, broken)
    before = (find_cursor(ctx.store, "inbox"), count_changes(ctx.store))
    take_inbox(ctx, messages, broken_again := FakeQueue())

    assert before == (None, 0)
    assert list(broken.jobs) == list(broken_again.jobs) == ["t1"]


def test_drain_killed_behind_the_mirror_still_counts_both_clients(
    ctx: Context, bitrix: FakeBitrix, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whom a change concerns is saved with the rows: the company that lost the deal is not forgotten."""

    def killed(*_: Any) -> None:
        raise SystemExit

    bitrix.put(2, 7, companyId=2)
    save_changes(ctx.store, [Change("deal", 7)], AT)
    with monkeypatch.context() as patch:
        patch.setattr(module, "update_clients", killed)
        with pytest.raises(SystemExit):
            drain(ctx)

    assert not ctx.store.pulling.locked()
    assert revenue(ctx) == {"CO_1": 100.0}
    assert drain(ctx) == 0
    assert revenue(ctx) == {"CO_2": 100.0}


def test_busy_portal_loses_nothing(ctx: Context, bitrix: FakeBitrix) -> None:
    """The changes are still there for the next run."""
    save_changes(ctx.store, [Change("deal", 7)], AT)
    bitrix.busy("crm.item.list")

    with pytest.raises(BitrixBusy):
        drain(ctx)

    assert count_changes(ctx.store) == 1
    assert drain(ctx) == 1


def test_drain_waits_for_who_is_pulling(ctx: Context) -> None:
    """An older answer must never be written over a newer one: one puller at a time."""
    save_changes(ctx.store, [Change("deal", 7)], AT)
    with ctx.store.pulling:
        assert drain(ctx) == 0

    assert drain(ctx) == 1


def test_drain_takes_so_many_at_a_time(ctx: Context) -> None:
    """Old changes first."""
    save_changes(ctx.store, [Change("deal", number) for number in range(1, 8)], AT)

    assert (drain(ctx, limit=3), drain(ctx, limit=3), drain(ctx, limit=3), drain(ctx, limit=3)) == (3, 3, 1, 0)


def test_deleted_client_is_nobody(ctx: Context, bitrix: FakeBitrix) -> None:
    """A company that is gone is no client; its deal is read again."""
    del bitrix.items[4][1]
    bitrix.put(2, 7, companyId=0)
    save_changes(ctx.store, [Change("company", 1, "removed")], AT)

    while drain(ctx):
        pass

    assert revenue(ctx) == {}
    assert [row["key"] for row in ctx.store.rows("SELECT key FROM client")] == ["CO_2"]


def test_reconcile_repairs_what_it_finds(ctx: Context, bitrix: FakeBitrix) -> None:
    """After it there is nothing left to find."""
    bitrix.put(2, 8, companyId=2, stageSemanticId="S", opportunity=50, currencyId="RUB", closedate="2025-01-01")

    first, second = reconcile(ctx), reconcile(ctx)

    assert (first["deal"]["added"], second["deal"]["added"]) == (1, 0)
    assert revenue(ctx) == {"CO_1": 100.0, "CO_2": 50.0}
    assert list_changes(ctx.store, 10) == []
    assert count_due(ctx) == 0


def test_full_reconcile_ends_in_a_certificate(ctx: Context, bitrix: FakeBitrix) -> None:
    """What it found is repaired down to the clients."""
    bitrix.put(2, 7, companyId=2)

    report = reconcile(ctx, full=True, kind="nightly")
    made = last_certificate(ctx)

    assert made is not None
    assert (report["deal"]["changed"], made["kind"], made["is_equal"], revenue(ctx)) == (1, "nightly", True, {"CO_2": 100.0})


def test_queue_that_names_no_records_is_followed_by_a_sweep(ctx: Context, bitrix: FakeBitrix, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the portal meant, the mirror is equal afterwards."""
    bitrix.put(2, 7, companyId=2, updated="2025-02-01T15:00:00+03:00")
    monkeypatch.setattr(module, "take_offline", lambda _: (1, 1))

    take_queue(ctx)
    drain(ctx)

    assert revenue(ctx) == {"CO_2": 100.0}


@pytest.mark.parametrize(("at", "expected"), [(None, "2025-06-15"), ("14:59", "2025-06-15"), ("15:00", "2025-06-15"), ("15:01", "")])
def test_night_begins_by_the_portals_clock(ctx: Context, at: str | None, expected: str) -> None:
    """It is noon in UTC and three o'clock in Moscow."""
    if at:
        ctx.app_store.save_setting("m1", RECONCILE_AT, at)

    assert find_night(ctx) == expected


def test_portal_that_is_gone_in_the_middle_leaves_what_we_have(ctx: Context, bitrix: FakeBitrix) -> None:
    """A token that is revoked takes neither rows nor changes along; after a new installation the work goes on."""

    def gone() -> None:
        raise BitrixGone("crm.item.list", "APPLICATION_NOT_FOUND")

    bitrix.put(2, 7, companyId=2)
    save_changes(ctx.store, [Change("deal", 7)], AT)
    bitrix.before("crm.item.list", gone)
    with pytest.raises(BitrixGone):
        drain(ctx)
    assert (revenue(ctx), count_changes(ctx.store), ctx.store.pulling.locked()) == ({"CO_1": 100.0}, 1, False)

    fill(ctx)

    assert revenue(ctx) == {"CO_2": 100.0}


def test_two_portals_at_once_stay_apart(tmp_path: Path) -> None:
    """The same ids, other records: nothing of one is seen in the other."""

    def follow(name: str) -> list[str]:
        portal = FakeBitrix()
        for number in range(1, 40):
            portal.put(4, number, title=f"{name} {number}", assignedById=1)
        with worker_context(tmp_path / name, portal) as context:
            fill(context)
            for number in range(1, 40):
                portal.put(4, number, title=f"{name} again {number}")
                save_changes(context.store, [Change("company", number)], AT)
                drain(context)
            return [row["title"] for row in context.store.rows("SELECT title FROM company ORDER BY id")]

    with ThreadPoolExecutor(2) as pool:
        found = dict(zip("ab", pool.map(follow, "ab"), strict=True))

    assert found == {name: [f"{name} again {number}" for number in range(1, 40)] for name in "ab"}
