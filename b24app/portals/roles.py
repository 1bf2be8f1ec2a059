"""ROLES: who may do what. What follows from the portal's people and departments, and what its administrator has chosen. Pure.

An administrator of the portal is one here, whatever is chosen. Of all others: his own choice, else that of his department or the
nearest above it, else what is chosen for everybody else. Whoever heads a department also sees the clients of its people and of all
departments below. Who is dismissed has no access.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from b24app.context import ADMINISTER, DEFINE, EXPORT, LOOK, Viewer
from b24app.errors import Mistaken, NotAllowed

Words = Mapping[str, str]


@dataclass(frozen=True)
class Role:
    """What a person is to us. `rights`: the words of `context.RIGHTS`."""

    key: str
    title: Words
    about: Words
    rights: frozenset[str]


ROLES: tuple[Role, ...] = (
    Role(
        "administrator",
        {"ru": "Администратор", "en": "Administrator"},
        {
            "ru": "Все клиенты, сегменты, настройки, роботы, права и журнал. Это администраторы портала.",
            "en": "All clients, segments, settings, robots, rights and the journal. These are the portal's administrators.",
        },
        frozenset((LOOK, DEFINE, EXPORT, ADMINISTER)),
    ),
    Role(
        "marketer",
        {"ru": "Маркетолог", "en": "Marketer"},
        {
            "ru": "Все клиенты, сегменты и выгрузки. Без настроек, роботов и прав.",
            "en": "All clients, segments and files. No settings, robots or rights.",
        },
        frozenset((LOOK, DEFINE, EXPORT)),
    ),
    Role(
        "manager",
        {"ru": "Менеджер", "en": "Manager"},
        {
            "ru": "Клиенты, за которых отвечает сам; руководитель — и клиенты своих подразделений. Без выгрузок.",
            "en": "Clients that he is responsible for; a head also those of his departments. No files.",
        },
        frozenset((LOOK,)),
    ),
    Role(
        "nobody",
        {"ru": "Нет доступа", "en": "No access"},
        {"ru": "Приложение не открывается.", "en": "The app does not open."},
        frozenset(),
    ),
)
BY_KEY: Mapping[str, Role] = {role.key: role for role in ROLES}
ADMINISTRATOR, MARKETER, MANAGER, NOBODY = ROLES
CHOSEN = (MARKETER, MANAGER, NOBODY)  # the portal alone says who its administrators are


@dataclass(frozen=True)
class Employee:
    """A person of the portal. One whom the mirror does not know yet has no department and is not dismissed."""

    id: int
    name: str = ""
    departments: tuple[int, ...] = ()
    is_dismissed: bool = False
    position: str = ""


@dataclass(frozen=True)
class Department:
    """A part of the company; the topmost has no parent."""

    id: int
    name: str
    parent_id: int | None
    head_id: int | None


@dataclass(frozen=True)
class Wish:
    """What the administrator has chosen: the key of a role by person, by department, and for everybody else."""

    users: Mapping[int, str] = field(default_factory=dict)
    departments: Mapping[int, str] = field(default_factory=dict)
    others: str = MANAGER.key


@dataclass(frozen=True)
class Staff:
    """The portal's people and departments."""

    employees: tuple[Employee, ...] = ()
    departments: tuple[Department, ...] = ()

    def find(self, user_id: int) -> Employee:
        """Return a person."""
        return next((one for one in self.employees if one.id == user_id), Employee(user_id))

    def above(self, department: int) -> list[int]:
        """Return a department and those above it, the nearest first; a circle is walked once."""
        parents = {one.id: one.parent_id for one in self.departments}
        found: list[int] = []
        at: int | None = department
        while at is not None and at not in found:
            found.append(at)
            at = parents.get(at)
        return found

    def people_of(self, user_id: int) -> frozenset[int]:
        """Return the people of the departments that a person heads, and of all departments below."""
        headed = {one.id for one in self.departments if one.head_id == user_id}
        if not headed:
            return frozenset()
        below = {one.id for one in self.departments if headed & set(self.above(one.id))}
        return frozenset(one.id for one in self.employees if below & set(one.departments))


def role_of(user_id: int, is_admin: bool, staff: Staff, wish: Wish) -> Role:
    """Return a person's role. Of several departments the widest choice counts."""
    person = staff.find(user_id)
    if person.is_dismissed:
        return NOBODY
    if is_admin:
        return ADMINISTRATOR
    if user_id in wish.users:
        return BY_KEY[wish.users[user_id]]
    nearest = (_choice_above(staff, department, wish) for department in person.departments)
    chosen = [BY_KEY[key] for key in nearest if key]
    return min(chosen, key=ROLES.index) if chosen else BY_KEY[wish.others]


def make_viewer(user_id: int, is_admin: bool, staff: Staff, wish: Wish) -> Viewer:
    """Return through whose eyes rows are read. Raises NotAllowed for who has no access."""
    role = role_of(user_id, is_admin, staff, wish)
    if LOOK not in role.rights:
        raise NotAllowed(f"user {user_id} has no access")
    return Viewer(user_id, DEFINE in role.rights, ADMINISTER in role.rights, staff.people_of(user_id))


def read_staff(employees: Iterable[Mapping[str, Any]], departments: Iterable[Mapping[str, Any]]) -> Staff:
    """Return the staff out of rows of `store.people`."""
    return Staff(
        tuple(
            Employee(row["id"], row["name"] or "", tuple(row["department_ids"]), row["is_active"] == 0, row["position"] or "")
            for row in employees
        ),
        tuple(Department(row["id"], row["name"] or "", row["parent_id"], row["head_id"]) for row in departments),
    )


def read_wish(saved: Mapping[str, Any]) -> Wish:
    """Return what was chosen; a word that is no role any more is not."""
    users, departments = ({int(key): word for key, word in saved.get(name, {}).items()} for name in ("users", "departments"))
    good = {role.key for role in CHOSEN}
    others = saved.get("others", MANAGER.key)
    return Wish(
        {key: word for key, word in users.items() if word in good},
        {key: word for key, word in departments.items() if word in good},
        others if others in good else MANAGER.key,
    )


def check_word(word: str) -> None:
    """Raise Mistaken unless it is a role that may be chosen."""
    if word not in {role.key for role in CHOSEN}:
        raise Mistaken("There is no such role.", "Такой роли нет.")


def _choice_above(staff: Staff, department: int, wish: Wish) -> str:
    return next((wish.departments[one] for one in staff.above(department) if one in wish.departments), "")
