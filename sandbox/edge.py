"""The server's edge: plays ordered faults on an answer on its way to the caller. The one place that spoils answers."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable

from flask import Response, request

from sandbox.portal import Portal


def send(portal: Portal, account: str, method: str, make: Callable[[], Response]) -> Response:
    """Return what the caller gets: the answer that `make` makes, or what an ordered fault leaves of it."""
    found = portal.faults.of_answer(account, method)
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
