"""Conditions on fields: of the client's own card, of any of his contacts, leads and deals, of his company. Pure.

Also the shape of every condition: `Criterion` turns it into a `Leaf`, SQL for the answer (true, false, NULL is unknown) and
SQL for the client's own value, both asked of `client` and what `compile.BASE` joins to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

from b24app.segments.dates import is_relative
from b24app.segments.known import CARDS, REACHED, Column, column_name
from b24app.segments.operators import condition
from b24app.segments.records import RECORDS, Path, best_of_one, known_best
from b24app.segments.rules import BadRule, Rule
from b24app.store.folding import fold_phone

if TYPE_CHECKING:
    from b24app.segments.compile import Build

OWN = "client"  # his own card, contact or company
# The phones and e-mails of his own card, of his people, of both.
_OWN_REACHED = (
    "SELECT own.value FROM communication AS own WHERE own.kind = __KIND__ AND own.entity = client.kind AND own.entity_id = client.entity_id"
)
_THEIRS = (
    "SELECT theirs.value FROM client_contact AS link JOIN communication AS theirs ON theirs.entity = 'contact' "
    "AND theirs.entity_id = link.contact_id AND theirs.kind = __KIND__ WHERE link.client_key = client.key"
)
REACHED_BY = {
    "company": f"({_OWN_REACHED} AND client.kind = 'company') AS reached",
    "contact": f"({_THEIRS}) AS reached",
    OWN: f"({_OWN_REACHED} UNION ALL {_THEIRS}) AS reached",
}
REACHED_SIGNS = ("=", "!=", "@", "!@", "%", "!%", "empty", "filled")
# Digits of the last ten when there are eleven of ours: +7 916 ..., 8 (916) ...
_BARE = reduce(lambda x, sign: f"REPLACE({x}, '{sign}', '')", ("+", " ", "-", "(", ")", ".", "\N{NO-BREAK SPACE}"), "reached.value")
DIGITS = f"CASE WHEN LENGTH({_BARE}) = 11 AND SUBSTR({_BARE}, 1, 1) IN ('7', '8') THEN SUBSTR({_BARE}, 2) ELSE {_BARE} END"


@dataclass(frozen=True)
class Leaf:
    """One condition in SQL. `negated`: it stands under an odd number of NOTs; `moves`: time alone may change its answer."""

    criterion: str
    rule: Rule
    answer: str
    value: str
    negated: bool = False
    moves: bool = False


class Criterion:
    """A kind of condition. `key` is its word in rules."""

    key: str

    def leaf(self, rule: Rule, build: Build, negated: bool) -> Leaf:
        """Return the condition in SQL. Raises BadRule when this base cannot be asked so."""
        raise NotImplementedError


class Field(Criterion):
    """A field of the client's own card, or of any of his contacts, his company, any of his deals (`of`)."""

    key = "field"

    def leaf(self, rule: Rule, build: Build, negated: bool) -> Leaf:
        """`{"criterion": "field", "of": "client", "field": "UF_CRM_X", "op": "=", "value": 1}`"""
        of, name = rule.get("of", OWN), rule.get("field")
        if not isinstance(name, str) or of not in (OWN, *RECORDS):
            raise BadRule("The condition does not say which field it means.", "В условии не сказано, какое поле имеется в виду.")
        asked = (rule.get("op"), rule.get("value"))
        if column_name(name) in REACHED and of in (OWN, *CARDS):
            return Leaf(self.key, rule, *reached(of, column_name(name), asked, build), negated)
        if of == OWN:
            x, column = own_field(name, build)
            answer = condition(x, column, asked, build.day, build.bind)
            value = x
        else:
            x, column = record_field(of, name, build)
            test = condition(x, column, asked, build.day, build.bind)
            answer, value = build.best_of(RECORDS[of], test), one_of(of, x, test)
        return Leaf(self.key, rule, answer, value, negated, is_relative(rule.get("value")))


class Deal(Criterion):
    """There is a deal of the client for which all of `where` holds."""

    key = "deal"

    def leaf(self, rule: Rule, build: Build, negated: bool) -> Leaf:
        """`{"criterion": "deal", "where": {"criterion": "field", "field": "stageSemanticId", "op": "=", "value": "S"}}`"""
        if "where" not in rule:
            raise BadRule("The condition does not say which deals it means.", "В условии не сказано, какие сделки имеются в виду.")
        test, moves = self.test_of(rule["where"], build)
        (deals,) = RECORDS["deal"]
        count = f"(SELECT COUNT(*) FROM {deals.found} WHERE {deals.where} AND {test})"
        return Leaf(self.key, rule, build.best_of(RECORDS["deal"], test), count, negated, moves)

    def test_of(self, rule: Rule, build: Build) -> tuple[str, bool]:
        """Return what one deal is asked, and whether time alone may change it."""
        if "criterion" not in rule:
            return build.group(rule, lambda child: self.test_of(child, build))
        if rule["criterion"] != Field.key or rule.get("of", "deal") != "deal":
            raise BadRule("Of a deal only its fields can be asked.", "О сделке можно спросить только её поля.")
        x, column = record_field("deal", str(rule.get("field")), build)
        return condition(x, column, (rule.get("op"), rule.get("value")), build.day, build.bind), is_relative(rule.get("value"))


def own_field(name: str, build: Build) -> tuple[str, Column]:
    """Return SQL for a field of the client's own card, whichever kind of card it is. Raises BadRule."""
    found = {card: column for card in CARDS if (column := build.known.find_column(card, name))}
    if not found:
        raise no_field(OWN, name)
    column = next(iter(found.values()))
    if any((other.kind, other.is_multiple, other.storage) != (column.kind, column.is_multiple, column.storage) for other in found.values()):
        raise BadRule(
            f"The field {name} is of different kinds in contacts and companies: say which is meant.",
            f"Поле {name} в контактах и компаниях разного типа: уточните, какое имеется в виду.",
        )
    kinds = " ".join(f"WHEN '{card}' THEN {read(f'own_{card}', found[card])}" for card in found)
    return f"(CASE client.kind {kinds} END)", column


def reached(of: str, name: str, asked: tuple[Any, Any], build: Build) -> tuple[str, str]:
    """Return SQL for the answer and the value of a condition on phones or e-mails: any of them says yes. Raises BadRule.

    A phone is compared by its digits, whatever stands between them and before the last ten; an address in small letters.
    """
    sign, value = asked
    if not isinstance(sign, str) or sign not in REACHED_SIGNS:
        raise BadRule(f"“{sign}” cannot be asked of {name}.", f"К полю {name} неприменимо «{sign}».")
    column = REACHED[name]
    found, where = REACHED_BY[of].replace("__KIND__", build.bind(name.upper())), "TRUE"  # whose they are is said inside
    if sign in ("empty", "filled"):
        here = f"EXISTS (SELECT 1 FROM {found})"
        return (here if sign == "filled" else f"(NOT {here})"), f"(SELECT MIN(reached.value) FROM {found})"
    x, plain = ("LOWER(reached.value)", str.lower) if name == "email" else (DIGITS, fold_phone)
    values = [plain(str(one)) for one in (value if isinstance(value, (list, tuple)) else (value or "",))]
    if not all(values) or not values:
        raise BadRule(f"“{value}” does not fit the field {name}.", f"«{value}» не подходит полю {name}.")
    positive = sign.removeprefix("!")
    test = condition(x, column, (positive, values if positive == "@" else values[0]), build.day, build.bind)
    answer = known_best(best_of_one((Path(found, where),), test))
    shown = f"(SELECT reached.value FROM {found} ORDER BY CASE WHEN {test} THEN 0 ELSE 1 END, reached.value LIMIT 1)"
    return (f"(NOT {answer})" if sign.startswith("!") else answer), shown


def record_field(entity: str, name: str, build: Build) -> tuple[str, Column]:
    """Return SQL for a field of a record of the client. Raises BadRule."""
    column = build.known.find_column(entity, name)
    if column is None:
        raise no_field(entity, name)
    return read(entity, column), column


def read(table: str, column: Column) -> str:
    """Return SQL that reads a column, with everything that people call empty as NULL."""
    x = f'{table}."{column.name}"'
    if column.is_multiple:
        return f"NULLIF(NULLIF({x}, ''), '[]')"
    return f"NULLIF({x}, '')" if column.storage == "TEXT" else x


def one_of(entity: str, x: str, test: str) -> str:
    """Return SQL for the value to show: one that says yes, else any that is filled."""
    order = f"CASE WHEN {test} THEN 0 WHEN {x} IS NOT NULL THEN 1 ELSE 2 END"
    each = " UNION ALL ".join(
        f"SELECT {x} AS x, {order} AS place, {entity}.id AS id FROM {path.found} WHERE {path.where}" for path in RECORDS[entity]
    )
    return f"(SELECT x FROM ({each}) AS found ORDER BY place, id LIMIT 1)"


def no_field(entity: str, name: str) -> BadRule:
    """Return the complaint that a field is not there (any more)."""
    en = {"client": "contacts or companies", "contact": "contacts", "company": "companies", "lead": "leads", "deal": "deals"}[entity]
    ru = {"client": "контактов и компаний", "contact": "контактов", "company": "компаний", "lead": "лидов", "deal": "сделок"}[entity]
    return BadRule(f"The portal has no field “{name}” in its {en}.", f"На портале нет поля «{name}» у {ru}.")
