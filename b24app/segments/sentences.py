"""Rules and reasons as sentences: what a condition asks, and what the client's own value says. Pure.

A reason states the value ("1 покупка", "последняя покупка 12.03.2025, 95 дней назад"), so that it is true under a NOT as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from b24app.masking import mask_email, mask_phone
from b24app.segments.criteria import fact_column
from b24app.segments.dates import is_relative, read_span
from b24app.segments.known import CARDS, Column, column_name
from b24app.segments.rules import Rule
from b24app.segments.speech import ASK_ACTIVITY, ASKS, ASKS_DAY, DAY_PAST, DEALS, EXACTLY, GROUPS, PERIOD_WORDS, STATES, WHOSE
from b24app.segments.words import DAYS, EMPTY, YES, Speech, column_text, date_text, days_text, fact_text, number_text, plural

MASKS: Mapping[str, Callable[[str], str]] = {"phone": mask_phone, "email": mask_email}
BARE = "bare"  # marks a condition whose owner has been named


@dataclass(frozen=True)
class Sentence:
    """How a criterion is put: `ask` says what a condition asks, `say` what the client's value is."""

    criterion: str
    ask: Callable[[Rule, Speech], str]
    say: Callable[[Rule, Any, Speech], str]


def describe(rule: Rule, speech: Speech) -> str:
    """Return the rule in words."""
    return _capital(_describe(rule, speech))


def _describe(rule: Rule, speech: Speech, inner: bool = False) -> str:
    if "criterion" in rule:
        return BY_KEY[rule["criterion"]].ask(rule, speech)
    if "not" in rule:
        return {"ru": "не ({})", "en": "not ({})"}[speech.lang].format(_describe(rule["not"], speech))
    word = next(iter(rule))
    text = str(speech.pick(GROUPS[word])).join(_describe(child, speech, inner=True) for child in rule[word])
    return f"({text})" if inner and len(rule[word]) > 1 else text


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def say(rule: Rule, value: Any, speech: Speech) -> str:
    """Return what a client's value for one condition says."""
    return BY_KEY[rule["criterion"]].say(rule, value, speech)


def sentence(parts: list[str]) -> str:
    """Put parts into one sentence."""
    text = "; ".join(dict.fromkeys(part for part in parts if part))
    return f"{_capital(text)}." if text else ""


# -- fields ------------------------------------------------------------------------------------------------


def _column(rule: Rule, speech: Speech) -> Column:
    of = rule.get("of", "client")
    found = (speech.known.find_column(entity, rule["field"]) for entity in (CARDS if of == "client" else (of,)))
    return next(filter(None, found), Column(column_name(rule["field"]), "text"))


def _title(rule: Rule, speech: Speech) -> str:
    return _column(rule, speech).title.get(speech.lang) or str(rule["field"])


def _ask_field(rule: Rule, speech: Speech) -> str:
    whose = speech.pick(WHOSE[rule["of"]]) if rule.get("of", "client") in WHOSE and not rule.get(BARE) else ""
    return f"{whose}{_title(rule, speech)}: {_asked(rule, _column(rule, speech), speech)}"


def _say_field(rule: Rule, value: Any, speech: Speech) -> str:
    """Contacts are said masked: a reason is read, kept and exported by more people than may see them."""
    mask = MASKS.get(column_name(str(rule["field"]))) if isinstance(value, str) else None
    if mask:
        return f"{_title(rule, speech)}: {mask(value)}"
    return f"{_title(rule, speech)}: {column_text(value, _column(rule, speech), speech)}"


def _asked(rule: Rule, column: Column, speech: Speech) -> str:
    sign, value = rule["op"], rule.get("value")
    is_day = column.kind in ("date", "instant")
    if is_day and sign in ASKS_DAY["en"]:
        return f"{ASKS_DAY[speech.lang][sign]} {span_text(value, speech)}".strip()
    values = value if isinstance(value, (list, tuple)) else [] if value is None else [value]
    said = [span_text(one, speech) if is_day else _plain(one, column, speech) for one in values]
    word = ASKS[speech.lang][sign]
    return word.format(*said) if "{}" in word else " ".join(filter(None, (word, ", ".join(said))))


def _plain(value: Any, column: Column, speech: Speech) -> str:
    if column.choices:
        return column.say(value, speech.lang)
    if column.kind == "flag":
        return str(speech.pick(YES)[str(value).lower() in ("1", "y", "true")])
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return number_text(value, speech.lang)
    return f"«{value}»" if speech.lang == "ru" else f"“{value}”"


def span_text(value: Any, speech: Speech) -> str:
    """Return a rule's date or span of days in words."""
    if isinstance(value, Mapping) and "period" in value:
        return PERIOD_WORDS[speech.lang][value["period"]]
    first, last = read_span(value, speech.day.today)
    near, far = (first - speech.day.today).days, (last - speech.day.today).days
    if is_relative(value) and near == 0 < far:
        days = f"{far} {plural(far, DAYS[speech.lang], speech.lang)}"
        # "ближайшие" goes with the accusative: в ближайший 21 день, в ближайшие 3 дня.
        coming = plural(far, ("ближайший", "ближайшие", "ближайшие"), "ru")
        return f"в {coming} {days}" if speech.lang == "ru" else f"in the next {days}"
    if is_relative(value) and near < 0 == far:
        ago = f"{-near} {plural(near, DAYS[speech.lang], speech.lang)}"
        past = plural(near, ("последний", "последние", "последние"), "ru")
        return f"за {past} {ago}" if speech.lang == "ru" else f"in the last {ago}"
    if is_relative(value) and near < far < 0:
        days = plural(near, DAY_PAST[speech.lang], speech.lang)
        return {"ru": "от {} до {} {} назад", "en": "{} to {} {} ago"}[speech.lang].format(-far, -near, days)
    if first == last:
        return days_text(near, speech.lang) if is_relative(value) else date_text(first, speech.lang)
    words = {"ru": "с {} по {}", "en": "from {} to {}"}[speech.lang]
    return words.format(date_text(first, speech.lang), date_text(last, speech.lang))


# -- deals -------------------------------------------------------------------------------------------------


def _state(where: Rule) -> Mapping[str, tuple[str, ...]] | None:
    if where.get("op") != "=" or column_name(str(where.get("field", ""))) != "stage_semantic_id":
        return None
    return STATES.get(str(where.get("value")))


def _of_deal(rule: Rule) -> Rule:
    """Return what a deal is asked with "of" in it: whose field it is has been said."""
    if "criterion" in rule:
        return {**rule, "of": "deal", BARE: True}
    if "not" in rule:
        return {"not": _of_deal(rule["not"])}
    return {word: [_of_deal(child) for child in inner] for word, inner in rule.items()}


def _ask_deal(rule: Rule, speech: Speech) -> str:
    state = _state(rule["where"])
    if state:
        return {"ru": "есть {}", "en": "has a {}"}[speech.lang].format(state[speech.lang][0])
    return {"ru": "есть сделка, где {}", "en": "has a deal where {}"}[speech.lang].format(_describe(_of_deal(rule["where"]), speech))


def _say_deal(rule: Rule, value: Any, speech: Speech) -> str:
    state = _state(rule["where"])
    forms = (state or DEALS)[speech.lang]
    count = f"{value} {plural(value, forms, speech.lang)}" if value else {"ru": "нет {}", "en": "no {}"}[speech.lang].format(forms[-1])
    return (
        count if state else {"ru": "{}, где {}", "en": "{} where {}"}[speech.lang].format(count, _describe(_of_deal(rule["where"]), speech))
    )


# -- facts -------------------------------------------------------------------------------------------------


def _ask_fact(rule: Rule, speech: Speech) -> str:
    fact = speech.known.facts[rule["fact"]]
    words, sign, value = speech.pick(fact.words), rule["op"], rule.get("value")
    if fact.since.startswith(("last_", "first_")) and fact.since in speech.known.facts and sign in ("=", ">", ">=", "<", "<=", "between"):
        return f"{_lower(speech.pick(speech.known.facts[fact.since].words)['title'])} {_ago(sign, value, speech)}"
    if fact.kind == "count" and words["forms"] and sign in ("=", ">", ">=", "<", "<="):
        word = EXACTLY[speech.lang] if sign == "=" else ASKS[speech.lang][sign]
        if speech.lang == "ru":
            return f"{words['forms'][-1]} {word} {number_text(float(value or 0), 'ru')}"
        return f"{word} {number_text(float(value or 0), 'en')} {plural(float(value or 0), words['forms'], 'en')}"
    column = Column(fact.key, "number") if fact.since else fact_column(fact)
    if fact.kind == "money" and isinstance(value, (int, float)):
        return f"{_lower(words['title'])} {ASKS[speech.lang][sign]} {fact_text('money', value, speech)}"
    return f"{_lower(words['title'])}: {_asked(rule, column, speech)}"


def _ago(sign: str, value: Any, speech: Speech) -> str:
    """Return "не меньше 180 дней назад"; days to come are counted the other way."""
    values = list(value) if isinstance(value, (list, tuple)) else [value]
    word = "" if sign == "=" else ASKS[speech.lang][sign]
    if min(values) < 0 or (sign == "=" and 0 in values):
        said = " ".join(days_text(-one, speech.lang) for one in values)
        return f"{word.replace('{}', '').strip()} {said}".strip()
    head = word.format(*values) if sign == "between" else f"{word} {number_text(values[0], speech.lang)}".strip()
    # After "не меньше" and "от ... до" Russian has the genitive: не меньше 1 дня, от 3 до 21 дня.
    forms = DAYS[speech.lang] if sign == "=" else DAY_PAST[speech.lang]
    return f"{head} {plural(values[-1], forms, speech.lang)} {'назад' if speech.lang == 'ru' else 'ago'}"


def _lower(title: str) -> str:
    """Return a title as it stands inside a sentence; LTV stays LTV."""
    return title if title[1:2].isupper() else f"{title[:1].lower()}{title[1:]}"


def _say_fact(rule: Rule, value: Any, speech: Speech) -> str:
    fact = speech.known.facts[rule["fact"]]
    words = speech.pick(fact.words)
    if value is None:
        return f"{words['title']}: {speech.pick(EMPTY)}"
    if fact.since:
        day = date.fromisoformat(value)
        return str(words["say"].format(date=date_text(day, speech.lang), value=days_text((day - speech.day.today).days, speech.lang)))
    return str(words["say"].format(value=fact_text(fact.kind, value, speech, words)))


# -- what happened, other segments ----------------------------------------------------------------------------


def _things(rule: Rule, speech: Speech) -> str:
    if rule.get("name"):
        return f"«{rule['name']}»" if speech.lang == "ru" else f"“{rule['name']}”"
    if rule.get("sections"):
        return _section_names(rule["sections"], speech)
    names = [speech.known.products.get(number, f"№ {number}") for number in rule["products"]]
    return {"ru": " или ", "en": " or "}[speech.lang].join(f"«{name}»" if speech.lang == "ru" else f"“{name}”" for name in names)


def _section_names(sections: Sequence[int], speech: Speech) -> str:
    titles = [speech.known.sections[one].title if one in speech.known.sections else f"№ {one}" for one in sections]
    if speech.lang == "ru":
        return "из раздела " + " или ".join(f"«{title}»" for title in titles)
    return "from the section " + " or ".join(f"“{title}”" for title in titles)


def _within(rule: Rule, speech: Speech) -> str:
    return f" {span_text(rule['within'], speech)}" if rule.get("within") is not None else ""


def _ask_bought(rule: Rule, speech: Speech) -> str:
    return {"ru": "покупал {}{}", "en": "bought {}{}"}[speech.lang].format(_things(rule, speech), _within(rule, speech))


def _say_bought(rule: Rule, value: Any, speech: Speech) -> str:
    if value is None:
        return {"ru": "не покупал {}{}", "en": "did not buy {}{}"}[speech.lang].format(_things(rule, speech), _within(rule, speech))
    day = date_text(date.fromisoformat(value), speech.lang)
    return {"ru": "купил {} {}", "en": "bought {} on {}"}[speech.lang].format(_things(rule, speech), day)


def _ask_activity(rule: Rule, speech: Speech) -> str:
    words = ASK_ACTIVITY[speech.lang][rule.get("kind", "any")]
    return f"{words[rule.get('direction', 'any')]}{_within(rule, speech)}"


def _say_activity(rule: Rule, value: Any, speech: Speech) -> str:
    if value is None:
        return f"{ASK_ACTIVITY[speech.lang][rule.get('kind', 'any')]['none']}{_within(rule, speech)}"
    day = speech.day.date_of(value)
    off = days_text((day - speech.day.today).days, speech.lang)
    return f"{_ask_activity({**rule, 'within': None}, speech)} {date_text(day, speech.lang)}, {off}"


def _ask_segment(rule: Rule, speech: Speech) -> str:
    other = speech.known.segments.get(rule["segment"])
    title = speech.pick(other.title) if other else rule["segment"]
    return {"ru": "входит в сегмент «{}»", "en": "is in the segment “{}”"}[speech.lang].format(title)


def _say_segment(rule: Rule, value: Any, speech: Speech) -> str:
    said = _ask_segment(rule, speech)
    return said if value else said.replace("входит", "не входит", 1).replace("is in", "is not in", 1)


def _ask_list(rule: Rule, speech: Speech) -> str:  # noqa: ARG001 - one shape for all
    return {"ru": "добавлен в список", "en": "was put on the list"}[speech.lang]


def _say_list(rule: Rule, value: Any, speech: Speech) -> str:
    return _ask_list(rule, speech) if value else {"ru": "не добавлен в список", "en": "is not on the list"}[speech.lang]


SENTENCES = (
    Sentence("field", _ask_field, _say_field),
    Sentence("deal", _ask_deal, _say_deal),
    Sentence("fact", _ask_fact, _say_fact),
    Sentence("bought", _ask_bought, _say_bought),
    Sentence("activity", _ask_activity, _say_activity),
    Sentence("segment", _ask_segment, _say_segment),
    Sentence("list", _ask_list, _say_list),
)
BY_KEY = {one.criterion: one for one in SENTENCES}
