"""Ours in the race: the real first sync into a fresh store, and the real sweep behind ten thousand changes."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

from b24app.bitrix.budget import Budget
from b24app.bitrix.bulk import Bulk
from b24app.bitrix.client import Client, make_session
from b24app.bitrix.limits import BULK, ORDINARY, Pace
from b24app.bitrix.wire import Place
from b24app.config import Config
from b24app.context import WEBHOOK, Context, Portal, Viewer
from b24app.drain import fill, reconcile
from b24app.portals.tokens import NoTokens
from b24app.store.cursors import save_cursor
from b24app.store.mirror import PortalStores
from b24app.store.settings import AppStore
from b24app.sync.entities import FIXED
from b24app.sync.first import DONE, first_sync, plan_first_sync
from benchmarks.contest.watch import Watch

MEMBER = "bench"
RACED = ("contact", "company", "lead", "deal")
UNLIMITED = Pace(float("inf"), 1)
CHANGED = 10_000
BATCH = 50


@contextmanager
def context(webhook: str, limits: str) -> Iterator[Context]:
    """Yield a worker's context with a fresh store; its clients and budget are made as the app makes them."""
    parts = urlsplit(webhook)
    url, root = f"{parts.scheme}://{parts.netloc}", parts.path.strip("/")
    with TemporaryDirectory() as folder:
        data = Path(folder)
        config = Config(client_id="c", client_secret="s", url="http://app", portals=(url,), data_dir=data)
        place, session = Place(url, root), make_session()
        budget = Budget(UNLIMITED if limits == "none" else ORDINARY, path=data / "portal.budget")
        bulk = Bulk(place, NoTokens(), budget)
        client = Client(url, NoTokens(), budget, session, (url,), bulk, lane=BULK, root=root)
        stores, app_store = PortalStores(data), AppStore(data / "app.db")
        portal = Portal(MEMBER, url, time_zone="Europe/Moscow", access=WEBHOOK)
        log = logging.LoggerAdapter(logging.getLogger("bench"), {})
        try:
            yield Context(portal, Viewer.system(), config, app_store, stores.writer(MEMBER), client, log)
        finally:
            bulk.close()
            stores.close()
            app_store.close()
            session.close()
            budget.close()


def sync_lists(webhook: str, limits: str) -> dict[str, Any]:
    """First sync of the four lists alone, as others read them: everything else counts as done."""
    with context(webhook, limits) as ctx:
        watch = Watch()
        plan_first_sync(ctx, "bench")
        for entity in FIXED:
            if entity.key not in RACED:
                save_cursor(ctx.store, f"first:{entity.key}", DONE)
        counts = first_sync(ctx, "bench")
        return _found(ctx, watch, counts)


def sync_everything(webhook: str, limits: str) -> dict[str, Any]:
    """All that a worker does at install: every entity, then clients and segments."""
    with context(webhook, limits) as ctx:
        watch = Watch()
        counts = fill(ctx, "bench")
        found = _found(ctx, watch, counts)
        took = "SELECT step, round((julianday(finished_at) - julianday(started_at)) * 86400) AS s FROM progress ORDER BY position"
        return found | {"steps": {row["step"]: row["s"] for row in ctx.store.rows(took)}}


def sweep_changes(webhook: str, limits: str) -> dict[str, Any]:
    """Change deals behind the mirror's back, then sweep and drain until both sides are equal."""
    with context(webhook, limits) as ctx:
        first_sync(ctx, "bench")
        ids = [row["id"] for row in ctx.store.rows("SELECT id FROM deal ORDER BY id LIMIT ?", (CHANGED,))]
        _change(ctx, ids)
        spent, watch = ctx.bitrix.meter.requests, Watch()
        reconcile(ctx)
        found = _found(ctx, watch, {"deal": len(ids)})
        equal = ctx.store.rows("SELECT count(*) AS n FROM deal WHERE comments = 'changed' AND opportunity = 7")[0]["n"]
        if equal != len(ids):
            raise RuntimeError(f"{len(ids) - equal} changes are not here")
        return found | {"requests": ctx.bitrix.meter.requests - spent}


def _change(ctx: Context, ids: Sequence[int]) -> None:
    fields = {"comments": "changed", "opportunity": 7, "isManualOpportunity": "Y"}
    for first in range(0, len(ids), BATCH):
        asked = {f"u{number}": {"entityTypeId": 2, "id": number, "fields": fields} for number in ids[first : first + BATCH]}
        ctx.bitrix.batch({key: ("crm.item.update", params) for key, params in asked.items()}).raise_for_errors()


def _found(ctx: Context, watch: Watch, counts: dict[str, int]) -> dict[str, Any]:
    return watch.read() | {"requests": ctx.bitrix.meter.requests, "counts": counts}
