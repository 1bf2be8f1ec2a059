"""POST /events: what our portal says is on the disk before 200; anything else is refused, changes nothing and says why."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from b24app.app import close_app, create_app
from b24app.bitrix.oauth import AppInfo
from b24app.bitrix.payloads import Answer
from b24app.config import Config
from b24app.context import Portal
from b24app.errors import BitrixError, NotFromBitrix, Overloaded
from b24app.portals import registry
from b24app.services import Services
from b24app.store import settings as settings_module
from b24app.store.inbox import InboxReader, Message
from b24app.store.settings import AppStore

EVENT = {
    "event": "ONCRMDEALUPDATE",
    "data[FIELDS][ID]": "7405",
    "ts": "1766047124",
    "auth[member_id]": "m1",
    "auth[application_token]": "right",
    "auth[domain]": "one.bitrix24.ru",
}


class FakeOAuth:
    """Knows whose token is whose."""

    def __init__(self) -> None:
        self.tokens = {
            "admin": AppInfo("local.1", "m1", "one.bitrix24.ru", 1, ("crm",), "L"),
            "employee": AppInfo("local.1", "m1", "one.bitrix24.ru", 5, ("crm",), "L"),
            "other-app": AppInfo("local.2", "m1", "one.bitrix24.ru", 1, ("crm",), "L"),
            "other-portal": AppInfo("local.1", "m2", "two.bitrix24.ru", 1, ("crm",), "L"),
        }

    def app_info(self, access_token: str) -> AppInfo:
        """Answer for a known token."""
        if access_token not in self.tokens:
            raise BitrixError("app.info", "expired_token")
        return self.tokens[access_token]

    def client_for(self, url: str, access_token: str) -> Any:
        """Return a client that says who the token's owner is."""
        assert url == "https://one.bitrix24.ru"
        user_id = self.tokens[access_token].user_id
        return SimpleNamespace(call=lambda method: Answer({"ID": str(user_id), "ADMIN": user_id == 1}, 0))


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    """Give the web app with one installed portal, m1, whose application_token is "right"."""
    portals = ("https://one.bitrix24.ru",)
    config = Config(client_id="local.1", client_secret="s", url="https://a.ru", portals=portals, data_dir=tmp_path, secret_key="k")
    made = create_app(config)
    oauth = FakeOAuth()
    services = dataclasses.replace(made.extensions["services"], oauth=oauth, client_for=oauth.client_for)
    made.extensions["services"] = services
    registry.save_portal(services.app_store, Portal("m1", "https://one.bitrix24.ru", "installed"))
    registry.save_application_token(services.app_store, services.vault, "m1", "right")
    yield made
    close_app(made)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Give somebody who posts."""
    return app.test_client()


@pytest.fixture
def services(app: Flask) -> Services:
    """Give the app's services."""
    found: Services = app.extensions["services"]
    return found


def saved(services: Services) -> list[Message]:
    """Return what the worker will find."""
    reader = InboxReader(services.config.data_dir / "inbox.db")
    found = reader.after("m1", 0)
    reader.close()
    return found


def test_event_is_saved_before_the_answer(client: FlaskClient, services: Services) -> None:
    """Name, number and time are kept, tokens are not."""
    answer = client.post("/events", data={**EVENT, "auth[access_token]": "of-the-actor"})

    [message] = saved(services)
    assert answer.status_code == 200
    assert (message.kind, message.member_id) == ("event", "m1")
    assert message.body == {"name": "ONCRMDEALUPDATE", "entity_id": 7405, "ts": 1766047124}


def test_event_that_is_spelled_otherwise_is_saved_too(client: FlaskClient, services: Services) -> None:
    """A field that nobody has ever sent keeps an event from the short way, and from nothing else."""
    ways = [{}, {"auth[new_in_2030]": "x"}, {"event": "oncrmdealupdate"}]

    assert [client.post("/events", data={**EVENT, **change}).status_code for change in ways] == [200, 200, 200]
    assert [message.body for message in saved(services)] == [{"name": "ONCRMDEALUPDATE", "entity_id": 7405, "ts": 1766047124}] * 3


def test_token_that_was_taken_back_is_refused(client: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was proven is forgotten when anybody writes: another process, noticed within FRESH_SECONDS, or this one, at once."""
    monkeypatch.setattr(settings_module, "FRESH_SECONDS", 0.0)
    before = client.post("/events", data=EVENT).status_code
    other = AppStore(services.config.data_dir / "app.db")
    registry.save_application_token(other, services.vault, "m1", "newer")
    other.close()

    assert (before, client.post("/events", data=EVENT).status_code) == (200, 403)
    assert client.post("/events", data={**EVENT, "auth[application_token]": "newer"}).status_code == 200
    monkeypatch.undo()
    assert client.post("/events", data={**EVENT, "auth[application_token]": "newer"}).status_code == 200
    registry.dismiss(services.app_store, "m1")
    assert client.post("/events", data={**EVENT, "auth[application_token]": "newer"}).status_code == 403


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"auth[application_token]": "wrong"}, (403, "wrong application_token")),
        ({"auth[application_token]": ""}, (400, "auth.application_token")),
        ({"auth[application_token]": None}, (400, "auth.application_token")),
        ({"auth[member_id]": "m2"}, (403, "unknown member_id")),
        ({"auth[member_id]": None}, (400, "auth.member_id")),
        ({"event": None}, (400, "event")),
        ({"event": "ONAPPUNINSTALL", "auth[application_token]": "wrong"}, (403, "wrong application_token")),
    ],
)
def test_forged_event_is_refused_with_a_reason_in_the_log(
    client: FlaskClient, services: Services, caplog: pytest.LogCaptureFixture, changes: dict[str, Any], expected: tuple[int, str]
) -> None:
    """The caller learns nothing but the status; the log says why; nothing is saved."""
    status, reason = expected
    form = {key: value for key, value in {**EVENT, **changes}.items() if value is not None}

    answer = client.post("/events", data=form)

    assert answer.status_code == status
    assert reason not in answer.text
    assert any(reason in record.__dict__.get("reason", "") for record in caplog.records)
    assert saved(services) == []
    assert registry.get_portal(services.app_store, "m1").state == "installed"


@pytest.mark.parametrize("body", [b"\x00\xff" * 100, b"{}", b"", b"a[b]=1&a=2&a[b][c]=3", b"event=" + b"[" * 1000])
def test_garbage_is_malformed(client: FlaskClient, services: Services, body: bytes) -> None:
    """Whatever bytes arrive: 400, and nothing is saved."""
    answer = client.post("/events", data=body, content_type="application/x-www-form-urlencoded")

    assert answer.status_code == 400
    assert saved(services) == []


def test_large_body_is_refused(client: FlaskClient, services: Services, caplog: pytest.LogCaptureFixture) -> None:
    """10 MB get 413 and a line in the log."""
    answer = client.post("/events", data={**EVENT, "x": "y" * 10_000_000})

    assert answer.status_code == 413
    assert any("bytes" in record.__dict__.get("reason", "") for record in caplog.records)
    assert saved(services) == []


def test_unsaved_event_is_not_acknowledged(client: FlaskClient, services: Services) -> None:
    """When the inbox cannot take it, the answer says so."""
    services.inbox.close()

    assert client.post("/events", data=EVENT).status_code == 503


def test_uninstall_forgets_the_secrets_at_once(client: FlaskClient, services: Services) -> None:
    """From then on the portal is unknown; with "clean" the worker is told to remove the rest."""
    answer = client.post("/events", data={**EVENT, "event": "ONAPPUNINSTALL", "data[CLEAN]": "1"})

    assert answer.status_code == 200
    assert services.app_store.find_secret("m1", registry.APPLICATION_TOKEN) is None
    assert services.app_store.find_setting("m1", registry.CLEAN) is True
    assert client.post("/events", data=EVENT).status_code == 403


def test_update_brings_a_new_application_token(client: FlaskClient, services: Services) -> None:
    """The new token is pinned when an administrator's token of this very app and portal proves it; the old one is dead then."""
    update = {**EVENT, "event": "ONAPPUPDATE", "auth[application_token]": "new", "auth[access_token]": "admin"}

    assert client.post("/events", data=update).status_code == 200
    assert registry.check_application_token(services.app_store, services.vault, "m1", "new").member_id == "m1"
    with pytest.raises(NotFromBitrix):
        registry.check_application_token(services.app_store, services.vault, "m1", "right")


def test_update_orders_a_new_registration(client: FlaskClient, services: Services) -> None:
    """The portal takes our handlers away with every update."""
    services.app_store.save_setting("m1", registry.REGISTERED, {"digest": "d"})

    client.post("/events", data={**EVENT, "event": "ONAPPUPDATE"})

    assert services.app_store.find_setting("m1", registry.REGISTERED) == {"asked": 1766047124}


@pytest.mark.parametrize("token", ["", "employee", "other-app", "other-portal", "expired"])
def test_forged_update_pins_nothing(client: FlaskClient, services: Services, token: str) -> None:
    """An employee, another app, another portal or nobody at all cannot change who may speak to us."""
    update = {**EVENT, "event": "ONAPPUPDATE", "auth[application_token]": "new", "auth[access_token]": token}

    assert client.post("/events", data=update).status_code == 403
    assert registry.check_application_token(services.app_store, services.vault, "m1", "right").member_id == "m1"


def test_answer_fits_who_asks(client: FlaskClient) -> None:
    """A program gets JSON, a person a page; both get the headers that protect a page."""
    as_program = client.post("/events", data={})
    as_person = client.get("/nothing-here", headers={"Accept": "text/html"})

    assert as_program.json == {"error": "The request cannot be read"}
    assert (as_person.status_code, as_person.mimetype) == (404, "text/html")
    assert as_person.headers["X-Content-Type-Options"] == "nosniff"
    assert "frame-ancestors https://one.bitrix24.ru" in as_person.headers["Content-Security-Policy"]


def test_readiness_needs_the_worker(client: FlaskClient, services: Services) -> None:
    """Without a sign of life from the worker the app is alive but not ready."""
    before = client.get("/readyz")
    (services.config.data_dir / "worker.alive").touch()

    assert (before.status_code, before.json) == (503, {"web": "ok", "worker": "down", "inbox": "ok", "stores": "ok"})
    assert client.get("/readyz").status_code == 200
    assert client.get("/healthz").status_code == 200


def test_readiness_needs_the_inbox(client: FlaskClient, services: Services) -> None:
    """An app that cannot save is not ready."""
    services.inbox.close()

    with pytest.raises(Overloaded):
        services.inbox.open()
    assert client.get("/readyz").status_code == 503
