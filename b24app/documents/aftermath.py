"""What follows when an offer has been made, as its options ask: a public link, a todo, a notice, the deal's next stage. Each once.

None of it undoes the offer: what the portal refuses is kept beside the offer and said on its page.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from b24app.documents.offer import headline, read_offer
from b24app.documents.once import do_once
from b24app.documents.options import Options, read_options
from b24app.documents.source import read_deal
from b24app.documents.templates import DEAL, document_lang
from b24app.documents.todos import SEND, add_todo
from b24app.errors import Mistaken
from b24app.store.offers import Row, save_offer

if TYPE_CHECKING:
    from b24app.context import Context

PUBLIC, NOTICE, MOVE = "public", "notice", "move"


def follow_up(ctx: Context, row: Row) -> Row:
    """Do what has not been done; return the offer's row. Raises BitrixBusy or BitrixLost: call again."""
    options = read_options(json.loads(row["options"] or "{}"))
    if options.public_link:
        row = _publish(ctx, row)
    if options.send_todo:
        add_todo(ctx, row, SEND)
    if options.tell:
        _notify(ctx, row, options)
    if options.next_stage:
        do_once(ctx, (row["key"], MOVE), lambda: _move(ctx, row, options))
    return row


def client_link(ctx: Context, row: Row) -> str:
    """Return the link that the client opens: ours, so that the opening is known; '' without a public link."""
    return f"{ctx.config.url}/o/{ctx.portal.member_id}/{row['token']}" if row["public_url"] and row["token"] else ""


def _publish(ctx: Context, row: Row) -> Row:
    """Switching a link on twice gives the same link, so nothing has to be looked up."""
    params = {"id": row["document_id"], "status": 1}

    def enable() -> str:
        return str(ctx.bitrix.call("crm.documentgenerator.document.enablepublicurl", params).result["publicUrl"] or "")

    link = do_once(ctx, (row["key"], PUBLIC), enable)
    return save_offer(ctx.store, {"key": row["key"], "public_url": link}) if link and not row["public_url"] else row


def _notify(ctx: Context, row: Row, options: Options) -> None:
    """Tell the responsible person or a named one. The tag makes a second notice replace the first."""
    user_id = options.tell_user_id if options.tell == "user" else row["responsible_id"]
    if not user_id:
        return
    lang = document_lang(ctx.portal.lang)
    offer = read_offer(row)
    said = " ".join(part for part in (headline(offer, lang) + ".", offer.remark(lang)) if part)
    link = f"[URL=/crm/deal/details/{row['deal_id']}/]{row['client_title'] or row['number']}[/URL]"
    params = {"USER_ID": user_id, "MESSAGE": f"{said} {link}", "TAG": f"b24app_offer_{row['key']}"[:255]}
    do_once(ctx, (row["key"], NOTICE), lambda: str(ctx.bitrix.call("im.notify.personal.add", params).result or ""))


def _move(ctx: Context, row: Row, options: Options) -> str:
    """Move the deal on, unless somebody has moved it meanwhile."""
    try:
        deal = read_deal(ctx, row["deal_id"])
    except Mistaken:
        return ""
    if options.from_stage and deal.get("stageId") != options.from_stage:
        return ""
    fields = {"stageId": options.next_stage}
    ctx.bitrix.call("crm.item.update", {"entityTypeId": DEAL, "id": row["deal_id"], "fields": fields, "useOriginalUfNames": "Y"})
    return options.next_stage
