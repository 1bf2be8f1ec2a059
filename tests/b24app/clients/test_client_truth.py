"""Facts of the sandbox's demo company, held against its own answer sheet and the habits by which its clients were made to buy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from itertools import pairwise
from statistics import median
from typing import Any

import pytest

from b24app.clients.person import looks_like_email, looks_like_phone
from b24app.store.upserts import upsert
from sandbox.company import Company, generate

TODAY = date(2025, 6, 15)
CARD = ("ID", "ASSIGNED_BY_ID")
COLUMNS = {
    "companies": ("company", (*CARD, "TITLE", "UF_CRM_MEMBERSHIP_END")),
    "contacts": (
        "contact",
        (*CARD, "NAME", "LAST_NAME", "COMPANY_ID", "BIRTHDATE", "HONORIFIC", "UF_CRM_CONSENT", "UF_CRM_MEMBERSHIP_END"),
    ),
    "deals": ("deal", ("ID", "COMPANY_ID", "CONTACT_ID", "STAGE_ID", "STAGE_SEMANTIC_ID", "CLOSEDATE", "OPPORTUNITY", "CURRENCY_ID")),
    "product_rows": ("product_row", ("ID", "OWNER_TYPE", "OWNER_ID", "PRODUCT_ID", "PRODUCT_NAME")),
    "activities": (
        "activity",
        ("ID", "OWNER_TYPE_ID", "OWNER_ID", "TYPE_ID", "PROVIDER_ID", "DIRECTION", "COMPLETED", "START_TIME", "CREATED", "SUBJECT"),
    ),
}
LINKS = {
    "contacts": ("contact_company", "contact_id", "company_id", "COMPANY_IDS"),
    "deals": ("deal_contact", "deal_id", "contact_id", "CONTACT_IDS"),
}
MOMENTS = ("START_TIME", "CREATED")


def plain(name: str, value: Any) -> Any:
    """Return a value as the mirror keeps it."""
    if name in MOMENTS and value:
        return datetime.fromisoformat(value).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"Y": 1, "N": 0}.get(value, value) if name == "COMPLETED" else value or None


def mirror(base: Any, name: str, records: Iterable[Mapping[str, Any]]) -> None:
    """Put a section of the company into the mirror."""
    table, columns = COLUMNS[name]
    kept = list(records)
    upsert(base.store, table, [{column.lower(): plain(column, record[column]) for column in columns} for record in kept])
    if name in LINKS:
        link, owner, other, source = LINKS[name]
        upsert(base.store, link, [{owner: one["ID"], other: number, "position": n} for one in kept for n, number in enumerate(one[source])])
    if table in ("contact", "company"):
        reached = (
            {"entity": table, "entity_id": one["ID"], "id": place * 2 + (kind == "EMAIL"), "kind": kind, "value": value["VALUE"]}
            for one in kept
            for kind in ("PHONE", "EMAIL")
            for place, value in enumerate(one.get(kind, ()))
        )
        upsert(base.store, "communication", list(reached))


@pytest.fixture
def company(base: Any) -> Company:
    """A demo company in the mirror, its clients worked out."""
    base.at = datetime(2025, 6, 15, 9, 0, tzinfo=UTC)
    base.user_field("contact", "UF_CRM_CONSENT", "enumeration")
    for entity in ("contact", "company"):
        base.user_field(entity, "UF_CRM_MEMBERSHIP_END")
    for currency, rate in (("USD", 80.0), ("EUR", 92.0)):
        base.save("currency", id=currency, is_base=0, rate=rate)
    found = generate(contacts=300, deals=1200, seed=11, today=TODAY)
    for name, records in found.sections():
        if name in COLUMNS:
            mirror(base, name, records)
        else:
            list(records)
    base.update()
    return found


def test_facts_agree_with_the_answer_sheet(base: Any, company: Company) -> None:
    """Who bought, who bought once, who complained, whose phone and mail are dead."""
    truth = company.truth
    rows = {row["client_key"]: row for row in base.store.rows("SELECT * FROM client_fact")}

    assert {key for key, row in rows.items() if row["purchases"]} == set(truth["with_won_deals"])
    assert {key for key, row in rows.items() if row["purchases"] == 1} == set(truth["bought_once"])
    assert {key for key, row in rows.items() if row["last_purchase"] and row["last_purchase"] <= "2024-12-17"} == set(truth["sleeping"])
    assert {key for key, row in rows.items() if row["recent_complaints"]} <= set(truth["complaints"])
    complained = {row["client_key"] for row in base.store.rows("SELECT client_key FROM client_fact WHERE last_request IS NOT NULL")}
    assert set(truth["complaints"]) <= complained
    assert bad_cards(base, "PHONE", looks_like_phone) == {tuple(card) for card in truth["dead_phones"]}
    assert bad_cards(base, "EMAIL", looks_like_email) == {tuple(card) for card in truth["invalid_emails"]}


def bad_cards(base: Any, kind: str, good: Any) -> set[tuple[str, int]]:
    """Return the cards with a value that cannot be one."""
    rows = base.store.rows("SELECT entity, entity_id, value FROM communication WHERE kind = ?", (kind,))
    return {(row["entity"], row["entity_id"]) for row in rows if not good(row["value"])}


def test_who_was_made_regular_has_a_rhythm_near_his_own(base: Any, company: Company) -> None:
    """For nine of ten regular clients it lies within a third of the median of their own intervals."""
    near = []
    for key, habit in company.truth["habit"].items():
        days = purchase_days(base, key)
        if habit in ("regular", "wholesale") and len(days) >= 4:
            own = median((later - earlier).days for earlier, later in pairwise(days))
            near.append(abs(base.facts(key)["rhythm"] / own - 1) < 1 / 3)

    assert len(near) > 40
    assert sum(near) / len(near) >= 0.9


def test_habits_show_in_states_and_forecasts(base: Any, company: Company) -> None:
    """Who was made to be lost is lost or lapsing, who is regular is not; the model takes the regular ones for likelier to be active."""
    found: dict[str, list[dict[str, Any]]] = {}
    for key, habit in company.truth["habit"].items():
        row = base.store.row("SELECT * FROM client_fact WHERE client_key = ?", (key,))
        if row and row["purchases"]:
            found.setdefault(habit, []).append(row)

    gone = [row["retention"] in ("lapsing", "lost") for row in found["lost"]]
    here = [row["retention"] in ("new", "repeat", "active") for row in found["regular"]]
    assert sum(gone) / len(gone) > 0.9
    assert sum(here) / len(here) > 0.9
    assert mean(found["regular"], "alive") > mean(found["fading"], "alive") > mean(found["lost"], "alive")
    assert mean(found["wholesale"], "expected_revenue_365") > mean(found["once"], "expected_revenue_365")


def mean(rows: list[dict[str, Any]], key: str) -> float:
    """Return the mean of what is known."""
    known = [row[key] for row in rows if row[key] is not None]
    return float(sum(known) / len(known))


def purchase_days(base: Any, key: str) -> list[date]:
    """Return the days on which a client bought."""
    rows = base.store.rows("SELECT DISTINCT bought_on FROM client_deal WHERE client_key = ? AND state = 'S' ORDER BY bought_on", (key,))
    return [date.fromisoformat(row["bought_on"]) for row in rows]
