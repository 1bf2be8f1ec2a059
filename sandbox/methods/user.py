"""user.*, profile, department.get: employees. Sources: api-reference/user/, common/users/, departments/."""

from __future__ import annotations

from marshmallow import fields

from sandbox.entities import Field
from sandbox.envelope import PAGE, print_page, read_start
from sandbox.filters import Filter, WrongValue, compile_order
from sandbox.params import Params
from sandbox.presenters import old_printer
from sandbox.rest import Answer, Call, Method, Record, RestError

USER_FIELDS = {
    name: Field(name, kind, flags="m" if name == "UF_DEPARTMENT" else "")
    for name, kind in {
        "ID": "integer", "XML_ID": "string", "ACTIVE": "bool", "NAME": "string", "LAST_NAME": "string", "SECOND_NAME": "string",
        "TITLE": "string", "EMAIL": "string", "LAST_LOGIN": "datetime", "DATE_REGISTER": "datetime", "TIME_ZONE": "string",
        "IS_ONLINE": "char", "PERSONAL_GENDER": "string", "PERSONAL_BIRTHDAY": "date", "PERSONAL_PHOTO": "string",
        "PERSONAL_CITY": "string", "PERSONAL_MOBILE": "string", "WORK_PHONE": "string", "WORK_POSITION": "string",
        "UF_PHONE_INNER": "string", "UF_DEPARTMENT": "integer", "USER_TYPE": "string",
    }.items()
}  # fmt: skip
# What `user_brief` hides.
CONTACTS = ("EMAIL", "PERSONAL_MOBILE", "WORK_PHONE", "UF_PHONE_INNER")
DEPARTMENT_FIELDS = {name: Field(name, "string" if name == "NAME" else "integer") for name in ("ID", "NAME", "SORT", "PARENT", "UF_HEAD")}
USER_SCOPES = "user|user_basic|user_brief"


class ListParams(Params):
    """A page of employees: `sort` is a field, `order` its direction; `filter` may also be spread over the top level."""

    filter = fields.Raw(load_default=None)
    sort = fields.String(load_default="ID")
    order = fields.Raw(load_default="ASC")
    start = fields.Raw(load_default=0)
    ID = fields.Raw(load_default=None)


def print_user(row: Record, call: Call) -> Record:
    """Return an employee as the caller's scope shows him."""
    made = {name: row.get(name) or "" for name in USER_FIELDS}
    made |= {
        "ID": str(row["ID"]),
        "ACTIVE": row["ACTIVE"],
        "UF_DEPARTMENT": row["UF_DEPARTMENT"] or [],
        "USER_TYPE": row["USER_TYPE"] or "employee",
    }
    made |= {"IS_ONLINE": row["IS_ONLINE"] or "N", "TIMESTAMP_X": {}, "LAST_ACTIVITY_DATE": {}}
    made["PERSONAL_BIRTHDAY"] = f"{row['PERSONAL_BIRTHDAY']}T00:00:00+00:00" if row["PERSONAL_BIRTHDAY"] else ""
    if not call.caller.account or call.caller.scopes & {"user", "user_basic"}:
        return made
    return {name: value for name, value in made.items() if name not in CONTACTS}


def user_get(call: Call) -> Answer:
    """user.get"""
    asked, store = call.params, call.portal.store
    given = asked["filter"] if asked["filter"] else {"ID": asked["ID"]} if asked["ID"] else None
    try:
        where = Filter("users", USER_FIELDS, is_nested=True).compile(given)
    except WrongValue as error:
        raise RestError(400, "", f"Wrong value of {error} in filter.") from error
    order = compile_order(USER_FIELDS, {str(asked["sort"]).upper(): asked["order"]}, is_strict=False)
    start = read_start(asked["start"])
    total = store.count("users", where=where) if start >= 0 else 0
    rows = store.find("users", where=where, order=order, limit=PAGE, offset=max(start, 0))
    return print_page([print_user(row, call) for row in rows], start, len(rows), total)


def _me(call: Call) -> Record:
    return call.portal.store.get("users", call.caller.user_id) or {}


def user_current(call: Call) -> Answer:
    """user.current"""
    return Answer(print_user(_me(call), call))


def user_admin(call: Call) -> Answer:
    """user.admin"""
    return Answer(call.caller.admin)


def profile(call: Call) -> Answer:
    """profile"""
    me = _me(call)
    shown = {name: me.get(name) or "" for name in ("NAME", "LAST_NAME", "PERSONAL_GENDER", "TIME_ZONE")}
    return Answer({"ID": str(me["ID"]), "ADMIN": call.caller.admin, **shown})


class DepartmentParams(Params):
    """A page of departments; conditions stand at the top level."""

    ID = fields.Raw(load_default=None)
    NAME = fields.Raw(load_default=None)
    PARENT = fields.Raw(load_default=None)
    UF_HEAD = fields.Raw(load_default=None)
    sort = fields.String(load_default="ID")
    order = fields.Raw(load_default="ASC")
    start = fields.Raw(load_default=0)


def department_get(call: Call) -> Answer:
    """department.get"""
    asked, store = call.params, call.portal.store
    given = {name: asked[name] for name in ("ID", "NAME", "PARENT", "UF_HEAD") if asked[name] not in (None, "")}
    try:
        where = Filter("departments", DEPARTMENT_FIELDS).compile(given)
    except WrongValue as error:
        raise RestError(400, "", f"Wrong value of {error}.") from error
    order = compile_order(DEPARTMENT_FIELDS, {str(asked["sort"]).upper(): asked["order"]}, is_strict=False)
    start = read_start(asked["start"])
    rows = store.find("departments", where=where, order=order, limit=PAGE, offset=max(start, 0))
    total = store.count("departments", where=where) if start >= 0 else 0
    return print_page([print_department(row) for row in rows], start, len(rows), total)


def print_department(row: Record) -> Record:
    """Return a department: SORT is a number, ids are text, absent ones have no key."""
    text = old_printer("integer")
    made = {"ID": text(row["ID"]), "NAME": row["NAME"], "SORT": row["SORT"] or 500}
    return made | {name: text(row[name]) for name in ("PARENT", "UF_HEAD") if row[name]}


METHODS = (
    Method("user.get", user_get, ListParams, USER_SCOPES),
    Method("user.current", user_current, None, USER_SCOPES),
    Method("user.admin", user_admin),
    Method("profile", profile),
    Method("department.get", department_get, DepartmentParams, "department|user|user_basic"),
)
