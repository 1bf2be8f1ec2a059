"""Small things that are pulled whole: dictionaries, and the definitions of user fields with the values of new ones."""

from __future__ import annotations

from collections.abc import Iterable

from b24app.context import Context
from b24app.store.changes import EVERYBODY, save_due_clients
from b24app.sync.apply import apply_whole
from b24app.sync.entities import WHOLES, Entity
from b24app.sync.pull import pull_wholes
from b24app.sync.userfields import pull_user_fields


def pull_small(ctx: Context, entities: Iterable[Entity]) -> None:
    """Pull these; what is neither a dictionary nor a record is the user fields. Whoever calls holds `store.pulling`."""
    wanted = set(entities)
    if wanted - set(WHOLES):
        pull_user_fields(ctx)
    pull_dictionaries(ctx, wanted & set(WHOLES))


def pull_dictionaries(ctx: Context, entities: Iterable[Entity]) -> None:
    """Make these dictionaries equal to the portal's, all at once."""
    found = pull_wholes(ctx, entities)
    with ctx.store.write():
        for entity, records in found.items():
            if apply_whole(ctx, entity, records) and entity.concerns_clients:
                save_due_clients(ctx.store, [EVERYBODY])
