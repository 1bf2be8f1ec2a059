"""Lists of contacts, companies, leads and deals: a page of fifty and a search by name, phone, address or number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import redirect, request

from sandbox.entities import Entity
from sandbox.envelope import PAGE
from sandbox.pages.cards import get_entity, title_of
from sandbox.pages.shell import Shell, print_day, print_money

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Blueprint
    from werkzeug.wrappers import Response as AnyResponse

    from sandbox.portal import Portal

SEARCHED = {"deals": ("title",), "contacts": ("lastName", "name", "secondName"), "companies": ("title",), "leads": ("title", "lastName")}
COLUMNS = {
    "deals": ("STAGE_ID", "OPPORTUNITY", "ASSIGNED_BY_ID", "DATE_CREATE"),
    "contacts": ("PHONE", "EMAIL", "ASSIGNED_BY_ID", "DATE_CREATE"),
    "companies": ("PHONE", "EMAIL", "ASSIGNED_BY_ID", "DATE_CREATE"),
    "leads": ("STATUS_ID", "PHONE", "ASSIGNED_BY_ID", "DATE_CREATE"),
}
FOUND_BY_PHONE = 200


def add_routes(pages: Blueprint, shell: Shell) -> None:
    """Add the lists."""

    @pages.get("/crm/")
    def crm() -> AnyResponse:
        return redirect("/crm/deal/kanban/")

    @pages.get("/crm/<kind>/list/")
    def records(kind: str) -> str:
        entity, search = get_entity(kind), request.args.get("q", "").strip()
        page = max(request.args.get("page", 1, int), 1)
        asked = {
            "entityTypeId": entity.type_id,
            "filter": search_filter(shell.portal, entity, search),
            "order": {"id": "DESC"},
            "select": ["id"],
            "start": (page - 1) * PAGE,
        }
        answer = shell.portal.call(shell.viewer().caller, "crm.item.list", asked)
        rows = read_rows(shell, entity, [item["id"] for item in answer.result["items"]])
        about = {"kind": kind, "entity": entity, "columns": COLUMNS[entity.section], "search": search}
        return shell.page("list.html", rows=rows, total=answer.total, page=page, size=PAGE, **about)


def search_filter(portal: Portal, entity: Entity, search: str) -> dict[str, Any]:
    """Return the filter of a search: every word is a part of one of the names; or a number, a phone, an address."""
    if not search:
        return {}
    if search.lstrip("#").isdigit() and len(search) < 7:
        return {"=id": int(search.lstrip("#"))}
    if "@" in search or sum(letter.isdigit() for letter in search) > 4:
        return {"@id": find_by_phone(portal, entity, search) or [0]}
    words = search.split() if entity.section == "contacts" else [search]
    return {str(place): {"logic": "OR"} | {f"%{name}": word for name in SEARCHED[entity.section]} for place, word in enumerate(words)}


def find_by_phone(portal: Portal, entity: Entity, search: str) -> list[int]:
    """Return ids of records with such a phone (compared by digits) or address."""
    bare = "REPLACE(REPLACE(REPLACE(REPLACE(VALUE, ' ', ''), '-', ''), '(', ''), ')', '')"
    text = search.lower() if "@" in search else "".join(letter for letter in search if letter.isdigit())
    condition = f"SECTION = ? AND LOWER({bare}) LIKE ?"
    sql = f"SELECT DISTINCT OWNER_ID FROM multi_fields WHERE {condition} ORDER BY OWNER_ID DESC LIMIT {FOUND_BY_PHONE}"
    return [row[0] for row in portal.store.rows(sql, (entity.section, f"%{text}%"))]


def read_rows(shell: Shell, entity: Entity, ids: list[int]) -> list[dict[str, Any]]:
    """Return rows as the list prints them: id, title, and the texts of its columns."""
    store, lang, people = shell.portal.store, shell.viewer().lang, shell.people()
    records = store.find(entity.section, {"ID": ids}, order='"ID" DESC')
    store.attach(entity.section, records, True, False)
    stages = {row["STATUS_ID"]: row["NAME"] for row in store.find("statuses") if row["ENTITY_ID"].startswith(("DEAL_STAGE", "STATUS"))}

    def text(record: Mapping[str, Any], name: str) -> str:
        if name in ("PHONE", "EMAIL"):
            return ", ".join(one["VALUE"] for one in record.get(name) or ())
        if name == "ASSIGNED_BY_ID":
            return people.get(record[name], "")
        if name == "OPPORTUNITY":
            return print_money(record[name], record["CURRENCY_ID"])
        return print_day(record[name], lang) if name == "DATE_CREATE" else stages.get(record[name], "")

    return [
        {"id": record["ID"], "title": title_of(entity, record), "texts": [text(record, name) for name in COLUMNS[entity.section]]}
        for record in records
    ]
