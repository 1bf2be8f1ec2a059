"""Turns a rule into SQL. Pure: builds statements, runs none; is told what day it is and what the base has.

A rule's answer has three values: true, false, and SQL's NULL for "unknown". Values are always bound; names of columns come
from `Known`, never from the rule.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from b24app.segments.criteria import BY_KEY
from b24app.segments.dates import Day
from b24app.segments.fields import Leaf
from b24app.segments.known import Known, KnownSegment
from b24app.segments.records import Paths, best_of_all, best_of_one, known_best
from b24app.segments.rules import DEEPEST, GROUPS, BadRule, Rule, check_shape, children

MOST_VALUES = 4000
# What a compiled rule may speak of: the client, his facts, his own card.
BASE = """client
    LEFT JOIN client_fact AS fact ON fact.number = client.number
    LEFT JOIN contact AS own_contact ON own_contact.id = client.entity_id AND client.kind = 'contact'
    LEFT JOIN company AS own_company ON own_company.id = client.entity_id AND client.kind = 'company'"""


@dataclass(frozen=True)
class Compiled:
    """`answer` is asked of BASE with `params`; `leaves` are its conditions in the order of the rule."""

    rule: Rule
    answer: str
    params: dict[str, Any]
    leaves: tuple[Leaf, ...]
    others: tuple[Rule, ...] = ()  # the rules of the segments that it asks of
    sets: tuple[tuple[str, str], ...] = ()  # temporary tables that `answer` reads: name, and SELECT of number and best

    @property
    def moves(self) -> bool:
        """Tell whether time alone may change the answer."""
        return any(leaf.moves for leaf in self.leaves)


@dataclass
class Build:
    """A compilation on its way: what is known, what was bound, which conditions were met."""

    day: Day
    known: Known
    params: dict[str, Any] = field(default_factory=dict)
    leaves: list[Leaf] = field(default_factory=list)
    others: list[Rule] = field(default_factory=list)
    path: tuple[str, ...] = ()  # the segments that are being compiled, the outermost first
    prefix: str = "v"  # of the names of its values
    sets: list[tuple[str, str]] | None = None  # None: every client is looked up by himself

    def bind(self, value: Any) -> str:
        """Keep a value for the statement and return its placeholder. Raises BadRule when there are too many for a database."""
        if len(self.params) >= MOST_VALUES:
            raise BadRule("The rule, with the segments that it names, is too large.", "Правило вместе с другими сегментами слишком велико.")
        name = f"{self.prefix}{len(self.params)}"
        self.params[name] = value
        return f":{name}"

    def best_of(self, paths: Paths, test: str) -> str:
        """Return the three-valued OR over the records of a client: nobody says yes where there is no record."""
        if self.sets is None:
            best = best_of_one(paths, test)
        else:
            self.sets.append((f"{self.prefix}set{len(self.sets)}", best_of_all(paths, test)))
            best = f"(SELECT kept.best FROM {self.sets[-1][0]} AS kept WHERE kept.number = client.number)"
        return known_best(best)

    def tree(self, rule: Rule, negated: bool = False) -> tuple[str, bool]:
        """Return the answer of a rule about clients, and whether it moves."""
        if "criterion" not in rule:
            return self.group(rule, lambda child: self.tree(child, negated != ("not" in rule)))
        criterion = BY_KEY.get(rule["criterion"]) if isinstance(rule["criterion"], str) else None
        if criterion is None:
            raise BadRule(f"There is no condition “{rule['criterion']}”.", f"Нет условия «{rule['criterion']}».")
        leaf = criterion.leaf(rule, self, negated)
        self.leaves.append(leaf)
        return leaf.answer, leaf.moves

    def other(self, segment: KnownSegment) -> tuple[str, bool]:
        """Return whether the client is in another segment, yes or no as its list has it, and whether that moves."""
        title = segment.title
        if segment.key in self.path:
            raise BadRule(f"The segment refers to itself by “{title['en']}”.", f"Сегмент ссылается сам на себя через «{title['ru']}».")
        if segment.rule is None:
            raise BadRule(f"The segment “{title['en']}” cannot be counted now.", f"Сегмент «{title['ru']}» сейчас не считается.")
        if len(self.path) >= DEEPEST:
            raise BadRule("The rule is nested too deep.", "Правило вложено слишком глубоко.")
        check_shape(segment.rule)
        before, self.path, kept = self.path, (*self.path, segment.key), len(self.leaves)
        self.others.append(segment.rule)
        answer, moves = self.tree(segment.rule)
        del self.leaves[kept:]
        self.path = before
        return f"COALESCE({answer}, {'TRUE' if segment.unknown_means else 'FALSE'})", moves

    def group(self, rule: Rule, ask: Callable[[Rule], tuple[str, bool]]) -> tuple[str, bool]:
        """Return the answer of a group, each of its members asked by `ask`; SQL's AND, OR and NOT know three values."""
        asked = [ask(child) for child in children(rule)]
        moves = any(moving for _, moving in asked)
        if "not" in rule:
            return f"(NOT {asked[0][0]})", moves
        word = GROUPS[next(iter(rule))]
        return "(" + f" {word} ".join(sql for sql, _ in asked) + ")", moves


@dataclass(frozen=True)
class Style:
    """How a rule is compiled: those with different prefixes can be asked together; `for_all` walks through records once, not by client."""

    prefix: str = "v"
    for_all: bool = False


ONE, FOR_ALL = Style(), Style(for_all=True)


def compile_rule(rule: Rule, day: Day, known: Known, key: str = "", style: Style = ONE) -> Compiled:
    """Return the rule of the segment `key` as SQL over BASE. Raises BadRule."""
    check_shape(rule)
    build = Build(day, known, path=(key,) if key else (), prefix=style.prefix, sets=[] if style.for_all else None)
    answer, _ = build.tree(rule)
    return Compiled(rule, answer, build.params, tuple(build.leaves), tuple(build.others), tuple(build.sets or ()))
