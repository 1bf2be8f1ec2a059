"""A believable company for the sandbox: a Russian dealer of coffee and kitchen equipment with service contracts, consumables and repair.

`generate` draws the plan (who, when, how much: columns of numbers), `Company.sections` turns it into records one by one, `Company.truth`
says what is true of them. The same arguments give the same company. Knows nothing of the portal that will hold it, writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from sandbox.company import activities, catalogue, deals, leads, people, staff
from sandbox.company import dictionaries as setup
from sandbox.company.cards import MOST_CONTACTS, Histories, count_clients, draw_cards
from sandbox.company.days import PAST, Days
from sandbox.company.habits import HABITS, draw_habits
from sandbox.company.purchases import draw_deals
from sandbox.company.record import Record, open_stream
from sandbox.company.trouble import draw_troubles
from sandbox.company.truth import Witness

__all__ = ["Company", "generate"]


class Company:
    """One generated company. Its plan is drawn at once; records are made anew each time that `sections` is read."""

    def __init__(self, contacts: int, number_of_deals: int, seed: int, today: date) -> None:
        self.seed, self.days = seed, Days(today)
        habits = draw_habits(open_stream(seed, "habits"), sum(count_clients(contacts)))
        columns = draw_deals(open_stream(seed, "purchases"), self.days, habits, number_of_deals)
        baskets = catalogue.fill_baskets(seed, self.days.years[PAST]) if number_of_deals else ()
        histories = Histories(len(habits), columns, baskets)
        histories.end_soon(open_stream(seed, "contracts"))
        cards = draw_cards(open_stream(seed, "cards"), self.days, contacts, histories)
        troubles = draw_troubles(open_stream(seed, "troubles"), cards, histories)
        self.people = people.Population(seed, self.days, habits, cards, histories, troubles)
        self.sales = deals.Sales(self.people, leads.draw_leads(open_stream(seed, "leads"), self.people), columns, baskets)
        self.talks = activities.draw_talks(open_stream(seed, "talks"), self.sales)
        self._truth: dict[str, Any] | None = None

    def sections(self) -> Iterator[tuple[str, Iterable[Record]]]:
        """Sections in the order of insertion, each a stream of records by ascending id. Read each stream to its end before the next."""
        witness, seen = Witness(self.days.today), 0
        for name, records in self._streams():
            stream = _Stream(witness.watch(name, records))
            yield name, stream
            seen += stream.ended
        if seen == len(SECTION_NAMES):
            self._truth = self._complete(witness)

    def _streams(self) -> Iterator[tuple[str, Iterable[Record]]]:
        seed, sales, crowd = self.seed, self.sales, self.people
        made: tuple[Iterable[Record], ...] = (
            [dict(staff.MY_COMPANY)],
            staff.list_departments(),
            staff.list_users(self.days),
            setup.list_currencies(self.days),
            setup.list_categories(),
            setup.list_statuses(),
            setup.list_user_fields(),
            catalogue.list_sections(),
            catalogue.list_products(self.days),
            people.list_companies(open_stream(seed, "companies"), crowd),
            people.list_contacts(open_stream(seed, "contacts"), crowd, sales.leads.of_contact),
            leads.list_leads(open_stream(seed, "lead records"), crowd, sales.leads),
            deals.list_deals(open_stream(seed, "deals"), sales),
            deals.list_product_rows(sales),
            deals.list_stage_history(sales),
            activities.list_activities(sales, self.talks),
            deals.list_comments(open_stream(seed, "comments"), sales),
        )
        return zip(SECTION_NAMES, made, strict=True)

    @property
    def truth(self) -> dict[str, Any]:
        """What is true of the records, found in them by a pass of its own (`truth.py` says how); ready for JSON.

        Free once `sections` has been read to the end; asked for earlier, it reads all sections itself first.
        """
        if self._truth is None:
            for _, records in self.sections():
                for _ in records:
                    pass
        if self._truth is None:
            raise RuntimeError("the truth is complete only after every section")
        return self._truth

    def _complete(self, witness: Witness) -> dict[str, Any]:
        """The findings, and the one thing that no record says: how each client was meant to buy."""
        meant = {self.people.cards.key_of(client): HABITS[habit].key for client, habit in enumerate(self.people.habits)}
        return witness.tell() | {"habit": meant}


SECTION_NAMES = (
    "my_company", "departments", "users", "currencies", "categories", "statuses", "user_fields", "product_sections", "products",
    "companies", "contacts", "leads", "deals", "product_rows", "stage_history", "activities", "timeline_comments",
)  # fmt: skip


class _Stream:
    """A stream of records that remembers whether it was read to its end."""

    def __init__(self, records: Iterator[Record]) -> None:
        self._records, self.ended = records, False

    def __iter__(self) -> Iterator[Record]:
        yield from self._records
        self.ended = True


def generate(*, contacts: int, deals: int, seed: int, today: date) -> Company:
    """Plan a company of exactly so many contacts and deals as of `today`; raise ValueError for sizes that it cannot have."""
    if not 0 <= contacts <= MOST_CONTACTS:
        raise ValueError(f"The demo company can have from 0 to {MOST_CONTACTS} contacts, not {contacts}.")
    if deals < 0:
        raise ValueError(f"The demo company cannot have {deals} deals.")
    return Company(contacts, deals, seed, today)
