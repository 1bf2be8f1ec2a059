"""PRESETS: ready segments. Declarations only; a portal may change its own copy.

The first ones are saved at install (`definitions.STARTERS`), all are offered in the gallery as far as the facts that they ask of are
there. `parameters` are what the administrator chooses; `{"parameter": NAME}` stands for the choice in the rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Preset:
    """A ready segment: what it is called, what it is good for, whom it holds. `is_draft`: it must be filled in before it can be saved."""

    key: str
    title: Mapping[str, str]
    purpose: Mapping[str, str]
    rule: Mapping[str, Any]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    unknown_means: str = "no"
    is_draft: bool = False

    def definition(self) -> dict[str, Any]:
        """Return it as it is saved."""
        words = {"title": dict(self.title), "purpose": dict(self.purpose)}
        return {**words, "rule": dict(self.rule), "parameters": dict(self.parameters), "unknown_means": self.unknown_means, "owner_id": 0}

    def needs(self) -> set[str]:
        """Return the facts that the rule asks of."""
        return set(_facts_in(self.rule))


def _facts_in(rule: Any) -> list[str]:
    if isinstance(rule, Mapping):
        own = [rule["fact"]] if "fact" in rule else []
        return [*own, *(key for value in rule.values() for key in _facts_in(value))]
    return [key for item in rule for key in _facts_in(item)] if isinstance(rule, (list, tuple)) else []


def fact(key: str, op: str, value: Any) -> dict[str, Any]:
    """Return a condition on a fact."""
    return {"criterion": "fact", "fact": key, "op": op, "value": value}


def both(ru: str, en: str) -> dict[str, str]:
    """Return words in two languages."""
    return {"ru": ru, "en": en}


def days(ru: str, en: str, value: int) -> dict[str, Any]:
    """Return a parameter that is a number of days; a portal may choose its own (`sleeping`)."""
    return {"title": both(ru, en), "kind": "days", "value": value}


PRESETS: tuple[Preset, ...] = (
    Preset(
        "won",
        both("С выигранными сделками", "With won deals"),
        both("Кто уже покупал: им предлагают ещё", "Those who have bought: offer them more"),
        {"criterion": "deal", "where": {"criterion": "field", "field": "stageSemanticId", "op": "=", "value": "S"}},
    ),
    Preset(
        "bought_once_180",
        both("Купили один раз и не покупали 180 дней", "Bought once and not for 180 days"),
        both("Вернуть: спросить, почему не купили снова", "Win back: ask why there was no second purchase"),
        {"all": [fact("purchases", "=", 1), fact("days_since_purchase", ">=", 180)]},
    ),
    Preset(
        "membership_7",
        both("Абонемент заканчивается в ближайшие 7 дней", "Membership ends in the next 7 days"),
        both("Продлить, пока клиент не ушёл", "Renew before the client leaves"),
        {
            "criterion": "field",
            "of": {"parameter": "field.of"},
            "field": {"parameter": "field"},
            "op": "=",
            "value": {"days": [0, 7]},
        },
        {"field": {"title": both("Поле с датой окончания", "Field with the end date"), "kind": "date", "value": None}},
    ),
    Preset(
        "with_open_deals",
        both("Со сделками в работе", "With open deals"),
        both("Не тревожить рассылкой: с ними уже говорят", "Leave them out of mailings: somebody talks to them"),
        {"criterion": "deal", "where": {"criterion": "field", "field": "stageSemanticId", "op": "=", "value": "P"}},
    ),
    Preset(
        "sleeping_shop",
        both("Спящие: магазин, 3–6 месяцев", "Sleeping: a shop, 3 to 6 months"),
        both("Вернуть, пока помнят: повод и скидка на возвращение", "Win back while they remember you"),
        fact("days_since_purchase", "between", [{"parameter": "from"}, {"parameter": "to"}]),
        {"from": days("Спит с, дней", "Asleep from, days", 90), "to": days("Спит до, дней", "Asleep until, days", 180)},
    ),
    Preset(
        "sleeping_b2b",
        both("Спящие: B2B, больше года", "Sleeping: B2B, over a year"),
        both("Узнать, что изменилось, и предложить сервис", "Ask what has changed and offer service"),
        fact("days_since_purchase", ">=", {"parameter": "from"}),
        {"from": days("Спит с, дней", "Asleep from, days", 365)},
    ),
    Preset(
        "overdue",
        both("Опаздывают против своего ритма", "Overdue by their own rhythm"),
        both("Напомнить: обычно к этому дню уже покупают", "Remind: they usually have bought by now"),
        fact("overdue_days", ">", 0),
    ),
    Preset(
        "bought_once",
        both("Купили один раз", "Bought once"),
        both("Довести до второй покупки: она решает больше всех", "Bring to a second purchase: it matters most"),
        fact("purchases", "=", 1),
    ),
    Preset(
        "regular",
        both("Постоянные", "Regular"),
        both("Беречь: ранний доступ и баллы вместо скидок", "Keep them: early access and points in place of discounts"),
        fact("retention", "=", "active"),
    ),
    Preset(
        "vip",
        both("VIP", "VIP"),
        both("Личное сопровождение и условия", "Personal support and terms"),
        {"all": [fact("m_score", "=", 5), fact("f_score", ">=", 4)]},
    ),
    Preset(
        "at_risk",
        both("Под угрозой", "At risk"),
        both("Позвонить первым: покупали много и замолчали", "Call first: they bought much and went quiet"),
        fact("rfm_group", "@", ["at_risk", "cannot_lose"]),
    ),
    Preset(
        "lost",
        both("Потерянные", "Lost"),
        both("Последняя попытка или отпустить", "A last attempt, or let them go"),
        fact("retention", "=", "lost"),
    ),
    Preset(
        "newcomers",
        both("Новые", "New"),
        both("Познакомить с сервисом после первой покупки", "Introduce the service after the first purchase"),
        {"all": [fact("purchases", "=", 1), fact("days_since_purchase", "<=", 30)]},
    ),
    Preset(
        "upsell_window",
        both("Окно допродажи", "Upsell window"),
        both("Предложить дополнение: лучшее время, 7–14 дней после покупки", "Offer an addition: 7 to 14 days after a purchase is best"),
        fact("upsell_window", "=", 1),
    ),
    Preset(
        "bought_a_without_b",
        both("Купили одно без другого", "Bought one without the other"),
        both("Предложить то, что берут вместе", "Offer what is bought together"),
        {"all": [{"criterion": "bought", "products": []}, {"not": {"criterion": "bought", "products": []}}]},
        is_draft=True,
    ),
    Preset(
        "birthday",
        both("День рождения в ближайшие 5 дней", "Birthday in the next 5 days"),
        both("Поздравить и сделать подарок", "Congratulate and give a present"),
        fact("birthday", "anniversary", {"days": [0, 5]}),
    ),
    Preset(
        "talks_not_buys",
        both("Общаются, но не покупают", "Talk but do not buy"),
        both("По сделкам спят, а нам пишут: спросить, что мешает", "Asleep by deals, yet they write: ask what stands in the way"),
        {
            "all": [
                fact("last_incoming", "=", {"days_ago": [0, 30]}),
                {"any": [fact("purchases", "=", 0), fact("days_since_purchase", ">=", 180)]},
            ]
        },
    ),
    Preset(
        "complaint_open",
        both("Жалоба не закрыта", "Complaint is open"),
        both("Сначала решить вопрос, потом предлагать", "Solve it first, offer later"),
        fact("open_complaints", ">", 0),
    ),
    Preset(
        "no_consent",
        both("Нет согласия на рассылки", "No consent to mailings"),
        both("Получить согласие; рассылать им нельзя", "Get their consent; do not mail them"),
        fact("consent", "=", 0),
        unknown_means="yes",
    ),
    Preset(
        "unreachable",
        both("Нет ни телефона, ни почты", "Neither phone nor e-mail"),
        both("Дозаполнить карточку при первом случае", "Complete the card at the first chance"),
        {"all": [fact("has_phone", "=", 0), fact("has_email", "=", 0)]},
    ),
    Preset(
        "never_bought",
        both("Никогда не покупали", "Never bought"),
        both("Понять, что мешает первой покупке", "Find out what keeps them from a first purchase"),
        fact("purchases", "=", 0),
    ),
)
BY_KEY = {preset.key: preset for preset in PRESETS}
