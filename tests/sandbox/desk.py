"""A desk at a portal where nothing leaves: an application's administrator who makes whatever record a word names."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from itertools import count
from typing import Any

from docx import Document

from sandbox import messages, workflow_templates
from sandbox.oauth import ALL_SCOPES
from sandbox.portal import Portal
from sandbox.rest import Caller

OWN = "http://127.0.0.1:9"
DEAL_ROBOT = {"HANDLER": f"{OWN}/robot", "NAME": "Робот", "USE_SUBSCRIPTION": "Y", "RETURN_PROPERTIES": {"number": {"Name": "Номер"}}}
COUNTER = "Bitrix_Main_Numerator_Generator_SequentNumberGenerator"


class Desk:
    """An application's administrator; what he makes stays until the next `run`."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal
        app = portal.grants.add_app({"ru": "П", "en": "A"}, f"{OWN}/app", f"{OWN}/install", ALL_SCOPES)
        self.client_id = app["CLIENT_ID"]
        portal.grants.save_app(self.client_id, {"INSTALLED": True})
        self.caller = Caller(1, admin=True, app=self.client_id, scopes=frozenset(ALL_SCOPES))
        self._numbers = count(1)
        self._made: dict[str, Any] = {}

    def ask(self, method: str, **params: Any) -> Any:
        return self.portal.call(self.caller, method, params).result

    def new(self) -> str:
        return f"n{next(self._numbers)}"

    def fill(self, value: Any) -> Any:
        """Return a value with records in place of words; within one example a word is one record."""
        if isinstance(value, dict):
            return {key: self.fill(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.fill(inner) for inner in value]
        word = value[1:-1] if isinstance(value, str) and value.startswith("{") else ""
        return self.get(word) if word in MAKERS else value

    def get(self, word: str) -> Any:
        if word not in self._made:
            self._made[word] = MAKERS[word](self)
        return self._made[word]

    def run(self, method: str, params: dict[str, Any]) -> Any:
        """Run a method with fresh records in place of words."""
        self._made = {}
        return self.ask(method, **self.fill(params))


def add(section: str, **fields: Any) -> Callable[[Desk], int]:
    return lambda desk: desk.portal.records.add(section, {"TITLE": "Т", "NAME": "И", **fields}, desk.caller)


def user_field(family: str, **fields: Any) -> Callable[[Desk], int]:
    return lambda desk: desk.ask(f"crm.{family}.userfield.add", fields={"FIELD_NAME": desk.new(), "USER_TYPE_ID": "string", **fields})


def make_contact(desk: Desk) -> int:
    return desk.portal.records.add(
        "contacts", {"NAME": "И", "PHONE": [{"VALUE": "+79000000001"}], "EMAIL": [{"VALUE": "a@x.example"}]}, desk.caller
    )


def make_row(desk: Desk) -> int:
    fields = {"ownerType": "D", "ownerId": desk.get("deal"), "productName": "Т", "price": 10}
    return int(desk.ask("crm.item.productrow.add", fields=fields)["productRow"]["id"])


def deal_with_rows(desk: Desk) -> int:
    desk.get("row")
    return int(desk.get("deal"))


def make_call(desk: Desk) -> int:
    fields = {"OWNER_TYPE_ID": 2, "OWNER_ID": desk.get("deal_of_activity"), "TYPE_ID": 2, "SUBJECT": "Т", "RESPONSIBLE_ID": 1}
    who = {"VALUE": "+79000000001", "ENTITY_ID": desk.get("contact"), "ENTITY_TYPE_ID": 3}
    return int(desk.ask("crm.activity.add", fields={**fields, "COMMUNICATIONS": [who], "START_TIME": "2026-01-01T10:00:00+03:00"}))


def deal_with_call(desk: Desk) -> int:
    desk.get("activity")
    return int(desk.get("deal_of_activity"))


def make_robot(desk: Desk) -> str:
    code = desk.new()
    desk.ask("bizproc.robot.add", CODE=code, **DEAL_ROBOT)
    return code


def make_workflow(desk: Desk) -> int:
    return workflow_templates.add(desk.portal, {"name": "Ш", "robots": [{"robot": desk.get("robot"), "client_id": desk.client_id}]})


def make_token(desk: Desk) -> str:
    document = ["crm", "CCrmDocumentDeal", f"DEAL_{desk.get('deal')}"]
    desk.ask("bizproc.workflow.start", TEMPLATE_ID=desk.get("workflow"), DOCUMENT_ID=document)
    return str(desk.portal.store.find("robot_runs", order='"ID" DESC', limit=1)[0]["EVENT_TOKEN"])


def make_docx(_desk: Desk) -> str:
    made, content = Document(), io.BytesIO()
    made.add_paragraph("{DocumentNumber}")
    made.save(content)
    return base64.b64encode(content.getvalue()).decode()


def make_numerator(desk: Desk) -> int:
    fields = {"name": "Н", "template": "{NUMBER}", "settings": {COUNTER: {"start": 1, "step": 1, "length": 6}}}
    return int(desk.ask("crm.documentgenerator.numerator.add", fields=fields)["numerator"]["id"])


def make_template(desk: Desk) -> int:
    fields = {"name": "Ш", "file": ["a.docx", desk.get("docx")], "numeratorId": desk.get("numerator"), "region": "ru", "entityTypeId": [2]}
    return int(desk.ask("crm.documentgenerator.template.add", fields={**fields, "users": ["UA"]})["template"]["id"])


def make_document(desk: Desk) -> int:
    asked = {"templateId": desk.get("template"), "entityTypeId": 2, "entityId": desk.get("deal")}
    return int(desk.ask("crm.documentgenerator.document.add", **asked)["document"]["id"])


def make_currency(desk: Desk) -> str:
    code = "X" + "".join(chr(65 + int(digit)) for digit in f"{next(desk._numbers) % 100:02d}")
    localization = {"FULL_NAME": "Т", "FORMAT_STRING": "#", "DECIMALS": 2}
    return str(
        desk.ask(
            "crm.currency.add", fields={"CURRENCY": code, "AMOUNT": 2, "AMOUNT_CNT": 1, "LANG": {"ru": localization, "en": localization}}
        )
    )


def make_trigger(desk: Desk) -> str:
    code = desk.new()
    desk.ask("crm.automation.trigger.add", CODE=code, NAME="Т")
    return code


def make_sender(desk: Desk, code: str = "") -> str:
    code = code or desk.new()
    desk.ask("messageservice.sender.add", CODE=code, TYPE="SMS", HANDLER=f"{OWN}/sms", NAME="С")
    return code


def make_message(desk: Desk) -> str:
    make_sender(desk, "sms")
    return str(messages.send(desk.portal, {"client_id": desk.client_id, "code": "sms", "to": "+7900", "text": "Т"})["message_id"])


def deal_with_contact(desk: Desk) -> int:
    return desk.portal.records.add("deals", {"TITLE": "Т", "CONTACT_ID": desk.get("contact")}, desk.caller)


def phone(desk: Desk) -> str:
    desk.get("contact")
    return "+79000000001"


def make_todo(desk: Desk) -> int:
    asked = {"ownerTypeId": 2, "ownerId": desk.get("deal"), "deadline": "2026-04-01T10:00:00+03:00"}
    return int(desk.ask("crm.activity.todo.add", **asked)["id"])


def make_comment(desk: Desk) -> int:
    return int(desk.ask("crm.timeline.comment.add", fields={"ENTITY_ID": desk.get("deal"), "ENTITY_TYPE": "deal", "COMMENT": "Т"}))


def make_category(desk: Desk) -> int:
    return int(desk.ask("crm.category.add", entityTypeId=2, fields={"name": "В"})["category"]["id"])


def make_status(desk: Desk) -> int:
    return int(desk.ask("crm.status.add", fields={"ENTITY_ID": "SOURCE", "STATUS_ID": desk.new(), "NAME": "Т"}))


def make_requisite(desk: Desk) -> int:
    fields = {"ENTITY_TYPE_ID": 4, "ENTITY_ID": desk.get("company"), "PRESET_ID": 1, "NAME": "Организация", "RQ_INN": "7799000019"}
    return int(desk.ask("crm.requisite.add", fields=fields))


def make_bank_detail(desk: Desk) -> int:
    fields = {"ENTITY_ID": desk.get("requisite"), "NAME": "Счёт", "RQ_ACC_NUM": "40702810000000000001"}
    return int(desk.ask("crm.requisite.bankdetail.add", fields=fields))


def deal_with_requisite(desk: Desk) -> int:
    tied = {"REQUISITE_ID": desk.get("requisite"), "BANK_DETAIL_ID": desk.get("bank_detail"), "MC_REQUISITE_ID": 0, "MC_BANK_DETAIL_ID": 0}
    desk.ask("crm.requisite.link.register", fields={"ENTITY_TYPE_ID": 2, "ENTITY_ID": desk.get("deal"), **tied})
    return int(desk.get("deal"))


MAKERS: dict[str, Callable[[Desk], Any]] = {
    "deal": add("deals"), "deal_of_activity": add("deals"), "company": add("companies"),
    "lead": add("leads", PHONE=[{"VALUE": "1"}], EMAIL=[{"VALUE": "a@x.example"}]),
    "other_company": add("companies"), "contact": make_contact, "other_contact": add("contacts"), "phone": phone,
    "deal_with_contact": deal_with_contact, "product": lambda desk: desk.portal.store.find("products", limit=1)[0]["ID"],
    "row": make_row, "deal_with_rows": deal_with_rows, "activity": make_call, "deal_with_call": deal_with_call, "todo": make_todo,
    "comment": make_comment, "department": lambda desk: desk.ask("department.add", NAME="О", PARENT=1),
    "category": make_category, "status": make_status, "currency": make_currency,
    "lead_field": user_field("lead"), "deal_field": user_field("deal"), "contact_field": user_field("contact"),
    "company_field": user_field("company"), "list_field": user_field("deal", USER_TYPE_ID="enumeration", LIST=[{"VALUE": "А"}]),
    "own_url": lambda _: f"{OWN}/robot", "robot": make_robot, "workflow": make_workflow, "token": make_token,
    "deal_document": lambda desk: f"DEAL_{desk.get('deal')}", "docx": make_docx, "numerator": make_numerator, "template": make_template,
    "document": make_document, "trigger": make_trigger, "sender": make_sender, "message": make_message,
    "requisite": make_requisite, "bank_detail": make_bank_detail, "deal_with_requisite": deal_with_requisite,
    "notice": lambda desk: desk.ask("im.notify.system.add", USER_ID=1, MESSAGE="Т"),
}  # fmt: skip
