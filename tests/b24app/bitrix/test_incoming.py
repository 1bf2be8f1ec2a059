"""Everything that Bitrix24 posts to us, read or refused by the name of its field."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import pytest

from b24app.bitrix.incoming import Event, Frame, RobotCall, read_event, read_frame, read_robot_call, read_scope
from b24app.bitrix.payloads import Form, read_form
from b24app.errors import Malformed

EVENT = (
    "event=onCrmDealUpdate&event_handler_id=185&data[FIELDS][ID]=7405&ts=1766047124&auth[access_token]=s6p6&auth[expires_in]=3600"
    "&auth[domain]=some.bitrix24.ru&auth[member_id]=d897&auth[application_token]=5185"
)
ROBOT = (
    "workflow_id=66e8.56&code=service_offer&document_id[0]=crm&document_id[1]=CCrmDocumentDeal&document_id[2]=DEAL_123"
    "&document_type[0]=crm&event_token=55c1.78|A5|hs&properties[days]=14&use_subscription=Y&timeout_duration=0&ts=1766047124"
    "&auth[member_id]=d897&auth[application_token]=5185&auth[user_id]=1"
)
ARGS = {"DOMAIN": "Portal.Bitrix24.ru", "PROTOCOL": "1", "LANG": "ru", "APP_SID": "dd8c"}
FRAME = (
    "AUTH_ID=ahod&AUTH_EXPIRES=3600&REFRESH_ID=2lg0&APPLICATION_TOKEN=ec1b&APPLICATION_SCOPE=crm,user%20im&member_id=a223&status=L"
    "&PLACEMENT=CRM_DEAL_DETAIL_TAB&PLACEMENT_OPTIONS=%7B%22ID%22%3A%228061%22%7D&SERVER_ENDPOINT=https://evil.example/rest/"
)


def form(text: str) -> Form:
    return read_form(parse_qsl(text, keep_blank_values=True))


def test_event_is_typed() -> None:
    """The name is upper case, the id a number, and whether a person acted is known."""
    event = read_event(form(EVENT))

    assert event == Event("ONCRMDEALUPDATE", 7405, {"ID": "7405"}, 1766047124, "d897", "5185", has_token=True)
    assert "5185" not in repr(event)


def test_event_without_person_or_fields() -> None:
    """A robot's change has no token; a timeline comment has its ID beside FIELDS' place; a currency's id is no number."""
    auth = "auth[member_id]=m&auth[application_token]=t"

    assert read_event(form(f"event=ONX&{auth}")).has_token is False
    assert read_event(form(f"event=ONCRMTIMELINECOMMENTADD&data[ID]=999&{auth}")).entity_id == 999
    assert read_event(form(f"event=ONCRMCURRENCYADD&data[FIELDS][ID]=CHE&{auth}")).entity_id is None


def test_robot_call_is_typed() -> None:
    """The document becomes entity and number, the properties a map, the rest of its kind."""
    call = read_robot_call(form(ROBOT))

    assert (call.entity, call.entity_id, call.properties, call.use_subscription) == ("deal", 123, {"days": "14"}, True)
    assert "55c1" not in repr(call)


def test_robot_call_of_a_smart_process() -> None:
    """The number is what follows the last underscore."""
    call = read_robot_call(form(ROBOT.replace("DEAL_123", "DYNAMIC_147_1").replace("use_subscription=Y", "use_subscription=N")))

    assert (call.entity, call.entity_id, call.use_subscription) == ("dynamic_147", 1, False)


def test_frame_merges_query_and_body() -> None:
    """Half of a frame's post is in the query; options arrive as JSON text; nothing of it is an address to call."""
    frame = read_frame(ARGS, form(FRAME))

    assert (frame.domain, frame.origin, frame.lang, frame.entity_id) == ("portal.bitrix24.ru", "https://portal.bitrix24.ru", "ru", 8061)
    assert (frame.placement, frame.options, frame.scope) == ("CRM_DEAL_DETAIL_TAB", {"ID": "8061"}, ("crm", "im", "user"))
    assert not any(secret in repr(frame) for secret in ("ahod", "2lg0", "ec1b"))


@pytest.mark.parametrize("options", ["", "[]", "null", '"text"', "5"])
def test_frame_without_options(options: str) -> None:
    """An empty PHP map is [], and what is no map is none."""
    assert read_frame(ARGS, {**form(FRAME), "PLACEMENT_OPTIONS": options}).options == {}


@pytest.mark.parametrize(
    ("read", "text", "field"),
    [
        (read_event, EVENT.replace("auth[application_token]=5185", ""), "auth.application_token"),
        (read_event, EVENT.replace("event=onCrmDealUpdate", "event="), "event"),
        (read_event, "", "auth"),
        (read_event, "event=X&auth=text", "auth"),
        (read_event, EVENT.replace("ts=1766047124", "ts=soon"), "ts"),
        (read_event, EVENT.replace("d897", "d" * 65), "auth.member_id"),
        (read_robot_call, ROBOT.replace("DEAL_123", "DEAL_"), "document_id"),
        (read_robot_call, ROBOT.replace("&document_id[2]=DEAL_123", ""), "document_id"),
        (read_robot_call, ROBOT.replace("code=service_offer", "code[x]=1"), "code"),
    ],
)
def test_malformed_post_names_the_field(read: Any, text: str, field: str) -> None:
    """What cannot be read says which field, and never its value."""
    with pytest.raises(Malformed, match=field) as caught:
        read(form(text))

    assert "5185" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"PLACEMENT_OPTIONS": "{"}, "PLACEMENT_OPTIONS"),
        ({"AUTH_ID": ""}, "AUTH_ID"),
        ({"member_id": ["a"]}, "member_id"),
        ({"PLACEMENT_OPTIONS": "[" * 19_000}, "PLACEMENT_OPTIONS"),
    ],
)
def test_malformed_frame_names_the_field(change: Form, field: str) -> None:
    """A frame that cannot be read is no frame."""
    with pytest.raises(Malformed, match=field):
        read_frame(ARGS, {**form(FRAME), **change})


def test_types_are_what_readers_return() -> None:
    """Each reader has its own kind."""
    assert [type(read_event(form(EVENT))), type(read_robot_call(form(ROBOT)))] == [Event, RobotCall]
    assert isinstance(read_frame(ARGS, form(FRAME)), Frame)


def test_scope_is_split_by_anything() -> None:
    """Pages separate scopes by comma, by blank, by both."""
    assert read_scope("crm, documentgenerator im") == ("crm", "documentgenerator", "im")
