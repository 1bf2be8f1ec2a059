"""Who came and who went is announced to the rest of the app by a durable job. A listener is a line in LISTENERS.

Told at least once: a listener must not mind hearing the same twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from b24app.segments.dates import INSTANT
from b24app.segments.membership import MOVES
from b24app.segments.write_back import is_enabled, write_back
from b24app.store import written as sql
from b24app.store.calls import stir
from b24app.store.cursors import find_cursor, save_cursor

if TYPE_CHECKING:
    from b24app.context import Context

TOLD = "membership told"  # a cursor: the instant up to which it was announced


@dataclass(frozen=True)
class Move:
    """A client has entered a segment, or left it."""

    segment_key: str
    client_key: str
    entered: bool


Listener = Callable[["Context", Sequence[Move]], object]


def write_moved(ctx: Context, moves: Sequence[Move]) -> None:
    """Let the cards of those who moved say so."""
    if is_enabled(ctx):
        write_back(ctx, sorted({move.client_key for move in moves}))


def stir_moved(ctx: Context, moves: Sequence[Move]) -> None:
    """Let calls of robots that wait for the sake of those who moved be looked at again."""
    stir(ctx.store, sorted({move.client_key for move in moves}))


LISTENERS: tuple[Listener, ...] = (write_moved, stir_moved)


def announce(ctx: Context) -> dict[str, int]:
    """Tell every listener who has moved since the last time; return how many moves there were, by segment."""
    # No refresh is under way here: all that has an earlier moment is committed, what is not seen now will have a later one.
    with ctx.store.refreshing:
        since, now = find_cursor(ctx.store, TOLD), ctx.now().strftime(INSTANT)
        # Before the first time everybody has just come: that is the beginning, not news.
        rows = sql.list_moved(ctx.store, since) if since else []
    moves = [Move(row["segment_key"], row["client_key"], bool(row["entered"])) for row in rows]
    for listener in LISTENERS if moves else ():
        listener(ctx, moves)
    save_cursor(ctx.store, TOLD, now)
    counts: dict[str, int] = {}
    for move in moves:
        counts[move.segment_key] = counts.get(move.segment_key, 0) + 1
    return counts


def moves_moment(ctx: Context) -> str:
    """Return the name of the moves that are to be announced; '' when nobody has moved yet."""
    return find_cursor(ctx.store, MOVES) or ""
