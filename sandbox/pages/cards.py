"""Cards of deals, contacts, companies and leads: fields, links, timeline, and tabs of applications. Changes go through methods."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import Response, abort, jsonify, redirect, request

from sandbox import automation, placements, timeline
from sandbox.access import check_visible
from sandbox.entities import BY_TYPE, Entity
from sandbox.pages import bbcode, card_fields
from sandbox.pages.kanban import DEAL, board_stages, person_name
from sandbox.pages.shell import Shell, Viewer, in_language

if TYPE_CHECKING:
    from flask import Blueprint
    from werkzeug.wrappers import Response as AnyResponse

CONTACT, COMPANY = 3, 4
LATEST = 10  # deals of a client on his card


@dataclass(frozen=True)
class Linked:
    """Other objects on a card: words of the head, and (title, address, note) of each."""

    head: str
    items: list[tuple[str, str, str]]


BY_PATH = {entity.name.lower(): entity for entity in BY_TYPE.values()}


def add_routes(pages: Blueprint, shell: Shell) -> None:
    """Add cards, saving, stages, comments and the timeline."""
    _add_reading(pages, shell)
    _add_writing(pages, shell)


def _add_reading(pages: Blueprint, shell: Shell) -> None:
    portal = shell.portal

    @pages.get("/crm/<kind>/details/<int:key>/")
    def card(kind: str, key: int) -> str:
        entity, viewer = get_entity(kind), shell.viewer()
        item = read_item(shell, viewer, entity, key)
        record = portal.store.get(entity.section, key) or {}
        return shell.page(
            "card.html",
            kind=kind,
            entity=entity,
            item=item,
            title=title_of(entity, record),
            fields=card_fields.read_fields(shell, viewer, entity, record),
            stages=list_stages(shell, entity, item),
            rows=list_rows(shell, viewer, entity, key),
            linked=list_linked(shell, viewer, entity, item),
            tabs=list_tabs(shell, viewer, entity),
            **past(shell, viewer, entity, key),
        )

    @pages.get("/crm/<kind>/details/<int:key>/timeline/")
    def card_timeline(kind: str, key: int) -> str:
        entity, viewer = get_entity(kind), shell.viewer()
        # Asked every few seconds while a card is open: as a call it would fill the log of calls.
        check_visible(portal.store, viewer.caller, portal.store.get(entity.section, key) or abort(404))
        return shell.page("timeline.html", **past(shell, viewer, entity, key))


def _add_writing(pages: Blueprint, shell: Shell) -> None:
    portal = shell.portal

    @pages.post("/crm/<kind>/details/<int:key>/save/")
    def save(kind: str, key: int) -> AnyResponse:
        entity, viewer = get_entity(kind), shell.viewer()
        read_item(shell, viewer, entity, key)
        sent = card_fields.read_changes(shell, entity, portal.store.get(entity.section, key) or {}, request.form)
        if sent:
            asked = {"entityTypeId": entity.type_id, "id": key, "fields": sent, "useOriginalUfNames": "Y"}
            portal.call(viewer.caller, "crm.item.update", asked)
        return redirect(f"/crm/{kind}/details/{key}/", 303)

    @pages.post("/crm/<kind>/details/<int:key>/stage/")
    def set_stage(kind: str, key: int) -> Response:
        asked = {"entityTypeId": get_entity(kind).type_id, "id": key, "fields": {"stageId": request.get_json()["stage"]}}
        item = portal.call(shell.viewer().caller, "crm.item.update", asked).result["item"]
        return jsonify(stage=item["stageId"])

    @pages.post("/crm/<kind>/details/<int:key>/comment/")
    def add_comment(kind: str, key: int) -> AnyResponse:
        if text := request.form.get("text", "").strip():
            fields = {"ENTITY_ID": key, "ENTITY_TYPE": get_entity(kind).name.lower(), "COMMENT": text}
            portal.call(shell.viewer().caller, "crm.timeline.comment.add", {"fields": fields})
        return redirect(f"/crm/{kind}/details/{key}/", 303)


def get_entity(kind: str) -> Entity:
    """Return the kind of object that an address names; 404 for another word."""
    return BY_PATH.get(kind) or abort(404)


def read_item(shell: Shell, viewer: Viewer, entity: Entity, key: int) -> dict[str, Any]:
    """Return the item as REST shows it to this person. Raises RestError."""
    asked = {"entityTypeId": entity.type_id, "id": key, "useOriginalUfNames": "Y"}
    item: dict[str, Any] = shell.portal.call(viewer.caller, "crm.item.get", asked).result["item"]
    return item


def past(shell: Shell, viewer: Viewer, entity: Entity, key: int) -> dict[str, Any]:
    """Return what the timeline's template needs."""
    robots = {one["CODE"]: in_language(one["NAME"], viewer.lang) for one in automation.list_robots(shell.portal)}
    return {
        "entries": timeline.entries(shell.portal, entity.type_id, key),
        "people": shell.people(),
        "robot_names": robots,
        "bbcode": bbcode.show,
    }


def title_of(entity: Entity, record: dict[str, Any]) -> str:
    """Return what a card is headed with."""
    return str(record.get("TITLE") or "") if entity.type_id != CONTACT else person_name(record)


def list_stages(shell: Shell, entity: Entity, item: dict[str, Any]) -> list[Any]:
    """Return the stages of the bar; objects without stages have none."""
    if not entity.stage_field:
        return []
    return board_stages(shell.portal, item["categoryId"]) if entity.type_id == DEAL else shell.portal.stages.list(entity.section)


def list_rows(shell: Shell, viewer: Viewer, entity: Entity, key: int) -> list[dict[str, Any]]:
    """Return what is sold in a deal or asked for in a lead."""
    if not entity.stage_field:
        return []
    asked = {"filter": {"=ownerType": entity.short, "=ownerId": key}, "order": {"sort": "ASC", "id": "ASC"}, "start": -1}
    found: list[dict[str, Any]] = shell.portal.call(viewer.caller, "crm.item.productrow.list", asked).result["productRows"]
    return found


def list_linked(shell: Shell, viewer: Viewer, entity: Entity, item: dict[str, Any]) -> list[Linked]:
    """Return links of a card: clients, and for clients their latest deals."""
    store, made = shell.portal.store, []
    companies = store.find("companies", {"ID": item.get("companyIds") or [item.get("companyId") or 0]})
    contacts = store.find("contacts", {"ID": item.get("contactIds") or [item.get("contactId") or 0]})
    if entity.type_id == COMPANY:
        found = _list(shell, viewer, CONTACT, {"companyIds": [item["id"]]})
        contacts = store.find("contacts", {"ID": [one["id"] for one in found]})
    made.append(Linked("company", [(row["TITLE"] or f"#{row['ID']}", f"/crm/company/details/{row['ID']}/", "") for row in companies]))
    made.append(Linked("contacts", [(person_name(row), f"/crm/contact/details/{row['ID']}/", row["POST"] or "") for row in contacts]))
    if entity.type_id in (CONTACT, COMPANY):
        asked = {"contactIds": [item["id"]]} if entity.type_id == CONTACT else {"companyId": item["id"]}
        names = {stage["STATUS_ID"]: stage["NAME"] for stage in store.find("statuses") if stage["ENTITY_ID"].startswith("DEAL_STAGE")}
        deals = _list(shell, viewer, DEAL, asked)
        made.append(Linked("deals", [(one["title"], f"/crm/deal/details/{one['id']}/", names.get(one["stageId"], "")) for one in deals]))
    return [linked for linked in made if linked.items]


def _list(shell: Shell, viewer: Viewer, type_id: int, asked: dict[str, Any]) -> list[dict[str, Any]]:
    sent = {"entityTypeId": type_id, "filter": asked, "order": {"id": "DESC"}, "select": ["id", "title", "stageId"], "start": -1}
    if type_id == CONTACT:
        sent["select"] = ["id"]
    found: list[dict[str, Any]] = shell.portal.call(viewer.caller, "crm.item.list", sent).result["items"]
    return found[:LATEST]


def list_tabs(shell: Shell, viewer: Viewer, entity: Entity) -> list[dict[str, Any]]:
    """Return tabs of applications: what is bound to the card's detail tab."""
    code = f"CRM_{entity.name}_DETAIL_TAB"
    return [
        {
            "id": one["ID"],
            "code": code,
            "client_id": one["CLIENT_ID"],
            "handler": one["HANDLER"],
            "title": ((one["LANG_ALL"] or {}).get(viewer.lang) or {}).get("TITLE") or in_language(one["TITLE"], viewer.lang),
        }
        for one in placements.list_for(shell.portal, code, viewer.id)
    ]
