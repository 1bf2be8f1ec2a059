"""The quick reading of events: never another answer than the ordinary one, and that of every event that a portal sends."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from b24app.bitrix.incoming import Event, read_event
from b24app.bitrix.payloads import read_form
from b24app.bitrix.plain_event import ACCESS, ID, TYPE, read_plain_event
from b24app.errors import Malformed

# https://github.com/bitrix-tools/b24-rest-docs, api-reference/events/index.md
SENT = {
    "event": "ONCRMDEALADD",
    "event_handler_id": "185",
    ID: "7405",
    "ts": "1766047124",
    ACCESS: "s6p6eclrvim6da22ft9ch94ekreb52lv",
    "auth[expires_in]": "3600",
    "auth[scope]": "crm,im",
    "auth[domain]": "some-domain.bitrix24.ru",
    "auth[server_endpoint]": "https://oauth.bitrix24.tech/rest/",
    "auth[status]": "L",
    "auth[client_endpoint]": "https://some-domain.bitrix24.ru/rest/",
    "auth[member_id]": "d8973e97-5ba9",
    "auth[application_token]": "51856fefc120afa4b628cc82d3935cce",
}
NAMES = st.sampled_from([*SENT, TYPE, "data", "auth", "auth[user_id]", "x", "", "data[FIELDS]", "data[FIELDS][ID][]"])
VALUES = st.one_of(st.sampled_from([*SENT.values(), "", "0", "-1", "1e3", "a b", "%", "²", "9" * 20, "x" * 600, "ж"]), st.text(max_size=5))


def read_slowly(body: bytes) -> Event | None:
    """Read as Flask and the schema do."""
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="werkzeug.url_quote")
        return read_event(read_form(pairs))
    except (Malformed, UnicodeDecodeError):
        return None


@pytest.mark.parametrize("safe", ["", "[]"])
@pytest.mark.parametrize("left_out", [(), (ACCESS, "auth[expires_in]", "event_handler_id")])
def test_event_as_it_is_sent_is_read_quickly(safe: str, left_out: tuple[str, ...]) -> None:
    """With brackets spelled either way, with a person's token or without."""
    body = urlencode({name: value for name, value in SENT.items() if name not in left_out}, safe=safe).encode()

    assert (found := read_plain_event(body)) is not None
    assert found == read_slowly(body)


def test_record_of_a_smart_process_is_read_quickly() -> None:
    """Its type comes beside its id."""
    found = read_plain_event(urlencode({**SENT, TYPE: "1038"}).encode())

    assert found is not None
    assert found.fields == {"ID": "7405", "ENTITY_TYPE_ID": "1038"}


@settings(max_examples=300, deadline=None)
@given(changes=st.lists(st.tuples(NAMES, VALUES), max_size=4), dropped=st.sets(st.sampled_from([*SENT]), max_size=2))
def test_quick_reading_never_differs(changes: list[tuple[str, str]], dropped: set[str]) -> None:
    """Fields that are missing, foreign, double or strange: the same event, or none and the ordinary reading decides."""
    pairs: list[tuple[str, Any]] = [(name, value) for name, value in SENT.items() if name not in dropped]
    body = urlencode([*pairs, *changes]).encode()

    assert (found := read_plain_event(body)) is None or found == read_slowly(body)


@given(body=st.binary(max_size=200))
def test_bytes_are_no_event(body: bytes) -> None:
    """Whatever they are."""
    assert read_plain_event(body) is None
