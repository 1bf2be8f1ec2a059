"""Sights of deals in the stages of rules, and the entries that they point at. Named SQL, nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from b24app.store.mirror import PortalStore
from b24app.store.upserts import upsert

Row = dict[str, Any]

_UNSEEN = """NOT EXISTS (SELECT 1 FROM offer_sighting
        WHERE offer_sighting.rule_key = :rule AND offer_sighting.deal_id = {deal} AND offer_sighting.sign = {sign})"""
# Deals that stand in the stage, and have come there since the rule was switched on.
_STANDS = "'moved:' || deal.moved_time"
_STANDING = f"""
    SELECT deal.id AS deal_id, deal.moved_time AS seen_at, {_STANDS} AS sign FROM deal
    WHERE deal.stage_id = :stage AND deal.moved_time >= :since AND COALESCE(deal.category_id, 0) = :category
      AND {_UNSEEN.format(deal="deal.id", sign=_STANDS)}
    ORDER BY deal.moved_time, deal.id LIMIT :most
"""
# Deals that came there, wherever they are now; a line may arrive before its deal, which is waited for.
_PASSES = "'history:' || history.id"
_PASSED = f"""
    SELECT history.owner_id AS deal_id, history.created_time AS seen_at, {_PASSES} AS sign
    FROM deal_stage_history AS history JOIN deal ON deal.id = history.owner_id
    WHERE history.stage_id = :stage AND history.created_time >= :passed_since AND COALESCE(history.category_id, 0) = :category
      AND {_UNSEEN.format(deal="history.owner_id", sign=_PASSES)}
    ORDER BY history.created_time, history.id LIMIT :most
"""


def list_standing(store: PortalStore, place: Mapping[str, Any], most: int) -> list[Row]:
    """Return deals that stand in a rule's stage unseen: deal_id, seen_at, sign. `place`: rule, stage, category, since, passed_since."""
    return store.rows(_STANDING, {**place, "most": most})


def list_passed(store: PortalStore, place: Mapping[str, Any], most: int) -> list[Row]:
    """Return entries in the history of stages that are unseen: deal_id, seen_at, sign."""
    return store.rows(_PASSED, {**place, "most": most})


def find_entry_between(store: PortalStore, of: tuple[str, int], around: Sequence[str]) -> str | None:
    """Return the key of the entry of a deal under a rule between two instants, the earliest; None when there is none."""
    sql = """SELECT key FROM offer_entry WHERE rule_key = ? AND deal_id = ? AND entered_at BETWEEN ? AND ?
        ORDER BY entered_at LIMIT 1"""
    row = store.row(sql, (*of, *around))
    return str(row["key"]) if row else None


def add_entry(store: PortalStore, row: Row) -> None:
    """Keep a new entry."""
    with store.write():
        upsert(store, "offer_entry", [row])


def save_sighting(store: PortalStore, row: Row) -> None:
    """Keep what was seen, and which entry it was."""
    with store.write():
        upsert(store, "offer_sighting", [row])
