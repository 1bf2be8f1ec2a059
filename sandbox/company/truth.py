"""Finds out, from the finished records alone, what is true of the company. Never asks how it was planned.

This is the answer sheet for whoever cleans or segments the base. A client is the deal's company or, without one, its primary contact;
a contact who belongs to a company counts as that company. Days are calendar days of Moscow; a purchase is a won deal on its CLOSEDATE.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from typing import Any

from sandbox.company import catalogue
from sandbox.company.activities import COMPLAINT, IN, RECENT_DAYS, SLEEP_DAYS
from sandbox.company.audience import Audience
from sandbox.company.record import Record

WEEK_DAYS = 7
EMAIL = re.compile(r"[a-z0-9._+-]+@[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z]{2,}")
LIKE_CYRILLIC = str.maketrans("aeopcyxkmthb", "аеорсухкмтнв")
Card = tuple[str, int]
TYPE_NAMES = {3: "contact", 4: "company"}


def phone_key(value: str) -> str | None:
    """The ten digits by which phones are compared; None for what cannot be a phone of this country."""
    digits = "".join(filter(str.isdigit, value))
    if len(digits) == 11 and digits[0] in "78":
        digits = digits[1:]
    return digits if len(digits) == 10 and digits[0] not in "01" else None


def email_key(value: str) -> str | None:
    """The address by which mails are compared; None for what is no address."""
    lowered = value.strip().lower()
    return lowered if EMAIL.fullmatch(lowered) else None


def name_key(contact: Record) -> str | None:
    """Whole name in any order, without regard to ё and to Latin twins of letters, with the day of birth; None without that day."""
    if not contact["BIRTHDATE"]:
        return None
    words = f"{contact['NAME']} {contact['LAST_NAME']} {contact['SECOND_NAME']}".lower().replace("ё", "е").translate(LIKE_CYRILLIC).split()
    return " ".join((*sorted(words), contact["BIRTHDATE"]))


class Witness:
    """Sees every record once, in the order of the sections, and then tells the truth."""

    def __init__(self, today: date) -> None:
        self.today = today
        self.soon = (today.isoformat(), (today + timedelta(days=WEEK_DAYS)).isoformat())
        self.recent = (today - timedelta(days=RECENT_DAYS)).isoformat()
        self.asleep = (today - timedelta(days=SLEEP_DAYS)).isoformat()
        self.employer: dict[int, int] = {}
        self.purchases: dict[str, int] = {}
        self.last_purchase: dict[str, str] = {}
        self.ending: dict[str, None] = {}
        self.dead: list[Card] = []
        self.invalid: list[Card] = []
        self.silent: list[Card] = []
        self.busy: set[Card] = set()
        self.complaints: list[int] = []
        self.complaining: dict[str, None] = {}
        self.talking: dict[str, None] = {}
        self.twins = Twins()
        self.audience = Audience(today)
        self.audience.sections = {name: number for number, name in catalogue.SECTIONS}

    def watch(self, section: str, records: Iterable[Record]) -> Iterator[Record]:
        """The same records, seen."""
        sees: dict[str, Callable[[Record], None]] = {
            "companies": self._see_company,
            "contacts": self._see_contact,
            "deals": self._see_deal,
            "activities": self._see_activity,
            "currencies": self._see_currency,
            "user_fields": lambda field: self.audience.see_words([field]),
            "products": self._see_product,
            "product_rows": self.audience.see_row,
        }
        see = sees.get(section)
        return iter(records) if see is None else self._watch(see, records)

    def _watch(self, see: Callable[[Record], None], records: Iterable[Record]) -> Iterator[Record]:
        for record in records:
            see(record)
            yield record

    def _see_currency(self, currency: Record) -> None:
        self.audience.rates[currency["CURRENCY"]] = currency["AMOUNT"] / currency["AMOUNT_CNT"]

    def _see_product(self, product: Record) -> None:
        self.audience.section_of[product["ID"]] = product["SECTION_ID"]

    def _see_company(self, company: Record) -> None:
        self._see_card(("company", company["ID"]), company, [])
        self._see_client(f"CO_{company['ID']}", company)
        self._see_contract(f"CO_{company['ID']}", company)

    def _see_contact(self, contact: Record) -> None:
        name = name_key(contact)
        self._see_card(("contact", contact["ID"]), contact, [name] if name else [])
        for company in contact["COMPANY_IDS"]:
            self.busy.add(("company", company))
        if contact["COMPANY_ID"]:
            self.employer[contact["ID"]] = contact["COMPANY_ID"]
        self._see_client(self._client(None, contact["ID"]), contact)
        self._see_contract(self._client(None, contact["ID"]), contact)

    def _see_client(self, client: str, record: Record) -> None:
        self.audience.see_client(client)
        reached = [phone_key(one["VALUE"]) for one in record.get("PHONE", ())] + [
            email_key(one["VALUE"]) for one in record.get("EMAIL", ())
        ]
        self.audience.see_card(client, record, any(reached))

    def _see_card(self, card: Card, record: Record, marks: list[str]) -> None:
        phones = [phone_key(phone["VALUE"]) for phone in record.get("PHONE", ())]
        emails = [email_key(email["VALUE"]) for email in record.get("EMAIL", ())]
        if None in phones:
            self.dead.append(card)
        if None in emails:
            self.invalid.append(card)
        if not phones and not emails:
            self.silent.append(card)
        self.twins.see(card, [*marks, *filter(None, phones), *filter(None, emails)])

    def _see_contract(self, client: str, record: Record) -> None:
        until = record["UF_CRM_MEMBERSHIP_END"]
        if until and self.soon[0] <= until <= self.soon[1]:
            self.ending[client] = None

    def _client(self, company: int | None, contact: int) -> str:
        company = company or self.employer.get(contact)
        return f"CO_{company}" if company else f"C_{contact}"

    def _see_deal(self, deal: Record) -> None:
        company, contact = deal["COMPANY_ID"], deal["CONTACT_ID"]
        if not company and not contact:
            return
        if company:
            self.busy.add(("company", company))
        for person in deal["CONTACT_IDS"]:
            self.busy.add(("contact", person))
        self.audience.see_deal(self._client(company, contact), deal)
        if deal["STAGE_SEMANTIC_ID"] == "S":
            client, day = self._client(company, contact), deal["CLOSEDATE"]
            self.purchases[client] = self.purchases.get(client, 0) + 1
            if day > self.last_purchase.get(client, ""):
                self.last_purchase[client] = day

    def _see_activity(self, activity: Record) -> None:
        bound = {TYPE_NAMES.get(one["OWNER_TYPE_ID"], ""): one["OWNER_ID"] for one in activity["BINDINGS"]}
        self.busy.update((kind, id_) for kind, id_ in bound.items() if kind)
        client = self._client(bound.get("company"), bound.get("contact", 0))
        self.audience.see_activity(client, activity)
        if activity["SUBJECT"].startswith(COMPLAINT):
            self.complaints.append(activity["ID"])
            self.complaining[client] = None
        if activity["DIRECTION"] == IN and activity["CREATED"] >= self.recent:
            self.talking[client] = None

    def tell(self) -> dict[str, Any]:
        """Everything, ready for JSON: clients by their keys, cards as [type, id], activities by their ids."""
        sleeping = [client for client, day in self.last_purchase.items() if day <= self.asleep]
        once = [client for client, count in self.purchases.items() if count == 1]
        asleep = set(sleeping)
        return {
            "today": self.today.isoformat(),
            "with_won_deals": list(self.purchases),
            "sleeping": sleeping,
            "bought_once": once,
            "bought_once_and_sleeping": [client for client in once if client in asleep],
            "membership_ends_in_7_days": list(self.ending),
            "duplicates": self.twins.groups(),
            "dead_phones": [list(card) for card in self.dead],
            "invalid_emails": [list(card) for card in self.invalid],
            "empty_cards": [list(card) for card in self.silent if card not in self.busy],
            "complaints": list(self.complaining),
            "complaint_activities": self.complaints,
            "asleep_but_talking": [client for client in self.talking if client in asleep],
            "audience": self.audience.tell(),
        }


class Twins:
    """Groups cards of one type that share a mark: a phone, an address, a name with its day of birth."""

    def __init__(self) -> None:
        self._first: dict[tuple[str, str], Card] = {}
        self._leader: dict[Card, Card] = {}

    def see(self, card: Card, marks: Iterable[str]) -> None:
        for mark in marks:
            first = self._first.setdefault((card[0], mark), card)
            if first is not card:
                self._join(first, card)

    def _find(self, card: Card) -> Card:
        while (leader := self._leader.get(card, card)) != card:
            card = leader
        return card

    def _join(self, one: Card, other: Card) -> None:
        first, second = sorted((self._find(one), self._find(other)))
        self._leader.setdefault(first, first)
        self._leader[second] = first

    def groups(self) -> list[list[list[Any]]]:
        """Groups of two and more, each from the oldest card on."""
        found: dict[Card, list[Card]] = {}
        for card in sorted(self._leader):
            found.setdefault(self._find(card), []).append(card)
        return [[list(card) for card in group] for group in found.values() if len(group) > 1]
