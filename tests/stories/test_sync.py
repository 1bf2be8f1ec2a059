"""The mirror and a portal that lives, over real HTTP: whatever happens there, in the end both sides are equal."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from b24app.bitrix.door import Door
from b24app.context import Context, Portal, Viewer, utc_now
from b24app.drain import drain, fill, reconcile
from b24app.store.changes import Change, save_changes
from b24app.store.mirror import PortalStores
from b24app.store.settings import AppStore
from b24app.sync.entities import RECORDS

ROOT = Path(__file__).parents[2]
SIZE = ("--company", "demo", "--contacts", "60", "--deals", "160", "--seed", "3", "--limits", "none")
COMPARED = ("id", "title", "name", "stageId", "opportunity", "companyId", "comments")


class PortalOnHttp:
    """A sandbox process, asked by its incoming webhook."""

    def __init__(self, said: dict[str, str]) -> None:
        self.url, self.webhook, self.client_id = said["url"], said["webhook"], said["client_id"]

    def call(self, method: str, **params: Any) -> Any:
        """Return a method's result; an error fails the test."""
        answer = requests.post(self.webhook + method, json=params, timeout=30).json()
        assert "error" not in answer, answer
        return answer["result"]

    def items(self, type_id: int) -> dict[int, dict[str, Any]]:
        """Read all records of an entity, page after page by offset: another way than the app's."""
        found: dict[int, dict[str, Any]] = {}
        while page := self.call("crm.item.list", entityTypeId=type_id, order={"id": "ASC"}, start=len(found))["items"]:
            found |= {item["id"]: item for item in page}
            if len(page) < 50:
                break
        return found

    def token(self) -> str:
        """Return the token that the portal posts into the app's frame for its administrator."""
        asked = {"client_id": self.client_id, "user_id": 1, "placement": "DEFAULT", "options": {}}
        return str(requests.post(f"{self.url}/sandbox/open", json=asked, timeout=30).json()["form"]["AUTH_ID"])


class OneToken:
    """A token that lives for the whole test."""

    def __init__(self, token: str) -> None:
        self._token = token

    def access(self) -> str:
        """Return it."""
        return self._token

    def renew(self, stale: str) -> str:
        """It never becomes stale."""
        raise AssertionError("renewed")


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[PortalOnHttp]:
    """A small company in a portal on a free port."""
    command = [
        sys.executable,
        "-m",
        "sandbox",
        "serve",
        "--port",
        "0",
        "--data",
        str(tmp_path / "portal"),
        *SIZE,
        "--app",
        "http://127.0.0.1:9",
    ]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield PortalOnHttp(json.loads(process.stdout.readline()))
        finally:
            process.terminate()


@pytest.fixture
def ctx(tmp_path: Path, portal: PortalOnHttp) -> Iterator[Context]:
    """The worker's context for that portal."""
    door, stores, app_store = Door([portal.url]), PortalStores(tmp_path / "app"), AppStore(tmp_path / "app.db")
    log = logging.LoggerAdapter(logging.getLogger("test"), {})
    nothing: Any = None
    client = door.bulk_client(door.place(portal.url), OneToken(portal.token()), "ent")
    about = Portal(member_id="m1", url=portal.url, time_zone="Europe/Moscow")
    try:
        yield Context(about, Viewer.system(), nothing, app_store, stores.writer("m1"), client, log)
    finally:
        door.close()
        stores.close()
        app_store.close()


def assert_equal(ctx: Context, portal: PortalOnHttp) -> None:
    """Compare the values of every record."""
    for entity in RECORDS:
        columns = {column.source: column.name for column in entity.columns if column.source in COMPARED}
        there = {
            number: {name: item.get(source) or None for source, name in columns.items()}
            for number, item in portal.items(entity.type_id or 0).items()
        }
        here = {
            row["id"]: {name: row[name] or None for name in columns.values()} for row in ctx.store.rows(f"SELECT * FROM {entity.table}")
        }
        assert here == there, entity.key


def test_mirror_follows_a_portal_that_lives(ctx: Context, portal: PortalOnHttp) -> None:
    """First sync; changes that events tell of; changes that nobody told of; a field that is new."""
    fill(ctx)
    assert_equal(ctx, portal)
    ids = sorted(portal.items(2))

    portal.call("crm.item.update", entityTypeId=2, id=ids[0], fields={"title": "Told", "opportunity": 12345.5})
    portal.call("crm.item.delete", entityTypeId=2, id=ids[1])
    rows = [{"productName": "Told", "price": 10, "quantity": 3}]
    portal.call("crm.item.productrow.set", ownerType="D", ownerId=ids[0], productRows=rows)
    save_changes(ctx.store, [Change("deal", ids[0]), Change("deal", ids[1], "removed")], utc_now().strftime("%Y-%m-%dT%H:%M:%SZ"))
    assert drain(ctx) == 2
    assert_equal(ctx, portal)
    assert ctx.store.rows("SELECT product_name, price, quantity FROM product_row WHERE owner_id = ?", (ids[0],)) == [
        {"product_name": "Told", "price": 10.0, "quantity": 3.0}
    ]

    portal.call("crm.deal.userfield.add", fields={"FIELD_NAME": "NEW", "USER_TYPE_ID": "string", "LABEL": "New"})
    portal.call("crm.item.update", entityTypeId=2, id=ids[2], fields={"UF_CRM_NEW": "value"}, useOriginalUfNames="Y")
    portal.call("crm.item.update", entityTypeId=2, id=ids[3], fields={"categoryId": 1, "stageId": "C1:NEW"})
    portal.call("crm.item.delete", entityTypeId=3, id=min(portal.items(3)))
    added = portal.call("crm.item.add", entityTypeId=4, fields={"title": "Untold"})["item"]["id"]
    report = reconcile(ctx)
    assert_equal(ctx, portal)
    assert (report["contact"]["deleted"], report["company"]["added"]) == (1, 1)
    assert ctx.store.row("SELECT uf_crm_new FROM deal WHERE id = ?", (ids[2],)) == {"uf_crm_new": "value"}
    assert ctx.store.row("SELECT key FROM client WHERE entity_id = ? AND kind = 'company'", (added,)) == {"key": f"CO_{added}"}

    second = reconcile(ctx, full=True)
    assert {found[what] for found in second.values() for what in ("added", "changed", "deleted")} == {0}
