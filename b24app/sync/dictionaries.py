"""Small things that are pulled whole: dictionaries, and the definitions of user fields with the values of new ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from b24app.context import Context
from b24app.store.changes import EVERYBODY, save_due_clients
from b24app.sync.apply import apply_whole
from b24app.sync.entities import WHOLES, Entity
from b24app.sync.products import pull_products
from b24app.sync.pull import pull_wholes
from b24app.sync.userfields import pull_user_fields


def pull_small(ctx: Context, entities: Iterable[Entity]) -> dict[Entity, Counter[str]]:
    """Pull these, with sections those of the products that deals name; what is neither a dictionary nor a record is the user fields.

    Whoever calls holds `store.pulling`. Return what differed in each dictionary.
    """
    wanted = set(entities)
    if wanted - set(WHOLES):
        pull_user_fields(ctx)
    found = pull_dictionaries(ctx, wanted & set(WHOLES))
    if any(entity.key == "product_section" for entity in wanted):
        pull_products(ctx)
    return found


def pull_dictionaries(ctx: Context, entities: Iterable[Entity]) -> dict[Entity, Counter[str]]:
    """Make these dictionaries equal to the portal's, all at once; return what differed: missing, extra, stale."""
    found = pull_wholes(ctx, entities)
    with ctx.store.write():
        differed = {entity: apply_whole(ctx, entity, records) for entity, records in found.items()}
        if any(entity.concerns_clients and differing for entity, differing in differed.items()):
            save_due_clients(ctx.store, [EVERYBODY])
    return differed
