"""Rules and reasons as sentences: what a condition asks, and what the client's own value says. Pure.

A reason states the value ("1 покупка", "последняя покупка 12.03.2025, 95 дней назад"), so that it is true under a NOT as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from b24app.segments.dates import is_relative, read_span
from b24app.segments.known import CARDS, Column, column_name
from b24app.segments.rules import Rule
from b24app.segments.words import DAYS, EMPTY, Speech, column_text, date_text, days_text, fact_text, number_text, plural

ASKS = {
    "ru": {"=": "равно", "!=": "не равно", ">": "больше", ">=": "не меньше", "<": "меньше", "<=": "не больше"}
    | {"@": "одно из", "!@": "ни одно из", "%": "содержит", "!%": "не содержит", "empty": "не заполнено", "filled": "заполнено"},
    "en": {"=": "is", "!=": "is not", ">": "more than", ">=": "at least", "<": "less than", "<=": "at most"}
    | {"@": "one of", "!@": "none of", "%": "contains", "!%": "does not contain", "empty": "is empty", "filled": "is filled in"},
}
ASKS_DAY = {
    "ru": {"=": "", "!=": "кроме", ">": "позже", ">=": "не раньше", "<": "раньше", "<=": "не позже"},
    "en": {"=": "", "!=": "except", ">": "after", ">=": "not before", "<": "before", "<=": "not after"},
}
GROUPS = {"all": {"ru": " и ", "en": " and "}, "any": {"ru": " или ", "en": " or "}}
WHOSE = {
    "contact": {"ru": "Контакт, ", "en": "Contact, "},
    "company": {"ru": "Компания, ", "en": "Company, "},
    "deal": {"ru": "Сделка, ", "en": "Deal, "},
}
# Deals by the state of their stage have names of their own.
STATES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "S": {"ru": ("выигранная сделка", "выигранные сделки", "выигранных сделок"), "en": ("won deal", "won deals")},
    "F": {"ru": ("проигранная сделка", "проигранные сделки", "проигранных сделок"), "en": ("lost deal", "lost deals")},
    "P": {"ru": ("сделка в работе", "сделки в работе", "сделок в работе"), "en": ("open deal", "open deals")},
}
DEALS = {"ru": ("сделка", "сделки", "сделок"), "en": ("deal", "deals")}


@dataclass(frozen=True)
class Sentence:
    """How a criterion is put: `ask` says what a condition asks, `say` what the client's value is."""

    criterion: str
    ask: Callable[[Rule, Speech], str]
    say: Callable[[Rule, Any, Speech], str]


def describe(rule: Rule, speech: Speech, inner: bool = False) -> str:
    """Return the rule in words."""
    if "criterion" in rule:
        return BY_KEY[rule["criterion"]].ask(rule, speech)
    if "not" in rule:
        return {"ru": "не ({})", "en": "not ({})"}[speech.lang].format(describe(rule["not"], speech))
    word = next(iter(rule))
    text = str(speech.pick(GROUPS[word])).join(describe(child, speech, inner=True) for child in rule[word])
    return f"({text})" if inner and len(rule[word]) > 1 else text


def say(rule: Rule, value: Any, speech: Speech) -> str:
    """Return what a client's value for one condition says."""
    return BY_KEY[rule["criterion"]].say(rule, value, speech)


def sentence(parts: list[str]) -> str:
    """Put parts into one sentence."""
    text = "; ".join(dict.fromkeys(part for part in parts if part))
    return f"{text[0].upper()}{text[1:]}." if text else ""


# -- fields ------------------------------------------------------------------------------------------------


def _column(rule: Rule, speech: Speech) -> Column:
    of = rule.get("of", "client")
    found = (speech.known.find_column(entity, rule["field"]) for entity in (CARDS if of == "client" else (of,)))
    return next(filter(None, found), Column(column_name(rule["field"]), "text"))


def _title(rule: Rule, speech: Speech) -> str:
    return _column(rule, speech).title.get(speech.lang) or str(rule["field"])


def _ask_field(rule: Rule, speech: Speech) -> str:
    whose = speech.pick(WHOSE[rule["of"]]) if rule.get("of", "client") in WHOSE else ""
    return f"{whose}{_title(rule, speech)}: {_asked(rule, _column(rule, speech), speech)}"


def _say_field(rule: Rule, value: Any, speech: Speech) -> str:
    return f"{_title(rule, speech)}: {column_text(value, _column(rule, speech), speech)}"


def _asked(rule: Rule, column: Column, speech: Speech) -> str:
    sign, value = rule["op"], rule.get("value")
    if column.kind in ("date", "instant") and sign in ASKS_DAY["en"]:
        return f"{ASKS_DAY[speech.lang][sign]} {span_text(value, speech)}".strip()
    values = value if isinstance(value, (list, tuple)) else [] if value is None else [value]
    return " ".join(filter(None, (ASKS[speech.lang][sign], ", ".join(_plain(one, column, speech) for one in values))))


def _plain(value: Any, column: Column, speech: Speech) -> str:
    if column.kind == "choice":
        return column.choices.get(str(value), str(value))
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return number_text(value, speech.lang)
    return str(value)


def span_text(value: Any, speech: Speech) -> str:
    """Return a rule's date or span of days in words."""
    first, last = read_span(value, speech.day.today)
    near, far = (first - speech.day.today).days, (last - speech.day.today).days
    if is_relative(value) and near == 0 < far:
        days = f"{far} {plural(far, DAYS[speech.lang], speech.lang)}"
        # "ближайшие" goes with the accusative: в ближайший 21 день, в ближайшие 3 дня.
        coming = plural(far, ("ближайший", "ближайшие", "ближайшие"), "ru")
        return f"в {coming} {days}" if speech.lang == "ru" else f"in the next {days}"
    if first == last:
        return days_text(near, speech.lang) if is_relative(value) else date_text(first, speech.lang)
    words = {"ru": "с {} по {}", "en": "from {} to {}"}[speech.lang]
    return words.format(date_text(first, speech.lang), date_text(last, speech.lang))


# -- deals -------------------------------------------------------------------------------------------------


def _state(where: Rule) -> Mapping[str, tuple[str, ...]] | None:
    if where.get("op") != "=" or column_name(str(where.get("field", ""))) != "stage_semantic_id":
        return None
    return STATES.get(str(where.get("value")))


def _ask_deal(rule: Rule, speech: Speech) -> str:
    state = _state(rule["where"])
    if state:
        return {"ru": "Есть {}", "en": "Has a {}"}[speech.lang].format(state[speech.lang][0])
    return {"ru": "Есть сделка, где {}", "en": "Has a deal where {}"}[speech.lang].format(describe(rule["where"], speech))


def _say_deal(rule: Rule, value: Any, speech: Speech) -> str:
    state = _state(rule["where"])
    forms = (state or DEALS)[speech.lang]
    count = f"{value} {plural(value, forms, speech.lang)}" if value else {"ru": "нет {}", "en": "no {}"}[speech.lang].format(forms[-1])
    return count if state else {"ru": "{}, где {}", "en": "{} where {}"}[speech.lang].format(count, describe(rule["where"], speech))


# -- facts -------------------------------------------------------------------------------------------------


def _ask_fact(rule: Rule, speech: Speech) -> str:
    fact = speech.known.facts[rule["fact"]]
    kind = fact.kind if fact.kind in ("date", "instant") else "number"
    return f"{speech.pick(fact.words)['title']}: {_asked(rule, Column(fact.key, kind), speech)}"


def _say_fact(rule: Rule, value: Any, speech: Speech) -> str:
    fact = speech.known.facts[rule["fact"]]
    words = speech.pick(fact.words)
    if value is None:
        return f"{words['title']}: {speech.pick(EMPTY)}"
    if fact.since:
        day = date.fromisoformat(value)
        return str(words["say"].format(date=date_text(day, speech.lang), value=days_text((day - speech.day.today).days, speech.lang)))
    return str(words["say"].format(value=fact_text(fact.kind, value, speech, words["forms"])))


SENTENCES = (Sentence("field", _ask_field, _say_field), Sentence("deal", _ask_deal, _say_deal), Sentence("fact", _ask_fact, _say_fact))
BY_KEY = {one.criterion: one for one in SENTENCES}
