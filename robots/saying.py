"""What robots say of a client in a sentence, and how values are written for a workflow. Asks nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from b24app.clients.facts import BY_KEY
from b24app.segments.definitions import day_of
from b24app.segments.known import Known
from b24app.segments.words import Speech, days_text, fact_text
from robots.properties import Texts

if TYPE_CHECKING:
    from b24app.clients.cards import ClientCard
    from b24app.clients.fact import Fact
    from b24app.context import Context

LANGS = ("ru", "en")
SAID = ("purchases", "revenue", "days_since_purchase", "next_purchase", "retention")
NEVER = {"ru": "Ещё ничего не покупал.", "en": "Has not bought anything yet."}
# A kind of fact as a workflow knows it: a type of Bitrix24.
TYPES = {
    **dict.fromkeys(("count", "score", "days"), "int"),
    **dict.fromkeys(("number", "money", "share"), "double"),
    **dict.fromkeys(("choice", "text"), "string"),
    "date": "date",
    "instant": "datetime",
    "flag": "bool",
}


def flag(answer: bool) -> str:
    """Return yes or no as a workflow has it."""
    return "Y" if answer else "N"


def value_of(fact: Fact, value: Any, lang: str) -> Any:
    """Return a fact's value for a workflow: a share in per cent, a choice by its title; what is not known is empty."""
    if value is None:
        return ""
    if fact.kind == "share":
        return round(value * 100, 1)
    if fact.kind == "flag":
        return flag(bool(value))
    return _words(fact, lang)["choices"].get(value, value) if fact.kind == "choice" else value


def describe_client(ctx: Context, card: ClientCard) -> Texts:
    """Return the client in one sentence by language."""
    return {lang: _describe(ctx, card, lang) for lang in LANGS}


def say_fact(ctx: Context, card: ClientCard, key: str, lang: str) -> str:
    """Return one fact as it stands in a sentence; a dash for what is not known."""
    fact, value = BY_KEY[key], card.fact(key)
    speech, words = Speech(lang, day_of(ctx), Known({}, {}), ctx.portal.currency), _words(fact, lang)
    said = days_text(-value, lang) if fact.kind == "days" and value is not None else fact_text(fact.kind, value, speech, words)
    since = fact_text("date", card.fact(fact.since), speech) if fact.since else ""
    return str(words["say"].format(value=said, date=since))


def _describe(ctx: Context, card: ClientCard, lang: str) -> str:
    if not card.fact("purchases"):
        return NEVER[lang]
    said = ", ".join(say_fact(ctx, card, key, lang) for key in SAID if card.fact(key) is not None)
    return f"{said[:1].upper()}{said[1:]}."


def _words(fact: Fact, lang: str) -> Any:
    return fact.words.get(lang, fact.words["en"])
