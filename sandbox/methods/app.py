"""app.*, scope, methods, method.get, feature.get, server.time: what a token is good for, and an application's options.

Sources: api-reference/common/system/, common/settings/.
"""

from __future__ import annotations

from marshmallow import fields

from sandbox.params import Map, Params
from sandbox.rest import Answer, Call, Method, RestError

APP_CONTEXT = (400, "ACCESS_DENIED", "Access denied! Application context required")
OPTION_CONTEXT = (400, "AccessException", "Application context required")
OPTION_ADMIN = (400, "AccessException", "Administrator authorization required")
# The only two features that the vendor documents.
FEATURES = ("rest_offline_extended", "rest_auth_connector")


class NameParams(Params):
    """A method's name."""

    name = fields.String(load_default="")


class ListParams(Params):
    """Which methods or scopes."""

    full = fields.Raw(load_default=None)
    scope = fields.Raw(load_default=None)


class CodeParams(Params):
    """A feature."""

    code = fields.String(load_default="")


class OptionParams(Params):
    """One option, or all."""

    option = fields.Raw(load_default=None)


class OptionsParams(Params):
    """Options to keep."""

    options = Map(load_default=dict)


def app_info(call: Call) -> Answer:
    """app.info"""
    app = call.portal.grants.get_app(call.caller.app or "")
    return Answer(
        {
            "ID": app["ID"],
            "CODE": app["CLIENT_ID"],
            "VERSION": app["VERSION"],
            "STATUS": app["STATUS"],
            "INSTALLED": app["INSTALLED"],
            "PAYMENT_EXPIRED": "N",
            "DAYS": None,
            "LANGUAGE_ID": call.portal.language,
            "LICENSE": f"ru_{call.portal.licence}",
            "LICENSE_TYPE": call.portal.licence,
            "LICENSE_FAMILY": call.portal.licence.rstrip("0123456789"),
        }
    )


def _all_methods() -> tuple[Method, ...]:
    from sandbox.methods import METHODS as ALL  # here: this file is a part of that tuple

    return ALL


def _is_available(method: Method, call: Call) -> bool:
    return not method.scope or not call.caller.account or bool(call.caller.scopes.intersection(method.scope.split("|")))


def list_methods(call: Call) -> Answer:
    """methods: all, those of one scope, or those that the token may call"""
    asked = call.params["scope"]
    if asked:
        return Answer([method.name for method in _all_methods() if str(asked) in method.scope.split("|")])
    is_full = str(call.params["full"]).lower() in ("true", "1", "y")
    return Answer([method.name for method in _all_methods() if is_full or _is_available(method, call)])


def method_get(call: Call) -> Answer:
    """method.get"""
    asked = call.params["name"].lower()
    found = next((method for method in _all_methods() if method.name.lower() == asked), None)
    return Answer({"isExisting": found is not None, "isAvailable": found is not None and _is_available(found, call)})


def scope(call: Call) -> Answer:
    """scope"""
    if str(call.params["full"]).lower() in ("true", "1", "y"):
        return Answer(sorted({one for method in _all_methods() for one in method.scope.split("|") if one}))
    return Answer(sorted(call.caller.scopes))


def feature_get(call: Call) -> Answer:
    """feature.get"""
    if not call.params["code"]:
        raise RestError(400, "CODE_EMPTY", "CODE can't be empty")
    return Answer({"value": "Y" if call.params["code"] in FEATURES else "N"})


def server_time(call: Call) -> Answer:
    """server.time"""
    return Answer(call.portal.clock.stamp())


def option_get(call: Call) -> Answer:
    """app.option.get"""
    options = call.portal.grants.get_app(call.caller.app or "")["OPTIONS"] or {}
    asked = call.params["option"]
    return Answer(options.get(str(asked)) if asked not in (None, "") else options or [])


def option_set(call: Call) -> Answer:
    """app.option.set: keys that are not named stay"""
    if not call.params["options"]:
        raise RestError(400, "ArgumentNullException", "options is empty")
    client_id = call.caller.app or ""
    with call.portal.store.write():
        options = call.portal.grants.get_app(client_id)["OPTIONS"] or {}
        call.portal.grants.save_app(client_id, {"OPTIONS": options | call.params["options"]})
    return Answer(True)


METHODS = (
    Method("app.info", app_info, app_only=True, app_refusal=APP_CONTEXT),
    Method("app.option.get", option_get, OptionParams, app_only=True, app_refusal=OPTION_CONTEXT),
    Method("app.option.set", option_set, OptionsParams, "", True, True, OPTION_CONTEXT, OPTION_ADMIN),
    Method("methods", list_methods, ListParams),
    Method("method.get", method_get, NameParams),
    Method("scope", scope, ListParams),
    Method("feature.get", feature_get, CodeParams),
    Method("server.time", server_time),
)
