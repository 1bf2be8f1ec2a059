"""The journal of administration as an administrator reads it: who decided what about the app, when, from what to what.

Settings and segments are told by the store itself, in the transaction that changes them (`AppStore.by`); here is what else is told.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from b24app.context import ADMINISTER

if TYPE_CHECKING:
    from b24app.context import Context

PAGE_SIZE = 50
LONGEST = 300  # characters of a value on the page
SETTING, SEGMENT, PORTAL, EXPORT, CONTACTS, LIST, PERSON = KINDS = ("setting", "segment", "portal", "export", "contacts", "list", "person")
# What happens to a portal, as `about` says it.
INSTALLED, FINISHED, UNINSTALLED, RENEWED, LOST, LEFT = ("installed", "finished", "uninstalled", "renewed", "lost", "left")


@dataclass(frozen=True)
class Asked:
    """Which lines: of a person, of a kind, of days (YYYY-MM-DD, the portal's); empty is all."""

    user_id: int | None = None
    kind: str = ""
    since: str = ""
    until: str = ""
    page: int = 1


@dataclass(frozen=True)
class Difference:
    """What differs between before and after: where (`users.3`), and both values as text, '' when there was none."""

    name: str
    before: str
    after: str


@dataclass(frozen=True)
class Note:
    """One line. `user_id` 0: the administrator of the server; `at`: UTC instant."""

    at: str
    user_id: int
    kind: str
    about: str
    differences: tuple[Difference, ...]
    after: Any


def list_notes(ctx: Context, asked: Asked) -> tuple[list[Note], int]:
    """Return a page of the journal, the newest first, and how many lines there are. Raises NotAllowed."""
    ctx.viewer.check(ADMINISTER)
    conditions = {
        "user_id": asked.user_id,
        "kind": asked.kind if asked.kind in KINDS else "",
        "since": _begin(ctx, asked.since),
        "until": _begin(ctx, asked.until, 1),
    }
    rows, total = ctx.app_store.list_notes(ctx.portal.member_id, conditions, PAGE_SIZE, (max(asked.page, 1) - 1) * PAGE_SIZE)
    return [_note(row) for row in rows], total


def note(ctx: Context, kind: str, about: str, before: Any = None, after: Any = None) -> None:
    """Write a line on behalf of whoever asks."""
    ctx.app_store.note(ctx.portal.member_id, kind, about, before, after)


def find_differences(before: Any, after: Any) -> tuple[Difference, ...]:
    """Return what differs, value by value; lists are compared whole."""
    here, there = dict(_flat(before)), dict(_flat(after))
    names = [name for name in dict.fromkeys((*here, *there)) if here.get(name) != there.get(name)]
    return tuple(Difference(name, _text(here.get(name)), _text(there.get(name))) for name in names)


def _note(row: Mapping[str, Any]) -> Note:
    differences = find_differences(row["before"], row["after"])
    return Note(row["at"], row["user_id"], row["kind"], row["about"], differences, row["after"])


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _flat(inner, f"{path}.{name}" if path else str(name))
    elif value is not None:
        yield path, value


def _text(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        value = ", ".join(value)
    text = "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _begin(ctx: Context, day: str, later: int = 0) -> str:
    """Return the instant at which a day of the portal begins; '' for what is no day."""
    try:
        found = date.fromisoformat(day) + timedelta(days=later)
    except (ValueError, OverflowError):
        return ""
    midnight = datetime(found.year, found.month, found.day, tzinfo=ctx.portal.zone)
    return midnight.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000000Z")
