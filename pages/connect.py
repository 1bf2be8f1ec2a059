"""Outside the portal, for an administrator of this server alone: connect a portal by its webhook, open its pages.

Both are behind links that a command prints (`portal connect-link`, `portal open-link`): signed, and good for an hour.
"""

from __future__ import annotations

from flask import Blueprint, Response, make_response, render_template, request, url_for

from b24app.context import Portal
from b24app.errors import BitrixError, Mistaken, NotFound, Refused
from b24app.portals import registry
from b24app.portals.rights import SERVER
from b24app.portals.session import CONNECT, OPEN, Session
from b24app.portals.webhook import Desk, connect
from pages import segments
from pages.rendering import framed, services, shell
from pages.words import speaker

blueprint = Blueprint("connect", __name__)

NOWHERE = ("'none'",)  # who may frame these pages


@blueprint.get("/connect")
def show_form() -> Response:
    """Show the form."""
    key = request.args.get("key", "")
    return _page(200, key=key) if _is_good(key) else _over()


@blueprint.post("/connect")
def take_form() -> Response:
    """Connect, or say what to mend."""
    key, tools = request.form.get("key", ""), services()
    if not _is_good(key):
        return _over()
    try:
        portal = connect(Desk(tools.config, tools.app_store, tools.vault, tools.client_at), request.form.get("address", "")[:500], _lang())
    except Mistaken as mistake:
        return _page(422, key=key, problem=mistake.sentence(_lang()))
    except BitrixError:
        return _page(503, key=key, problem=speaker(_lang())("went_wrong"))
    return _page(200, portal=portal, link=url_for("pages.connect.open_pages", key=tools.signer.sign_link(OPEN, portal.member_id)))


@blueprint.get("/open")
def open_pages() -> Response:
    """Open a portal's pages in a browser, outside its frame."""
    try:
        portal = registry.get_portal(services().app_store, services().signer.verify_link(OPEN, request.args.get("key", "")))
    except (Refused, NotFound):
        return _over()
    viewer = Session(portal.member_id, SERVER, is_admin=True, lang=portal.lang)
    return framed(shell(_segments(viewer, portal), viewer, portal.url, "/segments", in_frame=False), NOWHERE)


def _segments(viewer: Session, portal: Portal) -> str:
    try:
        return segments.show_list(services().context(viewer))
    except NotFound:
        return render_template("message.html", tone="", text=speaker(portal.lang)("not_installed"))


def _is_good(key: str) -> bool:
    try:
        services().signer.verify_link(CONNECT, key)
    except Refused:
        return False
    return True


def _over() -> Response:
    return _framed(render_template("message.html", tone="bad", text=speaker(_lang())("link_over")), 403)


def _page(status: int, **values: object) -> Response:
    return _framed(render_template("connect.html", t=speaker(_lang()), **values), status)


def _framed(content: str, status: int) -> Response:
    html = render_template("plain.html", content=content, lang=_lang(), t=speaker(_lang()))
    return framed(make_response(html, status), NOWHERE)


def _lang() -> str:
    return request.accept_languages.best_match(["ru", "en"]) or "en"
