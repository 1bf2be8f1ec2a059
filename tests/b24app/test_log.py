"""The log: one line an event, with what is bound, without any secret."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from typing import Any

import pytest

from b24app.log import JsonLines, PortalLog, Redactor, bound


def line(message: str, *args: Any, exc_info: Any = None, **extra: Any) -> dict[str, Any]:
    """Return what is written for an event, read back."""
    record = logging.getLogger("b24app.test").makeRecord("b24app.test", logging.WARNING, "f", 1, message, args, exc_info, extra=extra)
    text = JsonLines(Redactor(("known-client-secret",))).format(record)
    assert "\n" not in text
    found: dict[str, Any] = json.loads(text)
    return found


def test_event_is_one_line_of_json() -> None:
    """Even a message of two lines stays one line."""
    found = line("pulled %s\nrecords", 7, entity="deal")

    assert (found["event"], found["entity"], found["level"], found["log"]) == ("pulled 7\nrecords", "deal", "WARNING", "b24app.test")


def test_bound_values_are_in_every_line_inside() -> None:
    """Portal, job and request are bound once and found in each line, inner ones beside outer ones, and not afterwards."""
    with bound(portal="m1"), bound(job="j1"):
        inside = line("x")

    assert (inside["portal"], inside["job"]) == ("m1", "j1")
    assert "portal" not in line("x")


@pytest.mark.parametrize(
    "text",
    [
        "GET https://p.bitrix24.ru/rest/1/sekretsekret/crm.deal.get",
        "GET /oauth/token/?client_id=a&refresh_token=sekret&grant_type=refresh_token",
        "form AUTH_ID=sekret&x=1",
        "auth[access_token]=sekret",
        "auth%5Bapplication_token%5D=sekret",
        '{"access_token": "sekret", "expires_in": 3600}',
        "{'refresh_token': 'sekret'}",
        "Authorization: Bearer sekret",
        "Bearer sekretsekret",
        "X-App-Session: sekret.sekret.sekret",
        "postgresql://app:sekret@db/jobs",
        "client_secret=sekret",
    ],
)
def test_secret_in_a_sentence_is_hidden(text: str) -> None:
    """However a secret is written into a message, an exception or a value, it is not in the line."""
    try:
        raise ValueError(text)
    except ValueError:
        shown = json.dumps(line(text, exc_info=sys.exc_info(), note=text, deep={"list": [text]}), ensure_ascii=False)

    assert "sekret" not in shown


def test_secret_under_its_name_is_hidden() -> None:
    """A value given under a secret's name is not written, however deep."""
    found = line("x", access_token="sekret", form={"auth": {"application_token": "sekret"}, "member_id": "m1"})

    assert found["access_token"] == "***"
    assert found["form"] == {"auth": "***", "member_id": "m1"}


def test_own_secrets_are_known_by_heart() -> None:
    """Our client_secret is hidden wherever it turns up."""
    assert "known-client-secret" not in json.dumps(line("it is known-client-secret, you see"))


def test_reason_stays_readable() -> None:
    """A refusal's reason names the field; only values are hidden."""
    assert line("auth.application_token: Missing data for required field.")["event"].startswith("auth.application_token: Missing")
    assert line("wrong application_token")["event"] == "wrong application_token"


def test_portal_log_keeps_what_a_call_adds(caplog: pytest.LogCaptureFixture) -> None:
    """The portal and the call's own values are both in the line."""
    PortalLog(logging.getLogger("b24app.test"), {"portal": "m1"}).warning("refused", extra={"code": "ERROR_CORE"})

    [record] = caplog.records
    assert (record.__dict__["portal"], record.__dict__["code"]) == ("m1", "ERROR_CORE")


CRASHES = """
import logging, sys, threading
from b24app.log import JsonLines, Redactor, keep_crashes_in
handler = logging.StreamHandler(sys.stderr)
handler.setFormatter(JsonLines(Redactor(("known-client-secret",))))
logging.basicConfig(handlers=[handler])
keep_crashes_in()
class Unlucky:
    def __del__(self):
        raise RuntimeError("at the end: refresh_token=sekret")
thread = threading.Thread(target=lambda: {}["https://p.bitrix24.ru/rest/1/sekretsekret/profile"])
thread.start(); thread.join()
Unlucky()
raise ValueError("known-client-secret, access_token=sekret")
"""


def test_crash_is_a_line_without_secrets() -> None:
    """What nobody has caught, in the main thread, in another one and where Python only prints it; and no core is dumped."""
    done = subprocess.run([sys.executable, "-c", CRASHES], capture_output=True, text=True, check=False, timeout=60)
    lines = [json.loads(text) for text in done.stderr.splitlines()]

    assert [(found["event"], found["level"]) for found in lines] == [("crash", "CRITICAL")] * 3
    assert all("Traceback" in found["trace"] for found in lines)
    assert "sekret" not in done.stderr
    assert "known-client-secret" not in done.stderr
    assert done.returncode == 1
