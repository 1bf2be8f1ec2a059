"""One writer that threads share, readers that cannot write, columns that grow."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from b24app.errors import NotFound
from b24app.store.changes import (
    Change,
    count_changes,
    forget_changes,
    forget_due_clients,
    list_changes,
    list_due_clients,
    save_changes,
    save_due_clients,
)
from b24app.store.cursors import drop_cursors, find_cursor, save_cursor
from b24app.store.mirror import PortalStore, PortalStores
from b24app.store.progress import advance_step, finish_step, forget_steps, list_steps, note_step, plan_steps, start_step
from b24app.store.upserts import delete, replace_all, replace_owned, upsert


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[PortalStores]:
    """An empty directory."""
    found = PortalStores(tmp_path)
    yield found
    found.close()


@pytest.fixture
def store(stores: PortalStores) -> PortalStore:
    """The worker's store of a portal."""
    return stores.writer("m1")


@pytest.mark.parametrize("member_id", ["", "../app", "a/b", "a.db", "x" * 65, "m 1", "м1"])
def test_member_id_never_leaves_the_directory(stores: PortalStores, member_id: str) -> None:
    """A member_id comes from outside: what cannot be a file's name is no portal."""
    with pytest.raises(NotFound):
        stores.writer(member_id)


def test_reader_of_a_portal_that_has_no_file_is_not_found(stores: PortalStores) -> None:
    """The web process never makes the file."""
    with pytest.raises(NotFound):
        stores.reader("m1")


def test_reader_sees_what_is_committed_and_cannot_write(stores: PortalStores, store: PortalStore) -> None:
    """A reader works beside the writer, with its own connection."""
    with stores.reader("m1") as reader, store.write():
        upsert(store, "category", [{"id": 1, "title": "a"}])
        assert reader.rows("SELECT * FROM category") == []
    with stores.reader("m1") as reader:
        assert reader.row("SELECT title FROM category") == {"title": "a"}
        with pytest.raises(RuntimeError), reader.write():
            pass
        with pytest.raises(sqlite3.OperationalError):
            reader.db.conn.execute("DELETE FROM category")


def test_reader_works_when_no_writer_is_there(stores: PortalStores, store: PortalStore) -> None:
    """A worker that is down does not take the pages with it."""
    upsert(store, "category", [{"id": 1, "title": "a"}])
    stores.close()

    with stores.reader("m1") as reader:
        assert reader.rows("SELECT id FROM category") == [{"id": 1}]


def test_writer_is_one_object_a_portal(stores: PortalStores, store: PortalStore) -> None:
    """Threads that ask for a portal share its connection and its lock."""
    assert stores.writer("m1") is store
    assert stores.writer("m2") is not store


def test_nested_writes_are_one_transaction(store: PortalStore) -> None:
    """What is inside falls with what is outside."""

    def fail_after_writing() -> None:
        with store.write():
            upsert(store, "category", [{"id": 1, "title": "a"}])
            upsert(store, "no_such_table", [{"id": 1}])

    with pytest.raises(sqlite3.OperationalError):
        fail_after_writing()

    assert store.rows("SELECT * FROM category") == []


def test_threads_see_whole_transactions_only(store: PortalStore) -> None:
    """Threads share a connection, so a reading thread waits for the end of another's transaction."""
    wrote, seen = threading.Event(), []

    def read() -> None:
        wrote.wait(120)
        seen.append(store.rows("SELECT count(*) AS n FROM category")[0]["n"])

    thread = threading.Thread(target=read)
    thread.start()
    with store.write():
        upsert(store, "category", [{"id": 1, "title": "a"}])
        wrote.set()
        thread.join(0.2)
        upsert(store, "category", [{"id": 2, "title": "b"}])
    thread.join(5)

    assert seen == [2]


def test_remove_forgets_the_portal(stores: PortalStores, store: PortalStore, tmp_path: Path) -> None:
    """Leaving is deleting a file."""
    stores.remove("m1")

    assert list(tmp_path.glob("m1*")) == []


def test_upsert_overwrites_by_the_primary_key(store: PortalStore) -> None:
    """New rows come, old ones change, columns that are not given stay."""
    upsert(store, "category", [{"id": 1, "title": "a", "sort": 5}, {"id": 2, "title": "b", "sort": 6}])
    upsert(store, "category", [{"id": 1, "title": "c"}])

    assert store.rows("SELECT id, title, sort FROM category ORDER BY id") == [
        {"id": 1, "title": "c", "sort": 5},
        {"id": 2, "title": "b", "sort": 6},
    ]


def test_replace_gives_owners_exactly_their_rows(store: PortalStore) -> None:
    """Rows of owners that are not named stay."""
    upsert(store, "deal_contact", [{"deal_id": deal, "contact_id": 7, "position": 0} for deal in (1, 2, 3)])

    replace_owned(store, "deal_contact", ("deal_id", [1, 2]), [{"deal_id": 2, "contact_id": 8, "position": 0}])

    assert store.rows("SELECT deal_id, contact_id FROM deal_contact ORDER BY 1") == [
        {"deal_id": 2, "contact_id": 8},
        {"deal_id": 3, "contact_id": 7},
    ]


def test_replace_all_and_delete(store: PortalStore) -> None:
    """A dictionary is made equal; ids are deleted."""
    replace_all(store, "category", [{"id": 1, "title": "a"}, {"id": 2, "title": "b"}])
    replace_all(store, "category", [{"id": 3, "title": "c"}, {"id": 4, "title": "d"}])
    delete(store, "category", [4, 5])

    assert store.rows("SELECT id FROM category") == [{"id": 3}]


def test_columns_are_made_once_and_again_when_their_type_changes(store: PortalStore) -> None:
    """A user field that comes back as another kind gets a column of that kind, empty."""
    store.add_columns("deal", {"uf_x": "TEXT"})
    upsert(store, "deal", [{"id": 1, "uf_x": "old"}])
    store.add_columns("deal", {"uf_x": "TEXT"})
    kept = store.row("SELECT uf_x FROM deal")
    store.add_columns("deal", {"uf_x": "REAL"})

    assert kept == {"uf_x": "old"}
    assert store.columns("deal")["uf_x"] == "REAL"
    assert store.row("SELECT uf_x FROM deal") == {"uf_x": None}


def test_changes_are_one_line_a_record(store: PortalStore) -> None:
    """The latest kind and time win; order is by time."""
    save_changes(store, [Change("deal", 1), Change("deal", 2)], "2025-01-01T00:00:00Z")
    save_changes(store, [Change("deal", 1, "removed")], "2025-01-02T00:00:00Z")

    assert [(change.record_id, change.kind) for change in list_changes(store, 10)] == [(2, "changed"), (1, "removed")]
    assert len(list_changes(store, 1)) == 1


def test_change_renewed_meanwhile_is_not_forgotten(store: PortalStore) -> None:
    """A change that arrives while its record is being pulled, in the same second, is still to be read."""
    save_changes(store, [Change("deal", 1), Change("deal", 2)], "2025-01-01T00:00:00Z")
    taken = list_changes(store, 10)
    save_changes(store, [Change("deal", 1)], "2025-01-01T00:00:00Z")

    forget_changes(store, taken)

    assert [change.record_id for change in list_changes(store, 10)] == [1]
    assert count_changes(store) == 1


def test_client_due_again_stays_due(store: PortalStore) -> None:
    """The same law for clients."""
    save_due_clients(store, ["C_1", "CO_2"])
    taken = list_due_clients(store, 10)
    save_due_clients(store, ["C_1"])

    forget_due_clients(store, taken)

    assert list(list_due_clients(store, 10)) == ["C_1"]


def test_cursors(store: PortalStore) -> None:
    """Saved, overwritten, forgotten by prefix; a prefix is no pattern."""
    for name, value in (("first:", "now"), ("first:deal", "7"), ("first:deal", "8"), ("firstling", "9")):
        save_cursor(store, name, value)
    before = find_cursor(store, "first:deal")
    drop_cursors(store, "first:")

    assert before == "8"
    assert (find_cursor(store, "first:"), find_cursor(store, "first:deal"), find_cursor(store, "firstling")) == (None, None, "9")


def test_steps_keep_their_state_when_planned_again(store: PortalStore) -> None:
    """A job that runs again shows what it has done before; new steps come behind."""
    plan_steps(store, "install", [("a", "step.a"), ("b", "step.b")])
    start_step(store, "install", "a", "t1")
    advance_step(store, "install", "a", (5, 10))
    advance_step(store, "install", "a", (10, None))
    finish_step(store, "install", "a", "t2")
    start_step(store, "install", "b", "t3")
    note_step(store, "install", "b", "busy")
    plan_steps(store, "install", [("a", "step.a"), ("c", "step.c")])

    steps = [(row["step"], row["state"], row["done"], row["total"], row["note"]) for row in list_steps(store, "install")]
    assert steps == [("a", "done", 10, 10, None), ("b", "running", None, None, "busy"), ("c", "waiting", None, None, None)]

    forget_steps(store, "install", ["a", "b"])
    assert [row["step"] for row in list_steps(store, "install")] == ["c"]
