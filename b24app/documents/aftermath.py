"""What follows when an offer has been made: the comment, and what its options ask: public link, todo, notice, next stage. Each once.

None of it undoes the offer: what the portal refuses is kept beside the offer and said on its page.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from b24app.documents.offer import headline, read_offer
from b24app.documents.once import INSTANT, do_once
from b24app.documents.options import Options, read_options
from b24app.documents.source import read_deal
from b24app.documents.templates import DEAL, document_lang
from b24app.documents.timeline import comment_command, tell
from b24app.documents.todos import SEND, add_todo, read_todo, todo_command
from b24app.errors import BitrixBusy, BitrixGone, BitrixLost, Mistaken
from b24app.store.offers import Row, save_offer
from b24app.store.steps import find_step, save_step

if TYPE_CHECKING:
    from b24app.bitrix.client import Command
    from b24app.context import Context

PASSING = (BitrixBusy, BitrixGone, BitrixLost)
PUBLIC, NOTICE, MOVE, COMMENT = "public", "notice", "move", "comment"
ENABLE = "crm.documentgenerator.document.enablepublicurl"


@dataclass(frozen=True)
class Write:
    """Something that is written once for an offer: its step, its call, how its answer is read."""

    step: str
    command: Command
    read: Callable[[Any], str]

    def once(self, ctx: Context, row: Row) -> None:
        """Do it if it has not been done. Only a todo has to be looked up: a link and a notice are the same the second time."""
        if self.step == SEND:
            add_todo(ctx, row, SEND)
        else:
            do_once(ctx, (row["key"], self.step), lambda: self.read(ctx.bitrix.call(*self.command).result))


def follow_up(ctx: Context, row: Row) -> Row:
    """Tell of the offer and do what follows, as far as that has not been done; return the offer's row.

    All of it is asked for in one request at first; what then has no answer is looked up, one after another.
    Raises BitrixBusy or BitrixLost: call again.
    """
    options = read_options(json.loads(row["options"] or "{}"))
    if row["state"] == "made":
        row = _ask_together(ctx, row, _writes(ctx, row, options))
    row = tell(ctx, row)
    for write in _writes(ctx, row, options):
        write.once(ctx, row)
    row = _keep_link(ctx, row) if options.public_link else row
    if options.next_stage:
        do_once(ctx, (row["key"], MOVE), lambda: _move(ctx, row, options))
    return row


def client_link(ctx: Context, row: Row) -> str:
    """Return the link that the client opens: ours, so that the opening is known; '' without a public link."""
    return f"{ctx.config.url}/o/{ctx.portal.member_id}/{row['token']}" if row["public_url"] and row["token"] else ""


def _writes(ctx: Context, row: Row, options: Options) -> list[Write]:
    """Return what the options ask for beside the comment."""
    user_id = options.tell_user_id if options.tell == "user" else row["responsible_id"]
    asked = (
        (
            options.public_link,
            Write(PUBLIC, (ENABLE, {"id": row["document_id"], "status": 1}), lambda result: str(result["publicUrl"] or "")),
        ),
        (options.send_todo, Write(SEND, todo_command(ctx, row, SEND), read_todo)),
        (bool(options.tell and user_id), Write(NOTICE, _notice(ctx, row, user_id), lambda result: str(result or ""))),
    )
    return [write for is_asked, write in asked if is_asked]


def _ask_together(ctx: Context, row: Row, writes: list[Write]) -> Row:
    """Ask for the comment and all the writes at once, noted before; keep the answers that came. What has none is left to be looked up."""
    now = ctx.now().strftime(INSTANT)
    with ctx.store.write():
        row = save_offer(ctx.store, {"key": row["key"], "state": "telling"})
        for write in writes:
            save_step(ctx.store, {"offer_key": row["key"], "step": write.step, "state": "asked", "asked_at": now})
    answer = ctx.bitrix.batch({COMMENT: comment_command(ctx, row), **{write.step: write.command for write in writes}})
    refused = {key: error.text or error.code for key, error in answer.errors.items() if not isinstance(error, PASSING)}
    with ctx.store.write():
        if COMMENT in answer.results:
            row = save_offer(ctx.store, {"key": row["key"], "state": "done", "comment_id": int(answer.results[COMMENT])})
        elif COMMENT in refused:
            row = save_offer(ctx.store, {"key": row["key"], "state": "done", "comment_error": refused[COMMENT]})
        for write in (write for write in writes if write.step in (*answer.results, *refused)):
            ref = write.read(answer.results[write.step]) if write.step in answer.results else ""
            done = {"state": "done", "ref": ref, "error": refused.get(write.step), "asked_at": now}
            save_step(ctx.store, {"offer_key": row["key"], "step": write.step, **done})
    return row


def _keep_link(ctx: Context, row: Row) -> Row:
    found = find_step(ctx.store, row["key"], PUBLIC)
    link = str(found["ref"] or "") if found else ""
    return save_offer(ctx.store, {"key": row["key"], "public_url": link}) if link and not row["public_url"] else row


def _notice(ctx: Context, row: Row, user_id: int) -> Command:
    """Return the call that tells a person. The tag makes a second notice replace the first."""
    lang = document_lang(ctx.portal.lang)
    offer = read_offer(row)
    said = " ".join(part for part in (headline(offer, lang) + ".", offer.remark(lang)) if part)
    link = f"[URL=/crm/deal/details/{row['deal_id']}/]{row['client_title'] or row['number']}[/URL]"
    return "im.notify.personal.add", {"USER_ID": user_id, "MESSAGE": f"{said} {link}", "TAG": f"b24app_offer_{row['key']}"[:255]}


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
