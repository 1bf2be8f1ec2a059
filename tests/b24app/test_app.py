"""How the two processes are put together."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, g

from b24app import app as app_module
from b24app import web
from b24app.app import Toolbox, close_app, create_app, create_worker, make_kinds
from b24app.bitrix.limits import ENTERPRISE, ORDINARY
from b24app.config import Config
from b24app.context import Context, Portal
from b24app.errors import BitrixBusy, BitrixGone, Malformed, Mistaken, NotFound
from b24app.portals import registry
from b24app.portals.session import Session
from b24app.portals.troubles import Watch
from b24app.store.mirror import PortalStores


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Give settings over an empty directory."""
    portals = ("https://one.bitrix24.ru",)
    return Config(client_id="local.1", client_secret="s", url="https://a.ru", portals=portals, data_dir=tmp_path, secret_key="k")


@pytest.fixture
def app(config: Config) -> Iterator[Flask]:
    """Give the web app with the portal m1, whose mirror is there."""
    made = create_app(config)
    registry.save_portal(made.extensions["services"].app_store, Portal("m1", "https://one.bitrix24.ru", "installed", lang="ru"))
    stores = PortalStores(config.data_dir)
    stores.writer("m1")
    stores.close()
    yield made
    close_app(made)


def test_creating_the_app_does_not_touch_the_inbox(app: Flask, config: Config) -> None:
    """A command or the supervisor makes the app too; only the process that appends becomes the writer."""
    assert not (config.data_dir / "inbox.db").exists()


def test_context_is_of_the_session(app: Flask) -> None:
    """Portal, viewer and language are the session's; the mirror cannot be written; the reader is closed with the request."""
    with app.app_context():
        ctx = app.extensions["services"].context(Session("m1", 5, is_admin=False, lang="en"))
        [reader] = g.get(web.OPENED)

        assert (ctx.portal.member_id, ctx.viewer.user_id, ctx.viewer.sees_all, ctx.lang) == ("m1", 5, False, "en")
        assert not ctx.store.writable
        assert ctx.store is reader

    with pytest.raises(Exception, match="closed"):
        reader.rows("SELECT 1")


def test_frame_is_proven_at_the_pace_of_its_portal(app: Flask) -> None:
    """Its first request goes by the licence that is known, after an uninstallation too; an unknown portal is ordinary."""
    services = app.extensions["services"]
    services.app_store.save_setting("m1", registry.LICENSE_FAMILY, "ent")
    registry.dismiss(services.app_store, "m1")

    assert services.client_for("https://one.bitrix24.ru", "token").budget.pace == ENTERPRISE
    assert services.client_for("https://two.bitrix24.ru", "token").budget.pace == ORDINARY


@pytest.mark.parametrize("member_id", ["unknown", "../app"])
def test_context_of_an_unknown_portal_is_not_found(app: Flask, member_id: str) -> None:
    """Whatever a session says, an unknown portal has no context."""
    with app.app_context(), pytest.raises(NotFound):
        app.extensions["services"].context(Session(member_id, 5, is_admin=True, lang="en"))


@pytest.mark.parametrize(
    ("error", "status", "text"),
    [
        (Malformed("auth: missing"), 400, "The request cannot be read"),
        (Mistaken("Choose a stage", "Выберите стадию"), 422, "Choose a stage"),
        (BitrixBusy("m", "QUERY_LIMIT_EXCEEDED", retry_after=2), 503, "Bitrix24 is busy"),
        (RuntimeError("a secret detail"), 500, "Something went wrong"),
    ],
)
def test_error_becomes_an_answer(app: Flask, error: Exception, status: int, text: str) -> None:
    """By its name; only what a person can mend is shown."""

    def fail() -> str:
        raise error

    app.add_url_rule("/fail", view_func=fail)

    answer = app.test_client().get("/fail", headers={"Accept-Language": "en"})

    assert (answer.status_code, answer.json) == (status, {"error": text})


def test_mistake_is_told_in_the_readers_language(app: Flask) -> None:
    """Russian for who reads Russian."""

    def fail() -> str:
        raise Mistaken("Choose a stage", "Выберите стадию")

    app.add_url_rule("/fail", view_func=fail)

    assert app.test_client().get("/fail", headers={"Accept-Language": "ru"}).json == {"error": "Выберите стадию"}


def test_job_of_a_portal_that_is_gone_dismisses_it(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """BitrixGone in any job ends the portal; later jobs find none."""

    def find_it_gone(ctx: Context, payload: dict[str, Any]) -> None:
        raise BitrixGone("profile", "APPLICATION_NOT_FOUND")

    monkeypatch.setattr(app_module, "KINDS", {"sweep": app_module.Duty(find_it_gone)})
    tools = Toolbox(config, "worker")
    registry.save_portal(tools.app_store, Portal("m1", "https://one.bitrix24.ru", "installed"))
    sweep = make_kinds(tools, Watch(tools.app_store, tools.door.budgets))["sweep"].run

    with pytest.raises(BitrixGone):
        sweep("m1", {})
    with pytest.raises(NotFound):
        sweep("m1", {})
    tools.close()


def test_jobs_that_time_orders_do_not_work_at_once(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a kill the one that was under way and the one that is ordered anew would: the second waits for the first."""
    meeting, met = threading.Barrier(2), []

    def meet(ctx: Context, payload: dict[str, Any]) -> None:
        with suppress(threading.BrokenBarrierError):
            meeting.wait(payload["patience"])
            met.append(ctx.portal.member_id)

    monkeypatch.setattr(app_module, "KINDS", {"offer_rules": app_module.Duty(meet), "robot_call": app_module.Duty(meet)})
    tools = Toolbox(config, "worker")
    registry.save_portal(tools.app_store, Portal("m1", "https://one.bitrix24.ru", "installed"))
    kinds = make_kinds(tools, Watch(tools.app_store, tools.door.budgets))
    for name, patience, expected in (("robot_call", 60.0, ["m1", "m1"]), ("offer_rules", 0.2, [])):
        met.clear()
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda _, name=name, patience=patience: kinds[name].run("m1", {"patience": patience}), range(2)))
        assert met == expected
    tools.close()


def test_removed_portal_leaves_no_file(config: Config) -> None:
    """The mirror, its lock, the settings: all gone."""
    worker, close = create_worker(config)
    registry.save_portal(worker.desk.app_store, Portal("m1", "https://one.bitrix24.ru", "installed"))
    worker.desk.context(registry.get_portal(worker.desk.app_store, "m1"))

    worker.desk.remove("m1")
    close()

    assert [path.name for path in config.data_dir.iterdir()] == ["app.db"]


def test_commands_answer_in_json(app: Flask) -> None:
    """What `make smoke` reads."""
    run = app.test_cli_runner()

    portals = json.loads(run.invoke(args=["portal", "list", "--json"]).output)
    status = json.loads(run.invoke(args=["portal", "status", "--json"]).output)
    segments = json.loads(run.invoke(args=["segment", "list", "--json"]).output)

    assert [portal["member_id"] for portal in portals] == ["m1"]
    assert status["rows"]["deal"] == 0
    assert segments == []


def test_command_says_what_a_person_can_mend(app: Flask) -> None:
    """No traceback for a portal that is not there."""
    result = app.test_cli_runner().invoke(args=["portal", "status", "--member-id", "nobody"])

    assert result.exit_code == 1
    assert "Traceback" not in result.output
    assert "nobody" in result.output


def test_jobs_are_listed_only_after_a_worker_has_run(app: Flask) -> None:
    """A fresh directory says so instead of making a database."""
    result = app.test_cli_runner().invoke(args=["jobs", "list"])

    assert (result.exit_code, "no worker has run yet" in result.output) == (1, True)


def test_locked_file_is_answered_503(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """What passes by itself is no defect: the caller hears that nothing was saved."""

    def fail() -> str:
        raise locked

    locked = sqlite3.OperationalError("database is locked")
    locked.sqlite_errorcode = sqlite3.SQLITE_BUSY
    app.add_url_rule("/fail", view_func=fail)

    assert app.test_client().get("/fail").status_code == 503
