"""Takes a robot's call: read, prove, save, answer 200. The work is done by the worker (run.py), never here."""

from __future__ import annotations

from flask import Blueprint, current_app, request
from flask.typing import ResponseReturnValue

from b24app.bitrix.incoming import RobotCall, read_robot_call
from b24app.bitrix.payloads import read_form
from b24app.errors import Malformed, NotFound
from b24app.portals.registry import check_application_token
from b24app.services import Services
from robots import BY_CODE
from robots.run import job_of

blueprint = Blueprint("robots", __name__)


@blueprint.post("/robots/<code>")
def take_call(code: str) -> ResponseReturnValue:
    """Save a call that our portal sent; only what is on the disk is answered with 200."""
    services: Services = current_app.extensions["services"]
    call = read_robot_call(read_form(request.form.items(multi=True)))
    portal = check_application_token(services.app_store, services.vault, call.member_id, call.application_token)
    check_code(code, call)
    services.inbox.append("robot", portal.member_id, job_of(call), key=call.event_token)
    return "", 200


def check_code(code: str, call: RobotCall) -> None:
    """Raise NotFound for a robot that we do not have, Malformed when address and body name different ones."""
    if code not in BY_CODE:
        raise NotFound(f"robot {code!r:.80}")
    if call.code != code:
        raise Malformed("code: not the robot of this address")
