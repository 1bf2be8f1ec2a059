"""Opens the portal's queue of offline events where its tariff has one, and remembers how it is asked for.

The second net under the online events: without the feature nothing is bound and nothing is missing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from b24app.errors import BitrixBusy, BitrixGone, BitrixLost
from b24app.sync.offline import CONNECTOR, SETTING

if TYPE_CHECKING:
    from b24app.context import Context

# The only two features that the vendor names. api-reference/common/system/feature-get.md
QUEUE, SOURCES = "rest_offline_extended", "rest_auth_connector"
OFFLINE = {"event_type": "offline"}

Command = tuple[str, dict[str, Any]]


def plan_queue(ctx: Context, events: Iterable[str]) -> tuple[list[Command], dict[str, str] | None]:
    """Return what is to be bound and unbound, and the setting to save behind it: None where there is no queue for us.

    A queue belongs to a source; when that has changed, everything is bound anew.
    """
    features = _list_features(ctx)
    wanted = {code.upper() for code in events} if QUEUE in features else set()
    connector = CONNECTOR if SOURCES in features else ""
    before = (ctx.app_store.find_setting(ctx.portal.member_id, SETTING) or {}).get("connector")
    rows = [row for row in ctx.bitrix.call("event.get").result or () if int(row.get("offline") or 0)]
    present = {str(row["event"]).upper() for row in rows}
    kept = present if before == connector else set()
    carried = {"auth_connector": connector} if connector else {}
    unbind = [("event.unbind", {"event": code, **OFFLINE}) for code in sorted(present - (wanted & kept))]
    bind = [("event.bind", {"event": code, **OFFLINE, **carried}) for code in sorted(wanted - kept)]
    return [*unbind, *bind], {"connector": connector} if wanted else None


def _list_features(ctx: Context) -> set[str]:
    """Return which of the two the tariff has; one of which the portal does not want to speak is not there."""
    batch = ctx.bitrix.batch({code: ("feature.get", {"CODE": code}) for code in (QUEUE, SOURCES)})
    for error in batch.errors.values():
        if isinstance(error, BitrixBusy | BitrixLost | BitrixGone):
            raise error
    return {code for code, answer in batch.answers.items() if _says_yes(answer.result)}


def _says_yes(result: Any) -> bool:
    return isinstance(result, dict) and result.get("value") == "Y"
