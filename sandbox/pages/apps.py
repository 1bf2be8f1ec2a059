"""Applications in the portal: the page that frames one, and a page for what it put into the left menu."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import abort

from sandbox.pages.shell import Shell, in_language

if TYPE_CHECKING:
    from flask import Blueprint


def add_routes(pages: Blueprint, shell: Shell) -> None:
    """Add the pages of applications."""
    portal = shell.portal

    @pages.get("/marketplace/app/<client_id>/")
    def application(client_id: str) -> str:
        app, viewer = portal.grants.find_app(client_id) or abort(404), shell.viewer()
        title = in_language(app["TITLE"], viewer.lang) or client_id
        if app["API_ONLY"]:
            return shell.page("message.html", title=title, text=viewer.say("api_only_app"))
        if not app["INSTALLED"] and not viewer.is_admin:
            return shell.page("message.html", title=title, text=viewer.say("not_installed_yet"))
        frame = {"client_id": client_id, "placement": "DEFAULT", "options": {}}
        return shell.page("app.html", title=title, frame=frame)

    @pages.get("/marketplace/view/<int:key>/")
    def menu_page(key: int) -> str:
        found = portal.store.get("placements", key)
        if found is None or found["PLACEMENT"] != "LEFT_MENU":
            abort(404)
        frame = {"client_id": found["CLIENT_ID"], "placement": "LEFT_MENU", "options": {"handler": found["HANDLER"]}}
        return shell.page("app.html", title=in_language(found["TITLE"], shell.viewer().lang), frame=frame)
