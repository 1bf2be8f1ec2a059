"""The shape of a rule: a JSON tree of conditions. Pure; knows neither fields nor SQL.

{"all": [...]}   {"any": [...]}   {"not": {...}}   {"criterion": KEY, ...}   {"parameter": NAME} in place of a value
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from b24app.errors import Mistaken

GROUPS = {"all": "AND", "any": "OR"}
DEEPEST = 20
MOST = 200  # conditions in one rule

Rule = Mapping[str, Any]


class BadRule(Mistaken):
    """The rule cannot be asked of this base; the sentence says what to change."""


def check_shape(rule: Any, depth: int = 0) -> int:
    """Return the number of conditions in the tree. Raises BadRule when it is no tree of rules or out of all measure."""
    if depth > DEEPEST:
        raise BadRule("The rule is nested too deep.", "Правило вложено слишком глубоко.")
    if not isinstance(rule, Mapping):
        raise BadRule(f"A rule cannot be {rule!r}.", f"Это не правило: {rule!r}.")
    count = sum(check_shape(child, depth + 1) for child in children(rule)) + ("criterion" in rule)
    if count > MOST:
        raise BadRule(f"The rule has more than {MOST} conditions.", f"В правиле больше {MOST} условий.")
    return count


def children(rule: Rule) -> list[Any]:
    """Return the rules right below this one. Raises BadRule on an empty group and on an unknown word."""
    if "criterion" in rule:
        return [rule["where"]] if "where" in rule else []
    if len(rule) != 1:
        raise BadRule(f"A rule cannot be {dict(rule)}.", f"Это не правило: {dict(rule)}.")
    word, inner = next(iter(rule.items()))
    if word == "not":
        return [inner]
    if word not in GROUPS:
        raise BadRule(f"A rule cannot begin with “{word}”.", f"Правило не может начинаться с «{word}».")
    if not isinstance(inner, (list, tuple)) or not inner:
        raise BadRule("A group of conditions is empty.", "Группа условий пуста.")
    return list(inner)


def put_parameters(rule: Any, values: Mapping[str, Any]) -> Any:
    """Return the rule with every {"parameter": NAME} replaced by its value."""
    if isinstance(rule, Mapping):
        if set(rule) == {"parameter"}:
            return values[rule["parameter"]]
        return {key: put_parameters(value, values) for key, value in rule.items()}
    if isinstance(rule, (list, tuple)):
        return [put_parameters(item, values) for item in rule]
    return rule
