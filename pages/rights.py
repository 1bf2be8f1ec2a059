"""Rights as an administrator gives them: to everybody, to departments, to people; and what each comes to. Decides nothing itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, request

from b24app.context import ADMINISTER, Context
from b24app.portals.rights import ADMINISTRATORS, choose_for_others, choose_role, find_staff, find_wish
from b24app.portals.roles import BY_KEY, CHOSEN, ROLES, Department, Employee, Role, Staff, Wish, role_of
from pages.rendering import answer, fragment, services, session

blueprint = Blueprint("rights", __name__)

MOST = 60  # people on the page; the others are found by name


@dataclass(frozen=True)
class PersonRow:
    """A person, what he is now, and what was chosen for him."""

    person: Employee
    departments: str
    role: Role
    chosen: str
    heads: int  # people of his departments


@dataclass(frozen=True)
class DepartmentRow:
    """A department at its depth in the tree, with its head's name and what was chosen for it."""

    department: Department
    depth: int
    head: str
    chosen: str


@blueprint.get("/rights")
def open_rights() -> Response:
    """Show the page."""
    viewer = session()
    return answer(show_rights(services().context(viewer), request.args.get("search", "")[:100]), viewer)


@blueprint.post("/rights/others")
def set_for_others() -> Response:
    """Choose what everybody else is."""
    viewer = session()
    ctx = services().context(viewer)
    choose_for_others(ctx, request.form.get("role", ""))
    return answer(show_rights(ctx), viewer)


@blueprint.post("/rights/<any(users, departments):whose>/<int:number>")
def set_role(whose: str, number: int) -> Response:
    """Give a role to a person or a department, or take the choice back."""
    viewer = session()
    ctx = services().context(viewer)
    choose_role(ctx, whose, number, request.form.get("role", ""))
    return answer(show_rights(ctx, request.form.get("search", "")[:100]), viewer)


def show_rights(ctx: Context, search: str = "") -> str:
    """Return the page's content. Raises NotAllowed."""
    ctx.viewer.check(ADMINISTER)
    staff, wish = find_staff(ctx.store), find_wish(ctx.app_store, ctx.portal.member_id)
    words = search.lower().split()
    found = [one for one in staff.employees if all(word in f"{one.name} {one.position}".lower() for word in words)]
    people = [_person(ctx, staff, wish, one) for one in found[:MOST]]
    values: dict[str, Any] = {"roles": ROLES, "chosen_roles": CHOSEN, "others": wish.others, "by_key": BY_KEY}
    more = {"people": people, "found": len(found), "search": search, "departments": _departments(staff, wish)}
    return fragment("rights.html", ctx, **values, **more)


def _person(ctx: Context, staff: Staff, wish: Wish, person: Employee) -> PersonRow:
    names = {one.id: one.name for one in staff.departments}
    is_admin = bool(ctx.app_store.find_setting(ctx.portal.member_id, ADMINISTRATORS, {}).get(str(person.id)))
    return PersonRow(
        person,
        ", ".join(names[one] for one in person.departments if one in names),
        role_of(person.id, is_admin, staff, wish),
        wish.users.get(person.id, ""),
        len(staff.people_of(person.id)),
    )


def _departments(staff: Staff, wish: Wish) -> list[DepartmentRow]:
    """Return the tree from the top, each department behind the one above it."""
    names = {one.id: one.name for one in staff.employees}
    paths = {one.id: staff.above(one.id)[::-1] for one in staff.departments}
    order = {one.id: number for number, one in enumerate(staff.departments)}
    tree = sorted(staff.departments, key=lambda one: [order.get(step, -1) for step in paths[one.id]])
    return [DepartmentRow(one, len(paths[one.id]) - 1, names.get(one.head_id or 0, ""), wish.departments.get(one.id, "")) for one in tree]
