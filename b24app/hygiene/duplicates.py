"""Who is in the base twice: other cards with the same phone, e-mail or name, ё read as е. Asks the mirror, changes nothing.

The same phone or e-mail is strong evidence, the same name weak: namesakes exist.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from b24app.store import twins as sql
from b24app.store.folding import fold, fold_phone

if TYPE_CHECKING:
    from b24app.context import Context

KINDS = {3: "contact", 4: "company"}  # by entityTypeId
PHONE, EMAIL, NAME = REASONS = ("phone", "email", "name")
STRONG = (PHONE, EMAIL)
FORMS = re.compile(r"\b(ооо|оао|зао|пао|ао|ип|тоо|чп|llc|ltd|inc|gmbh|corp)\b")
SHORTEST = 3  # letters of a company's name without its legal form


@dataclass(frozen=True)
class Duplicate:
    """Another card that is like the first one, and why (REASONS)."""

    entity: str
    card_id: int
    other_id: int
    title: str
    reasons: tuple[str, ...]

    @property
    def is_strong(self) -> bool:
        """Tell whether more than a name is the same."""
        return any(reason in STRONG for reason in self.reasons)


def find_duplicates(ctx: Context, cards: Iterable[tuple[int, int]]) -> list[Duplicate]:
    """Return the duplicates of these cards (entityTypeId, number), strong ones first, each pair once."""
    found = [one for type_id, card_id in cards if type_id in KINDS for one in _find(ctx, KINDS[type_id], card_id)]
    pairs = {(one.entity, *sorted((one.card_id, one.other_id))): one for one in reversed(found)}
    return sorted(pairs.values(), key=lambda one: (not one.is_strong, one.entity, one.card_id, one.other_id))


def bare_title(title: str) -> str:
    """Return a company's name as it is compared: without its legal form, quotes, blanks and case."""
    return re.sub(r"[\W_]+", "", FORMS.sub(" ", fold(title) or ""))


def _find(ctx: Context, entity: str, card_id: int) -> Iterator[Duplicate]:
    reasons: dict[int, list[str]] = {}
    for reason, other in _matches(ctx, entity, card_id):
        if other != card_id and reason not in reasons.setdefault(other, []):
            reasons[other].append(reason)
    for other, why in reasons.items():
        if why:
            yield Duplicate(entity, card_id, other, _title(sql.find_card(ctx.store, entity, other)), tuple(sorted(why, key=REASONS.index)))


def _matches(ctx: Context, entity: str, card_id: int) -> Iterator[tuple[str, int]]:
    """Yield (reason, number of the other card)."""
    for kind, value in sql.list_reached(ctx.store, entity, card_id):
        if kind == "PHONE":
            same = fold_phone(value)
            yield from ((PHONE, row["id"]) for row in sql.list_with_phone(ctx.store, entity, value) if fold_phone(row["value"]) == same)
        else:
            yield from ((EMAIL, row["id"]) for row in sql.list_with_email(ctx.store, entity, value))
    card = sql.find_card(ctx.store, entity, card_id)
    if card:
        yield from ((NAME, number) for number in (_same_company(ctx, card) if entity == "company" else _same_person(ctx, card)))


def _same_person(ctx: Context, card: Mapping[str, Any]) -> Iterator[int]:
    """Yield people with the same first and last name; a second name that both have must be the same, too."""
    if not (card["last_name"] and card["name"]):
        return
    for row in sql.list_named(ctx.store, "contact", card["last_name"]):
        seconds = {fold(one["second_name"].strip()) for one in (card, row) if one["second_name"]}
        if fold((row["name"] or "").strip()) == fold(card["name"].strip()) and len(seconds) < 2:
            yield row["id"]


def _same_company(ctx: Context, card: Mapping[str, Any]) -> Iterator[int]:
    name = bare_title(card["title"] or "")
    if len(name) < SHORTEST:
        return
    words = re.findall(r"\w+", FORMS.sub(" ", fold(card["title"]) or ""))
    for row in sql.list_companies(ctx.store, max(words, key=len)):
        if bare_title(row["title"] or "") == name:
            yield row["id"]


def _title(card: Mapping[str, Any] | None) -> str:
    return " ".join(str(value) for name, value in (card or {}).items() if name != "id" and value)
