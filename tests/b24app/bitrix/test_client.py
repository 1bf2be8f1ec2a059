"""Single calls: what is repeated, what never is, and whose answer counts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import requests
import responses
from urllib3.exceptions import MaxRetryError, NewConnectionError

from b24app.bitrix.budget import Budget
from b24app.bitrix.chains import Query
from b24app.bitrix.client import Client, is_read, make_session
from b24app.bitrix.limits import BULK, Pace
from b24app.errors import BitrixBusy, BitrixError, BitrixGone, BitrixLost
from b24app.portals.tokens import NoTokens

URL = "https://portal.example"
REST = f"{URL}/rest/"
EXPIRED = {"error": "expired_token", "error_description": "The access token provided has expired."}


class FakeTokens:
    """Hands out token-1, then token-2..."""

    def __init__(self) -> None:
        self.number = 1
        self.stale: list[str] = []

    def access(self) -> str:
        return f"token-{self.number}"

    def renew(self, stale: str) -> str:
        self.stale.append(stale)
        self.number += 1
        return self.access()


@pytest.fixture
def portal() -> Iterator[responses.RequestsMock]:
    """A portal that answers as scripted and complains of anything else."""
    with responses.RequestsMock(assert_all_requests_are_fired=True) as mock:
        yield mock


@pytest.fixture
def slept() -> list[float]:
    """How long the client wanted to wait."""
    return []


@pytest.fixture
def client(slept: list[float]) -> Iterator[Client]:
    """A client that does not really wait."""
    session = make_session()
    yield Client(URL, FakeTokens(), Budget(Pace(100, 10)), session, ("https://renamed.example",), sleep=slept.append)
    session.close()


def sent(portal: responses.RequestsMock) -> list[dict[str, Any]]:
    return [json.loads(call.request.body or "{}") for call in portal.calls]


def test_call_sends_json_with_the_token_in_the_body(portal: responses.RequestsMock, client: Client) -> None:
    """The token is in the body, never in the address."""
    portal.post(REST + "crm.item.get", json={"result": {"item": {"id": 1}}, "time": {"operating": 1}})

    answer = client.call("crm.item.get", {"id": 1})

    assert answer.result == {"item": {"id": 1}}
    assert sent(portal) == [{"id": 1, "auth": "token-1"}]
    assert "token" not in (portal.calls[0].request.url or "")


def test_expired_token_is_renewed_once(portal: responses.RequestsMock, client: Client) -> None:
    """After 401 expired_token the same call goes out again with a new token."""
    portal.post(REST + "im.notify", status=401, json=EXPIRED)
    portal.post(REST + "im.notify", json={"result": 5})

    assert client.call("im.notify", {"to": 1}).result == 5
    assert [body["auth"] for body in sent(portal)] == ["token-1", "token-2"]


def test_token_that_is_never_accepted_ends(portal: responses.RequestsMock, client: Client) -> None:
    """A second expired_token is an error, not a circle."""
    portal.post(REST + "x.get", status=401, json=EXPIRED)
    portal.post(REST + "x.get", status=401, json=EXPIRED)

    with pytest.raises(BitrixError, match="expired_token"):
        client.call("x.get")


@pytest.mark.parametrize("first", [{"status": 502, "body": "<html>"}, {"status": 500, "json": {"error": "INTERNAL_SERVER_ERROR"}}])
def test_read_is_repeated_on_passing_trouble(portal: responses.RequestsMock, client: Client, slept: list[float], first: Any) -> None:
    """A gateway's page or a 500 is waited out, longer each time."""
    portal.post(REST + "x.list", **first)
    portal.post(REST + "x.list", **first)
    portal.post(REST + "x.list", json={"result": []})

    assert client.call("x.list").result == []
    assert slept == sorted(slept)
    assert len(slept) == 2


@pytest.mark.parametrize(
    "broken",
    [
        {"body": requests.ConnectionError("reset")},
        {"body": requests.ReadTimeout("late")},
        {"body": '{"result": {"item'},
        {"status": 502, "body": "<html>"},
        {"status": 500, "json": {"error": "INTERNAL_SERVER_ERROR"}},
    ],
    ids=["reset", "late", "half", "gateway", "500"],
)
def test_write_is_never_repeated_blindly(portal: responses.RequestsMock, client: Client, broken: Any) -> None:
    """A write whose answer was lost may have been done: it goes out once and is BitrixLost."""
    portal.post(REST + "crm.item.add", **broken)

    with pytest.raises(BitrixLost):
        client.call("crm.item.add", {"fields": {}})

    assert len(portal.calls) == 1


def test_write_is_repeated_when_nothing_was_done(portal: responses.RequestsMock, client: Client) -> None:
    """503 QUERY_LIMIT_EXCEEDED was refused before it began."""
    portal.post(REST + "crm.item.add", status=503, json={"error": "QUERY_LIMIT_EXCEEDED"})
    portal.post(REST + "crm.item.add", json={"result": {"item": {"id": 1}}})

    assert client.call("crm.item.add").result == {"item": {"id": 1}}


def test_portal_that_cannot_be_reached_is_busy(portal: responses.RequestsMock, client: Client) -> None:
    """Without a connection nothing was done, not even by a write."""
    reason = NewConnectionError(None, "refused")  # type: ignore[arg-type]
    for _ in range(4):
        portal.post(REST + "crm.item.add", body=requests.ConnectionError(MaxRetryError(None, "/", reason)))  # type: ignore[arg-type]

    with pytest.raises(BitrixBusy):
        client.call("crm.item.add")


def test_operation_limit_says_when_to_come_back(portal: responses.RequestsMock, client: Client) -> None:
    """429 carries the seconds to the reset that the last good answer named, and the method rests without being asked."""
    now = client.budget.clock()
    portal.post(REST + "x.list", json={"result": [], "time": {"operating": 5, "operating_reset_at": now + 300}})
    portal.post(REST + "x.list", status=429, json={"error": "OPERATION_TIME_LIMIT"})
    client.call("x.list")

    for _ in range(2):
        with pytest.raises(BitrixBusy) as caught:
            client.call("x.list")
        assert 290 < caught.value.retry_after <= 300

    assert len(portal.calls) == 2


def test_renamed_portal_is_followed_to_an_allowed_address_only(portal: responses.RequestsMock, client: Client) -> None:
    """A redirect repeats the POST where the settings allow it, else it is an error and the token stays here."""
    portal.post(REST + "x.get", status=302, headers={"Location": "https://renamed.example/rest/x.get"})
    portal.post("https://renamed.example/rest/x.get", json={"result": 1})
    portal.post(REST + "x.get", status=302, headers={"Location": "https://evil.example/rest/x.get"})

    assert client.call("x.get").result == 1
    with pytest.raises(BitrixError, match="foreign_redirect"):
        client.call("x.get")
    assert portal.calls[1].request.method == "POST"


def test_gone_portal_says_so(portal: responses.RequestsMock, client: Client) -> None:
    """A deleted portal is not asked again."""
    portal.post(REST + "x.list", status=500, json={"error": "PORTAL_DELETED"})

    with pytest.raises(BitrixGone):
        client.call("x.list")


def test_batch_answers_by_command(portal: responses.RequestsMock, client: Client) -> None:
    """Ten adds of which one is bad are nine answers and one error."""
    result = {"result": {"a": 1}, "result_error": {"b": {"error": "", "error_description": "bad"}}, "result_time": {"a": {"operating": 3}}}
    portal.post(REST + "batch", json={"result": result})

    batch = client.batch({"a": ("x.add", {"fields": {"T": "a&b"}}), "b": ("x.add", {})})

    assert (batch.results, list(batch.errors)) == ({"a": 1}, ["b"])
    assert sent(portal)[0]["cmd"] == {"a": "x.add?fields[T]=a%26b", "b": "x.add"}
    with pytest.raises(BitrixError, match="bad"):
        batch.raise_for_errors()


def test_batch_of_reads_is_repeated_and_one_with_a_write_is_not(portal: responses.RequestsMock, client: Client) -> None:
    """One write makes the whole batch unrepeatable."""
    portal.post(REST + "batch", body=requests.ConnectionError("reset"))
    portal.post(REST + "batch", json={"result": {"result": {"a": 1}}})
    portal.post(REST + "batch", body=requests.ConnectionError("reset"))

    assert client.batch({"a": ("x.get", {})}).results == {"a": 1}
    with pytest.raises(BitrixLost):
        client.batch({"a": ("x.get", {}), "b": ("x.add", {})})


@pytest.mark.parametrize("count", [0, 51])
def test_batch_holds_fifty(client: Client, count: int) -> None:
    """More than fifty would partly fail inside, none at all is a mistake."""
    with pytest.raises(ValueError, match="50"):
        client.batch({str(number): ("x.get", {}) for number in range(count)})


def test_pages_follow_next(portal: responses.RequestsMock, client: Client) -> None:
    """Small dictionaries are read page after page; an object keyed by id is a list of its values."""
    portal.post(REST + "t.list", json={"result": {"templates": {"2": {"id": "2"}}}, "next": 50})
    portal.post(REST + "t.list", json={"result": {"templates": []}})

    assert list(client.pages("t.list", {"order": {"id": "asc"}}, "templates")) == [{"id": "2"}]
    assert [body["start"] for body in sent(portal)] == [0, 50]


def test_session_keeps_no_cookies(portal: responses.RequestsMock, client: Client) -> None:
    """A portal's cookie never travels to the next call."""
    portal.post(REST + "x.get", json={"result": 1}, headers={"Set-Cookie": "PHPSESSID=1; Path=/"})
    portal.post(REST + "x.get", json={"result": 1})
    client.call("x.get")
    client.call("x.get")

    assert "Cookie" not in portal.calls[1].request.headers


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("crm.item.list", True),
        ("profile", True),
        ("user.current", True),
        ("crm.item.add", False),
        ("event.offline.get", False),
        ("event.bind", False),
    ],
)
def test_reads_are_known(method: str, expected: bool) -> None:
    """What is not known as a read is a write."""
    assert is_read(method) is expected


def test_client_for_single_calls_streams_nothing(client: Client) -> None:
    """A client that was not made for mass reads says so."""
    with pytest.raises(ValueError, match="bulk"):
        client.stream(Query("x.list", {}))


def refused(portal: responses.RequestsMock, times: int) -> None:
    for _ in range(times):
        portal.post(REST + "x.list", status=503, json={"error": "QUERY_LIMIT_EXCEEDED"})


def test_full_bucket_is_tried_again_at_once_for_a_person(portal: responses.RequestsMock, client: Client, slept: list[float]) -> None:
    """Half a second drains one request: sleeps do not grow, and many refusals are borne, for nothing was done."""
    refused(portal, 7)
    portal.post(REST + "x.list", json={"result": 1})
    steady = replace(client, budget=Budget(Pace(50, 2), clock=lambda: 1000.0 + sum(slept)))

    assert steady.call("x.list").result == 1
    assert all(delay <= 0.5 for delay in slept)
    assert sum(slept) < 7 * 0.71


def test_full_bucket_for_ever_ends(portal: responses.RequestsMock, client: Client) -> None:
    """Endless 503 is BitrixBusy, for whoever can put work off."""
    refused(portal, 34)

    with pytest.raises(BitrixBusy, match="QUERY_LIMIT_EXCEEDED"):
        client.call("x.list")


def test_mass_read_steps_back_from_a_full_bucket(portal: responses.RequestsMock, client: Client, slept: list[float]) -> None:
    """Whoever is in no hurry waits longer each time and gives up sooner."""
    refused(portal, 4)

    with pytest.raises(BitrixBusy):
        replace(client, lane=BULK, budget=Budget(Pace(1000, 1000))).call("x.list")
    assert [delay for delay in slept if delay >= 2] == [2.0, 2.0, 2.8]


def test_batch_goes_on_without_a_resting_method(portal: responses.RequestsMock, client: Client) -> None:
    """What must rest has its error and is not sent; all else is. What refers to others is not torn apart."""
    client.budget.busy(BitrixBusy("x.list", "OPERATION_TIME_LIMIT", "", 429))
    portal.post(REST + "batch", json={"result": {"result": {"b": 1}}})

    batch = client.batch({"a": ("x.list", {}), "b": ("y.list", {})})

    assert (batch.results, list(batch.errors), sent(portal)[0]["cmd"]) == ({"b": 1}, ["a"], {"b": "y.list"})
    for commands in ({"a": ("x.list", {})}, {"a": ("x.list", {}), "b": ("y.list", {"id": "$result[a][0]"})}):
        with pytest.raises(BitrixBusy, match="OPERATION_TIME_LIMIT"):
            client.batch(commands)


def test_webhook_is_called_without_a_token(portal: responses.RequestsMock, client: Client) -> None:
    """The secret is in the path; nothing is sent beside it, and neither repr nor error says it."""
    hook = replace(client, root="rest/1/secret12345", tokens=NoTokens())
    portal.post(f"{URL}/rest/1/secret12345/profile", json={"result": {"ID": 1}})
    portal.post(f"{URL}/rest/1/secret12345/im.notify", body=requests.ConnectionError(f"{URL}/rest/1/secret12345/im.notify"))

    assert hook.call("profile").result == {"ID": 1}
    assert sent(portal) == [{}]
    with pytest.raises(BitrixLost) as caught:
        hook.call("im.notify")
    assert "secret12345" not in f"{hook!r} {caught.value}"


def test_new_address_is_told_once_it_has_answered(portal: responses.RequestsMock, client: Client) -> None:
    """The redirect alone proves nothing."""
    heard: list[str] = []
    moving = replace(client, moved=heard.append)
    portal.post(REST + "x.get", status=302, headers={"Location": "https://renamed.example/rest/x.get"})
    portal.post("https://renamed.example/rest/x.get", json={"result": 1})
    moving.call("x.get")

    assert heard == ["https://renamed.example"]
