"""fast-bitrix24 drives the portal, over HTTP and over HTTPS: its parallel batches, its paging, its renewal of tokens."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
from fast_bitrix24 import BitrixAsync
from fast_bitrix24.server_response import ErrorInServerResponseException

from tests.contracts.certificates import Certificate
from tests.sandbox.served import Served

SCOPES = ["crm", "user"]
Script = Callable[[BitrixAsync], Awaitable[Any]]


@dataclass(frozen=True)
class Reached:
    """A portal and how this test trusts it."""

    portal: Served
    trust: ssl.SSLContext | None

    def run(self, script: Script, address: str = "", token_func: Callable[[], Awaitable[str]] | None = None) -> Any:
        """Run a script with a client of its own; return what the script returns."""

        async def with_client() -> Any:
            connector = aiohttp.TCPConnector(ssl=self.trust or True)
            async with aiohttp.ClientSession(connector=connector, raise_for_status=True) as session:
                try:
                    return await script(BitrixAsync(address or self.portal.about["webhook"], token_func, verbose=False, client=session))
                finally:
                    await connector.close(abort_ssl=True)  # an orderly end of TLS would outlive the loop
                    await asyncio.sleep(0.01)

        return asyncio.run(with_client())


@pytest.fixture(params=["plain", "secure"])
def reached(request: pytest.FixtureRequest, certificate: Certificate) -> Reached:
    """The portal over HTTP, then over HTTPS with the tests' own authority."""
    trust = ssl.create_default_context(cafile=str(certificate.authority)) if request.param == "secure" else None
    return Reached(request.getfixturevalue(request.param), trust)


def test_addresses_say_how_they_are_reached(reached: Reached) -> None:
    """Every address of the first line has the scheme of the portal; frames say PROTOCOL accordingly."""
    scheme = "https" if reached.trust else "http"
    about = reached.portal.about
    frame = reached.portal.control("open", client_id=about["client_id"], user_id=1)

    assert all(about[name].startswith(f"{scheme}://127.0.0.1:") for name in ("url", "webhook", "oauth_url", "js_url"))
    assert f"PROTOCOL={int(scheme == 'https')}" in frame["url"]
    assert frame["form"]["SERVER_ENDPOINT"].startswith(f"{scheme}://")


@pytest.mark.parametrize(
    ("method", "params", "least"),
    [
        ("crm.deal.list", {"select": ["ID"]}, 260),
        ("crm.contact.list", {"select": ["ID"]}, 120),
        ("crm.item.list", {"entityTypeId": 2, "select": ["id"]}, 260),
        ("crm.status.list", {}, 20),
        ("user.get", {}, 2),
    ],
)
def test_lists_are_whole(reached: Reached, method: str, params: dict[str, Any], least: int) -> None:
    """get_all brings every record once, whatever the family wraps its list in."""
    found = reached.run(lambda client: client.get_all(method, params))
    ids = [one.get("ID", one.get("id")) for one in found]

    assert len(ids) == len(set(ids)) >= least


def test_records_are_read_by_their_ids(reached: Reached) -> None:
    """get_by_ID brings every record under its number."""
    by_id = reached.run(lambda client: client.get_by_ID("crm.deal.get", range(1, 111)))

    assert [by_id[str(number)]["ID"] for number in range(1, 111)] == [str(number) for number in range(1, 111)]


def test_records_are_added_and_changed_in_batches(reached: Reached) -> None:
    """130 deals in three parallel batches, each changed once."""
    titles = [f"Сделка №{number} & Ко" for number in range(130)]

    async def write(client: BitrixAsync) -> Any:
        keys = await client.call("crm.deal.add", [{"fields": {"TITLE": title}} for title in titles])
        changed = await client.call("crm.deal.update", [{"ID": key, "fields": {"OPPORTUNITY": key}} for key in keys])
        found = await client.get_all("crm.deal.list", {"filter": {"@ID": list(keys)}, "select": ["ID", "TITLE", "OPPORTUNITY"]})
        return changed, found

    changed, found = reached.run(write)

    assert list(changed) == [True] * 130
    assert sorted(one["TITLE"] for one in found) == sorted(titles)
    assert all(one["OPPORTUNITY"] == f"{one['ID']}.00" for one in found)


def test_batch_refers_to_its_own_results(reached: Reached) -> None:
    """Commands of a batch written by hand; a failing one raises what the portal said."""
    cmd = {"new": "crm.contact.add?fields[NAME]=%D0%90%D0%BD%D0%BD%D0%B0", "read": "crm.contact.get?id=$result[new]"}
    answer = reached.run(lambda client: client.call_batch({"halt": 1, "cmd": cmd}))

    assert answer["read"]["NAME"] == "Анна"
    with pytest.raises(ErrorInServerResponseException, match="Not found"):
        reached.run(lambda client: client.call_batch({"halt": 0, "cmd": {"wrong": "crm.deal.get?id=999999999"}}))


def test_token_is_renewed_after_its_end(reached: Reached) -> None:
    """An application's token: the client asks for one, is told 401 once, asks again, and the caller sees an answer."""
    portal = reached.portal
    keys = portal.control("apps", title="Fast", handler="http://127.0.0.1:9/app", scopes=SCOPES)
    pair = portal.control("token", client_id=keys["client_id"])
    given: list[str] = []

    async def renew() -> str:
        asked = {"grant_type": "refresh_token", "refresh_token": pair["refresh_token"], **keys}
        made = portal.session.get(portal.about["oauth_url"] + "/oauth/token/", params=asked, timeout=120).json()
        pair.update(made)
        given.append(made["access_token"])
        return given[-1]

    portal.control("faults", kind="401", client=keys["client_id"])
    profile = reached.run(lambda client: client.call("profile", raw=True), f"{portal.url}/rest/", renew)

    assert profile["result"]["ID"] == "1"
    assert len(set(given)) == 2
    portal.control("uninstall", client_id=keys["client_id"])


def test_refusals_are_raised(reached: Reached) -> None:
    """Unknown method, wrong webhook, missing scope: by HTTP status, as this client knows them."""
    narrow = reached.portal.control("webhooks", scopes=["user"])["webhook"]
    wrong = reached.portal.url + "/rest/1/wrong/"

    for address, method, status in (("", "crm.imagined.list", 404), (wrong, "profile", 401), (narrow, "crm.deal.list", 403)):
        with pytest.raises(aiohttp.ClientResponseError) as raised:
            reached.run(lambda client, method=method: client.call(method, raw=True), address)
        assert raised.value.status == status


def test_client_outlives_a_busy_portal(reached: Reached) -> None:
    """Two 503 in a row are repeated by the client; the list is whole all the same."""
    reached.portal.control("faults", kind="503", count=2)
    found = reached.run(lambda client: client.get_all("crm.lead.list", {"select": ["ID"]}))

    assert len({one["ID"] for one in found}) == len(found) > 0
    assert reached.portal.session.get(f"{reached.portal.url}/sandbox/faults", timeout=120).json()["happened"]["503"] == 2
    reached.portal.session.delete(f"{reached.portal.url}/sandbox/faults", timeout=120)
