"""SQL by the noun consent: the user fields of cards, and what stands in some of them for one card. Reads only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from b24app.store.mirror import PortalStore

Row = dict[str, Any]


def list_fields(store: PortalStore) -> list[Row]:
    """Return the user fields of contacts and companies: entity, name, column_name, kind, titles, is_multiple, items (a list)."""
    rows = store.rows(
        "SELECT entity, name, column_name, kind, title_ru, title_en, is_multiple, items FROM user_field "
        "WHERE entity IN ('contact', 'company') ORDER BY name, entity"
    )
    return [{**row, "items": json.loads(row["items"]) if row["items"] else []} for row in rows]


def list_values(store: PortalStore, entity: str, record_id: int, columns: Mapping[str, str]) -> Row:
    """Return what stands in columns of a card, by the name under which each was asked; {} when there is no such card."""
    there = store.columns(entity)
    chosen = {name: column for name, column in columns.items() if column in there}
    if not chosen:
        return {}
    found = store.row(f'SELECT {", ".join(chosen.values())} FROM "{entity}" WHERE id = ?', (record_id,))
    return {name: found[column] for name, column in chosen.items()} if found else {}
