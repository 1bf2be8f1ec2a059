"""A portal in memory that can be registered in, and a door to knock at."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from b24app.bitrix.oauth import AppInfo
from b24app.bitrix.payloads import Answer
from b24app.config import Config
from b24app.context import Context
from b24app.errors import AppError, BitrixError, Refused
from b24app.portals.session import Signer
from b24app.portals.vault import Vault
from b24app.store.inbox import Inbox, InboxReader
from b24app.store.mirror import PortalStores
from b24app.store.settings import AppStore
from install.routes import blueprint
from tests.fakes import FakeBitrix, worker_context

MEMBER = "a223c6b3710f85df22e9377d6c4f7553"
URL = "https://company.bitrix24.ru"


class FakePortal(FakeBitrix):
    """Keeps what is registered in it; `refused` maps a method to the code with which it is refused."""

    def __init__(self) -> None:
        super().__init__()
        self.robots: dict[str, dict[str, Any]] = {}
        self.events: set[tuple[str, str]] = set()
        self.queued: set[tuple[str, str]] = set()  # (event, connector)
        self.features: set[str] = set()
        self.placements: list[tuple[str, str]] = []
        self.templates: dict[int, dict[str, Any]] = {}
        self.numerators: dict[int, dict[str, Any]] = {}
        self.refused: dict[str, str] = {}
        self.admin = True

    def call(self, method: str, params: Mapping[str, Any] | None = None) -> Answer:
        """Answer one method."""
        if method in self.refused:
            raise BitrixError(method, self.refused[method], "refused", 400)
        own = self.own.get(method)
        if own is None:
            return super().call(method, params)
        self.calls.append(method)
        return Answer(copy.deepcopy(own(self, params or {})), time={"date_start": "2025-09-09T16:31:11+03:00"})

    def pages(self, method: str, params: Mapping[str, Any] | None = None, key: str | None = None) -> Iterator[dict[str, Any]]:
        """Yield a small list."""
        result = self.call(method, params).result[key]
        yield from result.values() if isinstance(result, dict) else result

    def writes(self) -> list[str]:
        """Return the calls that change something, and forget all calls."""
        made = [call for call in self.calls if call.rsplit(".", 1)[-1] in ("add", "update", "delete", "bind", "unbind")]
        self.calls.clear()
        return made

    def _bind_event(self, params: Mapping[str, Any]) -> bool:
        if params.get("event_type") == "offline":
            self.queued.add((params["event"], params.get("auth_connector", "")))
            return True
        assert (params["event"], params["handler"]) not in self.events
        self.events.add((params["event"], params["handler"]))
        return True

    def _unbind_event(self, params: Mapping[str, Any]) -> dict[str, int]:
        if params.get("event_type") == "offline":
            self.queued = {(event, connector) for event, connector in self.queued if event != params["event"]}
        else:
            self.events.discard((params["event"], params["handler"]))
        return {"count": 1}

    def _list_handlers(self, params: Mapping[str, Any]) -> list[dict[str, str]]:
        online = [{"event": event, "handler": handler, "auth_type": "0", "offline": "0"} for event, handler in sorted(self.events)]
        return online + [{"event": event, "handler": "", "auth_type": "0", "offline": "1"} for event, _ in sorted(self.queued)]

    def _add_robot(self, params: Mapping[str, Any]) -> bool:
        if params["CODE"] in self.robots:
            raise BitrixError("bizproc.robot.add", "ERROR_ACTIVITY_ALREADY_INSTALLED", "", 400)
        self.robots[params["CODE"]] = dict(params)
        return True

    def _add_template(self, params: Mapping[str, Any]) -> dict[str, Any]:
        assert params["fields"]["numeratorId"] in self.numerators
        number = len(self.templates) + 41
        self.templates[number] = {"id": str(number), "name": params["fields"]["name"]}
        return {"template": self.templates[number]}

    def _add_numerator(self, params: Mapping[str, Any]) -> dict[str, Any]:
        number = len(self.numerators) + 45
        self.numerators[number] = {"id": number, "name": params["fields"]["name"]}
        return {"numerator": self.numerators[number]}

    own: Mapping[str, Any] = {
        "profile": lambda self, params: {"ID": "7", "ADMIN": self.admin, "NAME": "Anna"},
        "app.info": lambda self, params: {"LICENSE_FAMILY": "ent"},
        "crm.currency.base.get": lambda self, params: "KZT",
        "bizproc.robot.list": lambda self, params: list(self.robots),
        "bizproc.robot.add": _add_robot,
        "bizproc.robot.update": lambda self, params: self.robots[params["CODE"]].update(params["FIELDS"]) or True,
        "bizproc.robot.delete": lambda self, params: bool(self.robots.pop(params["CODE"])),
        "feature.get": lambda self, params: {"value": "Y" if params["CODE"] in self.features else "N"},
        "event.get": _list_handlers,
        "event.bind": _bind_event,
        "event.unbind": _unbind_event,
        "placement.get": lambda self, params: [{"placement": code, "handler": handler, "options": []} for code, handler in self.placements],
        "placement.bind": lambda self, params: self.placements.append((params["PLACEMENT"], params["HANDLER"])) or True,
        "placement.unbind": lambda self, params: {"count": self.placements.remove((params["PLACEMENT"], params["HANDLER"])) or 2},
        "crm.documentgenerator.template.list": lambda self, params: {"templates": {row["id"]: row for row in self.templates.values()}},
        "crm.documentgenerator.template.add": _add_template,
        "crm.documentgenerator.numerator.list": lambda self, params: {"numerators": list(self.numerators.values())},
        "crm.documentgenerator.numerator.add": _add_numerator,
    }


SCOPE = ("crm", "bizproc", "placement", "documentgenerator", "user_basic")


@dataclass
class Door:
    """The install page on real stores, and what the two servers would say."""

    web: FlaskClient
    services: Any
    portal: FakePortal
    reader: InboxReader
    info: AppInfo
    wrong: Exception | None = None
    asked: list[tuple[str, str]] = field(default_factory=list)

    def knock(self, args: Mapping[str, str] | None = None, **body: str) -> Any:
        """Post the install page as the portal does, with changes."""
        query = {"DOMAIN": "company.bitrix24.ru", "PROTOCOL": "1", "LANG": "ru", "APP_SID": "sid-1", **(args or {})}
        form = {
            "AUTH_ID": "access-secret",
            "REFRESH_ID": "refresh-secret",
            "AUTH_EXPIRES": "3600",
            "APPLICATION_TOKEN": "application-secret",
            "member_id": MEMBER,
            "status": "L",
            "PLACEMENT": "DEFAULT",
        }
        return self.web.post("/install", query_string=query, data={**form, **body})

    def orders(self) -> list[dict[str, Any]]:
        """Return the commands in the inbox."""
        return [message.body for message in self.reader.after(MEMBER, 0)]


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """The settings of an app with one allowed portal."""
    return Config(client_id="local.1", client_secret="s", url="https://app.example", portals=(URL,), data_dir=tmp_path, secret_key="key")


@pytest.fixture
def portal() -> FakePortal:
    """An empty portal."""
    return FakePortal()


@pytest.fixture
def door(tmp_path: Path, config: Config, portal: FakePortal) -> Iterator[Door]:
    """The front door."""
    app_store, inbox, stores = AppStore(tmp_path / "app.db"), Inbox(tmp_path / "inbox.db"), PortalStores(tmp_path)
    services = SimpleNamespace(
        config=config, app_store=app_store, inbox=inbox, stores=stores, vault=Vault("key"), signer=Signer("key"), oauth=SimpleNamespace()
    )
    app = Flask("test")
    app.extensions["services"] = services
    app.register_blueprint(blueprint)
    app.register_error_handler(AppError, lambda error: ("", 403 if isinstance(error, Refused) else 400))
    reader = InboxReader(tmp_path / "inbox.db")
    door = Door(app.test_client(), services, portal, reader, AppInfo("local.1", MEMBER, "company.bitrix24.ru", 7, SCOPE, "L"))

    def app_info(token: str) -> AppInfo:
        if door.wrong:
            raise door.wrong
        return door.info

    def client_for(url: str, token: str) -> Any:
        door.asked.append((url, token))
        return portal

    services.oauth.app_info, services.client_for = app_info, client_for
    yield door
    reader.close()
    stores.close()
    inbox.close()
    app_store.close()


@pytest.fixture
def ctx(tmp_path: Path, config: Config, portal: FakePortal) -> Iterator[Context]:
    """The worker's context for the portal."""
    with worker_context(tmp_path / "worker", portal) as context:
        yield replace(context, config=config)
