"""What a developer sets up: local applications, incoming and outgoing webhooks. Administrators only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import redirect, request

from sandbox import events
from sandbox.event_names import CRM_EVENTS, MOVED
from sandbox.handlers import check_url
from sandbox.oauth import ALL_SCOPES
from sandbox.pages.robots import check_admin
from sandbox.pages.shell import Shell, in_language
from sandbox.rest import RestError

if TYPE_CHECKING:
    from flask import Blueprint
    from werkzeug.wrappers import Response as AnyResponse

USUAL = ("crm", "bizproc", "placement", "user", "user_basic", "documentgenerator", "im")


def add_routes(pages: Blueprint, shell: Shell) -> None:
    """Add the page and its forms."""
    portal = shell.portal

    @pages.get("/devops/")
    def devops() -> str:
        viewer = shell.viewer()
        check_admin(viewer)
        apps = [app | {"NAME": in_language(app["TITLE"], viewer.lang)} for app in portal.grants.list_apps()]
        hooks = [hook | {"URL": f"{portal.url}/rest/{hook['USER_ID']}/{hook['CODE']}/"} for hook in portal.store.find("webhooks")]
        names = [name for name in CRM_EVENTS if name != MOVED]
        lists = {"apps": apps, "hooks": hooks, "outgoing": events.list_outgoing(portal)}
        return shell.page("developers.html", scopes=ALL_SCOPES, usual=USUAL, events=names, people=shell.people(), **lists)

    @pages.post("/devops/app/add/")
    def add_app() -> AnyResponse:
        viewer, form = shell.viewer(), request.form
        check_admin(viewer)
        for address in (form["handler"].strip(), form.get("installer", "").strip()):
            if address:
                check_url(address)
        title = {"ru": form["title"], "en": form.get("title_en") or form["title"]}
        scopes, is_api_only = form.getlist("scopes"), "api_only" in form
        app = portal.grants.add_app(title, form["handler"].strip(), form.get("installer", "").strip(), scopes, is_api_only)
        if app["API_ONLY"]:
            portal.active.app_saved(app["CLIENT_ID"], viewer.id)
        return _back()

    @pages.post("/devops/app/remove/")
    def remove_app() -> AnyResponse:
        check_admin(shell.viewer())
        client_id = portal.grants.get_app(request.form["client_id"])["CLIENT_ID"]
        portal.active.app_removing(client_id, "clean" in request.form)
        portal.grants.delete_app(client_id)
        return _back()

    _add_webhook_routes(pages, shell)


def _add_webhook_routes(pages: Blueprint, shell: Shell) -> None:
    portal = shell.portal

    @pages.post("/devops/webhook/add/")
    def add_webhook() -> AnyResponse:
        viewer = shell.viewer()
        check_admin(viewer)
        portal.grants.add_webhook(viewer.id, request.form.getlist("scopes"), request.form.get("title", ""))
        return _back("incoming")

    @pages.post("/devops/webhook/remove/")
    def remove_webhook() -> AnyResponse:
        check_admin(shell.viewer())
        portal.store.delete("webhooks", request.form.get("id", 0, int))
        return _back("incoming")

    @pages.post("/devops/outgoing/add/")
    def add_outgoing() -> AnyResponse:
        viewer, form = shell.viewer(), request.form
        check_admin(viewer)
        try:
            events.add_outgoing(portal, form.get("title", ""), form.get("url", "").strip(), form.getlist("events"), viewer.id)
        except ValueError as error:
            raise RestError(400, "ERROR_ARGUMENT", str(error)) from error
        return _back("outgoing")

    @pages.post("/devops/outgoing/remove/")
    def remove_outgoing() -> AnyResponse:
        check_admin(shell.viewer())
        events.remove_outgoing(portal, request.form.get("id", 0, int))
        return _back("outgoing")


def _back(anchor: str = "apps") -> AnyResponse:
    return redirect(f"/devops/#{anchor}", 303)
