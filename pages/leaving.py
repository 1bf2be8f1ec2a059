"""Access to the portal and the way out: on whose behalf we work, new access, what we made there and the order to take it away."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from flask import Blueprint, Response, request

from b24app.context import ADMINISTER, WEBHOOK, Context
from b24app.errors import BitrixError, Mistaken
from b24app.leaving import KINDS, Thing, come_back, has_left, list_made, note_leaving
from b24app.portals.registry import LOST
from b24app.portals.renewal import authorize_address
from b24app.portals.rights import SERVER, find_staff
from b24app.portals.session import Session
from pages.rendering import answer, fragment, services, session

blueprint = Blueprint("leaving", __name__)


@blueprint.get("/leaving")
def open_leaving() -> Response:
    """Show the page."""
    viewer = session()
    return answer(show_leaving(services().context(viewer), viewer), viewer)


@blueprint.post("/leaving")
def leave() -> Response:
    """Order the removal of everything of ours, once it is understood what that means."""
    viewer = session()
    ctx = services().context(viewer)
    if request.form.get("sure") != "1":
        raise Mistaken("Tick that you understand what will be removed.", "Отметьте, что понимаете, что будет убрано.")
    note_leaving(ctx)
    services().inbox.append("command", viewer.member_id, {"name": "leave", "asked": ctx.now().isoformat()})
    return answer(show_leaving(ctx, viewer, is_ordered=True), viewer)


@blueprint.post("/leaving/back")
def register_again() -> Response:
    """Let everything be registered again."""
    viewer = session()
    ctx = services().context(viewer)
    come_back(ctx)
    return answer(show_leaving(ctx, viewer), viewer)


def show_leaving(ctx: Context, viewer: Session, is_ordered: bool = False) -> str:
    """Return the page's content. Raises NotAllowed."""
    ctx.viewer.check(ADMINISTER)
    things = None if is_ordered else _find_made(ctx)
    by_webhook = ctx.portal.access == WEBHOOK
    values: dict[str, Any] = {
        "works_as": find_staff(ctx.store).find(ctx.portal.installed_by).name or str(ctx.portal.installed_by),
        "is_lost": ctx.portal.state == LOST,
        "by_webhook": by_webhook,
        "renewal": "" if by_webhook or viewer.user_id == SERVER else authorize_address(services(), ctx.portal, viewer),
        "made": things
        and [(kind, sorted({one.title for one in group})) for kind, group in groupby(_ordered(things), lambda one: one.kind)],
        "is_known": things is not None,
        "is_ordered": is_ordered,
        "has_left": has_left(ctx),
    }
    return fragment("leaving.html", ctx, **values)


def _find_made(ctx: Context) -> list[Thing] | None:
    """Return what of ours is in the portal; None while it does not answer."""
    try:
        return list_made(ctx)
    except BitrixError as error:
        ctx.log.warning("portal does not say what we made in it", extra={"code": error.code})
        return None


def _ordered(things: list[Thing]) -> list[Thing]:
    return sorted(things, key=lambda one: KINDS.index(one.kind))
