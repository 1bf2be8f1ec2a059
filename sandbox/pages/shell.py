"""What every page has: who looks, in which language, the left menu, how numbers and dates are printed. Changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import render_template, request

from sandbox import placements
from sandbox.pages.words import say
from sandbox.rest import Caller

if TYPE_CHECKING:
    from sandbox.portal import Portal
    from sandbox.rest import Record

USER_COOKIE, LANG_COOKIE = "sandbox_user", "sandbox_lang"
ADMINISTRATOR = 1
SIGNS = {"RUB": "₽", "USD": "$", "EUR": "€"}
NBSP = "\u00a0"
MENU = (
    ("deals", "/crm/deal/kanban/"),
    ("contacts", "/crm/contact/list/"),
    ("companies", "/crm/company/list/"),
    ("leads", "/crm/lead/list/"),
    ("workflow_log", "/bizproc/log/"),
    ("developers", "/devops/"),
)


@dataclass(frozen=True)
class Viewer:
    """The person who looks at a page."""

    id: int
    name: str
    is_admin: bool
    lang: str

    @property
    def caller(self) -> Caller:
        """Return the caller in whose name pages call methods: the portal itself, with this person's rights."""
        return Caller(self.id, self.is_admin)

    def say(self, key: str, **values: Any) -> str:
        """Return words of the interface in this person's language."""
        return say(self.lang, key, **values)


def full_name(user: Record) -> str:
    """Return a person's name as pages print it."""
    return " ".join(part for part in (user.get("NAME"), user.get("LAST_NAME")) if part) or str(user.get("EMAIL") or f"#{user['ID']}")


def print_money(value: float | None, currency: str | None) -> str:
    """Return a sum with thin groups and the currency's sign."""
    amount = f"{value or 0:,.2f}".removesuffix(".00").replace(",", NBSP)
    return f"{amount}{NBSP}{SIGNS.get(currency or '', currency or '')}"


def print_day(value: str | None, lang: str) -> str:
    """Return the day of an instant or a date: 21.11.2026 or Nov 21, 2026."""
    if not value:
        return ""
    return datetime.fromisoformat(value[:10]).strftime("%d.%m.%Y" if lang == "ru" else "%b %d, %Y")


def print_moment(value: str | None, lang: str) -> str:
    """Return day and time of an instant in the portal's own time zone."""
    return f"{print_day(value, lang)} {value[11:16]}".strip() if value else ""


def in_language(words: Any, lang: str) -> str:
    """Return a text that applications give as a string or by language."""
    if isinstance(words, dict):
        return str(words.get(lang) or words.get("en") or next(iter(words.values()), ""))
    return str(words or "")


class Shell:
    """Renders pages for whoever looks."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal

    def viewer(self) -> Viewer:
        """Return who looks: the person of the cookie, the administrator without one; the language of the query, of the cookie, Russian."""
        asked = request.args.get("lang") or request.cookies.get(LANG_COOKIE, "")
        given = request.cookies.get(USER_COOKIE, "")
        user = self.portal.store.get("users", int(given)) if given.isdigit() else None
        if user is None or not user["ACTIVE"]:
            user = self.portal.store.get("users", ADMINISTRATOR) or {"ID": ADMINISTRATOR, "IS_ADMIN": 1, "NAME": "Administrator"}
        return Viewer(user["ID"], full_name(user), bool(user["IS_ADMIN"]), asked if asked in ("ru", "en") else "ru")

    def people(self) -> dict[int, str]:
        """Return the names of all employees by id."""
        return {user["ID"]: full_name(user) for user in self.portal.store.find("users")}

    def page(self, template: str, **more: Any) -> str:
        """Return a whole page, or a part of one, in the language of who looks."""
        viewer = self.viewer()
        return render_template(
            template,
            viewer=viewer,
            lang=viewer.lang,
            say=viewer.say,
            money=print_money,
            day=lambda value: print_day(value, viewer.lang),
            moment=lambda value: print_moment(value, viewer.lang),
            shell=self,  # a page that is drawn  # nosec B604
            is_framed=request.args.get("IFRAME") == "Y",
            **more,
        )

    def in_other(self, lang: str) -> str:
        """Return the address of this page in a language."""
        return f"?{urlencode({**request.args.to_dict(), 'lang': lang})}"

    def menu(self) -> list[tuple[str, str, bool]]:
        """Return the left menu: words, address, whether it is where we are."""
        viewer = self.viewer()
        return [(viewer.say(key), path, request.path.startswith(path.removesuffix("kanban/").removesuffix("list/"))) for key, path in MENU]

    def apps(self) -> list[tuple[str, str, bool]]:
        """Return applications with pages: title, address, whether it is where we are; then pages that they put into the menu."""
        viewer = self.viewer()
        made = [
            (in_language(app["TITLE"], viewer.lang) or app["CLIENT_ID"], f"/marketplace/app/{app['CLIENT_ID']}/")
            for app in self.portal.grants.list_apps()
            if not app["API_ONLY"]
        ]
        made += [
            (in_language(one["TITLE"], viewer.lang), f"/marketplace/view/{one['ID']}/")
            for one in placements.list_for(self.portal, "LEFT_MENU", viewer.id)
        ]
        return [(title, path, request.path == path) for title, path in made]
