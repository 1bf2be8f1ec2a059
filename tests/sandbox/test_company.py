"""The demo company: exact in number, believable in kind, and its truth is what the records say."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta

import pytest

from sandbox.company import deals, generate
from sandbox.company.habits import HABITS
from sandbox.company.people import PHONE_BLOCK, PHONE_STEP, phone_digits
from sandbox.company.trouble import DUPLICATE_KINDS
from sandbox.company.words import feminine
from sandbox.document_source import MY_COMPANY
from sandbox.store import Store

TODAY = date(2026, 11, 21)


@pytest.fixture(scope="module")
def company():
    """A small company."""
    return generate(contacts=300, deals=1000, seed=7, today=TODAY)


@pytest.fixture(scope="module")
def sections(company):
    """All its records."""
    return {name: list(records) for name, records in company.sections()}


@pytest.fixture(scope="module")
def truth(company, sections):
    """What is true of it."""
    return company.truth


def _client_of(deal, employer):
    company = deal["COMPANY_ID"] or employer.get(deal["CONTACT_ID"])
    return f"CO_{company}" if company else f"C_{deal['CONTACT_ID']}" if deal["CONTACT_ID"] else None


@pytest.fixture(scope="module")
def purchases(sections):
    """Days of won deals by client, counted in the plainest way."""
    employer = {contact["ID"]: contact["COMPANY_ID"] for contact in sections["contacts"] if contact["COMPANY_ID"]}
    found = {}
    for deal in sections["deals"]:
        client = _client_of(deal, employer)
        if client and deal["STAGE_ID"] in ("WON", "C1:WON"):
            found.setdefault(client, []).append(date.fromisoformat(deal["CLOSEDATE"]))
    return found


@pytest.mark.parametrize(("contacts", "deals"), [(0, 0), (1, 1), (3, 100), (50, 20), (10, 2000), (300, 1000), (2000, 4000)])
def test_company_has_exactly_as_many_records_as_asked(contacts, deals):
    """Contacts and deals are counted, not approximated."""
    counts = {name: sum(1 for _ in records) for name, records in generate(contacts=contacts, deals=deals, seed=3, today=TODAY).sections()}

    assert (counts["contacts"], counts["deals"], counts["companies"]) == (contacts, deals, contacts // 3)


def test_same_seed_is_the_same_company(sections):
    """Twice the same arguments, twice the same records; another seed, others."""
    again = generate(contacts=300, deals=1000, seed=7, today=TODAY)
    other = generate(contacts=300, deals=1000, seed=8, today=TODAY)

    assert {name: list(records) for name, records in again.sections()} == sections
    assert [list(records) for name, records in other.sections() if name == "deals"] != [sections["deals"]]


def test_truth_does_not_depend_on_who_reads(company, truth):
    """Asked for before anything was read, or after one section only, it is the same."""
    unread, half_read = (generate(contacts=300, deals=1000, seed=7, today=TODAY) for _ in range(2))
    for name, records in half_read.sections():
        if name == "deals":
            next(iter(records))

    assert unread.truth == truth
    assert half_read.truth == truth


def test_sizes_that_cannot_be_are_refused():
    """Numbers below zero, and more people than there are invented phones."""
    with pytest.raises(ValueError, match="contacts"):
        generate(contacts=300_001, deals=1, seed=1, today=TODAY)
    with pytest.raises(ValueError, match="deals"):
        generate(contacts=1, deals=-1, seed=1, today=TODAY)


@pytest.mark.parametrize(
    ("section", "field"),
    [
        ("companies", "DATE_CREATE"),
        ("contacts", "DATE_CREATE"),
        ("leads", "DATE_CREATE"),
        ("deals", "DATE_CREATE"),
        ("stage_history", "CREATED_TIME"),
        ("activities", "CREATED"),
    ],
)
def test_ids_rise_with_time_and_nothing_is_of_the_future(sections, section, field):
    """Numbers are handed out in the order of creation, up to yesterday evening."""
    times = [record[field] for record in sections[section]]

    assert [record["ID"] for record in sections[section]] == list(range(1, len(times) + 1))
    assert times == sorted(times)
    assert all(datetime.fromisoformat(time).utcoffset() == timedelta(hours=3) for time in times[:3])
    assert times[-1] < TODAY.isoformat()


def test_deals_span_three_years_and_end_after_they_began(sections):
    """Three years of history; a closed deal has its closing day, an open one an expected day ahead."""
    deals = sections["deals"]

    assert TODAY - timedelta(days=1096) <= date.fromisoformat(deals[0]["BEGINDATE"]) < TODAY - timedelta(days=900)
    for deal in deals:
        assert deal["BEGINDATE"] <= deal["CLOSEDATE"]
        assert (deal["CLOSED"] == "Y") == (deal["STAGE_SEMANTIC_ID"] in "SF")
        assert (deal["CLOSEDATE"] < TODAY.isoformat()) == (deal["CLOSED"] == "Y")
        assert deal["MOVED_TIME"][:10] == deal["CLOSEDATE"] or deal["CLOSED"] == "N"


def test_product_rows_sum_up_to_the_deal(sections):
    """To the kopeck, in the deal's own currency."""
    sums = Counter()
    for row in sections["product_rows"]:
        sums[row["OWNER_ID"]] += row["PRICE"] * row["QUANTITY"]

    assert {deal["ID"]: deal["OPPORTUNITY"] for deal in sections["deals"]} == dict(sums)


def test_every_stage_has_open_deals_and_new_ones_of_type_service(sections):
    """A person can drag a service deal from the first stage to the documents."""
    open_deals = [deal for deal in sections["deals"] if deal["CLOSED"] == "N"]
    stages = Counter(deal["STAGE_ID"] for deal in open_deals)
    working = {row["STATUS_ID"] for row in sections["statuses"] if row["ENTITY_ID"].startswith("DEAL_STAGE") and not row["SEMANTICS"]}

    assert set(stages) == working
    assert min(stages.values()) >= 10
    assert sum(deal["STAGE_ID"] == "NEW" and deal["TYPE_ID"] == "SERVICE" and bool(deal["UF_CRM_EQUIPMENT"]) for deal in open_deals) >= 5


def test_references_lead_to_older_records(sections):
    """Nobody has a deal before there is a card of his."""
    made = {name: {record["ID"]: record["DATE_CREATE"] for record in sections[name]} for name in ("companies", "contacts", "leads")}

    for deal in sections["deals"]:
        assert deal["COMPANY_ID"] is None or made["companies"][deal["COMPANY_ID"]] < deal["DATE_CREATE"]
        assert all(made["contacts"][contact] < deal["DATE_CREATE"] for contact in deal["CONTACT_IDS"])
        assert deal["CONTACT_ID"] == (deal["CONTACT_IDS"][0] if deal["CONTACT_IDS"] else None)
    for contact in sections["contacts"]:
        assert contact["LEAD_ID"] is None or made["leads"][contact["LEAD_ID"]] < contact["DATE_CREATE"]
        assert contact["COMPANY_ID"] == (contact["COMPANY_IDS"][0] if contact["COMPANY_IDS"] else None)


def test_coded_values_are_in_their_dictionaries(sections):
    """Types, sources, stages and the rest name rows that the portal has."""
    known = {}
    for row in sections["statuses"]:
        known.setdefault(row["ENTITY_ID"], set()).add(row["STATUS_ID"])
    stages = known["DEAL_STAGE"] | known["DEAL_STAGE_1"]

    for deal in sections["deals"]:
        assert (deal["TYPE_ID"] in known["DEAL_TYPE"], deal["SOURCE_ID"] in known["SOURCE"], deal["STAGE_ID"] in stages) == (
            True,
            True,
            True,
        )
        assert deal["STAGE_ID"].startswith("C1:") == (deal["CATEGORY_ID"] == 1)
    assert {lead["STATUS_ID"] for lead in sections["leads"]} == known["STATUS"]
    assert {company["INDUSTRY"] for company in sections["companies"]} <= known["INDUSTRY"] | {None}


def test_base_has_the_shapes_that_make_it_hard(sections):
    """Companies with several people, people with several companies or none, deals of nobody and of two."""
    contacts, deals = sections["contacts"], sections["deals"]
    staff = Counter(contact["COMPANY_ID"] for contact in contacts if contact["COMPANY_ID"])

    assert max(staff.values()) >= 3
    assert any(len(contact["COMPANY_IDS"]) > 1 for contact in contacts)
    assert any(not contact["COMPANY_IDS"] for contact in contacts)
    assert any(not deal["COMPANY_ID"] and not deal["CONTACT_ID"] for deal in deals)
    assert any(len(deal["CONTACT_IDS"]) == 2 for deal in deals)
    assert any(len(contact.get("PHONE", ())) > 1 for contact in contacts)
    assert {deal["CURRENCY_ID"] for deal in deals} > {"RUB"}


def test_truth_of_purchases_is_what_deals_say(truth, purchases):
    """Bought, bought once, asleep: counted anew in the plainest way."""
    edge = TODAY - timedelta(days=180)

    assert sorted(truth["with_won_deals"]) == sorted(purchases)
    assert sorted(truth["bought_once"]) == sorted(client for client, days in purchases.items() if len(days) == 1)
    assert sorted(truth["sleeping"]) == sorted(client for client, days in purchases.items() if max(days) <= edge)
    assert set(truth["bought_once_and_sleeping"]) == set(truth["bought_once"]) & set(truth["sleeping"])


def test_habits_are_seen_in_purchases(truth, purchases):
    """A client buys the way that he was meant to."""
    ages = {client: sorted((TODAY - day).days for day in purchases.get(client, ())) for client in truth["habit"]}
    by_habit = {habit.key: [ages[client] for client, key in truth["habit"].items() if key == habit.key] for habit in HABITS}

    assert all(by_habit.values())
    assert all(len(days) == 1 for days in by_habit["once"])
    assert not any(by_habit["never"])
    assert all(days[0] >= 370 and len(days) >= 3 for days in by_habit["lost"])
    assert all(days[-1] <= 46 for days in by_habit["new"])
    assert all(len(days) >= 8 and days[0] <= 90 for days in by_habit["wholesale"])
    assert all(len(days) >= 4 and days[0] <= 180 for days in by_habit["regular"])
    assert all(later - earlier > 2 for days in by_habit["fading"] for earlier, later in [days[:2]])


def test_contracts_that_end_soon_are_found(sections, truth):
    """Today and the seven days after it, on cards of companies and of people without one."""
    last = TODAY + timedelta(days=7)
    ending = [
        prefix + str(record["ID"])
        for section, prefix in (("companies", "CO_"), ("contacts", "C_"))
        for record in sections[section]
        if record["UF_CRM_MEMBERSHIP_END"] and TODAY <= date.fromisoformat(record["UF_CRM_MEMBERSHIP_END"]) <= last
    ]

    assert len(ending) >= 6
    assert sorted(truth["membership_ends_in_7_days"]) == sorted(ending)


def test_planted_troubles_are_the_ones_that_are_found(company, truth):
    """The pass over the records finds exactly what was planted, and nothing by accident."""
    planted = company.people.troubles
    pairs = [[["contact", first], ["contact", second]] for second, first in planted.copies.items()]
    pairs += [[["company", first], ["company", second]] for second, first in planted.company_copies.items()]

    assert sorted(truth["duplicates"]) == sorted(pairs)
    assert {kind.key for kind in planted.kinds.values()} == {kind.key for kind in DUPLICATE_KINDS}
    assert truth["dead_phones"] == [["contact", contact] for contact in sorted(planted.dead_phones)]
    assert truth["invalid_emails"] == [["contact", contact] for contact in sorted(planted.invalid_emails)]
    assert {id_ for kind, id_ in truth["empty_cards"] if kind == "contact"} == planted.empty


def test_some_sleep_and_talk_and_some_complain(sections, truth):
    """Sources that disagree: asleep by deals, writing to us; and support requests of real clients."""
    complaints = [activity["ID"] for activity in sections["activities"] if activity["SUBJECT"].startswith("Жалоба")]
    unhappy = {client for client, habit in truth["habit"].items() if habit == "complains"}

    assert truth["complaint_activities"] == complaints
    assert unhappy <= set(truth["complaints"]) <= set(truth["with_won_deals"])
    assert truth["asleep_but_talking"]
    assert set(truth["asleep_but_talking"]) <= set(truth["sleeping"])


def test_activities_are_of_every_sort(sections):
    """Calls, letters, meetings, tasks and chats, from them and from us, done and to be done."""
    activities = sections["activities"]

    assert {activity["TYPE_ID"] for activity in activities} == {1, 2, 4, 6}
    assert {activity["DIRECTION"] for activity in activities} == {0, 1, 2}
    assert {activity["COMPLETED"] for activity in activities} == {"Y", "N"}


def test_words_are_invented_and_agree():
    """Phones of one block, each given once; surnames of the right gender."""
    assert len({phone_digits(number) for number in range(0, PHONE_BLOCK, 97)}) == len(range(0, PHONE_BLOCK, 97))
    assert phone_digits(PHONE_BLOCK - 1 + PHONE_STEP).startswith("9000")
    assert [feminine(surname) for surname in ("Киселёв", "Березин", "Озёрский", "Заречный", "Полевой")] == [
        "Киселёва", "Березина", "Озёрская", "Заречная", "Полевая",
    ]  # fmt: skip


def test_store_takes_every_section_but_our_own_requisites(tmp_path, sections):
    """The sandbox's store keeps what the generator gives."""
    store = Store(tmp_path / "portal.db")
    for name, records in sections.items():
        if name != "my_company":
            assert store.insert_many(name, records) == len(records)

    deal = store.get("deals", 1000)
    store.close()

    expected = sections["deals"][-1]
    assert {name: deal[name] for name in expected} == expected


def test_own_company_has_every_requisite_that_documents_print(sections):
    """The sandbox's own seller is replaced whole, so no placeholder stays empty."""
    assert set(sections["my_company"][0]) == set(MY_COMPANY)


def test_long_history_stays_light(monkeypatch):
    """Above the bound only open deals keep a stage history; the bound is far beyond what a person looks through."""
    assert deals.LONG_HISTORY == 50_000
    monkeypatch.setattr(deals, "LONG_HISTORY", 2000)
    large = generate(contacts=300, deals=2001, seed=1, today=TODAY)

    counts = {name: sum(1 for _ in records) for name, records in large.sections()}

    assert counts["deals"] == 2001
    assert counts["stage_history"] < 1000
