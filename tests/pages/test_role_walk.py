"""Every address with every kind of person: who may gets an answer, who may not gets 403 or 404 and changes nothing.

RIGHTS is the one table. A new route that is not in it fails the first test.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from itsdangerous import URLSafeTimedSerializer

from b24app.context import ADMINISTER, DEFINE, EXPORT, LOOK
from b24app.portals.rights import ADMINISTRATORS, SETTING
from b24app.portals.roles import BY_KEY
from b24app.portals.session import HEADER, LIFETIME, LONGEST, Session
from b24app.store.inbox import InboxReader
from tests.pages.conftest import Shop, open_shop

ANYONE = "anyone"  # it tells nothing of a portal
PROOF = "proof"  # the post proves itself: a token of the portal, or a signed link
MACHINE = "machine"  # of this machine alone, or with a token of its own

# What an endpoint asks for. Nothing is derived from the code: the table is what an administrator is promised.
RIGHTS: dict[str, tuple[str, ...]] = {
    ANYONE: ("show_health", "show_readiness", "pages.static", "install.static"),
    MACHINE: ("show_metrics",),
    PROOF: (
        "pages.frame.open_app", "pages.frame.take_code", "pages.frame.open_placement", "pages.frame.open_robot",
        "pages.connect.show_form", "pages.connect.take_form", "pages.connect.open_pages", "pages.downloads.download",
        "pages.persons.download", "pages.offers.open_by_client", "handlers.take_event", "robots.take_call", "install.open_page",
    ),
    LOOK: (
        "pages.segments.open_list", "pages.segments.open_segment", "pages.clients.open_client", "pages.clients.open_why",
        "pages.clients.show_contacts", "pages.matrix.open_matrix", "pages.matrix.open_cell", "pages.matrix.open_together",
        "pages.matrix.open_trends", "pages.builder.find_products", "pages.choosing.suggest", "pages.offers.open_offers",
        "pages.offers.open_list", "pages.offers.open_offer", "pages.offers.mark", "pages.offers.make_version",
    ),
    DEFINE: (
        "pages.segments.open_history", "pages.segments.choose_field", "pages.builder.open_gallery", "pages.builder.add_preset",
        "pages.builder.open_new", "pages.builder.open_edit", "pages.builder.preview", "pages.builder.try_client", "pages.builder.paste",
 "pages.builder.save", "pages.builder.remove_segment", "pages.lists.open_new",
        "pages.lists.save_list", "pages.lists.open_list", "pages.lists.import_more", "pages.lists.change", "pages.lists.freeze",
    ),
    EXPORT: (),
    ADMINISTER: (
        "pages.rights.open_rights", "pages.rights.set_for_others", "pages.rights.set_role", "pages.journal.open_journal",
        "pages.journal.keep", "pages.persons.open_persons", "pages.persons.open_person", "pages.persons.erase",
        "pages.persons.choose_consents", "pages.leaving.open_leaving", "pages.leaving.leave", "pages.leaving.register_again",
        "pages.sync.open_sync", "pages.sync.order_comparison", "pages.sync.pause", "pages.sync.resume", "pages.sync.set_pace",
        "pages.segments.agree", "install.show_progress", "install.take_finish", "pages.settings.open_settings",
        "pages.settings.save_settings", "pages.settings.count", "pages.calls.open_calls", "pages.calls.open_call",
        "pages.calls.run_again", "pages.calls.set_hours", "pages.robot_settings.look", "pages.offer_rules.open_rules",
        "pages.offer_rules.open_rule", "pages.offer_rules.save", "pages.offer_rules.switch", "pages.offer_rules.remove",
        "pages.offer_rules.preview", "pages.offer_rules.save_mapping", "pages.offer_rules.upload", "pages.offer_rules.open_journal",
        "pages.offer_rules.again",
    ),
}  # fmt: skip
RIGHT_OF = {endpoint: right for right, endpoints in RIGHTS.items() for endpoint in endpoints}
PLACES = {
    "key": "won", "segment": "won", "code": "CRM_DEAL_DETAIL_TAB", "filename": "app.css", "whose": "users", "number": "3", "r": "5",
    "f": "1", "call_id": "x", "member_id": "m1", "token": "x",
}  # fmt: skip
CLIENT = ("pages.clients.", "pages.persons.")  # whose key is a client's
FORM = {"role": "marketer", "title": "x", "text": "a@b.ru", "rule": "{}", "field": "UF_X", "on": "1", "client": "CO_1", "sure": "1"}


@dataclass(frozen=True)
class Caller:
    """Somebody who asks. `role`: the key of the role that he has; '' when he has proved nothing."""

    name: str
    role: str
    user_id: int = 0
    says_admin: bool = False


CALLERS = (
    Caller("administrator", "administrator", 1, True),
    Caller("marketer", "marketer", 2),
    Caller("manager", "manager", 3),
    Caller("nobody", "nobody", 4),
    Caller("dismissed administrator", "nobody", 5, True),
    Caller("former administrator", "manager", 6, True),
    Caller("stranger", ""),
    Caller("expired", "", 1, True),
    Caller("too long open", "", 1, True),
    Caller("forged", "", 1, True),
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop with people of every role."""
    with open_shop(tmp_path_factory.mktemp("walk")) as made:
        for number in range(2, 7):
            made.save("employee", id=number, name=f"Сотрудник {number}", is_active=int(number != 5))
        made.services.app_store.save_setting("m1", SETTING, {"users": {"2": "marketer", "4": "nobody"}})
        made.services.app_store.save_setting("m1", ADMINISTRATORS, {"1": True, "6": False})
        made.ask("/sync/compare", {})  # the inbox is there
        yield made


def rules(shop: Shop) -> list[tuple[Any, str]]:
    """Return every route with each of its methods."""
    return [(rule, method) for rule in shop.app.url_map.iter_rules() for method in sorted((rule.methods or set()) & {"GET", "POST"})]


def token_of(shop: Shop, caller: Caller) -> str:
    """Return the session that he sends."""
    signer, now = shop.services.signer, shop.services.signer.now()
    since = now - LONGEST - 1 if caller.name == "too long open" else now
    session = Session("m1", caller.user_id, caller.says_admin, "ru", since)
    if caller.name == "forged":
        return str(URLSafeTimedSerializer("another key", salt="frame-session").dumps(vars(session)))
    return "" if caller.name == "stranger" else signer.sign(session)


def ask(shop: Shop, rule: Any, method: str, token: str) -> Any:
    """Ask an address with something plausible in its places and its form."""
    places = {**PLACES, "key": "CO_1"} if rule.endpoint.startswith(CLIENT) else PLACES
    path = re.sub(r"<(?:[^:<>]*(?:\([^)]*\))?:)?(\w+)>", lambda match: places[match[1]], rule.rule)
    answer = shop.app.test_client().open(
        path, method=method, data=FORM if method == "POST" else None, headers={HEADER: token} if token else {}
    )
    answer.close()
    return answer


def kept(shop: Shop) -> list[Any]:
    """Return all that the web process may have written."""
    db = shop.services.app_store._db
    reader = InboxReader(shop.services.config.data_dir / "inbox.db")
    try:
        return [(name, list(db.query(f'SELECT * FROM "{name}"'))) for name in db.table_names()] + [len(reader.after("m1", 0, 10_000))]
    finally:
        reader.close()


def test_every_route_says_who_may(shop: Shop) -> None:
    """A route without a right in the table, or a right without a route, is a hole or a lie."""
    there = {rule.endpoint for rule in shop.app.url_map.iter_rules()}

    assert (sorted(there - set(RIGHT_OF)), sorted(set(RIGHT_OF) - there)) == ([], [])


@pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller.name)
def test_who_may_not_is_refused_and_changes_nothing(shop: Shop, caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """403 or 404 for whatever his role has no right for; the same for who has proved nothing, however he says it."""
    rights = BY_KEY[caller.role].rights if caller.role else frozenset()
    token = token_of(shop, caller)
    if caller.name == "expired":
        late = time.time() + LIFETIME + 60
        monkeypatch.setattr("itsdangerous.timed.time.time", lambda: late)
    before = kept(shop)

    refused = [
        (rule.rule, method, ask(shop, rule, method, token).status_code)
        for rule, method in rules(shop)
        if RIGHT_OF.get(rule.endpoint, ANYONE) in (PROOF, *(right for right in (LOOK, DEFINE, EXPORT, ADMINISTER) if right not in rights))
    ]

    assert [one for one in refused if one[2] not in (400, 403, 404)] == []
    assert kept(shop) == before


@pytest.mark.parametrize("caller", [one for one in CALLERS if one.role and one.role != "nobody"], ids=lambda caller: caller.name)
def test_who_may_is_answered(shop: Shop, caller: Caller) -> None:
    """Neither refused nor broken: a page, a sentence about what to mend, or that there is no such thing."""
    rights = BY_KEY[caller.role].rights
    asked = [
        (rule, method)
        for rule, method in rules(shop)
        if RIGHT_OF.get(rule.endpoint, ANYONE) in rights and rule.endpoint != "pages.builder.remove_segment"
    ]

    found = [(rule.rule, method, ask(shop, rule, method, token_of(shop, caller)).status_code) for rule, method in asked]

    assert [one for one in found if one[2] not in (200, 204, 404, 422)] == []


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_every_answer_has_its_headers(shop: Shop, method: str) -> None:
    """Nothing is sniffed, kept or told onwards; only a portal of ours may frame it; no script but from us and Bitrix24."""
    token = token_of(shop, CALLERS[0])
    for rule, one in rules(shop):
        if one != method or rule.endpoint in ("pages.builder.remove_segment", "pages.rights.set_for_others", "pages.rights.set_role"):
            continue
        headers = ask(shop, rule, method, token).headers
        policy = headers["Content-Security-Policy"]
        assert (headers["X-Content-Type-Options"], headers["Referrer-Policy"]) == ("nosniff", "no-referrer"), rule
        assert re.search(r"frame-ancestors ('none'|https://one\.bitrix24\.ru)$", policy), (rule, policy)
        assert "unsafe" not in policy
        assert "Set-Cookie" not in headers
        assert "X-Frame-Options" not in headers  # it cannot name the portal: browsers would refuse the frame


def test_session_is_in_no_address(shop: Shop) -> None:
    """What a page links to carries no session: addresses are logged, remembered and told onwards."""
    token = token_of(shop, CALLERS[0])
    for rule, method in rules(shop):
        if method == "GET" and RIGHT_OF.get(rule.endpoint, ANYONE) in (LOOK, DEFINE, ADMINISTER):
            answer = ask(shop, rule, method, token)
            renewed = answer.headers.get(HEADER, "")
            assert token not in answer.text, rule
            assert not renewed or renewed not in answer.text, rule


def test_cookie_and_address_open_nothing(shop: Shop) -> None:
    """Only the header counts, and no other site can make a browser send it: there is nothing to forge a request with."""
    token = token_of(shop, CALLERS[0])
    client = shop.app.test_client()
    client.set_cookie(HEADER, token)

    answers = [client.get(f"/rights?{HEADER}={token}"), client.post("/rights/others", data={"role": "nobody", HEADER: token})]

    assert [answer.status_code for answer in answers] == [403, 403]
