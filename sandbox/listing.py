"""One page of a CRM list: condition, order, counting unless `start` is -1, children only when they are printed."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.access import visible
from sandbox.envelope import PAGE
from sandbox.rest import Call, Record
from sandbox.store import Where


@dataclass(frozen=True)
class Page:
    """What to read: `start` -1 reads the first page and counts nothing."""

    section: str
    where: Where
    order: str
    start: int
    has_multi: bool = False
    has_links: bool = False


def read_page(call: Call, page: Page) -> tuple[list[Record], int]:
    """Return the records of a page that the caller sees, and how many there are in all (0 when nothing is counted)."""
    store = call.portal.store
    where = page.where & visible(store, call.caller)
    total = call.portal.counting.pay(store.count(page.section, where=where)) if page.start >= 0 else 0
    records = store.find(page.section, where=where, order=page.order, limit=PAGE, offset=max(page.start, 0))
    store.attach(page.section, records, page.has_multi, page.has_links)
    return records, total
