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
from b24app.errors import BitrixError, NotAllowed, NotFound, NotFromBitrix
from b24app.portals.access import open_session
from b24app.portals.session import Session
from pages import BY_CODE, clients, segments
from pages.rendering import framed, services, shell
from pages.words import speaker

log = logging.getLogger(__name__)

blueprint = Blueprint("frame", __name__)

Show = Callable[[Context, Frame], str]


@blueprint.post("/app")
def open_app() -> Response:
    """Show the app's own page: the segments."""
    return _open("/segments", lambda ctx, _: segments.show_list(ctx))


@blueprint.post("/placements/<code>")
def open_placement(code: str) -> Response:
    """Show our tab in a card."""
    if code not in BY_CODE:
        raise NotFound(f"placement {code!r:.80}")
    entity = BY_CODE[code].entity
    return _open("/segments", lambda ctx, frame: clients.show_card(ctx, entity, frame.entity_id or 0))


def _open(start: str, show: Show) -> Response:
    frame = read_frame(request.args.to_dict(), read_form(request.form.items(multi=True)))
    try:
        viewer = open_session(services(), frame)
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
    content = render_template("message.html", tone="bad", text=speaker(lang)(key))
    html = render_template("plain.html", content=content, lang=read_lang(lang), t=speaker(lang))
    response = framed(Response(html), services().config.portals)
    response.status_code = status
    return response
