"""Anything is posted to any address: nothing breaks, and whoever has proved nothing changes nothing.

`make test` asks the same questions every time; `make chaos` asks others, and ten times as many.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator
from itertools import count
from typing import Any
from urllib.parse import quote, urlencode

import pytest
import responses
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from itsdangerous import URLSafeTimedSerializer
from werkzeug.routing import Rule

from b24app.portals.registry import save_application_token
from b24app.portals.session import HEADER, Session
from b24app.store.inbox import InboxReader
from b24app.worker import HEARTBEAT
from tests.pages.conftest import Shop, open_shop

# The form parser of werkzeug forgets to close a file whose body ends in the middle; it is closed when it is collected.
pytestmark = pytest.mark.filterwarnings("ignore:Unclosed file <tempfile:ResourceWarning")

PORTAL_TOKEN = "the-application-token"
# What stands in true posts, in queries and forms of the pages; whatever else comes is invented.
NAMES = """
    event event_token code ts data[FIELDS][ID] data[CLEAN] auth[member_id] auth[application_token]
    auth[domain] auth[access_token] auth document_id[0] document_id[1] document_id[2] properties[valid_days]
    properties DOMAIN PROTOCOL LANG APP_SID AUTH_ID AUTH_EXPIRES REFRESH_ID member_id status PLACEMENT
    PLACEMENT_OPTIONS APPLICATION_TOKEN SERVER_ENDPOINT key address lang token search q sort page size kind
    user_id since until role days title rule rules text draft form facts field value name op lines file r f
    from to at share consent entity remove add mode score column criterion segment
""".split()  # noqa: SIM905 - read as a list of words
PLAIN = """
    0 -1 1 9999999999999999999999999999999999999999 1e999 NaN true null m1 ../app one.bitrix24.ru
    https://one.bitrix24.ru evil.example the-application-toke CO_1 C_2 C_99999999999999999999 loyal users
    2026-02-30 2026-11-22 24:61 desc title ONAPPUNINSTALL ONCRMDEALADD DEAL_1 crm CCrmDocumentDeal
    service_offer CRM_DEAL_DETAIL_TAB admin manager
""".split()  # noqa: SIM905 - read as a list of words
HOSTILE = (
    *PLAIN, "", "9" * 40, "<script>alert(1)</script>", "' OR 1=1 --", "%s%n{0}", "{{7*7}}", "=cmd|' /C calc'!A0", "\u202eevil", "\ud800",
    "\x00", "\r\nX: y", '{"all": [{"criterion": "purchases", "op": ">", "value": "x"}]}', "[" * 500, '{"a":' * 300, "ё" * 3000, '"', "\\",
    "é\u0301\U0001f600",
)  # fmt: skip
HUGE = b"a=b&"  # sent often enough to be too large
KINDS = ("application/x-www-form-urlencoded", "application/json", "multipart/form-data; boundary=x", "text/plain", "", "garbage/\xff;;=")
METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE")
CALM = settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=300,
    phases=(Phase.generate,),
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)
LONG = settings(CALM, max_examples=2000, phases=(Phase.generate, Phase.shrink))

values = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=20), st.integers().map(str))
pairs = st.lists(st.tuples(st.one_of(st.sampled_from(NAMES), st.text(max_size=8)), values), max_size=8)
bodies = st.one_of(
    pairs.map(lambda found: urlencode(found, errors="surrogatepass").encode()),
    pairs.map(lambda found: json.dumps(dict(found)).encode()),
    st.binary(max_size=60),
    values.map(lambda text: b'--x\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n' + text.encode("utf-8", "replace")),
    st.just(HUGE),
)
addresses = (f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}" for number in count(1))


class Caller:
    """Asks the app over a shop with one portal, which believes no token."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.client: FlaskClient = shop.app.test_client()
        self.rules = sorted(shop.app.url_map.iter_rules(), key=lambda rule: rule.rule)
        self.foreign = URLSafeTimedSerializer("another key", salt="frame-session")

    def session(self, word: str) -> str:
        """Return a session: a true one, one that another key has signed, one for something else."""
        who = Session("m1", 1, is_admin=word == "admin", lang="ru")
        made = {"foreign": self.foreign.dumps(vars(who)), "link": self.shop.services.signer.sign_link("open", "m1"), "garbage": "a.b.c"}
        return made.get(word) or self.shop.services.signer.sign(who)

    def ask(self, drawn: Any) -> int:
        """Send what was drawn; return the status."""
        rule, method, places, query, body, kind, session, accept = drawn
        headers = {"Accept": accept, "Content-Type": kind}
        if session:
            headers[HEADER] = self.session(session)
        text = urlencode(query, errors="surrogatepass")
        answer = self.client.open(
            fill(rule, places),
            method=method,
            query_string=text,
            data=body * 70_000 if body == HUGE else body,
            headers={name: value.encode("latin-1", "replace").decode("latin-1") for name, value in headers.items() if value},
            environ_base={"REMOTE_ADDR": next(addresses)},
        )
        answer.close()
        assert answer.status_code < 500, (method, fill(rule, places), text[:500], body[:500], headers, answer.text[:300])
        return answer.status_code

    def kept(self) -> list[Any]:
        """Return all that the web process may have written."""
        db = self.shop.services.app_store._db
        return [(name, list(db.query(f'SELECT * FROM "{name}"'))) for name in db.table_names()] + [self.shop.commands(), self.count()]

    def count(self) -> int:
        """Return how many rows the app store has ever written, and how many messages were saved."""
        reader = InboxReader(self.shop.services.config.data_dir / "inbox.db")
        try:
            return int(self.shop.services.app_store._db.conn.total_changes) + (reader.newest() or 0)
        finally:
            reader.close()


def fill(rule: Rule, places: list[str]) -> str:
    """Put values into a route's places."""
    found = iter([*places, *["1"] * 5])
    return re.sub(r"<[^>]+>", lambda _: quote(next(found), safe="", errors="replace"), rule.rule)


@pytest.fixture(scope="module")
def caller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    """A shop whose portal and authorization server know no token."""
    tmp = tmp_path_factory.mktemp("fuzz")
    with open_shop(tmp) as shop, responses.RequestsMock(assert_all_requests_are_fired=False) as net:
        for method in ("GET", "POST"):
            net.add(method, re.compile(".*"), json={"error": "expired_token", "error_description": "x"}, status=401)
        save_application_token(shop.services.app_store, shop.services.vault, "m1", PORTAL_TOKEN)
        shop.ask("/sync/compare", {})  # the inbox is there
        beat = tmp / HEARTBEAT  # and so is the worker, for a day
        beat.touch()
        os.utime(beat, (time.time() + 86400,) * 2)
        yield Caller(shop)


def drawn(caller: Caller, sessions: tuple[str, ...]) -> Any:
    """Return requests to every address, four in a row."""
    request = st.tuples(
        st.sampled_from(caller.rules),
        st.sampled_from((*METHODS, "GET", "POST", "POST")),
        st.lists(values, max_size=2),
        pairs,
        bodies,
        st.sampled_from((KINDS[0], KINDS[0], *KINDS)),
        st.sampled_from(sessions),
        st.sampled_from(("text/html", "application/json", "*/*;q=x", "")),
    )
    return st.lists(request, min_size=4, max_size=4)


def try_strangers(caller: Caller, how: settings) -> None:
    """Ask as somebody who has proved nothing."""
    before, number = caller.kept(), caller.count()

    @how
    @given(drawn(caller, ("", "", "foreign", "link", "garbage")))
    def check(requests: Any) -> None:
        for request in requests:
            status = caller.ask(request)
            assert caller.count() == number, (status, request)

    check()
    assert caller.kept() == before


def try_people(caller: Caller, how: settings) -> None:
    """Ask as somebody whose session is good."""

    @how
    @given(drawn(caller, ("admin", "admin", "manager")))
    def check(requests: Any) -> None:
        for request in requests:
            caller.ask(request)

    check()


def test_strangers_change_nothing(caller: Caller) -> None:
    """Every address, every method, any body: no defect, no row, no message, whatever session is made up."""
    try_strangers(caller, CALM)


def test_people_break_nothing(caller: Caller) -> None:
    """With a good session and anything in its queries and forms: a page, a sentence or a refusal, never a defect."""
    try_people(caller, CALM)


@pytest.mark.chaos
def test_strangers_change_nothing_in_the_long_run(caller: Caller) -> None:
    """The same with many more requests."""
    try_strangers(caller, LONG)


@pytest.mark.chaos
def test_people_break_nothing_in_the_long_run(caller: Caller) -> None:
    """The same with many more requests."""
    try_people(caller, LONG)
