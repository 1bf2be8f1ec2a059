"""One person: all that is held of him, and its erasure. For administrators; every use is in the journal of administration.

The card itself is the portal's. Erasing takes what we have kept besides (memberships, lists, journals' personal fields); the copy of
the card goes as soon as the portal says that the card is gone.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from b24app.context import ADMINISTER
from b24app.errors import NotFound
from b24app.portals.journal import PERSON, note
from b24app.privacy.consents import read_consents
from b24app.store import traces as sql
from b24app.store.changes import Change, save_changes
from b24app.sync.apply import INSTANT

if TYPE_CHECKING:
    from b24app.context import Context

KEY = re.compile(r"(CO?)_(\d{1,15})")
ERASURES = "erasures"  # a setting: {key: when its erasure was ordered}, until the worker has done it
MOST_FOUND = 20
EXPORTED, ERASED = "export", "erase"


@dataclass(frozen=True)
class Card:
    """A contact or a company. `key` is Bitrix24's notation: C_12, CO_7."""

    key: str
    entity: str
    id: int
    title: str


@dataclass(frozen=True)
class Erasure:
    """Whose traces were erased, when, and how many rows."""

    at: str
    key: str
    rows: int


def find_cards(ctx: Context, words: str) -> list[Card]:
    """Return contacts and companies by name, phone, e-mail or key. Raises NotAllowed."""
    ctx.viewer.check(ADMINISTER)
    found = sql.find_cards(ctx.store, words, MOST_FOUND) if words.strip() else []
    return [Card(f"{sql.PREFIXES[row['entity']]}_{row['id']}", row["entity"], row["id"], row["title"]) for row in found]


def read_person(ctx: Context, key: str) -> dict[str, Any]:
    """Return all that is held of a person, by table, with consents and the journal's lines about him. Raises NotAllowed, NotFound."""
    ctx.viewer.check(ADMINISTER)
    entity, record_id = read_key(key)
    held = sql.list_held(ctx.store, entity, record_id)
    if not held:
        raise NotFound(f"nothing is held of {key}")
    lines, _ = ctx.app_store.list_notes(ctx.portal.member_id, {"about": key}, 1000)
    return {
        "key": key,
        "portal": ctx.portal.url,
        "read_at": ctx.now().strftime(INSTANT),
        "consents": [asdict(one) for one in read_consents(ctx, entity, record_id)],
        "held": held,
        "journal": [{name: line[name] for name in ("at", "user_id", "kind")} for line in lines],
    }


def export_person(ctx: Context, key: str) -> bytes:
    """Return all that is held of a person as JSON, and write down who has asked. Raises NotAllowed, NotFound."""
    found = read_person(ctx, key)
    note(ctx, PERSON, key, after={"done": EXPORTED})
    return json.dumps(found, ensure_ascii=False, indent=2, default=str).encode()


def order_erasure(ctx: Context, key: str) -> None:
    """Let the worker erase what we have kept of a person. Raises NotAllowed, NotFound for what is no key."""
    ctx.viewer.check(ADMINISTER)
    read_key(key)
    with ctx.app_store.write():
        waiting = ctx.app_store.find_setting(ctx.portal.member_id, ERASURES, {})
        ctx.app_store.save_setting(ctx.portal.member_id, ERASURES, {**waiting, key: ctx.now().isoformat()})
        note(ctx, PERSON, key, after={"done": ERASED})


def erasures_moment(ctx: Context) -> str:
    """Return the name of the orders that wait; '' when none does. A person may be named again later: the moment is in it."""
    return max(ctx.app_store.find_setting(ctx.portal.member_id, ERASURES, {}).values(), default="")


def erase_ordered(ctx: Context) -> int:
    """Erase whom an administrator has named, and have the portal asked whether the card is still there; return how many."""
    orders = ctx.app_store.find_setting(ctx.portal.member_id, ERASURES, {})
    for key in orders:
        entity, record_id = read_key(key)
        with ctx.store.write():
            found = sql.erase_traces(ctx.store, entity, record_id, ctx.now().strftime(INSTANT))
            save_changes(ctx.store, [Change(entity, record_id)], ctx.now().strftime(INSTANT))
        ctx.log.info("traces erased", extra={"record": key, "rows": found})
    with ctx.app_store.write():
        now = ctx.app_store.find_setting(ctx.portal.member_id, ERASURES, {})
        left = {key: at for key, at in now.items() if orders.get(key) != at}
        ctx.app_store.save_setting(ctx.portal.member_id, ERASURES, left)
    return len(orders)


def list_erasures(ctx: Context, limit: int = 50) -> list[Erasure]:
    """Return whose traces were erased, the newest first. Raises NotAllowed."""
    ctx.viewer.check(ADMINISTER)
    rows = sql.list_erasures(ctx.store, limit)
    return [Erasure(row["at"], f"{sql.PREFIXES[row['entity']]}_{row['record_id']}", sum(row["found"].values())) for row in rows]


def read_key(key: str) -> tuple[str, int]:
    """Return entity and number of a key. Raises NotFound."""
    match = KEY.fullmatch(key)
    if not match:
        raise NotFound(f"{key!r:.40} is no key of a card")
    return next(entity for entity, prefix in sql.PREFIXES.items() if prefix == match[1]), int(match[2])
