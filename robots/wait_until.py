"""The robot «Wait until fact»: holds the workflow until something becomes true of the client, or the time is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from b24app.clients.facts import FACTS
from b24app.errors import Mistaken
from robots.comparing import OPERATORS, compare, read_wanted
from robots.properties import Choice, Line, Texts, Whole
from robots.robot import Call, Pending, Result, Returned, Robot
from robots.saying import LANGS, flag, say_fact
from robots.segment_choice import SEGMENT, find_segment, stand
from robots.subject import find_card, get_card

if TYPE_CHECKING:
    from b24app.clients.cards import ClientCard
    from b24app.context import Context

NONE = "none"
SPARE = timedelta(seconds=60)  # before the workflow itself stops waiting
NOTHING_TO_WAIT_FOR = (
    "Say what to wait for: a segment or a fact.",
    "Укажите, чего ждать: сегмент или показатель.",
)
TRUE = {"ru": "Дождались. {why}", "en": "It has come true. {why}"}
OVER = {"ru": "Время вышло, этого не случилось. {why}", "en": "The time is over, it has not come true. {why}"}
WAITS = {"ru": "Ждём до {until}. Сейчас: {why}", "en": "Waiting until {until}. Now: {why}"}
GONE = {"ru": "Клиента больше нет: ждать некого.", "en": "The client is no more: there is nobody to wait for."}


class WaitUntil(Robot):
    """Wait for a segment, a fact or both. Looked at again when the client changes, when a day begins, when the time is over."""

    code = "wait_until"
    name: ClassVar[Texts] = {"ru": "Ждать, пока не станет верно", "en": "Wait until fact"}
    description: ClassVar[Texts] = {
        "ru": "Продолжает процесс, когда клиент вошёл в сегмент или вышел из него, показатель стал нужным или вышло время.",
        "en": "Goes on when the client has entered or left a segment, when a fact is as wanted, or when the time is over.",
    }
    properties = (
        SEGMENT,
        Choice(
            "becomes",
            {"ru": "Что с сегментом", "en": "What with the segment"},
            choices={"in": {"ru": "Клиент вошёл", "en": "The client is in"}, "out": {"ru": "Клиента нет", "en": "The client is out"}},
        ),
        Choice(
            "fact",
            {"ru": "Показатель", "en": "Fact"},
            choices={
                NONE: {"ru": "— не важен —", "en": "— any —"},
                **{fact.key: {lang: fact.words[lang]["title"] for lang in LANGS} for fact in FACTS},
            },
        ),
        Choice("operator", {"ru": "Как сравнить", "en": "How to compare"}, choices=OPERATORS),
        Line("value", {"ru": "Значение", "en": "Value"}),
        Whole("hours", {"ru": "Ждать не дольше, часов", "en": "Wait at most, hours"}, default=72, smallest=1, largest=8760),
    )
    returns = (
        Returned("came_true", "bool", {"ru": "Стало верно", "en": "It came true"}),
        Returned("outcome", "string", {"ru": "Итог: true, over, gone", "en": "Outcome: true, over, gone"}),
        Returned("waited_hours", "double", {"ru": "Ждали, часов", "en": "Hours waited"}),
        Returned("reason", "string", {"ru": "Почему", "en": "Why"}),
    )
    has_page = True

    def run(self, ctx: Context, call: Call) -> Result | Pending:
        """Answer when it is true or too late, else wait."""
        _check(ctx, call)
        until = _until(ctx, call)
        card = find_card(ctx, call) if call.received_at and ctx.now() > call.received_at else get_card(ctx, call)
        if card is None:
            return _result(ctx, call, "gone", dict.fromkeys(LANGS, ""), GONE)
        is_true, why = _look(ctx, call, card)
        if is_true:
            return _result(ctx, call, "true", why, TRUE)
        if ctx.now() >= until:
            return _result(ctx, call, "over", why, OVER)
        shown = f"{until.astimezone(ctx.portal.zone):%d.%m.%Y %H:%M}"
        return Pending(until, card.key, {lang: WAITS[lang].format(until=shown, why=why[lang]) for lang in LANGS})

    def preview(self, ctx: Context, call: Call) -> Result:
        """Say how it stands now."""
        _check(ctx, call)
        is_true, why = _look(ctx, call, get_card(ctx, call))
        shown = f"{_until(ctx, call).astimezone(ctx.portal.zone):%d.%m.%Y %H:%M}"
        said = {lang: (TRUE if is_true else WAITS)[lang].format(until=shown, why=why[lang]) for lang in LANGS}
        return Result({"came_true": flag(is_true), "outcome": "", "waited_hours": "", "reason": why[ctx.portal.lang]}, said)


def _check(ctx: Context, call: Call) -> None:
    """Raise Mistaken when there is nothing to wait for, or when it cannot be asked."""
    wanted = call.properties
    if not wanted["segment"] and wanted["fact"] == NONE:
        raise Mistaken(*NOTHING_TO_WAIT_FOR)
    if wanted["segment"]:
        find_segment(ctx, wanted["segment"])
    if wanted["fact"] != NONE:
        read_wanted(wanted["fact"], wanted["operator"], wanted["value"])


def _until(ctx: Context, call: Call) -> datetime:
    """Return when to answer at the latest: after the hours that were asked for, but before the workflow gives up itself."""
    own = (call.received_at or ctx.now()) + timedelta(hours=call.properties["hours"])
    return min(own, call.deadline - SPARE) if call.deadline else own


def _look(ctx: Context, call: Call, card: ClientCard) -> tuple[bool, Texts]:
    """Tell whether all that was asked for is true now, and how things stand."""
    wanted = call.properties
    answers: list[bool] = []
    said: dict[str, list[str]] = {lang: [] for lang in LANGS}
    if wanted["segment"]:
        segment = find_segment(ctx, wanted["segment"])
        answers.append(stand(ctx, segment, card.key).is_member == (wanted["becomes"] == "in"))
        for lang in LANGS:
            reason = stand(replace(ctx, lang=lang), segment, card.key).reason
            said[lang].append(f"«{segment.title[lang]}»: {reason}" if reason else f"«{segment.title[lang]}»")
    if wanted["fact"] != NONE:
        answers.append(compare(wanted["fact"], card.fact(wanted["fact"]), wanted["operator"], wanted["value"]))
        for lang in LANGS:
            said[lang].append(say_fact(ctx, card, wanted["fact"], lang))
    return all(answers), {lang: "; ".join(parts) for lang, parts in said.items()}


def _result(ctx: Context, call: Call, outcome: str, why: Texts, said: Texts) -> Result:
    waited = (ctx.now() - call.received_at).total_seconds() / 3600 if call.received_at else 0.0
    texts = {lang: said[lang].format(why=why[lang]).strip() for lang in LANGS}
    values = {"came_true": flag(outcome == "true"), "outcome": outcome, "waited_hours": round(waited, 2), "reason": why[ctx.portal.lang]}
    return Result(values, texts)
