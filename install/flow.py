"""Lets a portal in. Every step may refuse with a reason word; nothing is saved before all have agreed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from b24app.bitrix.incoming import Frame, read_frame, read_install
from b24app.bitrix.oauth import TokenPair
from b24app.bitrix.payloads import read_form
from b24app.context import Portal, utc_now
from b24app.errors import BitrixBusy, BitrixError, BitrixLost, Malformed, NotFromBitrix
from b24app.portals import access, registry, webhook
from b24app.portals.rights import note_administrator
from b24app.portals.session import Session
from b24app.portals.tokens import save_pair
from install.progress import read_progress
from install.refusals import Refusal, refuse

if TYPE_CHECKING:
    from b24app.bitrix.oauth import AppInfo
    from b24app.services import Services

# What the product cannot do without; of a group any one is enough.
SCOPES: tuple[tuple[str, ...], ...] = (
    ("crm",),
    ("bizproc",),
    ("placement",),
    ("documentgenerator",),
    ("user", "user_basic", "user_brief"),
)
DEFAULT_CURRENCY = "RUB"
PATIENCE = 6 * 3600  # seconds after which an installation that does not end is ordered again
UNDER_WAY = ("waiting", "running")


@dataclass(frozen=True)
class Admission:
    """A portal that was let in, and the session of the administrator who looks at the page."""

    portal: Portal
    session: Session


def admit(services: Services, args: Mapping[str, str], pairs: Iterable[tuple[str, str]]) -> Admission | Refusal:  # noqa: PLR0911 - one return a reason
    """Read the post of the install page, prove it, save the portal and order its installation."""
    try:
        form = read_form(pairs)
        is_told = "auth" in form  # ONAPPINSTALL, to an application without pages; else a frame
        frame = read_install(form) if is_told else read_frame(args, form)
    except Malformed as error:
        return refuse("bad_form", field=str(error))
    url = access.find_origin(services, frame.domain) or access.find_origin_by_key(services.config, frame.domain, args.get("key", ""))
    if url is None:
        return refuse("foreign_portal", domain=frame.domain)
    if not frame.refresh_id:
        return refuse("bad_form", field="REFRESH_ID")
    try:
        info = access.get_app_info(services, frame)
        access.check_ours(services.config, frame, info)
        client = services.client_for(url, frame.auth_id)
        person = access.get_person(client)
        access.check_person(person, info)
        if not person.is_admin:
            return refuse("not_admin")
        if missing := find_missing(info.scope):
            return refuse("missing_scopes", missing=", ".join(missing))
        facts = client.batch({"app": ("app.info", {}), "currency": ("crm.currency.base.get", {})}).results
    except NotFromBitrix as error:
        return refuse(str(error))
    except (BitrixBusy, BitrixLost) as error:
        return refuse("bitrix_unavailable", code=error.code)
    except BitrixError as error:
        return refuse("portal_refused", code=error.code or error.text)
    portal = _portal(url, frame, info, person, facts)
    run = _save(services, frame, portal, {**facts, "is_pageless": is_told})
    services.inbox.append("command", portal.member_id, {"name": "install", "run": run}, f"install:{run}")
    session = Session(portal.member_id, person.user_id, is_admin=True, lang=frame.lang, since=services.signer.now())
    note_administrator(services.app_store, session)
    return Admission(portal, session)


def finish(services: Services, session: Session) -> None:
    """Mark the installation as finished and order a sweep: what changed before events were sent is still to be read."""
    member_id, store = session.member_id, services.app_store.by(session.user_id)
    with store.write():
        registry.set_state(store, member_id, registry.INSTALLED)
        store.note(member_id, "portal", "finished")
    services.inbox.append("command", member_id, {"name": "sweep"})


def find_missing(scope: tuple[str, ...]) -> list[str]:
    """Return the permissions that are not granted; of a group the first is named."""
    return [group[0] for group in SCOPES if not set(group) & set(scope)]


def _portal(url: str, frame: Frame, info: AppInfo, person: access.Person, facts: Mapping[str, Any]) -> Portal:
    return Portal(
        member_id=info.member_id,
        url=url,
        lang=frame.lang,
        utc_offset=person.utc_offset,
        currency=str(facts.get("currency") or DEFAULT_CURRENCY),
        installed_by=person.user_id,
        scope=info.scope,
    )


def _save(services: Services, frame: Frame, portal: Portal, facts: Mapping[str, Any]) -> str:
    """Save everything or nothing and return the name of the order; over an earlier installation the new tokens win."""
    store, vault = services.app_store, services.vault
    app = facts.get("app")
    family = str(app.get("LICENSE_FAMILY") or "") if isinstance(app, Mapping) else ""
    with store.write():
        run = {**_order(services, frame, portal.member_id), "is_pageless": facts["is_pageless"]}
        store.by(portal.installed_by).note(portal.member_id, "portal", "installed", after={"url": portal.url, "scope": list(portal.scope)})
        webhook.leave(store, portal.url)
        registry.save_portal(store, portal)
        registry.save_application_token(store, vault, portal.member_id, frame.application_token)
        save_pair(store, vault, portal.member_id, TokenPair(frame.auth_id, frame.refresh_id, utc_now().timestamp() + frame.expires))
        store.save_setting(portal.member_id, registry.LICENSE_FAMILY, family)
        store.save_setting(portal.member_id, registry.CLEAN, False)
        store.save_setting(portal.member_id, registry.RUN, run)
    return run["name"]


def _order(services: Services, frame: Frame, member_id: str) -> dict[str, Any]:
    """Return the order that is under way, or a new one: who comes back to the page must not begin everything anew."""
    now = utc_now().timestamp()
    known = registry.find_portal(services.app_store, member_id)
    run = services.app_store.find_setting(member_id, registry.RUN)
    is_young = bool(run) and now - run["at"] < PATIENCE and known is not None and known.state == "installing"
    if is_young and read_progress(services.app_store, services.stores, member_id, frame.lang)["state"] in UNDER_WAY:
        return dict(run)
    return {"name": frame.app_sid or hashlib.sha256(frame.auth_id.encode()).hexdigest()[:32], "at": now}
