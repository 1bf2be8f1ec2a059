"""How many days a portal means where a ready segment leaves it open: a shop sleeps after three months, B2B after a year.

The choice is kept by ready segment and put into the saved segment as well; members follow at the next refresh.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from b24app.errors import Mistaken
from b24app.segments.dates import FARTHEST
from b24app.segments.definitions import DAYS, Definition, check_may_define, load_all, save
from b24app.segments.presets import PRESETS

if TYPE_CHECKING:
    from b24app.context import Context

SETTING = "segment_days"  # {"sleeping_shop": {"from": 90, "to": 180}}

Chosen = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class Open:
    """A number of days that a portal may choose: of which ready segment, by which name; what it is called and what it is now."""

    preset: str
    name: str
    segment: Mapping[str, str]
    title: Mapping[str, str]
    value: int


def list_open(ctx: Context) -> list[Open]:
    """Return what may be chosen, with what is."""
    chosen = read_days(ctx)
    return [
        Open(one.key, name, one.title, parameter["title"], chosen.get(one.key, {}).get(name, parameter["value"]))
        for one in PRESETS
        for name, parameter in one.parameters.items()
        if parameter["kind"] == DAYS
    ]


def read_days(ctx: Context) -> Chosen:
    """Return what the portal has chosen."""
    found: Chosen = ctx.app_store.find_setting(ctx.portal.member_id, SETTING, {})
    return found


def save_days(ctx: Context, chosen: Chosen) -> None:
    """Save the choice for ready segments, and in those that the portal has. Raises Refused, Mistaken with nothing saved."""
    check_may_define(ctx)
    for preset, values in chosen.items():
        title = next((one.title for one in PRESETS if one.key == preset), {"ru": preset, "en": preset})
        numbers = list(values.values())
        if not all(_is_days(number) for number in numbers) or numbers != sorted(set(numbers)):
            raise Mistaken(
                f"“{title['en']}”: whole numbers of days from 1 on, each greater than the one before.",
                f"«{title['ru']}»: целые числа дней от 1, каждое больше предыдущего.",
            )
    ctx.app_store.save_setting(ctx.portal.member_id, SETTING, {key: dict(values) for key, values in chosen.items()})
    for definition in load_all(ctx):
        if definition.key in chosen and (changed := with_days(definition, chosen)) != definition:
            save(ctx, changed)


def with_days(definition: Definition, chosen: Chosen) -> Definition:
    """Return a segment with its numbers of days as chosen; one whose rule was rewritten in the builder has none any more."""
    values = chosen.get(definition.key, {})
    days = {name: one for name, one in definition.parameters.items() if one["kind"] == DAYS and name in values}
    parameters = {**definition.parameters, **{name: {**one, "value": values[name]} for name, one in days.items()}}
    return replace(definition, parameters=parameters)


def _is_days(number: Any) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and 1 <= number <= FARTHEST
