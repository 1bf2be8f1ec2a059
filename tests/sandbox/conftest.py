"""Portals for tests: one in process, fresh for every test; one served over HTTP, once a session."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.fill import fill_from_company
from sandbox.portal import Portal
from sandbox.rest import Answer, Caller
from tests.sandbox.clock import FakeClock
from tests.sandbox.receiver import Receiver
from tests.sandbox.served import Served


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(scope="session")
def filled_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database of a portal with people and dictionaries; made once, copied for every test."""
    directory = tmp_path_factory.mktemp("filled")
    made = Portal(directory, "http://127.0.0.1:1", FakeClock())
    fill_from_company(made, contacts=0, deals=0, seed=1)
    made.close()
    return directory / "portal.db"


@pytest.fixture
def portal(tmp_path: Path, filled_file: Path, clock: FakeClock) -> Iterator[Portal]:
    """A portal with people and dictionaries and no CRM records; nothing of it runs by itself."""
    shutil.copy(filled_file, tmp_path / "portal.db")
    made = Portal(tmp_path, "http://127.0.0.1:1", clock)
    yield made
    made.close()


@pytest.fixture
def admin() -> Caller:
    """The administrator through a webhook with every scope that the tests use."""
    scopes = frozenset(
        ("crm", "user", "department", "bizproc", "placement", "im", "documentgenerator", "userfieldconfig", "catalog", "messageservice")
    )
    return Caller(1, admin=True, scopes=scopes, webhook_id=1)


@pytest.fixture
def call(portal: Portal, admin: Caller) -> Callable[..., Answer]:
    """Run a method as the administrator: `call("crm.deal.get", id=1)`."""

    def run(method: str, **params: Any) -> Answer:
        return portal.call(admin, method, params)

    return run


@pytest.fixture
def ask(call: Callable[..., Answer]) -> Callable[..., Any]:
    """Run a method as the administrator and return its result alone."""

    def run(method: str, **params: Any) -> Any:
        return call(method, **params).result

    return run


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A small demo company without request limits, with an application that is not installed yet."""
    options = ["--contacts", "60", "--deals", "150", "--limits", "none", "--app", "http://127.0.0.1:9"]
    made = Served(["--data", str(tmp_path_factory.mktemp("portal")), *options])
    yield made
    made.stop()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """An application's server that keeps what the portal posts to it."""
    with Receiver() as made:
        yield made


@pytest.fixture
def running(portal: Portal) -> Iterator[Portal]:
    """The same portal with its threads: it posts, runs robots and makes PDFs."""
    portal.active.start()
    yield portal
    portal.active.stop()


@pytest.fixture
def app(running: Portal, receiver: Receiver) -> Caller:
    """An installed application of the receiver, called in the administrator's name."""
    scopes = (
        "crm",
        "bizproc",
        "placement",
        "user",
        "im",
        "documentgenerator",
        "messageservice",
        "userfieldconfig",
        "catalog",
        "department",
    )
    made = running.grants.add_app({"ru": "Приложение", "en": "App"}, f"{receiver.url}/app", f"{receiver.url}/install", scopes)
    running.grants.save_app(made["CLIENT_ID"], {"INSTALLED": True})
    return Caller(1, admin=True, app=made["CLIENT_ID"], scopes=frozenset(scopes))
