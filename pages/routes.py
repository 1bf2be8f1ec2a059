"""All pages under one blueprint: its templates, its static files, and what they say when something goes wrong."""

from __future__ import annotations

import logging
from typing import cast

from flask import Blueprint, Response, current_app, render_template, request

from b24app.errors import AppError, Malformed, Mistaken, NotAllowed, NotFound, NotFromBitrix, Refused
from b24app.portals.session import HEADER
from pages import (
    builder,
    calls,
    choosing,
    clients,
    connect,
    downloads,
    frame,
    journal,
    leaving,
    lists,
    matrix,
    offer_rules,
    offers,
    persons,
    rights,
    robot_settings,
    segments,
    settings,
    sync,
)
from pages.rendering import services
from pages.words import speaker

log = logging.getLogger(__name__)

blueprint = Blueprint("pages", __name__, template_folder="templates", static_folder="static", static_url_path="/static")
for part in (
    rights,
    choosing,
    calls,
    robot_settings,
    journal,
    leaving,
    persons,
    frame,
    builder,
    lists,
    downloads,
    segments,
    clients,
    matrix,
    offers,
    offer_rules,
    settings,
    sync,
    connect,
):
    blueprint.register_blueprint(part.blueprint)


@blueprint.errorhandler(AppError)
def say_what_is_wrong(error: AppError) -> tuple[str, int] | Response:
    """Answer the frame's script with a sentence in the reader's language; whoever is no frame gets the app's plain answer."""
    if HEADER not in request.headers:  # raised again it would be a defect: Flask asks no second handler
        plain = current_app.error_handler_spec[None][None][AppError]
        return cast("Response", plain(error))
    lang = _lang()
    log.info("page refused", extra={"error": type(error).__name__, "reason": str(error)})
    if isinstance(error, Mistaken):
        return render_template("message.html", tone="warn", text=error.sentence(lang)), 422
    key, status = next(((key, status) for kind, key, status in _WORDS if isinstance(error, kind)), ("went_wrong", 503))
    return render_template("message.html", tone="bad", text=speaker(lang)(key)), status


# What is said instead of a page; the first line that fits.
_WORDS: tuple[tuple[type[AppError], str, int], ...] = (
    (NotFound, "not_found", 404),
    (NotFromBitrix, "refused", 403),
    (NotAllowed, "not_allowed", 403),
    (Refused, "session_over", 403),
    (Malformed, "went_wrong", 400),
)


def _lang() -> str:
    """Return the language of the session, or of the browser when there is none to be read."""
    try:
        return services().signer.verify(request.headers.get(HEADER, "")).lang
    except Refused:
        return request.accept_languages.best_match(["ru", "en"]) or "en"
