"""The robot «Is in segment»: yes, no or unknown, since when and why."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from robots.properties import Texts
from robots.robot import Call, Result, Returned, Robot
from robots.saying import LANGS, flag
from robots.segment_choice import SEGMENT, find_segment, stand
from robots.subject import NO_CLIENT, find_card

if TYPE_CHECKING:
    from b24app.context import Context

ANSWERS = {
    "yes": {"ru": "«{title}»: да. {reason}", "en": "“{title}”: yes. {reason}"},
    "no": {"ru": "«{title}»: нет. {reason}", "en": "“{title}”: no. {reason}"},
    "unknown": {"ru": "«{title}»: неизвестно. {reason}", "en": "“{title}”: unknown. {reason}"},
}


class InSegment(Robot):
    """Tell whether the client is in a segment, by his values of now. A record without a client is unknown."""

    code = "in_segment"
    name: ClassVar[Texts] = {"ru": "Входит в сегмент?", "en": "Is in segment"}
    description: ClassVar[Texts] = {
        "ru": "Отвечает, входит ли клиент в сегмент: да, нет или неизвестно, с какого дня и почему.",
        "en": "Tells whether the client is in a segment: yes, no or unknown, since when and why.",
    }
    properties = (SEGMENT,)
    returns = (
        Returned("answer", "string", {"ru": "Ответ: yes, no, unknown", "en": "Answer: yes, no, unknown"}),
        Returned("is_member", "bool", {"ru": "Входит в сегмент", "en": "Is a member"}),
        Returned("since", "datetime", {"ru": "В сегменте с", "en": "Member since"}),
        Returned("reason", "string", {"ru": "Почему", "en": "Why"}),
    )
    has_page = True

    def run(self, ctx: Context, call: Call) -> Result:
        """Ask the segment's rule of the client."""
        segment, card = find_segment(ctx, call.properties["segment"]), find_card(ctx, call)
        if card is None:
            reasons = dict(zip(("en", "ru"), NO_CLIENT, strict=True))
            return Result({"answer": "unknown", "is_member": "N", "since": "", "reason": reasons[ctx.portal.lang]}, reasons)
        found = {lang: stand(replace(ctx, lang=lang), segment, card.key) for lang in LANGS}
        own = found[ctx.portal.lang]
        values = {"answer": own.answer, "is_member": flag(own.is_member), "since": own.since, "reason": own.reason}
        said = {lang: ANSWERS[own.answer][lang].format(title=segment.title[lang], reason=found[lang].reason).strip() for lang in LANGS}
        return Result(values, said)

    def preview(self, ctx: Context, call: Call) -> Result:
        """See Robot."""
        return self.run(ctx, call)
