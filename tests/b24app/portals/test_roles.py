"""Who is what: from the portal's people and departments, and from what its administrator has chosen. Every rule in a line."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from b24app.context import ADMINISTER, DEFINE, EXPORT, LOOK, RIGHTS, Viewer
from b24app.errors import Mistaken, NotAllowed
from b24app.portals.rights import ADMINISTRATORS, choose_for_others, choose_role, find_viewer, find_wish, note_administrator
from b24app.portals.roles import CHOSEN, ROLES, Department, Employee, Staff, Wish, make_viewer, read_wish, role_of
from b24app.portals.session import Session
from b24app.store.people import list_employees
from b24app.store.segments import Window, list_members

# Director 1 heads all; 2 heads sales (3, 4); sales has a part, 5, headed by 4, with 6 in it; marketing: 9.
STAFF = Staff(
    (
        Employee(1, "Вера", (1,)), Employee(2, "Костя", (2,)), Employee(3, "Алёна", (2,)), Employee(4, "Тима", (2, 5)),
        Employee(6, "Марина", (5,)), Employee(7, "Степан", (2,), is_dismissed=True), Employee(9, "Полина", (4,)),
    ),
    (Department(1, "Всё", None, 1), Department(2, "Продажи", 1, 2), Department(4, "Маркетинг", 1, 9), Department(5, "Опт", 2, 4)),
)  # fmt: skip


@pytest.mark.parametrize(
    ("user_id", "is_admin", "wish", "expected"),
    [
        (1, True, Wish(), "administrator"),
        (1, True, Wish(users={1: "nobody"}), "administrator"),
        (3, False, Wish(), "manager"),
        (3, False, Wish(others="nobody"), "nobody"),
        (3, False, Wish(departments={1: "marketer"}), "marketer"),
        (3, False, Wish(departments={1: "marketer", 2: "nobody"}), "nobody"),
        (3, False, Wish(users={3: "marketer"}, departments={2: "nobody"}), "marketer"),
        (6, False, Wish(departments={2: "nobody"}), "nobody"),
        (4, False, Wish(departments={2: "nobody", 5: "marketer"}), "marketer"),
        (7, False, Wish(users={7: "marketer"}), "nobody"),
        (7, True, Wish(), "nobody"),
        (99, False, Wish(), "manager"),
        (99, False, Wish(others="nobody"), "nobody"),
    ],
)
def test_role_follows_from_people_departments_and_choices(user_id: int, is_admin: bool, wish: Wish, expected: str) -> None:
    """The nearest choice counts; of several departments the widest; the portal alone makes administrators; who is dismissed is nobody."""
    assert role_of(user_id, is_admin, STAFF, wish).key == expected


@pytest.mark.parametrize(("user_id", "people"), [(1, {1, 2, 3, 4, 6, 7, 9}), (2, {2, 3, 4, 6, 7}), (4, {4, 6}), (3, set()), (9, {9})])
def test_head_sees_the_clients_of_his_people(user_id: int, people: set[int]) -> None:
    """Of his departments and of all below; of who was dismissed, too: his clients are still the department's."""
    viewer = make_viewer(user_id, False, STAFF, Wish())

    assert (set(viewer.people), viewer.sees_all) == (people, False)
    assert set(viewer.responsible) == people | {user_id}


def test_circle_of_departments_ends() -> None:
    """A department that stands below itself is walked once."""
    staff = Staff((Employee(3, "x", (1,)),), (Department(1, "a", 2, None), Department(2, "b", 1, 5)))

    assert (staff.above(1), staff.people_of(5)) == ([1, 2], frozenset({3}))


def test_every_right_belongs_to_somebody() -> None:
    """And each role has all rights of the next one."""
    assert set(RIGHTS) == ROLES[0].rights
    assert all(wide.rights > narrow.rights for wide, narrow in pairwise(ROLES))


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.key)
def test_viewer_may_what_his_role_may(role: Any) -> None:
    """The rights of the table are the rights that verbs ask for."""
    if not role.rights:
        return
    viewer = make_viewer(3, role is ROLES[0], STAFF, Wish(users={3: role.key}) if role in CHOSEN else Wish())

    assert {right for right in RIGHTS if viewer.may(right)} == role.rights
    for right in set(RIGHTS) - role.rights:
        with pytest.raises(NotAllowed):
            viewer.check(right)


def test_choice_that_is_no_role_any_more_is_none() -> None:
    """A setting of another version does not open a door."""
    assert read_wish({"users": {"3": "owner"}, "others": "king"}) == Wish()


class Desk:
    """A base with two people, and their sessions."""

    def __init__(self, base: Any) -> None:
        self.base, self.store = base, base.ctx.app_store
        base.save("employee", id=1, name="А", is_active=1, department_ids="[2]")
        base.save("employee", id=2, name="Б", is_active=1, department_ids='["2", "x"]')
        base.save("department", id=2, name="П", head_id=1)

    def viewer(self, user_id: int, is_admin: bool = False) -> Viewer:
        """Return what a session comes to now."""
        return find_viewer(self.store, self.base.store, Session("m1", user_id, is_admin, "ru"))


@pytest.fixture
def desk(base: Any) -> Desk:
    """A head and his employee."""
    return Desk(base)


def test_rights_are_looked_up_at_every_request(desk: Desk) -> None:
    """A choice holds from the next request on, a dismissal as soon as the mirror knows; the session stays what it was."""
    assert (desk.viewer(2).sees_all, desk.viewer(1).people) == (False, {1, 2})

    choose_role(desk.base.ctx, "departments", 2, "marketer")
    assert desk.viewer(2).sees_all
    choose_role(desk.base.ctx, "users", 2, "nobody")
    with pytest.raises(NotAllowed):
        desk.viewer(2)
    choose_role(desk.base.ctx, "users", 2, "")
    assert desk.viewer(2).sees_all
    desk.base.save("employee", id=2, name="Б", is_active=0)
    with pytest.raises(NotAllowed):
        desk.viewer(2)


def test_who_is_no_administrator_any_more_is_none_in_his_old_session(desk: Desk) -> None:
    """The portal says so when he opens the frame anew; the session that he still has open follows."""
    note_administrator(desk.store, Session("m1", 1, True, "ru"))
    assert desk.viewer(1, is_admin=True).is_admin

    note_administrator(desk.store, Session("m1", 1, False, "ru"))

    assert not desk.viewer(1, is_admin=True).is_admin
    assert desk.store.find_setting("m1", ADMINISTRATORS) == {"1": False}


def test_only_an_administrator_gives_rights(desk: Desk) -> None:
    """And only roles that are there."""
    marketer = desk.base.ctx.seen_by(Viewer(2, sees_all=True))

    for act in (lambda ctx: choose_role(ctx, "users", 2, "marketer"), lambda ctx: choose_for_others(ctx, "marketer")):
        with pytest.raises(NotAllowed):
            act(marketer)
    with pytest.raises(Mistaken):
        choose_role(desk.base.ctx, "users", 2, "administrator")
    assert find_wish(desk.store, "m1") == Wish()


def test_who_gave_which_right_is_in_the_journal(desk: Desk) -> None:
    """Saved with the right itself, from what to what; the same choice again is no line."""
    by_head = type(desk.base.ctx)(**{**vars(desk.base.ctx), "app_store": desk.store.by(1)})

    for word in ("nobody", "nobody"):
        choose_for_others(by_head, word)

    [line], total = desk.store.list_notes("m1", {"kind": "setting"}, 10)
    assert (line["user_id"], line["about"], line["before"], line["after"]["others"], total) == (1, "roles", None, "nobody", 1)


def test_rows_are_read_through_people(desk: Desk) -> None:
    """A head's list has the clients of his people, and no others; their phones are not masked for him, others' are for a marketer."""
    base = desk.base
    for number, responsible in ((1, 1), (2, 2), (3, 9)):
        base.contact(number, name=f"К{number}", assigned_by_id=responsible)
        base.communication("contact", number, "PHONE", f"+7999555000{number}")
    base.update()
    for number in (1, 2, 3):
        base.save("membership", segment_key="s", client_key=f"C_{number}", entered_at="2025-01-01T00:00:00Z")
    window = Window("client.key", 10, 0)

    rows, total = list_members(base.store, desk.viewer(1), "s", "", window)
    everybody, _ = list_members(base.store, Viewer(9, sees_all=True), "s", "", window)

    assert ([row["key"] for row in rows], total) == (["C_1", "C_2"], 2)
    assert [row["phone"] for row in rows] == ["+79995550001", "+79995550002"]
    assert [row["phone"] for row in everybody] == ["+7••••••••01", "+7••••••••02", "+79995550003"]
    assert {right: Viewer(1, False).may(right) for right in (LOOK, DEFINE, EXPORT, ADMINISTER)} == {
        LOOK: True, DEFINE: False, EXPORT: False, ADMINISTER: False,
    }  # fmt: skip


def test_departments_are_read_however_php_prints_them(desk: Desk) -> None:
    """Numbers, text, and what is neither."""
    assert [row["department_ids"] for row in list_employees(desk.base.store)] == [[2], [2]]
