"""The robot «Find duplicates»: other cards that are like those of the deal's client. Changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from b24app.hygiene.duplicates import Duplicate, find_duplicates
from robots.cards_of import list_cards
from robots.properties import Texts
from robots.robot import Call, Result, Returned, Robot
from robots.saying import LANGS, flag

if TYPE_CHECKING:
    from b24app.context import Context

NONE = {"ru": "Дублей не найдено.", "en": "No duplicates found."}
WHY = {
    "phone": {"ru": "тот же телефон", "en": "the same phone"},
    "email": {"ru": "та же почта", "en": "the same e-mail"},
    "name": {"ru": "то же имя", "en": "the same name"},
}
PREFIXES = {"contact": "C_", "company": "CO_"}


class FindDuplicates(Robot):
    """Look for cards with the same phone, e-mail or name. Merging cannot be undone: a person does it, by the link."""

    code = "find_duplicates"
    name: ClassVar[Texts] = {"ru": "Найти дубли клиента", "en": "Find duplicates"}
    description: ClassVar[Texts] = {
        "ru": "Ищет другие карточки с тем же телефоном, почтой или именем (ё = е) и даёт ссылку на слияние. Ничего не меняет.",
        "en": "Looks for other cards with the same phone, e-mail or name and gives a link for merging. Changes nothing.",
    }
    returns = (
        Returned("found", "bool", {"ru": "Дубли есть", "en": "There are duplicates"}),
        Returned("count", "int", {"ru": "Сколько всего", "en": "How many"}),
        Returned("sure", "int", {"ru": "С тем же телефоном или почтой", "en": "With the same phone or e-mail"}),
        Returned("cards", "string", {"ru": "Карточки-дубли", "en": "Duplicate cards"}),
        Returned("report", "text", {"ru": "Что нашлось и почему", "en": "What was found and why"}),
        Returned("link", "string", {"ru": "Ссылка на слияние", "en": "Link for merging"}),
    )
    has_page = True

    def run(self, ctx: Context, call: Call) -> Result:
        """Look for the duplicates of all cards of the record."""
        found = find_duplicates(ctx, list_cards(ctx, call))
        said = {lang: "; ".join(_line(one, lang) for one in found) or NONE[lang] for lang in LANGS}
        values = {
            "found": flag(bool(found)),
            "count": len(found),
            "sure": sum(one.is_strong for one in found),
            "cards": ", ".join(f"{PREFIXES[one.entity]}{one.other_id}" for one in found),
            "report": "\n".join(_line(one, ctx.portal.lang) for one in found),
            "link": _merge_link(ctx, found),
        }
        return Result(values, said)

    def preview(self, ctx: Context, call: Call) -> Result:
        """See Robot."""
        return self.run(ctx, call)


def _line(one: Duplicate, lang: str) -> str:
    reasons = ", ".join(WHY[reason][lang] for reason in one.reasons)
    return f"{one.title} ({PREFIXES[one.entity]}{one.other_id}): {reasons}"


def _merge_link(ctx: Context, found: list[Duplicate]) -> str:
    """Return the portal's own page of merging for the first card that has duplicates. api/crm/duplicates"""
    if not found:
        return ""
    first = found[0]
    same = [one.other_id for one in found if (one.entity, one.card_id) == (first.entity, first.card_id)]
    return f"{ctx.portal.url}/crm/{first.entity}/merge/?id={','.join(map(str, (first.card_id, *same)))}"
