"""Which CRM records a person sees. Builds conditions, reads only users.

Assumption 2: an administrator sees all; another employee sees records whose responsible person is himself or shares one of his
departments. The same condition allows changing and deleting.
"""

from __future__ import annotations

from sandbox.rest import Caller, Record, RestError
from sandbox.store import Store, Where


def colleagues(store: Store, user_id: int) -> list[int]:
    """Return the ids of a person and of everybody in his departments."""
    user = store.get("users", user_id) or {}
    departments = set(user.get("UF_DEPARTMENT") or [])
    others = [one["ID"] for one in store.find("users") if departments & set(one.get("UF_DEPARTMENT") or [])]
    return sorted({user_id, *others})


def visible(store: Store, caller: Caller) -> Where:
    """Return the condition of the records that a caller sees."""
    if caller.admin:
        return Where()
    ids = colleagues(store, caller.user_id)
    return Where(f'"ASSIGNED_BY_ID" IN ({", ".join("?" for _ in ids)})', tuple(ids))


def check_visible(store: Store, caller: Caller, record: Record) -> None:
    """Raise ACCESS_DENIED when the caller may not see a record."""
    if not caller.admin and record.get("ASSIGNED_BY_ID") not in colleagues(store, caller.user_id):
        raise RestError(400, "ACCESS_DENIED", "Доступ запрещен")
