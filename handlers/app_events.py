"""Events about the application itself. They change who may speak to us, so they are obeyed before they are answered."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from b24app.bitrix.payloads import Form
from b24app.errors import BitrixBusy, BitrixError, BitrixLost, NotFromBitrix
from b24app.portals import registry
from b24app.portals.access import get_person

if TYPE_CHECKING:
    from b24app.bitrix.incoming import Event
    from b24app.context import Portal
    from b24app.services import Services

log = logging.getLogger(__name__)


def take_uninstall(services: Services, event: Event, form: Form) -> None:
    """Forget the portal's secrets at once; the worker removes all the rest when the person ticked "clean"."""
    portal = registry.check_application_token(services.app_store, services.vault, event.member_id, event.application_token)
    clean = str(_map(form.get("data")).get("CLEAN", "")) in ("1", "Y", "true")
    with services.app_store.write():
        services.app_store.save_setting(portal.member_id, registry.CLEAN, clean)
        registry.dismiss(services.app_store, portal.member_id)
    log.info("portal uninstalled us", extra={"portal": portal.member_id, "clean": clean})


def take_update(services: Services, event: Event, form: Form) -> None:
    """Pin the new token, and have everything registered anew: an update takes our handlers away. api-reference/events/event-bind.md"""
    take_new_token(services, event, form)
    services.app_store.save_setting(event.member_id, registry.REGISTERED, {"asked": event.ts})


def take_new_token(services: Services, event: Event, form: Form) -> None:
    """Pin the application_token that comes with an installation or an update, when it is another than the one we have."""
    try:
        registry.check_application_token(services.app_store, services.vault, event.member_id, event.application_token)
    except NotFromBitrix:
        portal = check_administrator(services, event.member_id, str(_map(form.get("auth")).get("access_token", "")))
        registry.save_application_token(services.app_store, services.vault, portal.member_id, event.application_token)
        log.info("application token renewed", extra={"portal": portal.member_id, "name_of_event": event.name})


def check_administrator(services: Services, member_id: str, access_token: str) -> Portal:
    """Return the known portal whose administrator's access_token this is; both servers are asked. Raises NotFromBitrix.

    An old application_token cannot prove a new one. https://github.com/bitrix-tools/b24-rest-docs,
    api-reference/common/events/on-app-update.md.
    """
    portal = registry.find_portal(services.app_store, member_id)
    if portal is None or portal.state == registry.REMOVED:
        raise NotFromBitrix("unknown member_id")
    if not access_token:
        raise NotFromBitrix("wrong application_token and no access_token")
    try:
        info = services.oauth.app_info(access_token)
        person = get_person(services.client_for(portal.url, access_token))
    except (BitrixBusy, BitrixLost):
        raise
    except BitrixError as error:
        raise NotFromBitrix("bad access_token") from error
    if (info.client_id, info.member_id, info.user_id) != (services.config.client_id, member_id, person.user_id):
        raise NotFromBitrix("foreign access_token")
    if not person.is_admin:
        raise NotFromBitrix("access_token of no administrator")
    return portal


APP_EVENTS: Mapping[str, Callable[[Services, Event, Form], None]] = {
    "ONAPPUNINSTALL": take_uninstall,
    "ONAPPINSTALL": take_new_token,
    "ONAPPUPDATE": take_update,
}


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
