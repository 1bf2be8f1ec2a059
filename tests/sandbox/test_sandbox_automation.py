"""Robots on stages: called when a deal enters the stage, with the vendor's form, in order, waiting for answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from sandbox import automation
from sandbox.conditions import OPERATORS, are_met
from sandbox.portal import Portal
from sandbox.rest import Caller, RestError
from tests.sandbox.clock import FakeClock
from tests.sandbox.receiver import Receiver

ROBOT = {
    "CODE": "service_offer",
    "NAME": {"ru": "Предложение", "en": "Offer"},
    "USE_SUBSCRIPTION": "Y",
    "PROPERTIES": {
        "note": {"Name": "Заметка", "Type": "string"},
        "form": {"Name": "Вид", "Type": "select", "Options": {"pdf": "PDF"}, "Default": "pdf"},
    },
    "RETURN_PROPERTIES": {"number": {"Name": "Номер", "Type": "string"}},
}


@pytest.fixture
def add_robot(running: Portal, app: Caller, receiver: Receiver) -> Callable[..., None]:
    """Register the robot, with other fields where they are given."""

    def run(**fields: Any) -> None:
        running.call(app, "bizproc.robot.add", {**ROBOT, "HANDLER": f"{receiver.url}/robots/{fields.get('CODE', ROBOT['CODE'])}", **fields})

    return run


@pytest.fixture
def put(running: Portal, app: Caller) -> Callable[..., int]:
    """Put a robot on the stage "document preparation"."""

    def run(code: str = "service_offer", **rule: Any) -> int:
        asked = {"category_id": 0, "stage_id": "PREPARATION", "client_id": app.app, "robot": code, **rule}
        return automation.add_rule(running, asked)

    return run


def move(portal: Portal, app: Caller, **fields: Any) -> int:
    """Make a deal and move it to the stage."""
    deal = portal.records.add("deals", {"TITLE": "Ремонт", "OPPORTUNITY": 1500, **fields}, app)
    portal.records.update("deals", deal, {"STAGE_ID": "PREPARATION"}, app)
    return deal


def states(portal: Portal) -> list[str]:
    """Return the states of runs in the order in which they began."""
    return [run["state"] for run in reversed(automation.workflows(portal))]


def test_call_carries_the_keys_of_a_real_portal(running: Portal, app: Caller, receiver: Receiver, add_robot: Any, put: Any) -> None:
    """The whole form: document, token, properties with defaults and values of the deal, and auth with both tokens."""
    add_robot()
    put(properties={"note": "Сделка «{=Document:TITLE}» на {=Document:OPPORTUNITY}"})
    deal = move(running, app)
    (form,) = receiver.wait_for(1)
    assert form["document_id"] == ["crm", "CCrmDocumentDeal", f"DEAL_{deal}"]
    assert form["document_type"] == ["crm", "CCrmDocumentDeal", "DEAL"]
    assert form["properties"] == {"note": "Сделка «Ремонт» на 1500", "form": "pdf"}
    assert (form["code"], form["use_subscription"], form["timeout_duration"]) == ("service_offer", "Y", "3600")
    assert form["event_token"].count("|") == 2
    assert {"workflow_id", "ts"} < set(form)
    tokens = "access_token refresh_token expires expires_in scope status user_id"
    wanted = f"{tokens} domain server_endpoint client_endpoint member_id application_token"
    assert set(form["auth"]) == set(wanted.split())


def test_conditions_choose_the_deals(running: Portal, app: Caller, receiver: Receiver, add_robot: Any, put: Any) -> None:
    """The classic rule: only deals of the type "service"; others leave a skipped run."""
    add_robot()
    put(conditions=[{"field": "TYPE_ID", "operator": "=", "value": "SERVICE"}])
    move(running, app, TYPE_ID="SALE")
    move(running, app, TYPE_ID="SERVICE")
    receiver.wait_for(1)
    assert states(running) == ["skipped", "waiting"]


@pytest.mark.parametrize(
    ("operator", "value", "met"),
    [
        ("=", "5", True),
        ("!=", "5", False),
        (">", "4", True),
        ("<", 4, False),
        ("in", "3, 5", True),
        ("filled", "", True),
        ("empty", "", False),
    ],
)
def test_every_operator(operator: str, value: Any, met: bool) -> None:
    """Numbers and their text are one; the table names every operator."""
    assert are_met([{"field": "X", "operator": operator, "value": value}], {"X": 5.0}) is met
    assert operator in OPERATORS


def test_chain_waits_for_the_answer(running: Portal, app: Caller, receiver: Receiver, add_robot: Any, put: Any) -> None:
    """The second robot runs after the first has answered; a token serves once; only declared values are kept."""
    add_robot()
    add_robot(CODE="second", USE_SUBSCRIPTION="N")
    put("service_offer", sort=10)
    put("second", sort=20)
    move(running, app)
    (form,) = receiver.wait_for(1)
    answer = {"event_token": form["event_token"], "return_values": {"number": "7", "other": 1}, "log_message": "готово"}
    running.call(app, "bizproc.activity.log", {"EVENT_TOKEN": form["event_token"], "LOG_MESSAGE": "начато"})
    assert running.call(app, "bizproc.event.send", answer).result is True
    assert [came["code"] for came in receiver.wait_for(2)] == ["service_offer", "second"]
    second, first = automation.workflows(running)
    assert (first["state"], first["return_values"], second["state"]) == ("answered", {"number": "7"}, "done")
    assert [line["text"] for line in first["log"]] == ["начато", "готово"]
    for token in (form["event_token"], "x|y|z", ""):
        with pytest.raises(RestError) as refusal:
            running.call(app, "bizproc.event.send", {"event_token": token})
        assert (refusal.value.status, refusal.value.code) == (403, "ACCESS_DENIED")


def test_another_application_cannot_answer(running: Portal, app: Caller, receiver: Receiver, add_robot: Any, put: Any) -> None:
    """A token belongs to the application that got it."""
    add_robot()
    put()
    move(running, app)
    token = receiver.wait_for(1)[0]["event_token"]
    with pytest.raises(RestError, match="ACCESS_DENIED"):
        running.call(replace(app, app="local.other"), "bizproc.event.send", {"event_token": token})


def test_time_out_and_refusal_let_the_chain_go_on(running: Portal, app: Caller, receiver: Receiver, add_robot: Any, put: Any) -> None:
    """A robot that never answers ends by time-out, one whose handler fails ends failed; the next one runs."""
    running.store.set_setting("robot_time_out", 60)
    for code in ("first", "second", "third"):
        add_robot(CODE=code)
        put(code)
    move(running, app)
    receiver.wait_for(1)
    assert running.active.outbox.wait_idle()
    receiver.status = 500
    assert isinstance(running.clock, FakeClock)
    running.clock.move(61)
    running.active.automation.end_late()
    receiver.wait_for(3)
    assert running.active.outbox.wait_idle()
    assert states(running) == ["timeout", "failed", "failed"]


def test_entering_again_and_being_made_there_run(running: Portal, app: Caller, receiver: Receiver, add_robot: Any, put: Any) -> None:
    """A deal made in the stage runs robots; an edit that leaves the stage alone does not; coming back does."""
    add_robot(USE_SUBSCRIPTION="N")
    put()
    deal = running.records.add("deals", {"TITLE": "Новая", "STAGE_ID": "PREPARATION"}, app)
    running.records.update("deals", deal, {"TITLE": "Другая"}, app)
    running.records.update("deals", deal, {"STAGE_ID": "NEW"}, app)
    running.records.update("deals", deal, {"STAGE_ID": "PREPARATION"}, app)
    assert len(receiver.wait_for(2)) == 2
    assert running.active.outbox.wait_idle()
    assert states(running) == ["done", "done"]


def test_robot_of_a_removed_application_is_blocked(running: Portal, app: Caller, receiver: Receiver, add_robot: Any, put: Any) -> None:
    """The stage keeps the robot as blocked; deals pass it by."""
    add_robot()
    rule = put()
    running.active.app_removing(app.app or "", is_cleaned=False)
    move(running, app)
    assert states(running) == ["blocked"]
    assert [(one["id"], one["blocked"]) for one in automation.list_rules(running, 0)] == [(rule, True)]
    automation.remove_rule(running, rule)
    assert automation.list_rules(running) == []


def test_rules_are_checked(put: Any, add_robot: Any) -> None:
    """A rule names a stage of the pipeline, a robot that is for deals, and known operators."""
    with pytest.raises(ValueError, match="no robot"):
        put()
    add_robot(FILTER={"EXCLUDE": [["crm", "CCrmDocumentDeal"]]})
    with pytest.raises(ValueError, match="not for deals"):
        put()
    add_robot(CODE="other")
    with pytest.raises(ValueError, match="no stage"):
        put("other", stage_id="NOWHERE")
    with pytest.raises(ValueError, match="operator"):
        put("other", conditions=[{"field": "X", "operator": "~"}])


@pytest.mark.parametrize(
    ("fields", "code", "text"),
    [
        ({"CODE": ""}, "ERROR_ACTIVITY_VALIDATION_FAILURE", "Empty activity code!"),
        ({"CODE": "пять"}, "ERROR_ACTIVITY_VALIDATION_FAILURE", "Wrong activity code!"),
        ({"HANDLER": "ftp://x/y"}, "ERROR_UNSUPPORTED_PROTOCOL", "Unsupported handler protocol"),
        ({"HANDLER": "https://elsewhere.example/robot"}, "ERROR_WRONG_HANDLER_URL", "Wrong handler URL"),
        ({"NAME": ""}, "ERROR_ACTIVITY_VALIDATION_FAILURE", "Empty activity NAME!"),
        ({"PROPERTIES": "x"}, "ERROR_ACTIVITY_VALIDATION_FAILURE", "Wrong properties array!"),
        ({"PROPERTIES": {"1a": {"Name": "x"}}}, "ERROR_ACTIVITY_VALIDATION_FAILURE", "Wrong property key 1a!"),
        ({"PROPERTIES": {"a": {"Type": "int"}}}, "ERROR_ACTIVITY_VALIDATION_FAILURE", "Empty property NAME a!"),
        ({"FILTER": "b24"}, "ERROR_ACTIVITY_VALIDATION_FAILURE", "Wrong activity FILTER!"),
        ({"DOCUMENT_TYPE": ["crm"]}, "ERROR_ACTIVITY_VALIDATION_FAILURE", "Wrong activity DOCUMENT_TYPE!"),
    ],
)
def test_registration_refuses_in_the_vendors_words(add_robot: Any, fields: dict[str, Any], code: str, text: str) -> None:
    """Every documented refusal of bizproc.robot.add."""
    with pytest.raises(RestError) as refusal:
        add_robot(**fields)
    assert (refusal.value.status, refusal.value.code, refusal.value.description) == (400, code, text)


def test_registered_robots_are_listed_changed_and_deleted(running: Portal, app: Caller, receiver: Receiver, add_robot: Any) -> None:
    """A second add is refused; update and delete know the robot by its code; only administrators of an application may."""
    add_robot()
    with pytest.raises(RestError, match="ERROR_ACTIVITY_ALREADY_INSTALLED"):
        add_robot()
    assert running.call(app, "bizproc.robot.list", {}).result == ["service_offer"]
    with pytest.raises(RestError, match="No fields to update"):
        running.call(app, "bizproc.robot.update", {"CODE": "service_offer", "FIELDS": {}})
    assert running.call(app, "bizproc.robot.update", {"CODE": "service_offer", "FIELDS": {"USE_SUBSCRIPTION": "N"}}).result is True
    found = automation.find_robot(running, app.app or "", "service_offer") or {}
    assert (found["USE_SUBSCRIPTION"], found["HANDLER"]) == ("N", f"{receiver.url}/robots/service_offer")
    for caller, text in (
        (replace(app, app=None, webhook_id=1), "Application context required"),
        (replace(app, admin=False), "Access denied!"),
    ):
        with pytest.raises(RestError, match=text):
            running.call(caller, "bizproc.robot.list", {})
    assert running.call(app, "bizproc.robot.delete", {"CODE": "service_offer"}).result is True
    with pytest.raises(RestError, match="ERROR_ACTIVITY_NOT_FOUND"):
        running.call(app, "bizproc.robot.delete", {"CODE": "service_offer"})
