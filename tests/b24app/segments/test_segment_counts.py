"""Counts while somebody types: by several readers, piece by piece, exactly or about; and how refreshes find what has changed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from b24app.segments import membership
from b24app.segments.definitions import Definition, remove, save
from b24app.segments.drafts import preview
from b24app.segments.membership import refresh
from b24app.store import counts, verdicts
from b24app.store.database import open_writer
from b24app.store.migrations.mirror import MIGRATIONS
from b24app.store.mirror import PortalStore

WORDS = {"ru": "", "en": ""}
MANY_PURCHASES = {"criterion": "fact", "fact": "purchases", "op": ">=", "value": 2}
LARGE_DEAL = {"criterion": "field", "of": "deal", "field": "opportunity", "op": ">", "value": 100}
BIG = {"any": [MANY_PURCHASES, LARGE_DEAL]}
RULES = (
    MANY_PURCHASES,
    LARGE_DEAL,
    {"criterion": "field", "of": "client", "field": "UF_CRM_UNTIL", "op": ">", "value": "2025-01-01"},
    {"all": [MANY_PURCHASES, {"not": {"criterion": "activity", "kind": "any"}}]},
)


@pytest.fixture
def crowd(base: Any, tmp_path: Path) -> Any:
    """Forty clients in a file, with deals, a date that some lack, and people of companies."""
    base.store.close()
    base.store = PortalStore(open_writer(tmp_path / "m1.db", MIGRATIONS), writable=True)
    base.ctx = replace(base.ctx, store=base.store)
    for card in ("contact", "company"):
        base.user_field(card, "UF_CRM_UNTIL")
    for number in range(1, 41):
        if number % 4:
            base.contact(number, uf_crm_until="2025-06-01" if number % 3 else None)
        else:
            base.company(number, uf_crm_until="2024-06-01")
        for deal in range(number % 4):
            owner = {"contacts": [number]} if number % 4 else {"company": number}
            base.deal(number * 10 + deal, won="2025-05-01", opportunity=40.0 * (deal + 1), **owner)
    base.update()
    return base


def counted(base: Any, rule: Any, whole: bool) -> tuple[int, int, int, bool]:
    """Return what a preview says."""
    found = preview(base.ctx, rule, whole=whole)
    return found.yes, found.no, found.unknown, found.is_about


def members(base: Any, segment: str) -> set[str]:
    """Return who is in now."""
    sql = "SELECT client_key FROM membership WHERE segment_key = ? AND left_at IS NULL"
    return {row["client_key"] for row in base.store.rows(sql, (segment,))}


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_count_by_pieces_is_that_of_all_at_once(crowd: Any, monkeypatch: pytest.MonkeyPatch, rule: Any) -> None:
    """With time enough the pieces come out exactly, for who sees all and for who sees his own."""
    monkeypatch.setattr(counts, "SMALL", 0)
    monkeypatch.setattr(counts, "PIECE", 7)
    monkeypatch.setattr(counts, "PIECE_BY_CLIENT", 3)
    monkeypatch.setattr(counts, "SOON", 60.0)

    assert counted(crowd, rule, whole=False) == counted(crowd, rule, whole=True)
    assert sum(counted(crowd, rule, whole=True)[:3]) == 40
    crowd.ctx = crowd.seen_by(9)
    assert counted(crowd, rule, whole=False) == (0, 0, 0, False)


def test_count_without_time_tells_of_all_by_some(crowd: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever cannot wait is told about, and of as many clients as there are."""
    monkeypatch.setattr(counts, "SMALL", 0)
    monkeypatch.setattr(counts, "PIECE_BY_CLIENT", 3)
    monkeypatch.setattr(counts, "FEWEST", 1)
    monkeypatch.setattr(counts, "soon", lambda _: -1.0)

    yes, no, unknown, is_about = counted(crowd, LARGE_DEAL, whole=False)

    assert is_about
    assert yes + no + unknown == 40


def test_reader_that_fails_is_heard(crowd: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes wrong in a reader's thread is raised to who has asked."""
    monkeypatch.setattr(counts, "SMALL", 0)
    monkeypatch.setattr(counts, "COUNTED", "SELECT {0} FROM {1} nonsense {2}")

    with pytest.raises(Exception, match="nonsense"):
        preview(crowd.ctx, MANY_PURCHASES)


def test_refresh_of_a_large_base_is_that_of_a_small_one(crowd: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Records walked through once, and clients in many ranges, let in the same people, with the same reasons."""
    save(crowd.ctx, Definition("small", WORDS, WORDS, BIG))
    refresh(crowd.ctx)
    monkeypatch.setattr(membership, "MANY", 0)
    monkeypatch.setattr(verdicts, "RANGE", 7)
    save(crowd.ctx, Definition("large", WORDS, WORDS, BIG))

    done = {one.key: (one.entered, one.left, one.members) for one in refresh(crowd.ctx)}
    reasons = crowd.store.rows("SELECT client_key, MIN(reasons) AS one, MAX(reasons) AS other FROM membership GROUP BY client_key")

    assert members(crowd, "small") == members(crowd, "large") != set()
    assert done == {"small": (0, 0, len(members(crowd, "small"))), "large": (len(members(crowd, "large")), 0, len(members(crowd, "large")))}
    assert all(row["one"] == row["other"] for row in reasons)


def test_client_that_is_gone_leaves_in_a_refresh_of_all(crowd: Any) -> None:
    """Nobody has to name him: his bits are there and he is not."""
    save(crowd.ctx, Definition("many", WORDS, WORDS, MANY_PURCHASES))
    refresh(crowd.ctx)
    gone = sorted(members(crowd, "many"))[0]
    crowd.delete("contact", int(gone[2:]))
    crowd.update()
    with crowd.store.write() as db:
        db.conn.execute("DELETE FROM client WHERE key = ?", (gone,))

    (done,) = refresh(crowd.ctx)

    assert (done.entered, done.left) == (0, 1)
    assert gone not in members(crowd, "many")


def test_place_of_a_segment_that_was_removed_is_taken_clean(crowd: Any) -> None:
    """The next segment in the same place begins with nobody, and the first one's people have left."""
    save(crowd.ctx, Definition("one", WORDS, WORDS, MANY_PURCHASES))
    refresh(crowd.ctx)
    remove(crowd.ctx, "one")
    save(crowd.ctx, Definition("two", WORDS, WORDS, LARGE_DEAL))

    (done,) = refresh(crowd.ctx)
    place = crowd.store.row("SELECT place FROM segment_state WHERE segment_key = 'two'")

    assert place == {"place": 0}
    assert (done.entered, done.members) == (len(members(crowd, "two")), len(members(crowd, "two")))
    assert members(crowd, "one") == set()


def test_members_of_before_places_are_taken_over(crowd: Any) -> None:
    """A file of an earlier version has members and no bits: nobody leaves or enters by the change."""
    save(crowd.ctx, Definition("many", WORDS, WORDS, MANY_PURCHASES))
    refresh(crowd.ctx)
    with crowd.store.write() as db:
        db.conn.execute("UPDATE segment_state SET place = NULL")
        db.conn.execute("DELETE FROM segment_answer")

    (done,) = refresh(crowd.ctx)

    assert (done.entered, done.left, done.members) == (0, 0, len(members(crowd, "many")))


def test_more_segments_than_one_number_holds(crowd: Any) -> None:
    """The thirty-first segment is in another group; sizes of the day are true for both."""
    for number in range(33):
        save(crowd.ctx, Definition(f"s{number}", WORDS, WORDS, {**MANY_PURCHASES, "value": number % 4}))

    done = {one.key: one.members for one in refresh(crowd.ctx)}
    sizes = {row["segment_key"]: row["members"] for row in crowd.store.rows("SELECT segment_key, members FROM segment_size")}
    marks = {row["mark"] for row in crowd.store.rows("SELECT mark FROM segment_size")}

    assert sizes == done == {f"s{number}": len(members(crowd, f"s{number}")) for number in range(33)}
    assert len(marks) == 4
