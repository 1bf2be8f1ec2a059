"""SQL by the noun fact: the catalogue of facts, their values, counts over them. The rest of a client is in `store.clients`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from b24app.store.clients import number_of, seen_by
from b24app.store.upserts import chunks, marks, replace_all

if TYPE_CHECKING:
    from b24app.context import Viewer
    from b24app.store.mirror import PortalStore

Row = dict[str, Any]


def save_catalogue(store: PortalStore, rows: Sequence[Row]) -> None:
    """Say what facts there are: whoever builds rules or pages reads it here."""
    if list_catalogue(store) != list(rows):
        replace_all(store, "fact", rows)


def list_catalogue(store: PortalStore) -> list[Row]:
    """Return the facts in their order: key, position, kind, since, words (JSON), fact_group."""
    return store.rows("SELECT key, position, kind, since, words, fact_group FROM fact ORDER BY position")


def list_asked(store: PortalStore, expressions: Mapping[str, str]) -> dict[str, Row]:
    """Ask for facts of the touched clients: column to SQL over `deal` (client_deal) and `client`, one group a client."""
    cursor = store.db.conn.execute(
        f"SELECT client.key, {', '.join(expressions.values())} FROM touched CROSS JOIN client ON client.key = touched.client_key "
        "LEFT JOIN client_deal AS deal ON deal.client_key = client.key GROUP BY client.key, client.last_activity"
    )
    return {row[0]: dict(zip(expressions, row[1:], strict=True)) for row in cursor}


def save_facts(store: PortalStore, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    """Save facts of clients that have none: (client key, a value for each column)."""
    names = ("number", "client_key", *columns)
    with store.write() as db:
        db.conn.executemany(
            f"INSERT INTO client_fact ({', '.join(names)}) VALUES ({marks(names)})", ((number_of(row[0]), *row) for row in rows)
        )


def list_facts(store: PortalStore, keys: Sequence[str], today: date) -> dict[str, Row]:
    """Return the facts of these clients; those in days are counted now."""
    catalogue = [(fact["key"], fact["since"]) for fact in list_catalogue(store)]
    found = {}
    for piece in chunks(keys):
        for row in store.rows(f"SELECT * FROM client_fact WHERE client_key IN ({marks(piece)})", piece):
            found[row["client_key"]] = {key: days_since(row[since], today) if since else row[key] for key, since in catalogue}
    return found


def days_since(day: str | None, today: date) -> int | None:
    """Return how many days ago a date was."""
    return (today - date.fromisoformat(day)).days if day else None


def count_cells(store: PortalStore, viewer: Viewer) -> list[Row]:
    """Return the viewer's buyers by their scores: r_score, f_score, clients, revenue (None where one of them is unknown)."""
    seen, values = seen_by(viewer)
    return store.rows(
        "SELECT fact.r_score, fact.f_score, COUNT(*) AS clients, "
        "CASE WHEN COUNT(fact.revenue) = COUNT(*) THEN SUM(fact.revenue) END AS revenue "
        f"FROM client JOIN client_fact AS fact ON fact.number = client.number WHERE fact.r_score IS NOT NULL AND {seen} "
        "GROUP BY fact.r_score, fact.f_score",
        values,
    )


def count_groups(store: PortalStore, viewer: Viewer) -> list[Row]:
    """Return the viewer's buyers by named group: rfm_group, clients, revenue."""
    seen, values = seen_by(viewer)
    return store.rows(
        "SELECT fact.rfm_group, COUNT(*) AS clients, SUM(fact.revenue) AS revenue FROM client "
        f"JOIN client_fact AS fact ON fact.number = client.number WHERE fact.rfm_group IS NOT NULL AND {seen} GROUP BY fact.rfm_group",
        values,
    )


def list_purchases(store: PortalStore, viewer: Viewer, key: str) -> list[Row]:
    """Return the purchases of a client that the viewer sees, the oldest first: deal_id, title, bought_on, amount."""
    seen, values = seen_by(viewer)
    return store.rows(
        "SELECT own.deal_id, deal.title, own.bought_on, own.amount FROM client JOIN client_deal AS own ON own.client_key = client.key "
        f"JOIN deal ON deal.id = own.deal_id WHERE client.key = :key AND own.state = 'S' AND {seen} ORDER BY own.bought_on, own.deal_id",
        {**values, "key": key},
    )
