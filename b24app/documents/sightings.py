"""Sees that a deal has come to the stage of a rule: it stands there, or the history of stages says that it has passed through.

One entry may be seen by both, and again with every look. Each sight of it is noted once and points at its entry; what was seen within
`SAME_SECONDS` is one entry, for the portal does not write both times at the same instant. Makes no offers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from b24app.documents.once import INSTANT
from b24app.documents.rules import Rule, list_rules
from b24app.store import sightings as sql

if TYPE_CHECKING:
    from b24app.context import Context
    from b24app.store.mirror import PortalStore

WAITING = "waiting"
SEEN = 200  # sights that are noted in one go
SAME_SECONDS = 3
LOOKED_BACK = timedelta(days=7)  # what passed through before is over: an app that comes back after weeks writes no letters about it


@dataclass(frozen=True)
class Look:
    """A way to see entries. `list_new` returns deals (deal_id, seen_at, sign) of a rule's stage that are not noted yet."""

    sign: str
    list_new: Callable[[PortalStore, Mapping[str, Any], int], list[sql.Row]]


LOOKS = (Look("stands", sql.list_standing), Look("passed", sql.list_passed))


def sees_entries(ctx: Context) -> bool:
    """Tell whether a deal has come to the stage of a rule that is on and is not noted yet."""
    return any(look.list_new(ctx.store, _place(ctx, rule), 1) for rule in _watching(ctx) for look in LOOKS)


def note_entries(ctx: Context) -> int:
    """Note the deals that have come to the stage of a rule that is on; return how many entries are new."""
    count = 0
    for rule in _watching(ctx):
        for look in LOOKS:
            while found := look.list_new(ctx.store, _place(ctx, rule), SEEN):
                with ctx.store.write():
                    count += sum(_note(ctx, rule, seen) for seen in found)
    return count


def _note(ctx: Context, rule: Rule, seen: sql.Row) -> bool:
    """Note one sight; tell whether it is of an entry that nobody has seen before."""
    at = datetime.fromisoformat(seen["seen_at"])
    around = [(at + timedelta(seconds=seconds)).strftime(INSTANT) for seconds in (-SAME_SECONDS, SAME_SECONDS)]
    key = sql.find_entry_between(ctx.store, (rule.key, seen["deal_id"]), around)
    is_new = key is None
    if key is None:
        key = f"rule:{rule.key}:{seen['deal_id']}:{seen['seen_at']}"  # its offer has the same key
        now = ctx.now().strftime(INSTANT)
        place = {"rule_key": rule.key, "deal_id": seen["deal_id"], "entered_at": seen["seen_at"]}
        times = {"next_at": now, "created_at": now, "updated_at": now}
        sql.add_entry(ctx.store, {"key": key, **place, **times, "state": WAITING, "reasons": "[]"})
    sql.save_sighting(ctx.store, {"rule_key": rule.key, "deal_id": seen["deal_id"], "sign": seen["sign"], "entry_key": key})
    return is_new


def _watching(ctx: Context) -> list[Rule]:
    return [rule for rule in list_rules(ctx) if rule.is_on]


def _place(ctx: Context, rule: Rule) -> dict[str, Any]:
    """Return where and since when to look."""
    back = (ctx.now() - LOOKED_BACK).strftime(INSTANT)
    place = {"rule": rule.key, "stage": rule.stage_id, "category": rule.category_id}
    return {**place, "since": rule.since, "passed_since": max(rule.since, back)}
