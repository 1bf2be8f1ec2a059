"""The ready segments on the sandbox's demo company: the members are those that its own answer sheet names."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from b24app.clients.settings import save_choices
from b24app.segments.definitions import Definition, save, set_parameter
from b24app.segments.membership import refresh
from b24app.segments.presets import PRESETS
from b24app.store.upserts import upsert
from sandbox.company import Company, generate
from tests.b24app.clients.test_client_truth import COLUMNS, mirror

# Preset: its answer in the sheet, in "audience" where it is not named in the sheet itself.
ANSWERS = {
    "won": "with_won_deals",
    "bought_once_180": "bought_once_and_sleeping",
    "membership_7": "membership_ends_in_7_days",
    "with_open_deals": "with_open_deals",
    "sleeping_shop": "asleep_90_to_180",
    "sleeping_b2b": "asleep_year",
    "bought_once": "bought_once",
    "vip": "best_fifth",
    "at_risk": "good_and_going",
    "newcomers": "bought_once_lately",
    "upsell_window": "bought_7_to_14_days_ago",
    "bought_a_without_b": "bought_equipment_not_service",
    "birthday": "birthday_in_5_days",
    "talks_not_buys": "talk_and_do_not_buy",
    "complaint_open": "complaint_open",
    "no_consent": "without_consent",
    "unreachable": "unreachable",
    "never_bought": "never_bought",
}
# What a model of the base decides, not the records: tests of rhythm and of facts judge those.
BY_MODEL = {"overdue", "regular", "lost"}


def without_service(preset: Any, products: list[Mapping[str, Any]]) -> dict[str, Any]:
    """Fill the preset in that a person must: who bought equipment and no service."""
    first, second = (
        {"criterion": "bought", "products": [one["ID"] for one in products if one["SECTION_NAME"] == name]}
        for name in ("Кофейное оборудование", "Услуги")
    )
    return {**preset.definition(), "rule": {"all": [first, {"not": second}]}}


def fill(base: Any, company: Company) -> list[Mapping[str, Any]]:
    """Put the company into the mirror; return its products."""
    products: list[Mapping[str, Any]] = []
    for entity in ("contact", "company"):
        base.user_field(entity, "UF_CRM_MEMBERSHIP_END")
    for name, records in company.sections():
        if name in COLUMNS:
            mirror(base, name, records)
        elif name == "products":
            products = list(records)
        elif name == "currencies":
            rows = [{"id": one["CURRENCY"], "is_base": int(one["BASE"] == "Y"), "rate": one["AMOUNT"]} for one in records]
            upsert(base.store, "currency", rows)
        elif name == "user_fields":
            items = next(one["LIST"] for one in records if one["FIELD_NAME"] == "UF_CRM_CONSENT")
            titles = [{"id": item["ID"], "title": item["VALUE"]} for item in items]
            base.user_field("contact", "UF_CRM_CONSENT", "enumeration", items=json.dumps(titles))
        else:
            list(records)
    return products


def test_ready_segments_hold_whom_the_answer_sheet_names(base: Any) -> None:
    """Every ready segment that records alone can judge: no client more and none less."""
    base.at = datetime(2025, 6, 15, 9, 0, tzinfo=UTC)
    company = generate(contacts=600, deals=2500, seed=11, today=date(2025, 6, 15))
    products = fill(base, company)
    save_choices(base.ctx, {"consent_field": "UF_CRM_CONSENT"})
    for preset in PRESETS:
        saved = without_service(preset, products) if preset.is_draft else preset.definition()
        save(base.ctx, Definition(preset.key, **saved))
    base.update()
    set_parameter(base.ctx, "membership_7", "UF_CRM_MEMBERSHIP_END")
    refresh(base.ctx)

    truth = company.truth | company.truth["audience"]
    found = {key: members(base, key) for key in ANSWERS}
    assert {preset.key for preset in PRESETS} == set(ANSWERS) | BY_MODEL
    assert found == {key: set(truth[name]) for key, name in ANSWERS.items()}
    assert min(map(len, found.values())) > 0
    assert all(members(base, key) for key in BY_MODEL)


def members(base: Any, segment: str) -> set[str]:
    """Return who is in now."""
    sql = "SELECT client_key FROM membership WHERE segment_key = ? AND left_at IS NULL"
    return {row["client_key"] for row in base.store.rows(sql, (segment,))}
