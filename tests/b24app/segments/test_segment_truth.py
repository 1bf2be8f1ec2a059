"""The ready segments on the sandbox's demo company: the members are those that its own answer sheet names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from b24app.segments.definitions import ensure_presets
from b24app.segments.membership import refresh
from b24app.store.upserts import upsert
from sandbox.company import generate

TODAY = date(2025, 6, 15)
COLUMNS = {
    "companies": ("company", ("ID", "TITLE", "ASSIGNED_BY_ID", "UF_CRM_MEMBERSHIP_END")),
    "contacts": ("contact", ("ID", "NAME", "LAST_NAME", "ASSIGNED_BY_ID", "COMPANY_ID", "UF_CRM_MEMBERSHIP_END")),
    "deals": ("deal", ("ID", "ASSIGNED_BY_ID", "COMPANY_ID", "CONTACT_ID", "STAGE_SEMANTIC_ID", "CLOSEDATE", "OPPORTUNITY", "CURRENCY_ID")),
}
LINKS = {
    "contacts": ("contact_company", "contact_id", "company_id", "COMPANY_IDS"),
    "deals": ("deal_contact", "deal_id", "contact_id", "CONTACT_IDS"),
}


def mirror(base: Any, name: str, records: Iterable[Mapping[str, Any]]) -> None:
    """Put a section of the company into the mirror."""
    table, columns = COLUMNS[name]
    kept = list(records)
    upsert(base.store, table, [{column.lower(): record[column] or None for column in columns} for record in kept])
    if name in LINKS:
        link, owner, other, source = LINKS[name]
        rows = [{owner: one["ID"], other: number, "position": n} for one in kept for n, number in enumerate(one[source])]
        upsert(base.store, link, rows)


def test_ready_segments_hold_whom_the_answer_sheet_names(base: Any) -> None:
    """Won deals, bought once and asleep, contract ends within 7 days: no client more and none less."""
    base.at = datetime(2025, 6, 15, 9, 0, tzinfo=UTC)
    for entity in ("contact", "company"):
        base.user_field(entity, "UF_CRM_MEMBERSHIP_END")
    ensure_presets(base.ctx)
    company = generate(contacts=600, deals=2500, seed=11, today=TODAY)
    for name, records in company.sections():
        if name in COLUMNS:
            mirror(base, name, records)
        else:
            list(records)

    base.update()
    refresh(base.ctx)

    truth = company.truth
    assert members(base, "won") == set(truth["with_won_deals"])
    assert members(base, "membership_7") == set(truth["membership_ends_in_7_days"])
    assert members(base, "bought_once_180") == set(truth["bought_once_and_sleeping"])


def members(base: Any, segment: str) -> set[str]:
    """Return who is in now."""
    sql = "SELECT client_key FROM membership WHERE segment_key = ? AND left_at IS NULL"
    return {row["client_key"] for row in base.store.rows(sql, (segment,))}
