"""The robot «Client's numbers»: gives a workflow what is known of the deal's client, to be used in any condition."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from b24app.clients.facts import BY_KEY
from b24app.segments.definitions import load_all
from b24app.store.segments import list_segments_of
from robots.properties import Texts
from robots.robot import Call, Result, Returned, Robot
from robots.saying import TYPES, describe_client, flag, value_of
from robots.subject import get_card

if TYPE_CHECKING:
    from b24app.context import Context

# A returned value, the fact that it is, its name in Russian and in English.
NUMBERS = (
    ("purchases", "purchases", "Покупок", "Purchases"),
    ("revenue", "revenue", "Выручка", "Revenue"),
    ("average_purchase", "average_purchase", "Средний чек", "Average purchase"),
    ("ltv", "ltv", "LTV клиента", "Client's LTV"),
    ("r", "r_score", "R, давность (1–5)", "R, recency (1–5)"),
    ("f", "f_score", "F, частота (1–5)", "F, frequency (1–5)"),
    ("m", "m_score", "M, деньги (1–5)", "M, money (1–5)"),
    ("rfm_group", "rfm_group", "RFM-группа", "RFM group"),
    ("days_since_purchase", "days_since_purchase", "Дней с покупки", "Days since purchase"),
    ("next_purchase", "next_purchase", "Ждём покупку", "Next purchase expected"),
    ("overdue_days", "overdue_days", "Опоздание, дней", "Days overdue"),
    ("alive", "alive", "Вероятность, что активен, %", "Probability of being active, %"),
)


class ClientNumbers(Robot):
    """Return the numbers of the client: nothing is changed."""

    code = "client_numbers"
    name: ClassVar[Texts] = {"ru": "Цифры клиента", "en": "Client's numbers"}
    description: ClassVar[Texts] = {
        "ru": "Возвращает покупки, выручку, LTV, RFM, ожидаемую покупку и сегменты клиента для любых условий.",
        "en": "Returns the client's purchases, revenue, LTV, RFM, expected purchase and segments for any condition.",
    }
    returns = (
        Returned("client", "string", {"ru": "Клиент", "en": "Client"}),
        *(Returned(code, TYPES[BY_KEY[fact].kind], {"ru": ru, "en": en}) for code, fact, ru, en in NUMBERS),
        Returned("overdue", "bool", {"ru": "Опаздывает с покупкой", "en": "Purchase is overdue"}),
        Returned("segments", "string", {"ru": "Сегменты клиента", "en": "Client's segments"}),
        Returned("reason", "string", {"ru": "Клиент одной фразой", "en": "The client in a sentence"}),
    )
    has_page = True

    def run(self, ctx: Context, call: Call) -> Result:
        """Read the client's facts and segments."""
        card, lang = get_card(ctx, call), ctx.portal.lang
        said, overdue = describe_client(ctx, card), card.fact("overdue_days")
        values = {
            "client": card.title,
            **{code: value_of(BY_KEY[fact], card.fact(fact), lang) for code, fact, _, _ in NUMBERS},
            "overdue": flag(overdue is not None and overdue > 0),
            "segments": _list_segments(ctx, card.key, lang),
            "reason": said[lang],
        }
        return Result(values, {one: f"{card.title}: {text}" for one, text in said.items()})

    def preview(self, ctx: Context, call: Call) -> Result:
        """See Robot."""
        return self.run(ctx, call)


def _list_segments(ctx: Context, client_key: str, lang: str) -> str:
    """Return the titles of the client's segments; why he is in them is not asked here, it would take longer than all the rest."""
    inside = {row["segment_key"] for row in list_segments_of(ctx.store, client_key)}
    return "; ".join(one.title[lang] for one in load_all(ctx) if one.key in inside)
