"""Which segment a robot means: people type a title, the settings page writes "Title [key]", a key alone will do. Reads definitions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from b24app.errors import Mistaken
from b24app.segments.definitions import Definition, load_all
from b24app.segments.explain import explain_definition
from b24app.store.folding import fold
from b24app.store.segments import list_segments_of
from robots.properties import Line

if TYPE_CHECKING:
    from b24app.context import Context


@dataclass(frozen=True)
class SegmentLine(Line):
    """The name of a segment. Its kinds: segment (any), list (one that is changed by hand)."""

    of: str = "segment"

    @property
    def drawn(self) -> str:
        """See Property."""
        return self.of


SEGMENT = SegmentLine("segment", {"ru": "Сегмент", "en": "Segment"})
LIST = SegmentLine("segment", {"ru": "Статический сегмент", "en": "Static segment"}, of="list")
IN_BRACKETS = re.compile(r"\[([^\[\]]+)\]\s*$")
CHOOSE = ("Choose a segment in the robot's settings.", "Выберите сегмент в настройках робота.")
NOT_A_LIST = (
    "Segment “{title}” keeps itself up by its rule; only a list can be changed by hand or by a robot.",
    "Сегмент «{title}» собирается по правилу сам; вручную или роботом меняется только список.",
)


@dataclass(frozen=True)
class Standing:
    """How a client stands to a segment. `answer`: yes, no, unknown; `since`: UTC instant or ''; `reason` in the context's language."""

    answer: str
    is_member: bool
    since: str
    reason: str


def find_segment(ctx: Context, text: str) -> Definition:
    """Return the segment that was meant. Raises Mistaken when there is none, or several."""
    if not text:
        raise Mistaken(*CHOOSE)
    there, named = load_all(ctx), IN_BRACKETS.search(text)
    keys = [one for one in there if one.key in (text, named[1] if named else text)]
    found = keys or [one for one in there if fold(text) in (fold(title) for title in one.title.values())]
    if len(found) != 1:
        en, ru = ("There are several segments", "Сегментов несколько") if found else ("There is no segment", "Нет сегмента")
        raise Mistaken(f"{en} “{text[:60]}”: choose it in the robot's settings.", f"{ru} «{text[:60]}»: выберите его в настройках робота.")
    return found[0]


def find_list(ctx: Context, text: str) -> Definition:
    """Return the list that was meant. Raises Mistaken when it is a segment of another kind."""
    found = find_segment(ctx, text)
    if not found.list_key:
        raise Mistaken(*(sentence.format(title=found.title[lang]) for sentence, lang in zip(NOT_A_LIST, ("en", "ru"), strict=True)))
    return found


def stand(ctx: Context, segment: Definition, client_key: str) -> Standing:
    """Return how a client stands to a segment now. Raises Mistaken when its rule cannot be asked."""
    found = explain_definition(ctx, segment, client_key)
    since = next((row["entered_at"] for row in list_segments_of(ctx.store, client_key) if row["segment_key"] == segment.key), "")
    is_member = found.answer == "yes" or (found.answer == "unknown" and segment.unknown_means == "yes")
    return Standing(found.answer, is_member, since if is_member else "", found.sentence)
