"""A portal small enough to read: one deal with its client, the document generator, comments, robot answers.

In the place of `b24app.bitrix.client.Client`. Keeps every call, can lose answers and refuse, raises on a surprise.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from b24app.bitrix.payloads import Answer, BatchAnswer
from b24app.context import Context, Portal, Viewer
from b24app.documents.templates import TEMPLATES
from b24app.errors import BitrixError, BitrixLost
from b24app.store.mirror import PortalStores
from b24app.store.settings import AppStore

MEMBER = "a223c6b3710f85df22e9377d6c4f7553"
DEAL_ID = 101
ADD = "crm.documentgenerator.document.add"
SELLER = {
    "MyCompanyRequisiteRqCompanyName": "ООО «Климат-Сервис»",
    "MyCompanyRequisiteRqInn": "7715123456",
    "MyCompanyPhone": "+7 495 000-00-00",
}


@dataclass
class Clock:
    """A clock that stands until it is moved."""

    moment: datetime = datetime(2025, 11, 21, 9, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment

    def move(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


@dataclass
class FakeGenerator:
    """The portal. `losing` does the work and loses the answer, `refusing` raises instead of working; each once a method."""

    deal: dict[str, Any] | None = None
    rows: list[dict[str, Any]] = field(default_factory=list)
    people: dict[tuple[int, int], dict[str, Any]] = field(default_factory=dict)
    users: list[dict[str, Any]] = field(default_factory=list)
    sellers: list[dict[str, Any]] = field(default_factory=list)
    documents: list[dict[str, Any]] = field(default_factory=list)
    comments: list[dict[str, Any]] = field(default_factory=list)
    others: dict[int, dict[str, Any]] = field(default_factory=dict)
    uploads: list[dict[str, Any]] = field(default_factory=list)
    requisites: list[dict[str, Any]] = field(default_factory=list)
    accounts: list[dict[str, Any]] = field(default_factory=list)
    ties: list[dict[str, Any]] = field(default_factory=list)
    todos: list[dict[str, Any]] = field(default_factory=list)
    notices: dict[str, Any] = field(default_factory=dict)
    fields: dict[str, str] = field(default_factory=lambda: dict(SELLER))
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    losing: set[str] = field(default_factory=set)
    refusing: dict[str, BitrixError] = field(default_factory=dict)
    calls: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)

    def call(self, method: str, params: Mapping[str, Any] | None = None) -> Answer:
        self.calls.append((method, params or {}))
        if method in self.refusing:
            raise self.refusing.pop(method)
        result = getattr(self, "_" + method.replace(".", "_"))(**(params or {}))
        if method in self.losing:
            self.losing.remove(method)
            raise BitrixLost(method, "no_answer")
        return Answer(result)

    def batch(self, commands: Mapping[str, tuple[str, Mapping[str, Any]]]) -> BatchAnswer:
        answers: dict[str, Answer] = {}
        errors: dict[str, BitrixError] = {}
        for key, (method, params) in commands.items():
            try:
                answers[key] = self.call(method, _resolved(params, answers))
            except BitrixError as error:
                errors[key] = error
        for lost in [key for key in commands if f"batch:{key}" in self.losing]:
            self.losing.remove(f"batch:{lost}")
            raise BitrixLost("batch", "no_answer")
        return BatchAnswer(answers, errors)

    def count(self, method: str) -> int:
        """Return how often a method was called."""
        return sum(name == method for name, _ in self.calls)

    def _crm_item_get(self, entityTypeId: int, id: int, useOriginalUfNames: str) -> Any:  # noqa: A002, N803
        deals = {**self.others, **({self.deal["id"]: self.deal} if self.deal else {})}
        record = deals.get(id) if entityTypeId == 2 else self.people.get((entityTypeId, id))
        if record is None:
            raise BitrixError("crm.item.get", "NOT_FOUND", "Элемент не найден", 400)
        return {"item": record}

    def _crm_item_list(self, **params: Any) -> Any:
        assert params["filter"] == {"isMyCompany": "Y"}
        return {"items": self.sellers}

    def _crm_item_productrow_list(self, filter: Mapping[str, Any], order: Any, start: int) -> Any:  # noqa: A002
        assert filter["=ownerType"] == "D"
        return {"productRows": self.rows[start : start + 50]}

    def _crm_requisite_list(self, filter: Mapping[str, Any], order: Any) -> Any:  # noqa: A002
        owners = filter.get("@ENTITY_ID") or [filter["ENTITY_ID"]]
        place = [(str(filter["ENTITY_TYPE_ID"]), str(owner)) for owner in owners]
        return [one for one in self.requisites if (one["ENTITY_TYPE_ID"], one["ENTITY_ID"]) in place]

    def _crm_requisite_bankdetail_list(self, filter: Mapping[str, Any], order: Any) -> Any:  # noqa: A002
        return [one for one in self.accounts if one["ENTITY_ID"] in map(str, filter["@ENTITY_ID"])]

    def _crm_requisite_link_list(self, filter: Mapping[str, Any]) -> Any:  # noqa: A002
        assert filter["ENTITY_TYPE_ID"] == 2
        return [one for one in self.ties if one["ENTITY_ID"] == str(filter["ENTITY_ID"])]

    def _user_get(self, filter: Mapping[str, Any]) -> Any:  # noqa: A002
        return [user for user in self.users if user["ID"] == str(filter["ID"])]

    def _crm_documentgenerator_template_getfields(self, id: int, entityTypeId: int, entityId: int) -> Any:  # noqa: A002, N803
        assert entityTypeId == 2
        return {"templateFields": {code: {"title": code, "value": value} for code, value in self.fields.items()}}

    def _crm_documentgenerator_document_enablepublicurl(self, id: int, status: int) -> Any:  # noqa: A002
        assert status == 1
        return {"publicUrl": f"https://portal.example/~{id}"}

    def _crm_documentgenerator_document_upload(self, fields: Mapping[str, Any]) -> Any:
        number = len(self.documents) + 1
        self.uploads.append(dict(fields))
        made = {"id": str(60 + number), "number": fields["number"], "title": fields["title"], "entityId": str(fields["entityId"])}
        self.documents.append({**made, "downloadUrl": f"https://portal.example/download?id={60 + number}", "values": []})
        return {"document": self.documents[-1]}

    def _crm_activity_todo_add(self, **params: Any) -> Any:
        self.todos.append({"ID": str(700 + len(self.todos)), "SUBJECT": params["title"], **params})
        return {"id": int(self.todos[-1]["ID"])}

    def _crm_activity_list(self, **params: Any) -> Any:
        return [todo for todo in reversed(self.todos) if todo["ownerId"] == params["filter"]["OWNER_ID"]]

    def _im_notify_personal_add(self, **params: Any) -> Any:
        self.notices[params["TAG"]] = params
        return len(self.notices)

    def _crm_item_update(self, entityTypeId: int, id: int, fields: Any, useOriginalUfNames: str) -> Any:  # noqa: A002, N803
        assert self.deal
        self.deal |= fields
        return {"item": self.deal}

    def _crm_documentgenerator_document_add(self, templateId: int, entityTypeId: int, entityId: int, values: Any) -> Any:  # noqa: N803
        number = len(self.documents) + 1
        self.documents.append(
            {
                "id": 60 + number,
                "number": f"КП-{number}",
                "title": f"Коммерческое предложение на сервис КП-{number}",
                "downloadUrl": f"https://portal.example/download?id={60 + number}",
                "pdfUrl": "",
                "publicUrl": None,
                "isTransformationError": False,
                "entityId": str(entityId),
                "templateId": str(templateId),
                "values": {"_creationMethod": "rest", **values},
            }
        )
        return {"document": self.documents[-1]}

    def _crm_documentgenerator_document_list(self, filter: Mapping[str, Any], order: Any, start: int) -> Any:  # noqa: A002
        found = [document for document in self.documents if document["entityId"] == str(filter["entityId"])]
        return {"documents": [{"id": str(document["id"])} for document in reversed(found)]}

    def _crm_documentgenerator_document_get(self, id: int) -> Any:  # noqa: A002
        found = [document for document in self.documents if int(document["id"]) == id]
        if not found:
            raise BitrixError("crm.documentgenerator.document.get", "0", "Документ не найден", 400)
        return {"document": {**found[0], "id": str(id)}}

    def _crm_timeline_comment_add(self, fields: Mapping[str, Any]) -> Any:
        self.comments.append({"ID": str(900 + len(self.comments)), **fields})
        return int(self.comments[-1]["ID"])

    def _crm_timeline_comment_list(self, filter: Mapping[str, Any], order: Any) -> Any:  # noqa: A002
        return list(reversed(self.comments))

    def _bizproc_event_send(self, event_token: str, return_values: Any, log_message: str) -> Any:
        if event_token in self.answers:
            raise BitrixError("bizproc.event.send", "ACCESS_DENIED", "Access denied!", 403)
        self.answers[event_token] = {"return_values": return_values, "log_message": log_message}
        return True


def _resolved(value: Any, answers: Mapping[str, Answer]) -> Any:
    """Put what earlier commands of a batch have answered in the place of $result[..]; what is not there is 0."""
    if isinstance(value, Mapping):
        return {name: _resolved(one, answers) for name, one in value.items()}
    if isinstance(value, list):
        return [_resolved(one, answers) for one in value]
    if isinstance(value, str) and value.startswith("$result["):
        first, *rest = re.findall(r"\[(\w+)\]", value)
        found: Any = answers[first].result if first in answers else {}
        for name in rest:
            found = (found[int(name)] if int(name) < len(found) else {}) if isinstance(found, list) else found.get(name) or {}
        return found if found != {} else 0
    return value


def service_deal() -> FakeGenerator:
    """Return a portal with a service deal of a company, as a dealer of equipment has them."""
    return FakeGenerator(
        deal={
            "id": DEAL_ID,
            "title": "Сервис, перезвонить в среду!",
            "companyId": 7,
            "contactId": 12,
            "assignedById": 5,
            "currencyId": "RUB",
            "opportunity": 0,
            "UF_CRM_EQUIPMENT": "Чиллер «Арктика-200»",
        },
        rows=[
            {"id": 2, "sort": 20, "productName": "Выезд инженера", "price": 1800, "priceBrutto": 1800, "quantity": 2, "taxRate": 20},
            {"id": 1, "sort": 10, "productName": "Обслуживание", "price": 24000, "priceBrutto": 25000, "quantity": 4, "taxRate": 20},
        ],
        people={
            (4, 7): {"id": 7, "title": "ООО «Хладокомбинат № 3»", "fm": [{"typeId": "EMAIL", "value": "office@hlado.example"}]},
            (3, 12): {
                "id": 12,
                "name": "Ольга",
                "secondName": "Петровна",
                "lastName": "Смирнова",
                "fm": [{"typeId": "PHONE", "value": "+7 912 345-67-89"}],
            },
        },
        users=[
            {
                "ID": "5",
                "NAME": "Антон",
                "SECOND_NAME": "Сергеевич",
                "LAST_NAME": "Кузнецов",
                "WORK_POSITION": "Менеджер по сервису",
                "WORK_PHONE": "+7 495 123-45-67",
                "EMAIL": "kuznetsov@klimat.example",
            }
        ],
        sellers=[{"id": 1, "title": "ООО «Климат-Сервис»", "bankingDetails": "ИНН 7715123456, КПП 771501001"}],
    )


@contextmanager
def offer_context(tmp_path: Path, bitrix: FakeGenerator, clock: Clock | None = None) -> Iterator[Context]:
    """Yield a context on real stores, with the templates installed."""
    app_store, stores = AppStore(tmp_path / "app.db"), PortalStores(tmp_path)
    for number, template in enumerate(TEMPLATES, start=39):
        app_store.save_setting(MEMBER, template.setting, number)
    try:
        yield Context(
            portal=Portal(MEMBER, "https://portal.example", utc_offset=180),
            viewer=Viewer.system(),
            config=None,  # type: ignore[arg-type]
            app_store=app_store,
            store=stores.writer(MEMBER),
            bitrix=bitrix,  # type: ignore[arg-type]
            log=logging.LoggerAdapter(logging.getLogger("test"), {}),
            clock=clock or Clock(),
        )
    finally:
        stores.close()
        app_store.close()
