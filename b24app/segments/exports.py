"""Rows of an export: the members of a segment with the facts that were chosen and the reason. Reads through the viewer, page by page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from b24app.context import EXPORT
from b24app.segments.definitions import load_known
from b24app.segments.reading import LARGEST_PAGE, Look, Member, list_members
from b24app.store.lists import list_reached

if TYPE_CHECKING:
    from b24app.context import Context

MOST = 100_000  # members of one export: it is made in memory
HEADS = {
    "ru": ("Клиент", "Название", "Телефон", "Почта", "Ответственный", "В сегменте с", "Почему"),
    "en": ("Client", "Name", "Phone", "E-mail", "Responsible", "In since", "Why"),
}


def list_rows(ctx: Context, key: str, facts: Sequence[str] = (), search: str = "") -> Iterator[list[Any]]:
    """Yield the head and then a row a member: plain values, unknown as an empty cell. Raises NotFound, NotAllowed."""
    ctx.viewer.check(EXPORT)
    known = load_known(ctx).facts
    chosen = [known[name] for name in facts if name in known]
    _tell(ctx, key, search, {"facts": [fact.key for fact in chosen]})
    yield [*HEADS[ctx.lang], *(fact.words[ctx.lang]["title"] for fact in chosen)]
    for members in _pages(ctx, key, search):
        reached = list_reached(ctx.store, [one.client_key for one in members])
        for one in members:
            contact = reached[one.client_key]
            plain = [one.client_key, one.title, contact.get("phone", ""), contact.get("email", ""), one.responsible or ""]
            yield [*plain, one.entered_at, one.reason, *(one.facts.get(fact.key) for fact in chosen)]


def list_contacts(ctx: Context, key: str, search: str = "") -> Iterator[tuple[str, str]]:
    """Yield (e-mail, phone) of every member who has one of them: the portal's own form of a static segment. Raises NotFound, NotAllowed."""
    ctx.viewer.check(EXPORT)
    _tell(ctx, key, search, {})
    for members in _pages(ctx, key, search):
        for contact in list_reached(ctx.store, [one.client_key for one in members]).values():
            if contact:
                yield contact.get("email", ""), contact.get("phone", "")


def _tell(ctx: Context, key: str, search: str, how: dict[str, Any]) -> None:
    """Write into the journal who takes clients out, and which; before the first of them is read."""
    ctx.app_store.note(ctx.portal.member_id, "export", key, after={**how, **({"search": search} if search else {})})


def _pages(ctx: Context, key: str, search: str) -> Iterator[Sequence[Member]]:
    for page in range(1, MOST // LARGEST_PAGE + 1):
        found = list_members(ctx, key, Look(search, "title", LARGEST_PAGE, page))
        yield found.rows
        if page * LARGEST_PAGE >= found.total:
            return
