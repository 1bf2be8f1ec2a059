"""What no portal of ours sends is refused, changes nothing, and the log says why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
import requests

from tests.stories.conftest import ROBOT
from tests.stories.town import CONTACT, Fields, Town

EVENT, CALL, INSTALL, APP, TAB = "/events", f"/robots/{ROBOT}", "/install", "/app", "/placements/CRM_DEAL_DETAIL_TAB"
HUGE = 10 * 2**20
WRONG = "f" * 32

Forge = Callable[[Fields], Fields]


@dataclass(frozen=True)
class Forged:
    """A true post that somebody has changed: how, what it is answered with, what the log says of it."""

    name: str
    path: str
    forge: Forge
    status: int
    reason: str


def put(**changes: Any) -> Forge:
    """Change fields; `auth_member_id` stands for auth[member_id], None takes a field away."""

    def forge(form: Fields) -> Fields:
        named = {(f"auth[{key.removeprefix('auth_')}]" if key.startswith("auth_") else key): value for key, value in changes.items()}
        return {key: value for key, value in {**form, **named}.items() if value is not None}

    return forge


def put_raw(changes: Fields) -> Forge:
    """Change fields by the names that they have on the wire."""
    return lambda form: {key: value for key, value in {**form, **changes}.items() if value is not None}


FORGED: tuple[Forged, ...] = (
    *(
        forged
        for path in (EVENT, CALL)
        for forged in (
            Forged("wrong application_token", path, put(auth_application_token=WRONG), 403, "wrong application_token"),
            Forged("empty application_token", path, put(auth_application_token=""), 400, "auth.application_token"),
            Forged("no application_token", path, put(auth_application_token=None), 400, "auth.application_token"),
            Forged("unknown member_id", path, put(auth_member_id=WRONG), 403, "unknown member_id"),
            Forged("no member_id", path, put(auth_member_id=None), 400, "auth.member_id"),
            Forged("member_id of a path", path, put(auth_member_id="../app"), 403, "unknown member_id"),
            Forged("member_id is a map", path, put_raw({"auth[member_id]": None, "auth[member_id][0]": "x"}), 400, "auth.member_id"),
            Forged("auth is a text", path, lambda _: {"auth": "yes", "event": "ONCRMDEALADD"}, 400, "auth"),
            Forged("auth is a text and a map", path, put_raw({"auth": "yes"}), 400, "both a value and a map"),
            Forged("nested without end", path, put_raw({"a" + "[b]" * 40: "c"}), 400, "nested deeper"),
            Forged("a name without end", path, put_raw({"a" * 5000: "c"}), 400, "field name is too long"),
            Forged("a thousand fields more", path, put_raw({f"f{number}": "x" for number in range(1100)}), 400, "fields"),
            Forged("a token without end", path, put(auth_application_token="a" * 5000), 400, "auth.application_token"),
            Forged("no field at all", path, lambda _: {}, 400, "auth"),
        )
    ),
    Forged("no name", EVENT, put(event=None), 400, "event"),
    Forged("a time of letters", EVENT, put(ts="tomorrow"), 400, "ts"),
    Forged("another robot's code", CALL, put(code="other_robot"), 400, "code"),
    Forged("a robot that is not there", "/robots/no_such_robot", put(), 404, "robot"),
    Forged("no event_token", CALL, put(event_token=None), 400, "event_token"),
    Forged("no document", CALL, put_raw({f"document_id[{place}]": None for place in range(3)}), 400, "document_id"),
    Forged("a document of no kind", CALL, put_raw({"document_id[2]": "DROP TABLE"}), 400, "document_id"),
    *(
        forged
        for path in (INSTALL, APP, TAB)
        for forged in (
            Forged("made-up AUTH_ID", path, put(AUTH_ID=WRONG), 403, "bad_token"),
            Forged("another's member_id", path, put(member_id=WRONG), 403, "forged_frame" if path == INSTALL else "unknown member_id"),
            Forged("foreign domain", path, put(DOMAIN="evil.example"), 403, "foreign_portal"),
            Forged("no domain", path, put(DOMAIN=None), 400, "DOMAIN"),
            Forged("no AUTH_ID", path, put(AUTH_ID=None), 400, "AUTH_ID"),
            Forged("no APPLICATION_TOKEN", path, put(APPLICATION_TOKEN=None), 400, "APPLICATION_TOKEN"),
            Forged("options that are no JSON", path, put(PLACEMENT_OPTIONS="{["), 400, "PLACEMENT_OPTIONS"),
            Forged("options nested without end", path, put(PLACEMENT_OPTIONS="[" * 15000), 400, "PLACEMENT_OPTIONS"),
            Forged("no field at all", path, lambda _: {}, 400, "DOMAIN"),
        )
    ),
    *(Forged("wrong APPLICATION_TOKEN", path, put(APPLICATION_TOKEN=WRONG), 403, "wrong application_token") for path in (APP, TAB)),
    Forged("no REFRESH_ID", INSTALL, put(REFRESH_ID=None), 400, "REFRESH_ID"),
    Forged("a tab that is not there", "/placements/NO_SUCH_TAB", put(), 404, "placement"),
)


@dataclass(frozen=True)
class Garbage:
    """A body that is no form at all, by whatever method."""

    name: str
    method: str
    body: bytes
    headers: Fields
    status: int
    reason: str


FORM = {"Content-Type": "application/x-www-form-urlencoded"}
BOUNDARY = {"Content-Type": "multipart/form-data; boundary=x"}
FILE = b'--x\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n'
GARBAGE: tuple[Garbage, ...] = (
    Garbage("bytes", "POST", bytes(range(256)) * 4, FORM, 400, ""),
    Garbage("wrong encoding", "POST", "event=ПРИВЕТ&auth[member_id]=мир".encode("cp1251"), FORM, 400, ""),
    Garbage("broken percents", "POST", b"event=%ZZ%&auth[member_id]=%F0%28%8C%28", FORM, 400, ""),
    Garbage("JSON", "POST", b'{"event": "ONCRMDEALADD"}', {"Content-Type": "application/json"}, 400, ""),
    Garbage("multipart that never ends", "POST", b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n', BOUNDARY, 400, ""),
    Garbage("ten megabytes in one field", "POST", b"event=" + b"a" * HUGE, FORM, 413, "Too Large"),
    Garbage("ten megabytes of fields", "POST", b"a=b&" * (HUGE // 4), FORM, 413, "Too Large"),
    Garbage(
        "ten megabytes of a file",
        "POST",
        FILE + b"a" * HUGE,
        BOUNDARY,
        413,
        "Too Large",
    ),
    Garbage("nothing", "POST", b"", {}, 400, ""),
    Garbage("GET", "GET", b"", {}, 405, "Method Not Allowed"),
    Garbage("PUT", "PUT", b"event=1", FORM, 405, "Method Not Allowed"),
    Garbage("DELETE", "DELETE", b"", {}, 405, "Method Not Allowed"),
)

READS = {(APP, "GET"): (400, "no code")}  # here the authorization server brings a person back, with a code


@pytest.fixture(scope="module")
def true_posts(town: Town, offers_at_the_stage: None) -> dict[str, Fields]:
    """What the portal itself has posted, by address; a frame's query stands among its fields."""
    client = town.add(CONTACT, name="Подлинный")
    deal = town.add(2, title="Подлинная", typeId="SERVICE", stageId="PREPARATION", contactId=client, opportunity=10)
    town.ended_run(deal)
    town.rest()
    forms = {EVENT: town.letters(KIND="event", NAME="ONCRMCONTACTADD")[0], CALL: town.letters(KIND="robot")[0]}
    posts = {path: dict(parse_qsl(letter["BODY"])) for path, letter in forms.items()}
    frame = town.frame()
    return {**posts, INSTALL: {**dict(parse_qsl(frame["url"].partition("?")[2])), **frame["form"]}}


def true_post(posts: dict[str, Fields], path: str) -> Fields:
    """Return the true post of an address; all frames are alike."""
    kind = next((known for known in (EVENT, CALL) if path.startswith(known.rsplit("/", 1)[0] or known)), INSTALL)
    return posts.get(path) or posts[kind]


@pytest.mark.parametrize("forged", FORGED, ids=lambda forged: f"{forged.path} {forged.name}")
def test_forged_post_is_refused(town: Town, true_posts: dict[str, Fields], forged: Forged) -> None:
    """Only the change that was made can be the reason; the answer gives none, the log does."""
    form = forged.forge(true_post(true_posts, forged.path))
    before, start = town.kept(), town.log_path.stat().st_size
    answer = town.post(forged.path, urlencode(form))
    assert answer.status_code == forged.status
    assert WRONG not in answer.text
    assert town.kept() == before
    assert_log_says_why(town, start, forged.path, forged.reason)


@pytest.mark.parametrize("path", [EVENT, CALL, INSTALL, APP, TAB])
@pytest.mark.parametrize("garbage", GARBAGE, ids=lambda garbage: garbage.name)
def test_garbage_is_refused(town: Town, path: str, garbage: Garbage) -> None:
    """Whatever comes, whoever listens: a plain refusal, and everything is as it was."""
    before, start = town.kept(), town.log_path.stat().st_size
    answer = requests.request(garbage.method, town.app_url + path, data=garbage.body, headers=garbage.headers, timeout=120)
    status, reason = READS.get((path, garbage.method), (garbage.status, garbage.reason))
    assert answer.status_code == status
    assert town.kept() == before
    assert_log_says_why(town, start, path, reason)


def assert_log_says_why(town: Town, start: int, path: str, reason: str) -> None:
    """Find the line that says why, and the one of the request; neither may be a defect's."""
    town.wait("the log says it", lambda: any(line["event"] == "request" for line in town.log(start)))
    lines = [line for line in town.log(start) if line.get("path") in (path, None)]
    assert {line["level"] for line in lines} <= {"INFO", "WARNING"}
    refused = [line for line in lines if "refused" in line["event"]]
    assert refused
    said = " ".join(str(value) for line in refused for name, value in line.items() if "reason" in name or name.startswith("refused_"))
    assert reason in said
    assert said


def test_unknown_and_wrong_are_answered_alike(town: Town, true_posts: dict[str, Fields]) -> None:
    """Nobody learns from an answer which portals we know."""
    answers = []
    for change in (put(auth_member_id=WRONG), put(auth_application_token=WRONG)):
        answer = town.post(EVENT, urlencode(change(true_posts[EVENT])))
        answers.append((answer.status_code, answer.text))
    assert answers[0] == answers[1]


def test_uninstall_that_is_forged_uninstalls_nothing(town: Town, true_posts: dict[str, Fields]) -> None:
    """The most dangerous event of all needs the application token as every other."""
    before = town.kept()
    leave = put(event="ONAPPUNINSTALL", auth_application_token=WRONG, **{"data[CLEAN]": "1"})(true_posts[EVENT])
    assert town.post(EVENT, urlencode(leave)).status_code == 403
    assert town.kept() == before
    assert town.post(EVENT, urlencode(true_posts[EVENT])).status_code == 200


def test_true_post_is_still_taken_after_all_that(town: Town, true_posts: dict[str, Fields]) -> None:
    """The app answers as ever: the flood of garbage has taken nothing with it."""
    before = town.kept()["messages"]
    assert town.post(EVENT, urlencode(true_posts[EVENT])).status_code == 200
    assert town.kept()["messages"] == before + 1
