"""Conditions on fields: of the client's own card, of any of his contacts, leads and deals, of his company. Pure.

Also the shape of every condition: `Criterion` turns it into a `Leaf`, SQL for the answer (true, false, NULL is unknown) and
SQL for the client's own value, both asked of `client` and what `compile.BASE` joins to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from b24app.segments.dates import is_relative
from b24app.segments.known import CARDS, Column
from b24app.segments.operators import condition
from b24app.segments.rules import BadRule, Rule

if TYPE_CHECKING:
    from b24app.segments.compile import Build

# Where the records of a client are found: entity to FROM and WHERE.
RECORDS = {
    "contact": ("client_contact AS link JOIN contact ON contact.id = link.contact_id", "link.client_key = client.key"),
    "company": ("company", "client.kind = 'company' AND company.id = client.entity_id"),
    # Leads that name him; a lead that has become a client names him too (crm/leads: CONTACT_ID, COMPANY_ID).
    "lead": (
        "lead",
        "lead.id IN (SELECT own.id FROM client_contact AS link JOIN lead AS own ON own.contact_id = link.contact_id "
        "WHERE link.client_key = client.key UNION ALL "
        "SELECT own.id FROM lead AS own WHERE own.company_id = client.entity_id AND client.kind = 'company')",
    ),
    "deal": ("client_deal AS link JOIN deal ON deal.id = link.deal_id", "link.client_key = client.key"),
}
OWN = "client"  # his own card, contact or company


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
        if of == OWN:
            x, column = own_field(name, build)
            answer = condition(x, column, asked, build.day, build.bind)
            value = x
        else:
            x, column = record_field(of, name, build)
            test = condition(x, column, asked, build.day, build.bind)
            answer, value = any_of(of, test), one_of(of, x, test)
        return Leaf(self.key, rule, answer, value, negated, is_relative(rule.get("value")))


class Deal(Criterion):
    """There is a deal of the client for which all of `where` holds."""

    key = "deal"

    def leaf(self, rule: Rule, build: Build, negated: bool) -> Leaf:
        """`{"criterion": "deal", "where": {"criterion": "field", "field": "stageSemanticId", "op": "=", "value": "S"}}`"""
        if "where" not in rule:
            raise BadRule("The condition does not say which deals it means.", "В условии не сказано, какие сделки имеются в виду.")
        test, moves = self.test_of(rule["where"], build)
        found, where = RECORDS["deal"]
        count = f"(SELECT COUNT(*) FROM {found} WHERE {where} AND {test})"
        return Leaf(self.key, rule, any_of("deal", test), count, negated, moves)

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


def any_of(entity: str, test: str) -> str:
    """Yes if a record says yes, else unknown if one does not know, else no; nobody says yes where there is no record."""
    return best_of(*RECORDS[entity], test)


def best_of(found: str, where: str, test: str) -> str:
    """Return the three-valued OR over the rows of a FROM and a WHERE."""
    best = f"SELECT MAX(CASE WHEN {test} THEN 2 WHEN NOT {test} THEN 0 ELSE 1 END) FROM {found} WHERE {where}"
    return f"(CASE COALESCE(({best}), 0) WHEN 2 THEN TRUE WHEN 0 THEN FALSE END)"


def one_of(entity: str, x: str, test: str) -> str:
    """Return SQL for the value to show: one that says yes, else any that is filled."""
    found, where = RECORDS[entity]
    order = f"CASE WHEN {test} THEN 0 WHEN {x} IS NOT NULL THEN 1 ELSE 2 END, {entity}.id"
    return f"(SELECT {x} FROM {found} WHERE {where} ORDER BY {order} LIMIT 1)"


def no_field(entity: str, name: str) -> BadRule:
    """Return the complaint that a field is not there (any more)."""
    en = {"client": "contacts or companies", "contact": "contacts", "company": "companies", "lead": "leads", "deal": "deals"}[entity]
    ru = {"client": "контактов и компаний", "contact": "контактов", "company": "компаний", "lead": "лидов", "deal": "сделок"}[entity]
    return BadRule(f"The portal has no field “{name}” in its {en}.", f"На портале нет поля «{name}» у {ru}.")
