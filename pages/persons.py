"""Personal data on a page: find a person, take out all that is held of him, erase it; which fields hold consents. Decides nothing."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from b24app.context import ADMINISTER, Context
from b24app.privacy.consents import CHANNELS, PARTS, find_chosen, list_choices, read_consents, save_fields
from b24app.privacy.person import export_person, find_cards, list_erasures, order_erasure, read_key, read_person
from pages import downloads
from pages.administration_words import TABLES
from pages.rendering import answer, fragment, services, session

blueprint = Blueprint("persons", __name__)

PERSON_FILE = "person"


@blueprint.get("/persons")
def open_persons() -> Response:
    """Show the page: found people, consents, what was erased."""
    viewer = session()
    return answer(show_persons(services().context(viewer), request.args.get("search", "")[:200]), viewer)


@blueprint.get("/persons/<key>")
def open_person(key: str) -> Response:
    """Show how much is held of a person, and what he has agreed to."""
    viewer = session()
    return answer(show_person(services().context(viewer), key), viewer)


@blueprint.post("/persons/<key>/erase")
def erase(key: str) -> Response:
    """Order the erasure of what we have kept of a person."""
    viewer = session()
    ctx = services().context(viewer)
    order_erasure(ctx, key)
    return answer(show_persons(ctx, said=("persons_ordered", key)), viewer)


@blueprint.post("/persons/consents")
def choose_consents() -> Response:
    """Choose the fields of consents."""
    viewer = session()
    ctx = services().context(viewer)
    save_fields(ctx, request.form.to_dict())
    return answer(show_persons(ctx, said=("consents_saved", "")), viewer)


@blueprint.get("/persons/file")
def download() -> Response:
    """Answer with all that is held of a person: the address was signed for this administrator and this person."""
    viewer, key = downloads.read_link(PERSON_FILE, request.args.get("token", ""))
    body = export_person(services().context(viewer), key)
    response = Response(body, mimetype="application/json")
    response.headers["Content-Disposition"] = f"attachment; filename={key}.json"
    return response


def show_persons(ctx: Context, search: str = "", said: tuple[str, str] = ("", "")) -> str:
    """Return the page's content. Raises NotAllowed."""
    ctx.viewer.check(ADMINISTER)
    values: dict[str, Any] = {"search": search, "said": said, "found": find_cards(ctx, search), "erasures": list_erasures(ctx)}
    choices = {part: list_choices(ctx, part) for part in PARTS}
    return fragment("persons.html", ctx, **values, channels=CHANNELS, parts=PARTS, chosen=find_chosen(ctx), choices=choices)


def show_person(ctx: Context, key: str) -> str:
    """Return the page of one person. Raises NotAllowed, NotFound."""
    found = read_person(ctx, key)
    consents = read_consents(ctx, *read_key(key))
    held = [(TABLES[table][ctx.lang] if table in TABLES else table, len(rows)) for table, rows in found["held"].items()]
    name = next((card.title for card in find_cards(ctx, key)), "") or key
    link = f"/persons/file?token={downloads.sign_link(session(), PERSON_FILE, key)}"
    return fragment("person.html", ctx, key=key, name=name, held=held, consents=consents, channels=CHANNELS, link=link)
