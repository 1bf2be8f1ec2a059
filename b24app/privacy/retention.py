"""How long journals are kept: KEPT, each with its own number of days. The copy of CRM is no journal: it lives as long as the portal's.

The nightly job `retention` removes what is older; an administrator chooses the days.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from b24app.context import ADMINISTER
from b24app.errors import Mistaken
from b24app.store import retention as sql
from b24app.store.traces import forget_gone

if TYPE_CHECKING:
    from b24app.context import Context

SETTING = "retention"  # {key: days}
LEAST, MOST = 7, 3650
INSTANT = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True)
class Kept:
    """A journal: what it is called, how long it is kept unless somebody chooses, and what removes lines before an instant."""

    key: str
    ru: str
    en: str
    days: int
    prune: Callable[[Context, str], int]


KEPT: tuple[Kept, ...] = (
    Kept(
        "journal", "Журнал администрирования", "Journal of administration", 1095,
        lambda ctx, before: ctx.app_store.prune_notes(ctx.portal.member_id, before),
    ),
    Kept("calls", "Журнал роботов", "Journal of robots", 365, lambda ctx, before: sql.prune_calls(ctx.store, before)),
    Kept("memberships", "История сегментов", "History of segments", 1095, lambda ctx, before: sql.prune_memberships(ctx.store, before)),
    Kept("imports", "Отчёты о загрузке списков", "Reports of list imports", 90, lambda ctx, before: sql.prune_imports(ctx.store, before)),
    Kept("erasures", "Журнал стирания", "Journal of erasures", 1095, lambda ctx, before: sql.prune_erasures(ctx.store, before)),
)  # fmt: skip


def find_days(ctx: Context) -> dict[str, int]:
    """Return for how many days each journal is kept."""
    saved = ctx.app_store.find_setting(ctx.portal.member_id, SETTING, {})
    return {one.key: int(saved.get(one.key, one.days)) for one in KEPT}


def save_days(ctx: Context, given: Mapping[str, str]) -> None:
    """Save numbers of days as a form has them. Raises NotAllowed, Mistaken."""
    ctx.viewer.check(ADMINISTER)
    days: dict[str, int] = {}
    for one in KEPT:
        text = given.get(one.key, "").strip()
        if not (text.isascii() and text.isdigit() and LEAST <= int(text) <= MOST):
            raise Mistaken(f"“{one.en}”: from {LEAST} to {MOST} days.", f"«{one.ru}»: от {LEAST} до {MOST} дней.")
        days[one.key] = int(text)
    ctx.app_store.save_setting(ctx.portal.member_id, SETTING, days)


def keep_to_days(ctx: Context) -> dict[str, int]:
    """Remove what is older than it is kept, and the last traces of the erased; return how many lines of each journal went."""
    days = find_days(ctx)
    forget_gone(ctx.store)
    return {one.key: one.prune(ctx, (ctx.now() - timedelta(days=days[one.key])).strftime(INSTANT)) for one in KEPT}
