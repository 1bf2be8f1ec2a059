"""A portal without an installation: an administrator's incoming webhook, whose address is its secret.

A webhook does not say its portal's member_id, so such a portal goes by an id of our own that is always the same for
its address. The secret part is sealed like a token, and never shown, logged or put into an error.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from b24app.context import WEBHOOK, Portal, utc_now
from b24app.errors import BitrixBusy, BitrixError, BitrixGone, BitrixLost, Mistaken
from b24app.portals import registry
from b24app.portals.access import Person, get_person

if TYPE_CHECKING:
    from b24app.bitrix.client import Client
    from b24app.config import Config
    from b24app.portals.vault import Vault
    from b24app.store.settings import AppStore

SECRET = "webhook"  # noqa: S105 - the name under which the path is sealed
PATH = re.compile(r"/(rest/\d{1,10}/[0-9A-Za-z]{8,64})/?")
# What the mirror cannot do without; of a group any one is enough.
NEEDED: tuple[tuple[str, ...], ...] = (("crm",), ("user", "user_basic", "user_brief"))
NEEDS_APP = ("robots", "events", "tabs", "offline_events")  # what only an installed application has
RUSSIAN = (".ru", ".by", ".kz", ".uz")
DEFAULT_CURRENCY = "RUB"

ClientAt = Callable[[str, str], "Client"]  # (origin, root)


@dataclass(frozen=True)
class Webhook:
    """Where the portal is, and the path that opens it."""

    origin: str
    root: str = field(repr=False)

    @property
    def member_id(self) -> str:
        """The id by which we know the portal: the same for the same address."""
        return f"webhook-{hashlib.blake2b(self.origin.encode(), digest_size=12).hexdigest()}"


def read_webhook(address: str, origins: tuple[str, ...]) -> Webhook:
    """Read a webhook's address as the portal shows it. Raises Mistaken; the address is in no sentence."""
    parts = urlsplit(address.strip())
    match = PATH.fullmatch(parts.path)
    if not match or parts.scheme not in ("http", "https") or parts.query or parts.username:
        raise Mistaken(
            "This is no address of an incoming webhook. It looks like https://company.bitrix24.com/rest/1/abcdef0123456789/",
            "Это не адрес входящего вебхука. Он выглядит так: https://company.bitrix24.ru/rest/1/abcdef0123456789/",
        )
    origin = f"{parts.scheme}://{parts.netloc}".lower()
    if origin not in origins:
        raise Mistaken(
            f"The portal {origin} is not in the settings. Add it to B24APP_PORTALS and start again.",
            f"Портал {origin} не указан в настройках. Добавьте его в B24APP_PORTALS и запустите снова.",
        )
    return Webhook(origin, match[1])


@dataclass(frozen=True)
class Desk:
    """What connecting needs."""

    config: Config
    app_store: AppStore
    vault: Vault
    client_at: ClientAt


def connect(desk: Desk, address: str, lang: str = "") -> Portal:
    """Check a webhook at its portal, save both; the worker then fills the mirror. Connecting again replaces the secret.

    Raises Mistaken with what a person can mend; BitrixBusy and BitrixLost when the portal does not answer.
    """
    hook = read_webhook(address, desk.config.portals)
    _check_not_installed(desk.app_store, hook)
    person, facts = _ask(desk.client_at(hook.origin, hook.root))
    _check(person, facts["scope"])
    portal = Portal(
        member_id=hook.member_id,
        url=hook.origin,
        state="installed",
        lang=lang or ("ru" if (urlsplit(hook.origin).hostname or "").endswith(RUSSIAN) else "en"),
        utc_offset=person.utc_offset,
        currency=str(facts.get("currency") or DEFAULT_CURRENCY),
        installed_by=person.user_id,
        scope=tuple(sorted(str(word) for word in facts["scope"])),
        access=WEBHOOK,
    )
    now = utc_now().timestamp()
    with desk.app_store.write():
        registry.save_portal(desk.app_store, portal)
        desk.app_store.note(portal.member_id, "portal", "installed", after={"url": portal.url, "scope": list(portal.scope)})
        desk.app_store.save_secret(portal.member_id, SECRET, desk.vault.seal(hook.root))
        desk.app_store.save_setting(portal.member_id, registry.CLEAN, False)
        desk.app_store.save_setting(portal.member_id, registry.RUN, {"name": f"webhook-{now:.3f}", "at": now})
    return portal


def find_root(app_store: AppStore, vault: Vault, portal: Portal) -> str | None:
    """Return the secret path of a portal's webhook; None when the portal has installed us. Raises BitrixGone when it is lost."""
    if portal.access != WEBHOOK:
        return None
    sealed = app_store.find_secret(portal.member_id, SECRET)
    if sealed is None:
        raise BitrixGone("webhook", "no_webhook", "the portal's webhook is not here")
    return vault.open(sealed)


def leave(app_store: AppStore, url: str) -> None:
    """Give a portal's webhook up, with its mirror: the application has been installed there."""
    for portal in registry.list_portals(app_store):
        if portal.access == WEBHOOK and portal.url == url:
            app_store.save_setting(portal.member_id, registry.CLEAN, True)
            registry.dismiss(app_store, portal.member_id)


def _check_not_installed(app_store: AppStore, hook: Webhook) -> None:
    if any(portal.url == hook.origin and portal.access != WEBHOOK for portal in registry.list_portals(app_store)):
        raise Mistaken(
            "The application is installed in this portal: it needs no webhook.",
            "Приложение уже установлено на этом портале: вебхук не нужен.",
        )


def _ask(client: Client) -> tuple[Person, dict[str, Any]]:
    """Return whose webhook it is and what it may."""
    try:
        person = get_person(client)
        answer = client.batch({"scope": ("scope", {}), "currency": ("crm.currency.base.get", {})})
    except (BitrixBusy, BitrixLost):
        raise
    except BitrixError as error:
        raise Mistaken(
            f"The portal does not know this webhook: {error.code or 'refused'}. Make a new one and copy its whole address.",
            f"Портал не признаёт этот вебхук: {error.code or 'отказ'}. Создайте новый и скопируйте адрес целиком.",
        ) from error
    scope = answer.results.get("scope")
    return person, {**answer.results, "scope": scope if isinstance(scope, list) else []}


def _check(person: Person, scope: list[str]) -> None:
    if not person.is_admin:
        raise Mistaken(
            "The webhook belongs to an employee who is no administrator: he does not see the whole base.",
            "Вебхук создан не администратором: он видит не всю базу.",
        )
    if missing := [group[0] for group in NEEDED if not set(group) & set(scope)]:
        raise Mistaken(
            f"The webhook lacks permissions: {', '.join(missing)}. Tick them in its settings and connect it again.",
            f"Вебхуку не хватает прав: {', '.join(missing)}. Отметьте их в его настройках и подключите снова.",
        )
