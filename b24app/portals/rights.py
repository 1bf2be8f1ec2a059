"""Who may what in a portal, looked up anew at every request; and the administrator's choices, saved with a line in the journal."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from b24app.context import ADMINISTER, Viewer
from b24app.errors import NotAllowed, NotFound
from b24app.portals.roles import MANAGER, Staff, Wish, check_word, make_viewer, read_staff, read_wish
from b24app.store.people import list_departments, list_employees

if TYPE_CHECKING:
    from b24app.context import Context
    from b24app.portals.session import Session
    from b24app.store.mirror import PortalStore, PortalStores
    from b24app.store.settings import AppStore

SETTING = "roles"  # {"users": {id: role}, "departments": {id: role}, "others": role}
ADMINISTRATORS = "administrators"  # {user id: whether the portal called him one when he was last asked}
SERVER = 0  # the user id of whoever administers this server: a link or a command, nobody of the portal


def find_viewer(app_store: AppStore, store: PortalStore, session: Session) -> Viewer:
    """Return through whose eyes a session reads, by what is known now. Raises NotAllowed for who has no access (any more)."""
    if session.user_id == SERVER and session.is_admin:
        return Viewer(SERVER, sees_all=True, is_admin=True)
    is_admin = session.is_admin and app_store.find_setting(session.member_id, ADMINISTRATORS, {}).get(str(session.user_id), True)
    return make_viewer(session.user_id, is_admin, find_staff(store), find_wish(app_store, session.member_id))


def check_administrator(app_store: AppStore, stores: PortalStores, session: Session) -> None:
    """Raise NotAllowed unless the session is an administrator's now. While nothing is known of the people yet it is believed."""
    is_admin = session.is_admin
    with suppress(NotFound), stores.reader(session.member_id) as store:
        is_admin = find_viewer(app_store, store, session).is_admin
    if not is_admin:
        raise NotAllowed(f"user {session.user_id} is no administrator")


def note_administrator(app_store: AppStore, session: Session) -> None:
    """Remember whether the portal calls a person its administrator: his older sessions end being one when he is none any more."""
    known = app_store.find_setting(session.member_id, ADMINISTRATORS, {})
    key = str(session.user_id)
    if known.get(key, False) != session.is_admin:
        app_store.save_setting(session.member_id, ADMINISTRATORS, {**known, key: session.is_admin})


def find_staff(store: PortalStore) -> Staff:
    """Return the portal's people and departments."""
    return read_staff(list_employees(store), list_departments(store))


def find_wish(app_store: AppStore, member_id: str) -> Wish:
    """Return what the administrator has chosen."""
    return read_wish(app_store.find_setting(member_id, SETTING, {}))


def choose_role(ctx: Context, whose: str, number: int, word: str) -> None:
    """Give a role to a person (`whose` "users") or a department ("departments"); "" takes the choice back. Raises NotAllowed, Mistaken."""
    ctx.viewer.check(ADMINISTER)
    if word:
        check_word(word)
    wish = find_wish(ctx.app_store, ctx.portal.member_id)
    before = wish.users if whose == "users" else wish.departments
    chosen = {**before, number: word} if word else {key: one for key, one in before.items() if key != number}
    _save(ctx, replace(wish, users=chosen) if whose == "users" else replace(wish, departments=chosen))


def choose_for_others(ctx: Context, word: str) -> None:
    """Choose what everybody is for whom nothing else is chosen. Raises NotAllowed, Mistaken."""
    ctx.viewer.check(ADMINISTER)
    check_word(word)
    _save(ctx, replace(find_wish(ctx.app_store, ctx.portal.member_id), others=word))


def _save(ctx: Context, wish: Wish) -> None:
    users, departments = ({str(key): word for key, word in sorted(chosen.items())} for chosen in (wish.users, wish.departments))
    saved = {"users": users, "departments": departments, **({"others": wish.others} if wish.others != MANAGER.key else {})}
    ctx.app_store.save_setting(ctx.portal.member_id, SETTING, saved)
