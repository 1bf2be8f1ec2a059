"""The addresses that Bitrix24 opens in a frame: the app's own page and its tabs in CRM cards.

The post is proven at Bitrix24 before anything is shown; from then on the frame's script carries a short signed session.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from flask import Blueprint, Response, render_template, request

from b24app.bitrix.incoming import Frame, read_frame, read_lang
from b24app.bitrix.payloads import read_form
from b24app.context import Context
from b24app.errors import BitrixError, NotAllowed, NotFound, NotFromBitrix, Refused
from b24app.portals.access import list_origins, open_session
from b24app.portals.renewal import renew_by_code, renew_by_frame
from b24app.portals.session import Session
from pages import BY_CODE, clients, robot_settings, segments
from pages.rendering import framed, services, shell
from pages.words import speaker

log = logging.getLogger(__name__)

blueprint = Blueprint("frame", __name__)

Show = Callable[[Context, Frame], str]


@blueprint.post("/app")
def open_app() -> Response:
    """Show the app's own page: the segments."""
    return _open("/segments", lambda ctx, _: segments.show_list(ctx))


@blueprint.get("/app")
def take_code() -> Response:
    """Take the authorization code with which a portal sends an administrator back; without one this is no page of a browser's."""
    code, state = (request.args.get(name, "")[:2000] for name in ("code", "state"))
    lang = read_lang(request.accept_languages.best_match(["ru", "en"]) or "en")
    if not code or not state:
        log.warning("frame refused", extra={"reason": "no code"})
        return _message("refused", lang, 400)
    try:
        portal = renew_by_code(services(), code, state)
    except Refused as error:
        log.warning("access not renewed", extra={"reason": str(error)})
        return _message("access_not_renewed", lang, 403)
    except BitrixError as error:
        log.warning("access not renewed", extra={"reason": error.code})
        return _message("went_wrong", lang, 503)
    return _message("access_renewed", portal.lang, 200)


@blueprint.post("/placements/<code>")
def open_placement(code: str) -> Response:
    """Show our tab in a card."""
    if code not in BY_CODE:
        raise NotFound(f"placement {code!r:.80}")
    entity = BY_CODE[code].entity
    return _open("/segments", lambda ctx, frame: clients.show_card(ctx, entity, frame.entity_id or 0))


@blueprint.post("/robots/<code>/settings")
def open_robot(code: str) -> Response:
    """Show the settings page of a robot, with the values that its form has now."""
    robot_settings.get_robot(code)

    def show(ctx: Context, frame: Frame) -> str:
        given = frame.options.get("current_values")
        return robot_settings.show(ctx, code, given if isinstance(given, dict) else {})

    return _open(f"/robots/{code}/settings", show)


def _open(start: str, show: Show) -> Response:
    frame = read_frame(request.args.to_dict(), read_form(request.form.items(multi=True)))
    try:
        viewer = open_session(services(), frame)
        renew_by_frame(services(), frame, viewer)
    except NotFromBitrix as error:
        log.warning("frame refused", extra={"reason": str(error), "member_id": frame.member_id[:40]})
        return _message("refused", frame.lang, 403)
    except BitrixError as error:
        log.warning("frame not proven", extra={"code": error.code, "member_id": frame.member_id})
        return _message("went_wrong", frame.lang, 503)
    return _show(viewer, frame, start, show)


def _show(viewer: Session, frame: Frame, start: str, show: Show) -> Response:
    try:
        ctx = services().context(viewer)
        content = show(ctx, frame)
    except NotAllowed:
        return _message("no_access", viewer.lang, 403)
    except NotFound:
        content = render_template("message.html", tone="", text=speaker(viewer.lang)("not_installed"))
    return shell(content, viewer, frame.origin, start)


def _message(key: str, lang: str, status: int) -> Response:
    """Show a sentence in place of the page, framed by whichever of our portals has opened it."""
    content = render_template("message.html", tone="bad" if status >= 400 else "good", text=speaker(lang)(key))
    html = render_template("plain.html", content=content, lang=read_lang(lang), t=speaker(lang))
    response = framed(Response(html), list_origins(services()))
    response.status_code = status
    return response
