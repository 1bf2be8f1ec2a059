"""What becomes of offers: marks of people and of the client's link, new versions, todos for what is left lying, how many were won.

Judges by the mirror alone; the portal is asked only to write.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from b24app.documents.issue import issue_offer
from b24app.documents.lines import kept_line, mark_of
from b24app.documents.offer import Offer, Origin
from b24app.documents.once import INSTANT
from b24app.documents.options import read_options
from b24app.documents.todos import add_todo
from b24app.errors import Mistaken, NotFound
from b24app.store import lives, offers

if TYPE_CHECKING:
    from b24app.context import Context

MARKS = {"sent": "sent_at", "opened": "opened_at"}
UNOPENED_DAYS = 3  # without having been opened
EXPIRING_DAYS = 2  # before the last day
REACHED = ("issued", "sent", "opened", "won")
ENDED = ("lost", "expired")
GROUPS = ("template", "rule", "segment", "manager")
AUTHOR = {"template": "template", "rule": "rule_key", "manager": "responsible_id"}


@dataclass(frozen=True)
class Outcome:
    """How far the offers of a group have come. `reached` counts each later stage in the earlier ones too."""

    key: str
    reached: Mapping[str, int]
    ended: Mapping[str, int]
    amount_won: float

    @property
    def issued(self) -> int:
        """How many offers there are; older versions do not count."""
        return self.reached["issued"]

    @property
    def conversion(self) -> float:
        """What share of the offers was won."""
        return self.reached["won"] / self.issued if self.issued else 0.0


def list_offers_of(ctx: Context, asked: Mapping[str, Any] | None = None, most: int = 200) -> list[lives.Row]:
    """Return offers with their `life` that this viewer may see, the newest first."""
    return lives.list_lives(ctx.store, ctx.viewer, ctx.today(), asked, most)


def get_life(ctx: Context, key: str) -> lives.Row:
    """Return an offer with its `life`, and `has_changed`: the deal sells something else by now. Raises NotFound."""
    row = lives.find_life(ctx.store, ctx.viewer, ctx.today(), key)
    if row is None:
        raise NotFound(f"offer {key!r:.80}")
    return {**row, "has_changed": has_changed(ctx, row)}


def has_changed(ctx: Context, row: lives.Row) -> bool:
    """Tell whether the deal, as the mirror has it, sells something else than when the offer was made."""
    if row["replaced_by"] or not row["mark"]:
        return False
    mark = _mark_now(ctx, row["deal_id"])
    return bool(mark) and mark != row["mark"]


def mark_offer(ctx: Context, payload: Mapping[str, Any]) -> None:
    """Note that an offer was sent or opened: what was noted first stays. `user` 0: the client's own link."""
    column, row = MARKS.get(str(payload.get("mark"))), offers.find_offer(ctx.store, str(payload.get("offer")))
    if column is None or row is None or row[column]:
        return
    offers.save_offer(ctx.store, {"key": row["key"], column: ctx.now().strftime(INSTANT), "marked_by": int(payload.get("user") or 0)})


def make_version(ctx: Context, payload: Mapping[str, Any]) -> Offer | None:
    """Make the offer anew from the deal as it is, by the same terms; pressed twice for the same change it is made once."""
    row = offers.find_offer(ctx.store, str(payload.get("offer")))
    if row is None or row["replaced_by"]:
        return None
    changed = hashlib.sha256((_mark_now(ctx, row["deal_id"]) or str(row["mark"])).encode()).hexdigest()[:12]
    options = read_options(json.loads(row["options"] or "{}"))
    try:
        return issue_offer(ctx, row["deal_id"], f"{row['key']}:v:{changed}", options, Origin(row["rule_key"] or "", row["key"]))
    except Mistaken as mistake:
        said = [{"en": mistake.sentence("en"), "ru": mistake.sentence("ru")}]
        offers.save_offer(ctx.store, {"key": row["key"], "remarks": json.dumps(said, ensure_ascii=False)})
        return None


def asks_about(ctx: Context) -> bool:
    """Tell whether somebody is to be asked about an offer."""
    return bool(_to_ask_about(ctx))


def ask_about(ctx: Context) -> int:
    """Add the todos about offers that nobody has opened or that are about to end; return how many."""
    waiting = _to_ask_about(ctx)
    for row in waiting:
        add_todo(ctx, row, row["step"])
    return len(waiting)


def count_outcomes(ctx: Context, group: str) -> list[Outcome]:
    """Return how far offers have come, by template, rule, segment or manager, the largest group first."""
    of: dict[str, list[lives.Row]] = {}
    for row in lives.list_lives(ctx.store, ctx.viewer, ctx.today()):
        for key in _groups(row, group):
            of.setdefault(key, []).append(row)
    found = [_outcome(key, rows) for key, rows in of.items()]
    return sorted((one for one in found if one.issued), key=lambda one: (-one.issued, one.key))


def count_all(ctx: Context) -> Outcome:
    """Return how far all offers have come that this viewer may see."""
    return _outcome("", lives.list_lives(ctx.store, ctx.viewer, ctx.today()))


def _outcome(key: str, rows: Sequence[lives.Row]) -> Outcome:
    live = [row for row in rows if row["life"] != "replaced"]
    is_there: Mapping[str, Callable[[lives.Row], Any]] = {
        "issued": lambda _: True,
        "sent": lambda row: row["sent_at"] or row["opened_at"] or row["life"] == "won",
        "opened": lambda row: row["opened_at"] or row["life"] == "won",
        "won": lambda row: row["life"] == "won",
    }
    counted = Counter(row["life"] for row in live)
    won = sum(row["amount"] or 0.0 for row in live if row["life"] == "won")
    reached = {name: sum(bool(is_there[name](row)) for row in live) for name in REACHED}
    return Outcome(key, reached, {name: counted[name] for name in ENDED}, won)


def _groups(row: lives.Row, group: str) -> list[str]:
    if group == "segment":
        return list(json.loads(row["segments"] or "[]"))
    return [str(row[AUTHOR[group]] or "")]


def _mark_now(ctx: Context, deal_id: int) -> str:
    """Return the deal's mark as the mirror has it, '' when it is not there."""
    deal = offers.find_kept_deal(ctx.store, deal_id)
    if deal is None:
        return ""
    client = f"CO_{deal['company_id']}" if deal["company_id"] else f"C_{deal['contact_id']}" if deal["contact_id"] else ""
    return mark_of([kept_line(row) for row in deal["rows"]], client, deal["opportunity"])


def _to_ask_about(ctx: Context) -> list[lives.Row]:
    sent_before = (ctx.now() - timedelta(days=UNOPENED_DAYS)).strftime(INSTANT)
    expiring = (date.fromisoformat(ctx.today()) + timedelta(days=EXPIRING_DAYS)).isoformat()
    return lives.list_to_ask_about(ctx.store, ctx.today(), sent_before, expiring)
