"""What became of offers: their lives as lists and counts, who is due to be asked about, marks of people. Named SQL, nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from b24app.store.clients import one_of
from b24app.store.mirror import PortalStore

if TYPE_CHECKING:
    from b24app.context import Viewer

Row = dict[str, Any]

# The first that is true: documents.offer.LIVES has them in this order. A deal that is not in the mirror yet is still open.
_LIFE = """CASE
    WHEN offer.replaced_by IS NOT NULL THEN 'replaced'
    WHEN deal.stage_semantic_id = 'S' THEN 'won'
    WHEN deal.stage_semantic_id = 'F' THEN 'lost'
    WHEN offer.valid_until < :today THEN 'expired'
    WHEN offer.opened_at IS NOT NULL THEN 'opened'
    WHEN offer.sent_at IS NOT NULL THEN 'sent'
    ELSE 'issued' END"""
_LIVES = f"""
    SELECT offer.*, deal.title AS deal_title, {_LIFE} AS life FROM offer
    LEFT JOIN deal ON deal.id = offer.deal_id
    LEFT JOIN client ON client.key = offer.client_key
    WHERE offer.document_id IS NOT NULL AND {{seen}}
"""
_ASKED: Mapping[str, str] = {
    "template": "template = :template",
    "rule": "COALESCE(rule_key, '') = :rule",
    "segment": "segments LIKE :segment",
    "manager": "responsible_id = :manager",
    "life": "life = :life",
    # How far an offer has come: each later one was the earlier ones too.
    "reached": """(life <> 'replaced' AND (:reached = 'issued' OR life = 'won'
        OR (:reached = 'sent' AND (sent_at IS NOT NULL OR opened_at IS NOT NULL)) OR (:reached = 'opened' AND opened_at IS NOT NULL)))""",
    "deal": "deal_id = :deal",
}


def list_lives(store: PortalStore, viewer: Viewer, today: str, asked: Mapping[str, Any] | None = None, most: int = 100000) -> list[Row]:
    """Return offers with their `life`, the newest first, for this viewer. `asked`: see _ASKED; what is not there is all."""
    seen, values = _seen(viewer)
    wanted = {name: value for name, value in (asked or {}).items() if name in _ASKED}
    if "segment" in wanted:
        wanted["segment"] = f'%"{wanted["segment"]}"%'
    where = " AND ".join([_ASKED[name] for name in wanted]) or "TRUE"
    sql = f"SELECT * FROM ({_LIVES.format(seen=seen)}) AS known WHERE {where} ORDER BY created_at DESC, key LIMIT :most"
    return store.rows(sql, {"today": today, "most": most, **values, **wanted})


def find_life(store: PortalStore, viewer: Viewer, today: str, key: str) -> Row | None:
    """Return one offer with its `life`, or None when there is none for this viewer."""
    seen, values = _seen(viewer)
    return store.row(f"{_LIVES.format(seen=seen)} AND offer.key = :key", {"today": today, "key": key, **values})


def find_by_token(store: PortalStore, token: str) -> Row | None:
    """Return the offer whose client's link carries this token, or None."""
    return store.row("SELECT key, public_url, opened_at, token FROM offer WHERE token = ? AND COALESCE(public_url, '') <> ''", (token,))


def list_to_ask_about(store: PortalStore, today: str, sent_before: str, expiring: str) -> list[Row]:
    """Return the live offers that nobody has opened since an instant, or that end until a day, and are not asked about: `step` says why.

    An offer whose words were erased with its client (traces.py) has no title any more: nobody is asked about it.
    """
    parts = (
        ("todo_unopened", "life IN ('issued', 'sent') AND COALESCE(sent_at, created_at) < :sent_before"),
        ("todo_expiring", "life IN ('issued', 'sent', 'opened') AND valid_until <= :expiring"),
    )
    sql = " UNION ALL ".join(
        f"SELECT known.*, '{step}' AS step FROM ({_LIVES.format(seen='TRUE')}) AS known WHERE {where} AND title IS NOT NULL AND NOT EXISTS "
        f"(SELECT 1 FROM offer_step WHERE offer_step.offer_key = known.key AND offer_step.step = '{step}' AND offer_step.state = 'done')"
        for step, where in parts
    )
    return store.rows(sql, {"today": today, "sent_before": sent_before, "expiring": expiring})


def _seen(viewer: Viewer) -> tuple[str, dict[str, Any]]:
    """Whoever does not see all sees the offers that he made, of his deals and of his clients."""
    if viewer.sees_all:
        return "TRUE", {}
    found = [one_of(viewer, column) for column in ("offer.responsible_id", "deal.assigned_by_id", "client.responsible_id")]
    return f"({' OR '.join(sql for sql, _ in found)})", found[0][1]
