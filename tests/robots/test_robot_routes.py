"""The address that Bitrix24 calls: proven, saved, answered; anything else changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from b24app.context import Portal
from b24app.errors import AppError, Malformed, NotFound, Refused
from b24app.portals.registry import save_application_token, save_portal
from b24app.portals.vault import Vault
from b24app.store.inbox import Inbox, InboxReader
from b24app.store.settings import AppStore
from robots.routes import blueprint

MEMBER, TOKEN = "a223c6b3710f85df22e9377d6c4f7553", "51856fefc120afa4b628cc82d3935cce"
STATUSES = {Refused: 403, Malformed: 400, NotFound: 404}


@pytest.fixture
def inbox_path(tmp_path: Path) -> Path:
    """Where the inbox is."""
    return tmp_path / "inbox.db"


@pytest.fixture
def web(tmp_path: Path, inbox_path: Path) -> Iterator[FlaskClient]:
    """The blueprint alone, on a real store and a real inbox."""
    app_store, inbox, vault = AppStore(tmp_path / "app.db"), Inbox(inbox_path), Vault("key")
    save_portal(app_store, Portal(MEMBER, "https://portal.example"))
    save_application_token(app_store, vault, MEMBER, TOKEN)
    app = Flask("test")
    app.extensions["services"] = SimpleNamespace(app_store=app_store, inbox=inbox, vault=vault)
    app.register_blueprint(blueprint)
    app.register_error_handler(AppError, lambda error: ("", next(s for kind, s in STATUSES.items() if isinstance(error, kind))))
    yield app.test_client()
    inbox.close()
    app_store.close()


def form(**changes: str) -> dict[str, str]:
    """Return the body that a portal posts."""
    body = {
        "workflow_id": "66e81a641752f8.56521481",
        "code": "service_offer",
        "document_id[0]": "crm",
        "document_id[1]": "CCrmDocumentDeal",
        "document_id[2]": "DEAL_101",
        "event_token": "token-1",
        "properties[valid_days]": "14",
        "use_subscription": "Y",
        "timeout_duration": "0",
        "ts": "1766047124",
        "auth[access_token]": "user-token",
        "auth[member_id]": MEMBER,
        "auth[application_token]": TOKEN,
    }
    return {name: value for name, value in (body | changes).items() if value}


def saved(path: Path) -> list[tuple[str, str, str, dict[str, object]]]:
    """Return what is in the inbox."""
    reader = InboxReader(path)
    messages = [(one.kind, one.member_id, one.key, one.body) for one in reader.after(MEMBER, 0, 100)]
    reader.close()
    return messages


def test_call_is_saved_before_it_is_answered(web: FlaskClient, inbox_path: Path) -> None:
    """200 means that it is on the disk, under its event token, without the tokens of the post."""
    answer = web.post("/robots/service_offer", data=form())

    ((kind, member_id, key, body),) = saved(inbox_path)
    assert answer.status_code == 200
    assert (kind, member_id, key, body["entity_id"]) == ("robot", MEMBER, "token-1", 101)
    assert "user-token" not in str(body)
    assert TOKEN not in str(body)


@pytest.mark.parametrize(
    ("code", "changes", "status"),
    [
        ("service_offer", {"auth[application_token]": "forged"}, 403),
        ("service_offer", {"auth[member_id]": "somebody"}, 403),
        ("service_offer", {"auth[application_token]": ""}, 400),
        ("service_offer", {"event_token": ""}, 400),
        ("service_offer", {"document_id[2]": "DEAL_x"}, 400),
        ("service_offer", {"code": "another"}, 400),
        ("unknown", {"code": "unknown"}, 404),
        ("unknown", {"code": "unknown", "auth[application_token]": "forged"}, 403),
    ],
)
def test_bad_call_changes_nothing(web: FlaskClient, inbox_path: Path, code: str, changes: dict[str, str], status: int) -> None:
    """Forged, unreadable and unknown calls are refused each in its way and never saved."""
    assert web.post(f"/robots/{code}", data=form(**changes)).status_code == status
    assert saved(inbox_path) == []


def test_garbage_is_refused(web: FlaskClient, inbox_path: Path) -> None:
    """A body that is no form at all."""
    assert web.post("/robots/service_offer", data=b"\xff\xfe{", content_type="application/json").status_code == 400
    assert web.get("/robots/service_offer").status_code == 405
    assert saved(inbox_path) == []
