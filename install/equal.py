"""Keeps what a portal knows of us equal to what this version announces, after the installation too: on deploy and after an update.

A digest of the plan says whether there is something to do; nothing is asked of a portal that is as it should be.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from b24app.context import WEBHOOK
from b24app.errors import BitrixBusy, BitrixError, BitrixGone, BitrixLost
from b24app.portals.registry import INSTALLED, NOTHING, REGISTERED
from b24app.sync.chosen import list_events
from install.plan import make_plan
from install.registration import PARTS

if TYPE_CHECKING:
    from b24app.config import Config
    from b24app.context import Context, Portal


def register_moment(ctx: Context) -> str:
    """Return the name of what is to be registered; '' when the portal knows it, or must not."""
    if ctx.portal.access == WEBHOOK or ctx.portal.state != INSTALLED:
        return ""
    known = ctx.app_store.find_setting(ctx.portal.member_id, REGISTERED, {})
    digest = digest_of(ctx)
    return "" if known.get("digest") in (digest, NOTHING) else f"{digest}{known.get('asked', '')}"


def register(ctx: Context) -> None:
    """Make every part equal. A part that the portal refuses (a plan without robots) does not hold up the others.

    BitrixBusy and BitrixLost come through: run it again later.
    """
    plan = make_plan(ctx.config, ctx.portal, list_events(ctx))
    for name, part in PARTS.items():
        try:
            part(ctx, plan)
        except (BitrixBusy, BitrixLost, BitrixGone):
            raise
        except BitrixError as error:
            ctx.log.warning("part refused by the portal", extra={"step": name, "code": error.code, "said": error.text})
    note_registered(ctx)


def note_registered(ctx: Context) -> None:
    """Remember as what we are registered."""
    ctx.app_store.save_setting(ctx.portal.member_id, REGISTERED, {"digest": digest_of(ctx)})


def digest_of(ctx: Context) -> str:
    """Return what changes with everything that we announce in this portal."""
    return _digest(ctx.config, ctx.portal, list_events(ctx))


@lru_cache(64)
def _digest(config: Config, portal: Portal, chosen: tuple[str, ...]) -> str:
    plan = make_plan(config, portal, chosen)
    parts: dict[str, Any] = {**asdict(plan), "templates": [one.key for one in plan.templates]}
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:24]
