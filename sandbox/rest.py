"""The words of one REST call: who calls, what is asked, what is answered or refused, what a method declares.

Knows neither HTTP nor the database.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from marshmallow import Schema

if TYPE_CHECKING:
    from sandbox.portal import Portal

Record = dict[str, Any]


class RestError(Exception):
    """The portal refuses: HTTP status, the vendor's code, its description, and keys that some methods add."""

    def __init__(self, status: int, code: str | int, description: str = "", **extra: Any) -> None:
        super().__init__(f"{code}: {description}")
        self.status, self.code, self.description, self.extra = status, code, description, extra


@dataclass(frozen=True)
class Caller:
    """Who calls. `app` is a client id; with neither app nor webhook the portal itself calls (its pages, its robots).

    `connector` is the auth_connector that the call carried: offline events of that source are not queued.
    """

    user_id: int
    admin: bool
    app: str | None = None
    scopes: frozenset[str] = frozenset()
    webhook_id: int | None = None
    robot: bool = False
    connector: str = ""

    @property
    def account(self) -> str:
        """Whose operating time a call spends; empty for the portal itself."""
        return self.app or (f"webhook {self.webhook_id}" if self.webhook_id is not None else "")


@dataclass(frozen=True)
class Call:
    """One method being run. `params` are what the method's schema loaded (or raw without a schema)."""

    portal: Portal
    caller: Caller
    params: dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """What a method answers; `total` and `next` only for lists."""

    result: Any
    total: int | None = None
    next: int | None = None


APP_NEEDED = (403, "WRONG_AUTH_TYPE", "Current authorization type is denied for this method Application context required")
ADMIN_NEEDED = (403, "ACCESS_DENIED", "Access denied!")


@dataclass(frozen=True)
class Method:
    """A REST method. Rights are checked before the schema, the schema before the function.

    `scope` "" is the basic scope that every token has; several may be given with "|" (any of them is enough).
    `app_refusal` and `admin_refusal` are (status, code, text) for a caller without an app / without administrator rights.
    """

    name: str
    function: Callable[[Call], Answer]
    schema: type[Schema] | None = None
    scope: str = ""
    admin: bool = False
    app_only: bool = False
    app_refusal: tuple[int, str, str] = field(default=APP_NEEDED)
    admin_refusal: tuple[int, str, str] = field(default=ADMIN_NEEDED)
