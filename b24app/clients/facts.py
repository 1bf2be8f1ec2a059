"""FACTS: what we know of every client, each declared once. Columns, SQL, titles and definitions come from here.

A new fact is a line in its group's tuple, a column in `store.migrations.clients`, and SQL or a value of its group's computation.
"""

from __future__ import annotations

import json
from typing import Any

from b24app.clients.fact import Fact
from b24app.clients.facts_contact import CARD, CONTACT, REACH, SUPPORT
from b24app.clients.facts_purchases import DEALS, PRODUCTS, PURCHASES, RHYTHM
from b24app.clients.facts_value import RFM, VALUE

FACTS: tuple[Fact, ...] = (*PURCHASES, *DEALS, *RHYTHM, *VALUE, *RFM, *PRODUCTS, *CONTACT, *SUPPORT, *REACH, *CARD)
BY_KEY = {fact.key: fact for fact in FACTS}
ASKED = {fact.key: fact.sql for fact in FACTS if fact.sql}
COMPUTED = tuple(fact for fact in FACTS if not fact.sql and not fact.since)
STORED = tuple(fact.key for fact in FACTS if not fact.since)


def catalogue() -> list[dict[str, Any]]:
    """Return the rows of the table `fact`, by which other rooms know what facts there are."""
    return [
        {
            "key": fact.key,
            "position": n,
            "kind": fact.kind,
            "since": fact.since,
            "words": json.dumps(fact.words, ensure_ascii=False),
            "fact_group": fact.group,
        }
        for n, fact in enumerate(FACTS)
    ]
