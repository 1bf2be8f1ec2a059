"""What activities say of a client: last contact by channel, who began it, requests for support and complaints. Pure.

What came in has happened; what we began has when it was done. Plans and what lies in the future are no contact.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from b24app.store.folding import fold

RECENT_DAYS = 90
INCOMING, OUTGOING = 1, 2  # crm/data-types.md#activity-direction
SIDES: Mapping[int | None, str] = {INCOMING: "incoming", OUTGOING: "outgoing"}
# Subjects that tell, in lower case with е for ё; the beginnings of words.
COMPLAINT_WORDS = ("жалоб", "претензи", "рекламаци", "complain", "claim")
REQUEST_WORDS = ("заявк", "обращени", "поддержк", "поломк", "не работает", "ремонт", "гаранти", "support", "ticket", "helpdesk", "repair")
SUPPORT_PROVIDERS = ("HELPDESK", "SUPPORT")  # apps that bring requests name their provider so


class Talk(NamedTuple):
    """An activity. `day`: the ordinal of its date in the portal's zone; `at`: its instant."""

    type_id: int | None
    provider: str
    direction: int | None
    completed: int | None
    at: str
    day: int
    subject: str


@dataclass(frozen=True)
class Channel:
    """A way to talk. Types: 1 meeting, 2 call, 4 letter (crm/data-types.md#activity-type); others tell by their provider."""

    key: str
    ru: str
    en: str
    types: tuple[int, ...] = ()
    providers: tuple[str, ...] = ()


CHANNELS = (
    Channel("call", "звонок", "call", (2,), ("VOXIMPLANT_CALL", "CALL_TRACKER")),
    Channel("email", "письмо", "e-mail", (4,), ("CRM_EMAIL",)),
    Channel("chat", "чат", "chat", (), ("IMOPENLINES",)),
    Channel("message", "сообщение", "message", (), ("CRM_SMS", "CRM_NOTIFICATION", "CRM_WHATSAPP")),
    Channel("meeting", "встреча", "meeting", (1,), ("CRM_MEETING",)),
)


@dataclass(frozen=True)
class Sign:
    """What marks an activity as one of a kind: its facts' suffix, words of its subject, its provider."""

    key: str
    words: re.Pattern[str]
    providers: tuple[str, ...] = ()


NAMES = (*(channel.key for channel in CHANNELS), *SIDES.values())

# A complaint is a request too.
SIGNS = (
    Sign("complaints", re.compile(rf"\b(?:{'|'.join(COMPLAINT_WORDS)})")),
    Sign("requests", re.compile(rf"\b(?:{'|'.join((*COMPLAINT_WORDS, *REQUEST_WORDS))})"), SUPPORT_PROVIDERS),
)


@dataclass(frozen=True)
class Ticket:
    """A request that is no activity: an item of the smart process that an administrator has named."""

    day: int
    is_open: bool


@lru_cache(maxsize=4096)
def channel_of(type_id: int | None, provider: str) -> str | None:
    """Return the channel's key; None for tasks, forms and the like."""
    found = (one.key for one in CHANNELS if type_id in one.types or (one.providers and provider.startswith(one.providers)))
    return next(found, None)


@lru_cache(maxsize=65536)
def signs_of(subject: str, provider: str) -> tuple[str, ...]:
    """Return what an activity is a sign of: complaints, requests."""
    words = fold(subject) or ""
    return tuple(sign.key for sign in SIGNS if sign.words.search(words) or provider.startswith(sign.providers))


def contact_values(talks: Iterable[Talk], today: int, text: Callable[[int], str]) -> dict[str, Any]:
    """Return the facts of the group `contact`; `text` prints the ordinal of a day."""
    last: dict[str, int] = {}
    newest: tuple[str, str, int | None] | None = None
    for talk in talks:
        if talk.day > today or not (talk.completed or talk.direction == INCOMING):
            continue
        channel = channel_of(talk.type_id, talk.provider)
        if channel is None:
            continue
        for name in (channel, SIDES.get(talk.direction)):
            if name and talk.day > last.get(name, 0):
                last[name] = talk.day
        if newest is None or talk.at > newest[0]:
            newest = (talk.at, channel, talk.direction)
    found: dict[str, Any] = {f"last_{name}": text(last[name]) if name in last else None for name in NAMES}
    found["last_contact"] = text(max(last.values())) if last else None
    found["last_channel"] = newest[1] if newest else None
    found["last_begun_by"] = {INCOMING: "client", OUTGOING: "us"}.get(newest[2] or 0) if newest else None
    return found


def support_values(talks: Iterable[Talk], tickets: Iterable[Ticket], today: int, text: Callable[[int], str]) -> dict[str, Any]:
    """Return the facts of the group `support`. What we sent ourselves is no request."""
    counts = {f"{state}_{sign.key}": 0 for sign in SIGNS for state in ("open", "recent")}
    last = 0
    for talk in talks:
        if talk.direction == OUTGOING or talk.day > today:
            continue
        for sign in signs_of(talk.subject, talk.provider):
            counts[f"open_{sign}"] += not talk.completed
            counts[f"recent_{sign}"] += today - talk.day <= RECENT_DAYS
            last = max(last, talk.day)
    for ticket in tickets:
        counts["open_requests"] += ticket.is_open
        counts["recent_requests"] += 0 <= today - ticket.day <= RECENT_DAYS
        last = max(last, ticket.day)
    return {**counts, "last_request": text(last) if last else None}
