"""The robot «What to offer next»: a product or service that the client's history speaks for, with the reason; else nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from b24app.store.subjects import list_product_ids
from b24app.touches.suggest import suggest
from b24app.touches.suggestions import KINDS, REPLACEMENT, SERVICE, TOGETHER
from robots.properties import Choice, Texts
from robots.robot import Call, Result, Returned, Robot
from robots.saying import LANGS, flag
from robots.subject import get_card

if TYPE_CHECKING:
    from b24app.context import Context

ANY = "any"
NOTHING = {
    "ru": "{client}: история покупок ничего не подсказывает.",
    "en": "{client}: the history of purchases speaks for nothing.",
}
MOST = 3  # that are told in `others`


class NextOffer(Robot):
    """Suggest what to offer: nothing is changed, and nothing is invented."""

    code = "next_offer"
    name: ClassVar[Texts] = {"ru": "Что предложить дальше", "en": "What to offer next"}
    description: ClassVar[Texts] = {
        "ru": "Подсказывает товар или услугу по истории: подошёл срок, пора повторить, берут вместе. Если сказать нечего, молчит.",
        "en": "Suggests a product or service by history: service due, time to buy again, bought together. Else it is silent.",
    }
    properties = (
        Choice(
            "kind",
            {"ru": "Что искать", "en": "What to look for"},
            choices={
                ANY: {"ru": "Всё, лучшее первым", "en": "Anything, the best first"},
                SERVICE: {"ru": "Подошёл срок услуги", "en": "A service that is due"},
                REPLACEMENT: {"ru": "Пора купить снова", "en": "Time to buy again"},
                TOGETHER: {"ru": "Берут вместе", "en": "Bought together"},
            },
        ),
    )
    returns = (
        Returned("found", "bool", {"ru": "Есть что предложить", "en": "There is something to offer"}),
        Returned("product", "string", {"ru": "Товар или услуга", "en": "Product or service"}),
        Returned("product_id", "int", {"ru": "ID товара", "en": "Product id"}),
        Returned("kind", "string", {"ru": "Вид: service, replacement, together", "en": "Kind: service, replacement, together"}),
        Returned("due", "date", {"ru": "Срок", "en": "Due"}),
        Returned("reason", "string", {"ru": "Почему", "en": "Why"}),
        Returned("others", "text", {"ru": "Что ещё можно предложить", "en": "What else could be offered"}),
    )
    has_page = True

    def run(self, ctx: Context, call: Call) -> Result:
        """Ask the client's history."""
        card, lang = get_card(ctx, call), ctx.portal.lang
        in_deal = list_product_ids(ctx.store, call.entity_id) if call.entity == "deal" else ()
        kinds = KINDS if call.properties["kind"] == ANY else (call.properties["kind"],)
        found = [one for one in suggest(ctx, card.key, in_deal) if one.kind in kinds]
        if not found:
            empty = {**dict.fromkeys((one.code for one in self.returns), ""), "found": flag(False)}
            return Result(empty, {one: text.format(client=card.title) for one, text in NOTHING.items()})
        best = found[0]
        values = {
            "found": flag(True),
            "product": best.product,
            "product_id": best.product_id or "",
            "kind": best.kind,
            "due": best.day,
            "reason": best.reason[lang],
            "others": "\n".join(one.reason[lang] for one in found[1 : MOST + 1]),
        }
        return Result(values, {one: f"{card.title}: {best.reason[one]}" for one in LANGS})

    def preview(self, ctx: Context, call: Call) -> Result:
        """See Robot."""
        return self.run(ctx, call)
