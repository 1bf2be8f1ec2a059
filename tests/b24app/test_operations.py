"""What whoever runs the server asks for, and the bounds for those who are refused again and again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families

from b24app.app import close_app, create_app
from b24app.config import Config
from b24app.context import Portal
from b24app.figures import FILE, Figures, read_figures
from b24app.portals import registry
from b24app.refusals import MOST, Refusals
from b24app.store.certificates import save_certificate
from b24app.store.changes import Change, save_changes
from b24app.store.cursors import save_cursor
from b24app.store.mirror import PortalStores
from b24app.web_operations import REFUSALS
from b24app.worker import HEARTBEAT

ONE = "https://one.bitrix24.ru"
LABELS = {"portal": "one.bitrix24.ru"}


class Timeless(Refusals):
    """Bounds for which no time passes, however slow the machine is."""

    def wait(self, address: str, now: float) -> float:
        """Ask at one moment."""
        return super().wait(address, 0.0)

    def add(self, address: str, now: float, weight: float = 1.0) -> float:
        """Count at the same."""
        return super().add(address, 0.0, weight)


def make_app(folder: Path, **settings: Any) -> Flask:
    """Return the web app with the portal m1, whose worker lives and has read two of three messages."""
    values: dict[str, Any] = {"client_id": "local.1", "client_secret": "s", "url": "https://a.ru", "portals": (ONE,), "secret_key": "k"}
    app = create_app(Config(**{**values, "data_dir": folder, **settings}))
    app.extensions[REFUSALS] = Timeless()
    services = app.extensions["services"]
    registry.save_portal(services.app_store, Portal("m1", ONE, "installed"))
    registry.save_application_token(services.app_store, services.vault, "m1", "right")
    stores = PortalStores(folder)
    save_cursor(stores.writer("m1"), "inbox", "2")
    save_changes(stores.writer("m1"), [Change("deal", 1)], "2026-01-01T00:00:00Z")
    line = {
        "entity": "deal",
        "kind": "nightly",
        "started_at": "2026-01-01T00:00:00Z",
        "finished_at": "2026-01-01T00:00:00Z",
        "remaining": 4,
    }
    save_certificate(stores.writer("m1"), [{"id": 1, **line}], [])
    stores.close()
    for number in range(3):
        services.inbox.append("event", "m1", {"name": "ONCRMDEALADD", "entity_id": number})
    (folder / HEARTBEAT).touch()
    return app


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    """The app without settings of its own."""
    made = make_app(tmp_path)
    yield made
    close_app(made)


def event(token: str) -> dict[str, str]:
    """Return an event's form that takes the ordinary way."""
    auth = {"auth[member_id]": "m1", "auth[application_token]": token, "auth[domain]": "one.bitrix24.ru"}
    return {"event": "ONCRMDEALADD", "data[FIELDS][ID]": "1", "ts": "1700000000", "more[]": "", **auth}


def figures(app: Flask) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Return every figure by its name and labels."""
    text = app.test_client().get("/metrics").text
    families = text_string_to_metric_families(text)
    return {(sample.name, tuple(sorted(sample.labels.items()))): sample.value for family in families for sample in family.samples}


def labels(**values: str) -> tuple[tuple[str, str], ...]:
    """Return labels as `figures` has them."""
    return tuple(sorted(values.items()))


def test_figures_tell_how_far_the_worker_is(app: Flask, tmp_path: Path) -> None:
    """What came in, what waits in the inbox and to be read, what the worker counts, what the last comparison left."""
    counted = Figures()
    counted.count("drained_records_total", 7)
    counted.count("job_attempts_total", kind="sweep", verdict="done")
    counted.put("jobs", {(("state", "waiting"),): 2.0})
    counted.save(tmp_path)
    app.test_client().post("/events", data=event("wrong"))

    found = figures(app)

    assert found["b24app_worker_up", ()] == 1
    assert found["b24app_inbox_messages_total", ()] == 3
    assert found["b24app_inbox_waiting", labels(**LABELS)] == 1
    assert found["b24app_changes_waiting", labels(**LABELS)] == 1
    assert found["b24app_certificate_differences", labels(**LABELS)] == 4
    assert found["b24app_certificate_age_seconds", labels(**LABELS)] > 0
    assert found["b24app_drained_records_total", ()] == 7
    assert found["b24app_job_attempts_total", labels(kind="sweep", verdict="done")] == 1
    assert found["b24app_jobs", labels(state="waiting")] == 2
    assert found["b24app_http_requests_total", labels(address="/events", status="403")] == 1
    assert found["b24app_portal_operating_limit_seconds", labels(**LABELS)] > 0
    assert found["b24app_file_bytes", labels(file="mirrors")] > 0


def test_figures_tell_of_the_budget(app: Flask) -> None:
    """Requests and working seconds of each portal, whichever process spent them, and what is wrong."""
    budget = app.extensions["toolbox"].door.budgets.of(ONE)
    budget.reserve(1.0)
    budget.note([("crm.item.list", {"operating": 3.5, "operating_reset_at": time.time() + 100, "processing": 0.5})])
    budget.tell("drain", "portal_busy")

    found = figures(app)

    assert found["b24app_portal_requests_day", labels(lane="interactive", **LABELS)] == 1
    assert found["b24app_portal_operating_seconds", labels(method="crm.item.list", **LABELS)] == 3.5
    assert found["b24app_portal_trouble", labels(part="drain", trouble="portal_busy", **LABELS)] == 1


def test_figures_are_there_though_a_file_is_not(app: Flask, tmp_path: Path) -> None:
    """A mirror that is damaged hides its own figures only."""
    (tmp_path / "m1.db").write_bytes(b"no database" * 1000)
    (tmp_path / FILE).write_text("[no figures")

    found = figures(app)

    assert found["b24app_worker_up", ()] == 1
    assert found["b24app_file_bytes", labels(file="app.db")] > 0
    assert read_figures(tmp_path) == {}


@pytest.mark.parametrize(
    ("headers", "remote", "status"),
    [
        ({}, "127.0.0.1", 200),
        ({}, "::1", 200),
        ({}, "203.0.113.1", 404),
        ({"X-Forwarded-For": "127.0.0.1"}, "127.0.0.1", 404),
        ({"Via": "1.1 proxy"}, "127.0.0.1", 404),
    ],
)
def test_figures_are_for_this_machine(app: Flask, headers: dict[str, str], remote: str, status: int) -> None:
    """Not for whoever comes through a proxy that stands on it."""
    assert app.test_client().get("/metrics", headers=headers, environ_base={"REMOTE_ADDR": remote}).status_code == status


def test_figures_with_a_token_are_for_its_bearer(tmp_path: Path) -> None:
    """From wherever he asks; without it nobody sees them."""
    app = make_app(tmp_path, metrics_token="let-me-see")
    answers = [
        app.test_client().get("/metrics", headers={"Authorization": given}, environ_base={"REMOTE_ADDR": "203.0.113.1"}).status_code
        for given in ("Bearer let-me-see", "Bearer let-me", "", "Bearer лет")
    ]
    without = app.test_client().get("/metrics").status_code
    close_app(app)

    assert (answers, without) == ([200, 404, 404, 404], 404)


def test_readiness_names_what_is_wrong(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that does not take in what comes, a file that is damaged, a worker that is gone."""
    client = app.test_client()
    good = client.get("/readyz")
    monkeypatch.setattr("b24app.health.MOST_BEHIND", -1.0)
    behind = client.get("/readyz")
    (tmp_path / "m1.db").write_bytes(b"no database" * 1000)
    broken = client.get("/readyz")
    (tmp_path / HEARTBEAT).unlink()

    assert (good.status_code, good.json) == (200, {"web": "ok", "worker": "ok", "inbox": "ok", "stores": "ok"})
    assert (behind.status_code, behind.get_json()["inbox"]) == (503, "behind")
    assert (broken.status_code, broken.get_json()["stores"]) == (503, "broken")
    assert client.get("/readyz").get_json()["worker"] == "down"
    assert client.get("/healthz").status_code == 200


def test_refusals_without_end_are_answered_429(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    """With the seconds to wait; the log does not fill with them; another address is answered as ever."""
    caplog.set_level("INFO")
    client = app.test_client()
    answers = [client.post("/events", data=event("wrong")) for _ in range(MOST + 30)]

    assert {answer.status_code for answer in answers[:MOST]} == {403}
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["Retry-After"]) >= 1
    assert [record.message for record in caplog.records].count("refused") < MOST + 30
    assert client.post("/events", data=event("wrong"), environ_base={"REMOTE_ADDR": "203.0.113.9"}).status_code == 403


def test_whoever_proves_himself_is_never_limited(app: Flask) -> None:
    """A flood from the same address, a shared proxy for example, costs a portal none of its events; only the install page is closed."""
    client = app.test_client()
    for _ in range(MOST + 30):
        client.post("/robots/service_offer", data={"a": "b"})

    assert client.post("/robots/service_offer", data={"a": "b"}).status_code == 429
    assert [client.post("/events", data=event("right")).status_code for _ in range(20)] == [200] * 20
    assert client.post("/install", data={}).status_code == 429


def test_address_behind_our_own_proxy_is_the_callers(tmp_path: Path) -> None:
    """One caller's refusals are not another's; a caller cannot choose his address himself."""
    app = make_app(tmp_path, proxies=1)
    client = app.test_client()

    def post(forwarded: str) -> int:
        return client.post("/events", data=event("wrong"), headers={"X-Forwarded-For": forwarded}).status_code

    flood = [post(f"198.51.100.{number % 250}, 203.0.113.1") for number in range(MOST + 30)]
    other = post("203.0.113.2")
    close_app(app)

    assert (flood[0], flood[-1], other) == (403, 429, 403)
