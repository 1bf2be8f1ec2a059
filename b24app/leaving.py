"""What we have made in a portal: listed first, then taken away by one order. MADE, one line a kind of thing.

Documents, comments and activities stay: they are the history of deals. The event that tells of the removal stays bound, or nobody
would tell us. Nothing is made again until an administrator wants it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from b24app.context import ADMINISTER, WEBHOOK
from b24app.documents.templates import TEMPLATES
from b24app.errors import BitrixBusy, BitrixGone, BitrixLost
from b24app.portals.journal import LEFT, PORTAL, note
from b24app.portals.registry import NOTHING, REGISTERED
from b24app.segments.write_back import FIELDS, disable
from b24app.store.upserts import chunks

if TYPE_CHECKING:
    from b24app.context import Context

Command = tuple[str, dict[str, Any]]
Row = Mapping[str, Any]

BATCH = 50
ABOUT_US = "ONAPP"  # events about ourselves begin so
_OUR_FIELDS = frozenset(field.name for field in FIELDS)


@dataclass(frozen=True)
class Thing:
    """One thing of ours in the portal: what a person calls it, and the call that takes it away."""

    kind: str
    title: str
    removal: Command


@dataclass(frozen=True)
class Made:
    """A kind of thing: how the portal lists it, and how a list becomes things. `needs_app`: a webhook has none."""

    kind: str
    asked: Command
    read: Callable[[Context, Any], Iterable[tuple[str, Command]]]
    needs_app: bool = True


def _robots(_ctx: Context, result: Any) -> Iterable[tuple[str, Command]]:
    return ((str(code), ("bizproc.robot.delete", {"CODE": code})) for code in result or ())


def _placements(_ctx: Context, result: Any) -> Iterable[tuple[str, Command]]:
    for row in result or ():
        yield str(row["placement"]), ("placement.unbind", {"PLACEMENT": row["placement"], "HANDLER": row["handler"]})


def _events(_ctx: Context, result: Any) -> Iterable[tuple[str, Command]]:
    for row in result or ():
        code = str(row["event"]).upper()
        if not code.startswith(ABOUT_US):
            how = {"event_type": "offline"} if int(row.get("offline") or 0) else {"handler": row["handler"]}
            yield code, ("event.unbind", {"event": code, **how})


def _fields(entity: str) -> Callable[[Context, Any], Iterable[tuple[str, Command]]]:
    def read(ctx: Context, result: Any) -> Iterable[tuple[str, Command]]:
        titles = {field.name: field.title[ctx.lang] for field in FIELDS}
        for row in result or ():
            if row.get("FIELD_NAME") in _OUR_FIELDS:
                yield titles[row["FIELD_NAME"]], (f"crm.{entity}.userfield.delete", {"id": int(row["ID"])})

    return read


def _templates(ctx: Context, result: Any) -> Iterable[tuple[str, Command]]:
    ours = {ctx.app_store.find_setting(ctx.portal.member_id, template.setting) for template in TEMPLATES}
    rows = result.get("templates", {}) if isinstance(result, Mapping) else {}
    for row in rows.values() if isinstance(rows, Mapping) else rows:
        if int(row["id"]) in ours:
            yield str(row.get("name", row["id"])), ("crm.documentgenerator.template.delete", {"id": int(row["id"])})


MADE: tuple[Made, ...] = (
    Made("robots", ("bizproc.robot.list", {}), _robots),
    Made("placements", ("placement.get", {}), _placements),
    Made("events", ("event.get", {}), _events),
    Made("fields", ("crm.contact.userfield.list", {}), _fields("contact"), needs_app=False),
    Made("fields", ("crm.company.userfield.list", {}), _fields("company"), needs_app=False),
    Made("fields", ("crm.deal.userfield.list", {}), _fields("deal"), needs_app=False),
    Made("templates", ("crm.documentgenerator.template.list", {"select": ["id", "name"]}), _templates, needs_app=False),
)
KINDS = tuple(dict.fromkeys(one.kind for one in MADE))


def list_made(ctx: Context) -> list[Thing]:
    """Return what of ours is in the portal now, in one request; a kind that the portal does not show is left out.

    Raises NotAllowed; BitrixError when the portal does not answer at all.
    """
    ctx.viewer.check(ADMINISTER)
    wanted = {f"m{number}": one for number, one in enumerate(MADE) if ctx.portal.access != WEBHOOK or not one.needs_app}
    answer = ctx.bitrix.batch({key: one.asked for key, one in wanted.items()})
    for error in answer.errors.values():
        if isinstance(error, BitrixBusy | BitrixLost | BitrixGone):
            raise error
    return [
        Thing(one.kind, title, removal)
        for key, one in wanted.items()
        if key in answer.answers
        for title, removal in one.read(ctx, answer.answers[key].result)
    ]


def note_leaving(ctx: Context) -> None:
    """Write down who has ordered the removal. Raises NotAllowed."""
    ctx.viewer.check(ADMINISTER)
    note(ctx, PORTAL, LEFT)


def come_back(ctx: Context) -> None:
    """Let the worker register everything again. Raises NotAllowed."""
    ctx.viewer.check(ADMINISTER)
    ctx.app_store.save_setting(ctx.portal.member_id, REGISTERED, {"asked": ctx.now().isoformat()})


def has_left(ctx: Context) -> bool:
    """Tell whether all was taken away."""
    return bool(ctx.app_store.find_setting(ctx.portal.member_id, REGISTERED, {}).get("digest") == NOTHING)


def take_away(ctx: Context) -> int:
    """Take everything of ours out of the portal; return how many things were there. Again, it finds what is left.

    BitrixBusy and BitrixLost come through; what the portal refuses to give up is said in the log and does not hold up the rest.
    """
    ctx.app_store.save_setting(ctx.portal.member_id, REGISTERED, {"digest": NOTHING})
    disable(ctx)
    things = list_made(ctx)
    for piece in chunks(things, BATCH):
        answer = ctx.bitrix.batch({f"t{number}": thing.removal for number, thing in enumerate(piece)})
        for key, error in answer.errors.items():
            if isinstance(error, BitrixBusy | BitrixLost | BitrixGone):
                raise error
            thing = piece[int(key[1:])]
            ctx.log.warning("not removed from the portal", extra={"kind": thing.kind, "title": thing.title, "code": error.code})
    return len(things)
