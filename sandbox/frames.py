"""The POST by which the portal opens an application's page in a frame: address, query and form. Source: settings/oauth/simple-way."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from sandbox.rest import Record, RestError

if TYPE_CHECKING:
    from sandbox.portal import Portal

DEFAULT = "DEFAULT"


def open_frame(portal: Portal, client_id: str, user_id: int, placement: str = DEFAULT, options: Mapping[str, Any] | None = None) -> Record:
    """Return {"url", "form"}: what a browser posts into the frame, with fresh tokens of the person who looks.

    Until the installation is finished an administrator gets the installer. `options` may name the handler of a placement
    that several pages share ("handler"). Raises RestError.
    """
    app = portal.grants.get_app(client_id)
    user = portal.store.get("users", user_id)
    if user is None or not user["ACTIVE"]:
        raise RestError(403, "user_access_error", "The user does not have access to the application")
    given = dict(options or {})
    address = page_address(portal, app, user, placement, given.pop("handler", ""))
    pair = portal.grants.issue(client_id, user_id)
    query = {
        "DOMAIN": portal.domain,
        "PROTOCOL": "1" if portal.url.startswith("https:") else "0",
        "LANG": str(given.pop("LANG", "") or portal.language),
        "APP_SID": secrets.token_hex(16),
    }
    form = {
        "AUTH_ID": pair.access,
        "AUTH_EXPIRES": str(portal.grants.token_ttl),
        "REFRESH_ID": pair.refresh,
        "SERVER_ENDPOINT": portal.server_endpoint,
        "APPLICATION_TOKEN": app["APPLICATION_TOKEN"],
        "APPLICATION_SCOPE": ",".join(app["SCOPES"]),
        "member_id": portal.member_id,
        "status": app["STATUS"],
        "PLACEMENT": placement,
        "PLACEMENT_OPTIONS": json.dumps(given, ensure_ascii=False) if given else "[]",
    }
    glue = "&" if "?" in address else "?"
    return {"url": f"{address}{glue}{urlencode(query)}", "form": form}


def page_address(portal: Portal, app: Record, user: Record, placement: str, handler: str) -> str:
    """Return the address of the page to open. Raises RestError."""
    if placement == DEFAULT:
        if not app["INSTALLED"] and app["INSTALLER"]:
            if not user["IS_ADMIN"]:
                raise RestError(403, "user_access_error", "The application is not installed completely")
            return str(app["INSTALLER"])
        return str(app["HANDLER"])
    found = portal.store.find("placements", {"CLIENT_ID": app["CLIENT_ID"], "PLACEMENT": placement})
    chosen = next((one for one in found if handler in ("", one["HANDLER"])), None)
    if chosen is None or not app["INSTALLED"]:
        raise RestError(404, "ERROR_PLACEMENT_NOT_FOUND", "Placement not found")
    return str(chosen["HANDLER"])


def finish_install(portal: Portal, client_id: str, user_id: int) -> None:
    """Do what BX24.installFinish does: from now on events are sent and placements shown. A second time changes nothing."""
    if portal.grants.get_app(client_id)["INSTALLED"]:
        return
    portal.grants.save_app(client_id, {"INSTALLED": True, "INSTALLER_USER_ID": user_id})
    portal.active.app_installed(client_id, user_id)
