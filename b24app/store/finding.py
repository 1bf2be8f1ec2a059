"""SQL by the noun finding: clients by any words of name, e-mail or phone, for whoever has to choose one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from b24app.store.clients import seen_by
from b24app.store.folding import like, search_words

if TYPE_CHECKING:
    from b24app.context import Viewer
    from b24app.store.mirror import PortalStore


def find_clients(store: PortalStore, viewer: Viewer, search: str, limit: int) -> list[dict[str, Any]]:
    """Return clients that the viewer sees and that have all the words: key, title."""
    seen, values = seen_by(viewer)
    conditions = [seen]
    for number, word in enumerate(search_words(search)):
        conditions.append(f"client.search LIKE :word{number} ESCAPE '\\'")
        values[f"word{number}"] = like(word)
    sql = f"SELECT client.key, client.title FROM client WHERE {' AND '.join(conditions)} ORDER BY client.search, client.key LIMIT :limit"
    return store.rows(sql, {**values, "limit": limit})
