"""The install page: who is let in, and what everybody else is told. A refusal changes nothing."""

from __future__ import annotations

import logging
import re
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from b24app.context import Portal
from b24app.errors import BitrixBusy, BitrixError, NotFromBitrix
from b24app.portals import registry
from b24app.portals.session import HEADER, Session
from b24app.portals.tokens import NAME
from b24app.store.upserts import upsert
from install.flow import find_missing
from install.refusals import REFUSALS

MEMBER, URL = "a223c6b3710f85df22e9377d6c4f7553", "https://company.bitrix24.ru"
UNTRUE: dict[str, dict[str, Any]] = {
    "unknown_client": {"client_id": "local.2"},
    "forged_frame": {"member_id": "other"},
    "missing_scopes": {"scope": ("crm", "user")},
}
UNSAID = {
    "bad_token": BitrixError("app.info", "invalid_token", "", 401),
    "bitrix_unavailable": BitrixBusy("app.info", "no_answer"),
}
SECRETS = ("access-secret", "refresh-secret", "application-secret")


def test_administrator_is_let_in(door: Any) -> None:
    """The portal is saved with what it said of itself, its installation ordered, the page carries a session."""
    answer = door.knock()

    portal = registry.get_portal(door.services.app_store, MEMBER)
    token = re.search(r'name="app-session" content="([^"]+)"', answer.text)
    assert (answer.status_code, token is not None) == (200, True)
    assert portal == Portal(MEMBER, URL, "installing", "ru", 180, "", "KZT", 7, door.info.scope)
    assert door.services.signer.verify(token[1] if token else "") == Session(MEMBER, 7, is_admin=True, lang="ru")
    assert door.orders() == [{"name": "install", "run": "sid-1"}]
    assert door.services.app_store.find_setting(MEMBER, registry.LICENSE_FAMILY) == "ent"


def test_secrets_stay_secret(door: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Tokens are sealed in the store, and neither on the page nor in the inbox nor in the log."""
    caplog.set_level(logging.DEBUG)

    shown = door.knock().text + repr(door.orders()) + caplog.text

    sealed = [door.services.app_store.find_secret(MEMBER, name) for name in (NAME, registry.APPLICATION_TOKEN)]
    assert not any(secret in shown or secret.encode() in blob for secret in SECRETS for blob in sealed)
    assert registry.check_application_token(door.services.app_store, door.services.vault, MEMBER, "application-secret").member_id == MEMBER


def test_only_the_pinned_address_is_asked(door: Any) -> None:
    """Whatever endpoints the post brings, the portal is asked at the address of the settings."""
    door.knock(SERVER_ENDPOINT="https://evil.example/rest/", CLIENT_ENDPOINT="https://evil.example/rest/")

    assert door.asked == [(URL, "access-secret")]


def test_only_the_portal_may_frame_the_page(door: Any) -> None:
    """The header names that portal alone."""
    assert f"frame-ancestors {URL}" in door.knock().headers["Content-Security-Policy"]


def gone_wrong(door: Any, reason: str) -> Any:
    """Bring about a refusal and return the answer."""
    door.portal.admin = reason != "not_admin"
    door.portal.refused = {"profile": "user_access_error"} if reason == "portal_refused" else {}
    door.info = replace(door.info, **UNTRUE.get(reason, {}))
    door.wrong = UNSAID.get(reason)
    return door.knock({"DOMAIN": "evil.example"} if reason == "foreign_portal" else {}, member_id="" if reason == "bad_form" else MEMBER)


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal.reason)
def test_every_refusal_says_why_and_changes_nothing(door: Any, refusal: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Its own status, a sentence for the person, a reason word in the log, nothing saved, nothing ordered."""
    answer = gone_wrong(door, refusal.reason)

    assert answer.status_code == refusal.status
    assert refusal.ru.split("{")[0][:20] in answer.text
    assert [record.__dict__["reason"] for record in caplog.records] == [refusal.reason]
    assert door.services.app_store.list_portals() == []
    assert door.orders() == []
    assert not any(secret in answer.text + caplog.text for secret in SECRETS)


def test_refusal_speaks_the_readers_language(door: Any) -> None:
    """LANG decides; what is missing is named."""
    door.info = replace(door.info, scope=("crm", "user"))

    assert "lacks permissions: bizproc, placement, documentgenerator" in door.knock({"LANG": "en"}).text


@pytest.mark.parametrize("change", [{"user_id": 8}, {"domain": "other.bitrix24.ru"}])
def test_servers_that_disagree_are_believed_neither(door: Any, change: dict[str, Any]) -> None:
    """Another person or another portal behind the token: forged."""
    door.info = replace(door.info, **change)

    assert door.knock().status_code == 403
    assert door.services.app_store.list_portals() == []


@pytest.mark.parametrize("data", [b"\xff\xfe garbage", b"a=1&a[b]=2", b"&".join(b"k%d=1" % n for n in range(2000))])
def test_garbage_is_a_bad_form(door: Any, data: bytes) -> None:
    """A body that no portal sends gets 400 and a page."""
    answer = door.web.post("/install", data=data, content_type="application/x-www-form-urlencoded")

    assert answer.status_code == 400


def test_coming_back_to_the_page_orders_nothing_new(door: Any) -> None:
    """While an installation is under way the same order is shown again; newer tokens are kept."""
    door.knock()
    door.knock({"APP_SID": "sid-2"}, AUTH_ID="newer")

    assert [order["run"] for order in door.orders()] == ["sid-1", "sid-1"]


def test_installing_over_an_installed_portal_is_a_new_order(door: Any) -> None:
    """New tokens, new application token, everything registered anew."""
    door.knock()
    registry.set_state(door.services.app_store, MEMBER, "installed")
    door.knock({"APP_SID": "sid-2"}, APPLICATION_TOKEN="second")

    assert [order["run"] for order in door.orders()] == ["sid-1", "sid-2"]
    with pytest.raises(NotFromBitrix):
        registry.check_application_token(door.services.app_store, door.services.vault, MEMBER, "application-secret")


def test_finishing_marks_the_portal_and_orders_a_sweep(door: Any) -> None:
    """Events were not sent until now: what changed meanwhile is read by the sweep."""
    door.knock()
    token = door.services.signer.sign(Session(MEMBER, 7, is_admin=True, lang="ru"))

    answer = door.web.post("/install/finished", headers={HEADER: token})

    assert answer.status_code == 204
    assert registry.get_portal(door.services.app_store, MEMBER).state == "installed"
    assert door.orders()[-1] == {"name": "sweep"}


@pytest.mark.parametrize("address", ["/install/progress", "/install/finished"])
def test_only_an_administrators_session_opens_the_rest(door: Any, address: str) -> None:
    """No session, a forged one, an employee's: refused."""
    employee = door.services.signer.sign(Session(MEMBER, 9, is_admin=False, lang="ru"))
    ask = door.web.get if address.endswith("progress") else door.web.post

    assert [ask(address, headers={HEADER: token}).status_code for token in ("", "forged", employee)] == [403, 403, 403]


def test_one_of_the_user_scopes_is_enough() -> None:
    """Each of the three lets us read names."""
    needed = ("crm", "bizproc", "placement", "documentgenerator")

    assert [find_missing((*needed, scope)) for scope in ("user", "user_basic", "user_brief", "im")] == [[], [], [], ["user"]]


CALLBACK = {
    "event": "ONAPPINSTALL",
    "data[LANGUAGE_ID]": "ru",
    "auth[domain]": "company.bitrix24.ru",
    "auth[access_token]": "access-secret",
    "auth[refresh_token]": "refresh-secret",
    "auth[expires_in]": "3600",
    "auth[member_id]": MEMBER,
    "auth[application_token]": "application-secret",
    "auth[client_endpoint]": "https://evil.example/rest/",
    "auth[server_endpoint]": "https://evil.example/rest/",
}


def test_application_without_a_page_is_installed_by_its_callback(door: Any) -> None:
    """The same proof as for a page; no endpoint that it names is asked; nobody has to finish it."""
    answer = door.web.post("/install", data=CALLBACK)

    assert (answer.status_code, answer.json) == (200, {"status": "success"})
    assert door.asked == [(URL, "access-secret")]
    assert registry.get_portal(door.services.app_store, MEMBER).state == "installing"
    assert door.services.app_store.find_setting(MEMBER, registry.RUN)["is_pageless"] is True
    assert [order["name"] for order in door.orders()] == ["install"]


@pytest.mark.parametrize(
    ("changes", "status"),
    [({"auth[domain]": "evil.example"}, 403), ({"auth[access_token]": None}, 400), ({"auth[refresh_token]": None}, 400)],
)
def test_forged_callback_is_refused(door: Any, changes: dict[str, Any], status: int) -> None:
    """With a reason word, and nothing saved."""
    answer = door.web.post("/install", data={key: value for key, value in {**CALLBACK, **changes}.items() if value})

    assert answer.status_code == status
    assert door.services.app_store.list_portals() == []


KEY = "a-key-of-many-letters"


def with_key(door: Any, monkeypatch: pytest.MonkeyPatch, is_public: bool = True) -> None:
    """Let the app know an install key and no portal."""
    door.services.config = replace(door.services.config, portals=(), install_key=KEY)
    monkeypatch.setattr("b24app.portals.access.is_public", lambda host: is_public)


def test_install_key_lets_in_whom_the_list_does_not_name(door: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The portal is pinned then: it comes back without the key, and may frame us."""
    with_key(door, monkeypatch)

    assert door.knock({"key": "wrong"}).status_code == 403
    assert door.knock().status_code == 403
    assert door.knock({"key": KEY}).status_code == 200
    again = door.knock()
    assert (again.status_code, f"frame-ancestors {URL}" in again.headers["Content-Security-Policy"]) == (200, True)
    assert {url for url, _ in door.asked} == {URL}


def test_install_key_opens_no_private_address(door: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever name leads there is not asked at all."""
    with_key(door, monkeypatch, is_public=False)

    assert door.knock({"key": KEY}).status_code == 403
    assert door.asked == []


def test_install_key_does_not_outweigh_the_authorization_server(door: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A portal that names another's domain is forged, key or not; it is not asked."""
    with_key(door, monkeypatch)
    door.info = replace(door.info, domain="other.bitrix24.ru")

    assert door.knock({"key": KEY}).status_code == 403
    assert door.asked == []


def test_who_installed_and_finished_is_in_the_journal(door: Any) -> None:
    """With the portal's own words of what was allowed."""
    door.knock()
    token = door.services.signer.sign(Session(MEMBER, 7, is_admin=True, lang="ru"))
    door.web.post("/install/finished", headers={HEADER: token})

    lines, _ = door.services.app_store.list_notes(MEMBER, {}, 9)

    assert [(line["user_id"], line["kind"], line["about"]) for line in lines] == [(7, "portal", "finished"), (7, "portal", "installed")]


def test_dismissed_administrator_finishes_nothing(door: Any) -> None:
    """His session is a true one, the portal has dismissed him meanwhile."""
    door.knock()
    with closing(door.services.stores.writer(MEMBER)) as store:
        upsert(store, "employee", [{"id": 7, "name": "A", "is_active": 0}])
        upsert(store, "progress", [{"job": "install", "step": "x", "position": 1, "state": "done"}])
    token = door.services.signer.sign(Session(MEMBER, 7, is_admin=True, lang="ru"))

    assert door.web.post("/install/finished", headers={HEADER: token}).status_code == 403
    assert registry.get_portal(door.services.app_store, MEMBER).state == "installing"
