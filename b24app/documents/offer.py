"""What an offer is once it has been asked for, what became of it, and the one sentence about it. Reads nothing itself."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from b24app.documents.wording import print_day, print_money
from b24app.store.offers import Row

HEADLINE = {
    "ru": "Создано предложение {number} на {amount}, действует до {day}",
    "en": "Offer {number} for {amount} was made, valid until {day}",
}
# What becomes of an offer; the first that is true. SQL: store/lives.py says the same.
LIVES = ("replaced", "won", "lost", "expired", "opened", "sent", "issued")


@dataclass(frozen=True)
class Origin:
    """Where an offer comes from: the rule that asked for it ('' for robots and people), the offer that it replaces."""

    rule_key: str = ""
    replaces: str = ""


@dataclass(frozen=True)
class Offer:
    """A document for a client. `state`: asking (not sure that it is there), made, telling, done (told in the deal's timeline)."""

    key: str
    deal_id: int
    document_id: int | None
    number: str
    title: str
    url: str
    pdf_url: str  # '' until the portal has made the PDF
    public_url: str
    state: str
    created_at: str  # UTC
    amount: float
    currency: str
    valid_until: str  # YYYY-MM-DD
    error: str  # why there will be no PDF
    version: int = 1
    way: str = ""  # portal: by its generator | local: filled here and uploaded
    remarks: Sequence[Mapping[str, str]] = field(default_factory=list)  # what has to be known about it, by language

    def remark(self, lang: str) -> str:
        """Return all remarks as one text."""
        return " ".join(one[lang] for one in self.remarks)


def read_offer(row: Row) -> Offer:
    """Return a row of the journal as an offer."""
    words = ("number", "title", "url", "pdf_url", "public_url", "currency", "valid_until", "error", "way")
    return Offer(
        key=row["key"],
        deal_id=row["deal_id"],
        document_id=row["document_id"],
        state=row["state"],
        created_at=row["created_at"],
        amount=row["amount"] or 0.0,
        version=row["version"] or 1,
        remarks=json.loads(row["remarks"] or "[]"),
        **{name: row[name] or "" for name in words},
    )


def headline(offer: Offer, lang: str) -> str:
    """Return one sentence about an offer: number, sum, last day."""
    amount = print_money(offer.amount, offer.currency)
    return HEADLINE[lang].format(number=offer.number, amount=amount, day=print_day(date.fromisoformat(offer.valid_until), lang))


def keep_remarks(remarks: Sequence[Any]) -> str:
    """Return sentences (Mistaken) as the journal keeps them."""
    return json.dumps([{lang: one.sentence(lang) for lang in ("ru", "en")} for one in remarks], ensure_ascii=False)
