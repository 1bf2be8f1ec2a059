"""Draws the columns of all deals: when, whose, at which stage, with which basket. Numbers only; `deals.py` makes records of them.

Columns in place of objects, because a million deals must fit into some tens of megabytes.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from random import Random

from sandbox.company.catalogue import DEAL_KINDS, KIND_INDEX, VARIANTS, YEARS, basket_index
from sandbox.company.days import DAY, PAST, Days
from sandbox.company.dictionaries import STAGE_INDEX, STAGES
from sandbox.company.habits import ALIVE, HABIT_INDEX, HABITS, HISTORY, NEVER, share_purchases

NOBODY = -1  # the client of a deal that has none
OPEN = -1  # the closing minute of a deal that is not closed
MOST_OPEN = 400  # a kanban that a person can still look at, however long the history is
OUTCOMES = ("P", "S", "F")
WORKING, WON, LOST = range(3)


def _kinds(*weighted: tuple[str, int]) -> tuple[int, ...]:
    return tuple(KIND_INDEX[key] for key, weight in weighted for _ in range(weight))


FIRST_KINDS = _kinds(("machine", 4), ("kitchen", 2), ("complex", 2), ("goods", 2), ("service", 1), ("repair", 1))
NEXT_KINDS = _kinds(("goods", 8), ("service", 2), ("visit", 2), ("repair", 3), ("machine", 1), ("kitchen", 1), ("complex", 1))
BULK_KINDS = _kinds(("bulk", 9), ("machine", 1), ("complex", 1))
OPEN_STAGES = tuple(
    STAGE_INDEX[id_]
    for id_, weight in (
        ("NEW", 3), ("PREPARATION", 2), ("PREPAYMENT_INVOICE", 2), ("EXECUTING", 2), ("FINAL_INVOICE", 2),
        ("C1:NEW", 2), ("C1:PREPARATION", 2), ("C1:EXECUTING", 2), ("C1:FINAL_INVOICE", 1),
    )
    for _ in range(weight)
)  # fmt: skip
# What is sold in open deals, taken in turn, so that every stage has some of everything, service contracts above all.
OPEN_KINDS = (_kinds(("service", 3), ("machine", 2), ("goods", 2), ("kitchen", 1), ("complex", 1)), _kinds(("visit", 1), ("repair", 2)))
CLOSED_STAGES = tuple(
    {
        outcome: tuple(i for i, stage in enumerate(STAGES) if stage.category == category and stage.semantics == OUTCOMES[outcome])
        for outcome in (WON, LOST)
    }
    for category in (0, 1)
)


@dataclass
class DealColumns:
    """All deals in the order of creation; a deal's id is its place plus one. Minutes are of `Days`."""

    created: array[int] = field(default_factory=lambda: array("i"))
    closed: array[int] = field(default_factory=lambda: array("i"))
    client: array[int] = field(default_factory=lambda: array("i"))
    stage: array[int] = field(default_factory=lambda: array("B"))
    basket: array[int] = field(default_factory=lambda: array("H"))

    def __len__(self) -> int:
        return len(self.created)


@dataclass(frozen=True)
class Mix:
    """How many deals of each sort make up the wanted number exactly."""

    working: int
    won: int
    lost: int
    nobody: int

    @classmethod
    def of(cls, deals: int) -> Mix:
        working = min(deals // 5, MOST_OPEN)
        nobody = max(deals // 200, min(3, deals // 20))
        lost = (deals - working - nobody) // 5
        return cls(working, deals - working - nobody - lost, lost, nobody)


def draw_deals(rng: Random, days: Days, habits: array[int], deals: int) -> DealColumns:
    """Draw exactly `deals` deals; `habits` is changed where there are too few deals for all."""
    mix = Mix.of(deals)
    counts = share_purchases(habits, mix.won)
    draft = _Draft(rng, days)
    for client, count in enumerate(counts):
        if count:
            for age in HABITS[habits[client]].fall(rng, count):
                draft.close(client, age, WON)
    won = len(draft.client)
    for _ in range(mix.lost):
        draft.lose_after(won)
    for number in range(mix.nobody + mix.won - won):
        draft.close(NOBODY, 1 + int(rng.random() * HISTORY), LOST if number % 3 else WON)
    _draw_open(draft, habits, mix.working)
    return draft.finish(habits)


def _draw_open(draft: _Draft, habits: array[int], count: int) -> None:
    """Open deals: of clients who still buy, a few of those who have not bought yet, and one or two of nobody."""
    rng = draft.rng
    alive = [client for client, habit in enumerate(habits) if habit in ALIVE] or [NOBODY]
    fresh = [client for client, habit in enumerate(habits) if habit == NEVER][::4] or alive
    for number in range(count):
        pool = fresh if number % 12 == 5 else alive
        client = NOBODY if number % 90 == 7 else pool[int(rng.random() * len(pool))]
        draft.open(client, 1 + int(rng.random() * 45))


class _Draft:
    """Deals in the order of drawing, before they are put in the order of creation."""

    def __init__(self, rng: Random, days: Days) -> None:
        self.rng, self.days = rng, days
        self.created, self.closed, self.client, self.outcome = array("i"), array("i"), array("i"), array("B")

    def close(self, client: int, age: int, outcome: int) -> None:
        """A deal that ended `age` days ago; it took three weeks at most."""
        rng = self.rng
        self.closed.append(self.days.working_minute(rng, PAST - age))
        self.created.append(self.days.working_minute(rng, PAST - age - 3 - int(rng.random() * 18)))
        self.client.append(client)
        self.outcome.append(outcome)

    def lose_after(self, won: int) -> None:
        """A lost deal within weeks after one of the first `won` deals, of the same client."""
        if not won:
            self.close(NOBODY, 1 + int(self.rng.random() * HISTORY), LOST)
            return
        place = int(self.rng.random() * won)
        age = PAST - self.closed[place] // DAY
        self.close(self.client[place], max(1, age - int(self.rng.random() * 40)), LOST)

    def open(self, client: int, age: int) -> None:
        self.created.append(self.days.working_minute(self.rng, PAST - age))
        self.closed.append(OPEN)
        self.client.append(client)
        self.outcome.append(WORKING)

    def finish(self, habits: array[int]) -> DealColumns:
        """Put deals in order and choose what each is about."""
        order = sorted(range(len(self.created)), key=self.created.__getitem__)
        made = DealColumns()
        made.created = array("i", (self.created[i] for i in order))
        made.closed = array("i", (self.closed[i] for i in order))
        made.client = array("i", (self.client[i] for i in order))
        _fill_stages(self, made, array("B", (self.outcome[i] for i in order)), habits)
        return made


def _fill_stages(draft: _Draft, made: DealColumns, outcomes: array[int], habits: array[int]) -> None:
    rng, years, this_year = draft.rng, draft.days.years, draft.days.years[PAST]
    known, working, bulk = bytearray(len(habits) + 1), 0, HABIT_INDEX["wholesale"]
    turns = [0, 0]
    for outcome, client, created in zip(outcomes, made.client, made.created, strict=True):
        if outcome == WORKING:
            stage = OPEN_STAGES[working % len(OPEN_STAGES)]
            working += 1
            pipeline = STAGES[stage].category
            kind = OPEN_KINDS[pipeline][turns[pipeline] % len(OPEN_KINDS[pipeline])]
            turns[pipeline] += 1
        else:
            slots = BULK_KINDS if client >= 0 and habits[client] == bulk else NEXT_KINDS if known[client] else FIRST_KINDS
            kind = slots[int(rng.random() * len(slots))]
            ends = CLOSED_STAGES[DEAL_KINDS[kind].category][outcome]
            stage = ends[int(rng.random() ** 2 * len(ends))]
        known[client] = client >= 0
        made.stage.append(stage)
        years_ago = min(YEARS - 1, this_year - years[created // DAY])
        made.basket.append(basket_index(kind, years_ago, int(rng.random() * VARIANTS)))
