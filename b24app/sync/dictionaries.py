"""Small things that are pulled whole: dictionaries, and the definitions of user fields with the values of new ones."""

from __future__ import annotations

from collections.abc import Iterable

from b24app.context import Context
from b24app.sync.apply import apply_whole
from b24app.sync.entities import WHOLES, Entity
from b24app.sync.pull import pull_wholes
from b24app.sync.userfields import fill_columns, pull_user_fields


def pull_small(ctx: Context, entities: Iterable[Entity]) -> None:
    """Pull these; what is neither a dictionary nor a record is the user fields. Whoever calls holds `store.pulling`."""
    wanted = set(entities)
    if wanted - set(WHOLES):
        for entity, columns in pull_user_fields(ctx).items():
            fill_columns(ctx, entity, columns)
    pull_dictionaries(ctx, wanted & set(WHOLES))


def pull_dictionaries(ctx: Context, entities: Iterable[Entity]) -> None:
    """Make these dictionaries equal to the portal's, all at once."""
    found = pull_wholes(ctx, entities)
    with ctx.store.write():
        for entity, records in found.items():
            apply_whole(ctx, entity, records)
