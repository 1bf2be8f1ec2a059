"""The timeline of a card: comments, activities, documents, robots and stages of one object, newest first. Reads only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox import automation, document_views, documents
from sandbox.entities import BY_TYPE

if TYPE_CHECKING:
    from sandbox.portal import Portal

DEAL = 2
LIMIT = 100


def entries(portal: Portal, entity_type_id: int, entity_id: int, limit: int = LIMIT) -> list[dict[str, Any]]:
    """Return entries `{kind, id, time, title, text, author_id, links}`; kinds: comment, activity, document, robot, stage."""
    gathered = [
        *_comments(portal, entity_type_id, entity_id),
        *_activities(portal, entity_type_id, entity_id),
        *_documents(portal, entity_type_id, entity_id),
        *_stages(portal, entity_type_id, entity_id),
        *(_robots(portal, entity_id) if entity_type_id == DEAL else ()),
    ]
    return sorted(gathered, key=lambda entry: (entry["time"] or "", entry["kind"], entry["id"]), reverse=True)[:limit]


def _entry(kind: str, key: int, time: str | None, title: str, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "id": key, "time": time, "title": title, "text": "", "author_id": None, "links": {}, **more}


def _comments(portal: Portal, type_id: int, key: int) -> list[dict[str, Any]]:
    owner = {"ENTITY_TYPE": BY_TYPE[type_id].name.lower(), "ENTITY_ID": key}
    rows = portal.store.find("timeline_comments", owner, order='"ID" DESC', limit=LIMIT)
    return [_entry("comment", row["ID"], row["CREATED"], "", text=row["COMMENT"], author_id=row["AUTHOR_ID"]) for row in rows]


def _activities(portal: Portal, type_id: int, key: int) -> list[dict[str, Any]]:
    rows = portal.store.find("activities", {"OWNER_TYPE_ID": type_id, "OWNER_ID": key}, order='"ID" DESC', limit=LIMIT)
    return [
        _entry(
            "activity",
            row["ID"],
            row["START_TIME"] or row["CREATED"],
            row["SUBJECT"] or "",
            text=row["DESCRIPTION"] or "",
            author_id=row["AUTHOR_ID"],
            type_id=row["TYPE_ID"],
            direction=row["DIRECTION"],
            completed=row["COMPLETED"] == "Y",
        )
        for row in rows
    ]


def _documents(portal: Portal, type_id: int, key: int) -> list[dict[str, Any]]:
    made = []
    for row in documents.list_for(portal, type_id, key):
        shown = document_views.document(portal, row)
        links = {name: shown[name] for name in ("downloadUrl", "pdfUrl", "publicUrl")}
        more = {"number": row["NUMBER"], "error": shown.get("transformationErrorMessage", "")}
        made.append(_entry("document", row["ID"], row["CREATE_TIME"], row["TITLE"], author_id=row["CREATED_BY"], links=links, **more))
    return made


def _stages(portal: Portal, type_id: int, key: int) -> list[dict[str, Any]]:
    rows = portal.store.find("stage_history", {"ENTITY_TYPE_ID": type_id, "OWNER_ID": key}, order='"ID" DESC', limit=LIMIT)
    return [_entry("stage", row["ID"], row["CREATED_TIME"], _stage_name(portal, type_id, row["STAGE_ID"])) for row in rows]


def _stage_name(portal: Portal, type_id: int, stage_id: str) -> str:
    stage = portal.stages.find(BY_TYPE[type_id].section, stage_id)
    return stage.name if stage else stage_id


def _robots(portal: Portal, key: int) -> list[dict[str, Any]]:
    return [
        _entry(
            "robot",
            run["id"],
            run["started"],
            run["robot"],
            text="\n".join(line["text"] for line in run["log"]) or run["error"],
            state=run["state"],
            return_values=run["return_values"],
        )
        for run in automation.workflows(portal, key, LIMIT)
    ]
