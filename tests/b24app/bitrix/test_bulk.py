"""Mass reads over real HTTP: complete, in order, at the agreed pace, whatever the portal does meanwhile."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

import pytest

from b24app.bitrix.budget import Budget
from b24app.bitrix.bulk import Bulk
from b24app.bitrix.limits import Pace
from b24app.bitrix.payloads import read_form
from b24app.bitrix.wire import Place
from b24app.errors import BitrixBusy, BitrixError

Script = list[tuple[int, Any] | None]


class FakePortal:
    """Answers batches of x.list over its ids; `script` overrules the first answers (None: as usual)."""

    def __init__(self, ids: list[int]) -> None:
        self.ids, self.script, self.batches, self.auth = ids, Script(), list[int](), list[str]()
        self.lock = threading.Lock()
        self.times: dict[str, Any] = {}
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with fake.lock:
                    fake.auth.append(body["auth"])
                    scripted = fake.script.pop(0) if fake.script else None
                    status, answer = scripted or (200, fake.batch(body["cmd"]))
                text = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                if status == 302:
                    self.send_header("Location", answer["to"])
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *args: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = False
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()

    def batch(self, commands: dict[str, str]) -> dict[str, Any]:
        self.batches.append(len(commands))
        results: dict[str, Any] = {}
        for key, command in commands.items():
            params = read_form(parse_qsl(command.partition("?")[2]))
            results[key] = {"items": [{"id": number} for number in self.page(params, results)]}
        return {"result": {"result": results, "result_error": [], "result_time": dict.fromkeys(commands, self.times)}}

    def page(self, params: dict[str, Any], results: dict[str, Any]) -> list[int]:
        if params["order"]["id"] == "DESC":
            return self.ids[::-1][:50]
        behind = params["filter"][">id"]
        if found := re.fullmatch(r"\$result\[(p\d+)\]\[items\]\[49\]\[id\]", behind):
            items = results[found[1]]["items"]
            behind = items[49]["id"] if len(items) == 50 else 0
        return [number for number in self.ids if int(behind) < number <= int(params["filter"]["<=id"])][:50]

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class FakeTokens:
    """Hands out token-1, then token-2..."""

    def __init__(self) -> None:
        self.number = 1

    def access(self) -> str:
        return f"token-{self.number}"

    def renew(self, stale: str) -> str:
        if stale == self.access():
            self.number += 1
        return self.access()


@pytest.fixture
def portal() -> Iterator[FakePortal]:
    fake = FakePortal([*range(1, 400), *range(5_000, 30_000, 7), 100_000])
    yield fake
    fake.close()


@pytest.fixture
def bulk(portal: FakePortal) -> Iterator[Bulk]:
    reader = Bulk(Place(portal.url, origins=frozenset({"http://renamed.example"})), FakeTokens(), Budget(Pace(1000, 1000)))
    yield reader
    reader.close()


def read(bulk: Bulk, **options: Any) -> list[int]:
    return [record["id"] for records in bulk.stream("x.list", {}, "items", **options) for record in records]


def test_stream_is_complete_and_in_order(portal: FakePortal, bulk: Bulk) -> None:
    """Dense ids, gaps and a lonely last one: all come, once, ascending, in few requests."""
    assert read(bulk) == portal.ids
    assert len(portal.batches) < 25


def test_stream_yields_at_most_a_batch(portal: FakePortal, bulk: Bulk) -> None:
    """Memory stays flat: no list is longer than fifty pages."""
    assert max(len(records) for records in bulk.stream("x.list")) <= 2500


def test_stream_goes_on_where_it_stopped(portal: FakePortal, bulk: Bulk) -> None:
    """`after` and `upto` bound the ids; both ends together read everything once."""
    assert read(bulk, upto=10_000) + read(bulk, after=10_000) == portal.ids


def test_empty_portal_streams_nothing(portal: FakePortal, bulk: Bulk) -> None:
    """No records, no lists."""
    portal.ids = []

    assert read(bulk) == []


@pytest.mark.parametrize(
    "trouble",
    [
        (503, {"error": "QUERY_LIMIT_EXCEEDED", "error_description": "Too many requests"}),
        (502, b"<html>Bad gateway</html>"),
        (200, b'{"result": {"resu'),
        (500, {"error": "INTERNAL_SERVER_ERROR"}),
    ],
    ids=["limit", "gateway", "half", "500"],
)
def test_passing_trouble_is_waited_out(portal: FakePortal, bulk: Bulk, trouble: tuple[int, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """One bad answer in the middle costs a repetition, not the reading."""
    monkeypatch.setattr("b24app.bitrix.wire.FIRST_DELAY", 0.01)
    monkeypatch.setattr("b24app.bitrix.payloads.RETRY_AFTER", {"query_limit_exceeded": 0.01})
    portal.ids = portal.ids[:300]
    portal.script = [None, trouble]

    if trouble[0] == 500:
        monkeypatch.setattr("b24app.bitrix.wire.MOST_PATIENCE", 0.5)
        with pytest.raises(BitrixBusy):
            read(bulk)
    else:
        assert read(bulk) == portal.ids


def test_refusal_keeps_its_text(portal: FakePortal, bulk: Bulk) -> None:
    """The portal's words arrive, and nothing secret with them."""
    portal.script = [(403, {"error": "insufficient_scope", "error_description": "needs crm"})]

    with pytest.raises(BitrixError, match="needs crm") as caught:
        read(bulk)

    assert "token" not in str(caught.value)


def test_expired_token_is_renewed_once(portal: FakePortal, bulk: Bulk) -> None:
    """A refused token is renewed and the same batch repeated; one that is never accepted ends as an error."""
    portal.ids = portal.ids[:10]
    portal.script = [(401, {"error": "expired_token"})]
    assert read(bulk) == portal.ids
    assert portal.auth[:2] == ["token-1", "token-2"]

    portal.script = [(401, {"error": "expired_token"})] * 2
    with pytest.raises(BitrixError, match="expired_token"):
        read(bulk)


def test_resting_method_stops_the_stream_after_what_it_read(portal: FakePortal, bulk: Bulk) -> None:
    """Near the operating limit the stream ends with BitrixBusy; going on behind the last id loses nothing."""
    portal.times = {"operating": 470, "operating_reset_at": 9e12}
    got: list[int] = []

    with pytest.raises(BitrixBusy, match="OPERATION_TIME_LIMIT"):
        got += read(bulk, upto=30_000)

    assert got == []


def test_foreign_redirect_is_an_error(portal: FakePortal, bulk: Bulk) -> None:
    """The token is not carried to an address that is not allowed."""
    portal.script = [(302, {"to": "http://evil.example/rest/batch"})]

    with pytest.raises(BitrixError, match="foreign_redirect"):
        read(bulk)


def test_renamed_portal_is_asked_at_its_new_address(portal: FakePortal) -> None:
    """An allowed redirect repeats the POST there, and the new address is told once it has answered."""
    old, heard = FakePortal([]), list[str]()
    old.script = [(302, {"to": f"{portal.url}/rest/batch"})]
    reader = Bulk(Place(old.url, origins=frozenset({portal.url}), moved=heard.append), FakeTokens(), Budget(Pace(1000, 1000)))

    try:
        assert read(reader) == portal.ids
    finally:
        reader.close()
        old.close()
    assert heard == [portal.url]


def test_threads_share_one_reader(portal: FakePortal, bulk: Bulk) -> None:
    """Four threads read at the same time and each gets everything."""
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda _: read(bulk), range(4))) == [portal.ids] * 4


def test_abandoned_stream_leaves_nothing(portal: FakePortal, bulk: Bulk) -> None:
    """A reader that stops early cancels what is under way, and the next one works."""
    stream = bulk.stream("x.list")
    next(stream)
    stream.close()  # type: ignore[attr-defined]

    assert read(bulk) == portal.ids


def test_closed_reader_can_be_used_again(portal: FakePortal, bulk: Bulk) -> None:
    """Closing twice is no harm, and the next reading opens again."""
    bulk.close()
    assert read(bulk) == portal.ids
    bulk.close()
    bulk.close()
    assert read(bulk, after=99_999) == [100_000]


def test_pace_is_held(portal: FakePortal) -> None:
    """Requests beyond the bucket wait for the drain: the book is made on entry, not on the answer."""
    portal.ids = list(range(1, 30_000))
    budget = Budget(Pace(11, 40))  # less the margin of ten: one at once, then forty a second
    reader = Bulk(Place(portal.url), FakeTokens(), budget)
    begun = budget.clock()

    try:
        assert read(reader) == portal.ids
    finally:
        reader.close()

    assert (budget.clock() - begun) > (len(portal.batches) - 2) / 40
