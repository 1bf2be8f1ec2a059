"""One client as people see him: numbers, segments with reasons; in a deal's tab also its offers."""

from __future__ import annotations

from flask import Blueprint, Response

from b24app.clients.cards import ClientCard, find_client, find_owner
from b24app.context import Context
from b24app.documents.issue import list_offers
from b24app.errors import NotFound
from b24app.segments.reading import list_segments_of
from pages.rendering import answer, fragment, services, session

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


def show_card(ctx: Context, entity: str, record_id: int) -> str:
    """Return our tab in a card: whose it is, and a deal's offers."""
    key = find_owner(ctx, entity, record_id)
    client = find_client(ctx, key) if key else None
    offers = list_offers(ctx, record_id) if entity == "deal" else None
    parts = _parts(ctx, client) if client else {"client": None}
    return fragment("card.html", ctx, offers=offers, **parts)


def _parts(ctx: Context, client: ClientCard) -> dict[str, object]:
    return {"client": client, "segments": list_segments_of(ctx, client.key), "path": f"/crm/{client.kind}/details/{client.entity_id}/"}
