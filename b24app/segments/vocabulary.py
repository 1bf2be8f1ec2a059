"""What a builder of rules offers: what may be asked of, with which operators and values. Pure; made from what the base has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from b24app.segments.criteria import fact_column
from b24app.segments.dates import PERIODS
from b24app.segments.known import CARDS, ENTITIES, Column, Known
from b24app.segments.operators import OPERATORS
from b24app.segments.speech import ASKS, ASKS_DAY, PERIOD_WORDS
from b24app.segments.titles import ENTITY_TITLES

Row = dict[str, Any]

# What a builder offers in the order in which people read it; the others come with filters that were pasted.
OFFERED = ("=", "!=", ">=", "<=", ">", "<", "between", "@", "!@", "%", "!%", "anniversary", "filled", "empty")
IS_DAY = {"ru": "в период", "en": "within"}
MOST_CHOICES = 500  # in one list: beyond that nobody finds anything by looking


@dataclass(frozen=True)
class Subject:
    """What a condition may be about. `rule`: the condition but for operator and value; `kind` says how its value is entered."""

    key: str
    group: str
    title: str
    kind: str
    rule: Mapping[str, Any]
    choices: tuple[tuple[str, str], ...] = ()
    several: bool = False

    def row(self) -> Row:
        """Return it for the page's script."""
        plain = {name: getattr(self, name) for name in ("key", "group", "title", "kind", "several")}
        return {**plain, "rule": dict(self.rule), "choices": [list(pair) for pair in self.choices]}


def list_subjects(known: Known, lang: str, own_key: str = "") -> list[Subject]:
    """Return what can be asked of a client. `own_key`: the segment that is being made, which cannot ask of itself."""
    return [*_facts(known, lang), *_happenings(lang), *_sections(known, lang), *_segments(known, lang, own_key), *_fields(known, lang)]


def list_deal_subjects(known: Known, lang: str) -> list[Subject]:
    """Return what can be asked of one deal."""
    return [_field("deal", column, lang) for column in _sorted(known.columns["deal"], lang)]


def list_operators(lang: str) -> Row:
    """Return the operators by the kind of value: sign, title, how many values it takes."""
    kinds = ("number", "text", "choice", "flag", "date", "instant")
    return {kind: [[sign, title, takes] for sign, title, takes in _operators(kind, lang)] for kind in kinds}


def list_periods(lang: str) -> list[list[str]]:
    """Return the named periods."""
    return [[key, PERIOD_WORDS[lang][key]] for key in PERIODS]


def _operators(kind: str, lang: str) -> Iterator[tuple[str, str, str]]:
    fitting = {operator.sign: operator for operator in OPERATORS if kind in operator.kinds}
    for sign in OFFERED:
        if sign in fitting and not (kind == "flag" and sign != "="):
            is_day = kind in ("date", "instant")
            title = ASKS_DAY[lang].get(sign, ASKS[lang][sign]) if is_day else ASKS[lang][sign]
            yield sign, (title or IS_DAY[lang]).replace("{}", "…"), fitting[sign].takes


def _facts(known: Known, lang: str) -> Iterator[Subject]:
    group = {"ru": "Показатели", "en": "Facts"}[lang]
    for fact in known.facts.values():
        column = fact_column(fact)
        kind = "number" if fact.kind == "days" else column.kind
        rule = {"criterion": "fact", "fact": fact.key}
        yield Subject(f"fact:{fact.key}", group, fact.words[lang]["title"], kind, rule, _choices(column, lang))


def _happenings(lang: str) -> Iterator[Subject]:
    group = {"ru": "История", "en": "History"}[lang]
    titles = {
        "bought": {"ru": "Покупал товар", "en": "Bought a product"},
        "activity": {"ru": "Звонки, письма, чаты, встречи", "en": "Calls, e-mails, chats, meetings"},
        "deal": {"ru": "Есть сделка, где…", "en": "Has a deal where…"},
    }
    for key, words in titles.items():
        yield Subject(key, group, words[lang], key, {"criterion": key})


def _sections(known: Known, lang: str) -> Iterator[Subject]:
    titles = sorted(((str(number), one.title) for number, one in known.sections.items()), key=lambda pair: pair[1].casefold())
    if titles:
        title = {"ru": "Покупал из раздела", "en": "Bought from a section"}[lang]
        group = {"ru": "История", "en": "History"}[lang]
        yield Subject("section", group, title, "section", {"criterion": "bought"}, tuple(titles[:MOST_CHOICES]))


def _segments(known: Known, lang: str, own_key: str) -> Iterator[Subject]:
    others = tuple((one.key, one.title[lang]) for one in known.segments.values() if one.key != own_key)
    if others:
        title = {"ru": "Входит в сегмент", "en": "Is in the segment"}[lang]
        yield Subject("segment", {"ru": "Сегменты", "en": "Segments"}[lang], title, "segment", {"criterion": "segment"}, others)


def _fields(known: Known, lang: str) -> Iterator[Subject]:
    """Fields that both kinds of card have come once, as the client's own."""
    shared = {
        name
        for name in known.columns[CARDS[0]].keys() & known.columns[CARDS[1]].keys()
        if _shape(known.columns[CARDS[0]][name]) == _shape(known.columns[CARDS[1]][name])
    }
    for column in _sorted({name: known.columns[CARDS[0]][name] for name in shared}, lang):
        yield _field("client", column, lang)
    for entity in ENTITIES:
        own = {name: column for name, column in known.columns[entity].items() if entity not in CARDS or name not in shared}
        for column in _sorted(own, lang):
            yield _field(entity, column, lang)


def _shape(column: Column) -> tuple[str, bool, str]:
    return column.kind, column.is_multiple, column.storage


def _sorted(columns: Mapping[str, Column], lang: str) -> list[Column]:
    """Return the fields that have a name, the portal's own first."""
    named = [column for column in columns.values() if column.title.get(lang)]
    return sorted(named, key=lambda column: (not column.is_user_field, column.title[lang].casefold()))


def _field(entity: str, column: Column, lang: str) -> Subject:
    kind = "choice" if column.choices and column.kind != "flag" else column.kind
    rule = {"criterion": "field", "of": entity, "field": column.name}
    title = column.title[lang]
    return Subject(
        f"field:{entity}:{column.name}", ENTITY_TITLES[entity][lang], title, kind, rule, _choices(column, lang), column.is_multiple
    )


def _choices(column: Column, lang: str) -> tuple[tuple[str, str], ...]:
    pairs = [(key, column.say(key, lang)) for key in column.choices]
    return tuple(pairs[:MOST_CHOICES])
