"""SQL by the noun verdict: what every client was found to be by every segment, kept as bits, so that a refresh finds the few that changed.

Segments are asked thirty at a time in one walk over the clients. A segment has a place: `place // GROUP` is its group, and two bits of
a client's number in that group are his: 1 he is a member, 2 the rule had no answer. Temporary tables, all in the caller's transaction:
`moved`, clients whose bits have changed; `asked`, the clients that were asked, when not all of a range were.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from b24app.store.clients import COMPANIES_FROM, NUMBERS_END, number_of
from b24app.store.folding import use_fold

if TYPE_CHECKING:
    from b24app.store.mirror import PortalStore
    from b24app.store.segments import Question

GROUP = 30  # segments in one number of 60 bits
SPAN = 2 * NUMBERS_END  # slots of a group
RANGE = 4000  # clients in one transaction
MANY = 2000  # clients in memory at once
TEMPORARY = (
    "CREATE TEMP TABLE IF NOT EXISTS moved (number INTEGER PRIMARY KEY, client_key TEXT NOT NULL, was INTEGER NOT NULL, "
    "now INTEGER NOT NULL)",
    "CREATE TEMP TABLE IF NOT EXISTS asked (number INTEGER PRIMARY KEY, client_key TEXT NOT NULL)",
    "DELETE FROM moved",
)
CURRENT = "membership.segment_key = :segment AND membership.left_at IS NULL"
NUMBER_OF = (
    f"CASE WHEN client_key LIKE 'CO%' THEN {COMPANIES_FROM} + CAST(SUBSTR(client_key, 4) AS INTEGER) "
    "ELSE CAST(SUBSTR(client_key, 3) AS INTEGER) END"
)
KEY_OF = f"CASE WHEN {{0}} >= {COMPANIES_FROM} THEN 'CO_' || ({{0}} - {COMPANIES_FROM}) ELSE 'C_' || ({{0}}) END"
KEEP = (
    "INSERT INTO segment_answer (slot, answers) SELECT {0} WHERE TRUE "
    "ON CONFLICT (slot) DO UPDATE SET answers = (segment_answer.answers & ~:mask) | excluded.answers"
)


@dataclass(frozen=True)
class Placed:
    """A segment's question with its place."""

    segment: str
    place: int
    question: Question

    @property
    def shift(self) -> int:
        """How far its bits are from the right."""
        return 2 * (self.place % GROUP)

    @property
    def bits(self) -> str:
        """SQL for its bits of a client."""
        unknown = 3 if self.question.takes_unknown else 2
        return f"CASE {self.question.answer} WHEN TRUE THEN {1 << self.shift} WHEN FALSE THEN 0 ELSE {unknown << self.shift} END"


@dataclass(frozen=True)
class Change:
    """What a judgement has changed in a segment: how many are to enter, to leave, and how many more are unknown."""

    entered: int
    left: int
    unknown: int


@dataclass(frozen=True)
class Range:
    """Clients by their numbers, from `first` to before `end`; None: those in `asked`."""

    first: int
    end: int


def group_up(placed: Iterable[Placed]) -> dict[int, list[Placed]]:
    """Return the segments by group."""
    found: dict[int, list[Placed]] = {}
    for one in placed:
        found.setdefault(one.place // GROUP, []).append(one)
    return found


def list_ranges(store: PortalStore) -> Iterator[Range]:
    """Yield ranges of RANGE clients that together hold everybody, and everybody who has ever been one."""
    first = 0
    sql = "SELECT MAX(number) AS last, COUNT(*) AS many FROM (SELECT number FROM client WHERE number >= ? ORDER BY number LIMIT ?) AS piece"
    while (row := store.row(sql, (first, RANGE))) and row["many"] == RANGE:
        yield Range(first, row["last"] + 1)
        first = row["last"] + 1
    yield Range(first, NUMBERS_END)


def ask_of(store: PortalStore, keys: Iterable[str]) -> None:
    """Say which clients the next judgements without a range are about."""
    with store.write() as db:
        _prepare(store)
        db.conn.execute("DELETE FROM asked")
        rows = ((number_of(key), key) for key in keys)
        db.conn.executemany("INSERT INTO asked (number, client_key) VALUES (?, ?) ON CONFLICT DO NOTHING", rows)


def judge(store: PortalStore, group: int, placed: Sequence[Placed], scope: Range | None = None) -> dict[str, Change]:
    """Ask these segments of one group about a range, or about `asked`; fill `moved`, keep the bits; return what changes, by segment."""
    use_fold(store)
    values: dict[str, Any] = {"base": group * SPAN, "mask": sum(3 << one.shift for one in placed)}
    for one in placed:
        values |= one.question.params
    if scope:
        values |= {"first": scope.first, "end": scope.end}
    with store.write() as db:
        _prepare(store)
        db.conn.execute(_moved(placed, scope), values)
        db.conn.execute(_gone(scope), values)
        rows = db.conn.execute("SELECT was, now, COUNT(*) FROM moved GROUP BY was, now").fetchall()
        if rows:
            db.conn.execute(KEEP.format("number + :base, now FROM moved"), values)
    return _changes(placed, rows)


def end_memberships(store: PortalStore, one: Placed, at: str) -> None:
    """End the intervals of those in `moved` who are members no more."""
    with store.write() as db:
        db.conn.execute(
            f"UPDATE membership SET left_at = :at WHERE {CURRENT} AND client_key IN "
            "(SELECT client_key FROM moved WHERE (was >> :shift) & 1 = 1 AND (now >> :shift) & 1 = 0)",
            {"segment": one.segment, "at": at, "shift": one.shift},
        )


def list_entering(store: PortalStore, one: Placed) -> Iterator[list[tuple[Any, ...]]]:
    """Yield rows of key and the question's `leaf_columns` for those in `moved` who have become members."""
    cursor = store.db.conn.execute(
        f"SELECT {one.question.leaf_columns} FROM {one.question.base} WHERE client.number IN "
        "(SELECT number FROM moved WHERE (was >> :shift) & 1 = 0 AND (now >> :shift) & 1 = 1)",
        {**one.question.params, "shift": one.shift},
    )
    while rows := cursor.fetchmany(MANY):
        yield rows


def keep_members(store: PortalStore, segment: str, place: int) -> None:
    """Take over who is in a segment that had no place yet."""
    values = {"segment": segment, "base": place // GROUP * SPAN, "mask": 3 << 2 * (place % GROUP), "bit": 1 << 2 * (place % GROUP)}
    with store.write() as db:
        db.conn.execute(KEEP.format(f"{NUMBER_OF} + :base, :bit FROM membership").replace("WHERE TRUE", f"WHERE {CURRENT}"), values)


def clear(store: PortalStore, place: int) -> None:
    """Forget the answers of a segment."""
    first, bits = place // GROUP * SPAN, 3 << 2 * (place % GROUP)
    with store.write() as db:
        db.conn.execute(
            "UPDATE segment_answer SET answers = answers & ~:bits WHERE slot >= :first AND slot < :end AND answers & :bits <> 0",
            {"first": first, "end": first + SPAN, "bits": bits},
        )


def _prepare(store: PortalStore) -> None:
    for statement in TEMPORARY:
        store.db.conn.execute(statement)


def _moved(placed: Sequence[Placed], scope: Range | None) -> str:
    """Return SQL that puts into `moved` the clients whose bits are other than those that were kept."""
    where = "client.number >= :first AND client.number < :end" if scope else "client.number IN (SELECT number FROM asked)"
    bits = " + ".join(one.bits for one in placed)
    return (
        "WITH found AS MATERIALIZED ("
        f"SELECT client.number, client.key, COALESCE(kept.answers & :mask, 0) AS was, {bits} AS now FROM {placed[0].question.base} "
        f"LEFT JOIN segment_answer AS kept ON kept.slot = client.number + :base WHERE {where}) "
        "INSERT INTO moved (number, client_key, was, now) SELECT number, key, was, now FROM found WHERE was <> now"
    )


def _gone(scope: Range | None) -> str:
    """Return SQL that puts into `moved` those who had bits and are clients no more."""
    where = "kept.slot >= :first + :base AND kept.slot < :end + :base" if scope else "kept.slot IN (SELECT number + :base FROM asked)"
    return (
        f"INSERT INTO moved (number, client_key, was, now) SELECT kept.slot - :base, {KEY_OF.format('kept.slot - :base')}, "
        "kept.answers & :mask, 0 FROM segment_answer AS kept LEFT JOIN client ON client.number = kept.slot - :base "
        f"WHERE {where} AND client.number IS NULL AND kept.answers & :mask <> 0"
    )


def _changes(placed: Sequence[Placed], rows: Sequence[tuple[int, int, int]]) -> dict[str, Change]:
    """Count what changes by segment; segments in which nothing does are left out."""
    found = {}
    for one in placed:
        entered = left = unknown = 0
        for was, now, many in rows:
            old, new = was >> one.shift & 3, now >> one.shift & 3
            if old != new:
                entered += many * (new & ~old & 1)
                left += many * (old & ~new & 1)
                unknown += many * ((new >> 1) - (old >> 1))
        if entered or left or unknown:
            found[one.segment] = Change(entered, left, unknown)
    return found
