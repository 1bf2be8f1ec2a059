"""PRESETS: the segments that every portal gets at install. Declarations only; a portal may change its own copy.

`parameters` are what the administrator chooses; `{"parameter": NAME}` stands for the choice in the rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Preset:
    """A ready segment: what it is called, what it is good for, whom it holds."""

    key: str
    title: Mapping[str, str]
    purpose: Mapping[str, str]
    rule: Mapping[str, Any]
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def definition(self) -> dict[str, Any]:
        """Return it as it is saved."""
        return {"title": dict(self.title), "purpose": dict(self.purpose), "rule": dict(self.rule), "parameters": dict(self.parameters)}


PRESETS: tuple[Preset, ...] = (
    Preset(
        "won",
        {"ru": "С выигранными сделками", "en": "With won deals"},
        {"ru": "Кто уже покупал: им предлагают ещё", "en": "Those who have bought: offer them more"},
        {"criterion": "deal", "where": {"criterion": "field", "field": "stageSemanticId", "op": "=", "value": "S"}},
    ),
    Preset(
        "bought_once_180",
        {"ru": "Купили один раз и не покупали 180 дней", "en": "Bought once and not for 180 days"},
        {"ru": "Вернуть: спросить, почему не купили снова", "en": "Win back: ask why there was no second purchase"},
        {
            "all": [
                {"criterion": "fact", "fact": "purchases", "op": "=", "value": 1},
                {"criterion": "fact", "fact": "days_since_purchase", "op": ">=", "value": 180},
            ]
        },
    ),
    Preset(
        "membership_7",
        {"ru": "Абонемент заканчивается в ближайшие 7 дней", "en": "Membership ends in the next 7 days"},
        {"ru": "Продлить, пока клиент не ушёл", "en": "Renew before the client leaves"},
        {
            "criterion": "field",
            "of": {"parameter": "field.of"},
            "field": {"parameter": "field"},
            "op": "=",
            "value": {"days": [0, 7]},
        },
        {"field": {"title": {"ru": "Поле с датой окончания", "en": "Field with the end date"}, "kind": "date", "value": None}},
    ),
)
