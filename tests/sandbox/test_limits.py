"""The leaky bucket and operating time, with a clock of ours."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from sandbox.limits import PLANS, Counting, Operating, RequestLimit
from sandbox.portal import Portal
from sandbox.rest import Caller, RestError
from tests.sandbox.clock import FakeClock


def _count_allowed(limit: RequestLimit, address: str, now: float) -> int:
    allowed = 0
    with contextlib.suppress(RestError):
        while allowed < 1000:
            limit.check(address, now)
            allowed += 1
    return allowed


@pytest.mark.parametrize(("plan", "burst", "later"), [("cloud", 50, 20), ("enterprise", 250, 50), ("none", 1000, 1000)])
def test_bucket_holds_a_burst_and_drains(plan: str, burst: int, later: int) -> None:
    """50 at once and 2 a second; 250 and 5 for enterprise; addresses do not share; refused requests cost nothing."""
    limit = RequestLimit(PLANS[plan])

    assert _count_allowed(limit, "a", 100.0) == burst
    assert _count_allowed(limit, "a", 100.0) in (0, 1000)
    assert _count_allowed(limit, "b", 100.0) == burst
    assert _count_allowed(limit, "a", 110.0) == later


def test_refusal_of_the_bucket_is_503() -> None:
    """The vendor's status and code."""
    limit = RequestLimit(PLANS["cloud"])
    _count_allowed(limit, "a", 0.0)

    with pytest.raises(RestError) as refused:
        limit.check("a", 0.0)

    assert (refused.value.status, refused.value.code) == (503, "QUERY_LIMIT_EXCEEDED")


def test_operating_blocks_one_method_of_one_account() -> None:
    """The call that crosses the limit completes, the next is refused; ten minutes later it is forgotten."""
    operating = Operating(limit=10.0)
    operating.check("app", "crm.item.list", 0.0)
    spent, reset_at = operating.add("app", "crm.item.list", 12.0, 30.0)

    with pytest.raises(RestError) as refused:
        operating.check("app", "crm.item.list", 31.0)
    operating.check("app", "crm.item.get", 31.0)
    operating.check("other", "crm.item.list", 31.0)
    operating.check("app", "crm.item.list", float(reset_at))

    assert (refused.value.status, refused.value.code) == (429, "OPERATION_TIME_LIMIT")
    assert (spent, reset_at) == (12.0, 600)


def test_inner_commands_of_a_batch_are_counted(portal: Portal) -> None:
    """batch itself spends nothing; each command spends its method's time; the portal's own calls are free."""
    caller = Caller(1, admin=True, scopes=frozenset(["crm"]), webhook_id=7)

    portal.call(caller, "batch", {"cmd": ["server.time"]})
    portal.call(Caller(1, admin=True), "server.time", {})

    now = portal.clock.unix()
    assert portal.operating.read(caller.account, "server.time", now)[0] > 0
    assert portal.operating.read(caller.account, "batch", now)[0] == 0
    assert portal.operating.read("", "server.time", now)[0] == 0


def test_spent_method_rests_alone(tmp_path: Path) -> None:
    """The limit of the command line: the crossing call completes, then 429 for that method alone, in batches too, until a bucket falls."""
    clock = FakeClock()
    portal = Portal(tmp_path, "http://127.0.0.1:1", clock, operating_limit=0.0001)
    caller = Caller(1, admin=True, scopes=frozenset(["crm"]), webhook_id=7)
    portal.operating.add(caller.account, "server.time", 1.0, clock.unix())
    inner = portal.call(caller, "batch", {"cmd": {"a": "server.time", "b": "scope"}}).result
    reset_at = portal.operating.read(caller.account, "server.time", clock.unix())[1]
    clock.move(reset_at - clock.unix() + 60)
    later = portal.call(caller, "server.time", {}).result
    portal.close()

    assert inner["result_error"]["a"]["error"] == "OPERATION_TIME_LIMIT"
    assert inner["result"] == {"b": ["crm"]}
    assert inner["result_time"]["b"]["operating"] > 0
    assert inner["result_time"]["b"]["operating_reset_at"] > clock.unix() - 3600
    assert later


def test_portal_without_limits_has_none(tmp_path: Path) -> None:
    """The plan `none` neither counts requests nor working time; the tariffs of the cloud keep 480 seconds."""
    free, paid = (Portal(tmp_path / plan, "http://127.0.0.1:1", plan=plan) for plan in _made(tmp_path, "none", "cloud"))
    for portal in (free, paid):
        portal.operating.add("app", "crm.item.list", 481.0, 0.0)
    free.operating.check("app", "crm.item.list", 1.0)
    with pytest.raises(RestError):
        paid.operating.check("app", "crm.item.list", 1.0)
    for portal in (free, paid):
        portal.close()


def _made(directory: Path, *names: str) -> tuple[str, ...]:
    for name in names:
        (directory / name).mkdir()
    return names


def test_counting_costs_by_what_is_counted(tmp_path: Path) -> None:
    """A page with `start` pays for all records of its filter; with -1 nothing is counted and nothing paid."""
    waits: list[float] = []
    portal = Portal(tmp_path, "http://127.0.0.1:1")
    portal.counting = Counting(21.0, waits.append)
    caller = Caller(1, admin=True)
    for number in range(3):
        portal.call(caller, "crm.item.add", {"entityTypeId": 3, "fields": {"name": str(number)}})

    counted = portal.call(caller, "crm.item.list", {"entityTypeId": 3, "filter": {">id": 1}, "start": 0})
    portal.call(caller, "crm.contact.list", {"start": -1})
    portal.close()

    assert counted.total == 2
    assert waits == pytest.approx([2 * 21.0 / 1_000_000])
