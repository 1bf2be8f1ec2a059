"""Why a client is in a segment, or is not: every condition, his value, yes, no or unknown, what would end it, one sentence to say aloud.

Reads only; what the viewer may not see does not exist.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from b24app.errors import Mistaken, NotFound
from b24app.segments.compile import Compiled
from b24app.segments.definitions import Definition, day_of, load, load_known, speech_of
from b24app.segments.endings import Ending, end_of, end_of_all, stand_of
from b24app.segments.fields import Leaf
from b24app.segments.membership import ANSWERS, compile_definition
from b24app.segments.sentences import describe, say, sentence
from b24app.segments.words import Speech
from b24app.store import segments as sql
from b24app.store.clients import find_client

if TYPE_CHECKING:
    from b24app.context import Context


@dataclass(frozen=True)
class RuleAnswer:
    """One condition: what it asks, what the client's value says, `yes`, `no` or `unknown`; `ends`: when time turns the answer and
    what else would, '' when nothing is known to.
    """

    text: str
    value: str
    answer: str
    ends: str = ""
    until: str | None = None


@dataclass(frozen=True)
class Explanation:
    """`answer`: yes, no, unknown. `sentence` names the values that made it so; `ending` says what would change it, and `until` (a date
    or None) from which day on time alone does.
    """

    segment_key: str
    client_key: str
    answer: str
    sentence: str
    rules: tuple[RuleAnswer, ...]
    ending: str = ""
    until: str | None = None


@dataclass(frozen=True)
class Asked:
    """A segment's rule, ready to be asked and spoken of."""

    compiled: Compiled
    question: sql.Question
    speech: Speech


def explain(ctx: Context, segment_key: str, client_key: str) -> Explanation:
    """Explain one client. Raises NotFound, Mistaken when the segment's rule cannot be asked."""
    return explain_definition(ctx, load(ctx, segment_key), client_key)


def explain_definition(ctx: Context, definition: Definition, client_key: str) -> Explanation:
    """Explain one client by a segment, saved or not. Raises NotFound, Mistaken."""
    if find_client(ctx.store, ctx.viewer, client_key) is None:
        raise NotFound(f"client {client_key}")
    asked = prepare(ctx, definition)
    found = sql.list_leaves(ctx.store, asked.question, [client_key])[client_key]
    answer = sql.find_answer(ctx.store, asked.question, client_key)
    end = ending(asked, found, answer)
    rules = tuple(_rule_answer(asked, *one) for one in zip(asked.compiled.leaves, found[::2], found[1::2], strict=True))
    until = end.until.isoformat() if end.until else None
    return Explanation(definition.key, client_key, ANSWERS[answer], reason(asked, found, answer), rules, end.text, until)


def _rule_answer(asked: Asked, leaf: Leaf, own: int | None, value: Any) -> RuleAnswer:
    end = end_of(stand_of(leaf, own, value), asked.speech)
    until = end.until.isoformat() if end.until else None
    return RuleAnswer(describe(leaf.rule, asked.speech), say(leaf.rule, value, asked.speech), ANSWERS[own], end.text, until)


def ending(asked: Asked, found: Sequence[Any], answer: int | None) -> Ending:
    """Return what would turn the answer, and when."""
    stands = [stand_of(*one) for one in zip(asked.compiled.leaves, found[::2], found[1::2], strict=True)]
    return end_of_all(asked.compiled.rule, stands, None if answer is None else bool(answer), asked.speech)


def standings(ctx: Context, definition: Definition, keys: Sequence[str]) -> dict[str, tuple[str, Ending]]:
    """Return for each of these members why he is in by his values of now, and what would end it."""
    try:
        asked = prepare(ctx, definition)
    except Mistaken:
        return {}
    found = sql.list_leaves(ctx.store, asked.question, keys)
    return {key: _standing(asked, answers) for key, answers in found.items()}


def _standing(asked: Asked, found: Sequence[Any]) -> tuple[str, Ending]:
    why = reason(asked, found, True)
    if why:
        return why, ending(asked, found, 1)
    return reason(asked, found, None), ending(asked, found, None)


def reasons(ctx: Context, definition: Definition, keys: Sequence[str]) -> dict[str, str]:
    """Return for each of these members the sentence that says why he is in, by his values of now."""
    try:
        asked = prepare(ctx, definition)
    except Mistaken:
        return {}
    found = sql.list_leaves(ctx.store, asked.question, keys)
    return {key: reason(asked, answers, True) or reason(asked, answers, None) for key, answers in found.items()}


def prepare(ctx: Context, definition: Definition) -> Asked:
    """Return the rule compiled for today. Raises Mistaken."""
    known = load_known(ctx, definition.rule)
    compiled, question = compile_definition(definition, known, day_of(ctx))
    return Asked(compiled, question, speech_of(ctx, known))


def reason(asked: Asked, found: Sequence[Any], answer: bool | None) -> str:
    """Return the sentence out of those conditions that speak for the answer; under a NOT a no speaks for yes."""
    leaves = zip(asked.compiled.leaves, found[::2], found[1::2], strict=True)
    return sentence([say(leaf.rule, value, asked.speech) for leaf, own, value in leaves if _speaks_for(own, answer, leaf.negated)])


def _speaks_for(own: int | None, answer: bool | None, negated: bool) -> bool:
    if own is None or answer is None:
        return own is None and answer is None
    return (bool(own) != negated) == answer
