"""What we know of clients goes back into their cards: segments, RFM group, LTV, next purchase, reason. The worker calls it.

Only where an administrator has agreed, only what has changed since we wrote it, in batches. Filters, robots and CRM marketing of the
portal can then use our segments: it has no methods for segments of its own.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from b24app.segments.dates import INSTANT
from b24app.segments.definitions import load_all, load_known, speech_of
from b24app.segments.history import reason_then
from b24app.store import written as sql
from b24app.store.upserts import chunks

if TYPE_CHECKING:
    from b24app.context import Context
    from b24app.segments.words import Speech

SETTING = "write_back"  # {"fields": true} once an administrator has agreed, with "deals": true to open deals as well
TYPES = {"contact": 3, "company": 4}  # entityTypeId, crm/data-types.md#object_type
DEAL, DEAL_TYPE = "deal", 2
BATCH = 50
MANY = 500  # clients in memory at once
LONGEST = 250  # characters of a reason

Card = tuple[str, int, Mapping[str, Any], str | None]  # entity, id, what it should say, the mark of what it was told


@dataclass(frozen=True)
class WrittenField:
    """A user field of ours in contacts and companies, and in deals where they are wanted.

    `kind`: Bitrix24's type; `fact`: whose value it holds, if it holds one.
    """

    name: str
    kind: str
    title: Mapping[str, str]
    is_multiple: bool = False
    fact: str = ""


FIELDS: tuple[WrittenField, ...] = (
    WrittenField("UF_CRM_RS_SEGMENTS", "string", {"ru": "Сегменты повторных продаж", "en": "Repeat sales segments"}, is_multiple=True),
    WrittenField("UF_CRM_RS_REASON", "string", {"ru": "Почему в сегменте", "en": "Why in the segment"}),
    WrittenField("UF_CRM_RS_RFM", "string", {"ru": "RFM-группа", "en": "RFM group"}, fact="rfm_group"),
    WrittenField("UF_CRM_RS_LTV", "double", {"ru": "LTV", "en": "LTV"}, fact="ltv"),
    WrittenField("UF_CRM_RS_NEXT", "date", {"ru": "Ждём следующую покупку", "en": "Next purchase expected"}, fact="next_purchase"),
)
SEGMENTS, REASON = FIELDS[0], FIELDS[1]


def is_enabled(ctx: Context) -> bool:
    """Tell whether an administrator has agreed."""
    return bool(ctx.app_store.find_setting(ctx.portal.member_id, SETTING, {}).get("fields"))


def writes_deals(ctx: Context) -> bool:
    """Tell whether open deals are written, too."""
    saved = ctx.app_store.find_setting(ctx.portal.member_id, SETTING, {})
    return bool(saved.get("fields") and saved.get("deals"))


def enable(ctx: Context, deals: bool = False) -> int:
    """Make the fields that the portal does not have yet, then write every card, and open deals if they are wanted.

    Return how many were written.
    """
    for entity in (*TYPES, DEAL) if deals else TYPES:
        have = {row["FIELD_NAME"] for row in ctx.bitrix.pages(f"crm.{entity}.userfield.list")}
        for field in FIELDS:
            if field.name not in have:
                ctx.bitrix.call(f"crm.{entity}.userfield.add", {"fields": _declared(field)})
    ctx.app_store.save_setting(ctx.portal.member_id, SETTING, {"fields": True, "deals": deals})
    return write_back(ctx)


def disable(ctx: Context) -> None:
    """Write no more; fields and what is in them stay, they are the portal's."""
    ctx.app_store.save_setting(ctx.portal.member_id, SETTING, {"fields": False})


def write_back(ctx: Context, keys: Collection[str] | None = None) -> int:
    """Write the cards of these clients, or of all, where something has changed; return how many were written.

    A card that no client stands behind any more is emptied. Killed in between, it goes on where it stopped.
    """
    if not is_enabled(ctx):
        return 0
    known = load_known(ctx)
    speech = speech_of(ctx, known)
    titles = {one.key: one.title[speech.lang] for one in load_all(ctx)}
    deals = writes_deals(ctx)
    written = _write(ctx, ((row["entity"], row["entity_id"], _empty(), row["mark"]) for row in sql.list_orphans(ctx.store)))
    for piece in chunks(keys if keys is not None else sql.list_keys(ctx.store), MANY):
        written += _write(ctx, _cards(ctx, piece, titles, speech, deals))
    return written


def _cards(ctx: Context, keys: Sequence[str], titles: Mapping[str, str], speech: Speech, deals: bool) -> list[Card]:
    """Return what the cards of these clients, and their open deals, should say."""
    facts = [field.fact for field in FIELDS if field.fact in speech.known.facts]
    members = sql.list_memberships(ctx.store, keys)
    said: dict[str, dict[str, Any]] = {}
    cards: list[Card] = []
    for row in sql.list_clients(ctx.store, keys, facts):
        inside = [one for one in members.get(row["key"], []) if one["segment_key"] in titles]
        values = {field.name: _fact_value(field, row, speech) for field in FIELDS if field.fact in facts}
        values[SEGMENTS.name] = sorted(titles[one["segment_key"]] for one in inside)
        values[REASON.name] = reason_then(inside[0]["reasons"], speech)[:LONGEST] if inside else ""
        said[row["key"]] = {**_empty(), **values}
        cards.append((row["kind"], row["entity_id"], said[row["key"]], row["mark"]))
    if deals:
        cards += [(DEAL, row["deal_id"], said[row["client_key"]], row["mark"]) for row in sql.list_open_deals(ctx.store, list(said))]
    return cards


def _write(ctx: Context, cards: Iterable[Card]) -> int:
    """Send what differs from what we wrote last; remember what has arrived."""
    changed = [(entity, number, values) for entity, number, values, mark in cards if mark != _mark(values) and (mark or _holds(values))]
    written = 0
    for piece in chunks(changed, BATCH):
        commands = {
            f"{entity}{number}": (
                "crm.item.update",
                {"entityTypeId": TYPES.get(entity, DEAL_TYPE), "id": number, "fields": _sent(values), "useOriginalUfNames": "Y"},
            )
            for entity, number, values in piece
        }
        answer = ctx.bitrix.batch(commands)
        arrived = [one for one in piece if f"{one[0]}{one[1]}" in answer.answers]
        at = ctx.now().strftime(INSTANT)
        sql.save_marks(ctx.store, [(entity, number, _mark(values), at) for entity, number, values in arrived])
        written += len(arrived)
        # A card that was deleted meanwhile has no place to be written to; whatever else went wrong is tried again by the job.
        others = {key: error for key, error in answer.errors.items() if error.code not in ("NOT_FOUND", "ACCESS_DENIED")}
        for error in others.values():
            raise error
    return written


def _fact_value(field: WrittenField, row: Mapping[str, Any], speech: Speech) -> Any:
    """Return a fact as a card holds it: a code by its title, a sum to the hundredth. Who has brought nothing has an empty card."""
    value = row[field.fact]
    if not value:
        return ""
    choices = speech.pick(speech.known.facts[field.fact].words).get("choices") or {}
    return round(value, 2) if isinstance(value, float) else choices.get(value, value)


def _empty() -> dict[str, Any]:
    return {field.name: [] if field.is_multiple else "" for field in FIELDS}


def _sent(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values as they are sent: an empty list cannot be said in a batch, an empty text empties a field of several values, too."""
    return {name: "" if value == [] else value for name, value in values.items()}


def _holds(values: Mapping[str, Any]) -> bool:
    return any(value not in ("", []) for value in values.values())


def _mark(values: Mapping[str, Any]) -> str:
    return hashlib.blake2b(json.dumps(values, sort_keys=True, ensure_ascii=False).encode(), digest_size=12).hexdigest()


def _declared(field: WrittenField) -> dict[str, Any]:
    """Return a field as crm.contact.userfield.add takes it (crm/contacts/userfield)."""
    labels = {name: dict(field.title) for name in ("EDIT_FORM_LABEL", "LIST_COLUMN_LABEL", "LIST_FILTER_LABEL")}
    plain = {"FIELD_NAME": field.name, "USER_TYPE_ID": field.kind, "MULTIPLE": "Y" if field.is_multiple else "N"}
    return {**plain, "XML_ID": field.name, "SHOW_FILTER": "Y", "EDIT_IN_LIST": "N", **labels}
