"""crm.documentgenerator.template.*. Source: api-reference/crm/document-generator/**. Downloads are signed GETs (`files`), not methods."""

from __future__ import annotations

from typing import Any

from sandbox import document_views as views
from sandbox import documents, filestore, wordfile
from sandbox.document_source import gather
from sandbox.documents import refused
from sandbox.entities import BY_TYPE, Field
from sandbox.envelope import PAGE, print_page, read_start
from sandbox.filters import compile_order
from sandbox.methods.docgen_numerator import get_numerator
from sandbox.methods.docgen_params import TEMPLATE, compile_filter, read_key
from sandbox.params import Items
from sandbox.rest import Answer, Call, Record

TEMPLATE_FIELDS = {
    "id": Field("ID", "integer"),
    "name": Field("NAME", "string"),
    "region": Field("REGION", "string"),
    "code": Field("CODE", "string"),
    "active": Field("ACTIVE", "char"),
    "numeratorId": Field("NUMERATOR_ID", "integer"),
    "withStamps": Field("WITH_STAMPS", "char"),
    "isDeleted": Field("IS_DELETED", "char"),
    "sort": Field("SORT", "integer"),
    "createTime": Field("CREATE_TIME", "datetime"),
    "updateTime": Field("UPDATE_TIME", "datetime"),
    "entityTypeId": Field("ENTITY_TYPE_ID", "string", flags="m"),
}


def template_add(call: Call) -> Answer:
    """Add a template. Without `users` only the caller sees it."""
    sent, portal = call.params["fields_"], call.portal
    missing = [name for name in ("name", "numeratorId", "region", "entityTypeId") if not sent.get(name)]
    if missing:
        raise refused(f"Empty required fields: {', '.join(missing)}")
    now = portal.clock.stamp()
    record = {"ACTIVE": "Y", "WITH_STAMPS": "N", "SORT": 500, "CODE": None, "MODULE_ID": "crm", "IS_DELETED": "N"}
    record |= {"USERS": [f"U{call.caller.user_id}"], "CREATE_TIME": now, "UPDATE_TIME": now}
    record |= _sent_template(call, sent) | {"FILE_ID": _template_file(call, sent)}
    key = int(portal.store.insert("doc_templates", record))
    return Answer({"template": views.template(portal, portal.store.get("doc_templates", key) or {})})


def _sent_template(call: Call, sent: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name in ("name", "region", "active", "withStamps"):
        if sent.get(name) not in (None, ""):
            made[TEMPLATE_FIELDS[name].name] = str(sent[name])
    for name in ("numeratorId", "sort"):
        if str(sent.get(name) or "").isdigit():
            made[TEMPLATE_FIELDS[name].name] = int(sent[name])
    for name, column in (("entityTypeId", "ENTITY_TYPE_ID"), ("users", "USERS")):
        if sent.get(name):
            made[column] = [str(one) for one in Items().deserialize(sent[name])]
    if "NUMERATOR_ID" in made:
        get_numerator(call, made["NUMERATOR_ID"])
    return made


def _template_file(call: Call, sent: dict[str, Any]) -> int:
    if not sent.get("file"):
        raise refused("Missing file content")
    content = documents.read_file(sent["file"])
    try:
        wordfile.read_codes(content or b"")
    except wordfile.NotWord as error:
        raise refused("Could not save file") from error
    return documents.keep_word_file(call.portal, str(sent.get("name") or "template"), content or b"")


def _template(call: Call, given: Any) -> Record:
    found = documents.get_template(call.portal, read_key(given, TEMPLATE), call.caller)
    if found["IS_DELETED"] == "Y":
        raise refused("Шаблон не найден")
    return found


def template_get(call: Call) -> Answer:
    """Get a template."""
    return Answer({"template": views.template(call.portal, _template(call, call.params["id"]))})


def template_list(call: Call) -> Answer:
    """List templates that the caller may use: an object keyed by id, which is an empty list when there are none."""
    asked = dict(call.params["filter"])
    if not any(str(name).lstrip("!=@").lower() == "isdeleted" for name in asked):
        asked["isDeleted"] = "N"
    order = compile_order(TEMPLATE_FIELDS, call.params["order"], is_strict=False)
    found = call.portal.store.find("doc_templates", where=compile_filter("doc_templates", TEMPLATE_FIELDS, asked), order=order)
    mine = [one for one in found if documents.is_for(call.portal, one, call.caller)]
    start = read_start(call.params["start"])
    rows = mine[max(start, 0) : max(start, 0) + PAGE]
    shown = {str(row["ID"]): _selected(views.template(call.portal, row, is_listed=True), call.params["select"]) for row in rows}
    return print_page({"templates": shown or []}, start, len(rows), len(mine))


def _selected(shown: dict[str, Any], select: list[Any]) -> dict[str, Any]:
    """Keep what was asked for; `*` is all but users and entityTypeId, links are always there."""
    names = set(map(str, select or ["*"]))
    if "*" in names:
        names |= set(shown) - {"users", "entityTypeId"}
    return {name: value for name, value in shown.items() if name in names | {"id", "download", "downloadMachine"}}


def template_update(call: Call) -> Answer:
    """Change a template; its documents keep their files."""
    found, sent = _template(call, call.params["id"]), call.params["fields_"]
    changes = _sent_template(call, sent) | {"UPDATE_TIME": call.portal.clock.stamp()}
    if sent.get("file"):
        changes["FILE_ID"] = _template_file(call, {"name": found["NAME"], **sent})
    call.portal.store.save("doc_templates", found["ID"], changes)
    return Answer({"template": views.template(call.portal, {**found, **changes})})


def template_delete(call: Call) -> Answer:
    """Mark a template as deleted; documents made of it stay."""
    found = _template(call, call.params["id"])
    call.portal.store.save("doc_templates", found["ID"], {"IS_DELETED": "Y"})
    return Answer(None)


def template_getfields(call: Call) -> Answer:
    """List the fields of a template with their values for an object; the next number is shown and not spent."""
    params, portal = call.params, call.portal
    template = _template(call, params["id"])
    if params["entityTypeId"] not in BY_TYPE:
        raise refused("No provider for entityTypeId")
    source = gather(portal, params["entityTypeId"], params["entityId"])
    number = params["values"].get(documents.NUMBER) or documents.take_number(portal, template["NUMERATOR_ID"], "", is_spent=False)
    record = {
        "NUMBER": str(number),
        "TITLE": f"{template['NAME']} {number}",
        "CREATE_TIME": portal.clock.stamp(),
        "GIVEN": params["values"],
    }
    content = filestore.read(portal, template["FILE_ID"]).content
    return Answer({"templateFields": views.fields_of(portal, content, record, source)})
