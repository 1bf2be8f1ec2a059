"""The robot «Normalise contacts»: puts names, phones and e-mails of the deal's client into their one form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from b24app.hygiene.checks import Finding
from b24app.hygiene.repair import Examined, examine, repair
from robots.cards_of import list_cards
from robots.properties import Texts
from robots.robot import Call, Result, Returned, Robot
from robots.saying import LANGS

if TYPE_CHECKING:
    from b24app.context import Context

GOOD = {"ru": "Карточки в порядке.", "en": "The cards are in order."}
LINES = {
    "mended": {"ru": "{before} → {after}", "en": "{before} → {after}"},
    "removed": {"ru": "{before}: повтор, убран", "en": "{before}: twice, removed"},
    "left": {
        "ru": "{before}: не похоже на телефон или почту, решать человеку",
        "en": "{before}: no phone or e-mail, a person has to decide",
    },
}


class NormaliseContacts(Robot):
    """Write back only what has changed; what only a person can tell is reported."""

    code = "normalise_contacts"
    name: ClassVar[Texts] = {"ru": "Привести контакты в порядок", "en": "Normalise contacts"}
    description: ClassVar[Texts] = {
        "ru": "Приводит имена, телефоны и почту клиента к одному виду, убирает повторы в карточке. Возвращает, что найдено и сделано.",
        "en": "Puts the client's names, phones and e-mails into one form, removes repeats in a card. Returns what was found and done.",
    }
    returns = (
        Returned("found", "int", {"ru": "Найдено", "en": "Found"}),
        Returned("mended", "int", {"ru": "Исправлено", "en": "Mended"}),
        Returned("left", "int", {"ru": "Осталось человеку", "en": "Left to a person"}),
        Returned("report", "text", {"ru": "Что найдено и сделано", "en": "What was found and done"}),
    )
    has_page = True

    def run(self, ctx: Context, call: Call) -> Result:
        """Mend the cards; doing it again finds nothing to mend."""
        return _result(ctx, repair(ctx, list_cards(ctx, call)))

    def preview(self, ctx: Context, call: Call) -> Result:
        """See Robot."""
        return _result(ctx, examine(ctx, list_cards(ctx, call)))


def _result(ctx: Context, examined: Sequence[Examined]) -> Result:
    found = [finding for one in examined for finding in one.findings]
    mended = sum(len(one.mended) for one in examined)
    said = {lang: "; ".join(_line(one, lang) for one in found) or GOOD[lang] for lang in LANGS}
    report = "\n".join(_line(one, ctx.portal.lang) for one in found)
    return Result({"found": len(found), "mended": mended, "left": len(found) - mended, "report": report}, said)


def _line(finding: Finding, lang: str) -> str:
    word = "left" if finding.after is None else "mended" if finding.after else "removed"
    return LINES[word][lang].format(before=finding.before, after=finding.after)
