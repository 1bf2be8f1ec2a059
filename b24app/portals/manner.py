"""How the administrator of a portal wants synchronisation to go: paused, or with a share of the pace in working hours.

Kept as a setting, and told to the portal's budget, where every process reads it before each request.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from b24app.bitrix.limits import DAY, LEAST_SHARE, Manner
from b24app.context import ADMINISTER, utc_now
from b24app.errors import Mistaken

if TYPE_CHECKING:
    from datetime import datetime

    from b24app.context import Context, Portal
    from b24app.store.settings import AppStore

SETTING = "manner"


def find_manner(app_store: AppStore, portal: Portal, now: datetime | None = None) -> Manner:
    """Return what was wished, by the portal's clock of now."""
    saved: dict[str, Any] = app_store.find_setting(portal.member_id, SETTING, {})
    offset = portal.zone.utcoffset((now or utc_now()).astimezone(portal.zone).replace(tzinfo=None))
    return Manner(**{**saved, "offset": int(offset.total_seconds() // 60) if offset else 0})


def save_manner(ctx: Context, manner: Manner) -> None:
    """Save a wish; it holds from the next request on, in every process. Raises NotAllowed."""
    ctx.viewer.check(ADMINISTER)
    ctx.app_store.save_setting(ctx.portal.member_id, SETTING, asdict(manner))
    ctx.bitrix.budget.be(find_manner(ctx.app_store, ctx.portal))


def read_hours(begin: str, end: str, percent: str) -> tuple[int, int, float]:
    """Read a form: two times "HH:MM" and a share in percent; return minutes, minutes, share. Raises Mistaken."""
    try:
        share = int(percent) / 100
        minutes = [_minutes(text) for text in (begin, end)]
    except ValueError as error:
        raise Mistaken("Give two times and a percentage.", "Укажите два времени и долю в процентах.") from error
    if not LEAST_SHARE <= share <= 1:
        least = int(LEAST_SHARE * 100)
        raise Mistaken(f"The share must be from {least} to 100 percent.", f"Доля должна быть от {least} до 100 процентов.")
    return minutes[0], minutes[1], share


def print_time(minutes: int) -> str:
    """Return minutes of the day as HH:MM."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _minutes(text: str) -> int:
    hours, _, minutes = text.partition(":")
    found = int(hours) * 60 + int(minutes)
    if not 0 <= found < DAY or int(minutes) > 59 or int(minutes) < 0:
        raise ValueError(text)
    return found
