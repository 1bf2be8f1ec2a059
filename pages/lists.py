"""Static segments on pages: a list is typed or uploaded, its report read, a client put on it or taken off. The worker does the work."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, Response, request

from b24app.context import Context
from b24app.errors import Mistaken
from b24app.portals.journal import LIST, note
from b24app.segments.definitions import check_may_define
from b24app.segments.files import LARGEST, read_file
from b24app.segments.lists import get_list, make_list, plan_freeze
from b24app.store.lists import count_cards, list_imports, list_titles
from pages.choosing import choose_client
from pages.rendering import answer, fragment, services, session

blueprint = Blueprint("lists", __name__)


@blueprint.before_request
def allow_files() -> None:
    """A list may be larger than what Bitrix24 posts."""
    request.max_content_length = LARGEST + 65_536
    request.max_form_memory_size = LARGEST


@blueprint.get("/lists/new")
def open_new() -> Response:
    """Show the form of a new list."""
    viewer = session()
    ctx = services().context(viewer)
    check_may_define(ctx)
    return answer(fragment("list_new.html", ctx), viewer)


@blueprint.post("/lists")
def save_list() -> Response:
    """Make a list of the lines that were typed or uploaded, then show it as it fills."""
    viewer = session()
    ctx = services().context(viewer)
    name, rows = _uploaded()
    key = make_list(ctx, request.form.get("title", ""), request.form.get("purpose", ""))
    _order_import(viewer.member_id, key, name, rows)
    return answer(show_list(ctx, key, is_waiting=True), viewer)


@blueprint.get("/segments/<key>/list")
def open_list(key: str) -> Response:
    """Show a list: what the imports have found, the form for more."""
    viewer = session()
    return answer(show_list(services().context(viewer), key, is_waiting=bool(request.args.get("wait"))), viewer)


@blueprint.post("/segments/<key>/list/import")
def import_more(key: str) -> Response:
    """Add lines to a list."""
    viewer = session()
    ctx = services().context(viewer)
    get_list(ctx, key)
    name, rows = _uploaded()
    note(ctx, LIST, key, after={"import": name, "lines": len(rows)})
    _order_import(viewer.member_id, key, name, rows)
    return answer(show_list(ctx, key, is_waiting=True), viewer)


@blueprint.post("/segments/<key>/list/change")
def change(key: str) -> Response:
    """Put a client on the list or take him off."""
    viewer = session()
    ctx = services().context(viewer)
    get_list(ctx, key)
    client = choose_client(ctx, request.form.get("client", ""))
    if client not in list_titles(ctx.store, ctx.viewer, [client]):
        raise Mistaken("There is no such client.", "Такого клиента нет.")
    payload = {"name": "change_list", "list": key, "client": client, "put": request.form.get("put") == "1"}
    note(ctx, LIST, key, **{"after" if payload["put"] else "before": {"client": client}})
    services().inbox.append("command", viewer.member_id, payload)
    return answer(show_list(ctx, key, is_waiting=True), viewer)


@blueprint.post("/segments/<key>/freeze")
def freeze(key: str) -> Response:
    """Make a list of those who are in a segment now."""
    viewer = session()
    ctx = services().context(viewer)
    made = plan_freeze(ctx, key, request.form.get("title", ""))
    services().inbox.append("command", viewer.member_id, {"name": "freeze", "segment": key, "list": made})
    return answer(show_list(ctx, made, is_waiting=True), viewer)


def show_list(ctx: Context, key: str, is_waiting: bool = False) -> str:
    """Return the page of a list."""
    definition = get_list(ctx, key)
    imports = list_imports(ctx.store, key)
    named = {client for one in imports for line in one["lines"] for client in line["clients"]}
    values = {"definition": definition, "imports": imports, "titles": list_titles(ctx.store, ctx.viewer, sorted(named))}
    return fragment("list.html", ctx, **values, cards=count_cards(ctx.store, key), is_waiting=is_waiting)


def _uploaded() -> tuple[str, list[list[str]]]:
    """Return the name and rows of the file, else of the text. Raises Mistaken."""
    file = request.files.get("file")
    if file and file.filename:
        return file.filename[-80:], read_file(file.filename[-80:], file.read(LARGEST + 1))
    text = request.form.get("text", "")
    if not text.strip():
        raise Mistaken("Choose a file or type the list.", "Выберите файл или введите список.")
    return "", read_file("", text.encode())


def _order_import(member_id: str, key: str, name: str, rows: list[list[str]]) -> None:
    number = uuid.uuid4().hex
    payload: dict[str, Any] = {"name": "import_list", "list": key, "file": name, "rows": rows, "id": number}
    services().inbox.append("command", member_id, payload, number)
