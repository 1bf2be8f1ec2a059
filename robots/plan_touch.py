"""The robot «Plan next touch»: a to-do for whoever is responsible, on the right day, never twice for the same reason."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from b24app.errors import Mistaken
from b24app.segments.words import date_text
from b24app.touches.plan import Order, choose_touch, moment_of, plan_touch
from b24app.touches.reasons import RHYTHM, SERVICE, UPSELL, Touch
from robots.properties import Choice, Line, Person, Texts, Whole
from robots.robot import Call, Result, Returned, Robot
from robots.saying import LANGS, flag
from robots.subject import NO_CLIENT, find_card, find_subject

if TYPE_CHECKING:
    from b24app.context import Context

NO_REASON = {"ru": "{client}: повода связаться сейчас нет.", "en": "{client}: there is no reason to get in touch now."}
PLANNED = {"ru": "Дело на {moment}: {why}", "en": "To-do on {moment}: {why}"}
THERE_ALREADY = {
    "ru": "Дело по этому поводу уже есть, на {moment}: {why}",
    "en": "There is a to-do for this reason already, on {moment}: {why}",
}


class PlanTouch(Robot):
    """Plan the soonest touch that is due. The same reason and date find the same to-do, whoever asks and however often."""

    code = "plan_touch"
    name: ClassVar[Texts] = {"ru": "Запланировать касание", "en": "Plan next touch"}
    description: ClassVar[Texts] = {
        "ru": "Ставит ответственному дело на верный день: по ритму клиента, окну допродажи или сроку услуги, в рабочее время.",
        "en": "Gives whoever is responsible a to-do on the right day: by rhythm, upsell window or service due, in working hours.",
    }
    properties = (
        Choice(
            "reason",
            {"ru": "Повод", "en": "Reason"},
            choices={
                "any": {"ru": "Любой, ближайший", "en": "Any, the soonest"},
                RHYTHM: {"ru": "Ритм покупок", "en": "Rhythm of purchases"},
                UPSELL: {"ru": "Окно допродажи", "en": "Upsell window"},
                SERVICE: {"ru": "Срок услуги", "en": "Service due"},
            },
        ),
        Whole("lead", {"ru": "За сколько дней до срока", "en": "Days before it is due"}, default=3, smallest=0, largest=90),
        Person("responsible", {"ru": "Кому (пусто — ответственный)", "en": "For whom (empty: who is responsible)"}),
        Line("note", {"ru": "Что добавить в дело", "en": "What to add to the to-do"}, is_long=True),
    )
    returns = (
        Returned("planned", "bool", {"ru": "Дело стоит", "en": "There is a to-do"}),
        Returned("is_new", "bool", {"ru": "Поставлено сейчас", "en": "It was made now"}),
        Returned("todo_id", "int", {"ru": "ID дела", "en": "To-do id"}),
        Returned("deadline", "datetime", {"ru": "Срок дела", "en": "To-do deadline"}),
        Returned("reason", "string", {"ru": "Почему", "en": "Why"}),
    )
    has_page = True

    def run(self, ctx: Context, call: Call) -> Result:
        """Plan the touch."""
        order = self._order(ctx, call)
        planned = plan_touch(ctx, order)
        if planned is None:
            return self._nothing(order)
        said = PLANNED if planned.is_new else THERE_ALREADY
        values = {"planned": flag(True), "is_new": flag(planned.is_new), "todo_id": planned.todo_id}
        return self._result(ctx, values, planned.touch, planned.deadline, said)

    def preview(self, ctx: Context, call: Call) -> Result:
        """See Robot."""
        order = self._order(ctx, call)
        touch = choose_touch(ctx, order)
        if touch is None:
            return self._nothing(order)
        values = {"planned": flag(True), "is_new": "", "todo_id": ""}
        return self._result(ctx, values, touch, moment_of(ctx, touch), PLANNED)

    def _order(self, ctx: Context, call: Call) -> Order:
        subject, wanted = find_subject(ctx, call), call.properties
        card = find_card(ctx, call, subject)
        if card is None:
            raise Mistaken(*NO_CLIENT)
        who = wanted["responsible"] or subject.responsible_id or card.responsible_id or 0
        reason = "" if wanted["reason"] == "any" else wanted["reason"]
        owner = (subject.type_id, subject.entity_id)
        return Order(card.key, card.title, owner, who, reason, wanted["lead"], wanted["note"])

    def _nothing(self, order: Order) -> Result:
        empty = {**dict.fromkeys((one.code for one in self.returns), ""), "planned": flag(False), "is_new": flag(False)}
        return Result(empty, {lang: text.format(client=order.client_title) for lang, text in NO_REASON.items()})

    def _result(self, ctx: Context, values: Mapping[str, object], touch: Touch, moment: datetime, said: Texts) -> Result:
        more = {"deadline": moment.isoformat(), "reason": touch.why[ctx.portal.lang]}
        texts = {lang: said[lang].format(moment=f"{date_text(moment.date(), lang)} {moment:%H:%M}", why=touch.why[lang]) for lang in LANGS}
        return Result({**values, **more}, texts)
