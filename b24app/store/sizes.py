"""SQL by the noun size: how large segments were day by day, who came and went, whom they share, who was in on a day."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from b24app.store.clients import seen_by
from b24app.store.verdicts import GROUP, SPAN

if TYPE_CHECKING:
    from b24app.context import Viewer
    from b24app.store.mirror import PortalStore

Row = dict[str, Any]

# Two sums over the clients' numbers: sets of clients with equal counts and sums are the same people.
PATTERNS = """
    SELECT kept.answers, COUNT(*) AS members, SUM(fact.revenue) AS revenue, SUM(fact.number) AS numbers,
        SUM(fact.number % 1000003 * (fact.number % 1000003) % 1000003) AS squares
    FROM segment_answer AS kept JOIN client_fact AS fact ON fact.number = kept.slot - :first
    WHERE kept.slot >= :first AND kept.slot < :end GROUP BY kept.answers"""
SAVE = (
    "INSERT INTO segment_size (segment_key, day, members, revenue, mark) VALUES (?, ?, ?, ?, ?) "
    "ON CONFLICT (segment_key, day) DO UPDATE SET members = excluded.members, revenue = excluded.revenue, mark = excluded.mark"
)
DAY_IN = "entered_at < :end AND (left_at IS NULL OR left_at >= :end)"


def measure(store: PortalStore, day: str) -> None:
    """Note the size of every segment today; one that is empty has zero members."""
    placed = {row["segment_key"]: row["place"] for row in store.rows("SELECT segment_key, place FROM segment_state")}
    sums: dict[int, list[float]] = {}
    for group in {place // GROUP for place in placed.values()}:
        for answers, *more in store.tuples(PATTERNS, {"first": group * SPAN, "end": (group + 1) * SPAN}):
            for place in range(group * GROUP, (group + 1) * GROUP):
                if answers >> 2 * (place % GROUP) & 1:
                    sums[place] = [one + (other or 0) for one, other in zip(sums.get(place, (0, 0, 0, 0)), more, strict=True)]
    with store.write() as db:
        db.conn.execute("DELETE FROM segment_size WHERE day = ?", (day,))
        db.conn.executemany(SAVE, [(key, day, *_size(sums.get(place))) for key, place in placed.items()])


def _size(sums: Sequence[float] | None) -> tuple[float, float, str]:
    """Return members, revenue and the mark of a segment."""
    return (sums[0], sums[1], f"{sums[0]}:{sums[2]}:{sums[3]}") if sums else (0, 0, "")


def list_sizes(store: PortalStore, since: str) -> dict[str, list[Row]]:
    """Return each segment's sizes from a day on, the oldest first: day, members, revenue, mark."""
    found: dict[str, list[Row]] = {}
    for row in store.rows("SELECT * FROM segment_size WHERE day >= ? ORDER BY segment_key, day", (since,)):
        found.setdefault(row["segment_key"], []).append(row)
    return found


def last_changes(store: PortalStore) -> dict[str, Row]:
    """Return when each segment first had somebody in it, and when somebody last came or went: first, last (instants)."""
    rows = store.rows(
        "SELECT segment_key, MIN(entered_at) AS first, MAX(entered_at) AS entered, MAX(left_at) AS gone FROM membership "
        "GROUP BY segment_key"
    )
    return {row["segment_key"]: {"first": row["first"], "last": max(filter(None, (row["entered"], row["gone"])))} for row in rows}


def total_revenue(store: PortalStore) -> float:
    """Return the revenue of the whole base."""
    row = store.row("SELECT SUM(revenue) AS total FROM client_fact")
    return float(row["total"] or 0) if row else 0.0


def list_flows(store: PortalStore, segment: str, since: str) -> list[Row]:
    """Return how many came and went by day (UTC) from an instant on: day, entered, gone."""
    return store.rows(
        "SELECT day, SUM(entered) AS entered, SUM(gone) AS gone FROM ("
        "SELECT SUBSTR(entered_at, 1, 10) AS day, 1 AS entered, 0 AS gone FROM membership "
        "WHERE segment_key = :key AND entered_at >= :since UNION ALL SELECT SUBSTR(left_at, 1, 10), 0, 1 FROM membership "
        "WHERE segment_key = :key AND left_at >= :since) AS moves "
        "GROUP BY day ORDER BY day",
        {"key": segment, "since": since},
    )


def list_overlaps(store: PortalStore, segment: str) -> list[Row]:
    """Return the segments that share members with this one, the closest first: segment_key, shared."""
    return store.rows(
        "SELECT other.segment_key, COUNT(*) AS shared FROM membership AS own JOIN membership AS other ON other.client_key = own.client_key "
        "AND other.left_at IS NULL AND other.segment_key <> own.segment_key WHERE own.segment_key = ? AND own.left_at IS NULL "
        "GROUP BY other.segment_key ORDER BY shared DESC, other.segment_key",
        (segment,),
    )


def list_members_at(store: PortalStore, viewer: Viewer, segment: str, end: str, limit: int) -> tuple[list[Row], int]:
    """Return who was in just before an instant: client_key, title, entered_at, left_at, reasons; and how many there were."""
    seen, values = seen_by(viewer)
    found = f"FROM membership JOIN client ON client.key = membership.client_key WHERE segment_key = :segment AND {DAY_IN} AND {seen}"
    params = {**values, "segment": segment, "end": end}
    total = store.row(f"SELECT COUNT(*) AS number {found}", params)
    rows = store.rows(
        f"SELECT membership.*, client.title {found} ORDER BY client.search, client.key LIMIT :limit", {**params, "limit": limit}
    )
    return [{**row, "reasons": json.loads(row["reasons"] or "[]")} for row in rows], int(total["number"]) if total else 0
