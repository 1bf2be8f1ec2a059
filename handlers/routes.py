"""The address of all events: read, prove, save, answer 200. Bitrix24 never sends an event again."""

from __future__ import annotations

from flask import Blueprint, current_app, request
from flask.typing import ResponseReturnValue

from b24app.bitrix.incoming import read_event
from b24app.bitrix.payloads import read_form
from b24app.services import Services
from handlers.app_events import APP_EVENTS
from handlers.quick import FAILURE, save

blueprint = Blueprint("handlers", __name__)


@blueprint.post("/events")
def take_event() -> ResponseReturnValue:
    """Save an event that our portal sent; only what is on the disk is answered with 200."""
    if failure := request.environ.get(FAILURE):
        raise failure
    services: Services = current_app.extensions["services"]
    form = read_form(request.form.items(multi=True))
    event = read_event(form)
    if event.name in APP_EVENTS:
        APP_EVENTS[event.name](services, event, form)
        return "", 200
    save(services, event)
    return "", 200
