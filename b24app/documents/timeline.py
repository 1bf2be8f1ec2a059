"""Tells of an offer in its deal's timeline: one comment, however often it is tried. Makes no documents.

A document without its comment is still an offer: a refusal is kept in the journal and stops nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from b24app.documents.offer import HEADLINE, headline, read_offer
from b24app.errors import BitrixBusy, BitrixError, BitrixGone, BitrixLost
from b24app.store.offers import Row, save_offer

if TYPE_CHECKING:
    from b24app.bitrix.client import Command
    from b24app.context import Context

DOWNLOAD = {"ru": "Скачать документ", "en": "Download the document"}


def tell(ctx: Context, row: Row) -> Row:
    """Add the comment if it is not there; return the offer's row. Raises BitrixBusy or BitrixLost: call again."""
    if row["state"] == "done":
        return row
    comment_id = _find_comment(ctx, row) if row["state"] == "telling" else None
    if comment_id is None:
        row = save_offer(ctx.store, {"key": row["key"], "state": "telling"})
        try:
            method, params = comment_command(ctx, row)
            comment_id = int(ctx.bitrix.call(method, params).result)
        except (BitrixBusy, BitrixGone, BitrixLost):
            raise
        except BitrixError as error:
            return save_offer(ctx.store, {"key": row["key"], "state": "done", "comment_error": error.text or error.code})
    return save_offer(ctx.store, {"key": row["key"], "state": "done", "comment_id": comment_id})


def comment_command(ctx: Context, row: Row) -> Command:
    """Return the call that adds the comment."""
    lang = ctx.portal.lang if ctx.portal.lang in HEADLINE else "en"
    text = f"{headline(read_offer(row), lang)}\n[URL={row['url']}]{DOWNLOAD[lang]}[/URL]"
    return "crm.timeline.comment.add", {"fields": {"ENTITY_ID": row["deal_id"], "ENTITY_TYPE": "deal", "COMMENT": text}}


def _find_comment(ctx: Context, row: Row) -> int | None:
    """Look for our comment by the offer's number: a portal may change the rest of a text, or the words with a language."""
    params = {"filter": {"ENTITY_ID": row["deal_id"], "ENTITY_TYPE": "deal"}, "order": {"ID": "DESC"}}
    openings = tuple(text.partition("{number}")[0] + row["number"] + " " for text in HEADLINE.values())
    for comment in ctx.bitrix.call("crm.timeline.comment.list", params).result:
        if any(opening in str(comment.get("COMMENT") or "") for opening in openings):
            return int(comment["ID"])
    return None
