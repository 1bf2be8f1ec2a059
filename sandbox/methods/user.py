"""user.*, profile: employees. Sources: api-reference/user/, common/users/."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import INCLUDE, fields

from sandbox.entities import Field
from sandbox.envelope import PAGE, print_page, read_start
from sandbox.filters import Filter, WrongValue, compile_order
from sandbox.params import Items, Params
from sandbox.rest import Answer, Call, Method, Record, RestError
from sandbox.store import Where

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
USER_SCOPES = "user|user_basic|user_brief"


class ListParams(Params):
    """A page of employees: `sort` is a field, `order` its direction; `filter` may also be spread over the top level."""

    class Meta:
        unknown = INCLUDE

    filter = fields.Raw(load_default=None)
    sort = fields.String(load_default="ID")
    order = fields.Raw(load_default="ASC")
    start = fields.Raw(load_default=0)
    select = Items(load_default=list)


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
    return made if _sees_contacts(call) else {name: value for name, value in made.items() if name not in CONTACTS}


def _sees_contacts(call: Call) -> bool:
    return not call.caller.account or bool(call.caller.scopes & {"user", "user_basic"})


def user_get(call: Call) -> Answer:
    """user.get"""
    return _page(call, _asked(call), Where())


def _asked(call: Call) -> Any:
    """Return the filter, or the conditions at the top level where there is none."""
    return call.params["filter"] or {name: value for name, value in call.params.items() if name in USER_FIELDS}


def _page(call: Call, given: Any, where: Where) -> Answer:
    asked, store = call.params, call.portal.store
    try:
        where &= Filter("users", USER_FIELDS, is_nested=True).compile(given)
    except WrongValue as error:
        raise RestError(400, "", f"Wrong value of {error} in filter.") from error
    order = compile_order(USER_FIELDS, {str(asked["sort"]).upper(): asked["order"]}, is_strict=False)
    start = read_start(asked["start"])
    total = store.count("users", where=where) if start >= 0 else 0
    rows = store.find("users", where=where, order=order, limit=PAGE, offset=max(start, 0))
    return print_page([_chosen(print_user(row, call), asked["select"]) for row in rows], start, len(rows), total)


def _chosen(shown: Record, select: list[Any]) -> Record:
    """Return what `select` names; "*" is everything, "UF_*" the user fields, nothing is everything too."""
    names = {str(name).upper() for name in select}
    if not names or "*" in names:
        return shown
    return {name: value for name, value in shown.items() if name in names or ("UF_*" in names and name.startswith("UF_"))}


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


# What user.search looks through, and the key that looks through all of it.
SEARCHED = ("NAME", "LAST_NAME", "SECOND_NAME", "WORK_POSITION")
FIND, DEPARTMENT_NAME = "FIND", "UF_DEPARTMENT_NAME"
TITLES = {
    "ID": "ID", "XML_ID": "Внешний код", "ACTIVE": "Активность", "NAME": "Имя", "LAST_NAME": "Фамилия", "SECOND_NAME": "Отчество",
    "TITLE": "Обращение", "EMAIL": "E-Mail", "LAST_LOGIN": "Последняя авторизация", "DATE_REGISTER": "Дата регистрации",
    "TIME_ZONE": "TIME_ZONE", "IS_ONLINE": "IS_ONLINE", "TIMESTAMP_X": "TIMESTAMP_X", "LAST_ACTIVITY_DATE": "LAST_ACTIVITY_DATE",
    "PERSONAL_GENDER": "Пол", "PERSONAL_BIRTHDAY": "Дата рождения", "PERSONAL_PHOTO": "Фотография", "PERSONAL_CITY": "Город проживания",
    "PERSONAL_MOBILE": "Личный мобильный", "WORK_PHONE": "Телефон компании", "WORK_POSITION": "Должность",
    "UF_PHONE_INNER": "Внутренний телефон", "UF_DEPARTMENT": "Подразделения", "USER_TYPE": "USER_TYPE",
}  # fmt: skip


def user_fields(call: Call) -> Answer:
    """user.fields: names of the fields that the scope shows"""
    return Answer({name: title for name, title in TITLES.items() if _sees_contacts(call) or name not in CONTACTS})


def user_search(call: Call) -> Answer:
    """user.search: beginnings of words; FIND alone looks through names, positions and departments"""
    spread = {name: value for name, value in call.params.items() if name in (*USER_FIELDS, FIND, DEPARTMENT_NAME)}
    given = call.params["filter"] if isinstance(call.params["filter"], Mapping) else {}
    asked = {str(name).upper(): value for name, value in (given or spread).items()}
    where = _search(call, asked)
    rest = {name: value for name, value in asked.items() if name not in (*SEARCHED, FIND, DEPARTMENT_NAME)}
    return _page(call, rest, where)


def _search(call: Call, asked: Mapping[str, Any]) -> Where:
    words = str(asked.get(FIND) or "").split()
    found = Where()
    for word in words:
        parts = [_begins(name, word) for name in SEARCHED] + [_in_department(call, word)]
        found &= Where(" OR ".join(f"({part.sql})" for part in parts), tuple(one for part in parts for one in part.params))
    if words:
        return found
    for name in SEARCHED:
        if asked.get(name):
            found &= _begins(name, str(asked[name]))
    return found & _in_department(call, str(asked[DEPARTMENT_NAME])) if asked.get(DEPARTMENT_NAME) else found


def _begins(column: str, text: str) -> Where:
    """Return the condition that a word of the column begins so; case does not matter."""
    start = text.lower().rstrip("%").replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return Where(f"LOWER(' ' || COALESCE(\"{column}\", '')) LIKE ? ESCAPE '\\'", (f"% {start}%",))


def _in_department(call: Call, text: str) -> Where:
    named = call.portal.store.find("departments", where=_begins("NAME", text))
    ids = {row["ID"] for row in named}
    people = [row["ID"] for row in call.portal.store.find("users") if ids & set(row["UF_DEPARTMENT"] or [])]
    return Where(f'"ID" IN ({", ".join("?" for _ in people)})', tuple(people))


METHODS = (
    Method("user.get", user_get, ListParams, USER_SCOPES),
    Method("user.search", user_search, ListParams, USER_SCOPES),
    Method("user.fields", user_fields, None, USER_SCOPES),
    Method("user.current", user_current, None, USER_SCOPES),
    Method("user.admin", user_admin),
    Method("profile", profile),
)
