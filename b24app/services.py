"""What the edges find in `current_app.extensions["services"]`: the web process's tools, made once by create_app.

Types only; nothing is made here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from b24app.bitrix.client import Client
    from b24app.bitrix.oauth import OAuth
    from b24app.config import Config
    from b24app.context import Context
    from b24app.portals.access import Proven
    from b24app.portals.session import Session, Signer
    from b24app.portals.vault import Vault
    from b24app.store.inbox import Inbox
    from b24app.store.mirror import PortalStores
    from b24app.store.settings import AppStore


@dataclass(frozen=True)
class FieldShown:
    """A property of a robot. `kind`: a type of Bitrix24, or segment, list: names of segments. `choices`: key to title by language."""

    code: str
    name: Mapping[str, str]
    kind: str
    choices: Mapping[str, Mapping[str, str]]
    initial: Any


@dataclass(frozen=True)
class RobotShown:
    """A robot as pages show it: they and the robots do not know each other.

    `returns`: code to name. `preview` says what it would do for a record (entity, number) with settings as people type them: (values
    by code, sentence by language), None when it cannot be said beforehand. Raises Mistaken.
    """

    code: str
    name: Mapping[str, str]
    description: Mapping[str, str]
    fields: tuple[FieldShown, ...]
    returns: Mapping[str, Mapping[str, str]]
    has_page: bool
    defaults: Mapping[str, Any]
    preview: Callable[[Context, str, int, Mapping[str, Any]], tuple[Mapping[str, Any], Mapping[str, str]] | None]


@dataclass(frozen=True)
class Services:
    """The tools of the web process. An edge uses them in three to six lines and thinks nothing itself."""

    config: Config
    app_store: AppStore
    inbox: Inbox
    stores: PortalStores
    vault: Vault
    oauth: OAuth
    signer: Signer
    # A verified session's portal, viewer, read-only mirror and client; what it opens is closed when the request ends.
    # Raises NotFound when the portal is unknown, has left, or has no mirror yet.
    context: Callable[[Session], Context]
    # A client for a portal at a pinned address on behalf of a token that was just posted: (url, access_token) -> Client
    client_for: Callable[[str, str], Client]
    # The same by a webhook: (origin, root) -> Client
    client_at: Callable[[str, str], Client]
    proven: Proven
    robots: Mapping[str, RobotShown] = field(default_factory=dict)  # by code
