"""What would end a client's place in a segment, or bring him in, and when: said for each condition and for the whole rule. Pure.

By time: the day on which his own dates turn the answer. By an event: what changes the value that the answer hangs on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from b24app.segments import ending_words as said
from b24app.segments.known import CARDS, column_name
from b24app.segments.rules import Rule
from b24app.segments.turning import NUMBERS, Stand, date_of, deciding, holds, judge, turn_of, whole_turn
from b24app.segments.words import DAYS, Speech, date_text, number_text, plural

NOTHING: said.Words = {"ru": "", "en": ""}


@dataclass(frozen=True)
class Ending:
    """`until`: the day on which time turns the answer (None: time alone does not); `text`: what ends it, in words; '' when nothing can."""

    until: date | None = None
    text: str = ""


def end_of(stand: Stand, speech: Speech) -> Ending:
    """Return what would turn one condition's answer: "12.03.2026, когда пройдёт 91 день (...)", "новая покупка"."""
    until = turn_of(stand, speech.known, speech.day)
    parts = [f"{date_text(until, speech.lang)}, {_when(stand, until, speech)}"] if until else []
    parts += [event] if (event := event_of(stand, speech)) else []
    return Ending(until, "; ".join(parts))


def end_of_all(rule: Rule, stands: Sequence[Stand], answer: bool | None, speech: Speech) -> Ending:
    """Return what would turn the whole rule's answer, as a sentence. Nothing is said when its conditions do not add up to the answer."""
    if judge(rule, stands) != answer:
        return Ending()
    turns = [turn_of(stand, speech.known, speech.day) for stand in stands]
    until = whole_turn(rule, stands, turns)
    what = _events(rule, stands, speech)
    word = {True: "yes", False: "no", None: "unknown"}[answer]
    if until is None:
        return Ending(None, speech.pick(said.EVENT[word]).format(what=what) if what else "")
    turned = max((place for place, turn in enumerate(turns) if turn and turn <= until), key=lambda place: turns[place] or until)
    words = {"day": date_text(until, speech.lang), "when": _when(stands[turned], until, speech), "what": what}
    return Ending(until, speech.pick((said.BOTH if what else said.TIME)[word]).format(**words))


def event_of(stand: Stand, speech: Speech) -> str:
    """Return the event that would turn one condition's answer; '' when none is known to."""
    return str(speech.pick(_event(stand, speech)))


def _events(rule: Rule, stands: Sequence[Stand], speech: Speech) -> str:
    """Any of those that decide alone; where none does, all that speak for the answer together."""
    alone = [event for place in deciding(rule, stands) if (event := event_of(stands[place], speech))]
    if alone:
        return str(speech.pick(said.EITHER)).join(dict.fromkeys(alone))
    if deciding(rule, stands):
        return ""
    needed = [event_of(stand, speech) for stand in stands if stand.answer == judge(rule, stands)]
    return str(speech.pick(said.TOGETHER)).join(dict.fromkeys(needed)) if needed and all(needed) else ""


def _when(stand: Stand, until: date, speech: Speech) -> str:
    value = date_of(stand, speech.known, speech.day)
    assert value is not None, stand.rule
    title = _date_title(stand.rule, speech)
    count = (until - value).days
    is_age = stand.rule["criterion"] != "field" and count > 0 and not _is_date_fact(stand.rule, speech)
    forms = said.AGED if is_age else said.PASSED if stand.answer else said.REACHED
    days = f"{number_text(count, speech.lang)} {plural(count, DAYS[speech.lang], speech.lang)}"
    return str(speech.pick(forms)).format(days=days, title=title, date=date_text(value, speech.lang))


def _is_date_fact(rule: Rule, speech: Speech) -> bool:
    return rule["criterion"] == "fact" and not speech.known.facts[rule["fact"]].since and not rule["fact"].startswith("last_")


def _date_title(rule: Rule, speech: Speech) -> str:
    if rule["criterion"] == "fact":
        fact = speech.known.facts[rule["fact"]]
        title = speech.pick(speech.known.facts.get(fact.since, fact).words)["title"]
        return f"{title[:1].lower()}{title[1:]}"
    if rule["criterion"] == "field":
        return _field_title(rule, speech)
    return {"bought": {"ru": "покупка", "en": "purchase"}, "activity": {"ru": "общение", "en": "contact"}}[rule["criterion"]][speech.lang]


# -- events ------------------------------------------------------------------------------------------------


def _event(stand: Stand, speech: Speech) -> said.Words:
    return EVENTS[stand.rule["criterion"]](stand, speech)


def _place(stand: Stand) -> int:
    return 0 if stand.answer else 1


def _deal_event(stand: Stand, speech: Speech) -> said.Words:  # noqa: ARG001 - one shape for all
    where = stand.rule["where"]
    is_state = where.get("op") == "=" and column_name(str(where.get("field", ""))) == "stage_semantic_id"
    return (said.BY_DEAL.get(str(where.get("value")), said.DEAL) if is_state else said.DEAL)[_place(stand)]


def _talk_event(stand: Stand, speech: Speech) -> said.Words:  # noqa: ARG001 - one shape for all
    """A talk that has been does not go away, only out of its period."""
    return NOTHING if stand.answer else said.TALK[stand.rule.get("kind", "any")]


def _fact_event(stand: Stand, speech: Speech) -> said.Words:
    key, place = stand.rule["fact"], _place(stand)
    fact = speech.known.facts[key]
    pair = said.BY_FACT.get(key) or said.BY_GROUP.get(fact.group, (said.CARD, said.CARD))
    if stand.value is None:
        return pair[1]
    if key == "retention":
        return said.PURCHASE if stand.value in said.FADED or not stand.answer else said.NIGHT
    if key in said.GROWING:
        return pair[place] if _more_turns(stand) else said.TAKEN_BACK
    if fact.since or key.startswith("last_"):
        return pair[place] if _today_turns(stand, fact.since or key, speech) else NOTHING
    return pair[place]


def _more_turns(stand: Stand) -> bool:
    """Tell whether a larger value would change the answer."""
    sign, asked, value = stand.rule["op"], stand.rule.get("value"), stand.value
    if sign in ("empty", "filled") or sign not in NUMBERS:
        return False
    edges: list[float] = list(asked) if isinstance(asked, (list, tuple)) else [float(asked or 0)]
    higher = [edge + step for edge in edges for step in (0, 0.5, 1) if edge + step > value]
    return any(NUMBERS[sign](one, asked) != stand.answer for one in (*higher, max([*edges, value]) + 1))


def _today_turns(stand: Stand, date_key: str, speech: Speech) -> bool:
    """Tell whether the same happening today would change the answer; what is expected moves on by a month."""
    today = speech.day.today
    newer: date = today + timedelta(days=30) if date_key.startswith("next_") else today
    return holds(stand.rule, newer, speech.known, today) != stand.answer


def _named(words: said.Words, name: Any, speech: Speech) -> said.Words:
    quoted = f"«{name}»" if speech.lang == "ru" else f"“{name}”"
    return {speech.lang: speech.pick(words).format(quoted)}


def _field_title(rule: Rule, speech: Speech) -> str:
    of = rule.get("of", "client")
    found = (speech.known.find_column(entity, rule["field"]) for entity in (CARDS if of == "client" else (of,)))
    column = next(filter(None, found), None)
    return (column.title.get(speech.lang) if column else "") or str(rule["field"])


def _things(rule: Rule, speech: Speech) -> str:
    if rule.get("name"):
        return str(rule["name"])
    if rule.get("sections"):
        titles = [speech.known.sections[one].title if one in speech.known.sections else f"№ {one}" for one in rule["sections"]]
        return str(speech.pick(said.EITHER)).join(titles)
    names = [speech.known.products.get(number, f"№ {number}") for number in rule.get("products", ())]
    return str(speech.pick(said.EITHER)).join(names)


EVENTS: Mapping[str, Callable[[Stand, Speech], said.Words]] = {
    "fact": _fact_event,
    "deal": _deal_event,
    "activity": _talk_event,
    "list": lambda stand, _: said.LISTED[_place(stand)],
    "segment": lambda stand, speech: _named(
        said.SEGMENT[_place(stand)], speech.pick(speech.known.segments[stand.rule["segment"]].title), speech
    ),
    "field": lambda stand, speech: _named(said.FIELD, _field_title(stand.rule, speech), speech),
    "bought": lambda stand, speech: _named(said.BOUGHT[_place(stand)], _things(stand.rule, speech), speech),
}


def stand_of(leaf: Any, answer: int | None, value: Any) -> Stand:
    """Return a compiled condition with what the base has answered."""
    return Stand(leaf.rule, None if answer is None else bool(answer), value, leaf.moves)
