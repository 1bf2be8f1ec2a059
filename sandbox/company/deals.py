"""Turns drawn deals into records: deals, their product rows, their stage history, comments in their timeline. Streams; keeps nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

from sandbox.company import words
from sandbox.company.catalogue import Basket
from sandbox.company.days import DAY, PAST
from sandbox.company.dictionaries import STAGE_INDEX, STAGES
from sandbox.company.leads import LeadColumns
from sandbox.company.people import SOURCES, Population
from sandbox.company.purchases import NOBODY, OPEN, DealColumns
from sandbox.company.record import Record
from sandbox.company.staff import SELLERS, SERVICE_STAFF

Moment = Callable[[int], str]
WARRANTY_DAYS = 365
LONG_HISTORY = 50_000  # with more deals than this, only open ones have a stage history
ASKED, BOUGHT = 1, 2  # what is known of a client when his next deal begins
LOST_IN = tuple(stage.semantics == "F" for stage in STAGES)
IS_FIRST_STAGE = tuple(stage.id.endswith("NEW") for stage in STAGES)


@dataclass(frozen=True)
class Sales:
    """All that records of deals are made from."""

    people: Population
    leads: LeadColumns
    deals: DealColumns
    baskets: Sequence[Basket]
    heard: dict[int, int] = field(default_factory=dict)  # a deal's id and the minute of the last conversation about it


def list_deals(rng: Random, sales: Sales) -> Iterator[Record]:
    """Deals in the order of their ids."""
    deals, known = sales.deals, bytearray(len(sales.people.habits) + 1)
    columns = zip(deals.created, deals.closed, deals.client, deals.stage, deals.basket, strict=True)
    for number, (created, closed, client, stage, basket) in enumerate(columns, 1):
        record = _deal(number, (created, closed, stage), sales.baskets[basket], sales.people.days.moment)
        if number in sales.heard:
            record["LAST_ACTIVITY_TIME"] = max(record["MOVED_TIME"], sales.people.days.moment(sales.heard[number]))
        record.update(_deal_client(rng, sales, client, created))
        record.update(_deal_staff(sales.people, client, stage, number))
        before = known[client] if client != NOBODY else 0
        record["IS_RETURN_CUSTOMER"] = "Y" if before == BOUGHT else "N"
        record["IS_REPEATED_APPROACH"] = "Y" if before == ASKED else "N"
        record["LEAD_ID"] = sales.leads.of_contact.get(record["CONTACT_ID"]) if not before else None
        if client != NOBODY:
            known[client] = BOUGHT if STAGES[stage].semantics == "S" else before or ASKED
        record.update(_deal_colour(rng, sales, stage, (closed, basket, number)))
        yield record


def _deal(number: int, course: tuple[int, int, int], basket: Basket, moment: Moment) -> Record:
    created, closed, index = course
    stage, begun = STAGES[index], moment(created)
    moved = moment(closed) if closed != OPEN else begun if IS_FIRST_STAGE[index] else moment(moved_minute(created))
    return {
        "ID": number,
        "TITLE": basket.title,
        "TYPE_ID": basket.kind.type_id,
        "CATEGORY_ID": stage.category,
        "STAGE_ID": stage.id,
        "STAGE_SEMANTIC_ID": stage.semantics,
        "IS_NEW": "Y" if IS_FIRST_STAGE[index] else "N",
        "IS_RECURRING": "N",
        "PROBABILITY": stage.probability,
        "CURRENCY_ID": basket.currency,
        "OPPORTUNITY": basket.total,
        "IS_MANUAL_OPPORTUNITY": "N",
        "TAX_VALUE": basket.tax,
        "QUOTE_ID": None,
        "BEGINDATE": begun[:10],
        "OPENED": "Y",
        "CLOSED": "N" if closed == OPEN else "Y",
        "SOURCE_DESCRIPTION": "",
        "ADDITIONAL_INFO": "",
        "DATE_CREATE": begun,
        "DATE_MODIFY": moved,
        "MOVED_TIME": moved,
        "LAST_ACTIVITY_TIME": moved,
    }


def moved_minute(created: int) -> int:
    """When an open deal reached its stage: the next day, or an hour later where that would be today."""
    return created + DAY if created + DAY < PAST * DAY else created + 60


def _deal_client(rng: Random, sales: Sales, client: int, created: int) -> Record:
    """The company and the people of a deal: sometimes only the company, sometimes only its person, sometimes two people."""
    if client == NOBODY:
        return {"COMPANY_ID": None, "CONTACT_ID": None, "CONTACT_IDS": []}
    cards, chance = sales.people.cards, rng.random()
    contact = cards.contact_of(client)
    if client >= cards.companies:
        return {"COMPANY_ID": None, "CONTACT_ID": contact, "CONTACT_IDS": [contact]}
    company, second = cards.company_id[client], cards.second_contact[client]
    if not contact or chance < 0.08:
        return {"COMPANY_ID": company, "CONTACT_ID": None, "CONTACT_IDS": []}
    people = [contact, second] if second and chance > 0.7 and cards.contact_created[second - 1] < created else [contact]
    return {"COMPANY_ID": None if chance < 0.12 else company, "CONTACT_ID": contact, "CONTACT_IDS": people}


def _deal_staff(people: Population, client: int, stage: int, number: int) -> Record:
    staff = SERVICE_STAFF if STAGES[stage].category else (people.seller_of(client),) if client != NOBODY else SELLERS
    person = staff[number % len(staff)]
    return {"ASSIGNED_BY_ID": person, "CREATED_BY_ID": person, "MODIFY_BY_ID": person, "MOVED_BY_ID": person, "LAST_ACTIVITY_BY": person}


def _deal_colour(rng: Random, sales: Sales, stage: int, facts: tuple[int, int, int]) -> Record:
    """Where it came from, what was said, which machine it is about; the expected day of closing while it is open."""
    closed, index, number = facts
    basket, days, chance = sales.baskets[index], sales.people.days, rng.random()
    day = closed // DAY if closed != OPEN else PAST + 3 + int(chance * 30)
    has_machine = basket.kind.has_equipment or basket.kind.category == 1 or basket.kind.is_contract
    is_sold = basket.kind.has_equipment and STAGES[stage].semantics == "S"
    said = words.LOSS_REASONS if LOST_IN[stage] else words.DEAL_COMMENTS
    return {
        "CLOSEDATE": days.dates[day],
        "SOURCE_ID": SOURCES[int(chance * len(SOURCES))],
        "COMMENTS": said[number % len(said)] if LOST_IN[stage] or chance < 0.15 else "",
        "UTM_SOURCE": "newsletter" if chance < 0.04 else None,
        "UTM_MEDIUM": "email" if chance < 0.04 else None,
        "UF_CRM_EQUIPMENT": f"{basket.machine}, № {10000 + number * 37 % 89999}" if has_machine else None,
        "UF_CRM_WARRANTY_TILL": days.dates[day + WARRANTY_DAYS] if is_sold else None,
    }


def list_product_rows(sales: Sales) -> Iterator[Record]:
    """Rows of every deal; their sum is the deal's OPPORTUNITY."""
    number, baskets = 0, sales.baskets
    for deal, basket in enumerate(sales.deals.basket, 1):
        for row in baskets[basket].rows:
            number += 1
            made = row.copy()
            made["ID"], made["OWNER_ID"] = number, deal
            yield made


def list_stage_history(sales: Sales) -> Iterator[Record]:
    """How deals came to their stages; in a long history of open deals only."""
    steps: list[tuple[int, int, int, int]] = []
    only_open = len(sales.deals) > LONG_HISTORY
    for deal, (created, closed, stage) in enumerate(zip(sales.deals.created, sales.deals.closed, sales.deals.stage, strict=True), 1):
        if only_open and closed != OPEN:
            continue
        begun = STAGE_INDEX["C1:NEW" if STAGES[stage].category else "NEW"]
        steps.append((created, deal, 1, begun))
        if stage != begun:
            is_last = closed != OPEN
            steps.append((closed if is_last else moved_minute(created), deal, 3 if is_last else 2, stage))
    for number, (minute, deal, kind, index) in enumerate(sorted(steps), 1):
        yield _step(number, deal, kind, index) | {"CREATED_TIME": sales.people.days.moment(minute)}


def _step(number: int, deal: int, kind: int, index: int) -> Record:
    stage = STAGES[index]
    return {
        "ID": number,
        "ENTITY_TYPE_ID": 2,
        "TYPE_ID": kind,
        "OWNER_ID": deal,
        "CATEGORY_ID": stage.category,
        "STAGE_SEMANTIC_ID": stage.semantics,
        "STAGE_ID": stage.id,
    }


def list_comments(rng: Random, sales: Sales) -> Iterator[Record]:
    """What people wrote into the timelines of open deals."""
    talked = [deal for deal, closed in enumerate(sales.deals.closed, 1) if closed == OPEN and rng.random() < 0.4]
    for number, deal in enumerate(talked, 1):
        yield {
            "ID": number,
            "ENTITY_ID": deal,
            "ENTITY_TYPE": "deal",
            "CREATED": sales.people.days.moment(sales.deals.created[deal - 1] + 30),
            "COMMENT": words.TIMELINE_COMMENTS[deal % len(words.TIMELINE_COMMENTS)],
            "AUTHOR_ID": SELLERS[deal % len(SELLERS)],
            "FILES": [],
        }
