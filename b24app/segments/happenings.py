"""Conditions on what has happened: what the client bought, and how we talked. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from b24app.segments.dates import is_relative
from b24app.segments.fields import Criterion, Leaf
from b24app.segments.known import Column
from b24app.segments.operators import condition
from b24app.segments.records import Path
from b24app.segments.rules import BadRule, Rule
from b24app.store.clients import COMPANIES_FROM

if TYPE_CHECKING:
    from b24app.segments.compile import Build

PURCHASES = (
    Path(
        "client_deal AS link JOIN product_row AS item ON item.owner_type = 'D' AND item.owner_id = link.deal_id",
        "link.client_key = client.key AND link.state = 'S'",
        "product_row AS item CROSS JOIN client_deal AS link ON link.deal_id = item.owner_id",
        within="item.owner_type = 'D' AND link.state = 'S'",
    ),
)
_PARTIES = "activity_party AS party CROSS JOIN activity AS talk ON talk.id = party.activity_id"
# The types of owners and parties: 1 lead, 2 deal, 3 contact, 4 company (crm/data-types.md#object_type).
TALKS = (
    Path(
        "client_deal AS link CROSS JOIN activity AS talk ON talk.owner_type_id = 2 AND talk.owner_id = link.deal_id",
        "link.client_key = client.key",
        "activity AS talk CROSS JOIN client_deal AS link ON link.deal_id = talk.owner_id",
        within="talk.owner_type_id = 2",
    ),
    Path(
        "client_contact AS link CROSS JOIN activity AS talk ON talk.owner_type_id = 3 AND talk.owner_id = link.contact_id",
        "link.client_key = client.key",
        "activity AS talk CROSS JOIN client_contact AS link ON link.contact_id = talk.owner_id",
        within="talk.owner_type_id = 3",
    ),
    Path(
        "activity AS talk",
        "client.kind = 'company' AND talk.owner_type_id = 4 AND talk.owner_id = client.entity_id",
        "activity AS talk",
        f"{COMPANIES_FROM} + talk.owner_id",
        "talk.owner_type_id = 4",
    ),
    Path(
        "client_contact AS link CROSS JOIN activity_party AS party ON party.entity_type_id = 3 AND party.entity_id = link.contact_id "
        "CROSS JOIN activity AS talk ON talk.id = party.activity_id",
        "link.client_key = client.key",
        f"{_PARTIES} CROSS JOIN client_contact AS link ON link.contact_id = party.entity_id",
        within="party.entity_type_id = 3",
    ),
    Path(
        _PARTIES,
        "client.kind = 'company' AND party.entity_type_id = 4 AND party.entity_id = client.entity_id",
        _PARTIES,
        f"{COMPANIES_FROM} + party.entity_id",
        "party.entity_type_id = 4",
    ),
)
# What came in has happened; what we began has when it was done. Plans are no talks.
HAPPENED = "(talk.completed = 1 OR talk.direction = 1)"
WHEN = "COALESCE(NULLIF(talk.start_time, ''), talk.created)"


CHAT = "talk.provider_id LIKE 'IMOPENLINES%'"
TALKS_BY = {
    "any": f"(talk.type_id IN (1, 2, 4) OR {CHAT})",
    "call": "talk.type_id = 2",
    "letter": "talk.type_id = 4",
    "chat": CHAT,
    "meeting": "talk.type_id = 1",
}
DIRECTIONS = {"any": "TRUE", "in": "talk.direction = 1", "out": "talk.direction = 2"}


class Bought(Criterion):
    """The client has bought one of these products, one of these sections or below, or one whose name contains the words, within a period
    if it is given.
    """

    key = "bought"

    def leaf(self, rule: Rule, build: Build, negated: bool) -> Leaf:
        """`{"criterion": "bought", "products": [7, 9], "within": {"days_ago": [0, 90]}}`; `"name": "кофе"` or `"sections": [3]` as well"""
        # A row without a product of the catalogue is not this product.
        test = f"COALESCE({self.item_test(rule, build)}, FALSE)"
        if rule.get("within") is not None:
            test = f"({test} AND {_within('link.bought_on', 'date', rule['within'], build)})"
        (path,) = PURCHASES
        last = f"(SELECT MAX(link.bought_on) FROM {path.found} WHERE {path.where} AND {test})"
        return Leaf(self.key, rule, build.best_of(PURCHASES, test), last, negated, is_relative(rule.get("within")))

    def item_test(self, rule: Rule, build: Build) -> str:
        """Return what one row of a deal is asked. Raises BadRule."""
        products, name, sections = rule.get("products"), rule.get("name"), rule.get("sections")
        if name and isinstance(name, str):
            return condition("item.product_name", Column("product_name", "text"), ("%", name), build.day, build.bind)
        if isinstance(sections, (list, tuple)) and sections:
            inside = sorted({number for one in sections for number in build.known.get_section(one).inside})
            test = condition("kept.section_id", Column("section_id", "number", "INTEGER"), ("@", inside), build.day, build.bind)
            return f"item.product_id IN (SELECT kept.id FROM catalog_product AS kept WHERE {test})"
        if isinstance(products, (list, tuple)) and products:
            return condition("item.product_id", Column("product_id", "number", "INTEGER"), ("@", products), build.day, build.bind)
        raise BadRule("The condition does not say which product it means.", "В условии не сказано, какой товар имеется в виду.")


class Activity(Criterion):
    """There was a call, letter, chat or meeting with the client, of a direction and within a period if they are given."""

    key = "activity"

    def leaf(self, rule: Rule, build: Build, negated: bool) -> Leaf:
        """`{"criterion": "activity", "kind": "call", "direction": "in", "within": {"days_ago": [0, 30]}}`"""
        kind, direction = rule.get("kind", "any"), rule.get("direction", "any")
        if kind not in TALKS_BY or direction not in DIRECTIONS:
            raise BadRule("The condition does not say which activities it means.", "В условии не сказано, какие дела имеются в виду.")
        asked = f"{HAPPENED} AND {TALKS_BY[kind]} AND {DIRECTIONS[direction]}"
        if rule.get("within") is not None:
            asked += f" AND {_within(WHEN, 'instant', rule['within'], build)}"
        asked = f"COALESCE({asked}, FALSE)"
        each = " UNION ALL ".join(f"SELECT {WHEN} AS moment FROM {path.found} WHERE {path.where} AND {asked}" for path in TALKS)
        last = f"(SELECT MAX(moment) FROM ({each}) AS found)"
        return Leaf(self.key, rule, build.best_of(TALKS, asked), last, negated, is_relative(rule.get("within")))


def _within(x: str, kind: str, value: Any, build: Build) -> str:
    return condition(x, Column("within", kind), ("=", value), build.day, build.bind)
