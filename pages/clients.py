"""One client as people see him: the few numbers that speak, his rhythm, segments with reasons, then all that is known.

In a deal's tab also its offers. Asks rooms, decides nothing but the order.
"""

from __future__ import annotations

from flask import Blueprint, Response

from b24app.clients.cards import ClientCard, FactValue, find_client, find_owner, list_bought, list_purchases, reveal_client
from b24app.clients.fact import GROUPS
from b24app.context import Context
from b24app.documents.issue import list_offers
from b24app.errors import NotFound
from b24app.segments.explain import explain
from b24app.segments.reading import get_segment, list_segments_of
from pages.charts import Rhythm, rhythm
from pages.rendering import answer, fragment, services, session

HEADLINE = ("purchases", "revenue", "average_purchase", "days_since_purchase", "next_purchase", "retention", "rfm_group", "open_complaints")

blueprint = Blueprint("clients", __name__)


@blueprint.get("/clients/<key>")
def open_client(key: str) -> Response:
    """Show one client."""
    viewer = session()
    ctx = services().context(viewer)
    client = find_client(ctx, key)
    if client is None:
        raise NotFound(f"client {key!r:.80}")
    return answer(fragment("client.html", ctx, **_parts(ctx, client)), viewer)


@blueprint.post("/clients/<key>/contacts")
def show_contacts(key: str) -> Response:
    """Show one client with his contacts; who wanted to see them is written down."""
    viewer = session()
    ctx = services().context(viewer)
    client = reveal_client(ctx, key)
    if client is None:
        raise NotFound(f"client {key!r:.80}")
    return answer(fragment("client.html", ctx, **_parts(ctx, client)), viewer)


@blueprint.get("/clients/<key>/why/<segment>")
def open_why(key: str, segment: str) -> Response:
    """Show every condition of a segment with this client's values: yes, no or unknown, and what would end it."""
    viewer = session()
    ctx = services().context(viewer)
    client = find_client(ctx, key)
    if client is None:
        raise NotFound(f"client {key!r:.80}")
    told, found = explain(ctx, segment, key), get_segment(ctx, segment)
    return answer(fragment("why.html", ctx, client=client, told=told, segment=found), viewer)


def show_card(ctx: Context, entity: str, record_id: int) -> str:
    """Return our tab in a card: whose it is, and a deal's offers."""
    key = find_owner(ctx, entity, record_id)
    client = find_client(ctx, key) if key else None
    offers = list_offers(ctx, record_id) if entity == "deal" else None
    parts = _parts(ctx, client) if client else {"client": None}
    return fragment("card.html", ctx, offers=offers, **parts)


def _parts(ctx: Context, client: ClientCard) -> dict[str, object]:
    return {
        "client": client,
        "headline": [fact for key in HEADLINE for fact in client.facts if fact.key == key and fact.value is not None],
        "rhythm": _rhythm(ctx, client.key),
        "segments": list_segments_of(ctx, client.key),
        "bought": list_bought(ctx, client.key),
        "groups": [(GROUPS[group][ctx.lang], facts) for group in GROUPS if (facts := _known(client, group))],
        "path": f"/crm/{client.kind}/details/{client.entity_id}/",
    }


def _known(client: ClientCard, group: str) -> list[FactValue]:
    """Who is not late has no lateness: a number below zero would only puzzle."""
    return [fact for fact in client.group(group) if fact.value is not None and not (fact.key == "overdue_days" and fact.value < 0)]


def _rhythm(ctx: Context, key: str) -> Rhythm | None:
    found = list_purchases(ctx, key)
    if found is None:
        return None
    return rhythm([(one.day, one.amount) for one in found.purchases if one.day], found.today, found.expected)
