"""What the web process does around every request: errors become answers, the line in the log, headers, health.

Knows no room; decides nothing of the product.
"""

from __future__ import annotations

import logging
import re
import time
import uuid
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, cast

from flask import Flask, Response, current_app, g, jsonify, make_response, request
from markupsafe import escape
from werkzeug.exceptions import HTTPException

from b24app import web_operations
from b24app.errors import AppError, BitrixBusy, BitrixError, Malformed, Mistaken, NotFound, Overloaded, Refused, TooMany
from b24app.log import bound
from b24app.store.database import find_trouble
from b24app.web_operations import METRICS, is_out_of_bounds

if TYPE_CHECKING:
    from b24app.services import Services

OPENED = "opened"  # in flask.g: what a request has opened
TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")  # https://www.unicode.org/reports/tr9/#Explicit_Directional_Embeddings
MOST_DISCARDED = 32 * 2**20

# What the caller is told; the reason stays in the log. The first line that fits.
ANSWERS: tuple[tuple[type[AppError], int, str], ...] = (
    (Malformed, 400, "The request cannot be read"),
    (Refused, 403, "Refused"),
    (NotFound, 404, "Not found"),
    (TooMany, 429, "Too many requests"),
    (Mistaken, 422, ""),
    (Overloaded, 503, "Too busy; nothing was saved"),
    (BitrixBusy, 503, "Bitrix24 is busy"),
    (BitrixError, 502, "Bitrix24 did not answer as expected"),
    (AppError, 500, "Something went wrong"),
)
QUIET = ("/healthz", "/readyz", "/metrics", "/events")  # a line a second, or a thousand: only what went wrong is worth one
HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}

NOBODY = ("'none'",)  # may frame a page when no portal is known

log = logging.getLogger(__name__)


def wire(app: Flask) -> None:
    """Hang everything of this module on the app."""
    app.jinja_env.finalize = without_turns
    app.before_request(begin_request)
    app.after_request(add_headers)
    app.after_request(say_request)
    app.teardown_request(end_request)
    app.teardown_appcontext(close_opened)
    app.register_error_handler(AppError, answer_app_error)
    app.register_error_handler(HTTPException, answer_http_error)
    app.register_error_handler(Exception, answer_defect)
    web_operations.wire(app)


def without_turns(value: Any) -> Any:
    """Return what a template prints without the marks that turn the direction of writing: a name could make the words after it lie.
    Right-to-left letters need none of them."""
    return TURNS.sub("", value) if isinstance(value, str) and not hasattr(value, "__html__") else value


def begin_request() -> None:
    """Bind the request's id to every line that is logged on its behalf."""
    g.began, g.bound = time.monotonic(), ExitStack()
    g.bound.enter_context(bound(request=uuid.uuid4().hex[:12]))


def end_request(_: BaseException | None) -> None:
    """Unbind it."""
    if "bound" in g:
        g.pop("bound").close()


def close_opened(_: BaseException | None) -> None:
    """Close the readers that the request has opened."""
    for store in g.pop(OPENED, []):
        store.close()


def add_headers(response: Response) -> Response:
    """Add what every answer carries; a page that knows its portal has set its own policy already."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    portals = cast("Services", current_app.extensions["services"]).config.portals
    response.headers.setdefault("Content-Security-Policy", f"default-src 'self'; frame-ancestors {' '.join(portals or NOBODY)}")
    return response


def say_request(response: Response) -> Response:
    """Write one line a request; never its query or body, they carry tokens."""
    is_quiet = (request.path in QUIET and response.status_code < 400) or is_out_of_bounds()
    level = logging.DEBUG if is_quiet else logging.INFO
    if not log.isEnabledFor(level):
        return response
    seconds = round(time.monotonic() - g.began, 4) if "began" in g else None
    log.log(level, "request", extra={"method": request.method, "path": request.path, "status": response.status_code, "seconds": seconds})
    return response


def answer_app_error(error: AppError) -> Response:
    """Answer an error that was raised on purpose; say in the log why."""
    status, text = next((status, text) for kind, status, text in ANSWERS if isinstance(error, kind))
    if isinstance(error, Mistaken):
        text = error.sentence(request.accept_languages.best_match(["ru", "en"]) or "en")
    _say_why(status, f"{type(error).__name__}: {error}")
    response = _answer(status, text)
    if isinstance(error, BitrixBusy | TooMany):
        response.headers["Retry-After"] = str(int(error.retry_after) + 1)
    return response


def answer_http_error(error: HTTPException) -> Response:
    """Answer what Flask itself refuses: an unknown address, a method, a body that is too large."""
    status = error.code or 500
    if status == 413:
        _discard_body()
    _say_why(status, f"{error.name}: {request.content_length or 0} bytes" if status == 413 else error.name)
    response = _answer(status, error.name)
    allowed = error.get_response().headers.get("Allow")
    if allowed:
        response.headers["Allow"] = allowed
    return response


def answer_defect(error: Exception) -> Response:
    """Answer what nobody foresaw; a disk that is full or a file that is locked is not ours to mend, and passes."""
    if trouble := find_trouble(error):
        return answer_app_error(Overloaded(f"{trouble}: {error!r}"))
    current_app.extensions[METRICS].count_defect()
    log.exception("unforeseen error", exc_info=error, extra={"path": request.path})
    return _answer(500, "Something went wrong")


def _say_why(status: int, reason: str) -> None:
    extra = {"status": status, "path": request.path, "remote": request.remote_addr, "reason": reason}
    level = logging.DEBUG if is_out_of_bounds() else logging.WARNING if status != 404 else logging.INFO
    log.log(level, "refused", extra=extra)


def _answer(status: int, text: str) -> Response:
    if request.accept_mimetypes.best_match(["application/json", "text/html"]) == "text/html":
        return make_response(f'<!doctype html><meta charset="utf-8"><title>{status}</title><p>{escape(text)}</p>', status)
    return make_response(jsonify(error=text), status)


def _discard_body() -> None:
    """Read what the caller still sends, within reason: else it sees a broken connection in place of our 413."""
    stream, left = request.environ["wsgi.input"], min(request.content_length or 0, MOST_DISCARDED)
    while left > 0 and (chunk := stream.read(min(left, 65536))):
        left -= len(chunk)
