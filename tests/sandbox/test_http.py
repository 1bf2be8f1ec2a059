"""The portal over real HTTP, served by a process of its own."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.sandbox.served import ROOT, Served


def test_first_line_says_how_to_reach_the_portal(served: Served) -> None:
    """All promised keys are there and the addresses answer."""
    assert set(served.about) == {"url", "webhook", "client_id", "client_secret", "oauth_url", "member_id", "js_url"}
    assert served.get("profile").json()["result"]["ADMIN"] is True


def test_json_form_and_query_are_one(served: Served) -> None:
    """The same call as JSON, as a form with brackets, as a query with .json; names at the top in any case."""
    params = {"entityTypeId": 2, "filter": {">id": 3}, "order": {"id": "ASC"}, "select": ["id"]}
    form = {"entityTypeId": "2", "filter[>id]": "3", "order[id]": "ASC", "select[]": "id"}
    url = served.about["webhook"] + "crm.item.list"

    answers = [
        requests.post(url, json=params, timeout=120),
        requests.post(url, data=form, timeout=120),
        requests.post(url, files={name: (None, value) for name, value in form.items()}, timeout=120),
        requests.get(url + ".json", params=form, timeout=120),
        requests.post(url, json={"ENTITYTYPEID": 2, "FILTER": {">id": 3}, "Order": {"id": "ASC"}, "SELECT": ["id"]}, timeout=120),
    ]

    results = [answer.json()["result"] for answer in answers]
    assert results[0]["items"][0] == {"id": 4}
    assert all(result == results[0] for result in results)


def test_envelope_counts_and_times(served: Served) -> None:
    """result, total, next, time with operating; start -1 neither counts nor continues."""
    counted = served.post("crm.deal.list", select=["ID"]).json()
    fast = served.post("crm.deal.list", select=["ID"], start=-1).json()

    assert (len(counted["result"]), counted["next"]) == (50, 50)
    assert counted["total"] >= 150
    assert set(counted["time"]) == {
        "start", "finish", "duration", "processing", "date_start", "date_finish", "operating_reset_at", "operating",
    }  # fmt: skip
    assert counted["time"]["date_start"].endswith("+03:00")
    assert (fast["total"], "next" in fast) == (0, False)


def _nested(depth: int) -> Any:
    return {"0": _nested(depth - 1)} if depth else {"id": 1}


GARBAGE: list[dict[str, Any]] = [
    {"data": b"{", "headers": {"Content-Type": "application/json"}},
    {"data": b"[" * 100_000, "headers": {"Content-Type": "application/json"}},
    {"data": b'"text"', "headers": {"Content-Type": "application/json"}},
    {"data": b"[1,2]", "headers": {"Content-Type": "application/json"}},
    {"data": b"\xff\xfe\x00", "headers": {"Content-Type": "application/json"}},
    {"data": b"\xff\xfe%zz=&&[", "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
    {"data": b"--x", "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
    {"json": {"entityTypeId": {"a": 1}, "filter": "x", "order": 5, "select": {"a": {}}, "start": [1]}},
    {"json": {"entityTypeId": 2, "filter": {"id": {"a": {"b": 1}}}}},
    {"json": {"entityTypeId": 2, "filter": {"title": None, "@id": "x"}}},
    {"json": {"entityTypeId": 10**30}},
    {"json": {"entityTypeId": 2, "start": 10**30}},
    {"json": {"entityTypeId": 2, "filter": {">id": 10**30}}},
    {"json": {"entityTypeId": 2, "filter": {"0": {"0": {"logic": "OR"}}}}},
    {"json": {"entityTypeId": 2, "filter": _nested(900), "fields": _nested(900)}},
    {"json": {"entityTypeId": 2, "filter": {"%title": "x" * 100_000, "%TITLE": "x" * 100_000}}},
]


@pytest.mark.parametrize("body", GARBAGE)
@pytest.mark.parametrize("method", ["crm.item.list", "crm.deal.list", "crm.item.add", "crm.deal.add", "batch", "user.get"])
def test_garbage_is_answered_in_the_envelope(served: Served, method: str, body: dict[str, Any]) -> None:
    """Whatever is posted, the answer is JSON with result or error, below 500."""
    answer = served.session.post(served.about["webhook"] + method, timeout=120, **body)

    assert answer.status_code < 500
    assert {"result", "error"} & set(answer.json())


@pytest.mark.parametrize(
    ("address", "status", "code"),
    [
        ("/rest/1/wrong/profile", 401, "NO_AUTH_FOUND"),
        ("/rest/profile", 401, "NO_AUTH_FOUND"),
        ("/rest/profile?auth=x", 401, "NO_AUTH_FOUND"),
    ],
)
def test_wrong_keys_are_refused(served: Served, address: str, status: int, code: str) -> None:
    """A wrong webhook, no token, a foreign token."""
    answer = requests.get(served.url + address, timeout=120)

    assert (answer.status_code, answer.json()["error"]) == (status, code)


def test_unknown_method_is_not_found(served: Served) -> None:
    """404 ERROR_METHOD_NOT_FOUND, never an invented answer."""
    answer = served.get("crm.imagined.list")

    assert (answer.status_code, answer.json()["error"]) == (404, "ERROR_METHOD_NOT_FOUND")


def test_application_is_opened_with_the_post_of_a_frame(served: Served) -> None:
    """Before installation an administrator gets the installer, with tokens that call; afterwards the application."""
    client_id = served.about["client_id"]

    first = served.control("open", client_id=client_id, user_id=1)
    info = requests.post(f"{served.url}/rest/app.info", data={"auth": first["form"]["AUTH_ID"]}, timeout=120).json()["result"]
    served.control("install-finish", client_id=client_id)
    second = served.control("open", client_id=client_id, user_id=1, options={"LANG": "en"})

    assert first["url"].startswith("http://127.0.0.1:9/install?DOMAIN=127.0.0.1")
    assert (first["form"]["member_id"], first["form"]["PLACEMENT"], info["INSTALLED"]) == (served.about["member_id"], "DEFAULT", False)
    assert second["url"].startswith("http://127.0.0.1:9/app?")
    assert "LANG=en" in second["url"]
    assert second["form"]["APPLICATION_TOKEN"] == first["form"]["APPLICATION_TOKEN"]


def test_state_log_and_truth_are_shown(served: Served) -> None:
    """The control addresses tell what is there, what was called, and what was planted."""
    served.post("batch", cmd={"a": "server.time", "b": "crm.deal.get?id=1"})

    state = requests.get(f"{served.url}/sandbox/state", timeout=120).json()
    lines = [json.loads(line) for line in requests.get(f"{served.url}/sandbox/log", timeout=120).text.splitlines()]
    truth = requests.get(f"{served.url}/sandbox/truth", timeout=120).json()

    assert state["counts"]["contacts"] >= 60
    assert [line["method"] for line in lines[-2:]] == ["server.time", "crm.deal.get"]
    assert truth
    assert served.control("open") == {"error": "INVALID_REQUEST", "error_description": "client_id is missing"}


def test_second_start_finds_data_and_ids_again(tmp_path: Path) -> None:
    """The same directory is the same portal, whatever company is asked for; SIGTERM ends it cleanly."""
    options = ["--data", str(tmp_path), "--limits", "cloud"]
    first = Served([*options, "--company", "empty", "--app", "http://127.0.0.1:9"])
    key = first.post("crm.deal.add", fields={"TITLE": "А"}).json()["result"]
    codes = [first.get("server.time").status_code for _ in range(60)]
    code = first.stop()
    second = Served([*options, "--company", "demo"])
    title = second.post("crm.deal.get", id=key).json()["result"]["TITLE"]
    second.stop()

    assert (code, title) == (0, "А")
    assert {name: value for name, value in first.about.items() if "http" not in value} == {
        name: value for name, value in second.about.items() if "http" not in value
    }
    assert (codes[0], codes[-1]) == (200, 503)


def test_taken_port_is_said(tmp_path: Path) -> None:
    """Exit 1 and a sentence that says what to do."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "sandbox", "serve", "--port", port, "--data", str(tmp_path)]
        ended = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False, timeout=60)

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith(f"Port {port} is taken")
