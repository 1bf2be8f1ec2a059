"""Which cards robots put in order: the record's company and people; a lead's own card. Decides nothing of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from b24app.errors import Mistaken
from b24app.hygiene.checks import COMPANY, CONTACT, LEAD
from robots.robot import Call
from robots.subject import NO_CLIENT, find_subject

if TYPE_CHECKING:
    from b24app.context import Context

MOST = 20  # cards of one record

Card = tuple[int, int]  # entityTypeId, number


def list_cards(ctx: Context, call: Call) -> list[Card]:
    """Return the cards of a call's record. Raises Mistaken when it has none."""
    subject = find_subject(ctx, call)
    own = [(LEAD, subject.entity_id)] if subject.type_id == LEAD else []
    company = [(COMPANY, subject.company_id)] if subject.company_id else []
    found = [*own, *company, *((CONTACT, one) for one in subject.contact_ids)][:MOST]
    if not found:
        raise Mistaken(*NO_CLIENT)
    return found
