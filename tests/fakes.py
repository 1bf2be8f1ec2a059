"""Stand-ins that remember what they were asked and fail when surprised."""

from __future__ import annotations

import copy
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from operator import ge, gt, le
from pathlib import Path
from typing import Any

from b24app.bitrix.chains import Extent, Query
from b24app.bitrix.meter import Meter
from b24app.bitrix.payloads import Answer, BatchAnswer
from b24app.context import Context, Portal, Viewer
from b24app.errors import BitrixBusy, BitrixError
from b24app.store.mirror import PortalStores
from b24app.store.settings import AppStore

PAGE = 50
Record = dict[str, Any]


class FakeBitrix:
    """A portal in memory behind the words of `bitrix.client.Client`: call, batch, pages, stream.

    `items[entity type]` holds records as crm.item.list prints them; `product_rows`, `statuses` and the like are lists.
    `calls` are the methods asked, batches unpacked. `before(method, function)` runs a function once before an answer.
    """

    def __init__(self, stream_size: int = 3) -> None:
        self.items: dict[int, dict[int, Record]] = {1: {}, 2: {}, 3: {}, 4: {}}
        self.product_rows: list[Record] = []
        self.statuses: list[Record] = [
            {"ENTITY_ID": "DEAL_STAGE", "STATUS_ID": "NEW", "NAME": "Новая", "SORT": "10", "SEMANTICS": None, "COLOR": "#39A8EF"},
            {
                "ENTITY_ID": "DEAL_STAGE_1",
                "STATUS_ID": "C1:WON",
                "NAME": "Успех",
                "SORT": "20",
                "SEMANTICS": "S",
                "EXTRA": {"COLOR": "#7BD500"},
            },
            {"ENTITY_ID": "STATUS", "STATUS_ID": "JUNK", "NAME": "Плохой", "SORT": "30", "SEMANTICS": "F", "EXTRA": []},
            {"ENTITY_ID": "DEAL_TYPE", "STATUS_ID": "SERVICE", "NAME": "Сервисное обслуживание", "SORT": "40"},
        ]
        self.categories: list[Record] = [
            {"id": 0, "name": "Общая", "sort": 300, "isDefault": "Y"},
            {"id": 1, "name": "Сервис", "sort": 400},
        ]
        self.users: list[Record] = [{"ID": "1", "ACTIVE": True, "NAME": "Вадим", "LAST_NAME": "Валеев", "UF_DEPARTMENT": [1]}]
        self.currencies: list[Record] = [{"CURRENCY": "RUB", "AMOUNT_CNT": "1", "AMOUNT": "1.0000", "BASE": "Y", "FULL_NAME": "Рубль"}]
        self.user_fields: dict[str, list[Record]] = {"contact": [], "company": [], "lead": [], "deal": []}
        self.activities: dict[int, Record] = {}
        self.history: dict[int, dict[int, Record]] = {1: {}, 2: {}}
        self.departments: list[Record] = [{"ID": "1", "NAME": "Продажи", "SORT": 500}]
        self.item_fields: dict[int, Record] = {}
        self.sections: list[Record] = []
        self.products: list[Record] = []
        self.calls: list[str] = []
        self.meter = Meter()
        self.stream_size = stream_size
        self._before: dict[str, list[Callable[[], None]]] = {}

    # -- what a test says ---------------------------------------------------------------------------------

    def put(self, type_id: int, record_id: int, updated: str = "2025-01-01T12:00:00+03:00", **fields: Any) -> Record:
        """Add a record or change fields of one."""
        record = self.items[type_id].setdefault(record_id, {"id": record_id})
        record.update(fields, updatedTime=updated)
        return record

    def put_activity(self, record_id: int, updated: str = "2025-01-01T12:00:00+03:00", **fields: Any) -> None:
        """Add an activity or change fields of one; everything is text, as the old family prints it."""
        record = self.activities.setdefault(record_id, {"ID": str(record_id), "OWNER_TYPE_ID": "2", "OWNER_ID": "1", "COMPLETED": "N"})
        record.update(fields, LAST_UPDATED=updated)

    def move(self, record_id: int, owner: int, stage: str, type_id: int = 2, at: str = "2025-01-01T12:00:00+03:00") -> None:
        """Add a line to the history of a deal or lead."""
        names = {1: ("STATUS_ID", "STATUS_SEMANTIC_ID"), 2: ("STAGE_ID", "STAGE_SEMANTIC_ID")}[type_id]
        self.history[type_id][record_id] = {
            "ID": record_id,
            "OWNER_ID": owner,
            "TYPE_ID": 2,
            "CREATED_TIME": at,
            names[0]: stage,
            names[1]: "P",
        }

    def before(self, method: str, action: Callable[[], None]) -> None:
        """Do something in the portal just before the next answer of this method."""
        self._before.setdefault(method, []).append(action)

    def busy(self, method: str) -> None:
        """Refuse the next call of this method."""

        def refuse() -> None:
            raise BitrixBusy(method, "QUERY_LIMIT_EXCEEDED", retry_after=2)

        self.before(method, refuse)

    # -- what the app asks --------------------------------------------------------------------------------

    def call(self, method: str, params: Mapping[str, Any] | None = None) -> Answer:
        """Answer one method; an unknown one is a surprise."""
        self.calls.append(method)
        if waiting := self._before.get(method):
            waiting.pop(0)()
        if match := re.fullmatch(r"crm\.(\w+)\.userfield\.list", method):
            return _paged(self.user_fields[match[1]], params or {})
        return copy.deepcopy(self._methods[method](self, params or {}))

    def batch(self, commands: Mapping[str, tuple[str, Mapping[str, Any]]], halt: bool = False) -> BatchAnswer:
        """Answer many; what one of them raises stands for that one. `$result[...]` is looked up, to nothing behind the end."""
        assert 0 < len(commands) <= 50
        self.meter.count()
        answers: dict[str, Answer] = {}
        errors: dict[str, BitrixError] = {}
        for key, (method, params) in commands.items():
            try:
                answers[key] = self.call(method, _resolved(params, answers))
            except BitrixError as error:
                errors[key] = error
        return BatchAnswer(answers, errors)

    def stream(self, query: Query, after: int = 0, known: Extent | None = None) -> Iterator[list[Record]]:
        """Yield records in the order of their ids, a few at a time, as they are when they are read."""
        method, asked, key, name = query.method, dict(query.params), query.key, query.id_name
        top = known.newest if known else max((int(record[name]) for record in self._records(method, asked)), default=0)
        while True:
            bounds = {**asked.get("filter", {}), f">{name}": after, f"<={name}": top}
            self.meter.count()
            result = self.call(method, {**asked, "filter": bounds, "start": -1}).result
            records = (result[key] if key else result)[: self.stream_size]
            if not records:
                return
            yield records
            after = int(records[-1][name])

    def _records(self, method: str, params: Mapping[str, Any]) -> list[Record]:
        """Return all records of a list, by id."""
        if method == "crm.activity.list":
            found = self.activities
        elif method == "crm.stagehistory.list":
            found = self.history[params["entityTypeId"]]
        elif params["entityTypeId"] in self.items:
            found = self.items[params["entityTypeId"]]
        else:
            raise BitrixError(method, "NOT_FOUND", "Смарт-процесс не найден", 400)
        return [record for _, record in sorted(found.items())]

    def _list_by_id(self, method: str, params: Mapping[str, Any]) -> Answer:
        records = self._records(method, params)
        found = records
        for condition, value in params.get("filter", {}).items():
            found = _filtered(found, condition, value)
        if "DESC" in params.get("order", {}).values():
            found = found[::-1]
        page = _paged(found, params)
        chosen = [_selected(record, params["select"]) for record in page.result]
        return Answer({"items": chosen} if method != "crm.activity.list" else chosen, page.total, page.next)

    def _list_items(self, params: Mapping[str, Any]) -> Answer:
        assert params["useOriginalUfNames"] == "Y"
        return self._list_by_id("crm.item.list", params)

    def _fields_of_items(self, params: Mapping[str, Any]) -> Answer:
        if params["entityTypeId"] not in self.item_fields:
            raise BitrixError("crm.item.fields", "NOT_FOUND", "Смарт-процесс не найден", 400)
        return Answer({"fields": self.item_fields[params["entityTypeId"]]})

    def _list_product_rows(self, params: Mapping[str, Any]) -> Answer:
        condition = params["filter"]
        assert condition["=ownerType"] == "D"
        owners = set(condition["=ownerId"])
        rows = [row for row in self.product_rows if row["ownerId"] in owners and row["id"] > condition.get(">id", 0)]
        return Answer({"productRows": sorted(rows, key=lambda row: row["id"])[:PAGE]}, 0)

    _methods: Mapping[str, Any] = {
        "crm.item.list": _list_items,
        "crm.item.fields": _fields_of_items,
        "crm.activity.list": lambda self, params: self._list_by_id("crm.activity.list", params),
        "crm.stagehistory.list": lambda self, params: self._list_by_id("crm.stagehistory.list", params),
        "department.get": lambda self, params: _paged(self.departments, params),
        "server.time": lambda self, params: Answer(NOW.isoformat()),
        "crm.item.productrow.list": _list_product_rows,
        "crm.status.list": lambda self, params: _paged(self.statuses, params),
        "crm.category.list": lambda self, params: Answer({"categories": self.categories}, len(self.categories)),
        "user.get": lambda self, params: _paged(self.users, params),
        "crm.productsection.list": lambda self, params: _paged(self.sections, params),
        "crm.product.list": lambda self, params: Answer([one for one in self.products if int(one["ID"]) in params["filter"]["ID"]]),
        "crm.currency.list": lambda self, params: Answer(self.currencies, len(self.currencies)),
    }


class FakeQueue:
    """Takes jobs; the same key is the same job."""

    def __init__(self) -> None:
        self.jobs: dict[str, tuple[str, str, dict[str, Any]]] = {}

    def enqueue(self, kind: str, member_id: str, payload: dict[str, Any], key: str = "") -> str:
        """Keep a job."""
        self.jobs.setdefault(key, (kind, member_id, payload))
        return key


def _paged(records: list[Record], params: Mapping[str, Any]) -> Answer:
    start = params.get("start", 0)
    if start == -1:
        return Answer(records[:PAGE], 0)
    after = start + PAGE
    return Answer(records[start:after], len(records), after if after < len(records) else None)


TIMES = ("updatedTime", "LAST_UPDATED", "CREATED_TIME")


def _filtered(records: list[Record], condition: str, value: Any) -> list[Record]:
    operator, name = re.fullmatch(r"(>=|<=|>|@)(\w+)", condition).groups()  # type: ignore[union-attr]
    read: Callable[[Any], Any] = _instant if name in TIMES else int if name in ("id", "ID") else lambda there: there
    wanted = set(value) if operator == "@" else _instant(value) if name in TIMES else value
    holds = {">": gt, ">=": ge, "<=": le, "@": lambda there, among: there in among}[operator]
    return [record for record in records if holds(read(record.get(name)), wanted)]


@cache
def _instant(value: str) -> datetime:
    return datetime.fromisoformat(value)


NOTHING = 10**12  # what a reference behind the end is taken for


def _resolved(value: Any, answers: Mapping[str, Answer]) -> Any:
    if isinstance(value, Mapping):
        return {key: _resolved(item, answers) for key, item in value.items()}
    if not (isinstance(value, str) and value.startswith("$result[")):
        return value
    key, *path = re.findall(r"\[(\w+)\]", value)
    found: Any = answers[key].result if key in answers else None
    for part in path:
        there = found.get(part) if isinstance(found, Mapping) else found[int(part) :][:1] if found else None
        found = there[0] if isinstance(there, list) and not isinstance(found, Mapping) and there else there or None
    return NOTHING if found is None else int(found)


def _selected(record: Record, select: list[str]) -> Record:
    """Give what was named; phones come with '*' only, user fields by name only."""
    if "*" in select:
        return {name: value for name, value in record.items() if not name.startswith("UF_") or name in select}
    return {name: record.get(name) for name in select if name != "fm"}


NOW = datetime(2025, 6, 15, 12, 0, tzinfo=UTC)


@contextmanager
def worker_context(directory: Path, bitrix: FakeBitrix) -> Iterator[Context]:
    """Give the worker's context: a real, empty mirror and a portal in memory; the clock stands at NOW."""
    stores = PortalStores(directory)
    portal = Portal(member_id="m1", url="https://example.bitrix24.ru", time_zone="Europe/Moscow")
    log = logging.LoggerAdapter(logging.getLogger("test"), {})
    fake: Any = bitrix
    nothing: Any = None
    app_store = AppStore(directory / "app.db")
    try:
        yield Context(portal, Viewer.system(), nothing, app_store, stores.writer("m1"), fake, log, clock=lambda: NOW)
    finally:
        stores.close()
        app_store.close()
