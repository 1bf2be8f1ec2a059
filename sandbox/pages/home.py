"""The first page: who you are here, and the switch to anybody else. This is a sandbox: nobody has a password."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response, redirect, request

from sandbox.entities import ENTITIES
from sandbox.pages.shell import USER_COOKIE, Shell, full_name

if TYPE_CHECKING:
    from flask import Blueprint
    from werkzeug.wrappers import Response as AnyResponse

YEAR = 365 * 86400


def add_routes(pages: Blueprint, shell: Shell) -> None:
    """Add the first page and the switch."""

    @pages.get("/")
    def home() -> str:
        people = [
            {"id": user["ID"], "name": full_name(user), "post": user["WORK_POSITION"] or "", "is_admin": user["IS_ADMIN"]}
            for user in shell.portal.store.find("users", {"ACTIVE": 1})
        ]
        counts = {entity.section: shell.portal.store.count(entity.section) for entity in ENTITIES}
        return shell.page("home.html", people=people, counts=counts)

    @pages.post("/switch-user/")
    def switch_user() -> AnyResponse:
        chosen, back = request.form.get("user", ""), request.form.get("back", "/")
        # Only a path of this portal: "//host" would lead elsewhere.
        answer: Response | AnyResponse = redirect(back if back.startswith("/") and not back.startswith(("//", "/\\")) else "/", 303)
        if chosen.isdigit():
            answer.set_cookie(USER_COOKIE, chosen, max_age=YEAR, samesite="Lax")
        return answer
