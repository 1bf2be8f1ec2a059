"""The /sandbox/ addresses: what demos and tests ask of this portal beside REST. A real portal has none of them.

Plain JSON, no rights: the sandbox serves this machine only.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, request

from sandbox import automation, messages, triggers, workflow_templates
from sandbox import faults as ordered
from sandbox.entities import ENTITIES
from sandbox.envelope import to_json
from sandbox.frames import DEFAULT, finish_install, open_frame
from sandbox.oauth import ALL_SCOPES
from sandbox.portal import Portal
from sandbox.rest import RestError

ADMINISTRATOR = 1


def make_blueprint(portal: Portal) -> Blueprint:
    """Return the routes."""
    blueprint = Blueprint("control", __name__, url_prefix="/sandbox")
    _add_app_routes(blueprint, portal)
    _add_automation_routes(blueprint, portal)
    _add_access_routes(blueprint, portal)
    _add_fault_routes(blueprint, portal)

    @blueprint.get("/state")
    def state() -> Response:
        return _json(describe(portal))

    @blueprint.get("/log")
    def log() -> Response:
        return Response(portal.log.text(), mimetype="application/x-ndjson")

    @blueprint.get("/truth")
    def truth() -> Response:
        path = portal.data_dir / "truth.json"
        return _json(json.loads(path.read_text(encoding="utf-8")) if path.exists() else {})

    return blueprint


def _add_app_routes(blueprint: Blueprint, portal: Portal) -> None:
    @blueprint.post("/open")
    def open_page() -> Response:
        asked = _body()
        user_id = int(asked.get("user_id") or ADMINISTRATOR)
        return _json(open_frame(portal, asked["client_id"], user_id, asked.get("placement") or DEFAULT, asked.get("options")))

    @blueprint.post("/install-finish")
    def install_finish() -> Response:
        asked = _body()
        finish_install(portal, asked["client_id"], int(asked.get("user_id") or ADMINISTRATOR))
        return _json({"result": True})

    @blueprint.post("/apps")
    def add_app() -> Response:
        asked = _body()
        title = asked.get("title") or "Application"
        words = title if isinstance(title, dict) else {"ru": title, "en": title}
        scopes = asked.get("scopes") or ALL_SCOPES
        app = portal.grants.add_app(words, asked.get("handler", ""), asked.get("installer", ""), scopes, bool(asked.get("api_only")))
        if app["API_ONLY"]:
            portal.active.app_saved(app["CLIENT_ID"], ADMINISTRATOR)
        return _json({"client_id": app["CLIENT_ID"], "client_secret": app["CLIENT_SECRET"]})

    @blueprint.post("/uninstall")
    def uninstall() -> Response:
        asked = _body()
        portal.grants.get_app(asked["client_id"])
        portal.active.app_removing(asked["client_id"], bool(asked.get("clean")))
        portal.grants.delete_app(asked["client_id"])
        return _json({"result": True})


def _add_access_routes(blueprint: Blueprint, portal: Portal) -> None:
    @blueprint.post("/token")
    def issue_token() -> Response:
        asked = _body()
        pair = portal.grants.issue(portal.grants.get_app(asked["client_id"])["CLIENT_ID"], int(asked.get("user_id") or ADMINISTRATOR))
        return _json({"access_token": pair.access, "refresh_token": pair.refresh, "expires": pair.expires})

    @blueprint.post("/webhooks")
    def add_webhook() -> Response:
        asked = _body()
        hook = portal.grants.add_webhook(int(asked.get("user_id") or ADMINISTRATOR), asked.get("scopes") or ALL_SCOPES)
        return _json({"webhook": f"{portal.client_endpoint}{hook['USER_ID']}/{hook['CODE']}/"})


def _add_automation_routes(blueprint: Blueprint, portal: Portal) -> None:
    @blueprint.get("/automation")
    def rules() -> Response:
        return _json(automation.list_rules(portal))

    @blueprint.post("/automation")
    def add_rule() -> Response:
        return _made(automation.add_rule, portal)

    @blueprint.get("/workflows")
    def workflows() -> Response:
        deal = request.args.get("deal", "")
        return _json(automation.workflows(portal, int(deal) if deal.isdigit() else None))

    @blueprint.get("/triggers")
    def trigger_rules() -> Response:
        return _json(triggers.list_rules(portal))

    @blueprint.post("/triggers")
    def add_trigger_rule() -> Response:
        return _made(triggers.add_rule, portal)

    @blueprint.post("/templates")
    def add_template() -> Response:
        return _made(workflow_templates.add, portal)

    @blueprint.get("/messages")
    def sent() -> Response:
        return _json(messages.list_messages(portal))

    @blueprint.post("/messages")
    def send() -> Response:
        return _made(messages.send, portal)

    @blueprint.get("/outbox")
    def outbox() -> Response:
        return _json(portal.active.outbox.log())


def _add_fault_routes(blueprint: Blueprint, portal: Portal) -> None:
    @blueprint.get("/faults")
    def faults() -> Response:
        return _json(portal.faults.tell())

    @blueprint.post("/faults")
    def order_faults() -> Response:
        try:
            portal.faults.add(ordered.read_faults(_body()))
        except ValueError as error:
            raise RestError(400, "ERROR_ARGUMENT", str(error)) from error
        return _json(portal.faults.tell())

    @blueprint.delete("/faults")
    def no_faults() -> Response:
        portal.faults.clear()
        return _json(portal.faults.tell())


def describe(portal: Portal) -> dict[str, Any]:
    """Return what is in the portal: people, applications without their secrets, how many records."""
    apps = [
        {"client_id": app["CLIENT_ID"], "title": app["TITLE"], "installed": app["INSTALLED"], "handler": app["HANDLER"]}
        for app in portal.grants.list_apps()
    ]
    people = [
        {
            "id": user["ID"],
            "name": f"{user['NAME'] or ''} {user['LAST_NAME'] or ''}".strip(),
            "admin": user["IS_ADMIN"],
            "active": user["ACTIVE"],
        }
        for user in portal.store.find("users")
    ]
    sections = (*(entity.section for entity in ENTITIES), "product_rows", "activities", "products", "timeline_comments", "stage_history")
    counts = {section: portal.store.count(section) for section in sections}
    return {"url": portal.url, "member_id": portal.member_id, "language": portal.language, "users": people, "apps": apps, "counts": counts}


def _made(make: Callable[[Portal, dict[str, Any]], Any], portal: Portal) -> Response:
    """Make what the body asks for; a ValueError says to the caller what is wrong with it."""
    try:
        return _json({"result": make(portal, _body())})
    except ValueError as error:
        raise RestError(400, "ERROR_ARGUMENT", str(error)) from error


def _body() -> dict[str, Any]:
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise RestError(400, "INVALID_REQUEST", "A JSON object is needed")
    return _Asked(body)


class _Asked(dict[str, Any]):
    """A body whose missing keys are refused by name."""

    def __missing__(self, key: str) -> Any:
        raise RestError(400, "INVALID_REQUEST", f"{key} is missing")


def _json(body: Any) -> Response:
    return Response(to_json(body), 200, mimetype="application/json")
