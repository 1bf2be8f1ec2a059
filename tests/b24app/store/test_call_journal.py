"""The journal of calls on the disk: it survives a restart, and takes in what an earlier release has written."""

from __future__ import annotations

from pathlib import Path

from sqlite_utils import Database

from b24app.store.calls import begin_pending, call_id_of, find_call, list_due, save_call, settle, stir, wake_moment
from b24app.store.migrations.calls import tell_more_of_calls
from b24app.store.mirror import PortalStores

NOW, LATER, TODAY = "2025-06-15T12:00:00Z", "2025-06-15T13:00:00Z", "2025-06-15"


def test_waiting_call_survives_a_restart(tmp_path: Path) -> None:
    """Whoever opens the file next finds it, and when it is to be looked at."""
    stores = PortalStores(tmp_path)
    save_call(stores.writer("m1"), {"event_token": "token", "robot": "wait_until", "state": "received", "received_at": NOW, "attempts": 0})
    begin_pending(stores.writer("m1"), {"event_token": "token", "client_key": "C_1", "wake_at": LATER})
    stores.close()
    stores = PortalStores(tmp_path)
    store = stores.writer("m1")

    assert [row["event_token"] for row in list_due(store, NOW, TODAY)] == ["token"]
    assert wake_moment(store, LATER, TODAY) != wake_moment(store, NOW, TODAY) != ""
    stores.close()


def test_call_stirred_while_it_is_looked_at_is_looked_at_again(tmp_path: Path) -> None:
    """What happened after the question was asked is not lost; other clients' changes are nothing to it."""
    stores = PortalStores(tmp_path)
    store = stores.writer("m1")
    save_call(store, {"event_token": "token", "robot": "wait_until", "state": "received", "received_at": NOW, "attempts": 0})
    row = begin_pending(store, {"event_token": "token", "client_key": "C_1", "wake_at": LATER})
    stir(store, ["C_1"])
    settle(store, "token", row["stirred"])
    found = find_call(store, "token")
    assert found
    assert found["stirred"] == 2
    settle(store, "token", 2)
    stir(store, ["C_2"])

    found = find_call(store, "token")
    assert found
    assert found["stirred"] == 0
    stir(store)
    assert len(list_due(store, NOW, "")) == 1
    stores.close()


def test_calls_of_an_earlier_release_get_their_names() -> None:
    """They can be shown, found and run again."""
    db = Database(memory=True)
    db.execute(
        "CREATE TABLE robot_call (event_token TEXT PRIMARY KEY, robot TEXT NOT NULL, deal_id INTEGER, properties TEXT, "
        "state TEXT NOT NULL, answer TEXT, attempts INTEGER NOT NULL DEFAULT 0, error TEXT, received_at TEXT, finished_at TEXT)"
    )
    db.execute("INSERT INTO robot_call (event_token, robot, deal_id, state) VALUES ('old', 'service_offer', 7, 'answered')")

    tell_more_of_calls(db)

    (row,) = db.query("SELECT call_id, entity, entity_id, is_awaited FROM robot_call")
    assert row == {"call_id": call_id_of("old"), "entity": "deal", "entity_id": 7, "is_awaited": 1}
    db.close()
