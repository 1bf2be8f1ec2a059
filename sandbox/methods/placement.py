"""placement.*: pages of an application in the portal's interface.

Source: api-reference/widgets/placement-*.md. Most refusals of placement.bind come with HTTP 200.
"""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from sandbox.handlers import check_url
from sandbox.params import Map, Params, YesNo
from sandbox.placements import BACKGROUND, ONCE, WITH_OPTIONS, available
from sandbox.rest import Answer, Call, Method, Record, RestError

WORDS = ("TITLE", "DESCRIPTION", "GROUP_NAME")


class BindParams(Params):
    """A new place."""

    PLACEMENT = fields.String(load_default="")
    HANDLER = fields.String(load_default="")
    TITLE = fields.String(load_default="")
    DESCRIPTION = fields.String(load_default="")
    GROUP_NAME = fields.String(load_default="")
    LANG_ALL = Map(load_default=dict)
    OPTIONS = Map(load_default=dict)
    USER_ID = fields.Integer(load_default=0)


class UnbindParams(Params):
    """Which places to leave."""

    PLACEMENT = fields.String(load_default="")
    HANDLER = fields.String(load_default="")
    USER_ID = fields.Integer(load_default=None, allow_none=True)


class ListParams(Params):
    """Which codes are listed."""

    SCOPE = fields.String(load_default="")
    FULL = YesNo(load_default=False)


def _need(name: str, value: str) -> None:
    if not value:
        raise RestError(200, "ERROR_ARGUMENT", f"Argument '{name}' is null or empty", argument=name)


def _check(call: Call) -> None:
    params, code = call.params, call.params["PLACEMENT"]
    _need("PLACEMENT", code)
    if code not in available(call.caller.scopes):
        raise RestError(200, "ERROR_PLACEMENT_NOT_FOUND", "Placement not found")
    _need("HANDLER", params["HANDLER"])
    check_url(params["HANDLER"], status=200)
    if params["USER_ID"] and code != BACKGROUND:
        raise RestError(200, "ERROR_PLACEMENT_USER_MODE", "User mode is not available")
    if code == BACKGROUND and not params["OPTIONS"].get("errorHandlerUrl"):
        raise RestError(200, "EMPTY_ERROR_HANDLER_URL", "Option errorHandlerUrl is empty")
    if code in ONCE and call.portal.store.count("placements", {"PLACEMENT": code, "CLIENT_ID": call.caller.app or ""}):
        raise RestError(200, "ERROR_PLACEMENT_MAX_COUNT", "Placement max count")


def placement_bind(call: Call) -> Answer:
    """Put a page at a place. Not idempotent: the same page may stand there twice."""
    _check(call)
    params, language = call.params, call.portal.language
    words = params["LANG_ALL"] or {language: {name: params[name] for name in WORDS}}
    options = params["OPTIONS"] if params["PLACEMENT"] in WITH_OPTIONS else {}
    first: dict[str, Any] = words.get(language) or next(iter(words.values()), None) or {}
    record = {"CLIENT_ID": call.caller.app or "", "PLACEMENT": params["PLACEMENT"], "HANDLER": params["HANDLER"]}
    record |= {name: params[name] or first.get(name, "") for name in WORDS}
    call.portal.store.insert("placements", {**record, "LANG_ALL": words, "OPTIONS": options, "USER_ID": params["USER_ID"]})
    return Answer(True)


def placement_unbind(call: Call) -> Answer:
    """Leave a place. The count is of the found plus of the deleted, two a page, as the vendor's page says."""
    params = call.params
    _need("PLACEMENT", params["PLACEMENT"])
    chosen: dict[str, Any] = {"CLIENT_ID": call.caller.app or "", "PLACEMENT": params["PLACEMENT"]}
    if params["HANDLER"]:
        chosen["HANDLER"] = params["HANDLER"]
    if params["USER_ID"] is not None:
        chosen["USER_ID"] = params["USER_ID"]
    return Answer({"count": 2 * call.portal.store.delete_where("placements", chosen)})


def placement_get(call: Call) -> Answer:
    """List the application's places."""
    return Answer([_shown(one) for one in call.portal.store.find("placements", {"CLIENT_ID": call.caller.app or ""})])


def _shown(one: Record) -> dict[str, Any]:
    return {
        "placement": one["PLACEMENT"],
        "userId": one["USER_ID"],
        "handler": one["HANDLER"],
        "options": one["OPTIONS"] or [],
        "title": one["TITLE"],
        "description": one["DESCRIPTION"],
        "langAll": {lang: {name: words.get(name, "") for name in WORDS} for lang, words in (one["LANG_ALL"] or {}).items()},
    }


def placement_list(call: Call) -> Answer:
    """List the codes that the application may bind."""
    if call.params["SCOPE"]:
        return Answer([code for code in available([call.params["SCOPE"]]) if code not in available([])])
    return Answer(available(["crm", "user"] if call.params["FULL"] else call.caller.scopes))


METHODS = (
    Method("placement.bind", placement_bind, BindParams, "placement", admin=True, app_only=True),
    Method("placement.unbind", placement_unbind, UnbindParams, "placement", admin=True, app_only=True),
    Method("placement.get", placement_get, None, "placement", admin=True, app_only=True),
    Method("placement.list", placement_list, ListParams, "placement", app_only=True),
)
