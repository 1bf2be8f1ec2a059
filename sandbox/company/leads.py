"""Leads: those who asked and became contacts, those who still may, and the useless ones. Never invents a contact of its own."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from sandbox.company import words
from sandbox.company.days import DAY, PAST
from sandbox.company.people import LEAD_PHONES, SOURCES, Population, name_of, phone_digits
from sandbox.company.record import Record
from sandbox.company.staff import SELLERS

SHARE = 5  # one lead for every so many contacts
STATES = ("CONVERTED", "CONVERTED", "CONVERTED", "CONVERTED", "JUNK", "JUNK", "JUNK", "NEW", "IN_PROCESS", "PROCESSED")
SEMANTICS = {"CONVERTED": "S", "JUNK": "F"}


@dataclass
class LeadColumns:
    """In the order of creation; `contact` is the contact that a lead became, or 0; `of_contact` leads from that contact to the lead."""

    created: array[int] = field(default_factory=lambda: array("i"))
    state: array[int] = field(default_factory=lambda: array("B"))
    contact: array[int] = field(default_factory=lambda: array("i"))
    of_contact: dict[int, int] = field(default_factory=dict)


def draw_leads(rng: Random, people: Population) -> LeadColumns:
    cards, contacts = people.cards, len(people.cards.contact_client)
    count = contacts // SHARE
    willing = [c for c in range(1, contacts + 1) if cards.contact_of(cards.contact_client[c - 1]) == c and people.troubles.is_free(c)]
    rng.shuffle(willing)
    draft = []
    for number in range(count):
        state, contact = number % len(STATES), 0
        if STATES[state] == "CONVERTED" and willing:
            contact = willing.pop()
            minute = people.days.working_minute(rng, cards.contact_created[contact - 1] // DAY - 1 - int(rng.random() * 9))
        else:
            ages = 900 if SEMANTICS.get(STATES[state]) else 60
            minute = people.days.working_minute(rng, PAST - 1 - int(rng.random() * ages))
        draft.append((minute, state, contact))
    made = LeadColumns()
    for number, (minute, state, contact) in enumerate(sorted(draft), 1):
        made.created.append(minute)
        made.state.append(state)
        made.contact.append(contact)
        if contact:
            made.of_contact[contact] = number
    return made


def list_leads(rng: Random, people: Population, leads: LeadColumns) -> Iterator[Record]:
    """Leads in the order of their ids."""
    for number, (created, state, contact) in enumerate(zip(leads.created, leads.state, leads.contact, strict=True), 1):
        yield _lead(rng, number, (created, STATES[state], contact), people)


def _lead(rng: Random, number: int, drawn: tuple[int, str, int], people: Population) -> Record:
    created, state, contact = drawn
    seller, semantics = SELLERS[number % len(SELLERS)], SEMANTICS.get(state, "P")
    moved = people.days.moment(created + int(rng.random() * (DAY - created % DAY - 1)))
    source = rng.random()
    return {
        "ID": number,
        "TITLE": words.LEAD_TITLES[int(rng.random() * len(words.LEAD_TITLES))],
        **name_of(people.seed, contact or -number),
        "COMPANY_TITLE": "",
        "STATUS_ID": state,
        "STATUS_SEMANTIC_ID": semantics,
        "STATUS_DESCRIPTION": "",
        "SOURCE_ID": SOURCES[int(source * len(SOURCES))],
        "SOURCE_DESCRIPTION": "",
        "UTM_SOURCE": "newsletter" if source < 0.1 else None,
        "UTM_MEDIUM": "email" if source < 0.1 else None,
        "CURRENCY_ID": "RUB",
        "OPPORTUNITY": float(int(rng.random() * 40) * 10_000),
        "IS_MANUAL_OPPORTUNITY": "Y",
        "COMMENTS": "",
        "OPENED": "Y",
        "ASSIGNED_BY_ID": seller,
        "CREATED_BY_ID": seller,
        "MODIFY_BY_ID": seller,
        "MOVED_BY_ID": seller,
        "DATE_CREATE": people.days.moment(created),
        "DATE_MODIFY": moved,
        "MOVED_TIME": moved,
        "DATE_CLOSED": None if semantics == "P" else moved,
        "LAST_ACTIVITY_TIME": moved,
        "LAST_ACTIVITY_BY": seller,
        "COMPANY_ID": (people.cards.contact_company[contact - 1] or None) if contact else None,
        "CONTACT_ID": contact or None,
        "CONTACT_IDS": [contact] if contact else [],
        "IS_RETURN_CUSTOMER": "N",
        "HAS_PHONE": "Y",
        "HAS_EMAIL": "Y",
        "HAS_IMOL": "N",
        "PHONE": [{"VALUE": f"+7{phone_digits(contact or LEAD_PHONES + number)}", "VALUE_TYPE": "MOBILE"}],
        "EMAIL": [{"VALUE": f"lead{number}@example.net", "VALUE_TYPE": "WORK"}],
    }
