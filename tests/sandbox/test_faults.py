"""Faults on demand: which calls and posts they hit, how they look, that they can be repeated."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.faults import BY_KIND, FAULTS, Faults, read_faults
from sandbox.portal import Portal
from sandbox.rest import Caller, RestError
from tests.sandbox.receiver import Receiver
from tests.sandbox.served import Served


@pytest.fixture
def faulty(served: Served) -> Iterator[Served]:
    """The served portal, which does everything right again afterwards."""
    yield served
    served.session.delete(f"{served.url}/sandbox/faults", timeout=120)


def order(**asked: Any) -> Faults:
    made = Faults()
    made.add(read_faults(asked))
    return made


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault.refusal], ids=lambda fault: fault.kind)
def test_refusals_look_like_the_portal_s_own(faulty: Served, fault: Any) -> None:
    """Status, code and text; the next call is answered."""
    faulty.control("faults", kind=fault.kind)
    first, second = faulty.get("server.time"), faulty.get("server.time")

    assert (first.status_code, first.json()) == (fault.refusal[0], {"error": fault.refusal[1], "error_description": fault.refusal[2]})
    assert second.status_code == 200


def test_spoilt_answers_arrive_as_ordered(faulty: Served) -> None:
    """Half a JSON, a proxy's page, a late answer."""
    for kind, more in (("truncated", {}), ("html", {}), ("delay", {"seconds": 0.2})):
        faulty.control("faults", kind=kind, method="server.time", **more)
    truncated, page, late = (faulty.get("server.time") for _ in range(3))

    assert (truncated.status_code, truncated.headers["Content-Type"], truncated.text[:10]) == (200, "application/json", '{"result":')
    with pytest.raises(requests.JSONDecodeError):
        truncated.json()
    assert (page.status_code, page.headers["Content-Type"].split(";")[0]) == (502, "text/html")
    assert late.json()["result"]
    assert late.elapsed.total_seconds() > 0.2


@pytest.mark.parametrize(("kind", "is_done"), [("dropped", False), ("unanswered", True), ("truncated", True), ("html", False)])
def test_work_is_done_or_not_before_the_answer_is_lost(faulty: Served, kind: str, is_done: bool) -> None:
    """What a client has to find out for itself: whether its write has happened."""
    faulty.control("faults", kind=kind, method="crm.deal.add")
    title = f"Потерянная {kind}"
    try:
        faulty.post("crm.deal.add", fields={"TITLE": title})
    except requests.ConnectionError:
        assert kind in ("dropped", "unanswered")

    assert (faulty.post("crm.deal.list", filter={"TITLE": title}).json()["total"] == 1) is is_done


def test_orders_hit_only_what_they_name(faulty: Served) -> None:
    """One method, one client, so many calls; commands of a batch when they are named."""
    faulty.control(
        "faults", calls=[{"kind": "429", "method": "crm.deal.get", "count": 2}, {"kind": "500", "client": "somebody else", "count": None}]
    )
    inner = faulty.post("batch", cmd={"a": "crm.deal.get?id=1", "b": "server.time"}).json()["result"]
    codes = [faulty.get("crm.deal.get", id=1).status_code for _ in range(2)]
    told = requests.get(f"{faulty.url}/sandbox/faults", timeout=120).json()

    assert (set(inner["result_error"]), set(inner["result"])) == ({"a"}, {"b"})
    assert inner["result_error"]["a"]["error"] == "OPERATION_TIME_LIMIT"
    assert codes == [429, 200]
    assert ([one["played"] for one in told["calls"]], told["happened"], set(told["kinds"])) == ([2, 0], {"429": 2}, set(BY_KIND))


@pytest.mark.parametrize(
    "body", [{"kind": "imagined"}, {"calls": [{"kind": "503", "count": 0}]}, {"event": {"lost": 2}}, {"robot": {"lost": 0.5}}, {"wrong": 1}]
)
def test_orders_that_make_no_sense_are_refused(faulty: Served, body: dict[str, Any]) -> None:
    """400 that names what is wrong, nothing is taken; a file like that does not start the portal."""
    answer = requests.post(f"{faulty.url}/sandbox/faults", json=body, timeout=120)

    assert (answer.status_code, answer.json()["error"]) == (400, "ERROR_ARGUMENT")
    assert requests.get(f"{faulty.url}/sandbox/faults", timeout=120).json()["calls"] == []
    with pytest.raises(ValueError, match="faults"):
        read_faults(body)


def test_portal_starts_with_a_file_of_faults(tmp_path: Path) -> None:
    """--faults plays from the first call on; --log names the file of calls; an unreadable file is said."""
    (tmp_path / "faults.json").write_text(json.dumps({"calls": [{"kind": "503"}]}), encoding="utf-8")
    options = ["--data", str(tmp_path / "portal"), "--company", "empty", "--log", str(tmp_path / "log.jsonl")]
    made = Served([*options, "--faults", str(tmp_path / "faults.json")])
    codes = [made.get("server.time").status_code for _ in range(2)]
    made.stop()
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text(encoding="utf-8").splitlines()]

    assert codes == [503, 200]
    assert [(line["method"], line["status"]) for line in lines] == [("server.time", 503), ("server.time", 200)]
    with pytest.raises(RuntimeError, match="cannot start"):
        Served([*options, "--faults", str(tmp_path / "none.json")])


def test_the_portal_itself_is_never_hit(portal: Portal) -> None:
    """Its pages and robots go on; only applications and webhooks suffer."""
    portal.faults.add(read_faults({"kind": "500", "count": None}))

    assert portal.call(Caller(1, admin=True), "server.time", {}).result
    with pytest.raises(RestError):
        portal.call(Caller(1, admin=True, webhook_id=1), "server.time", {})


def test_chance_is_repeated_by_its_seed() -> None:
    """The same seed and the same questions: the same faults, about as many as the share says."""

    def play(seed: int) -> list[bool]:
        faults = order(seed=seed, calls=[{"kind": "truncated", "count": None, "share": 0.25}])
        return [faults.of_answer("app", "crm.deal.list", is_aside=False) is not None for _ in range(400)]

    assert play(7) == play(7) != play(8)
    assert 60 < sum(play(7)) < 140


def test_posts_meet_their_fates() -> None:
    """Shares of events lost, doubled, overtaken, late; robots' calls are never lost."""
    faults = order(
        seed=3, event={"lost": 0.2, "duplicated": 0.1, "reordered": 0.1, "delayed": 0.1, "seconds": 30}, robot={"duplicated": 1.0}
    )
    fates = [faults.of_post("event") for _ in range(1000)]
    copies = Counter(fate.copies for fate in fates)

    assert 150 < copies[0] < 250
    assert 50 < copies[2] < 130
    assert 60 < sum(fate.wait >= 30 for fate in fates) < 140
    assert 60 < sum(0 < fate.wait < 30 for fate in fates) < 140
    assert [faults.of_post("robot").copies for _ in range(3)] == [2, 2, 2]
    assert faults.of_post("message").copies == 1


def test_events_are_lost_doubled_and_late(running: Portal, app: Caller, receiver: Receiver) -> None:
    """A lost event stays in the log as lost; a doubled one comes twice; a late one comes after those that followed it."""
    running.call(app, "event.bind", {"event": "ONCRMDEALADD", "handler": f"{receiver.url}/events"})
    keys = []
    for shares in ({"lost": 1}, {"duplicated": 1}, {"delayed": 1, "seconds": 0.3}, {}):
        running.faults.add(read_faults({"event": shares}))
        keys.append(str(running.records.add("deals", {"TITLE": "А"}, app)))
    forms = receiver.wait_for(4)
    running.active.outbox.wait_idle()

    assert [form["data"]["FIELDS"]["ID"] for form in forms][-1] == keys[2]
    assert Counter(form["data"]["FIELDS"]["ID"] for form in forms) == {keys[1]: 2, keys[3]: 1, keys[2]: 1}
    assert [letter["ERROR"] for letter in running.active.outbox.log() if letter["STATE"] == "lost"] == ["lost, as ordered"]


def test_late_events_survive_a_stop(running: Portal, app: Caller, receiver: Receiver) -> None:
    """What waits when the portal stops leaves at its next start."""
    running.call(app, "event.bind", {"event": "ONCRMDEALADD", "handler": f"{receiver.url}/events"})
    running.faults.add(read_faults({"event": {"delayed": 1, "seconds": 60}}))
    running.records.add("deals", {"TITLE": "А"}, app)
    running.active.stop()
    assert receiver.posts == []
    running.active.start()

    assert len(receiver.wait_for(1)) == 1
