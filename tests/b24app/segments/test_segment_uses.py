"""What a segment serves: robots, exports, cards, other segments; and honestly nothing."""

from __future__ import annotations

import json
from typing import Any

from b24app.segments.definitions import Definition, ensure_presets, save
from b24app.segments.exports import list_rows
from b24app.segments.membership import refresh
from b24app.segments.uses import list_uses
from b24app.segments.write_back import SETTING

NO_WORDS = {"ru": "", "en": ""}


def test_segment_serves_whoever_took_it_lately(base: Any) -> None:
    """A robot by key, by title or by "Title [key]", an export, another segment's rule; others serve nobody."""
    ensure_presets(base.ctx)
    base.update()
    refresh(base.ctx)
    assert list_uses(base.ctx) == {"won": set(), "bought_once_180": set(), "membership_7": set()}

    lately, long_ago = "2025-06-01T00:00:00Z", "2025-01-01T00:00:00Z"
    for token, said, at in (("a", "С выигранными сделками [won]", lately), ("b", "bought_once_180", long_ago)):
        call = {
            "call_id": token,
            "robot": "in_segment",
            "properties": json.dumps({"segment": said}, ensure_ascii=False),
            "state": "answered",
        }
        base.save("robot_call", event_token=token, received_at=at, **call)
    save(base.ctx, Definition("s_1", NO_WORDS, NO_WORDS, {"not": {"criterion": "segment", "segment": "membership_7"}}))
    list(list_rows(base.ctx, "bought_once_180"))

    assert list_uses(base.ctx) == {"won": {"robot"}, "bought_once_180": {"export"}, "membership_7": {"segment"}, "s_1": set()}


def test_cards_that_are_written_use_every_segment(base: Any) -> None:
    """What goes back into CRM is what filters and robots of the portal take from there."""
    ensure_presets(base.ctx)
    base.ctx.app_store.save_setting("m1", SETTING, {"fields": True})

    assert all(uses == {"cards"} for uses in list_uses(base.ctx).values())
