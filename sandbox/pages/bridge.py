"""The server's side of the BX24 bridge: opens frames and answers what the page's script asks in their name.

Facts of the protocol: what the vendor's open SDK sends and expects (packages/jssdk/src/frame). The script is static/host.js.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from flask import Response, jsonify, request, send_from_directory

from sandbox import automation
from sandbox.frames import DEFAULT, finish_install, open_frame
from sandbox.methods import BY_NAME
from sandbox.pages.cards import BY_PATH, title_of
from sandbox.pages.lists import search_filter
from sandbox.pages.shell import Shell, Viewer, full_name
from sandbox.rest import Caller, Record, RestError

if TYPE_CHECKING:
    from flask import Blueprint

ROBOT_SETTINGS = "ROBOT_SETTINGS"  # the vendor does not say what PLACEMENT is here
FOUND = 20


def add_routes(pages: Blueprint, shell: Shell) -> None:
    """Add the bridge's script for applications and the addresses that the page's script asks."""
    _add_session(pages, shell)
    _add_choices(pages, shell)


def _add_session(pages: Blueprint, shell: Shell) -> None:
    portal = shell.portal

    @pages.get("/api/v1/")
    def client_script() -> Response:
        return send_from_directory(f"{pages.root_path}/static", "bx24.js", mimetype="text/javascript")

    @pages.post("/bridge/open/")
    def open_page() -> Response:
        return jsonify(open_in_portal(shell, request.get_json()))

    @pages.post("/bridge/refresh/")
    def refresh() -> Response:
        client_id = portal.grants.get_app(request.get_json()["client_id"])["CLIENT_ID"]
        pair = portal.grants.issue(client_id, shell.viewer().id)
        return jsonify(AUTH_ID=pair.access, REFRESH_ID=pair.refresh, AUTH_EXPIRES=str(portal.grants.token_ttl))

    @pages.post("/bridge/install-finish/")
    def install_finish() -> Response:
        viewer = shell.viewer()
        if not viewer.is_admin:
            raise RestError(403, "ACCESS_DENIED", viewer.say("admins_only"))
        finish_install(portal, request.get_json()["client_id"], viewer.id)
        return jsonify(True)

    @pages.post("/bridge/first-run/")
    def first_run() -> Response:
        name = _first_run(request.get_json()["client_id"], shell.viewer())
        portal.store.set_setting(name, True)
        return jsonify(True)


def _add_choices(pages: Blueprint, shell: Shell) -> None:
    @pages.post("/bridge/option/")
    def set_option() -> Response:
        asked, viewer = request.get_json(), shell.viewer()
        save_option(shell, viewer, asked["client_id"], asked["kind"], {str(asked["name"]): asked["value"]})
        return jsonify(True)

    @pages.get("/bridge/users/")
    def select_users() -> Response:
        return jsonify(find_users(shell, request.args.get("q", "").lower()))

    @pages.get("/bridge/crm/")
    def select_crm() -> Response:
        return jsonify(find_crm(shell, shell.viewer(), request.args.get("kind", ""), request.args.get("q", "")))


def _first_run(client_id: str, viewer: Viewer) -> str:
    return f"ran:{client_id}:{viewer.id}"


def open_in_portal(shell: Shell, asked: Record) -> Record:
    """Return what the page's script needs to open a frame: address, form, the frame's name, and the answer to getInitData."""
    viewer, portal = shell.viewer(), shell.portal
    client_id, placement = str(asked["client_id"]), str(asked.get("placement") or DEFAULT)
    options = dict(asked.get("options") or {})
    is_robot = placement == ROBOT_SETTINGS
    sent = {"LANG": viewer.lang} if is_robot else {**options, "LANG": viewer.lang}
    opened = open_frame(portal, client_id, viewer.id, DEFAULT if is_robot else placement, sent)
    if is_robot:
        opened = _robot_page(shell, client_id, opened, options)
    query = {name: values[-1] for name, values in parse_qs(urlsplit(opened["url"]).query).items()}
    is_install = not portal.grants.get_app(client_id)["INSTALLED"]
    form = opened["form"]
    init = {
        **{name: query[name] for name in ("DOMAIN", "PROTOCOL", "LANG")},
        **{name: form[name] for name in ("AUTH_ID", "REFRESH_ID", "AUTH_EXPIRES", "PLACEMENT")},
        "PATH": "/rest",
        "MEMBER_ID": portal.member_id,
        "IS_ADMIN": viewer.is_admin,
        "APP_OPTIONS": read_options(shell, viewer, client_id, "app"),
        "USER_OPTIONS": read_options(shell, viewer, client_id, "user"),
        "PLACEMENT_OPTIONS": json.loads(form["PLACEMENT_OPTIONS"]) or {},
        "INSTALL": is_install,
        "FIRST_RUN": not is_install and not portal.store.setting(_first_run(client_id, viewer)),
    }
    name = f"{query['DOMAIN']}|{query['PROTOCOL']}|{query['APP_SID']}"
    return {**opened, "name": name, "sid": query["APP_SID"], "init": init, "page": f"/marketplace/app/{client_id}/"}


def _robot_page(shell: Shell, client_id: str, opened: Record, options: Record) -> Record:
    """Turn the application's page into the settings page of one of its robots. Source: tutorials/bizproc/setting-robot."""
    robot = automation.find_robot(shell.portal, client_id, str(options.get("code") or ""))
    if robot is None or not robot["PLACEMENT_HANDLER"]:
        raise RestError(404, "ERROR_PLACEMENT_NOT_FOUND", "Placement not found")
    described = {
        "code": robot["CODE"],
        "activity_name": str(options.get("activity_name") or "A1"),
        "properties": {key: {"Id": key, **one} for key, one in (robot["PROPERTIES"] or {}).items()},
        "current_values": options.get("current_values") or {},
        "document_type": ["crm", "CCrmDocumentDeal", "DEAL"],
        "document_fields": {name: {"Name": field.title} for name, field in shell.portal.fields.of("deals").by_name.items()},
    }
    address = robot["PLACEMENT_HANDLER"]
    url = f"{address}{'&' if '?' in address else '?'}{urlsplit(opened['url']).query}"
    changed = {"PLACEMENT": ROBOT_SETTINGS, "PLACEMENT_OPTIONS": json.dumps(described, ensure_ascii=False)}
    return {"url": url, "form": {**opened["form"], **changed}}


def _application(viewer: Viewer, client_id: str) -> Caller:
    return Caller(viewer.id, viewer.is_admin, client_id)


def _setting(client_id: str, viewer: Viewer) -> str:
    return f"user_options:{client_id}:{viewer.id}"


def read_options(shell: Shell, viewer: Viewer, client_id: str, kind: str) -> Record:
    """Return an application's options, common ("app") or this person's ("user")."""
    if f"{kind}.option.get" in BY_NAME:
        found = shell.portal.call(_application(viewer, client_id), f"{kind}.option.get", {}).result
    else:
        found = shell.portal.store.setting(_setting(client_id, viewer), {})
    return found if isinstance(found, dict) else {}


def save_option(shell: Shell, viewer: Viewer, client_id: str, kind: str, options: Record) -> None:
    """Keep options by the rules of app.option.set and user.option.set. Raises RestError."""
    if f"{kind}.option.set" in BY_NAME:
        shell.portal.call(_application(viewer, client_id), f"{kind}.option.set", {"options": options})
        return
    with shell.portal.store.write():
        shell.portal.store.set_setting(_setting(client_id, viewer), read_options(shell, viewer, client_id, kind) | options)


def find_users(shell: Shell, search: str) -> list[Record]:
    """Return employees as selectUser answers them."""
    found = [user for user in shell.portal.store.find("users", {"ACTIVE": 1}) if search in full_name(user).lower()]
    return [
        {
            "id": str(user["ID"]),
            "name": full_name(user),
            "photo": "",
            "position": user["WORK_POSITION"] or "",
            "url": "",
            "sub": False,
            "sup": False,
        }
        for user in found
    ]


def find_crm(shell: Shell, viewer: Viewer, kind: str, search: str) -> list[Record]:
    """Return CRM objects as selectCRM answers them: ids with the prefix of their kind."""
    entity = BY_PATH.get(kind)
    if entity is None:
        return []
    asked = {
        "entityTypeId": entity.type_id,
        "filter": search_filter(shell.portal, entity, search),
        "order": {"id": "DESC"},
        "select": ["id"],
    }
    ids = [item["id"] for item in shell.portal.call(viewer.caller, "crm.item.list", {**asked, "start": -1}).result["items"]][:FOUND]
    records = shell.portal.store.find(entity.section, {"ID": ids}, order='"ID" DESC')
    return [
        {
            "id": f"{entity.short}_{record['ID']}",
            "type": kind,
            "place": kind,
            "title": title_of(entity, record),
            "desc": "",
            "url": f"/crm/{kind}/details/{record['ID']}/",
        }
        for record in records
    ]
