"""The offline queue: reserved, noted, confirmed; killed anywhere, nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from b24app.bitrix.payloads import Answer
from b24app.context import Context
from b24app.errors import BitrixLost
from b24app.store.changes import Change, list_changes
from b24app.store.cursors import find_cursor
from b24app.sync.offline import ASKED, RESERVED, SETTING, read_row, take_offline
from tests.fakes import FakeBitrix, worker_context

QUEUE = {"auth_connector": "b24app"}


class QueueingBitrix(FakeBitrix):
    """A portal with a queue: `queue` is row -> process; `losing` loses the next answer of a method after the work."""

    def __init__(self) -> None:
        super().__init__()
        self.queue: dict[int, tuple[str, Any, str]] = {}
        self.losing = ""

    def add(self, number: int, event: str, content: Any) -> None:
        """Queue a row."""
        self.queue[number] = (event, content, "")

    def call(self, method: str, params: Mapping[str, Any] | None = None) -> Answer:
        """Answer one method of the queue."""
        if not method.startswith("event.offline."):
            return super().call(method, params)
        self.calls.append(method)
        asked = dict(params or {})
        assert method == "event.offline.clear" or asked.get("auth_connector") == QUEUE["auth_connector"]
        answer = Answer(getattr(self, "_" + method.rpartition(".")[2])(asked))
        if self.losing == method:
            self.losing = ""
            raise BitrixLost(method, "no_answer")
        return answer

    def pages(self, method: str, params: Mapping[str, Any] | None = None, key: str | None = None) -> Iterator[dict[str, Any]]:
        """Yield a small list."""
        yield from self.call(method, params).result

    def _get(self, params: Mapping[str, Any]) -> dict[str, Any]:
        assert params["clear"] == 0
        free = [number for number, (_, _, process) in sorted(self.queue.items()) if not process][: params["limit"]]
        for number in free:
            self.queue[number] = (*self.queue[number][:2], f"process-{free[0]}")
        return {"process_id": f"process-{free[0]}" if free else None, "events": [self._row(number) for number in free]}

    def _clear(self, params: Mapping[str, Any]) -> bool:
        self.queue = {number: row for number, row in self.queue.items() if row[2] != params["process_id"]}
        return True

    def _list(self, params: Mapping[str, Any]) -> list[dict[str, Any]]:
        return [{**self._row(number), "PROCESS_ID": self.queue[number][2]} for number in self.queue]

    def _row(self, number: int) -> dict[str, Any]:
        event, content, _ = self.queue[number]
        return {"ID": str(number), "EVENT_NAME": event, "EVENT_DATA": content, "EVENT_ADDITIONAL": False, "MESSAGE_ID": str(number)}


@pytest.fixture
def bitrix() -> QueueingBitrix:
    """A portal with two rows in its queue."""
    portal = QueueingBitrix()
    portal.add(1, "ONCRMDEALUPDATE", {"FIELDS": {"ID": "7"}})
    portal.add(2, "ONCRMCONTACTDELETE", {"FIELDS": {"ID": "5"}})
    return portal


@pytest.fixture
def ctx(tmp_path: Path, bitrix: QueueingBitrix) -> Iterator[Context]:
    """The worker's context, with the queue open."""
    with worker_context(tmp_path, bitrix) as context:
        context.app_store.save_setting("m1", SETTING, {"connector": "b24app"})
        yield context


def noted(ctx: Context) -> set[tuple[str, int, str]]:
    """What waits to be read."""
    return {(change.entity, change.record_id, change.kind) for change in list_changes(ctx.store, 100)}


BOTH = {("deal", 7, "changed"), ("contact", 5, "removed")}


def test_rows_become_changes_and_are_confirmed(ctx: Context, bitrix: QueueingBitrix) -> None:
    """Afterwards the queue is empty and nothing is left to take up."""
    assert take_offline(ctx) == (2, 0)
    assert (noted(ctx), bitrix.queue) == (BOTH, {})
    assert (find_cursor(ctx.store, ASKED), find_cursor(ctx.store, RESERVED)) == (None, None)
    assert take_offline(ctx) == (0, 0)


def test_without_a_queue_nothing_is_asked(ctx: Context, bitrix: QueueingBitrix) -> None:
    """A tariff without the feature costs no request."""
    ctx.app_store.save_setting("m1", SETTING, None)

    assert (take_offline(ctx), bitrix.calls) == ((0, 0), [])


def test_answer_of_the_reservation_lost(ctx: Context, bitrix: QueueingBitrix) -> None:
    """The rows are reserved under a process that we never heard of: the next run finds them in the list."""
    bitrix.losing = "event.offline.get"
    with pytest.raises(BitrixLost):
        take_offline(ctx)
    assert noted(ctx) == set()
    bitrix.add(3, "ONCRMLEADADD", {"FIELDS": {"ID": "9"}})

    assert take_offline(ctx) == (3, 0)
    assert (noted(ctx), bitrix.queue) == ({*BOTH, ("lead", 9, "changed")}, {})


def test_answer_of_the_confirmation_lost(ctx: Context, bitrix: QueueingBitrix) -> None:
    """What was noted is confirmed once more; that does no harm."""
    bitrix.losing = "event.offline.clear"
    with pytest.raises(BitrixLost):
        take_offline(ctx)

    assert (noted(ctx), find_cursor(ctx.store, RESERVED)) == (BOTH, "process-1")
    assert take_offline(ctx) == (0, 0)
    assert (find_cursor(ctx.store, RESERVED), "event.offline.list" in bitrix.calls) == (None, False)


def test_killed_before_the_confirmation(ctx: Context, bitrix: QueueingBitrix, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows were noted and stay reserved: the next run lets the portal forget them."""

    def die(self: Any, params: Mapping[str, Any]) -> bool:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(QueueingBitrix, "_clear", die)
        with pytest.raises(SystemExit):
            take_offline(ctx)
    assert len(bitrix.queue) == 2

    assert (take_offline(ctx), bitrix.queue, noted(ctx)) == ((0, 0), {}, BOTH)


def test_rows_that_name_no_record_are_counted(ctx: Context, bitrix: QueueingBitrix, caplog: Any) -> None:
    """They are confirmed too: a sweep has to find what they meant."""
    bitrix.add(3, "ONCRMDEALADD", False)

    assert take_offline(ctx) == (3, 1)
    assert (bitrix.queue, [record.message for record in caplog.records]) == ({}, ["offline events that name no record"])


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"FIELDS": {"ID": "7"}}, Change("deal", 7)),
        ({"ID": 7}, Change("deal", 7)),
        ([{"FIELDS": {"ID": "7"}}], Change("deal", 7)),
        ({"0": {"FIELDS": {"ID": 7}}}, Change("deal", 7)),
        ('{"FIELDS":{"ID":"7"}}', Change("deal", 7)),
        ("7", Change("deal", 7)),
        (7, Change("deal", 7)),
        (False, None),
        (None, None),
        ([], None),
        ({}, None),
        ("{broken", None),
        ({"FIELDS": {"ID": "seven"}}, None),
    ],
)
def test_every_form_of_the_content_is_read(content: Any, expected: Change | None) -> None:
    """The vendor's pages show an empty one only."""
    assert read_row({"EVENT_NAME": "onCrmDealUpdate", "EVENT_DATA": content}) == expected


@pytest.mark.parametrize(
    ("name", "fields"),
    [("ONCRMDYNAMICITEMUPDATE", {"ID": "24", "ENTITY_TYPE_ID": "1220"}), ("ONCRMDYNAMICITEMUPDATE_1220", {"ID": "24"})],
)
def test_smart_processes_say_their_type(name: str, fields: dict[str, str]) -> None:
    """In the name or beside the id."""
    assert read_row({"EVENT_NAME": name, "EVENT_DATA": {"FIELDS": fields}}) == Change("smart_1220", 24)
