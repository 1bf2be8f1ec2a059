"""Issues an offer: one document in the portal for a key, however often it is asked for.

`document.add` is not idempotent and spends a number, so the journal is written first; what was asked without an answer is
looked up in the portal before it is asked again. Never waits for the PDF, which the portal makes later (see links.py).
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from b24app.documents.aftermath import follow_up
from b24app.documents.dossier import Source
from b24app.documents.gaps import check_offer, list_gaps
from b24app.documents.here import make_here
from b24app.documents.links import get_document, links_of
from b24app.documents.offer import Offer, Origin, keep_remarks, read_offer
from b24app.documents.once import INSTANT
from b24app.documents.options import Options
from b24app.documents.refusals import FOREIGN_GONE, NO_TEMPLATE, find_way_out, in_words
from b24app.documents.source import read_source
from b24app.documents.templates import BY_KEY, DEAL, document_lang
from b24app.documents.values import KEY, WHY, Making, offer_values
from b24app.errors import BitrixBusy, BitrixError, BitrixGone, BitrixLost, Mistaken
from b24app.store import offers
from b24app.store.offers import Row

if TYPE_CHECKING:
    from b24app.context import Context

ADD = "crm.documentgenerator.document.add"
SETTLED_AFTER = 60  # seconds: a portal works no longer on a request, so what was not made by then never will be
NUMBERS_LOOKED_AT = 50  # of a deal's latest documents, when an answer was lost


@dataclass(frozen=True)
class Draft:
    """An offer that is about to be made: its row, what it is made from, how, and the portal's template."""

    row: Row
    source: Source
    making: Making
    template_id: int | None


def issue_offer(ctx: Context, deal_id: int, key: str, options: Options | None = None, origin: Origin | None = None) -> Offer:
    """Return the offer of this key; make it, and do all that follows from it, as far as that has not been done.

    Raises Mistaken with what is missing, BitrixBusy when it has to be tried again later, BitrixLost when it is not known
    whether the document was made: call again with the same key.
    """
    with ctx.store.turn(f"offer {key}"):
        row = offers.find_offer(ctx.store, key)
        if row is None or row["document_id"] is None:
            row = _make(ctx, row, {"key": key, "deal_id": deal_id}, (options or Options(), origin or Origin()))
        return read_offer(follow_up(ctx, row))


def list_offers(ctx: Context, deal_id: int) -> list[Offer]:
    """Return a deal's offers that this viewer may see, the newest first."""
    return [read_offer(row) for row in offers.list_offers(ctx.store, deal_id, ctx.viewer) if row["document_id"] is not None]


def find_template_id(ctx: Context, options: Options) -> int | None:
    """Return the portal's id of the template, None when ours is not there."""
    if options.foreign_id:
        return options.foreign_id
    found = ctx.app_store.find_setting(ctx.portal.member_id, BY_KEY[options.template].setting)
    return int(found) if found else None


def plan_making(ctx: Context, key: str, options: Options) -> Making:
    """Return how an offer of today is made."""
    today = date.fromisoformat(ctx.today())
    template = BY_KEY.get(options.template)
    why = template.why if template else WHY
    return Making(key, today, today + timedelta(days=options.valid_days), options, document_lang(ctx.portal.lang), why)


def _make(ctx: Context, row: Row | None, offer: Row, asked: tuple[Options, Origin]) -> Row:
    """Find the document that was asked for before, or ask for it."""
    options, origin = asked
    if row:
        if found := _find_document(ctx, row):
            return _save_made(ctx, row["key"], found)
        _wait_until_settled(ctx, row)
    template_id = find_template_id(ctx, options)
    source = read_source(ctx, offer["deal_id"], options, template_id)
    if problems := check_offer(source, options):
        raise Mistaken(*(" ".join(problem.sentence(lang) for problem in problems) for lang in ("en", "ru")))
    making = plan_making(ctx, offer["key"], options)
    draft = Draft(_save_asking(ctx, offer, (source, making, origin)), source, making, template_id)
    if row and row["way"] == "local":  # what was begun here is ended here: its number is known
        return _make_here(ctx, draft, None)
    return _save_made(ctx, offer["key"], document) if (document := _add(ctx, draft)) else _make_here(ctx, draft, NO_TEMPLATE)


def _add(ctx: Context, draft: Draft) -> Mapping[str, Any] | None:
    """Have the portal make the document; None when the template is not there.

    A refusal is forgotten, for nothing was made; a lost answer stays in the journal as `asking`.
    """
    if draft.template_id is None:
        return None
    values = offer_values(draft.source, draft.making)
    params = {"templateId": draft.template_id, "entityTypeId": DEAL, "entityId": draft.row["deal_id"], "values": values}
    try:
        return dict(ctx.bitrix.call(ADD, params).result["document"])
    except BitrixLost:
        raise
    except BitrixError as error:
        offers.forget_offer(ctx.store, draft.row["key"])
        if isinstance(error, (BitrixBusy, BitrixGone)):
            raise
        reason, is_foreign = find_way_out(error), bool(draft.making.options.foreign_id)
        if reason is None or is_foreign:
            mistake = in_words(error)
            raise (FOREIGN_GONE if is_foreign and mistake is NO_TEMPLATE else mistake) from error
        offers.save_offer(ctx.store, draft.row)
        return _upload(ctx, draft, reason)


def _make_here(ctx: Context, draft: Draft, reason: Mistaken | None) -> Row:
    return _save_made(ctx, draft.row["key"], _upload(ctx, draft, reason))


def _upload(ctx: Context, draft: Draft, reason: Mistaken | None) -> Mapping[str, Any]:
    """Fill the document here and give it to the portal: its number is noted before, and looked for when the answer is lost."""
    number = draft.row["number"] or _next_number(ctx, draft)
    row = offers.save_offer(ctx.store, {**draft.row, "number": number, "way": "local"})
    try:
        document, remarks = make_here(ctx, row, draft.source, draft.making)
    except BitrixLost:
        raise
    except BitrixError as error:
        offers.forget_offer(ctx.store, row["key"])
        raise error if isinstance(error, (BitrixBusy, BitrixGone)) else in_words(error) from error
    said = [*([reason] if reason else []), *remarks, *list_gaps(draft.source, draft.making.options)]
    offers.save_offer(ctx.store, {"key": row["key"], "remarks": keep_remarks(said)})
    return document


def _next_number(ctx: Context, draft: Draft) -> str:
    """Return a number that the portal's numerators do not give: the deal's own, and which one of it this is."""
    prefix = "КП" if draft.making.lang == "ru" else "OF"
    return f"{prefix}-{draft.row['deal_id']}-{offers.count_made_here(ctx.store, draft.row['deal_id']) + 1}"


def _find_document(ctx: Context, row: Row) -> Mapping[str, Any] | None:
    """Look for a document of the deal that carries our key, or the number that we gave it, the newest first."""
    params = {"filter": {"entityTypeId": DEAL, "entityId": row["deal_id"]}, "order": {"id": "desc"}, "start": 0}
    listed = ctx.bitrix.call("crm.documentgenerator.document.list", params).result["documents"]
    for entry in listed[:NUMBERS_LOOKED_AT]:
        document = get_document(ctx, entry["id"])
        is_ours = document.get("number") == row["number"] if row["way"] == "local" else _values(document).get(KEY) == row["key"]
        if is_ours:
            return document
    return None


def _wait_until_settled(ctx: Context, row: Row) -> None:
    """Raise BitrixBusy while the portal may still be at work on what was asked."""
    passed = (ctx.now() - datetime.fromisoformat(row["asked_at"])).total_seconds()
    if passed < SETTLED_AFTER:
        raise BitrixBusy(ADD, "not_settled", "asked a moment ago, the answer was lost", retry_after=SETTLED_AFTER - passed)


def _save_asking(ctx: Context, offer: Row, made_from: tuple[Source, Making, Origin]) -> Row:
    """Note what is about to be asked for: whatever happens to the answer, the offer is known by its key."""
    source, making, origin = made_from
    now, options = ctx.now().strftime(INSTANT), making.options
    before = offers.find_offer(ctx.store, origin.replaces) if origin.replaces else None
    client_key = offers.find_client_of(ctx.store, offer["deal_id"]) or source.client_key
    row = {
        "amount": float(source.basket(options, making.lang).total),
        "currency": source.currency,
        "valid_until": making.valid_until.isoformat(),
        "template": options.template,
        "rule_key": origin.rule_key,
        "replaces": origin.replaces,
        "version": (before["version"] or 1) + 1 if before else 1,
        "client_key": client_key,
        "client_title": source.client,
        "responsible_id": int(source.deal.get("assignedById") or 0),
        "options": json.dumps(options.kept(), ensure_ascii=False),
        "mark": source.mark,
        "segments": json.dumps(offers.list_segments_now(ctx.store, client_key)),
        "remarks": keep_remarks(list_gaps(source, options)),
    }
    token = {"token": secrets.token_urlsafe(18)} if offers.find_offer(ctx.store, offer["key"]) is None else {}
    states = {"state": "asking", "asked_at": now, "created_at": now, "updated_at": now}
    return offers.save_offer(ctx.store, {**offer, **row, **token, **states})


def _save_made(ctx: Context, key: str, document: Mapping[str, Any]) -> Row:
    made = {name: str(document.get(name) or "") for name in ("number", "title")}
    ids = {"document_id": int(document["id"]), "updated_at": ctx.now().strftime(INSTANT)}
    with ctx.store.write():
        row = offers.save_offer(ctx.store, {"key": key, "state": "made", **ids, **made, **links_of(document)})
        if row["replaces"]:
            offers.save_offer(ctx.store, {"key": row["replaces"], "replaced_by": key})
    return row


def _values(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a document's values; PHP prints an empty map as []."""
    values = document.get("values")
    return values if isinstance(values, Mapping) else {}
