"""What the robots «Add to list» and «Remove from list» have in common: a client is put on a list or taken off it. No robot itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from b24app.segments.lists import change_list
from b24app.store.lists import count_cards
from robots.properties import Texts
from robots.robot import Call, Result, Returned, Robot
from robots.saying import LANGS, flag
from robots.segment_choice import LIST, find_list, stand
from robots.subject import get_card

if TYPE_CHECKING:
    from b24app.context import Context


class ChangeList(Robot):
    """A subclass says whether it puts, and what is said when something was changed and when nothing had to be."""

    properties = (LIST,)
    returns = (
        Returned("changed", "bool", {"ru": "Список изменён", "en": "The list was changed"}),
        Returned("members", "int", {"ru": "Карточек в списке", "en": "Cards on the list"}),
        Returned("client", "string", {"ru": "Клиент", "en": "Client"}),
    )
    has_page = True
    puts: ClassVar[bool]
    changed: ClassVar[Texts]
    unchanged: ClassVar[Texts]

    def run(self, ctx: Context, call: Call) -> Result:
        """Change the list; twice is once."""
        wanted, card = find_list(ctx, call.properties["segment"]), get_card(ctx, call)
        key = str(wanted.list_key)
        before = count_cards(ctx.store, key)
        change_list(ctx, {"list": key, "client": card.key, "put": self.puts})
        members = count_cards(ctx.store, key)
        return self._result(members != before, members, card.title, wanted.title)

    def preview(self, ctx: Context, call: Call) -> Result:
        """See Robot."""
        wanted, card = find_list(ctx, call.properties["segment"]), get_card(ctx, call)
        changes = stand(ctx, wanted, card.key).is_member != self.puts
        return self._result(changes, count_cards(ctx.store, str(wanted.list_key)), card.title, wanted.title)

    def _result(self, is_changed: bool, members: int, client: str, title: Texts) -> Result:
        said = self.changed if is_changed else self.unchanged
        values = {"changed": flag(is_changed), "members": members, "client": client}
        return Result(values, {lang: said[lang].format(client=client, title=title[lang]) for lang in LANGS})
