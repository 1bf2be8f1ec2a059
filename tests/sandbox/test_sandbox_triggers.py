"""Triggers move deals, templates start robots, message services are given messages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from sandbox import automation, messages, triggers, workflow_templates
from sandbox.portal import Portal
from sandbox.rest import Caller, RestError
from tests.sandbox.receiver import Receiver

Ask = Callable[..., Any]


@pytest.fixture
def ask(running: Portal, app: Caller) -> Ask:
    """Run a method as the application's administrator."""

    def run(method: str, **params: Any) -> Any:
        return running.call(app, method, params).result

    return run


@pytest.fixture
def trigger(running: Portal, app: Caller, ask: Ask) -> Callable[..., int]:
    """Register the trigger "visit" and put it on a stage."""

    def put(stage_id: str, **rule: Any) -> int:
        ask("crm.automation.trigger.add", CODE="visit", NAME="Визит")
        return triggers.add_rule(running, {"trigger": "visit", "client_id": app.app, "stage_id": stage_id, **rule})

    return put


def stage_of(portal: Portal, deal: int) -> str:
    return str((portal.store.get("deals", deal) or {})["STAGE_ID"])


def test_trigger_is_known_by_its_code(ask: Ask) -> None:
    """A second registration renames, a deleted one is not found."""
    ask("crm.automation.trigger.add", CODE="visit", NAME="Визит")
    ask("crm.automation.trigger.add", CODE="visit", NAME="Приход")

    assert ask("crm.automation.trigger.list") == [{"NAME": "Приход", "CODE": "visit"}]
    assert ask("crm.automation.trigger.delete", CODE="visit") is True
    with pytest.raises(RestError, match="Trigger not found"):
        ask("crm.automation.trigger.delete", CODE="visit")


@pytest.mark.parametrize(
    ("method", "params", "text"),
    [
        ("add", {"NAME": "А"}, "Empty trigger code!"),
        ("add", {"CODE": "Visit", "NAME": "А"}, "Wrong trigger code!"),
        ("add", {"CODE": "visit"}, "Empty trigger name!"),
        ("execute", {"CODE": "no"}, "Trigger with code no is not registered."),
        ("execute", {"CODE": "known", "OWNER_TYPE_ID": 99, "OWNER_ID": 1}, "Incorrect parameter OWNER_TYPE_ID."),
        ("execute", {"CODE": "known", "OWNER_TYPE_ID": 2, "OWNER_ID": -1}, "Incorrect parameter OWNER_ID."),
    ],
)
def test_trigger_refusals(ask: Ask, method: str, params: dict[str, Any], text: str) -> None:
    """Codes have no capitals; the reason stands in the text, the code is empty."""
    ask("crm.automation.trigger.add", CODE="known", NAME="А")
    with pytest.raises(RestError) as refused:
        ask(f"crm.automation.trigger.{method}", **params)

    assert (refused.value.code, refused.value.description) == ("", text)


def test_trigger_needs_an_application_and_an_administrator(portal: Portal, app: Caller) -> None:
    """A webhook is refused, and so is an employee."""
    for caller, text in ((replace(app, app=None, webhook_id=1), "Application context"), (replace(app, admin=False), "Admin permissions")):
        with pytest.raises(RestError, match=text) as refused:
            portal.call(caller, "crm.automation.trigger.list", {})
        assert refused.value.code == "ACCESS_DENIED"


def test_trigger_moves_a_deal_forward_only(ask: Ask, running: Portal, app: Caller, trigger: Callable[..., int]) -> None:
    """Without a place it moves nothing; on a stage it moves what stands before it and meets the conditions; back only where allowed."""
    deal = running.records.add("deals", {"TYPE_ID": "SERVICE"}, app)
    ask("crm.automation.trigger.add", CODE="visit", NAME="Визит")
    assert ask("crm.automation.trigger.execute", CODE="visit", OWNER_TYPE_ID=2, OWNER_ID=deal) is True
    assert stage_of(running, deal) == "NEW"

    trigger("PREPARATION", conditions=[{"field": "TYPE_ID", "operator": "=", "value": "SALE"}])
    trigger("EXECUTING")
    ask("crm.automation.trigger.execute", CODE="visit", OWNER_TYPE_ID=2, OWNER_ID=deal)
    assert stage_of(running, deal) == "EXECUTING"

    running.records.update("deals", deal, {"STAGE_ID": "WON"}, app)
    ask("crm.automation.trigger.execute", CODE="visit", OWNER_TYPE_ID=2, OWNER_ID=deal)
    assert stage_of(running, deal) == "WON"
    trigger("EXECUTING", back=True)
    ask("crm.automation.trigger.execute", CODE="visit", OWNER_TYPE_ID=2, OWNER_ID=deal)
    assert stage_of(running, deal) == "EXECUTING"


def test_triggers_move_leads_and_run_robots(
    ask: Ask, running: Portal, app: Caller, receiver: Receiver, trigger: Callable[..., int]
) -> None:
    """A lead moves by its own rule; a deal's move runs the robots of its new stage."""
    lead = running.records.add("leads", {"TITLE": "Л"}, app)
    deal = running.records.add("deals", {}, app)
    trigger("IN_PROCESS", entity_type_id=1)
    trigger("PREPARATION")
    ask("bizproc.robot.add", CODE="offer", HANDLER=f"{receiver.url}/robot", NAME="Р", USE_SUBSCRIPTION="N")
    automation.add_rule(running, {"stage_id": "PREPARATION", "robot": "offer", "client_id": app.app})

    for kind, key in ((1, lead), (2, deal)):
        ask("crm.automation.trigger.execute", CODE="visit", OWNER_TYPE_ID=kind, OWNER_ID=key)

    assert (running.store.get("leads", lead) or {})["STATUS_ID"] == "IN_PROCESS"
    assert receiver.wait_for(1)[0]["code"] == "offer"


def test_rules_are_checked(running: Portal, app: Caller, trigger: Callable[..., int]) -> None:
    """An unknown stage, trigger or kind of object is named."""
    for asked, text in (({"stage_id": "NOPE"}, "no stage"), ({"entity_type_id": 3}, "have stages"), ({"trigger": "no"}, "no trigger")):
        with pytest.raises(ValueError, match=text):
            trigger(**{"stage_id": "PREPARATION", **asked})


def test_import_runs_no_robots(ask: Ask, running: Portal, app: Caller, receiver: Receiver) -> None:
    """A deal that was imported enters its stage silently; one that was added does not."""
    ask("bizproc.robot.add", CODE="offer", HANDLER=f"{receiver.url}/robot", NAME="Р", USE_SUBSCRIPTION="N")
    automation.add_rule(running, {"stage_id": "NEW", "robot": "offer", "client_id": app.app})

    ask("crm.item.import", entityTypeId=2, fields={"title": "А"})
    assert automation.workflows(running) == []
    ask("crm.item.add", entityTypeId=2, fields={"title": "Б"})
    assert len(automation.workflows(running)) == 1


def test_workflow_runs_the_robots_of_its_template(ask: Ask, running: Portal, app: Caller, receiver: Receiver) -> None:
    """Started by hand, robots run in their order; a template is listed and stands on no stage."""
    ask("bizproc.robot.add", CODE="offer", HANDLER=f"{receiver.url}/robot", NAME="Р", USE_SUBSCRIPTION="N")
    template = workflow_templates.add(running, {"name": "Ш", "robots": [{"robot": "offer", "client_id": app.app}]})
    deal = running.records.add("deals", {}, app)

    code = ask("bizproc.workflow.start", TEMPLATE_ID=template, DOCUMENT_ID=["crm", "CCrmDocumentDeal", f"DEAL_{deal}"])

    assert receiver.wait_for(1)[0]["workflow_id"] == code
    assert [run["workflow_id"] for run in automation.workflows(running, deal)] == [code]
    assert ask("bizproc.workflow.template.list", select=["ID", "NAME", "DOCUMENT_TYPE"]) == [
        {"ID": str(template), "NAME": "Ш", "DOCUMENT_TYPE": "DEAL"}
    ]
    assert automation.list_rules(running) == []


@pytest.mark.parametrize(
    ("changes", "code", "text"),
    [
        ({"TEMPLATE_ID": ""}, "ERROR_WRONG_WORKFLOW_ID", "Empty TEMPLATE_ID"),
        ({"TEMPLATE_ID": 10**6}, "ERROR_WRONG_WORKFLOW_ID", "Template not found"),
        ({"DOCUMENT_ID": ["crm"]}, "", "Wrong DOCUMENT_ID!"),
        ({"DOCUMENT_ID": ["crm", "CCrmDocumentDeal", "DEAL_1000000"]}, "", "Wrong DOCUMENT_ID!"),
        ({"DOCUMENT_ID": ["lists", "BizprocDocument", "7"]}, "", "Incorrect document type!"),
        ({"DOCUMENT_ID": ["crm", "CCrmDocumentLead", "LEAD_1"]}, "", "Template type and DOCUMENT_ID mismatch!"),
    ],
)
def test_workflow_is_refused_in_the_vendors_words(ask: Ask, running: Portal, changes: dict[str, Any], code: str, text: str) -> None:
    """An unknown template, a document that is none, one of another kind."""
    asked = {"TEMPLATE_ID": workflow_templates.add(running, {"name": "Ш"}), "DOCUMENT_ID": ["crm", "CCrmDocumentDeal", "DEAL_1"]}
    with pytest.raises(RestError) as refused:
        ask("bizproc.workflow.start", **{**asked, **changes})

    assert (refused.value.code, refused.value.description) == (code, text)


def test_message_goes_to_the_services_handler(ask: Ask, running: Portal, app: Caller, receiver: Receiver) -> None:
    """What an employee sends is posted with the documented keys; its status is what the service says."""
    ask("messageservice.sender.add", CODE="sms", TYPE="SMS", HANDLER=f"{receiver.url}/sms", NAME="СМС")
    bindings = [{"OWNER_TYPE_ID": 3, "OWNER_ID": 1}]
    made = messages.send(running, {"client_id": app.app, "code": "sms", "to": "+79000000001", "text": "Привет", "bindings": bindings})

    got = receiver.wait_for(1)[0]

    assert (got["message_id"], got["message_to"], got["message_body"]) == (made["message_id"], "+79000000001", "Привет")
    assert (got["properties"]["phone_number"], got["type"], got["module_id"]) == ("+79000000001", "SMS", "crm")
    assert got["auth"]["access_token"]
    assert ask("messageservice.message.status.update", CODE="sms", MESSAGE_ID=made["message_id"], STATUS="delivered") is True
    assert messages.list_messages(running)[0]["status"] == "delivered"
    for params, code in (({"STATUS": "read"}, "ERROR_MESSAGE_STATUS_INCORRECT"), ({"MESSAGE_ID": "no"}, "ERROR_MESSAGE_NOT_FOUND")):
        with pytest.raises(RestError, match=code):
            ask("messageservice.message.status.update", **{"CODE": "sms", "MESSAGE_ID": made["message_id"], "STATUS": "sent", **params})


def test_message_service_refusals(ask: Ask, receiver: Receiver) -> None:
    """Every refusal has its own code; codes are listed for the application alone."""
    whole = {"CODE": "sms", "TYPE": "SMS", "HANDLER": f"{receiver.url}/sms", "NAME": "СМС"}
    ask("messageservice.sender.add", **whole)
    refusals: tuple[tuple[str, dict[str, Any], str], ...] = (
        ("add", {}, "Empty data!"),
        ("add", {**whole, "CODE": ""}, "Empty sender code!"),
        ("add", {**whole, "CODE": "с м"}, "Wrong sender code!"),
        ("add", {**whole, "TYPE": "FAX"}, "Unknown sender message TYPE!"),
        ("add", {**whole, "NAME": ""}, "Empty sender NAME!"),
        ("add", whole, "Sender already installed!"),
        ("update", {"NAME": "Б"}, "CODE is required!"),
        ("update", {"CODE": "sms"}, "At least one other parameter is required!"),
        ("update", {"CODE": "no", "NAME": "Б"}, "Sender not found!"),
        ("delete", {"CODE": "no"}, "Sender not found!"),
    )
    for verb, params, text in refusals:
        with pytest.raises(RestError) as refused:
            ask(f"messageservice.sender.{verb}", **params)
        assert refused.value.description == text
    assert ask("messageservice.sender.list") == ["sms"]


def test_uninstalling_takes_triggers_and_services(ask: Ask, running: Portal, app: Caller) -> None:
    """What an application registered goes with it."""
    ask("crm.automation.trigger.add", CODE="visit", NAME="Визит")
    ask("messageservice.sender.add", CODE="sms", TYPE="SMS", HANDLER="https://app.example/sms", NAME="СМС")

    running.active.app_removing(app.app or "", is_cleaned=True)

    assert triggers.list_triggers(running, app.app or "") == []
    assert running.store.count("message_senders") == 0
