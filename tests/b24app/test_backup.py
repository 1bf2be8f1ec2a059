"""Backups: whole or not at all, in an order that fits together; a restore never writes over what is there."""

from __future__ import annotations

import json
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from flask import Flask

from b24app import backup as backup_module
from b24app import keys
from b24app.alone import Alone
from b24app.app import close_app, create_app
from b24app.backup import LAST, MANIFEST, back_up, restore
from b24app.config import Config
from b24app.context import Portal
from b24app.errors import Mistaken
from b24app.integrity import Desk, check_files
from b24app.portals import registry
from b24app.portals.vault import Vault
from b24app.store.cursors import save_cursor
from b24app.store.inbox import Inbox
from b24app.store.mirror import PortalStores
from b24app.store.settings import AppStore
from b24app.worker import LOCK

ONE = "https://one.bitrix24.ru"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """What a small installation leaves behind: a portal with its token, a mirror, an inbox that was read to the end, jobs, a key."""
    folder = tmp_path / "data"
    key = keys.find_or_make(folder / keys.FILE)
    store, stores, inbox = AppStore(folder / "app.db"), PortalStores(folder), Inbox(folder / "inbox.db")
    registry.save_portal(store, Portal("m1", ONE, "installed"))
    registry.save_application_token(store, Vault(key), "m1", "the-token")
    for number in range(3):
        inbox.append("event", "m1", {"name": "ONCRMDEALADD", "entity_id": number})
    save_cursor(stores.writer("m1"), "inbox", "3")
    for one in (store, stores, inbox):
        one.close()
    with closing(sqlite3.connect(folder / "jobs.db")) as jobs:
        jobs.execute("CREATE TABLE workflow_status (id TEXT)")
    return folder


def check(folder: Path) -> list[str]:
    """Return the names of the checks that fail."""
    store, stores = AppStore(folder / "app.db"), PortalStores(folder)
    try:
        key = keys.find_or_make(folder / keys.FILE)
        return [f"{one.file}: {one.check}" for one in check_files(Desk(folder, store, stores, Vault(key)))]
    finally:
        store.close()
        stores.close()


def names(folder: Path) -> set[str]:
    """Return what lies in a directory."""
    return {path.name for path in folder.iterdir()}


def test_backup_is_restored_whole(data: Path, tmp_path: Path) -> None:
    """Every row is there, secrets open when the key is there too, and nothing is found wrong."""
    made = back_up(data, tmp_path / "backup", with_key=True)

    restore(tmp_path / "backup", tmp_path / "new")

    assert check(tmp_path / "new") == []
    store = AppStore(tmp_path / "new" / "app.db")
    key = keys.find_or_make(tmp_path / "new" / keys.FILE)
    assert registry.check_application_token(store, Vault(key), "m1", "the-token").url == ONE
    store.close()
    assert [file.name for file in made.files] == ["m1.db", "jobs.db", "inbox.db", "app.db", "secret.key"]
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in (tmp_path / "new").glob("*.db"))


def test_backup_copies_the_cursor_before_what_it_has_passed(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever comes in and is taken in between two copies, the inbox that is restored never ends before a cursor."""
    copy, stores, inbox = backup_module.copy_database, PortalStores(data), Inbox(data / "inbox.db")

    def copy_while_events_come(source: Path, target: Path) -> None:
        copy(source, target)
        newest = inbox.append("event", "m1", {"name": "ONCRMDEALUPDATE", "entity_id": 7})
        save_cursor(stores.writer("m1"), "inbox", str(newest))

    monkeypatch.setattr(backup_module, "copy_database", copy_while_events_come)
    back_up(data, tmp_path / "backup", with_key=True)
    stores.close()
    inbox.close()
    restore(tmp_path / "backup", tmp_path / "new")

    assert check(tmp_path / "new") == []
    assert LAST == ("jobs.db", "inbox.db", "app.db")


def test_lost_end_of_the_inbox_is_found(data: Path) -> None:
    """A file put back by hand, older than the cursor: numbers would be given twice."""
    with closing(sqlite3.connect(data / "inbox.db")) as inbox, inbox:
        inbox.execute("UPDATE sqlite_sequence SET seq = 2")

    assert check(data) == ["inbox.db: cursor"]


def test_damage_is_found(data: Path) -> None:
    """Of a file that is no database any more, and of a secret that the key does not open."""
    (data / "m1.db").write_bytes(b"no database" * 1000)
    (data / "m1.db-wal").unlink(missing_ok=True)
    (data / keys.FILE).unlink()

    assert check(data) == ["app.db: secrets", "m1.db: damage"]


def test_stranger_and_newer_version_are_found(data: Path) -> None:
    """A mirror of no portal that we know; a migration that we have never heard of."""
    (data / "m2.db").write_bytes((data / "m1.db").read_bytes())
    with closing(sqlite3.connect(data / "m1.db")) as mirror, mirror:
        mirror.execute("INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('mirror', 'of_tomorrow', '')")

    assert check(data) == ["m1.db: version", "m2.db: strangers"]


def test_backup_of_a_damaged_file_is_none(data: Path, tmp_path: Path) -> None:
    """Nothing stands under the name of a backup that is not whole."""
    (data / "m1.db").write_bytes(b"no database" * 1000)

    with pytest.raises(Exception, match="not a database"):
        back_up(data, tmp_path / "backup")

    assert not (tmp_path / "backup").exists()


def test_key_stays_out_of_a_backup(data: Path, tmp_path: Path) -> None:
    """Unless it is asked for: the copy alone opens no token."""
    back_up(data, tmp_path / "backup")

    assert keys.FILE not in names(tmp_path / "backup")


@pytest.mark.parametrize("spoil", ["changed", "missing", "newer", "no manifest", "format", "path"])
def test_backup_that_is_not_whole_is_refused(data: Path, tmp_path: Path, spoil: str) -> None:
    """Before anything is touched."""
    source = tmp_path / "backup"
    back_up(data, source)
    read = json.loads((source / MANIFEST).read_text())
    match spoil:
        case "changed":
            with (source / "app.db").open("ab") as file:
                file.write(b"x")
        case "missing":
            (source / "inbox.db").unlink()
        case "newer":
            read["files"][0]["migrations"].append("of_tomorrow")
        case "no manifest":
            read = []
        case "format":
            read["format"] = 2
        case "path":
            read["files"][0]["name"] = "../data/m1.db"
    (source / MANIFEST).write_text(json.dumps(read))

    with pytest.raises(Mistaken, match="cannot be restored"):
        restore(source, tmp_path / "new")

    assert not (tmp_path / "new").exists()


def test_restore_refuses_over_what_is_there(data: Path, tmp_path: Path) -> None:
    """Unless it is told; then all that was there lies aside."""
    back_up(data, tmp_path / "backup")
    (data / "m9.db").write_bytes((data / "m1.db").read_bytes())

    with pytest.raises(Mistaken, match="not empty"):
        restore(tmp_path / "backup", data)
    restore(tmp_path / "backup", data, replace=True)

    [aside] = data.glob("before-restore-*")
    assert {"m1.db", "m9.db", "app.db", "inbox.db", "jobs.db"} <= names(aside)
    assert names(data) == {"m1.db", "app.db", "inbox.db", "jobs.db", keys.FILE, LOCK, aside.name}
    assert check(data) == []


@pytest.mark.parametrize("who", ["worker", "web"])
def test_restore_refuses_while_the_app_works(data: Path, tmp_path: Path, who: str) -> None:
    """The worker holds its lock, the web process its inbox; neither is disturbed."""
    back_up(data, tmp_path / "backup")
    alone, inbox = Alone(data / LOCK), Inbox(data / "inbox.db")
    if who == "worker":
        alone.enter()
    else:
        inbox.open()

    with pytest.raises(Mistaken, match="stop it first"):
        restore(tmp_path / "backup", data, replace=True)

    assert inbox.append("event", "m1", {}) == 4
    alone.leave()
    inbox.close()


@pytest.fixture
def app(data: Path) -> Iterator[Flask]:
    """The app over it, as a command finds it."""
    key = keys.find_or_make(data / keys.FILE)
    config = Config(
        client_id="local.1", client_secret="s", url="https://a.ru", portals=(ONE,), data_dir=data, secret_key=key, bind="127.0.0.1:0"
    )
    made = create_app(config)
    yield made
    close_app(made)


def test_commands_say_what_they_did(app: Flask, data: Path, tmp_path: Path) -> None:
    """backup, check, key, restore: one sentence each, and an exit code that a timer can act upon."""
    run = app.test_cli_runner()

    made = run.invoke(args=["backup", str(tmp_path / "backup")])
    again = run.invoke(args=["backup", str(tmp_path / "backup")])
    checked = run.invoke(args=["check"])
    rotated = run.invoke(args=["key", "rotate"])
    dropped = run.invoke(args=["key", "drop-old"])
    refused = run.invoke(args=["restore", str(tmp_path / "backup")])
    restored = run.invoke(args=["restore", str(tmp_path / "backup"), "--replace"])

    assert [one.exit_code for one in (made, again, checked, rotated, dropped, refused, restored)] == [0, 1, 0, 0, 0, 1, 0]
    assert "whole" in made.output
    assert "key is not in it" in made.output
    assert "sealed anew: 1; keys: 2" in rotated.output
    assert "keys: 1; left under an old key: 0" in dropped.output
    assert "--replace" in refused.output
    assert check(data) == ["app.db: secrets"]  # the key was changed since the backup: what it says, restoring says too
