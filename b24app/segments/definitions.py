"""A portal's segments as they are defined: loaded, saved, their parameters chosen. Who is in is not known here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from b24app.errors import Mistaken, NotFound, Refused
from b24app.segments.dates import Day
from b24app.segments.known import CARDS, ENTITIES, Known, read_columns, read_facts
from b24app.segments.presets import PRESETS
from b24app.segments.rules import put_parameters
from b24app.segments.words import Speech
from b24app.store import segments as sql
from b24app.store.clients import list_catalogue

if TYPE_CHECKING:
    from b24app.context import Context

Words = Mapping[str, str]


@dataclass(frozen=True)
class Definition:
    """A segment: title and purpose by language, its rule, and its parameters: name to {title, kind, value}."""

    key: str
    title: Words
    purpose: Words
    rule: Mapping[str, Any]
    parameters: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Choice:
    """A field that may be chosen. `of`: client when contacts and companies both have it, else contact or company."""

    value: str
    title: Words
    of: str


def load_all(ctx: Context) -> list[Definition]:
    """Return the portal's segments in the order in which they were made."""
    saved = ctx.app_store.list_segments(ctx.portal.member_id)
    return [_definition(key, one) for key, one in saved.items()]


def load(ctx: Context, key: str) -> Definition:
    """Return a segment. Raises NotFound."""
    return _definition(key, ctx.app_store.get_segment(ctx.portal.member_id, key))


def save(ctx: Context, definition: Definition) -> None:
    """Save a segment's definition; its members follow at the next refresh."""
    body = {name: getattr(definition, name) for name in ("title", "purpose", "rule", "parameters")}
    ctx.app_store.save_segment(ctx.portal.member_id, definition.key, body)


def ensure_presets(ctx: Context) -> list[str]:
    """Save the ready segments that the portal does not have yet; return their keys."""
    have = ctx.app_store.list_segments(ctx.portal.member_id)
    new = [preset for preset in PRESETS if preset.key not in have]
    for preset in new:
        ctx.app_store.save_segment(ctx.portal.member_id, preset.key, preset.definition())
    return [preset.key for preset in new]


def choices(ctx: Context, kind: str = "date") -> list[Choice]:
    """Return the user fields of contacts and companies that hold one value of this kind."""
    return _choices(load_known(ctx), kind)


def set_parameter(ctx: Context, key: str, value: str, name: str = "field") -> None:
    """Choose a segment's field. Raises NotFound, Mistaken when there is no such field, Refused for who does not see all clients."""
    if not ctx.viewer.sees_all:
        raise Refused(f"user {ctx.viewer.user_id} may not define segments")
    definition = load(ctx, key)
    if name not in definition.parameters:
        raise NotFound(f"segment {key} has no parameter {name}")
    parameter = definition.parameters[name]
    if value not in {choice.value for choice in choices(ctx, parameter["kind"])}:
        raise Mistaken(f"The portal has no field {value} to choose.", f"На портале нет поля {value}, которое можно выбрать.")
    changed = {**definition.parameters, name: {**parameter, "value": value}}
    save(ctx, Definition(key, definition.title, definition.purpose, definition.rule, changed))


def resolve(definition: Definition, known: Known) -> dict[str, Any]:
    """Return the rule with its parameters filled in: as chosen, or the only field there is. Raises Mistaken: choose the field."""
    values: dict[str, str] = {}
    for name, parameter in definition.parameters.items():
        found = {choice.value: choice for choice in _choices(known, parameter["kind"])}
        chosen = parameter["value"] or (next(iter(found)) if len(found) == 1 else None)
        if chosen not in found:
            raise _undecided(parameter["title"], bool(found))
        values |= {name: chosen, f"{name}.of": found[chosen].of}
    return dict(put_parameters(definition.rule, values))


def load_known(ctx: Context) -> Known:
    """Return what rules may speak of in this base today."""
    tables = {entity: ctx.store.columns(entity) for entity in ENTITIES}
    return Known(read_columns(tables, sql.list_user_fields(ctx.store)), read_facts(list_catalogue(ctx.store)))


def day_of(ctx: Context) -> Day:
    """Return today, where the portal is."""
    return Day(date.fromisoformat(ctx.today()), ctx.portal.zone)


def speech_of(ctx: Context, known: Known) -> Speech:
    """Return the words for whoever asks."""
    return Speech("ru" if ctx.lang == "ru" else "en", day_of(ctx), known, ctx.portal.currency)


def _definition(key: str, saved: Mapping[str, Any]) -> Definition:
    return Definition(key, saved["title"], saved["purpose"], saved["rule"], saved["parameters"])


def _choices(known: Known, kind: str) -> list[Choice]:
    found: dict[str, list[str]] = {}
    for card in CARDS:
        for column in known.columns[card].values():
            if column.is_user_field and column.kind == kind and not column.is_multiple:
                found.setdefault(column.name, []).append(card)
    return [_choice(known, name, cards) for name, cards in sorted(found.items())]


def _choice(known: Known, name: str, cards: list[str]) -> Choice:
    column = known.columns[cards[0]][name]
    return Choice(name.upper(), column.title, "client" if len(cards) == len(CARDS) else cards[0])


def _undecided(title: Words, has_choices: bool) -> Mistaken:
    en, ru = title["en"], title["ru"]
    if has_choices:
        return Mistaken(f"Choose the field: {en}.", f"Выберите поле: {ru}.")
    return Mistaken(
        f"No field to choose from: {en}. Add a user field of the type Date to contacts or companies.",
        f"Выбрать не из чего: {ru}. Добавьте в контакты или компании пользовательское поле типа «Дата».",
    )
