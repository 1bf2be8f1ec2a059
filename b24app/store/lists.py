"""SQL by the noun list: which cards a person has put together, whom phones and e-mails belong to, what imports have found."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from b24app.store.clients import seen_by
from b24app.store.upserts import chunks, marks, upsert

if TYPE_CHECKING:
    from b24app.context import Viewer
    from b24app.store.mirror import PortalStore

Row = dict[str, Any]
MANY = 5000
KINDS = {"PHONE": "phone", "EMAIL": "email"}


def list_communications(store: PortalStore) -> Iterator[list[tuple[str, str, str]]]:
    """Yield (kind, value, client key) of every phone and e-mail of a client and of his people, a few thousand at a time."""
    cursor = store.db.conn.execute(
        "SELECT said.kind, said.value, client.key FROM communication AS said "
        "JOIN client ON client.kind = 'company' AND said.entity = 'company' AND client.entity_id = said.entity_id "
        "WHERE said.kind IN ('PHONE', 'EMAIL') UNION ALL "
        "SELECT said.kind, said.value, link.client_key FROM communication AS said "
        "JOIN client_contact AS link ON said.entity = 'contact' AND link.contact_id = said.entity_id WHERE said.kind IN ('PHONE', 'EMAIL')"
    )
    while rows := cursor.fetchmany(MANY):
        yield rows


def put_on_list(store: PortalStore, list_key: str, client_keys: Iterable[str], at: str) -> int:
    """Put clients' cards on a list; return how many were not on it."""
    before = count_cards(store, list_key)
    with store.write() as db:
        db.conn.executemany(
            "INSERT INTO list_member (list_key, entity, entity_id, added_at) SELECT ?, kind, entity_id, ? FROM client WHERE key = ? "
            "ON CONFLICT (list_key, entity, entity_id) DO NOTHING",
            ((list_key, at, key) for key in client_keys),
        )
    return count_cards(store, list_key) - before


def take_off_list(store: PortalStore, list_key: str, client_key: str) -> None:
    """Take a client's card, and the cards of his people, off a list."""
    with store.write() as db:
        db.conn.execute(
            "DELETE FROM list_member WHERE list_key = :list AND (EXISTS (SELECT 1 FROM client WHERE client.key = :key "
            "AND client.kind = list_member.entity AND client.entity_id = list_member.entity_id) OR (entity = 'contact' "
            "AND entity_id IN (SELECT contact_id FROM client_contact WHERE client_key = :key)))",
            {"list": list_key, "key": client_key},
        )


def count_cards(store: PortalStore, list_key: str) -> int:
    """Return how many cards are on a list."""
    row = store.row("SELECT COUNT(*) AS number FROM list_member WHERE list_key = ?", (list_key,))
    return int(row["number"]) if row else 0


def list_current(store: PortalStore, segment: str) -> list[str]:
    """Return the clients that are in a segment now."""
    sql = "SELECT client_key FROM membership WHERE segment_key = ? AND left_at IS NULL ORDER BY client_key"
    return [row["client_key"] for row in store.rows(sql, (segment,))]


def save_import(store: PortalStore, row: Row) -> None:
    """Save what an import has found; `lines` are the ones that somebody should look at."""
    upsert(store, "list_import", [{**row, "lines": json.dumps(row["lines"], ensure_ascii=False)}])


def list_imports(store: PortalStore, list_key: str, limit: int = 5) -> list[Row]:
    """Return the newest imports into a list."""
    rows = store.rows("SELECT * FROM list_import WHERE list_key = ? ORDER BY at DESC, id DESC LIMIT ?", (list_key, limit))
    return [{**row, "lines": json.loads(row["lines"])} for row in rows]


def list_titles(store: PortalStore, viewer: Viewer, keys: Sequence[str]) -> dict[str, str]:
    """Return what these clients are called, as far as the viewer may see them."""
    seen, values = seen_by(viewer)
    found: dict[str, str] = {}
    for piece in chunks(keys):
        names = {f"key{number}": key for number, key in enumerate(piece)}
        sql = f"SELECT key, title FROM client WHERE {seen} AND key IN ({', '.join(f':{name}' for name in names)})"
        found |= {row["key"]: row["title"] for row in store.rows(sql, {**values, **names})}
    return found


def list_reached(store: PortalStore, keys: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return the first phone and e-mail of each of these clients: of his card, else of one of his people."""
    found: dict[str, dict[str, str]] = {key: {} for key in keys}
    for piece in chunks(keys):
        sql = (
            f"SELECT key AS client_key, 'PHONE' AS kind, phone AS value FROM client WHERE key IN ({marks(piece)}) UNION ALL "
            f"SELECT key, 'EMAIL', email FROM client WHERE key IN ({marks(piece)}) UNION ALL "
            "SELECT client_key, kind, value FROM (SELECT link.client_key, said.kind, said.value FROM client_contact AS link "
            "JOIN communication AS said ON said.entity = 'contact' AND said.entity_id = link.contact_id "
            f"WHERE link.client_key IN ({marks(piece)}) ORDER BY link.contact_id, said.id) AS others"
        )
        for row in store.rows(sql, [*piece, *piece, *piece]):
            if row["value"] and row["kind"] in KINDS:
                found[row["client_key"]].setdefault(KINDS[row["kind"]], row["value"])
    return found
