"""Segments over time: who was in on a day and why, who came and went, how the size moved, and which segments are dead. Reads only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from b24app.errors import Mistaken
from b24app.segments.definitions import check_may_define, day_of, load, load_all, load_known, speech_of
from b24app.segments.sentences import say, sentence
from b24app.store import sizes as sql

if TYPE_CHECKING:
    from b24app.context import Context
    from b24app.segments.words import Speech

TREND_DAYS = 30
IDLE_DAYS = 30  # unused or unchanged for so long: the list says so
USED = "segments_used"  # the setting that says on which day somebody last opened or took each segment
LISTED = 100


@dataclass(frozen=True)
class Past:
    """Somebody who was in on a day, and why then. `left_at`: None when he still is."""

    client_key: str
    title: str
    entered_at: str
    left_at: str | None
    reason: str


@dataclass(frozen=True)
class Health:
    """A segment's shape. `sizes`: by day, the oldest first; `share`: of the base's revenue, 0 to 1; `flags`: unused, unchanged;
    `same_as`: the segment that has the same people."""

    sizes: tuple[int, ...]
    share: float | None
    flags: tuple[str, ...]
    same_as: str | None


@dataclass(frozen=True)
class Trend:
    """A segment's size by day, the oldest first; `since`: the first of those days, '' when there is none."""

    key: str
    title: Mapping[str, str]
    sizes: tuple[int, ...]
    since: str
    until: str

    @property
    def days(self) -> int:
        """How many days lie between the first and the last of them."""
        return (date.fromisoformat(self.until) - date.fromisoformat(self.since)).days if self.since else 0


@dataclass(frozen=True)
class Overlap:
    """A segment that shares members. `share`: of this one's members, 0 to 1."""

    key: str
    title: Mapping[str, str]
    shared: int
    share: float


def list_members_on(ctx: Context, key: str, day: str) -> tuple[list[Past], int]:
    """Return who was in at the end of a day of the portal, with the reasons then; the first 100 and how many in all.

    Raises NotFound, Mistaken when it is no day.
    """
    load(ctx, key)
    try:
        end = day_of(ctx).start(date.fromisoformat(day) + timedelta(days=1))
    except (ValueError, OverflowError) as error:
        raise Mistaken(f"“{day}” is not a date.", f"«{day}» не дата.") from error
    rows, total = sql.list_members_at(ctx.store, ctx.viewer, key, end, LISTED)
    speech = speech_of(ctx, load_known(ctx, *(one["rule"] for row in rows for one in row["reasons"])))
    return [
        Past(row["client_key"], row["title"], row["entered_at"], row["left_at"], reason_then(row["reasons"], speech)) for row in rows
    ], total


def list_health(ctx: Context) -> dict[str, Health]:
    """Return the shape of every segment. Raises Refused for who does not see all clients: sizes would tell of them."""
    check_may_define(ctx)
    today = day_of(ctx).today
    sizes = sql.list_sizes(ctx.store, (today - timedelta(days=TREND_DAYS)).isoformat())
    whole, changes = sql.total_revenue(ctx.store), sql.last_changes(ctx.store)
    used = ctx.app_store.find_setting(ctx.portal.member_id, USED, {})
    marks = {key: rows[-1]["mark"] for key, rows in sizes.items() if rows[-1]["members"]}
    limit = (today - timedelta(days=IDLE_DAYS)).isoformat()
    found = {}
    for one in load_all(ctx):
        rows = sizes.get(one.key, [])
        same = next((key for key, mark in marks.items() if key != one.key and mark and mark == marks.get(one.key)), None)
        share = (rows[-1]["revenue"] or 0) / whole if rows and whole else None
        found[one.key] = Health(tuple(row["members"] for row in rows), share, _flags(used.get(one.key), changes.get(one.key), limit), same)
    return found


def list_trends(ctx: Context) -> list[Trend]:
    """Return how large every segment was, those that changed most first. Raises Refused."""
    check_may_define(ctx)
    sizes = sql.list_sizes(ctx.store, (day_of(ctx).today - timedelta(days=TREND_DAYS)).isoformat())
    found = [_trend(one.key, one.title, sizes.get(one.key, [])) for one in load_all(ctx)]
    return sorted(found, key=lambda one: -abs(one.sizes[-1] - one.sizes[0]) if one.sizes else 1)


def _trend(key: str, title: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> Trend:
    days = [row["day"] for row in rows] or [""]
    return Trend(key, title, tuple(row["members"] for row in rows), days[0], days[-1])


def note_use(ctx: Context, key: str) -> None:
    """Remember that somebody used a segment today: opened its members, or took them out."""
    used = ctx.app_store.find_setting(ctx.portal.member_id, USED, {})
    if used.get(key) != ctx.today():
        ctx.app_store.save_setting(ctx.portal.member_id, USED, {**used, key: ctx.today()})


def list_flows(ctx: Context, key: str, days: int = TREND_DAYS) -> list[dict[str, Any]]:
    """Return how many came and went, day by day. Raises NotFound, Refused."""
    check_may_define(ctx)
    load(ctx, key)
    return sql.list_flows(ctx.store, key, day_of(ctx).start(day_of(ctx).today - timedelta(days=days)))


def list_overlaps(ctx: Context, key: str, members: int) -> list[Overlap]:
    """Return the segments that share members with this one of so many. Raises Refused."""
    check_may_define(ctx)
    titles = {one.key: one.title for one in load_all(ctx)}
    rows = [row for row in sql.list_overlaps(ctx.store, key) if row["segment_key"] in titles]
    return [Overlap(row["segment_key"], titles[row["segment_key"]], row["shared"], row["shared"] / max(members, 1)) for row in rows]


def _flags(used_on: str | None, change: Mapping[str, str] | None, limit: str) -> tuple[str, ...]:
    """A segment younger than the limit is neither."""
    if change is None or change["first"] >= limit:
        return ()
    flags = ["unused"] if (used_on or "") < limit else []
    return (*flags, "unchanged") if change["last"] < limit else tuple(flags)


def reason_then(saved: Sequence[Mapping[str, Any]], speech: Speech) -> str:
    """Return the sentence out of what every condition said at the moment of entering."""
    parts = [say(one["rule"], one["value"], speech) for one in saved if one["answer"] != "unknown" and _can_say(one["rule"], speech)]
    return sentence(parts)


def _can_say(rule: Mapping[str, Any], speech: Speech) -> bool:
    """A fact that the app does not know any more has no words."""
    return rule["criterion"] != "fact" or rule["fact"] in speech.known.facts
