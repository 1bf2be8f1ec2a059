"""SQL by the noun segment: answers of a rule, intervals of membership, what the last refresh found.

A rule arrives compiled: `answer`, SQL over `base` (FROM `client` and what belongs to him), with named values.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from b24app.masking import masked
from b24app.store import verdicts
from b24app.store.clients import seen_by
from b24app.store.folding import like, search_words, use_fold
from b24app.store.upserts import chunks
from b24app.store.verdicts import CURRENT

if TYPE_CHECKING:
    from b24app.context import Viewer
    from b24app.store.mirror import PortalStore

Row = dict[str, Any]

STATE = ("segment_key", "members", "unknown", "day", "refreshed_at", "mark", "problem", "place")
SAVE_STATE = (
    f"INSERT INTO segment_state ({', '.join(STATE)}) VALUES ({', '.join(f':{name}' for name in STATE)}) ON CONFLICT (segment_key) "
    f"DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in STATE[1:])}"
)


@dataclass(frozen=True)
class Question:
    """A compiled rule: SQL over `base`, its values, and (answer, value) of each of its conditions."""

    base: str
    answer: str
    params: Mapping[str, Any]
    leaves: Sequence[tuple[str, str]]
    takes_unknown: bool = False  # whom the rule has no answer for is in
    sets: tuple[tuple[str, str], ...] = ()  # temporary tables that must be there: name, SELECT of a client's number and best answer

    @property
    def is_of_facts(self) -> bool:
        """Tell whether the answer reads nothing but the client's facts."""
        return not re.search(r"\b(client|own_contact|own_company)\.", self.answer)

    @property
    def leaf_columns(self) -> str:
        """SQL for every condition's answer (1, 0, NULL) and value, after the key."""
        pairs = (
            f"CASE WHEN {answer} THEN 1 WHEN NOT {answer} THEN 0 END AS answer{number}, {value} AS value{number}"
            for number, (answer, value) in enumerate(self.leaves)
        )
        return ", ".join(("client.key", *pairs))


@dataclass(frozen=True)
class Window:
    """Which part of a list: ORDER BY in our own words, how many rows, after how many."""

    order: str
    limit: int
    offset: int


# -- refresh -----------------------------------------------------------------------------------------------


def end_all_memberships(store: PortalStore, segment: str, at: str) -> int:
    """End every interval of a segment whose rule cannot be asked any more; return how many."""
    with store.write() as db:
        return db.conn.execute(f"UPDATE membership SET left_at = :at WHERE {CURRENT}", {"segment": segment, "at": at}).rowcount


def end_forgotten(store: PortalStore, segments: Sequence[str], at: str) -> None:
    """End the memberships, and forget the states, of segments that are not defined any more."""
    known = {row["segment_key"]: row["place"] for row in store.rows("SELECT segment_key, place FROM segment_state")}
    for key in set(known) - set(segments):
        with store.write() as db:
            end_all_memberships(store, key, at)
            if known[key] is not None:
                verdicts.clear(store, known[key])
            db.conn.execute("DELETE FROM segment_state WHERE segment_key = ?", (key,))
            db.conn.execute("DELETE FROM list_member WHERE list_key = ?", (key,))


def begin_memberships(store: PortalStore, segment: str, at: str, reasons: Iterable[tuple[str, str]]) -> None:
    """Begin intervals: (client key, reasons as JSON). Who left and came back within a second has never been away."""
    with store.write() as db:
        db.conn.executemany(
            "INSERT INTO membership (segment_key, client_key, entered_at, reasons) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (segment_key, client_key, entered_at) DO UPDATE SET left_at = NULL, reasons = excluded.reasons",
            ((segment, key, at, reason) for key, reason in reasons),
        )


def count_members(store: PortalStore, segment: str, viewer: Viewer) -> int:
    """Return how many members this viewer sees."""
    seen, values = seen_by(viewer)
    joined = "" if viewer.sees_all else " JOIN client ON client.key = membership.client_key"
    row = store.row(f"SELECT COUNT(*) AS number FROM membership{joined} WHERE {CURRENT} AND {seen}", {**values, "segment": segment})
    return int(row["number"]) if row else 0


def count_unknown(store: PortalStore, question: Question, viewer: Viewer) -> int:
    """Return for how many of the viewer's clients the rule has no answer."""
    use_fold(store)
    seen, values = seen_by(viewer)
    sql = f"SELECT COUNT(*) AS number FROM {question.base} WHERE {seen} AND {question.answer} IS NULL"
    row = store.row(sql, {**question.params, **values})
    return int(row["number"]) if row else 0


def find_state(store: PortalStore, segment: str) -> Row | None:
    """Return what the last refresh found: members, unknown, day, refreshed_at, mark (of what was asked), problem (words or None)."""
    row = store.row("SELECT * FROM segment_state WHERE segment_key = ?", (segment,))
    return row and _read_state(row)


def list_states(store: PortalStore) -> dict[str, Row]:
    """Return what the last refresh found, by segment."""
    return {row["segment_key"]: _read_state(row) for row in store.rows("SELECT * FROM segment_state")}


def _read_state(row: Row) -> Row:
    return {**row, "problem": json.loads(row["problem"]) if row["problem"] else None}


def save_state(store: PortalStore, state: Row) -> None:
    """Save what a refresh has found."""
    problem = json.dumps(state["problem"], ensure_ascii=False) if state["problem"] else None
    with store.write() as db:
        db.conn.execute(SAVE_STATE, {**state, "problem": problem})


def count_moves(store: PortalStore, segment: str, members: int, unknown: int) -> None:
    """Add to the numbers of members and of unknown."""
    with store.write() as db:
        sql = "UPDATE segment_state SET members = members + ?, unknown = unknown + ? WHERE segment_key = ?"
        db.conn.execute(sql, (members, unknown, segment))


def forget_marks(store: PortalStore, segments: Sequence[str]) -> None:
    """Say that these segments are to be asked of all clients."""
    with store.write() as db:
        db.conn.executemany("UPDATE segment_state SET mark = NULL WHERE segment_key = ?", ((key,) for key in segments))


def date_states(store: PortalStore, segments: Sequence[str], at: str) -> None:
    """Say that these segments are true at an instant."""
    with store.write() as db:
        db.conn.executemany("UPDATE segment_state SET refreshed_at = ? WHERE segment_key = ?", ((at, key) for key in segments))


# -- reading -----------------------------------------------------------------------------------------------


def list_user_fields(store: PortalStore) -> list[Row]:
    """Return the user fields that the portal has now."""
    return store.rows(
        "SELECT entity, name, column_name, kind, title_ru, title_en, is_multiple, items FROM user_field ORDER BY entity, name"
    )


def list_values(store: PortalStore) -> list[Row]:
    """Return what the portal's dictionaries call values: kind, id, title; in the portal's own order."""
    return store.rows(
        "SELECT kind, id, title FROM (SELECT kind, id, title, sort FROM dictionary "
        "UNION ALL SELECT entity || ' stage', id, title, category_id * 100000 + sort FROM stage "
        "UNION ALL SELECT 'category', CAST(id AS TEXT), title, sort FROM category "
        "UNION ALL SELECT 'currency', id, COALESCE(title, id), 0 FROM currency "
        "UNION ALL SELECT 'employee', CAST(id AS TEXT), name, 0 FROM employee) AS found ORDER BY kind, sort, title"
    )


def list_products(store: PortalStore, ids: Sequence[int] = (), search: str = "", limit: int = 30) -> list[Row]:
    """Return products (id, name) as the newest row of a deal calls them: these, or those whose name has the words."""
    newest = "product_row.id = (SELECT MAX(other.id) FROM product_row AS other WHERE other.product_id = product_row.product_id)"
    named = "SELECT product_id AS id, product_name AS name FROM product_row WHERE"
    if ids:
        newest = f"{named} product_id = ? ORDER BY product_row.id DESC LIMIT 1"
        return [row for number in ids if number > 0 for row in store.rows(newest, (number,))]
    use_fold(store)
    newest = "product_row.id = (SELECT MAX(other.id) FROM product_row AS other WHERE other.product_id = product_row.product_id)"
    sql = f"{named} product_id > 0 AND {newest} AND fold(product_name) LIKE fold(?) ESCAPE '\\' ORDER BY product_name LIMIT ?"
    return store.rows(sql, (like(search), limit))


def list_members(store: PortalStore, viewer: Viewer, segment: str, search: str, window: Window) -> tuple[list[Row], int]:
    """Return one page of the members that the viewer sees, and how many there are in all. `search` is anybody's.

    Contacts are masked for whoever is not responsible: see `masking`.
    """
    seen, values = seen_by(viewer)
    values |= {"segment": segment}
    conditions = [CURRENT, seen]
    for number, word in enumerate(search_words(search)):
        conditions.append(f"client.search LIKE :word{number} ESCAPE '\\'")
        values[f"word{number}"] = like(word)
    found = (
        "FROM membership JOIN client ON client.key = membership.client_key LEFT JOIN client_fact AS fact ON fact.client_key = client.key "
        f"LEFT JOIN employee ON employee.id = client.responsible_id WHERE {' AND '.join(conditions)}"
    )
    total = store.row(f"SELECT COUNT(*) AS number {found}", values)
    rows = store.rows(
        f"SELECT client.*, employee.name AS responsible, membership.entered_at {found} "
        f"ORDER BY {window.order}, client.key LIMIT :limit OFFSET :offset",
        {**values, "limit": window.limit, "offset": window.offset},
    )
    return [masked(viewer, row) for row in rows], int(total["number"]) if total else 0


def list_leaves(store: PortalStore, question: Question, keys: Sequence[str]) -> dict[str, tuple[Any, ...]]:
    """Return for each of these clients what every condition answers and finds: (answer, value, answer, value, ...)."""
    use_fold(store)
    found: dict[str, tuple[Any, ...]] = {}
    for piece in chunks(keys):
        names = {f"key{number}": key for number, key in enumerate(piece)}
        sql = f"SELECT {question.leaf_columns} FROM {question.base} WHERE client.key IN ({', '.join(f':{name}' for name in names)})"
        for row in store.rows(sql, {**question.params, **names}):
            key, *values = row.values()
            found[key] = tuple(values)
    return found


def find_answer(store: PortalStore, question: Question, key: str) -> bool | None:
    """Return the rule's answer for one client; None is unknown."""
    use_fold(store)
    sql = f"SELECT {question.answer} AS answer FROM {question.base} WHERE client.key = :asked_key"
    row = store.row(sql, {**question.params, "asked_key": key})
    return None if row is None or row["answer"] is None else bool(row["answer"])


def list_segments_of(store: PortalStore, key: str) -> list[Row]:
    """Return the segments in which a client is now: segment_key, entered_at."""
    return store.rows(
        "SELECT segment_key, entered_at FROM membership WHERE client_key = ? AND left_at IS NULL ORDER BY entered_at, segment_key", (key,)
    )
