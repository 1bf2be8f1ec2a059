"""A portal on a free port and our mirror of it in this process, without web and worker: what one net alone can do."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from b24app.bitrix.door import Door
from b24app.context import Context, Portal, Viewer
from b24app.store.mirror import PortalStores
from b24app.store.settings import AppStore
from b24app.sync.entities import LISTED, Entity
from b24app.sync.rows import read_records

ROOT = Path(__file__).parents[2]
SIZE = ("--company", "demo", "--contacts", "60", "--deals", "160", "--seed", "3", "--limits", "none")
UNTOLD = ("lastActivityTime", "lastActivityBy")  # no event and no other time tells of them


class PortalOnHttp:
    """A sandbox process, asked by its incoming webhook."""

    def __init__(self, said: dict[str, str]) -> None:
        self.url, self.webhook, self.client_id = said["url"], said["webhook"], said["client_id"]

    def call(self, method: str, **params: Any) -> Any:
        """Return a method's result; an error fails the test."""
        answer = requests.post(self.webhook + method, json=params, timeout=120).json()
        assert "error" not in answer, answer
        return answer["result"]

    def records(self, entity: Entity) -> list[dict[str, Any]]:
        """Read all records of an entity, page after page by offset: another way than the app's."""
        source = entity.listed
        select = ["*", *(part.source for part in entity.parts)]
        found: list[dict[str, Any]] = []
        while True:
            asked = {**source.params, "select": select, "order": {source.id_name: "ASC"}, "start": len(found)}
            result = self.call(source.method, **asked)
            page = result[source.key] if source.key else result
            found += page
            if len(page) < 50:
                return found

    def ids(self, type_id: int) -> list[int]:
        """Return the ids of a kind of records."""
        entity = next(entity for entity in LISTED if entity.type_id == type_id)
        return [int(record["id"]) for record in self.records(entity)]

    def rows(self, deal_ids: list[int]) -> list[dict[str, Any]]:
        """Return the product rows of deals."""
        found: list[dict[str, Any]] = []
        while True:
            asked = {"filter": {"=ownerType": "D", "=ownerId": deal_ids}, "order": {"id": "ASC"}, "start": len(found)}
            page = self.call("crm.item.productrow.list", **asked)["productRows"]
            found += page
            if len(page) < 50:
                return found

    def token(self) -> str:
        """Return the token that the portal posts into the app's frame for its administrator."""
        asked = {"client_id": self.client_id, "user_id": 1, "placement": "DEFAULT", "options": {}}
        return str(requests.post(f"{self.url}/sandbox/open", json=asked, timeout=120).json()["form"]["AUTH_ID"])

    def finish_install(self) -> None:
        """From now on events are sent."""
        requests.post(f"{self.url}/sandbox/install-finish", json={"client_id": self.client_id}, timeout=120).raise_for_status()

    def wait_until_told(self) -> None:
        """Return when the portal has nothing left to post."""
        deadline = time.monotonic() + 120
        while any(letter["STATE"] in ("waiting", "sending") for letter in requests.get(f"{self.url}/sandbox/outbox", timeout=120).json()):
            assert time.monotonic() < deadline, "the portal still has something to tell"
            time.sleep(0.1)


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


@contextmanager
def running_portal(folder: Path) -> Iterator[PortalOnHttp]:
    """Start a small company in a portal; stop it at the end."""
    command = [sys.executable, "-m", "sandbox", "serve", "--port", "0", "--data", str(folder), *SIZE, "--app", "http://127.0.0.1:9"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield PortalOnHttp(json.loads(process.stdout.readline()))
        finally:
            process.terminate()


@contextmanager
def mirror_of(folder: Path, portal: PortalOnHttp, member_id: str = "m1") -> Iterator[Context]:
    """Give the worker's context for a portal, its mirror empty."""
    door, stores, app_store = Door([portal.url]), PortalStores(folder), AppStore(folder / "app.db")
    log = logging.LoggerAdapter(logging.getLogger("test"), {})
    nothing: Any = None
    client = door.bulk_client(door.place(portal.url), OneToken(portal.token()), "ent")
    about = Portal(member_id=member_id, url=portal.url, time_zone="Europe/Moscow")
    try:
        yield Context(about, Viewer.system(), nothing, app_store, stores.writer(member_id), client, log)
    finally:
        door.close()
        stores.close()
        app_store.close()


def find_differences(ctx: Context, portal: PortalOnHttp) -> list[str]:
    """Return every value in which mirror and portal differ, in words; an empty list means that they are equal."""
    found: list[str] = []
    for entity in LISTED:
        kept = [*entity.links, *entity.parts]
        columns = [column for column in entity.columns if column.source not in UNTOLD]
        batch = read_records(portal.records(entity), columns, kept, entity.key)
        names = ", ".join(f'"{column.name}"' for column in columns)
        found += _unequal(entity.key, ctx.store.rows(f'SELECT {names} FROM "{entity.table}"'), batch.rows)
        for link in (link for link in entity.links if link.is_owner):
            found += _unequal(link.table, ctx.store.rows(f'SELECT * FROM "{link.table}"'), batch.links[link.source])
        for part in entity.parts:
            found += _unequal(part.table, ctx.store.rows(f'SELECT * FROM "{part.table}"'), batch.parts[part.source])
    rows = {(row["id"], row["ownerId"], float(row["price"]), float(row["quantity"])) for row in portal.rows(portal.ids(2))}
    here = {tuple(row.values()) for row in ctx.store.rows("SELECT id, owner_id, price, quantity FROM product_row")}
    return found + [f"product row {row}" for row in sorted(rows ^ here)]


def _unequal(what: str, here: list[dict[str, Any]], there: list[dict[str, Any]]) -> list[str]:
    ours, theirs = ({tuple(sorted(row.items())) for row in rows} for rows in (here, there))
    found = [f"{what}: only in the mirror {dict(row)}" for row in sorted(ours - theirs, key=str)]
    return found + [f"{what}: only in the portal {dict(row)}" for row in sorted(theirs - ours, key=str)]


def live(portal: PortalOnHttp) -> None:
    """Let a busy day happen: additions, changes, removals, a merge, moves, calls, of every kind of record."""
    deals, contacts, companies, leads = (portal.ids(type_id) for type_id in (2, 3, 4, 1))
    for kind, ids in ((2, deals), (3, contacts), (4, companies), (1, leads)):
        name = "name" if kind == 3 else "title"
        for number in ids[5:12]:
            portal.call("crm.item.update", entityTypeId=kind, id=number, fields={name: f"Changed {number}"})
        portal.call("crm.item.delete", entityTypeId=kind, id=ids[-1])
        portal.call("crm.item.add", entityTypeId=kind, fields={name: "New", "comments": "of today"})
    portal.call("crm.item.update", entityTypeId=2, id=deals[0], fields={"companyId": companies[1], "contactIds": contacts[1:3]})
    portal.call("crm.item.update", entityTypeId=2, id=deals[1], fields={"stageId": "WON"})
    portal.call("crm.item.update", entityTypeId=2, id=deals[2], fields={"categoryId": 1, "stageId": "C1:NEW"})
    portal.call("crm.item.update", entityTypeId=4, id=companies[2], fields={"contactIds": contacts[3:5]})
    rows = [{"productName": "Told", "price": 10, "quantity": 3}]
    portal.call("crm.item.productrow.set", ownerType="D", ownerId=deals[3], productRows=rows)
    portal.call("crm.item.update", entityTypeId=2, id=deals[3], fields={"title": "With other rows"})
    _merge(portal, contacts[0])
    activities = [int(row["ID"]) for row in portal.records(next(entity for entity in LISTED if entity.key == "activity"))]
    portal.call("crm.activity.delete", id=activities[0])
    portal.call("crm.activity.update", id=activities[1], fields={"SUBJECT": "Changed", "COMPLETED": "Y"})
    todo = {"ownerTypeId": 2, "ownerId": deals[4], "deadline": "2030-02-03T15:00:00", "title": "Call again"}
    portal.call("crm.activity.todo.add", **todo)


def _merge(portal: PortalOnHttp, main: int) -> None:
    """Make a double of nobody in particular, give it a deal and a call, and merge it: what it had is moved without a word."""
    fields = {"name": "", "lastName": ""}
    double = portal.call("crm.item.add", entityTypeId=3, fields=fields)["item"]["id"]
    portal.call("crm.item.add", entityTypeId=2, fields={"title": "Of the double", "contactId": double})
    todo = {"ownerTypeId": 3, "ownerId": double, "deadline": "2030-02-03T15:00:00", "title": "Of the double"}
    portal.call("crm.activity.todo.add", **todo)
    for kept in (main, *portal.ids(3)):
        result = portal.call("crm.entity.mergeBatch", params={"entityTypeId": 3, "entityIds": [kept, double]})
        if result["STATUS"] == "SUCCESS":
            return
    raise AssertionError("nobody to merge with")
