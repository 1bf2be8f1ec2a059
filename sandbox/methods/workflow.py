"""bizproc.workflow.start and bizproc.workflow.template.list: chains of robots started by hand.

Sources: api-reference/bizproc/bizproc-workflow-start.md, template/bizproc-workflow-template-list.md. PARAMETERS are passed over
(assumption 122).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import fields

from sandbox.entities import ENTITIES, Field
from sandbox.envelope import PAGE, print_page, read_start
from sandbox.filters import Filter, WrongValue, compile_order
from sandbox.params import Items, Map, Params
from sandbox.presenters import old_printer
from sandbox.rest import Answer, Call, Method, RestError

SECTION = "workflow_templates"
# Document types by the class that CRM documents have: CCrmDocumentDeal -> DEAL.
CLASSES = {f"CCrmDocument{entity.name.capitalize()}": entity for entity in ENTITIES}
KINDS = {
    "ID": "integer", "MODULE_ID": "string", "ENTITY": "string", "DOCUMENT_TYPE": "string", "AUTO_EXECUTE": "integer", "NAME": "string",
    "MODIFIED": "datetime", "IS_MODIFIED": "char", "USER_ID": "integer", "SYSTEM_CODE": "string",
}  # fmt: skip
FIELDS = {name: Field(name, kind) for name, kind in KINDS.items()}
BODIES = ("TEMPLATE", "PARAMETERS", "VARIABLES", "CONSTANTS")


class StartParams(Params):
    """A template and the document it is started for."""

    TEMPLATE_ID = fields.Raw(load_default=0)
    DOCUMENT_ID = Items(load_default=list)
    PARAMETERS = Map(load_default=dict)


class ListParams(Params):
    """A page of templates."""

    select = Items(load_default=list)
    filter = Map(load_default=dict)
    order = Map(load_default=dict)
    start = fields.Raw(load_default=0)


def _wrong(text: str) -> RestError:
    return RestError(400, "ERROR_WRONG_WORKFLOW_ID", text)


def workflow_start(call: Call) -> Answer:
    """Start a template for a document; answer the chain's code."""
    asked, store = str(call.params["TEMPLATE_ID"] or ""), call.portal.store
    if asked in ("", "0"):
        raise _wrong("Empty TEMPLATE_ID")
    template = store.get(SECTION, int(asked)) if asked.isdigit() and int(asked) < 2**63 else None
    if template is None:
        raise _wrong("Template not found")
    document = [str(part) for part in call.params["DOCUMENT_ID"]]
    if len(document) != 3 or not all(document):
        raise RestError(400, "", "Wrong DOCUMENT_ID!")
    entity, key = CLASSES.get(document[1]), document[2].rpartition("_")[2]
    if document[0] != "crm" or entity is None or document[2] != f"{entity.name}_{key}":
        raise RestError(400, "", "Incorrect document type!")
    if (entity.name, document[1]) != (template["DOCUMENT_TYPE"], template["ENTITY"]):
        raise RestError(400, "", "Template type and DOCUMENT_ID mismatch!")
    record = store.get(entity.section, int(key)) if key.isdigit() and int(key) < 2**63 else None
    if record is None:
        raise RestError(400, "", "Wrong DOCUMENT_ID!")
    return Answer(call.portal.active.automation.start_chain(record, template["STEPS"] or []))


def template_list(call: Call) -> Answer:
    """List templates: by default their ids alone."""
    asked, store, start = call.params, call.portal.store, read_start(call.params["start"])
    try:
        where = Filter(SECTION, FIELDS).compile(_upper(asked["filter"]))
    except WrongValue as error:
        raise RestError(400, "", f"Wrong value of {error} in filter.") from error
    order = compile_order(FIELDS, _upper(asked["order"]), is_strict=False)
    rows = store.find(SECTION, where=where, order=order, limit=PAGE, offset=max(start, 0))
    chosen = [str(name).upper() for name in asked["select"]] or ["ID"]
    names = [*FIELDS, *BODIES] if "*" in chosen else chosen
    total = store.count(SECTION, where=where) if start >= 0 else 0
    return print_page([_printed(row, names) for row in rows], start, len(rows), total)


def _upper(asked: Mapping[str, Any]) -> dict[str, Any]:
    return {str(name).upper(): value for name, value in asked.items()}


def _printed(row: Mapping[str, Any], names: list[str]) -> dict[str, Any]:
    made: dict[str, Any] = {name: old_printer(field.kind)(row[name]) for name, field in FIELDS.items() if name in names}
    return made | {name: row.get(name) or [] for name in BODIES if name in names}


DENIED = (403, "ACCESS_DENIED", "Access denied!")
METHODS = (
    Method("bizproc.workflow.start", workflow_start, StartParams, "bizproc", admin=True, admin_refusal=DENIED),
    Method("bizproc.workflow.template.list", template_list, ListParams, "bizproc", admin=True, admin_refusal=(400, *DENIED[1:])),
)
