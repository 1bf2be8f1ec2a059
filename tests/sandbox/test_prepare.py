"""A portal made beforehand: complete or not there, the same one at every start."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from sandbox.__main__ import main, open_portal
from sandbox.fill import access_of, make_once
from sandbox.options import APP, read_options
from sandbox.portal import PORTAL_FILE
from sandbox.store import Store


def test_prepared_portal_is_said_and_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """`prepare` says what it made; a second time nothing is made; `serve` finds company, truth, webhook and application."""
    monkeypatch.setattr("sys.argv", ["sandbox", "prepare", "--data", str(tmp_path), "--contacts", "20", "--deals", "30"])
    assert main() == 0
    said = capsys.readouterr().out
    options = read_options(["serve", "--data", str(tmp_path), "--contacts", "5"])
    assert make_once(options) is False
    portal = open_portal(options, "http://127.0.0.1:1")
    about, deals, contacts = access_of(portal), portal.store.count("deals"), portal.store.count("contacts")
    (app,) = portal.grants.list_apps()
    portal.close()

    assert '"deals": 30' in said
    assert (deals, contacts, app["HANDLER"]) == (30, 20, f"{APP}/app")
    assert (about["client_id"], about["client_secret"]) == (app["CLIENT_ID"], app["CLIENT_SECRET"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["calls.jsonl", PORTAL_FILE, "truth.json"]


@pytest.mark.parametrize("company", [["--company", "empty"], ["--contacts", "3", "--deals", "3"]])
def test_every_portal_has_an_application(tmp_path: Path, company: list[str]) -> None:
    """The first line always has a client id and a secret; --app only says where the application is."""
    options = read_options(["serve", "--data", str(tmp_path), *company])
    make_once(options)
    portal = open_portal(options, "http://127.0.0.1:1")
    about = access_of(portal)
    portal.close()

    assert about["client_id"].startswith("local.")
    assert len(about["client_secret"]) > 30


def test_broken_source_leaves_no_portal(tmp_path: Path) -> None:
    """A file that is no dataset is refused and the next start begins anew."""
    broken = tmp_path / "broken.json"
    broken.write_text("{", encoding="utf-8")
    data = tmp_path / "portal"

    with pytest.raises(ValueError, match="Expecting"):
        make_once(read_options(["prepare", "--data", str(data), "--load", str(broken)]))
    assert not (data / PORTAL_FILE).exists()
    assert make_once(read_options(["prepare", "--data", str(data), "--company", "empty"])) is True


def test_draft_becomes_an_ordinary_file(tmp_path: Path) -> None:
    """Made without a journal, kept with one; nothing of the draft's settings stays."""
    draft = Store(tmp_path / PORTAL_FILE, is_draft=True)
    draft.insert_many("users", [{"ID": 1, "NAME": "А", "ACTIVE": True}])
    draft.close()
    with sqlite3.connect(tmp_path / PORTAL_FILE) as connection:
        mode = connection.execute("PRAGMA journal_mode").fetchone()
    connection.close()

    assert mode == ("wal",)


def test_no_index_stands_twice(tmp_path: Path) -> None:
    """An index whose columns another one begins with only costs time."""
    store = Store(tmp_path / PORTAL_FILE)
    indexes = [(name, index) for name, table in store.tables.items() for index in table.section.indexes]
    store.close()

    twice = [
        (name, short)
        for place, (name, short) in enumerate(indexes)
        for other, (owner, long) in enumerate(indexes)
        if owner == name and other != place and long[: len(short)] == short
    ]
    assert twice == []


WRONG = (
    ["--cert", "a.pem"],
    ["--url", "portal.example"],
    ["--url", "https://portal.example/path"],
    ["--limits", "endless"],
)


@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_command_lines_are_refused(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A certificate without its key, an address that is none."""
    with pytest.raises(SystemExit):
        read_options(["serve", *wrong])

    assert "error:" in capsys.readouterr().err
