"""In which section of the catalogue each product is that deals name. Asks for what is new, and for the rest once a day.

The whole catalogue is never read: it may be a hundred times what was ever sold. A variation that the list does not know has no section.
Sources: api-reference/crm/outdated/products/crm-product-list.md (the list of today, catalog.product.list, wants one more permission).
"""

from __future__ import annotations

from datetime import timedelta

from b24app.context import Context
from b24app.store.changes import save_due_clients
from b24app.store.products import list_buyers_of, list_unread, save_sections
from b24app.sync.kinds import read_id
from b24app.sync.pull import PAGE, ask_some, cut, read_list

INSTANT = "%Y-%m-%dT%H:%M:%SZ"
MOST = 2500  # products in one run: one batch of requests
AGE = timedelta(days=1)


def pull_products(ctx: Context) -> int:
    """Read the sections of products that are not known, or not since yesterday; whoever bought one that moved is due. Return how many."""
    numbers = list_unread(ctx.store, (ctx.now() - AGE).strftime(INSTANT), MOST)
    if not numbers:
        return 0
    commands = {
        f"p{ids[0]}": ("crm.product.list", {"filter": {"ID": ids}, "select": ["ID", "SECTION_ID"], "order": {"ID": "ASC"}, "start": -1})
        for ids in cut(numbers, PAGE)
    }
    sections: dict[int, int | None] = dict.fromkeys(numbers)
    for answer in ask_some(ctx, commands).values():
        for record in read_list(answer.result, None):
            number = read_id(record.get("ID"))
            if number in sections:
                sections[number] = read_id(record.get("SECTION_ID"))
    with ctx.store.write():
        moved = save_sections(ctx.store, sections, ctx.now().strftime(INSTANT))
        save_due_clients(ctx.store, list_buyers_of(ctx.store, moved))
    return len(numbers)
