"""Requisites of one side of an offer: which of a card's are meant, and how a document prints them. Pure.

A deal may name the requisite and the account of either side (crm.requisite.link.*); else the first by the card's own order are meant.
Records are the vendor's: crm-requisite-list.md, crm-requisite-bank-detail-list.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from b24app.documents.phrases import say
from b24app.documents.wording import NO_BREAK, Record, clean

CONTACT, COMPANY = 3, 4  # entityTypeId
# What is printed after the taxpayer's number: of the requisite, then of the account. By field: the phrase that names it.
PRINTED = (("RQ_KPP", "kpp"), ("RQ_OGRN", "ogrn"), ("RQ_OGRNIP", "ogrnip"))
PRINTED_OF_BANK = (("RQ_BIK", "bic"), ("RQ_COR_ACC_NUM", "corr_account"))
LONGEST = 60


@dataclass(frozen=True)
class Requisites:
    """What is known of one side; both records are empty when nothing is."""

    record: Record = field(default_factory=dict)
    account: Record = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name under which it signs."""
        return clean(self.record.get("RQ_COMPANY_NAME"))

    @property
    def number(self) -> str:
        """The taxpayer's number."""
        return clean(self.record.get("RQ_INN"), LONGEST)

    @property
    def account_number(self) -> str:
        """The number of the bank account."""
        return clean(self.account.get("RQ_ACC_NUM"), LONGEST)

    def details(self, lang: str, has_number: bool = True) -> str:
        """Return one line: numbers of the company and its account; '' when there are none. `has_number`: with the taxpayer's."""
        numbers = (("RQ_INN", "inn"), *PRINTED) if has_number else PRINTED
        parts = list(_printed(self.record, numbers, lang))
        if self.account_number:
            bank = clean(self.account.get("RQ_BANK_NAME"), 2 * LONGEST)
            parts.append(say(lang, "account_with" if bank else "account", number=self.account_number, bank=bank))
            parts += _printed(self.account, PRINTED_OF_BANK, lang)
        return ", ".join(parts)


def choose_requisites(owner: tuple[int, object], found: Mapping[str, Sequence[Record]], named: tuple[object, object]) -> Requisites:
    """Return what is meant of an owner (entityTypeId, number). `found`: `requisites` and `accounts`; `named`: the numbers that the
    deal names."""
    type_id, number = owner
    place = (str(type_id), str(number))
    own = [
        one
        for one in found["requisites"]
        if (str(one.get("ENTITY_TYPE_ID")), str(one.get("ENTITY_ID"))) == place and one.get("ADDRESS_ONLY") != "Y"
    ]
    record = _first(own, named[0])
    accounts = [one for one in found["accounts"] if record and str(one.get("ENTITY_ID")) == str(record.get("ID"))]
    return Requisites(record, _first(accounts, named[1]))


def _first(rows: Sequence[Record], named: object) -> Record:
    ordered = sorted(rows, key=lambda row: (str(row["ID"]) != str(named), int(row.get("SORT") or 0), int(row["ID"])))
    return ordered[0] if ordered else {}


def _printed(record: Record, numbers: Iterable[tuple[str, str]], lang: str) -> Iterable[str]:
    return (f"{say(lang, word)}{NO_BREAK}{value}" for name, word in numbers if (value := clean(record.get(name), LONGEST)))
