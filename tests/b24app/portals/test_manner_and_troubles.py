"""What an administrator wishes of synchronisation, what is wrong with it, and whom the servers have vouched for."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from b24app.bitrix.budget import Budget, Budgets
from b24app.bitrix.limits import Manner, Pace
from b24app.bitrix.oauth import AppInfo
from b24app.context import Context, Portal, Viewer
from b24app.errors import BitrixBusy, BitrixError, BitrixGone, BitrixLost, Mistaken, NotAllowed
from b24app.portals import registry
from b24app.portals.access import Person, Proven
from b24app.portals.manner import find_manner, print_time, read_hours, save_manner
from b24app.portals.troubles import WORDS, Watch, name_trouble
from b24app.store.settings import AppStore
from pages.words import WORDS as SAID

PORTAL = Portal("m1", "https://p.example", "installed", time_zone="Europe/Moscow")
INFO = AppInfo("c", "m1", "p.example", 7, ("crm",), "L")


@pytest.fixture
def app_store(tmp_path: Path) -> Iterator[AppStore]:
    """A store with one portal."""
    store = AppStore(tmp_path / "app.db")
    registry.save_portal(store, PORTAL)
    yield store
    store.close()


def test_manner_is_kept_and_holds_at_once(app_store: AppStore) -> None:
    """The setting survives; the budget knows it, in the portal's time."""
    budget = Budget(Pace(50, 2))
    assert find_manner(app_store, PORTAL, datetime(2025, 6, 1, tzinfo=UTC)) == Manner(offset=180)

    bitrix: Any = SimpleNamespace(budget=budget)
    nothing: Any = None
    ctx = Context(PORTAL, Viewer(1, sees_all=True, is_admin=True), nothing, app_store, nothing, bitrix, nothing)
    save_manner(ctx, Manner(True, 0.25, 540, 1140))

    assert find_manner(app_store, PORTAL) == Manner(True, 0.25, 540, 1140, 180) == budget.read().manner
    with pytest.raises(NotAllowed):
        save_manner(ctx.seen_by(Viewer(2, sees_all=True)), Manner())


def test_hours_are_read_as_people_write_them() -> None:
    """Two times and a percentage; everything else is said to be a mistake."""
    assert read_hours("09:00", "19:30", "25") == (540, 1170, 0.25)
    assert print_time(1170) == "19:30"
    for words in (
        ("9", "19:00", "25"),
        ("24:00", "1:00", "25"),
        ("09:60", "10:00", "25"),
        ("09:00", "10:00", "4"),
        ("09:00", "10:00", "x"),
    ):
        with pytest.raises(Mistaken):
            read_hours(*words)


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (None, ""),
        (BitrixBusy("m", "QUERY_LIMIT_EXCEEDED"), "portal_busy"),
        (BitrixBusy("m", "OPERATION_TIME_LIMIT"), "method_rests"),
        (BitrixBusy("m", "paused"), ""),
        (BitrixBusy("m", "foreign_redirect"), "moved"),
        (BitrixBusy("m", "INTERNAL_SERVER_ERROR"), "portal_busy"),
        (BitrixGone("m", "invalid_grant"), "revoked"),
        (BitrixGone("m", "PORTAL_DELETED"), "gone"),
        (BitrixLost("m", "no_answer"), "no_answer"),
        (BitrixError("m", "NO_AUTH_FOUND"), "no_access"),
        (BitrixError("m", "whatever"), "refused"),
        (OSError(28, "No space left on device"), "disk"),
        (sqlite3.OperationalError("no such table"), "defect"),
        (ZeroDivisionError(), "defect"),
    ],
)
def test_error_has_a_word(error: Exception | None, word: str) -> None:
    """By its code, else by its class."""
    assert name_trouble(error) == word


def test_every_trouble_has_a_sentence() -> None:
    """In both languages."""
    assert {f"trouble_{word}" for word in WORDS} == {key for key in SAID if key.startswith("trouble_")}


def test_trouble_is_told_while_it_lasts(app_store: AppStore, tmp_path: Path) -> None:
    """By who has it, since it began, seen by every process; gone when the same work ends well."""
    worker, web = Budgets(tmp_path, lambda: 100.0), Budgets(tmp_path)
    watch, shown = Watch(app_store, worker), web.of(PORTAL.url)

    watch.note_failure("m1", "drain", BitrixLost("m", "no_answer"))
    watch.note_failure("m1", "sweep", BitrixBusy("m", "QUERY_LIMIT_EXCEEDED"))
    watch.note_failure("nobody", "drain", BitrixLost("m", "no_answer"))
    assert {source: (one.code, one.since) for source, one in shown.read().troubles.items()} == {
        "drain": ("no_answer", 100.0),
        "sweep": ("portal_busy", 100.0),
    }
    watch.note_success("m1", "drain")
    watch.note_failure("m1", "sweep", BitrixBusy("m", "paused"))
    assert shown.read().troubles == {}
    worker.close()
    web.close()


def test_proven_token_is_known_while_it_lives() -> None:
    """A frame that is opened again costs nothing; after the token's life the servers are asked again."""
    now = [0.0]
    proven = Proven(lambda: now[0])
    proven.keep("token", 600, INFO, Person(7, True, 180))

    assert proven.find("token") == (INFO, Person(7, True, 180))
    assert proven.find("other") is None
    now[0] = 600.0
    assert proven.find("token") is None


def test_proven_tokens_are_bounded() -> None:
    """The oldest are forgotten, and a server's promise of a long life is not believed."""
    now = [0.0]
    proven = Proven(lambda: now[0])
    for number in range(Proven.MOST + 1):
        proven.keep(f"token-{number}", 1e9, INFO, Person(7, True, 180))

    assert (proven.find("token-0"), proven.find("token-1") is not None) == (None, True)
    now[0] = Proven.LONGEST
    assert proven.find("token-1") is None
