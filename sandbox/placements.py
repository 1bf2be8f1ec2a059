"""Which pages of applications stand where in the portal's interface. Owns the table of placements; opens no page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.store import Section

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sandbox.portal import Portal
    from sandbox.rest import Record

SECTIONS = (
    Section.declare(
        "placements",
        "ID:integer CLIENT_ID:string PLACEMENT:string HANDLER:string TITLE:string DESCRIPTION:string GROUP_NAME:string LANG_ALL:json "
        "OPTIONS:json USER_ID:integer",
        "PLACEMENT",
        "CLIENT_ID",
    ),
)

# The vendor's page api-reference/widgets/placements.md lists them.
OBJECTS = ("LEAD", "DEAL", "CONTACT", "COMPANY", "QUOTE", "SMART_INVOICE")
SPOTS = (
    "DETAIL_TAB",
    "LIST_TOOLBAR",
    "LIST_MENU",
    "DETAIL_TOOLBAR",
    "DETAIL_ACTIVITY",
    "DOCUMENTGENERATOR_BUTTON",
    "ACTIVITY_TIMELINE_MENU",
)
CRM_CODES = (
    *(f"CRM_{kind}_{spot}" for spot in SPOTS for kind in OBJECTS),
    "CRM_ACTIVITY_LIST_MENU",
    "CRM_LEAD_ROBOT_DESIGNER_TOOLBAR",
    "CRM_DEAL_ROBOT_DESIGNER_TOOLBAR",
    "CRM_SMART_INVOICE_ROBOT_DESIGNER_TOOLBAR",
    "CRM_FUNNELS_TOOLBAR",
    "CRM_SMART_INVOICE_FUNNELS_TOOLBAR",
    "CRM_ANALYTICS_MENU",
    "CRM_ANALYTICS_TOOLBAR",
    "CRM_DETAIL_SEARCH",
    "CRM_REQUISITE_AUTOCOMPLETE",
    "CRM_BANK_DETAIL_AUTOCOMPLETE",
)
BACKGROUND, APP_URI = "PAGE_BACKGROUND_WORKER", "REST_APP_URI"
CODES = {"": ("LEFT_MENU", BACKGROUND, APP_URI), "crm": CRM_CODES, "user": ("USER_PROFILE_MENU", "USER_PROFILE_TOOLBAR")}
ONCE = (BACKGROUND, APP_URI)
WITH_OPTIONS = (BACKGROUND, *(f"CRM_{kind}_DETAIL_ACTIVITY" for kind in OBJECTS))


def available(scopes: Iterable[str]) -> list[str]:
    """Return the codes that a token with these scopes may bind; global ones come last."""
    granted = set(scopes)
    return [code for scope in ("crm", "user", "") if not scope or scope in granted for code in CODES[scope]]


def list_for(portal: Portal, code: str, user_id: int) -> list[Record]:
    """Return what stands at a place for a person: only of applications whose installation is finished, TITLE in the portal's language."""
    found = portal.store.find("placements", {"PLACEMENT": code})
    installed = {app["CLIENT_ID"]: app for app in portal.grants.list_apps() if app["INSTALLED"]}
    return [
        {**one, "TITLE": _title(one, installed[one["CLIENT_ID"]], portal.language)}
        for one in found
        if one["CLIENT_ID"] in installed and one["USER_ID"] in (0, user_id)
    ]


def _title(placement: Record, app: Record, language: str) -> str:
    words = (placement["LANG_ALL"] or {}).get(language) or {}
    own = app["TITLE"].get(language) if isinstance(app["TITLE"], dict) else app["TITLE"]
    return words.get("TITLE") or placement["TITLE"] or own or app["CLIENT_ID"]


def forget_app(portal: Portal, client_id: str) -> None:
    """Remove everything that an application put into the interface."""
    portal.store.delete_where("placements", {"CLIENT_ID": client_id})
