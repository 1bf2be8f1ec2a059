"""A rule as SQL answers it: asked of one client after another, and of all at once; both have to say the same."""

from __future__ import annotations

from typing import Any

from b24app.segments.compile import FOR_ALL, compile_rule
from b24app.segments.dates import Day
from b24app.segments.definitions import load_known
from b24app.segments.membership import question_of
from b24app.segments.sentences import describe
from b24app.segments.words import Speech
from b24app.store.clients import NUMBERS_END
from b24app.store.counts import keep_sets
from b24app.store.segments import Question, find_answer, list_leaves
from b24app.store.verdicts import Placed, Range, judge
from tests.b24app.segments.plain_rules import TODAY, ZONE, Answer


def answers(base: Any, rule: dict[str, Any]) -> dict[str, Answer]:
    """Return what SQL answers for every client."""
    known, day = load_known(base.ctx), Day(TODAY, ZONE)
    describe(rule, Speech("ru", day, known))
    question = question_of(compile_rule(rule, day, known))
    found = {key: find_answer(base.store, question, key) for key in sorted(base.keys())}
    for one in (question, question_of(compile_rule(rule, day, known, style=FOR_ALL))):
        assert judged(base, one) == found
    assert set(list_leaves(base.store, question, sorted(found))) == set(found)
    return found


def judged(base: Any, question: Question) -> dict[str, Answer]:
    """Return what a refresh of everybody finds."""
    with keep_sets(base.store, [question]), base.store.write() as db:
        db.conn.execute("DELETE FROM segment_answer")
        judge(base.store, 0, [Placed("x", 0, question)], Range(0, NUMBERS_END))
        moved = {row["client_key"]: row["now"] for row in base.store.rows("SELECT client_key, now FROM moved")}
    return {key: {0: False, 1: True, 2: None}[moved.get(key, 0)] for key in sorted(base.keys())}
