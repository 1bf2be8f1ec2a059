"""A portal's segments as they are defined: loaded, saved, their parameters chosen. Who is in is not known here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from b24app.context import DEFINE
from b24app.errors import Mistaken, NotFound
from b24app.segments.dates import Day
from b24app.segments.known import CARDS, ENTITIES, Known, KnownSection, KnownSegment, read_columns, read_facts
from b24app.segments.presets import PRESETS
from b24app.segments.rules import put_parameters
from b24app.segments.words import Speech
from b24app.store import segments as sql
from b24app.store.facts import list_catalogue
from b24app.store.products import list_sections, with_below

if TYPE_CHECKING:
    from b24app.context import Context

Words = Mapping[str, str]
SAVED = ("title", "purpose", "rule", "parameters", "unknown_means", "owner_id")
STARTERS = ("won", "bought_once_180", "membership_7")  # saved at install; the others are offered in the gallery
UNKNOWN_MEANS = ("no", "yes")
DAYS = "days"  # the kind of a parameter that is a number, not a field
ORDERED = "segments_ordered"  # the setting that says when somebody last asked for a refresh from outside the web process
REMOVED = "segments_removed"  # the setting that names the ready ones which the portal does not want


@dataclass(frozen=True)
class Definition:
    """A segment: title and purpose by language, its rule, and its parameters: name to {title, kind, value}.

    `unknown_means`: whether whom the rule has no answer for is in ("yes") or not ("no"). `owner_id`: whose idea it was, 0: ours.
    """

    key: str
    title: Words
    purpose: Words
    rule: Mapping[str, Any]
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    unknown_means: str = "no"
    owner_id: int = 0

    @property
    def list_key(self) -> str | None:
        """The list whose members these are, when a person has put them together by hand."""
        return self.rule["list"] if self.rule.get("criterion") == "list" else None


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
    body = {name: getattr(definition, name) for name in SAVED}
    ctx.app_store.save_segment(ctx.portal.member_id, definition.key, body)


def ensure_presets(ctx: Context) -> list[str]:
    """Save the first ready segments, unless the portal has them or has removed them; return their keys."""
    have = ctx.app_store.list_segments(ctx.portal.member_id)
    removed = ctx.app_store.find_setting(ctx.portal.member_id, REMOVED, [])
    new = [preset for preset in PRESETS if preset.key in STARTERS and preset.key not in (*have, *removed)]
    for preset in new:
        ctx.app_store.save_segment(ctx.portal.member_id, preset.key, preset.definition())
    return [preset.key for preset in new]


def choices(ctx: Context, kind: str = "date") -> list[Choice]:
    """Return the user fields of contacts and companies that hold one value of this kind."""
    return _choices(load_known(ctx), kind)


def set_parameter(ctx: Context, key: str, value: str, name: str = "field") -> None:
    """Choose a segment's field. Raises NotFound, Mistaken when there is no such field, Refused for who does not see all clients."""
    check_may_define(ctx)
    definition = load(ctx, key)
    if name not in definition.parameters:
        raise NotFound(f"segment {key} has no parameter {name}")
    parameter = definition.parameters[name]
    if value not in {choice.value for choice in choices(ctx, parameter["kind"])}:
        raise Mistaken(f"The portal has no field {value} to choose.", f"На портале нет поля {value}, которое можно выбрать.")
    changed = {**definition.parameters, name: {**parameter, "value": value}}
    save(ctx, replace(definition, parameters=changed))


def check_may_define(ctx: Context) -> None:
    """Raise NotAllowed unless the viewer sees all clients: who is in a segment would tell of clients of others."""
    ctx.viewer.check(DEFINE)


def remove(ctx: Context, key: str) -> None:
    """Forget a segment; its memberships end at the next refresh. Raises NotFound, Refused, Mistaken when others ask of it."""
    check_may_define(ctx)
    load(ctx, key)
    users = [one for one in load_all(ctx) if key in segments_in(one.rule)]
    if users:
        en, ru = (", ".join(one.title[lang] for one in users) for lang in ("en", "ru"))
        raise Mistaken(f"Other segments refer to it: {en}.", f"На него ссылаются другие сегменты: {ru}.")
    removed = ctx.app_store.find_setting(ctx.portal.member_id, REMOVED, [])
    with ctx.app_store.write():
        ctx.app_store.remove_segment(ctx.portal.member_id, key)
        ctx.app_store.save_setting(ctx.portal.member_id, REMOVED, [*removed, key])


def order_refresh(ctx: Context) -> None:
    """Ask the worker to bring every segment up to date, from a process that may not write the inbox."""
    ctx.app_store.save_setting(ctx.portal.member_id, ORDERED, ctx.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ"))


def refresh_moment(ctx: Context) -> str:
    """Return the name of the moment whose refresh is due: a new day of the portal, or an order."""
    return f"{ctx.today()} {ctx.app_store.find_setting(ctx.portal.member_id, ORDERED, '')}".strip()


def segments_in(rule: Any) -> set[str]:
    """Return the segments that a rule asks of."""
    return set(_mentioned(rule, "segment"))


def resolve(definition: Definition, known: Known) -> dict[str, Any]:
    """Return the rule with its parameters filled in: as chosen, or the only field there is. Raises Mistaken: choose the field."""
    if not definition.parameters:
        return dict(definition.rule)
    values: dict[str, Any] = {}
    for name, parameter in definition.parameters.items():
        if parameter["kind"] == DAYS:
            values[name] = parameter["value"]
            continue
        found = {choice.value: choice for choice in _choices(known, parameter["kind"])}
        chosen = parameter["value"] or (next(iter(found)) if len(found) == 1 else None)
        if chosen not in found:
            raise _undecided(parameter["title"], bool(found))
        values |= {name: chosen, f"{name}.of": found[chosen].of}
    return dict(put_parameters(definition.rule, values))


def load_known(ctx: Context, *rules: Any) -> Known:
    """Return what rules may speak of in this base today. `rules`: those that are not saved; the products they name are known too."""
    tables = {entity: ctx.store.columns(entity) for entity in ENTITIES}
    columns = read_columns(tables, sql.list_user_fields(ctx.store), sql.list_values(ctx.store))
    known = Known(columns, read_facts(list_catalogue(ctx.store)))
    definitions = load_all(ctx)
    asked = [*(one.rule for one in definitions), *rules]
    numbers = {number for rule in asked for found in _mentioned(rule, "products") if isinstance(found, list) for number in found}
    products = sql.list_products(ctx.store, ids=[number for number in numbers if isinstance(number, int)]) if numbers else []
    others = {one.key: _known_segment(one, known) for one in definitions}
    return replace(known, segments=others, products={row["id"]: row["name"] for row in products}, sections=_sections(ctx))


def _sections(ctx: Context) -> dict[int, KnownSection]:
    rows = list_sections(ctx.store)
    return {row["id"]: KnownSection(row["title"] or str(row["id"]), tuple(with_below(rows, [row["id"]]))) for row in rows}


def _known_segment(definition: Definition, known: Known) -> KnownSegment:
    try:
        rule: Mapping[str, Any] | None = resolve(definition, known)
    except Mistaken:
        rule = None
    return KnownSegment(definition.key, definition.title, rule, definition.unknown_means == "yes")


def _mentioned(rule: Any, word: str) -> Iterator[Any]:
    """Yield what the conditions of a rule say under a word."""
    if isinstance(rule, Mapping):
        if word in rule and "criterion" in rule:
            yield rule[word]
        for value in rule.values():
            yield from _mentioned(value, word)
    elif isinstance(rule, (list, tuple)):
        for item in rule:
            yield from _mentioned(item, word)


def day_of(ctx: Context) -> Day:
    """Return today, where the portal is."""
    return Day(date.fromisoformat(ctx.today()), ctx.portal.zone)


def speech_of(ctx: Context, known: Known) -> Speech:
    """Return the words for whoever asks."""
    return Speech("ru" if ctx.lang == "ru" else "en", day_of(ctx), known, ctx.portal.currency)


def _definition(key: str, saved: Mapping[str, Any]) -> Definition:
    return Definition(key, **{name: saved[name] for name in SAVED if name in saved})


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
