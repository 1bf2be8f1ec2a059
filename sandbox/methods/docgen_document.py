"""crm.documentgenerator.document.*. Source: api-reference/crm/document-generator/**. Downloads are signed GETs (`files`), not methods."""

from __future__ import annotations

from sandbox import document_views as views
from sandbox import documents, filestore
from sandbox.document_source import gather
from sandbox.documents import refused
from sandbox.entities import BY_TYPE, Field
from sandbox.envelope import PAGE, print_page, read_start
from sandbox.filters import compile_order
from sandbox.methods.docgen_params import DOCUMENT, TEMPLATE, compile_filter, read_key
from sandbox.rest import Answer, Call

DOCUMENT_FIELDS = {
    "id": Field("ID", "integer"),
    "title": Field("TITLE", "string"),
    "number": Field("NUMBER", "string"),
    "templateId": Field("TEMPLATE_ID", "integer"),
    "entityTypeId": Field("ENTITY_TYPE_ID", "integer"),
    "entityId": Field("ENTITY_ID", "integer"),
    "fileId": Field("FILE_ID", "integer"),
    "pdfId": Field("PDF_ID", "integer"),
    "createTime": Field("CREATE_TIME", "datetime"),
    "updateTime": Field("UPDATE_TIME", "datetime"),
    "createdBy": Field("CREATED_BY", "integer"),
    "updatedBy": Field("UPDATED_BY", "integer"),
}


def document_add(call: Call) -> Answer:
    """Make a document of a template for an object."""
    params = call.params
    template = documents.get_template(call.portal, read_key(params["templateId"], TEMPLATE), call.caller)
    if template["IS_DELETED"] == "Y":
        raise refused("Cannot create document on deleted template")
    if not params["entityId"]:
        raise refused('Empty required parameter "value"')
    described = {code: one["VALUE"] for code, one in params["fields_"].items() if isinstance(one, dict) and "VALUE" in one}
    asked = {"entity_type_id": params["entityTypeId"], "entity_id": params["entityId"], "values": {**described, **params["values"]}}
    record = documents.create(call.portal, call.caller, template, {**asked, "stamps": bool(params["stampsEnabled"])})
    return Answer({"document": views.new_document(call.portal, record)})


def document_get(call: Call) -> Answer:
    """Get a document."""
    record = documents.get_document(call.portal, read_key(call.params["id"], DOCUMENT))
    return Answer({"document": views.document(call.portal, record)})


def document_list(call: Call) -> Answer:
    """List documents. Naming entityTypeId in `select` is refused, as the vendor's own note says."""
    params, store = call.params, call.portal.store
    if "entityTypeId" in params["select"]:
        text = "Unknown field definition ENTITY_TYPE_ID (ENTITY_TYPE_ID) for \\Bitrix\\DocumentGenerator\\Model\\Document Entity"
        raise refused(text, "100")
    where, start = compile_filter("documents", DOCUMENT_FIELDS, params["filter"]), read_start(params["start"])
    order = compile_order(DOCUMENT_FIELDS, params["order"], is_strict=False)
    rows = store.find("documents", where=where, order=order, limit=PAGE, offset=max(start, 0))
    names = set(map(str, params["select"])) or {"*"}
    listed = [views.listed_document(call.portal, row) for row in rows]
    shown = listed if "*" in names else [{name: value for name, value in row.items() if name in names} for row in listed]
    return print_page({"documents": shown}, start, len(rows), store.count("documents", where=where))


def document_update(call: Call) -> Answer:
    """Make a document's file anew; stamps are on unless they are switched off."""
    key, stamps = read_key(call.params["id"], DOCUMENT), call.params["stampsEnabled"]
    record = documents.update(call.portal, call.caller, key, call.params["values"], True if stamps is None else stamps)
    return Answer({"document": views.updated_document(call.portal, record)})


def document_upload(call: Call) -> Answer:
    """Keep a ready document."""
    sent = call.params["fields_"]
    missing = [name for name in ("entityTypeId", "entityId", "fileContent", "region", "title", "number") if not sent.get(name)]
    if missing:
        raise refused(f"Empty required fields: {', '.join(missing)}")
    if not str(sent["entityTypeId"]).isdigit() or int(sent["entityTypeId"]) not in BY_TYPE:
        raise refused("No provider for entityTypeId")
    return Answer({"document": views.uploaded_document(call.portal, documents.upload(call.portal, call.caller, sent))})


def document_delete(call: Call) -> Answer:
    """Delete a document."""
    documents.delete(call.portal, call.caller, read_key(call.params["id"], DOCUMENT))
    return Answer(None)


def document_getfields(call: Call) -> Answer:
    """List the fields of a document with values that the caller tries out; nothing is changed."""
    portal = call.portal
    record = documents.get_document(portal, read_key(call.params["id"], DOCUMENT))
    template = portal.store.get("doc_templates", record["TEMPLATE_ID"] or 0)
    content = filestore.read(portal, (template or record)["FILE_ID"]).content
    source = gather(portal, record["ENTITY_TYPE_ID"], record["ENTITY_ID"])
    tried = {**record, "GIVEN": {**(record["GIVEN"] or {}), **call.params["values"]}}
    return Answer({"documentFields": views.fields_of(portal, content, tried, source)})


def document_enablepublicurl(call: Call) -> Answer:
    """Switch a document's public link."""
    record = documents.set_public(call.portal, read_key(call.params["id"], DOCUMENT), call.params["status"])
    return Answer({"publicUrl": views.public_link(call.portal, record)})
