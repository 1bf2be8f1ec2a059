"""What is wrong with a portal, as a word: the pages have a sentence for each.

The words are kept in the budget's file (`Budget.tell`), which every process reads and which needs no room on a full disk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from b24app.bitrix.budget import Budgets
from b24app.errors import BitrixBusy, BitrixError, BitrixGone, BitrixLost
from b24app.store.database import find_trouble

if TYPE_CHECKING:
    from b24app.store.settings import AppStore

# The portal's own codes, in lower case -> our word. What is not here goes by its class.
BY_CODE = {
    "query_limit_exceeded": "portal_busy",
    "operation_time_limit": "method_rests",
    "overload_limit": "overload",
    "paused": "",  # wished, not wrong
    "closed": "",  # our own reader, at a stop
    "not_yet": "",  # a client that the mirror will know in a moment
    "not_settled": "",  # a write whose answer was lost is given time
    "foreign_redirect": "moved",
    "unreachable": "unreachable",
    "no_auth_found": "no_access",
    "invalid_token": "no_access",
    "user_access_error": "no_access",
    "insufficient_scope": "no_scope",
    "access_denied": "no_plan",
    "payment_required": "unpaid",
    "invalid_grant": "revoked",
    "access_lost": "revoked",
    "no_tokens": "revoked",
    "no_webhook": "no_access",
}
BY_CLASS: tuple[tuple[type[Exception], str], ...] = (
    (BitrixGone, "gone"),
    (BitrixBusy, "portal_busy"),
    (BitrixLost, "no_answer"),
    (BitrixError, "refused"),
)
BY_STORE = {"disk": "disk", "locked": "locked"}

WORDS = (
    *dict.fromkeys(word for word in (*BY_CODE.values(), *(word for _, word in BY_CLASS), *BY_STORE.values()) if word),
    "defect",
    "worker_down",
)


class Watch:
    """Tells of each portal what is wrong with which part of the work, until it is not any more. Safe for threads."""

    def __init__(self, app_store: AppStore, budgets: Budgets | None = None) -> None:
        self._app_store, self._budgets = app_store, budgets or Budgets()
        self._told: dict[tuple[str, str], str] = {}

    def note_failure(self, member_id: str, source: str, error: Exception) -> None:
        """Say how some work failed: `source` is the loop, the drain or a kind of job."""
        self._tell(member_id, source, name_trouble(error))

    def note_success(self, member_id: str, source: str) -> None:
        """Say that it works again."""
        self._tell(member_id, source, "")

    def _tell(self, member_id: str, source: str, code: str) -> None:
        if self._told.get((member_id, source)) == code:
            return
        row = self._app_store.find_portal(member_id)
        if row:
            self._budgets.of(row["url"]).tell(source, code)
            self._told[member_id, source] = code


def name_trouble(error: Exception | None) -> str:
    """Return the word for an error; '' when nothing is wrong."""
    if error is None:
        return ""
    if isinstance(error, BitrixError) and error.code.lower() in BY_CODE:
        return BY_CODE[error.code.lower()]
    for kind, word in BY_CLASS:
        if isinstance(error, kind):
            return word
    return BY_STORE.get(find_trouble(error), "defect")
