"""The offline queue: state instead of history, reservations, connectors, the wake-up call."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sandbox.portal import Portal
from sandbox.rest import Caller, RestError
from tests.sandbox.receiver import Receiver


def bind(portal: Portal, app: Caller, name: str, **more: Any) -> None:
    portal.call(app, "event.bind", {"event": name, "event_type": "offline", **more})


def take(portal: Portal, app: Caller, **asked: Any) -> dict[str, Any]:
    result: dict[str, Any] = portal.call(app, "event.offline.get", asked).result
    return result


def change(portal: Portal, caller: Caller, deal: int, count: int = 1) -> None:
    for number in range(count):
        portal.records.update("deals", deal, {"TITLE": f"{caller.connector} {number}"}, caller)


@pytest.fixture
def deal(running: Portal, app: Caller) -> int:
    return running.records.add("deals", {"TITLE": "Сделка"}, app)


def test_many_changes_are_one_row(running: Portal, app: Caller, deal: int) -> None:
    """One row an object, however often it changed; the default get deletes what it gives."""
    bind(running, app, "ONCRMDEALUPDATE")
    change(running, app, deal, 50)
    (row,) = take(running, app)["events"]
    assert row == {
        "ID": "1",
        "TIMESTAMP_X": running.clock.stamp(),
        "EVENT_NAME": "ONCRMDEALUPDATE",
        "EVENT_DATA": {"FIELDS": {"ID": str(deal)}},
        "EVENT_ADDITIONAL": False,
        "MESSAGE_ID": "1",
    }
    assert take(running, app) == {"process_id": None, "events": []}


def test_reserved_rows_are_hidden_until_cleared(running: Portal, app: Caller, deal: int) -> None:
    """clear=0 gives a process id; parallel calls get nothing of it; a new change makes a new row; clear forgets."""
    bind(running, app, "ONCRMDEALUPDATE")
    change(running, app, deal)
    taken = take(running, app, clear=0)
    assert taken["process_id"]
    assert take(running, app, clear=0)["events"] == []
    assert take(running, app, process_id=taken["process_id"])["events"] == taken["events"]
    change(running, app, deal, 2)
    listed = running.call(app, "event.offline.list", {})
    assert [row["PROCESS_ID"] for row in listed.result] == [taken["process_id"], ""]
    assert listed.total == 2
    running.call(app, "event.offline.clear", {"process_id": taken["process_id"]})
    assert [row["ID"] for row in running.call(app, "event.offline.list", {}).result] == ["2"]


def test_failed_rows_come_back_only_when_asked(running: Portal, app: Caller, deal: int) -> None:
    """event.offline.error gives rows back marked; get shows them with error=1."""
    bind(running, app, "ONCRMDEALUPDATE")
    change(running, app, deal)
    taken = take(running, app, clear=0)
    running.call(app, "event.offline.error", {"process_id": taken["process_id"], "message_id": ["1"]})
    assert take(running, app)["events"] == []
    assert running.call(app, "event.offline.list", {"filter": {"ERROR": 1}}).result[0]["ERROR"] == "1"
    assert len(take(running, app, error=1)["events"]) == 1


def test_connector_breaks_the_loop(running: Portal, app: Caller, deal: int) -> None:
    """Changes made with the connector's key are not queued for it; get and list need the same key."""
    bind(running, app, "ONCRMDEALUPDATE", auth_connector="mine")
    change(running, replace(app, connector="mine"), deal)
    assert take(running, app, auth_connector="mine")["events"] == []
    change(running, app, deal)
    assert take(running, app)["events"] == []
    assert len(take(running, app, auth_connector="mine")["events"]) == 1


def test_wake_up_call_is_not_too_frequent(running: Portal, app: Caller, receiver: Receiver, deal: int) -> None:
    """ONOFFLINEEVENT is posted once in minTimeout, with a refresh token and without data."""
    running.call(app, "event.bind", {"event": "ONOFFLINEEVENT", "handler": f"{receiver.url}/wake", "options": {"minTimeout": 30}})
    bind(running, app, "ONCRMDEALUPDATE")
    change(running, app, deal, 5)
    assert running.active.outbox.wait_idle()
    (form,) = receiver.of("/wake")
    assert "data" not in form
    assert form["auth"]["refresh_token"]


def test_only_administrators_have_a_queue(running: Portal, app: Caller) -> None:
    """Binding and reading offline are refused to others."""
    person = replace(app, user_id=2, admin=False)
    with pytest.raises(RestError, match="Offline events binding requires administrator"):
        bind(running, person, "ONCRMDEALUPDATE")
    with pytest.raises(RestError) as refusal:
        take(running, person)
    assert (refusal.value.status, refusal.value.description) == (403, "Access denied!")
