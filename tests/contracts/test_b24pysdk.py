"""The vendor's Python SDK drives the portal over HTTPS, unchanged: it believes that it talks to a cloud portal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from b24pysdk import BitrixApp, BitrixToken, BitrixWebhook, Client, Config, errors
from b24pysdk.credentials import OAuthEventData, OAuthPlacementData, OAuthWorkflowData
from b24pysdk.errors import oauth

from tests.contracts.conftest import PORTAL
from tests.sandbox.receiver import Receiver
from tests.sandbox.served import Served

SCOPES = ["crm", "bizproc", "placement", "user", "im"]


@dataclass(frozen=True)
class Installed:
    """An application of the receiver, opened by the administrator."""

    app: BitrixApp
    placement: OAuthPlacementData
    token: BitrixToken

    @property
    def client(self) -> Any:
        return Client(self.token)


@pytest.fixture(autouse=True)
def _patience() -> None:
    """One attempt: the SDK itself waits seconds between attempts after 503."""
    Config().configure(default_max_retries=1)


@pytest.fixture
def opened(real: Served, receiver: Receiver) -> Iterator[Installed]:
    """A new application in its installer, with what the portal posts into the frame."""
    keys = real.control("apps", title="SDK", handler=f"{receiver.url}/app", installer=f"{receiver.url}/install", scopes=SCOPES)
    app = BitrixApp(**keys)
    placement = read_frame(real.control("open", client_id=app.client_id, user_id=1))
    yield Installed(app, placement, BitrixToken.from_oauth_placement_data(placement, app))
    real.control("uninstall", client_id=app.client_id)


@pytest.fixture
def installed(real: Served, opened: Installed) -> Installed:
    """The same application, its installation finished."""
    real.control("install-finish", client_id=opened.app.client_id)
    return opened


@pytest.fixture
def client(real: Served) -> Any:
    """The SDK's client with a webhook."""
    return Client(BitrixWebhook(domain=PORTAL, webhook_token=webhook_token(real.about["webhook"])))


def webhook_token(address: str) -> str:
    return address.split("/rest/")[1]


def read_frame(frame: dict[str, Any]) -> OAuthPlacementData:
    """Return the SDK's reading of the post into a frame: query and form together."""
    return OAuthPlacementData.from_dict({**dict(parse_qsl(urlsplit(frame["url"]).query)), **frame["form"]})


def test_frame_is_read_and_its_token_confirmed(opened: Installed) -> None:
    """The token of the frame is the administrator's; the authorization server vouches for portal, application and scopes."""
    info = opened.token.get_app_info().result

    assert opened.placement.validate_against_app_info(info)
    assert (opened.placement.domain, opened.placement.protocol, opened.placement.placement) == (PORTAL, 1, "DEFAULT")
    assert (info.client_id, info.user_id, info.scope) == (opened.app.client_id, 1, SCOPES)
    assert (info.install.installed, info.install.client_endpoint) == (False, f"https://{PORTAL}/rest/")


def test_installation_is_finished(real: Served, opened: Installed, receiver: Receiver) -> None:
    """What the installer binds is there at once; the application counts as installed after installFinish."""
    client = opened.client
    assert client.event.bind(event="ONCRMDEALADD", handler=f"{receiver.url}/events").result is True
    assert client.placement.bind(placement="CRM_DEAL_DETAIL_TAB", handler=f"{receiver.url}/tab", title="SDK").result is True
    before = client.app.info().result
    real.control("install-finish", client_id=opened.app.client_id)

    assert (before["INSTALLED"], client.app.info().result["INSTALLED"]) == (False, True)
    assert [one["event"] for one in client.event.get().result] == ["ONCRMDEALADD"]
    assert opened.token.get_app_info().result.install.installed is True


def test_tokens_come_for_a_code(real: Served, installed: Installed) -> None:
    """The authorization code grant; the code serves once."""
    with real.session.get(f"{real.url}/oauth/authorize/", params={"client_id": installed.app.client_id}, allow_redirects=False) as answer:
        query = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))
    granted = installed.app.get_oauth_token(query["code"])
    token = BitrixToken.from_oauth(granted, installed.app)

    assert (query["domain"], query["server_domain"]) == (PORTAL, "oauth.bitrix24.tech")
    assert (granted.user_id, granted.portal_domain, granted.scope) == (1, PORTAL, SCOPES)
    assert Client(token).profile().result["ID"] == "1"
    with pytest.raises(oauth.BitrixOAuthInvalidGrant):
        installed.app.get_oauth_token(query["code"])


def test_tokens_are_renewed_once(installed: Installed) -> None:
    """A renewal gives a pair that works; the old refresh token is dead."""
    old = installed.token.oauth_token
    installed.token.refresh_and_set_oauth_token()

    assert installed.token.auth_token != old.access_token
    assert installed.client.profile().result["ID"] == "1"
    with pytest.raises(oauth.BitrixOAuthInvalidGrant):
        installed.app.refresh_oauth_token(old.refresh_token)


def test_expired_token_is_renewed_by_the_sdk(real: Served, installed: Installed) -> None:
    """401 expired_token makes the SDK renew and repeat; the caller sees an answer."""
    old = installed.token.auth_token
    real.control("faults", kind="401", client=installed.app.client_id)

    assert installed.client.profile().result["ID"] == "1"
    assert installed.token.auth_token != old


def test_lists_are_whole(client: Any) -> None:
    """Page by page in batches, and by the fast keyset: the same records, each once."""
    paged = client.crm.deal.list(select=["ID"]).as_list().result
    fast = list(client.crm.deal.list(select=["ID"]).as_list_fast().result)
    newest = list(client.crm.deal.list(select=["ID"]).as_list_fast(descending=True, limit=70).result)
    items = client.crm.item.list(entity_type_id=2, select=["id"]).as_list().result
    people = client.user.get().as_list().result

    ids = [one["ID"] for one in fast]
    assert len(ids) == len(set(ids)) >= 260
    assert [one["ID"] for one in newest] == ids[::-1][:70]
    assert sorted(ids) == sorted(one["ID"] for one in paged) == sorted(str(one["id"]) for one in items)
    assert {one["ID"] for one in people} >= {"1", "2"}


def test_universal_list_is_read_fast(client: Any) -> None:
    """crm.item.list by the SDK's keyset chain inside of batches."""
    found = [one["id"] for one in client.crm.item.list(entity_type_id=3, select=["id"]).as_list_fast().result]

    assert found == sorted(set(found))
    assert len(found) >= 120


def test_batch_refers_to_its_own_results(client: Any) -> None:
    """Later commands use earlier results; a failed one is named and the rest go on."""
    token = client._bitrix_token
    answer = token.call_batch(
        {
            "new": ("crm.deal.add", {"fields": {"TITLE": "Пакет & Ко", "OPPORTUNITY": 10}}),
            "read": ("crm.deal.get", {"id": "$result[new]"}),
            "wrong": ("crm.deal.get", {"id": 10**9}),
        }
    )["result"]

    assert answer["result"]["read"]["TITLE"] == "Пакет & Ко"
    assert set(answer["result_error"]) == {"wrong"}
    assert answer["result_error"]["wrong"]["error_description"] == "Not found"


def test_long_batch_is_split_by_the_sdk(client: Any) -> None:
    """120 commands are three requests; all answers come back."""
    answer = client._bitrix_token.call_batches([("crm.deal.get", {"id": number}) for number in range(1, 121)])["result"]
    found = answer["result"].values() if isinstance(answer["result"], dict) else answer["result"]

    assert sorted(int(one["ID"]) for one in found) == list(range(1, 121))


def test_records_are_added_and_changed(client: Any) -> None:
    """Both families write the same deal; numbers are text in the old one and numbers in the universal one."""
    key = client.crm.deal.add(fields={"TITLE": "Сделка", "OPPORTUNITY": 1500.5, "CURRENCY_ID": "RUB", "CONTACT_IDS": [1, 2]}).result
    title = {"title": "Новая", "stageId": "PREPARATION"}
    changed = client.crm.item.update(entity_type_id=2, bitrix_id=key, fields=title).result["item"]
    old, item = client.crm.deal.get(bitrix_id=key).result, client.crm.item.get(entity_type_id=2, bitrix_id=key).result["item"]

    assert (old["ID"], old["TITLE"], old["OPPORTUNITY"], old["STAGE_ID"]) == (str(key), "Новая", "1500.50", "PREPARATION")
    assert (changed["id"], changed["title"]) == (key, "Новая")
    assert (item["id"], item["opportunity"], item["contactIds"]) == (key, 1500.5, [1, 2])
    assert client.crm.deal.delete(bitrix_id=key).result is True


def test_contact_keeps_its_phones(client: Any) -> None:
    """Multi-fields are written and come back with ids."""
    phone = {"VALUE": "+7 900 000-00-01", "VALUE_TYPE": "WORK"}
    key = client.crm.contact.add(fields={"NAME": "Анна", "PHONE": [phone]}).result

    (found,) = client.crm.contact.get(bitrix_id=key).result["PHONE"]
    assert (found["VALUE"], found["VALUE_TYPE"], found["TYPE_ID"]) == ("+7 900 000-00-01", "WORK", "PHONE")
    assert client.crm.contact.list(filter={"PHONE": "+7 900 000-00-01"}, select=["ID"]).result == [{"ID": str(key)}]


@pytest.mark.parametrize(
    ("method", "params", "error"),
    [
        ("crm.imagined.list", {}, errors.BitrixAPINotFound),
        ("app.info", {}, errors.BitrixAPIAccessDenied),
        ("placement.bind", {"PLACEMENT": "CRM_DEAL_DETAIL_TAB", "HANDLER": "https://x.example/"}, errors.BitrixAPIWrongAuthType),
        ("crm.item.list", {"entityTypeId": 2, "filter": {"imagined": 1}}, errors.BitrixAPIInvalidArgValue),
        ("crm.item.get", {"entityTypeId": 2, "id": 10**9}, errors.BitrixAPINotFound),
        ("crm.deal.get", {"id": 10**9}, errors.BitrixAPIBadRequest),
    ],
)
def test_mistakes_have_their_types(client: Any, method: str, params: dict[str, Any], error: type[Exception]) -> None:
    """Wrong method, wrong kind of authorization, wrong field, nobody's record."""
    with pytest.raises(error) as raised:
        client._bitrix_token.call_method(method, params)

    assert type(raised.value) is error


def test_missing_rights_have_their_types(real: Served, installed: Installed) -> None:
    """A wrong webhook, a foreign token, a scope that was not granted, an expired token that cannot be renewed."""
    stranger = Client(BitrixWebhook(domain=PORTAL, webhook_token="1/wrong"))
    narrow = real.control("webhooks", scopes=["user"])["webhook"]
    one_off = BitrixToken(domain=PORTAL, auth_token=installed.token.auth_token, bitrix_app=installed.app)
    foreign = BitrixToken(domain=PORTAL, auth_token="x" * 70, bitrix_app=installed.app)

    with pytest.raises(oauth.BitrixOAuthNoAuthFound):
        stranger.profile().call()
    with pytest.raises(oauth.BitrixOAuthNoAuthFound):
        Client(foreign).profile().call()
    with pytest.raises(errors.BitrixAPIInsufficientScope):
        Client(BitrixWebhook(domain=PORTAL, webhook_token=webhook_token(narrow))).crm.deal.list().call()
    real.control("faults", kind="401", client=installed.app.client_id)
    with pytest.raises(errors.BitrixAPIExpiredToken):
        Client(one_off).profile().call()


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("503", errors.BitrixAPIQueryLimitExceeded),
        ("429", errors.BitrixAPIOperationTimeLimit),
        ("500", errors.BitrixAPIInternalServerError),
        ("truncated", errors.BitrixResponseJSONDecodeError),
        ("html", errors.BitrixResponseJSONDecodeError),
        ("dropped", errors.BitrixRequestError),
        ("unanswered", errors.BitrixRequestError),
    ],
)
def test_ordered_faults_have_their_types(real: Served, installed: Installed, kind: str, error: type[Exception]) -> None:
    """Each fault hits the next call of this client and no other; the call after it is answered."""
    real.control("faults", kind=kind, client=installed.app.client_id)

    with pytest.raises(error):
        installed.client.profile().call()
    assert installed.client.profile().result["ID"] == "1"


def test_secret_of_another_application_gives_no_tokens(installed: Installed) -> None:
    """invalid_client, by its own type."""
    wrong = BitrixApp(client_id=installed.app.client_id, client_secret="wrong")

    with pytest.raises(oauth.BitrixOAuthInvalidClient):
        wrong.refresh_oauth_token(installed.token.refresh_token)


def test_event_is_read(real: Served, installed: Installed, receiver: Receiver) -> None:
    """An event of a person: its tokens work, its member and domain are confirmed, its secret is the frame's."""
    installed.client.event.bind(event="ONCRMDEALADD", handler=f"{receiver.url}/events").call()
    key = installed.client.crm.deal.add(fields={"TITLE": "Событие"}).result
    receiver.wait_for(1)
    event = OAuthEventData.from_dict(receiver.raw[0])
    token = BitrixToken.from_oauth_event_data(event, installed.app)

    assert (event.event, event.data) == ("ONCRMDEALADD", {"FIELDS": {"ID": str(key)}})
    assert event.validate_against_app_info(event.get_app_info(installed.app))
    assert event.auth.application_token == real.control("open", client_id=installed.app.client_id)["form"]["APPLICATION_TOKEN"]
    assert Client(token).profile().result["ID"] == "1"


def test_events_of_installing_and_uninstalling_are_read(real: Served, opened: Installed, receiver: Receiver) -> None:
    """ONAPPINSTALL brings tokens, ONAPPUNINSTALL none: the SDK takes it for a system event."""
    for name in ("ONAPPINSTALL", "ONAPPUNINSTALL"):
        opened.client.event.bind(event=name, handler=f"{receiver.url}/events").call()
    real.control("install-finish", client_id=opened.app.client_id)
    receiver.wait_for(1)
    real.control("uninstall", client_id=opened.app.client_id)
    receiver.wait_for(2)
    first, last = map(OAuthEventData.from_dict, receiver.raw)

    assert (first.event, first.is_system, last.event, last.is_system) == ("ONAPPINSTALL", False, "ONAPPUNINSTALL", True)
    assert first.auth.application_token == last.auth.application_token


def test_robot_call_is_read_and_answered(real: Served, installed: Installed, receiver: Receiver) -> None:
    """A robot on a stage is called with properties of the deal; its answer sets the chain going."""
    client = installed.client
    client.bizproc.robot.add(
        code="sdk",
        handler=f"{receiver.url}/robot",
        name="SDK",
        auth_user_id=1,
        use_subscription=True,
        properties={"title": {"Name": "Title", "Type": "string"}},
        return_properties={"answer": {"Name": "Answer", "Type": "string"}},
    ).call()
    rule = {"category_id": 0, "stage_id": "PREPARATION", "robot": "sdk", "client_id": installed.app.client_id}
    real.control("automation", **rule, properties={"title": "{=Document:TITLE}"})
    key = client.crm.deal.add(fields={"TITLE": "Робот"}).result
    client.crm.deal.update(bitrix_id=key, fields={"STAGE_ID": "PREPARATION"}).call()
    receiver.wait_for(1)
    call = OAuthWorkflowData.from_dict(receiver.raw[0])
    token = BitrixToken.from_oauth_workflow_data(call, installed.app)

    assert (call.code, call.document_id, call.use_subscription) == ("sdk", ["crm", "CCrmDocumentDeal", f"DEAL_{key}"], True)
    assert call.properties == {"title": "Робот"}
    assert call.validate_against_app_info(call.get_app_info(installed.app))
    assert Client(token).bizproc.event.send(event_token=call.event_token, return_values={"answer": "да"}).result is True
    with real.session.get(f"{real.url}/sandbox/workflows", params={"deal": key}) as answer:
        (run,) = answer.json()
    assert (run["state"], run["return_values"]) == ("answered", {"answer": "да"})


def test_placement_is_read(real: Served, installed: Installed, receiver: Receiver) -> None:
    """A tab of a deal gets its options as JSON; ordinary pages get none."""
    installed.client.placement.bind(placement="CRM_DEAL_DETAIL_TAB", handler=f"{receiver.url}/tab", title="SDK").call()
    frame = real.control("open", client_id=installed.app.client_id, user_id=2, placement="CRM_DEAL_DETAIL_TAB", options={"ID": "1"})
    tab = read_frame(frame)

    assert (tab.placement, tab.placement_options) == ("CRM_DEAL_DETAIL_TAB", {"ID": "1"})
    assert Client(BitrixToken.from_oauth_placement_data(tab, installed.app)).profile().result["ID"] == "2"
