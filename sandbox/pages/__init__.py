"""The portal's own pages: what a person sees of the sandbox. One module a noun; pages write through `portal.call` only.

Nothing here is a part of REST, and nothing of the application is known here but what its frame posts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, jsonify, request

from sandbox.pages import apps, bridge, cards, developers, home, kanban, lists, robots, workflow_log
from sandbox.pages.shell import LANG_COOKIE, Shell
from sandbox.rest import RestError

if TYPE_CHECKING:
    from flask import Flask

    from sandbox.portal import Portal

NOUNS = (home, kanban, cards, lists, robots, apps, developers, workflow_log, bridge)
POLICY = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-src *; form-action *; frame-ancestors 'self'"
YEAR = 365 * 86400


def make_blueprint(portal: Portal) -> Blueprint:
    """Return all pages of the portal."""
    pages = Blueprint("portal_pages", __name__, template_folder="templates", static_folder="static", static_url_path="/portal-static")
    shell = Shell(portal)
    for noun in NOUNS:
        noun.add_routes(pages, shell)
    pages.before_request(check_origin)
    pages.after_request(finish)

    @pages.errorhandler(RestError)
    def refused(error: RestError) -> tuple[Response | str, int]:
        if request.is_json:
            return jsonify(error=error.description or str(error.code)), error.status
        return shell.page("message.html", title=shell.viewer().say("not_possible"), text=error.description or error.code), error.status

    return pages


def register(app: Flask, portal: Portal) -> None:
    """Add the pages to the portal's web application."""
    app.register_blueprint(make_blueprint(portal))


def check_origin() -> None:
    """Refuse what a page of another address posts: frames of applications share this machine's cookies."""
    origin = request.headers.get("Origin")
    if request.method == "POST" and origin and urlsplit(origin).netloc != request.host:
        abort(403)


def finish(answer: Response) -> Response:
    """Keep the chosen language; say what pages may load and who may frame them."""
    answer.headers.setdefault("Content-Security-Policy", POLICY)
    if request.args.get("lang") in ("ru", "en"):
        answer.set_cookie(LANG_COOKIE, request.args["lang"], max_age=YEAR, samesite="Lax")
    return answer
