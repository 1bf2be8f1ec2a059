"""The portal over HTTP: /rest/ by webhook and by token. Reads the request, prints the answer; thinks nothing.

Whatever arrives, the answer is JSON in the vendor's envelope; a mistake of ours is INTERNAL_SERVER_ERROR without a traceback.
"""

from __future__ import annotations

import json
import time
from typing import Any

from flask import Blueprint, Flask, Request, Response, current_app, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from sandbox import control, edge, files
from sandbox.envelope import print_answer, print_refusal, print_time, to_json
from sandbox.forms import read_pairs
from sandbox.limits import PLANS, RequestLimit
from sandbox.oauth_server import make_blueprint as make_oauth
from sandbox.pages import make_blueprint as make_pages
from sandbox.portal import Portal
from sandbox.rest import Answer, Caller, RestError

MAX_BODY = 64 * 1024 * 1024
VERBS = ["GET", "POST"]


def create_app(portal: Portal) -> Flask:
    """Return the portal's web application."""
    app = Flask("sandbox")
    app.config["MAX_CONTENT_LENGTH"] = app.config["MAX_FORM_MEMORY_SIZE"] = MAX_BODY
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.register_blueprint(_rest_blueprint(portal, RequestLimit(PLANS[portal.plan])))
    app.register_blueprint(make_oauth(portal))
    app.register_blueprint(control.make_blueprint(portal))
    app.register_blueprint(files.make_blueprint(portal))
    app.register_blueprint(make_pages(portal))
    app.register_error_handler(RestError, _print_refusal)
    app.register_error_handler(RequestEntityTooLarge, _print_too_large)
    app.register_error_handler(Exception, _print_failure)
    return app


def _rest_blueprint(portal: Portal, limit: RequestLimit) -> Blueprint:
    blueprint = Blueprint("rest", __name__)

    @blueprint.route("/rest/<int:user_id>/<code>/<path:method>", methods=VERBS)
    def by_webhook(user_id: int, code: str, method: str) -> Response:
        limit.check(request.remote_addr or "", time.monotonic())
        return answer(portal, portal.grants.webhook_caller(str(user_id), code), method, read_params(request))

    @blueprint.route("/rest/<path:method>", methods=VERBS)
    def by_token(method: str) -> Response:
        limit.check(request.remote_addr or "", time.monotonic())
        params = read_params(request)
        return answer(portal, token_caller(portal, params), method, params)

    @blueprint.after_request
    def open_to_frames(made: Response) -> Response:
        """Let pages of applications, which have another origin, call methods; nothing but the token gives rights here."""
        made.headers["Access-Control-Allow-Origin"] = "*"
        made.headers["Access-Control-Allow-Headers"] = request.headers.get("Access-Control-Request-Headers", "Content-Type")
        made.headers["Access-Control-Allow-Methods"] = ", ".join(VERBS)
        return made

    return blueprint


def token_caller(portal: Portal, params: dict[str, Any]) -> Caller:
    """Return who calls: the token is the parameter `auth`, of the query or of the body. Raises RestError."""
    token = next((value for name, value in params.items() if name.lower() == "auth"), None)
    if isinstance(token, dict):
        token = token.get("access_token")
    if not isinstance(token, str) or not token:
        raise RestError(401, "NO_AUTH_FOUND", "Wrong authorization data")
    return portal.grants.token_caller(token)


def read_params(asked: Request) -> dict[str, Any]:
    """Return the parameters of query and body, the body's winning. Raises RestError for a body that cannot be read."""
    params = read_pairs(asked.args.items(multi=True))
    if asked.method != "POST":
        return params
    if asked.is_json:
        try:
            body = json.loads(asked.get_data() or b"{}")
        except (ValueError, RecursionError) as error:
            raise RestError(400, "INVALID_REQUEST", "Request body is not valid JSON") from error
        if not isinstance(body, dict):
            body = dict(enumerate(body)) if isinstance(body, list) else {}
        return params | {str(name): value for name, value in body.items()}
    return params | read_pairs(asked.form.items(multi=True))


def answer(portal: Portal, caller: Caller, name: str, params: dict[str, Any]) -> Response:
    """Run a method and return its envelope, or what an ordered fault leaves of it."""
    method = name.strip("/").removesuffix(".json")
    caller = with_connector(caller, params)
    return edge.send(portal, caller.account, method, lambda: run(portal, caller, method, params))


def run(portal: Portal, caller: Caller, method: str, params: dict[str, Any]) -> Response:
    """Run a method and return its envelope."""
    started, counted = time.time(), time.perf_counter()
    try:
        made: Answer = portal.call(caller, method, params)
    except RestError as error:
        return _print_refusal(error)
    operating = portal.operating.read(caller.account, method.lower(), portal.clock.unix())
    spent = print_time(started, time.time(), time.perf_counter() - counted, operating)
    return Response(to_json(print_answer(made, spent)), 200, mimetype="application/json")


def with_connector(caller: Caller, params: dict[str, Any]) -> Caller:
    """Return the caller with the auth_connector that the call carries."""
    connector = params.get("auth_connector")
    if not connector:
        return caller
    return Caller(caller.user_id, caller.admin, caller.app, caller.scopes, caller.webhook_id, caller.robot, str(connector))


def _print_refusal(error: RestError) -> Response:
    return Response(to_json(print_refusal(error)), error.status, mimetype="application/json")


def _print_too_large(_error: RequestEntityTooLarge) -> Response:
    return _print_refusal(RestError(413, "ERROR_REQUEST_TOO_LARGE", "Request body is too large"))


def _print_failure(error: Exception) -> Response | HTTPException:
    if isinstance(error, HTTPException):
        return error
    current_app.logger.error("the portal failed", exc_info=error)
    return _print_refusal(RestError(500, "INTERNAL_SERVER_ERROR", "Internal server error"))
