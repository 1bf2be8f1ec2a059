"""Deals that come to the stage of a rule: seen in the mirror, however they got there, and worked on once each.

A deal that comes again is another entry (sightings.py tells them apart). What was seen and what became of
it is noted in `offer_entry`, so a worker that is killed anywhere goes on; whoever fails waits his turn and holds up nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from b24app.documents.issue import issue_offer
from b24app.documents.offer import Origin
from b24app.documents.once import INSTANT
from b24app.documents.rules import Rule, get_rule, why_not
from b24app.documents.sightings import WAITING, note_entries, sees_entries
from b24app.errors import BitrixBusy, BitrixError, BitrixGone, BitrixLost, Mistaken, NotFound
from b24app.store import steps
from b24app.store.changes import EVERYBODY
from b24app.store.offers import find_client_of, find_kept_deal, list_segments_now

if TYPE_CHECKING:
    from b24app.context import Context

DONE, SKIPPED, REFUSED, FAILED = "done", "skipped", "refused", "failed"
STATES = (WAITING, DONE, SKIPPED, REFUSED, FAILED)
ENDED = ("S", "F")  # won and lost: whoever has answered is offered nothing
WORKED = 50  # entries in one job: others get their turn in between
LOST_SECONDS = 2  # the next try looks for what was asked, and waits itself until the portal has settled when it is not there
BEGUN_SECONDS = 120  # whoever was begun and never ended waits behind the others
MOST_UNENDED = 5  # workers that an entry may take down with it
COUNTED_SECONDS = 1  # until it is known again in which segments a client is
PATIENCE = timedelta(hours=24)

Reasons = Sequence[tuple[str, str]]  # English, Russian

GONE_ON = ("The rule was switched off or removed.", "Правило выключено или удалено.")
CLOSED = ("The deal has been closed meanwhile.", "Сделка уже закрыта.")
GIVEN_UP = ("The app gave this up after many attempts.", "Приложение прекратило попытки.")
WAITED = ("The portal was away for a day.", "Портал не отвечал целые сутки.")


def awaits_offers(ctx: Context) -> bool:
    """Tell whether a deal has come to a rule's stage, or one that waits is due."""
    is_due = steps.has_due_entry(ctx.store, _now(ctx))
    return is_due or sees_entries(ctx)


def work_entries(ctx: Context) -> int:
    """Note who has come, then work on those whose time it is; return how many offers there are now that were not before.

    What nobody foresaw is raised, after it was noted that the entry was begun.
    """
    note_entries(ctx)
    return sum(_work(ctx, entry) for entry in steps.list_due_entries(ctx.store, _now(ctx), WORKED))


def run_again(ctx: Context, key: str) -> None:
    """Let an entry that came to nothing try again. Raises NotFound."""
    entry = steps.find_entry(ctx.store, key)
    if entry is None:
        raise NotFound(f"entry {key!r:.80}")
    if entry["state"] not in (DONE, WAITING):
        now = _now(ctx)
        steps.save_entry(ctx.store, {"key": key, "state": WAITING, "next_at": now, "unended": 0, "created_at": now, "updated_at": now})


def _work(ctx: Context, entry: steps.Row) -> bool:
    """Work on one entry and note how it ended; tell whether an offer was made."""
    if entry["unended"] >= MOST_UNENDED:
        return _end(ctx, entry, FAILED, [GIVEN_UP])
    begun = {"attempts": entry["attempts"] + 1, "unended": entry["unended"] + 1, "next_at": _now(ctx, BEGUN_SECONDS)}
    steps.save_entry(ctx.store, {"key": entry["key"], **begun})
    try:
        return _issue(ctx, entry)
    except Mistaken as mistake:
        return _end(ctx, entry, REFUSED, [(mistake.sentence("en"), mistake.sentence("ru"))])
    except BitrixGone:
        raise
    except BitrixBusy as error:
        return _put_off(ctx, entry, error, error.retry_after)
    except BitrixLost as error:
        return _put_off(ctx, entry, error, LOST_SECONDS)
    except BitrixError as error:
        said = error.text or error.code
        return _end(ctx, entry, REFUSED, [(f"Bitrix24 refused: {said}", f"Битрикс24 отказал: {said}")])


def _issue(ctx: Context, entry: steps.Row) -> bool:
    rule = _find_rule(ctx, entry["rule_key"])
    if rule is None:
        return _end(ctx, entry, SKIPPED, [GONE_ON])
    deal = find_kept_deal(ctx.store, entry["deal_id"])
    if deal is None:
        raise Mistaken("The deal is not there any more.", "Этой сделки больше нет.")
    if deal["stage_id"] != rule.stage_id and deal["stage_semantic_id"] in ENDED:
        return _end(ctx, entry, SKIPPED, [CLOSED])
    client = find_client_of(ctx.store, entry["deal_id"])
    if rule.condition.segment and steps.is_due_client(ctx.store, _clients(deal, client)):
        raise BitrixBusy("segments", "client_is_counted", "the client is being counted", retry_after=COUNTED_SECONDS)
    if reasons := why_not(rule, deal, list_segments_now(ctx.store, client) if client else []):
        return _end(ctx, entry, SKIPPED, reasons)
    offer = issue_offer(ctx, entry["deal_id"], entry["key"], rule.asked(), Origin(rule_key=rule.key))
    return _end(ctx, {**entry, "offer_key": offer.key}, DONE, [(one["en"], one["ru"]) for one in offer.remarks])


def _clients(deal: steps.Row, client: str) -> list[str]:
    """Return everybody who may be the deal's client, in Bitrix24's notation, and everybody at once."""
    return [client, f"CO_{deal['company_id'] or 0}", f"C_{deal['contact_id'] or 0}", EVERYBODY]


def _end(ctx: Context, entry: steps.Row, state: str, reasons: Reasons) -> bool:
    said = [{"en": en, "ru": ru} for en, ru in reasons]
    ended = {"state": state, "reasons": said, "unended": 0, "offer_key": entry["offer_key"], "updated_at": _now(ctx)}
    steps.save_entry(ctx.store, {"key": entry["key"], **ended})
    return state == DONE


def _put_off(ctx: Context, entry: steps.Row, error: BitrixError, seconds: float) -> bool:
    """Let it wait; whoever has waited for a day waits no more."""
    if entry["created_at"] < (ctx.now() - PATIENCE).strftime(INSTANT):
        return _end(ctx, entry, FAILED, [WAITED])
    said = [{"en": f"Waiting for the portal: {error.code}.", "ru": f"Ждём портал: {error.code}."}]
    steps.save_entry(ctx.store, {"key": entry["key"], "unended": 0, "reasons": said, "next_at": _now(ctx, seconds + 1)})
    return False


def _find_rule(ctx: Context, key: str) -> Rule | None:
    try:
        rule = get_rule(ctx, key)
    except NotFound:
        return None
    return rule if rule.is_on else None


def _now(ctx: Context, later: float = 0.0) -> str:
    return (ctx.now() + timedelta(seconds=later)).strftime(INSTANT)
