"""Works out the facts of touched clients, and of a large base by several processes at once: they read and count, the caller writes.

A process of the crew reads the same file and writes nothing. It is started for one walk over all clients, is told of them by its
standard input, and ends with it, whatever becomes of who has started it.
"""

from __future__ import annotations

import gc
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, tzinfo
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from b24app.clients.counting import World, count_facts
from b24app.clients.evidence import gather
from b24app.clients.facts import ASKED
from b24app.clients.identity import client_row
from b24app.clients.learning import Learned, load_learned
from b24app.clients.rfm import choose_edges
from b24app.clients.settings import Choices
from b24app.store import clients as sql
from b24app.store.cursors import find_cursor
from b24app.store.database import open_reader
from b24app.store.evidence import list_titles
from b24app.store.facts import list_asked
from b24app.store.mirror import PortalStore

if TYPE_CHECKING:
    from b24app.context import Context

HANDS = min(2, os.cpu_count() or 1)
AHEAD = 2  # pieces that a process has been told of and not yet given back
COUNTED = "clients counted"  # the cursor that moves with every client that was counted by himself
GONE = (OSError, EOFError, pickle.UnpicklingError)
ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True)
class Terms:
    """What all clients are counted by."""

    zone: tzinfo
    today: date
    choices: Choices


@dataclass(frozen=True)
class Counted:
    """What was worked out: rows of `client` and of `client_fact`, and what COUNTED said when it was read."""

    mark: str | None
    cards: list[dict[str, Any]]
    facts: list[tuple[Any, ...]]


def terms_of(ctx: Context, choices: Choices) -> Terms:
    """Return what clients are counted by today."""
    return Terms(ctx.portal.zone, date.fromisoformat(ctx.today()), choices)


def list_cards(store: PortalStore, terms: Terms) -> list[dict[str, Any]]:
    """Return the rows of `client` for those of the touched who are clients."""
    return [client_row(card) for card in sql.list_cards(store, terms.choices.mode)]


def list_counted(store: PortalStore, terms: Terms, learned: Learned) -> list[tuple[Any, ...]]:
    """Return the rows of `client_fact` for the touched whose cards are there."""
    choices = terms.choices
    clients = gather(store, terms.zone, list_asked(store, ASKED), choices)
    rhythm = learned.with_groups(store, {client.group for client in clients.values()})
    consents = list_titles(store, choices.consent_field) if choices.consent_field else {}
    edges = choose_edges(choices.rfm, learned.edges, terms.today)
    values = count_facts(list(clients.values()), World(terms.today, choices, rhythm, edges, learned.forecaster, consents))
    return [(key, *row) for key, row in zip(clients, values, strict=True)]


def count_apart(path: Path, terms: Terms, pieces: Sequence[list[str]]) -> Iterator[tuple[list[str], Counted]]:
    """Yield every piece of clients with what a process of the crew has worked out for it. Raises GONE when one is gone."""
    with ExitStack() as stack:
        crew = [stack.enter_context(_process(path, terms)) for _ in range(HANDS)]
        told = 0
        for number, piece in enumerate(pieces):
            while told < min(number + HANDS * AHEAD, len(pieces)):
                _tell(crew[told % HANDS].stdin, pieces[told])
                told += 1
            yield piece, pickle.load(crew[number % HANDS].stdout)  # noqa: S301 - our own process  # nosec B301


@contextmanager
def _process(path: Path, terms: Terms) -> Iterator[Any]:
    """Start a process of the crew; it is gone in the end."""
    variables = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-c", "from b24app.clients.crew import main; main()"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, cwd=ROOT, env=variables) as process:  # noqa: S603 - our own  # nosec B603
        try:
            _tell(process.stdin, (path.resolve(), terms))
            yield process
        finally:
            process.kill()


def _tell(pipe: IO[bytes] | None, what: Any) -> None:
    if pipe is None:
        raise OSError("the process was started without pipes")
    pickle.dump(what, pipe)
    pipe.flush()


def main() -> None:
    """Be a process of the crew: count what standard input names until it ends."""
    gc.disable()  # rows make no circles, and looking for some takes a tenth of the time
    path, terms = pickle.load(sys.stdin.buffer)  # noqa: S301 - from the process that has started us  # nosec B301
    with PortalStore(open_reader(path), writable=False) as store:
        learned = load_learned(store)
        while True:
            try:
                keys = pickle.load(sys.stdin.buffer)  # noqa: S301  # nosec B301
                _tell(sys.stdout.buffer, count(store, terms, learned, keys))
            except (EOFError, BrokenPipeError):
                return


def count(store: PortalStore, terms: Terms, learned: Learned, keys: Sequence[str]) -> Counted:
    """Work out some clients by one state of the file."""
    with store.scratch():
        mark = find_cursor(store, COUNTED)
        sql.touch(store, keys)
        cards = list_cards(store, terms)
        sql.shadow_cards(store, cards)
        return Counted(mark, cards, list_counted(store, terms, learned))
