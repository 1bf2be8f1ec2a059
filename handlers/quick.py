"""The short way of an event that is spelled as usual: read, prove, save, answer, before Flask has begun its work.

Anything else, and all that goes wrong, takes the ordinary way with the same body, so that there is one place of refusals.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from b24app.bitrix.plain_event import read_plain_event
from b24app.portals.outgoing import check_event_token
from handlers.app_events import APP_EVENTS

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from b24app.bitrix.incoming import Event
    from b24app.services import Services

PLACE = ("POST", "/events", "application/x-www-form-urlencoded")
LONGEST = 8192  # bytes; an event of CRM has less than 1,000
FAILURE = "b24app.failure"  # in the environment: why the short way has failed
HEADERS = [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", "0")]


class QuickEvents:
    """Stands before the app. `services` is asked at every event."""

    def __init__(self, app: WSGIApplication, services: Callable[[], Services]) -> None:
        self._app, self._services = app, services

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        if (environ["REQUEST_METHOD"], environ.get("PATH_INFO"), environ.get("CONTENT_TYPE")) == PLACE and self._take(environ):
            start_response("200 OK", HEADERS.copy())
            return (b"",)
        return self._app(environ, start_response)

    def _take(self, environ: WSGIEnvironment) -> bool:
        """Tell whether the event is saved; if not, leave all as it was, and a failure that need not happen twice."""
        length = _length(environ.get("CONTENT_LENGTH"))
        if not length:
            return False
        body = environ["wsgi.input"].read(length)
        environ["wsgi.input"] = io.BytesIO(body)
        event = read_plain_event(body)
        if event is None or event.name in APP_EVENTS:
            return False
        try:
            save(self._services(), event)
        except Exception as error:
            environ[FAILURE] = error
            return False
        return True


def save(services: Services, event: Event) -> None:
    """Save an event that comes from our portal. Raises NotFromBitrix, or Overloaded when it is not known to be saved."""
    portal = check_event_token(services.app_store, services.vault, event.member_id, event.application_token)
    services.inbox.append("event", portal.member_id, {"name": event.name, "entity_id": event.entity_id, "ts": event.ts})


def _length(value: Any) -> int:
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and int(value) <= LONGEST else 0
