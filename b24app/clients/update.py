"""Brings clients and their facts up to date with the mirror. The worker calls it; one transaction a call.

Does not ask the portal, does not know segments: it returns whom the change concerned, for `segments.membership.refresh`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from b24app.clients.facts import STORED, catalogue
from b24app.clients.identity import client_row, group_keys
from b24app.store import clients as sql
from b24app.store.upserts import upsert

if TYPE_CHECKING:
    from b24app.context import Context

INSTANT = "%Y-%m-%dT%H:%M:%SZ"


def update_clients(ctx: Context, keys: Iterable[str] | None = None) -> set[str] | None:
    """Work out the whole base (None; also after the rates of currencies have changed), or only these clients.

    Returns the keys that it concerned, None for all: what `segments.membership.refresh` takes.
    """
    if keys is not None:
        return update_changed(ctx, group_keys(keys))
    with ctx.store.write():
        _rebuild(ctx, whole=True)
    return None


def update_changed(ctx: Context, changed: Mapping[str, Iterable[int]]) -> set[str]:
    """Take in changed, new and deleted records: entity (contact, company, deal; others concern no client) to ids.

    Called after the mirror has them. Returns the keys of all clients that had or now have something of theirs, also of those
    that are clients no more.
    """
    with ctx.store.write():
        sql.begin_scope(ctx.store, changed)
        _rebuild(ctx, whole=False)
        return sql.list_touched(ctx.store)


def _rebuild(ctx: Context, whole: bool) -> None:
    store = ctx.store
    sql.save_catalogue(store, catalogue())
    sql.assign(store, ctx.portal.currency, whole)
    dates = ((_date_of(row["moved_time"], ctx), row["deal_id"]) for row in sql.list_undated(store, whole))
    sql.save_purchase_dates(store, dates)
    sql.remove_cards(store, whole)
    for cards in sql.list_cards(store, whole):
        upsert(store, "client", [client_row(card) for card in cards])
    sql.save_facts(store, STORED, whole)


def _date_of(instant: str, ctx: Context) -> str:
    """Return the date in the portal's zone: a deal won at half past midnight there belongs to that day."""
    return datetime.strptime(instant, INSTANT).replace(tzinfo=UTC).astimezone(ctx.portal.zone).date().isoformat()
