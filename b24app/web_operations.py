"""What whoever runs the server asks for: is it alive, is it ready, its figures; and the bounds for those who are refused again and again.

A refusal is counted after it was found to be one. So no portal that proves itself is ever turned away, however much it sends; whoever
does not is answered 429 in place of the refusal when he has had too many, and his lines in the log become quiet. Only the page of
installation is closed to him beforehand: proving its post costs a request to Bitrix24's authorization server.
"""

from __future__ import annotations

import hmac
import logging
import time
from typing import TYPE_CHECKING, cast

from flask import Flask, Response, current_app, g, jsonify, request
from flask.typing import ResponseReturnValue

from b24app.errors import NotFound, TooMany
from b24app.health import look
from b24app.metrics import Metrics
from b24app.portals.session import HEADER
from b24app.refusals import Refusals

if TYPE_CHECKING:
    from b24app.services import Services

METRICS, REFUSALS = "metrics", "refusals"  # in app.extensions
OPEN = ("/install", "/events", "/robots/", "/app", "/placements/", "/connect", "/open")  # addresses that everybody may try
COSTLY = "/install"  # whose proof asks the authorization server
COST = 10.0  # what a refusal there weighs
REFUSED = range(400, 500)
FORWARDED = ("X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Forwarded", "Via")
LOOPBACK = ("127.0.0.1", "::1")

log = logging.getLogger(__name__)


def wire(app: Flask) -> None:
    """Hang everything of this module on the app, before what writes the line in the log."""
    toolbox = app.extensions["toolbox"]
    app.extensions[METRICS] = Metrics(app.extensions["services"], lambda: toolbox.door.budgets)
    app.extensions[REFUSALS] = Refusals()
    app.add_url_rule("/healthz", view_func=show_health)
    app.add_url_rule("/readyz", view_func=show_readiness)
    app.add_url_rule("/metrics", view_func=show_metrics)
    app.before_request(check_bounds)
    app.after_request(count_answer)
    app.after_request(limit_refusals)


def show_health() -> ResponseReturnValue:
    """Say that this process answers."""
    return jsonify(web="ok")


def show_readiness() -> ResponseReturnValue:
    """Say whether all that a portal needs is there. For people, monitors and upgrades: events are to be sent here all the same,
    because the inbox takes them in without a worker."""
    parts, is_ready = look(_services())
    return jsonify(parts), 200 if is_ready else 503


def show_metrics() -> Response:
    """Show the figures to whoever has the token, or without one to this machine itself, and not to whoever a proxy stands in for."""
    token = _services().config.metrics_token
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    is_here = request.remote_addr in LOOPBACK and not any(name in request.headers for name in FORWARDED)
    if not (hmac.compare_digest(given.encode(), token.encode()) if token else is_here):
        raise NotFound("metrics")
    metrics: Metrics = current_app.extensions[METRICS]
    return Response(metrics.show(), content_type="text/plain; version=0.0.4; charset=utf-8")


def check_bounds() -> None:
    """Note whether whoever asks has had too many refusals; close what costs to him."""
    refusals: Refusals = current_app.extensions[REFUSALS]
    g.wait = refusals.wait(request.remote_addr or "", time.monotonic())
    if g.wait and request.path == COSTLY:
        raise TooMany("too many refusals", g.wait)


def is_out_of_bounds() -> bool:
    """Tell whether this request's lines in the log are only noise."""
    return bool(g.get("wait"))


def limit_refusals(response: Response) -> Response:
    """Count a refusal of somebody who has proved nothing; answer 429 in its place when there were too many."""
    if response.status_code not in REFUSED or not request.path.startswith(OPEN) or HEADER in request.headers:
        return response
    refusals: Refusals = current_app.extensions[REFUSALS]
    weight = COST if request.path == COSTLY and response.status_code == 403 else 1.0
    wait = refusals.add(request.remote_addr or "", time.monotonic(), weight)
    if not wait:
        return response
    if not is_out_of_bounds():
        log.warning("too many refusals", extra={"remote": request.remote_addr, "path": request.path})
    limited = jsonify(error="Too many requests")
    limited.status_code, limited.headers["Retry-After"] = 429, str(int(wait) + 1)
    return limited


def count_answer(response: Response) -> Response:
    """Count every answer under its route's pattern."""
    metrics: Metrics = current_app.extensions[METRICS]
    pattern = request.url_rule.rule if request.url_rule else "none"
    metrics.count_answer(pattern, response.status_code, time.monotonic() - g.began if "began" in g else 0.0)
    return response


def _services() -> Services:
    return cast("Services", current_app.extensions["services"])
