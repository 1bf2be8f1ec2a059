"""Who there is: companies, contacts, leads, in the order of their creation, and how they belong together. Numbers only.

A client is a company (numbers 0 .. companies-1) or a contact without one (the numbers after that), as everywhere in the company.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from sandbox.company.catalogue import Basket
from sandbox.company.days import DAY, PAST, Days
from sandbox.company.dictionaries import STAGES
from sandbox.company.purchases import OPEN, DealColumns

MOST_CONTACTS = 300_000  # the block of invented phones ends there
CONTRACT_DAYS = 365
SOON_SHARE, SOON_LEAST = 60, 6  # every so many clients, and at least so many, have a contract that ends within a week


def count_clients(contacts: int) -> tuple[int, int]:
    """Companies, and contacts without a company."""
    companies = contacts // 3
    return companies, round(contacts * 0.35) if companies else contacts


class Histories:
    """What the deals say of each client: first and last minute, last won day, the day until which a service contract runs (0: none).

    `heard` is the minute of the last conversation; it is filled when conversations are drawn.
    """

    def __init__(self, clients: int, deals: DealColumns, baskets: Sequence[Basket]) -> None:
        self.first, self.last = array("i", [0]) * clients, array("i", [0]) * clients
        self.won, self.contract = array("i", [0]) * clients, array("i", [0]) * clients
        self.heard = array("i", [0]) * clients
        won = tuple(stage.semantics == "S" for stage in STAGES)
        contract = tuple(basket.kind.is_contract for basket in baskets)
        for created, closed, client, stage, basket in zip(
            deals.created, deals.closed, deals.client, deals.stage, deals.basket, strict=True
        ):
            if client < 0:
                continue
            self.first[client] = self.first[client] or created
            self.last[client] = max(self.last[client], created if closed == OPEN else closed)
            if won[stage]:
                self.won[client] = max(self.won[client], closed // DAY)
                if contract[basket]:
                    self.contract[client] = max(self.contract[client], closed // DAY + CONTRACT_DAYS)

    def end_soon(self, rng: Random) -> None:
        """Let some contracts end within a week from today: today is day 0, the last is day 7."""
        having = [client for client, day in enumerate(self.won) if day]
        for number, client in enumerate(rng.sample(having, min(len(having), max(SOON_LEAST, len(having) // SOON_SHARE)))):
            self.contract[client] = PAST + number % 8


@dataclass
class Cards:
    """Ids are places plus one. `contact_company` and `contact_other` hold company ids (0: none); `company_id` and `lone_id` turn
    a client into the id of its card."""

    companies: int
    company_client: array[int]
    company_created: array[int]
    company_id: array[int]
    contact_client: array[int]
    contact_created: array[int]
    contact_company: array[int]
    contact_other: array[int]
    lone_id: array[int]
    first_contact: array[int]
    second_contact: array[int]

    def contact_of(self, client: int) -> int:
        """The id of the person to talk to, or 0."""
        return self.first_contact[client] if client < self.companies else self.lone_id[client - self.companies]

    def key_of(self, client: int) -> str:
        return f"CO_{self.company_id[client]}" if client < self.companies else f"C_{self.lone_id[client - self.companies]}"


def draw_cards(rng: Random, days: Days, contacts: int, histories: Histories) -> Cards:
    """Create clients some days before their first deal, then put everybody in the order of creation."""
    companies, lone = count_clients(contacts)
    known = [_known_since(rng, days, first) for first in histories.first]
    employers = _draw_employers(rng, companies, contacts - lone)
    created = known[companies:] + _hire(rng, days, employers, known)
    order = sorted(range(contacts), key=created.__getitem__)
    company_order = sorted(range(companies), key=known.__getitem__)
    company_id = _places(company_order)
    client_of = [*range(companies, companies + lone), *employers]
    ids = _places(order)
    cards = Cards(
        companies=companies,
        company_client=array("i", company_order),
        company_created=array("i", (known[client] for client in company_order)),
        company_id=company_id,
        contact_client=array("i", (client_of[draft] for draft in order)),
        contact_created=array("i", (created[draft] for draft in order)),
        contact_company=array("i", (company_id[employers[draft - lone]] if draft >= lone else 0 for draft in order)),
        contact_other=array("i", [0]) * contacts,
        lone_id=ids[:lone],
        first_contact=array("i", [0]) * companies,
        second_contact=array("i", [0]) * companies,
    )
    _introduce(rng, cards)
    return cards


def _known_since(rng: Random, days: Days, first_deal: int) -> int:
    if first_deal:
        return days.working_minute(rng, first_deal // DAY - 1 - int(rng.random() * 30))
    return days.working_minute(rng, PAST - 5 - int(rng.random() * 1000))


def _draw_employers(rng: Random, companies: int, employed: int) -> list[int]:
    """The company of each employed contact: nearly every company has one, a few have many, some have none."""
    first = rng.sample(range(companies), min(employed, companies * 95 // 100 or companies))
    return first + [int(companies * rng.random() ** 1.6) for _ in range(employed - len(first))]


def _hire(rng: Random, days: Days, employers: list[int], known: list[int]) -> list[int]:
    """Creation minutes of employed contacts: the first with the company, the others later."""
    seen, made = bytearray(len(known)), []
    for client in employers:
        since = known[client] // DAY
        later = days.working_minute(rng, since + 3 + int(rng.random() * max(1, PAST - 5 - since)))
        made.append(min(later, PAST * DAY - 1) if seen[client] else known[client] + 1)
        seen[client] = 1
    return made


def _places(order: list[int]) -> array[int]:
    """The id of everything that `order` lists, by its number."""
    ids = array("i", [0]) * len(order)
    for place, number in enumerate(order, 1):
        ids[number] = place
    return ids


def _introduce(rng: Random, cards: Cards) -> None:
    """Whom to talk to in a company first and second; some people work for two companies."""
    for contact, company in enumerate(cards.contact_company, 1):
        if not company:
            continue
        client = cards.contact_client[contact - 1]
        if not cards.first_contact[client]:
            cards.first_contact[client] = contact
        elif not cards.second_contact[client]:
            cards.second_contact[client] = contact
        other = 1 + int(rng.random() * cards.companies)
        if contact % 25 == 7 and other != company:
            cards.contact_other[contact - 1] = other
