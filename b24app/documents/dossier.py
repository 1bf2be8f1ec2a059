"""All that an offer is made from, and which of a portal's own fields speak of equipment, warranty and contract. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from b24app.documents.lines import Basket, Line, kept_line, line_of, mark_of, package_line
from b24app.documents.options import Options
from b24app.documents.phrases import say
from b24app.documents.requisites import Requisites
from b24app.documents.wording import Record, clean, full_name, read_day

SERVICE = "SERVICE"  # the deal type of the vendor's own dictionary
_ENDS = r"till|until|expir|_end\b|\bend\b|действует|действител|оконч|истека|\bдо\b"


@dataclass(frozen=True)
class Hint:
    """A user field of the portal is ours to read when its name and titles match all of these. Every portal names its own.

    A date is read only when it says that something ends then: the day on which a contract was signed would make us lie.
    """

    key: str
    entities: tuple[str, ...]
    kinds: tuple[str, ...]
    patterns: tuple[str, ...]


HINTS = (
    Hint("equipment", ("deal",), ("string",), (r"equipment|оборудовани",)),
    Hint("warranty", ("deal",), ("date", "datetime"), (r"warranty|гаранти", _ENDS)),
    Hint("membership", ("company", "contact"), ("date", "datetime"), (r"membership|contract|абонемент|договор", _ENDS)),
)


@dataclass(frozen=True)
class Source:
    """All that an offer is made from. Records of the universal API; a purchase is a won deal of the mirror.

    A purchase has `products` (names) and `rows` (the mirror's product rows). `template_fields`: what the portal's generator
    says it would fill into the template, by code; None when it did not say.
    """

    deal: Record
    rows: Sequence[Record] = ()
    company: Record = field(default_factory=dict)
    contact: Record = field(default_factory=dict)
    seller: Record = field(default_factory=dict)
    manager: Record = field(default_factory=dict)
    signer: Record = field(default_factory=dict)
    ours: Requisites = field(default_factory=Requisites)
    theirs: Requisites = field(default_factory=Requisites)
    purchases: Sequence[Record] = ()  # the latest first
    fields: Mapping[str, Sequence[Record]] = field(default_factory=dict)  # by the key of a hint
    next_purchase: str = ""  # the client's own rhythm expects it on this day
    template_fields: Mapping[str, Mapping[str, Any]] | None = None

    @property
    def currency(self) -> str:
        """The deal's currency."""
        return str(self.deal.get("currencyId") or "RUB")

    @property
    def client(self) -> str:
        """The client's name: the company's, or the contact's without one."""
        return clean(self.company.get("title")) or full_name(self.contact)

    @property
    def client_key(self) -> str:
        """The client in Bitrix24's own notation, '' when the deal has none."""
        company, contact = self.deal.get("companyId"), self.deal.get("contactId")
        return f"CO_{company}" if company else f"C_{contact}" if contact else ""

    @property
    def mark(self) -> str:
        """What the deal sells to whom: another mark later means that the deal has changed."""
        return mark_of([line_of(row) for row in self.rows], self.client_key, self.deal.get("opportunity"))

    @property
    def last_service(self) -> date | None:
        """When the client was served last: the latest won deal of the type Service."""
        return next((read_day(one.get("closedate")) for one in self.purchases if one.get("type_id") == SERVICE), None)

    def basket(self, options: Options, lang: str = "ru") -> Basket:
        """Return what is offered: the deal's products; without them what the options say; else the deal's sum as one service."""
        lines: list[Line] = [line_of(row) for row in self.rows]
        if not lines and options.fill == "package":
            lines = [package_line(row) for row in options.package]
        if not lines and options.fill == "last":
            lines = [kept_line(row) for purchase in self.purchases[:1] for row in purchase.get("rows") or ()]
        amount = Decimal(str(self.deal.get("opportunity") or 0))
        if not lines and amount > 0:
            name = clean(self.deal.get("title")) or say(lang, "service")
            lines = [Line(name, Decimal(1), amount, amount, measure=say(lang, "unit"))]
        return Basket(lines, Decimal(str(options.discount)))

    def known(self, key: str) -> str:
        """Return a hinted field's value: the deal's own, its client's, or of the last purchase."""
        for user_field in self.fields.get(key, ()):
            for record in (self.deal, self.company, self.contact):
                if record.get(user_field["name"]):
                    return clean(record[user_field["name"]])
        for user_field in self.fields.get(key, ()):
            for purchase in self.purchases:
                if purchase.get(user_field["column_name"]):
                    return clean(purchase[user_field["column_name"]])
        return ""


def find_fields(user_fields: Sequence[Record]) -> dict[str, list[Record]]:
    """Return the user fields that our hints know, by the hint's key. A field is a row of the mirror's `user_field`."""
    return {hint.key: [field for field in user_fields if _is_meant(hint, field)] for hint in HINTS}


def _is_meant(hint: Hint, user_field: Record) -> bool:
    entity = str(user_field.get("entity") or "").lower().removeprefix("crm_")
    names = " ".join(str(user_field.get(name) or "") for name in ("name", "title_ru", "title_en")).lower()
    return (
        entity in hint.entities
        and user_field.get("kind") in hint.kinds
        and not user_field.get("is_multiple")
        and all(re.search(pattern, names) for pattern in hint.patterns)
    )
