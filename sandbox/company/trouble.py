"""What is wrong with the base on purpose: who is whose duplicate and of what kind, whose phone or mail is dead, which cards are empty.

Choosing happens here by number, spoiling happens on finished records. `truth.py` knows nothing of this: it finds troubles anew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

from sandbox.company.cards import Cards, Histories
from sandbox.company.record import Record

DEAD_PHONES = ("+7 000 000-00-00", "123456", "нет телефона", "8 900", "+7 999 999-99", "00000000000")
INVALID_EMAILS = ("нет@почты", "info@", "client.example.com", "ivanov petrov@example.com", "-", "mail@example")
LATIN = str.maketrans("аеорсухАВЕКМНОРСТХ", "aeopcyxABEKMHOPCTX")

Copy = Callable[[Record, Record], Record]


def format_phone(digits: str, number: int) -> str:
    """The same phone as people type it; `digits` are the ten after the country code."""
    code, first, second, third = digits[:3], digits[3:6], digits[6:8], digits[8:]
    return (
        f"+7{digits}",
        f"8 ({code}) {first}-{second}-{third}",
        f"+7 {code} {first} {second} {third}",
        f"7{digits}",
        f"8-{code}-{first}-{second}-{third}",
    )[number % 5]


def _digits(record: Record) -> str:
    return "".join(filter(str.isdigit, record["PHONE"][0]["VALUE"]))[-10:]


def _other_phone_format(original: Record, copy: Record) -> Record:
    phone = [{"VALUE": format_phone(_digits(original), 1 + copy["ID"] % 4), "VALUE_TYPE": "WORK"}]
    return {"NAME": original["NAME"], "LAST_NAME": original["LAST_NAME"], "SECOND_NAME": "", "PHONE": phone}


def _same_email(original: Record, _copy: Record) -> Record:
    email = [{"VALUE": original["EMAIL"][0]["VALUE"].upper(), "VALUE_TYPE": "HOME"}]
    return {"NAME": original["NAME"][0] + ".", "LAST_NAME": original["LAST_NAME"], "SECOND_NAME": "", "EMAIL": email}


def _named(original: Record, name: str, last_name: str, second_name: str) -> Record:
    return {"NAME": name, "LAST_NAME": last_name, "SECOND_NAME": second_name, "BIRTHDATE": original["BIRTHDATE"]}


def _without_yo(original: Record, _copy: Record) -> Record:
    name, last, second = (original[key].replace("ё", "е").replace("Ё", "Е") for key in ("NAME", "LAST_NAME", "SECOND_NAME"))
    return _named(original, name, last, second)


def _latin_letters(original: Record, _copy: Record) -> Record:
    return _named(original, original["NAME"], original["LAST_NAME"].translate(LATIN), original["SECOND_NAME"])


def _swapped_names(original: Record, _copy: Record) -> Record:
    return _named(original, original["LAST_NAME"], original["NAME"], original["SECOND_NAME"])


class DuplicateKind(NamedTuple):
    """A way in which the same person is written twice: `copy` says which fields of the second card come from the first."""

    key: str
    copy: Copy
    needs_yo: bool = False


DUPLICATE_KINDS = (
    DuplicateKind("phone_format", _other_phone_format),
    DuplicateKind("same_email", _same_email),
    DuplicateKind("yo", _without_yo, needs_yo=True),
    DuplicateKind("homoglyphs", _latin_letters),
    DuplicateKind("swapped_names", _swapped_names),
)


def copy_company(original: Record, copy: Record) -> Record:
    """A company written twice: the legal form moved to the end, the phone in another format."""
    kind, _, rest = original["TITLE"].partition("«")
    title = f"{rest.rstrip('»')}, {kind.strip()}"
    return {"TITLE": title, "PHONE": [{"VALUE": format_phone(_digits(original), 1 + copy["ID"] % 4), "VALUE_TYPE": "WORK"}]}


@dataclass
class Troubles:
    """Ids. `copies` and `company_copies` lead from the second card to the first; `kinds` from either to its DUPLICATE_KINDS."""

    empty: set[int] = field(default_factory=set)
    empty_companies: set[int] = field(default_factory=set)
    copies: dict[int, int] = field(default_factory=dict)
    company_copies: dict[int, int] = field(default_factory=dict)
    kinds: dict[int, DuplicateKind] = field(default_factory=dict)
    dead_phones: set[int] = field(default_factory=set)
    invalid_emails: set[int] = field(default_factory=set)

    def is_free(self, contact: int) -> bool:
        return contact not in self.empty and contact not in self.kinds


def draw_troubles(rng: Random, cards: Cards, histories: Histories) -> Troubles:
    """Choose who is in trouble: some of every kind even in a small base, a fixed share in a large one."""
    troubles, contacts = Troubles(), len(cards.contact_client)
    idle = [contact for contact in cards.lone_id if not histories.first[cards.contact_client[contact - 1]]]
    troubles.empty = set(rng.sample(idle, min(len(idle) // 2, max(3, contacts // 100))))
    troubles.empty_companies = {
        cards.company_id[client] for client in range(cards.companies) if not cards.first_contact[client] and not histories.first[client]
    }
    _draw_copies(rng, cards, troubles, min(contacts // 8, max(len(DUPLICATE_KINDS) * 2, contacts // 60)))
    _draw_company_copies(rng, cards, troubles, min(cards.companies // 8, max(2, cards.companies // 60)))
    few = min(contacts // 10, max(4, contacts // 60))
    free = [contact for contact in range(1, contacts + 1) if troubles.is_free(contact)]
    troubles.dead_phones = set(rng.sample(free, min(len(free), few)))
    troubles.invalid_emails = set(rng.sample(free, min(len(free), few)))
    return troubles


def _draw_copies(rng: Random, cards: Cards, troubles: Troubles, wanted: int) -> None:
    """The second card is a contact without a company that came later; what it bought is its own."""
    seconds = [contact for contact in cards.lone_id if contact > 1 and contact not in troubles.empty]
    rng.shuffle(seconds)
    for second in seconds:
        if len(troubles.copies) >= wanted:
            return
        first = 1 + int(rng.random() * (second - 1))
        if troubles.is_free(first) and troubles.is_free(second):
            kind = DUPLICATE_KINDS[len(troubles.copies) % len(DUPLICATE_KINDS)]
            troubles.copies[second] = first
            troubles.kinds[first] = troubles.kinds[second] = kind


def _draw_company_copies(rng: Random, cards: Cards, troubles: Troubles, wanted: int) -> None:
    taken = set(troubles.empty_companies)
    for second in rng.sample(range(2, cards.companies + 1), max(0, cards.companies - 1)):
        if len(troubles.company_copies) >= wanted:
            return
        first = 1 + int(rng.random() * (second - 1))
        if first not in taken and second not in taken:
            taken |= {first, second}
            troubles.company_copies[second] = first
