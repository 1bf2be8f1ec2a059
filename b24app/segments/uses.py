"""What a segment is there for: robots that asked for it, exports, cards that it is written into, other segments. Reads only.

Rules of offers and whatever else lies outside this room is added by whoever shows it.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from b24app.segments.dates import INSTANT
from b24app.segments.definitions import Definition, load_all, segments_in
from b24app.segments.write_back import is_enabled
from b24app.store.uses import list_asked_of_robots

if TYPE_CHECKING:
    from b24app.context import Context

RECENT_DAYS = 30
USES = ("robot", "offer_rule", "cards", "export", "segment")  # in the order in which they are named
NAMED = re.compile(r"\[([^\[\]]+)\]\s*$")  # as the settings of a robot write a segment: "Title [key]"
MOST_NOTES = 1000


def list_uses(ctx: Context) -> dict[str, set[str]]:
    """Return by segment what uses it, lately where it is asked each time."""
    definitions = load_all(ctx)
    since = (ctx.now() - timedelta(days=RECENT_DAYS)).strftime(INSTANT)
    notes, _ = ctx.app_store.list_notes(ctx.portal.member_id, {"kind": "export", "since": since}, MOST_NOTES)
    found = {
        "robot": _by_robots(definitions, list_asked_of_robots(ctx.store, "segment", since)),
        "export": {str(note["about"]) for note in notes},
        "cards": {one.key for one in definitions} if is_enabled(ctx) else set(),
        "segment": {key for one in definitions for key in segments_in(one.rule) if key != one.key},
    }
    return {one.key: {use for use, keys in found.items() if one.key in keys} for one in definitions}


def _by_robots(definitions: list[Definition], asked: set[str]) -> set[str]:
    """A robot names a segment by its key, by "Title [key]", or by the title alone."""
    keys = {match[1] if (match := NAMED.search(text)) else text for text in asked}
    return {one.key for one in definitions if one.key in keys or keys & set(one.title.values())}
