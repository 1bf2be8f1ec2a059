"""Turns drawn cards into records of companies and contacts. Chooses words; who belongs to whom was chosen before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from sandbox.company import words
from sandbox.company.cards import MOST_CONTACTS, Cards, Histories
from sandbox.company.days import Days
from sandbox.company.dictionaries import CONSENTS, DICTIONARIES
from sandbox.company.habits import HABIT_INDEX
from sandbox.company.record import Record, scatter
from sandbox.company.staff import SELLERS, WHOLESALE_SELLER
from sandbox.company.trouble import DEAD_PHONES, INVALID_EMAILS, DuplicateKind, Troubles, copy_company, format_phone

SOURCES = tuple(id_ for id_, _ in DICTIONARIES["SOURCE"])
EMPLOYEES = tuple(id_ for id_, _ in DICTIONARIES["EMPLOYEES"])
WITH_YO = tuple(name for name in words.MALE_NAMES if "ё" in name.lower())
PHONE_BLOCK, PHONE_STEP = 989_999, 424_243  # coprime: every number is given once; those above the block are the dealer's own
COMPANY_PHONES, SECOND_PHONES, LEAD_PHONES = MOST_CONTACTS, 420_000, 730_000  # where each kind's part of the block begins


def phone_digits(number: int) -> str:
    """Ten digits of an invented phone, +7 900 0xx-xx-xx, another for every number below a million."""
    return f"900{1 + number * PHONE_STEP % PHONE_BLOCK:07d}"


@dataclass(frozen=True)
class Population:
    """All that records of people are made from."""

    seed: int
    days: Days
    habits: Sequence[int]
    cards: Cards
    histories: Histories
    troubles: Troubles

    def seller_of(self, client: int) -> int:
        """Who is responsible for a client."""
        return WHOLESALE_SELLER if self.habits[client] == HABIT_INDEX["wholesale"] else SELLERS[client % len(SELLERS)]

    def touches_of(self, client: int, created: int) -> tuple[str, str]:
        """When a card was last changed (with the client's last deal, or when it was made), and when something last happened there."""
        changed = max(created + 5, self.histories.last[client])
        return self.days.moment(changed), self.days.moment(max(changed, self.histories.heard[client]))

    def contract_of(self, client: int) -> str | None:
        day = self.histories.contract[client]
        return self.days.dates[day] if day else None


def draw_address(rng: Random) -> Record:
    city, region, prefix = words.CITIES[int(rng.random() ** 1.5 * len(words.CITIES))]
    street = words.STREETS[int(rng.random() * len(words.STREETS))]
    house = int(rng.random() * 90)
    return {
        "ADDRESS": f"{street}, д. {1 + house}",
        "ADDRESS_CITY": city,
        "ADDRESS_POSTAL_CODE": f"{prefix}{house:03d}",
        "ADDRESS_PROVINCE": region,
        "ADDRESS_COUNTRY": "Россия",
    }


def _stamp(created: str, touched: tuple[str, str], seller: int) -> Record:
    return {
        "OPENED": "Y",
        "ASSIGNED_BY_ID": seller,
        "CREATED_BY_ID": seller,
        "MODIFY_BY_ID": seller,
        "DATE_CREATE": created,
        "DATE_MODIFY": touched[0],
        "LAST_ACTIVITY_TIME": touched[1],
        "LAST_ACTIVITY_BY": seller,
    }


def list_companies(rng: Random, people: Population) -> Iterator[Record]:
    """Companies in the order of their ids."""
    cards, troubles = people.cards, people.troubles
    wanted = set(troubles.company_copies.values())
    originals: dict[int, Record] = {}
    for number, client in enumerate(cards.company_client, 1):
        record = _company(rng, number, client, people)
        if number in wanted:
            originals[number] = record
        if number in troubles.company_copies:
            record.update(copy_company(originals[troubles.company_copies[number]], record))
        yield record


def _company(rng: Random, number: int, client: int, people: Population) -> Record:
    pattern, industry = words.COMPANY_KINDS[int(rng.random() * len(words.COMPANY_KINDS))]
    first = words.COMPANY_FIRST[int(rng.random() * len(words.COMPANY_FIRST))]
    second = words.COMPANY_SECOND[int(rng.random() * len(words.COMPANY_SECOND))]
    size, is_empty = rng.random(), number in people.troubles.empty_companies
    created, seller = people.cards.company_created[number - 1], people.seller_of(client)
    phone = {"VALUE": format_phone(phone_digits(COMPANY_PHONES + number), int(rng.random() ** 4 * 5)), "VALUE_TYPE": "WORK"}
    record = {
        "ID": number,
        "TITLE": pattern.format(f"{first} {second}"),
        "COMPANY_TYPE": "CUSTOMER",
        "INDUSTRY": None if is_empty else industry,
        "EMPLOYEES": None if is_empty else EMPLOYEES[int(size**3 * len(EMPLOYEES))],
        "CURRENCY_ID": "RUB",
        "REVENUE": 0.0 if is_empty else float(round(4 + size * 90) * 1_000_000),
        "COMMENTS": "",
        "HAS_PHONE": "N" if is_empty else "Y",
        "HAS_EMAIL": "N" if is_empty else "Y",
        "HAS_IMOL": "N",
        "IS_MY_COMPANY": "N",
        "LEAD_ID": None,
        "ORIGINATOR_ID": None,
        "ORIGIN_ID": None,
        "UF_CRM_MEMBERSHIP_END": people.contract_of(client),
    }
    if not is_empty:
        record |= draw_address(rng) | {"PHONE": [phone], "EMAIL": [{"VALUE": f"office{number}@example.org", "VALUE_TYPE": "WORK"}]}
    return record | _stamp(people.days.moment(created), people.touches_of(client, created), seller)


def list_contacts(rng: Random, people: Population, lead_of: dict[int, int]) -> Iterator[Record]:
    """Contacts in the order of their ids; a duplicate is written when its original is known."""
    troubles = people.troubles
    wanted = set(troubles.copies.values())
    originals: dict[int, Record] = {}
    for number in range(1, len(people.cards.contact_client) + 1):
        record = _contact(rng, number, people)
        record["LEAD_ID"] = lead_of.get(number)
        if number in wanted:
            originals[number] = record
        if number in troubles.copies:
            _become_copy(record, originals[troubles.copies[number]], troubles.kinds[number])
        record["HAS_PHONE"] = "Y" if "PHONE" in record else "N"
        record["HAS_EMAIL"] = "Y" if "EMAIL" in record else "N"
        yield record


def _become_copy(record: Record, original: Record, kind: DuplicateKind) -> None:
    """The same person written once more; what the kind does not take over stays this card's own."""
    record["HONORIFIC"] = original["HONORIFIC"]
    record.update({"EMAIL": []} | kind.copy(original, record))
    record["EMAIL"] = record["EMAIL"] or [_email(record)]


def _email(record: Record) -> Record:
    account = record["LAST_NAME"].lower().translate(words.TRANSLIT)
    return {"VALUE": f"{account}{record['ID']}@{words.EMAIL_DOMAINS[record['ID'] % len(words.EMAIL_DOMAINS)]}", "VALUE_TYPE": "WORK"}


def _contact(rng: Random, number: int, people: Population) -> Record:
    cards, troubles = people.cards, people.troubles
    client, company, created = cards.contact_client[number - 1], cards.contact_company[number - 1], cards.contact_created[number - 1]
    other, is_empty, kind = cards.contact_other[number - 1], number in troubles.empty, troubles.kinds.get(number)
    record: Record = {
        "ID": number,
        **name_of(people.seed, number, kind is not None and kind.needs_yo),
        "BIRTHDATE": draw_birthdate(rng) if rng.random() < 0.35 or kind else None,
        "TYPE_ID": "CLIENT",
        "SOURCE_ID": SOURCES[int(rng.random() * len(SOURCES))],
        "SOURCE_DESCRIPTION": "",
        "POST": words.POSTS[int(rng.random() * len(words.POSTS))] if company else "",
        "COMMENTS": "",
        "EXPORT": "Y",
        "HAS_IMOL": "N",
        "COMPANY_ID": company or None,
        "COMPANY_IDS": [company, other] if other else [company] if company else [],
        "LEAD_ID": None,
        "ORIGINATOR_ID": None,
        "ORIGIN_ID": None,
        "UF_CRM_MEMBERSHIP_END": None if company else people.contract_of(client),
        "UF_CRM_CONSENT": CONSENTS[int(rng.random() * len(CONSENTS))][0] if rng.random() < 0.8 and not is_empty else None,
    }
    if is_empty:
        record |= {"NAME": "", "SECOND_NAME": "", "LAST_NAME": "Без имени", "BIRTHDATE": None, "HONORIFIC": None}
    else:
        record |= (draw_address(rng) if not company else {}) | _communications(rng, record, troubles)
    return record | _stamp(people.days.moment(created), people.touches_of(client, created), people.seller_of(client))


def name_of(seed: int, number: int, needs_yo: bool = False) -> Record:
    """Name, patronymic and surname of one gender; the same number is the same person. Leads of no contact have negative numbers."""
    chosen = scatter(seed, number)
    is_male = needs_yo or bool(chosen & 1)
    names = WITH_YO if needs_yo else words.MALE_NAMES if is_male else words.FEMALE_NAMES
    surnames = words.SURNAMES if is_male else words.FEMALE_SURNAMES
    return {
        "HONORIFIC": "HNR_RU_1" if is_male else "HNR_RU_2",
        "NAME": names[(chosen >> 8) % len(names)],
        "SECOND_NAME": words.PATRONYMICS[(chosen >> 24) % len(words.PATRONYMICS)][not is_male],
        "LAST_NAME": surnames[(chosen >> 40) % len(surnames)],
    }


def draw_birthdate(rng: Random) -> str:
    return f"{1958 + int(rng.random() * 47)}-{1 + int(rng.random() * 12):02d}-{1 + int(rng.random() * 28):02d}"


def _communications(rng: Random, record: Record, troubles: Troubles) -> Record:
    """Phones and mails: at least one; who has a twin has both, and who has a dead one has nothing else of that kind."""
    number, found = record["ID"], {}
    must_have = number in troubles.kinds
    if must_have or rng.random() < 0.94:
        phones = [{"VALUE": format_phone(phone_digits(number), int(rng.random() ** 4 * 5)), "VALUE_TYPE": "MOBILE"}]
        if not must_have and rng.random() < 0.12:
            phones.append({"VALUE": f"+7{phone_digits(SECOND_PHONES + number)}", "VALUE_TYPE": "WORK"})
        found["PHONE"] = phones
    if must_have or rng.random() < 0.88:
        found["EMAIL"] = [_email(record)]
    if not found:
        found["PHONE"] = [{"VALUE": f"+7{phone_digits(number)}", "VALUE_TYPE": "MOBILE"}]
    if number in troubles.dead_phones:
        found["PHONE"] = [{"VALUE": DEAD_PHONES[number % len(DEAD_PHONES)], "VALUE_TYPE": "MOBILE"}]
    if number in troubles.invalid_emails:
        found["EMAIL"] = [{"VALUE": INVALID_EMAILS[number % len(INVALID_EMAILS)], "VALUE_TYPE": "WORK"}]
    return found
