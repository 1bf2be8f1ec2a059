"""The server's edge: spoils answers as ordered on their way to the caller, and leads calls of the authorization server to its routes.

Nothing else spoils answers; what a refusal looks like is the envelope's business.
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from flask import Response, request

from sandbox.portal import OAUTH_PATH, Portal

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


def send(portal: Portal, account: str, method: str, make: Callable[[], Response], is_aside: bool = False) -> Response:
    """Return what the caller gets: the answer that `make` makes, or what an ordered fault leaves of it."""
    found = portal.faults.of_answer(account, method, is_aside)
    if found is None:
        return make()
    fault, seconds = found
    time.sleep(seconds)
    made = make() if fault.runs else Response(status=200)
    body = fault.spoil(made.get_data())
    if body is None:
        return _hang_up()
    return Response(body, fault.status or made.status_code, mimetype=fault.mimetype)


def _hang_up() -> Response:
    """Close the connection under the answer; raise ConnectionResetError where there is none (a test's client)."""
    connection: socket.socket | None = request.environ.get("gunicorn.socket")
    if connection is None:
        raise ConnectionResetError("the portal was told to drop this connection")
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    return Response(status=200)


def by_host(app: WSGIApplication, portal: Portal) -> WSGIApplication:
    """Return the application behind two origins: what asks the authorization server's own host gets its routes alone."""

    def route(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if portal.oauth_domain != portal.domain and environ.get("HTTP_HOST") == portal.oauth_domain:
            environ["PATH_INFO"] = OAUTH_PATH + environ["PATH_INFO"]
        return app(environ, start_response)

    return route
