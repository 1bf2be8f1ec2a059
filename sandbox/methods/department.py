"""department.*: the company's structure. Source: api-reference/departments/."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from sandbox.entities import Field
from sandbox.envelope import PAGE, print_page, read_start
from sandbox.filters import Filter, WrongValue, compile_order
from sandbox.params import Params
from sandbox.presenters import old_printer
from sandbox.rest import Answer, Call, Method, Record, RestError

SECTION = "departments"
FIELDS = {name: Field(name, "string" if name == "NAME" else "integer") for name in ("ID", "NAME", "SORT", "PARENT", "UF_HEAD")}
TITLES = {
    "ID": "ID", "NAME": "Название подразделения", "SORT": "Порядок сортировки", "PARENT": "Вышестоящее подразделение",
    "UF_HEAD": "Руководитель",
}  # fmt: skip
WRITTEN = ("SORT", "PARENT", "UF_HEAD")


class DepartmentParams(Params):
    """A department's fields; for department.get they are conditions, and a page."""

    ID = fields.Raw(load_default=None)
    NAME = fields.Raw(load_default=None)
    SORT = fields.Raw(load_default=None)
    PARENT = fields.Raw(load_default=None)
    UF_HEAD = fields.Raw(load_default=None)
    order = fields.Raw(load_default="ASC")
    start = fields.Raw(load_default=0)


def _core(text: str) -> RestError:
    return RestError(400, "ERROR_CORE", text)


def department_get(call: Call) -> Answer:
    """department.get: `sort` is a condition when it is a number, else the field of the order"""
    asked, store = call.params, call.portal.store
    given = {name: asked[name] for name in FIELDS if asked[name] not in (None, "")}
    sort = str(given.pop("SORT", ""))
    if sort.isdigit():
        given["SORT"] = sort
    try:
        where = Filter(SECTION, FIELDS).compile(given)
    except WrongValue as error:
        raise RestError(400, "", f"Wrong value of {error}.") from error
    order = compile_order(FIELDS, {sort.upper() if sort.upper() in FIELDS else "ID": asked["order"]}, is_strict=False)
    start = read_start(asked["start"])
    rows = store.find(SECTION, where=where, order=order, limit=PAGE, offset=max(start, 0))
    total = store.count(SECTION, where=where) if start >= 0 else 0
    return print_page([print_department(row) for row in rows], start, len(rows), total)


def print_department(row: Record) -> Record:
    """Return a department: SORT is a number, ids are text, absent ones have no key."""
    text = old_printer("integer")
    made = {"ID": text(row["ID"]), "NAME": row["NAME"], "SORT": row["SORT"] or 500}
    return made | {name: text(row[name]) for name in ("PARENT", "UF_HEAD") if row[name]}


def department_fields(_call: Call) -> Answer:
    """department.fields"""
    return Answer(TITLES)


def _read(call: Call) -> Record:
    made: Record = {name: int(text) for name in WRITTEN if (text := str(call.params[name] or "")).isdigit()}
    if call.params["NAME"] is not None:
        made["NAME"] = str(call.params["NAME"]).strip()
        if not made["NAME"]:
            raise _core("Не введено название раздела.<br>")
    return made


def _get(call: Call) -> Record:
    key = str(call.params["ID"] or "")
    found = call.portal.store.get(SECTION, int(key)) if key.isdigit() and int(key) < 2**63 else None
    if found is None:
        raise _core("Department not found")
    return found


def department_add(call: Call) -> Answer:
    """department.add: answers the id; only one department has no parent"""
    store = call.portal.store
    made: Record = {"NAME": "", "SORT": 500, **_read(call)}
    if not made["NAME"]:
        raise _core("Не введено название раздела.<br>")
    if not made.get("PARENT") or store.get(SECTION, made["PARENT"]) is None:
        raise _core("В структуре компании должен быть только один раздел верхнего уровня")
    return Answer(store.insert(SECTION, made))


def department_update(call: Call) -> Answer:
    """department.update"""
    call.portal.store.save(SECTION, _get(call)["ID"], _read(call))
    return Answer(True)


def department_delete(call: Call) -> Answer:
    """department.delete: those under it and its people move one up"""
    row, store = _get(call), call.portal.store
    with store.write():
        for below in store.find(SECTION, {"PARENT": row["ID"]}):
            store.save(SECTION, below["ID"], {"PARENT": row["PARENT"]})
        for user in store.find("users"):
            if row["ID"] in (user["UF_DEPARTMENT"] or []):
                others = [one for one in user["UF_DEPARTMENT"] if one != row["ID"]]
                store.save("users", user["ID"], {"UF_DEPARTMENT": others or ([row["PARENT"]] if row["PARENT"] else [])})
        store.delete(SECTION, row["ID"])
    return Answer(True)


ADMIN: dict[str, Any] = {"admin": True, "admin_refusal": (400, "ERROR_CORE", "Access denied")}
METHODS = (
    Method("department.get", department_get, DepartmentParams, "department|user|user_basic"),
    Method("department.fields", department_fields, None, "department"),
    Method("department.add", department_add, DepartmentParams, "department", **ADMIN),
    Method("department.update", department_update, DepartmentParams, "department", **ADMIN),
    Method("department.delete", department_delete, DepartmentParams, "department", **ADMIN),
)
