"""A rule that is not saved: how many it would hold, whom, why; and saving it. Reads through the viewer, writes definitions only."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from b24app.errors import Mistaken, NotFound
from b24app.segments.compile import FOR_ALL
from b24app.segments.definitions import (
    UNKNOWN_MEANS,
    Definition,
    check_may_define,
    day_of,
    load,
    load_all,
    load_known,
    resolve,
    save,
    speech_of,
)
from b24app.segments.explain import Explanation, explain_definition
from b24app.segments.membership import compile_definition
from b24app.segments.presets import BY_KEY, PRESETS, Preset
from b24app.segments.rules import BadRule, check_shape
from b24app.segments.sentences import describe
from b24app.segments.sleeping import read_days, with_days
from b24app.store.counts import count_answers, count_soon

if TYPE_CHECKING:
    from b24app.context import Context

LONGEST = 60_000  # characters of a rule
LONGEST_TITLE = 120
DRAFT = "draft"  # the key of a rule that has none yet


@dataclass(frozen=True)
class Preview:
    """How many of the viewer's clients a rule holds, does not, and has no answer for; the rule in words.

    `is_about`: the base is large, and what could be asked within the time for which a person who types waits tells of all.
    """

    yes: int
    no: int
    unknown: int
    text: str
    is_about: bool = False


def read_rule(text: str) -> Any:
    """Read a rule that a page sends. Raises BadRule."""
    if len(text) > LONGEST:
        raise BadRule("The rule is too long.", "Правило слишком длинное.")
    try:
        rule = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadRule("The rule cannot be read.", "Правило не читается.") from error
    check_shape(rule)
    return rule


def preview(ctx: Context, rule: Any, key: str = "", whole: bool = False) -> Preview:
    """Count a rule. `key`: of the segment that it is to become, so that it cannot ask of itself; `whole`: exactly, however long it takes.

    Raises BadRule.
    """
    known, day = load_known(ctx, rule), day_of(ctx)
    definition = draft(rule, key)
    _, question = compile_definition(definition, known, day, FOR_ALL)
    if whole:
        found = count_answers(ctx.store, question, ctx.viewer)
    else:
        found = count_soon(ctx.store, question, ctx.viewer, compile_definition(definition, known, day)[1])
    return Preview(found.yes, found.no, found.unknown, describe(rule, speech_of(ctx, known)), found.is_about)


def try_client(ctx: Context, rule: Any, client_key: str, unknown_means: str = "no") -> Explanation:
    """Explain one client by a rule that is not saved. Raises NotFound, BadRule."""
    return explain_definition(ctx, replace(draft(rule), unknown_means=unknown_means), client_key)


def draft(rule: Any, key: str = "") -> Definition:
    """Return a rule as a definition that nobody has saved."""
    return Definition(key or DRAFT, {"ru": "", "en": ""}, {"ru": "", "en": ""}, rule)


def save_draft(ctx: Context, key: str, words: Mapping[str, str], rule: Any, unknown_means: str = "no") -> str:
    """Save a segment made in the builder, a new one when `key` is empty; return its key. `words`: title, purpose.

    Raises NotFound, BadRule, Mistaken, Refused.
    """
    check_may_define(ctx)
    title, purpose = words.get("title", "").strip()[:LONGEST_TITLE], words.get("purpose", "").strip()[:400]
    if not title:
        raise Mistaken("Give the segment a name.", "Назовите сегмент.")
    if unknown_means not in UNKNOWN_MEANS:
        raise Mistaken("Say what unknown means.", "Скажите, что значит «неизвестно».")
    before = load(ctx, key) if key else None
    made = Definition(
        key or new_key(), _both(title, before.title if before else {}), _both(purpose, before.purpose if before else {}), rule
    )
    made = replace(made, unknown_means=unknown_means, owner_id=before.owner_id if before else ctx.viewer.user_id or 0)
    compile_definition(made, load_known(ctx, rule), day_of(ctx))
    save(ctx, made)
    return made.key


def add_preset(ctx: Context, key: str) -> None:
    """Save a segment of the gallery. Raises NotFound, Refused, Mistaken when it must be filled in first."""
    check_may_define(ctx)
    preset = BY_KEY.get(key)
    if preset is None or preset not in list_presets(ctx):
        raise NotFound(f"preset {key!r:.80}")
    if preset.is_draft:
        raise Mistaken("Fill it in first.", "Сначала заполните условия.")
    save(ctx, replace(made_of(ctx, preset), owner_id=ctx.viewer.user_id or 0))


def made_of(ctx: Context, preset: Preset) -> Definition:
    """Return a ready segment with the numbers of days that the portal has chosen for it."""
    return with_days(Definition(preset.key, **preset.definition()), read_days(ctx))


def list_presets(ctx: Context) -> list[Preset]:
    """Return the ready segments that this portal does not have yet and whose facts are known here."""
    have = {one.key for one in load_all(ctx)}
    facts = set(load_known(ctx).facts)
    return [preset for preset in PRESETS if preset.key not in have and preset.needs() <= facts]


def rule_of(ctx: Context, definition: Definition) -> dict[str, Any]:
    """Return a segment's rule for the builder, its parameters filled in. Raises Mistaken while they are not chosen."""
    return resolve(definition, load_known(ctx))


def new_key() -> str:
    """Return a key that no segment has."""
    return f"s_{secrets.token_hex(6)}"


def _both(text: str, before: Mapping[str, str]) -> dict[str, str]:
    """Return what a person wrote as the words of both languages; a ready segment whose name was left alone keeps its two."""
    if text in before.values():
        return dict(before)
    return {"ru": text, "en": text}
