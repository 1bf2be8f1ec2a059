"""What an offer is once it has been asked for, and the one sentence about it. Reads nothing itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from b24app.documents.wording import print_day, print_money
from b24app.store.offers import Row

HEADLINE = {
    "ru": "Создано предложение {number} на {amount}, действует до {day}",
    "en": "Offer {number} for {amount} was made, valid until {day}",
}


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


def read_offer(row: Row) -> Offer:
    """Return a row of the journal as an offer."""
    words = ("number", "title", "url", "pdf_url", "public_url", "currency", "valid_until", "error")
    return Offer(
        key=row["key"],
        deal_id=row["deal_id"],
        document_id=row["document_id"],
        state=row["state"],
        created_at=row["created_at"],
        amount=row["amount"] or 0.0,
        **{name: row[name] or "" for name in words},
    )


def headline(offer: Offer, lang: str) -> str:
    """Return one sentence about an offer: number, sum, last day."""
    amount = print_money(offer.amount, offer.currency)
    return HEADLINE[lang].format(number=offer.number, amount=amount, day=print_day(date.fromisoformat(offer.valid_until), lang))
