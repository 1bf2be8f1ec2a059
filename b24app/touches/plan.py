"""Plans a touch: a to-do in the portal, once for a reason, whatever is asked twice or lost on the way.

`todo.add` is not idempotent, so the touch is written down first; what was asked without an answer is looked up in the portal
before it is asked again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from b24app.clients.settings import read_choices
from b24app.errors import BitrixBusy, BitrixError, BitrixGone, BitrixLost, Mistaken
from b24app.hours import find_week, moment_on
from b24app.store import touches as sql
from b24app.store.facts import list_facts
from b24app.touches.reasons import Touch, due_touches

if TYPE_CHECKING:
    from b24app.context import Context

ADD = "crm.activity.todo.add"
INSTANT = "%Y-%m-%dT%H:%M:%SZ"
SETTLED_AFTER = 60  # seconds after which a portal works no longer on what it was asked
PINGS = (0, 15)  # minutes before the deadline
REFUSALS = {  # by the portal's code: the sentence in English and in Russian
    "OWNER_NOT_FOUND": ("The record is not there any more.", "Этой записи больше нет."),
    "NOT_FOUND": ("The record is not there any more.", "Этой записи больше нет."),
    "ACCESS_DENIED": ("Bitrix24 does not let the app plan a to-do here.", "Битрикс24 не разрешает приложению ставить здесь дело."),
}


@dataclass(frozen=True)
class Order:
    """What is to be planned: for whom, on which record (entityTypeId, number), whose it will be, for which reasons ("" for any)."""

    client_key: str
    client_title: str
    owner: tuple[int, int]
    responsible_id: int
    reason: str = ""
    lead: int = 3
    note: str = ""


@dataclass(frozen=True)
class Planned:
    """A touch that stands in the portal. `is_new`: it was made now. `deadline` is the portal's time."""

    touch: Touch
    deadline: datetime
    todo_id: int
    is_new: bool


def choose_touch(ctx: Context, order: Order) -> Touch | None:
    """Return the soonest touch that is due, planned already or not; None when there is no reason for one."""
    today = date.fromisoformat(ctx.today())
    facts = list_facts(ctx.store, [order.client_key], today).get(order.client_key, {})
    found = due_touches(facts, read_choices(ctx).upsell_days, order.lead, today)
    return next((one for one in found if order.reason in ("", one.reason)), None)


def moment_of(ctx: Context, touch: Touch) -> datetime:
    """Return when a touch would be planned for, within the portal's working hours."""
    return moment_on(touch.day, ctx.now().astimezone(ctx.portal.zone), find_week(ctx))


def plan_touch(ctx: Context, order: Order) -> Planned | None:
    """Make the to-do of the soonest touch that is due, unless it was made before; None when there is no reason for one.

    Raises Mistaken for what a person can mend, BitrixBusy and BitrixLost when it has to be tried again.
    """
    touch = choose_touch(ctx, order)
    if touch is None:
        return None
    key = f"{order.client_key}:{touch.reason}:{touch.anchor}"
    with ctx.store.turn(f"touch {key}"):
        return _plan(ctx, key, touch, order)


def _plan(ctx: Context, key: str, touch: Touch, order: Order) -> Planned:
    row = sql.find_touch(ctx.store, key)
    if row and row["todo_id"]:
        return _planned(ctx, touch, row, is_new=False)
    if row and (found := _look_up(ctx, row)):
        return _planned(ctx, touch, sql.save_touch(ctx.store, {"key": key, "todo_id": found}), is_new=True)
    row = row or _write_down(ctx, key, touch, order)
    todo = _add(ctx, row, _description(touch, order, ctx.portal.lang), order.responsible_id)
    return _planned(ctx, touch, sql.save_touch(ctx.store, {"key": key, "todo_id": todo}), is_new=True)


def _write_down(ctx: Context, key: str, touch: Touch, order: Order) -> sql.Row:
    lang = ctx.portal.lang if ctx.portal.lang in touch.title else "en"
    title = f"{touch.title[lang]}: {order.client_title}" if order.client_title else touch.title[lang]
    asked = {"owner_type": order.owner[0], "owner_id": order.owner[1], "title": title, "asked_at": ctx.now().strftime(INSTANT)}
    about = {"key": key, "client_key": order.client_key, "reason": touch.reason, "todo_id": None}
    return sql.save_touch(ctx.store, {**about, **asked, "deadline": moment_of(ctx, touch).isoformat()})


def _add(ctx: Context, row: sql.Row, description: str, responsible_id: int) -> int:
    owner = {"ownerTypeId": row["owner_type"], "ownerId": row["owner_id"]}
    who = {"responsibleId": responsible_id} if responsible_id else {}
    params = {**owner, "deadline": row["deadline"], "title": row["title"], "description": description, "pingOffsets": list(PINGS), **who}
    try:
        return int(ctx.bitrix.call(ADD, params).result["id"])
    except BitrixLost:
        raise  # it may have been made: what is written down says so to the next attempt
    except BitrixError as error:
        sql.forget_touch(ctx.store, row["key"])
        if isinstance(error, (BitrixBusy, BitrixGone)) or error.code not in REFUSALS:
            raise
        raise Mistaken(*REFUSALS[error.code]) from error


def _look_up(ctx: Context, row: sql.Row) -> int | None:
    """Find the to-do that was asked for without an answer. Raises BitrixBusy while the portal may still be at work on it."""
    of_owner = {"OWNER_TYPE_ID": row["owner_type"], "OWNER_ID": row["owner_id"], "PROVIDER_ID": "CRM_TODO"}
    params = {"filter": of_owner, "order": {"ID": "DESC"}, "select": ["ID", "SUBJECT", "DEADLINE"]}
    for there in ctx.bitrix.call("crm.activity.list", params).result:
        if there["SUBJECT"] == row["title"] and _same_moment(there.get("DEADLINE"), row["deadline"]):
            return int(there["ID"])
    passed = (ctx.now() - datetime.fromisoformat(row["asked_at"])).total_seconds()
    if passed < SETTLED_AFTER:
        raise BitrixBusy(ADD, "not_settled", "asked a moment ago, the answer was lost", retry_after=SETTLED_AFTER - passed)
    return None


def _same_moment(there: str | None, here: str) -> bool:
    return bool(there) and datetime.fromisoformat(str(there)) == datetime.fromisoformat(here)


def _description(touch: Touch, order: Order, lang: str) -> str:
    return "\n".join(part for part in (touch.why.get(lang, touch.why["en"]), order.note) if part)


def _planned(ctx: Context, touch: Touch, row: Mapping[str, Any], is_new: bool) -> Planned:
    return Planned(touch, datetime.fromisoformat(row["deadline"]).astimezone(ctx.portal.zone), int(row["todo_id"]), is_new)
