"""Brings clients and their facts up to date with the mirror. The worker calls it.

A few clients are one transaction; the whole base is many short ones, so that others may write in between: each leaves the clients
that it has worked out true. Does not ask the portal, does not know segments: it returns whom the change concerned, for
`segments.membership.refresh`.

What time alone changes: facts in days are counted when they are read; all that is stored and moves with the calendar (pauses,
states, scores, forecasts, ages) is worked out every night by `renew_facts`, together with what it is judged by.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from b24app.clients.counting import COLUMNS
from b24app.clients.crew import COUNTED, GONE, Counted, Terms, count_apart, list_cards, list_counted, terms_of
from b24app.clients.facts import catalogue
from b24app.clients.identity import group_keys
from b24app.clients.learning import Learned, learn_base, load_learned
from b24app.clients.settings import Choices, read_choices
from b24app.store import clients as sql
from b24app.store.cursors import find_cursor, save_cursor
from b24app.store.facts import save_catalogue, save_facts
from b24app.store.upserts import chunks, upsert

if TYPE_CHECKING:
    from b24app.context import Context

CLIENTS = 1000  # in one transaction: the others wait for some 150 ms, or a third of that when the crew has counted them
ALONE = 10  # pieces for which a crew is not worth starting
MODE = "client_mode"  # the cursor that says by which mode all were worked out


def update_clients(ctx: Context, keys: Iterable[str] | None = None) -> set[str] | None:
    """Work out the whole base (None; also after the rates of currencies have changed), or only these clients.

    Returns the keys that it concerned, None for all: what `segments.membership.refresh` takes.
    """
    if keys is not None:
        return update_changed(ctx, group_keys(keys))
    choices = read_choices(ctx)
    for scope in sql.list_ranges(ctx.store, "contact", "client_contact", "contact_id"):
        sql.assign_contacts(ctx.store, choices.mode, scope)
    with sql.filling_deals(ctx.store):
        for scope in sql.list_ranges(ctx.store, "deal", "client_deal", "deal_id"):
            with ctx.store.write():
                _assign_deals(ctx, choices, scope)
    save_cursor(ctx.store, MODE, choices.mode)
    _count_all(ctx, choices)
    return None


def update_changed(ctx: Context, changed: Mapping[str, Iterable[int]]) -> set[str]:
    """Take in changed, new and deleted records: entity (contact, company, deal; others concern no client) to ids.

    Called after the mirror has them. Returns the keys of all clients that had or now have something of theirs, also of those
    that are clients no more.
    """
    choices = read_choices(ctx)
    with ctx.store.write():
        sql.begin_scope(ctx.store, changed)
        sql.assign_contacts(ctx.store, choices.mode)
        _assign_deals(ctx, choices, sql.SCOPED)
        sql.touch_owners(ctx.store)
        _count_touched(ctx, terms_of(ctx, choices), load_learned(ctx.store))
        save_cursor(ctx.store, COUNTED, str(int(find_cursor(ctx.store, COUNTED) or 0) + 1))
        return sql.list_touched(ctx.store)


def renew_facts(ctx: Context) -> None:
    """Learn from the base as it is today and count all clients anew; whose things are is asked again only in a new mode."""
    choices = read_choices(ctx)
    if find_cursor(ctx.store, MODE) == choices.mode:
        _count_all(ctx, choices)
    else:
        update_clients(ctx)


def _assign_deals(ctx: Context, choices: Choices, scope: sql.Scope) -> None:
    sql.assign_deals(ctx.store, choices.mode, ctx.portal.currency, scope)
    dates = ((_date_of(row["moved_time"], ctx), row["deal_id"]) for row in sql.list_undated(ctx.store, scope))
    sql.save_purchase_dates(ctx.store, dates)


def _count_all(ctx: Context, choices: Choices) -> None:
    save_catalogue(ctx.store, catalogue())
    learn_base(ctx)
    learned, terms = load_learned(ctx.store), terms_of(ctx, choices)
    pieces = list(chunks(sql.list_all(ctx.store, choices.mode), CLIENTS))
    done, path = 0, ctx.store.path()
    if path and len(pieces) > ALONE:
        try:
            for keys, counted in count_apart(path, terms, pieces):
                _save(ctx, keys, terms, learned, counted)
                done += 1
        except GONE:
            ctx.log.warning("the crew that counts clients is gone, going on alone")
    for keys in pieces[done:]:
        _save(ctx, keys, terms, learned)


def _save(ctx: Context, keys: Sequence[str], terms: Terms, learned: Learned, counted: Counted | None = None) -> None:
    """Save some clients, as they were counted unless one of them has been counted by himself since."""
    with ctx.store.write():
        sql.touch(ctx.store, keys)
        if counted is None or counted.mark != find_cursor(ctx.store, COUNTED):
            _count_touched(ctx, terms, learned)
        else:
            sql.remove_cards(ctx.store)
            upsert(ctx.store, "client", counted.cards)
            save_facts(ctx.store, COLUMNS, counted.facts)


def _count_touched(ctx: Context, terms: Terms, learned: Learned) -> None:
    sql.remove_cards(ctx.store)
    upsert(ctx.store, "client", list_cards(ctx.store, terms))
    save_facts(ctx.store, COLUMNS, list_counted(ctx.store, terms, learned))


def _date_of(instant: str, ctx: Context) -> str:
    """Return the date in the portal's zone: a deal won at half past midnight there belongs to that day."""
    return datetime.fromisoformat(instant).astimezone(ctx.portal.zone).date().isoformat()
