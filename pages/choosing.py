"""How a person chooses a client on a page: he types a name, a phone or an e-mail, and is offered who fits. Keys work as well."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from b24app.clients.identity import read_key
from b24app.context import Context
from b24app.errors import Mistaken
from b24app.portals.session import HEADER
from b24app.store.finding import find_clients
from pages.rendering import services, session

blueprint = Blueprint("choosing", __name__)

MOST = 12  # clients to choose from


@blueprint.get("/clients/found")
def suggest() -> Response:
    """Answer the names of the viewer's clients that have the words, as JSON."""
    viewer = session()
    ctx = services().context(viewer)
    found = find_clients(ctx.store, ctx.viewer, request.args.get("search", "")[:100], MOST)
    response = jsonify([row["title"] or row["key"] for row in found])
    response.headers[HEADER] = services().signer.sign(viewer)
    return response


def choose_client(ctx: Context, text: str) -> str:
    """Return the key that was typed, or that of the only client who fits the words. Raises Mistaken when nobody or several do."""
    text = text.strip()
    if read_key(text):
        return text
    found = find_clients(ctx.store, ctx.viewer, text, MOST) if text else []
    named = [row for row in found if row["title"] == text] or found
    if not named:
        raise Mistaken("There is no such client.", "Такого клиента нет.")
    if len(named) > 1:
        raise Mistaken("Several clients fit: write more.", "Подходит несколько клиентов: уточните.")
    return str(named[0]["key"])
