"""crm.documentgenerator.*: the methods in one tuple; each kind of thing has a file of its own."""

from __future__ import annotations

from typing import Any

from sandbox.methods import docgen_document, docgen_numerator, docgen_template
from sandbox.methods.docgen_params import DocumentParams, FieldsParams, IdParams, ListParams
from sandbox.rest import Method

PREFIX, SCOPE = "crm.documentgenerator", "crm"
# Assumption 111: templates and numerators are the administrators' right, documents everybody's.
MODIFIES: dict[str, Any] = {"admin": True, "admin_refusal": (400, "", "You do not have permissions to modify templates")}
METHODS = (
    Method(f"{PREFIX}.numerator.add", docgen_numerator.numerator_add, FieldsParams, SCOPE, **MODIFIES),
    Method(f"{PREFIX}.numerator.get", docgen_numerator.numerator_get, IdParams, SCOPE, **MODIFIES),
    Method(f"{PREFIX}.numerator.list", docgen_numerator.numerator_list, ListParams, SCOPE, **MODIFIES),
    Method(f"{PREFIX}.numerator.update", docgen_numerator.numerator_update, FieldsParams, SCOPE, **MODIFIES),
    Method(f"{PREFIX}.numerator.delete", docgen_numerator.numerator_delete, IdParams, SCOPE, **MODIFIES),
    Method(f"{PREFIX}.template.add", docgen_template.template_add, FieldsParams, SCOPE, **MODIFIES),
    Method(f"{PREFIX}.template.get", docgen_template.template_get, IdParams, SCOPE, **MODIFIES),
    Method(f"{PREFIX}.template.list", docgen_template.template_list, ListParams, SCOPE, **MODIFIES),
    Method(f"{PREFIX}.template.update", docgen_template.template_update, FieldsParams, SCOPE, **MODIFIES),
    Method(f"{PREFIX}.template.delete", docgen_template.template_delete, IdParams, SCOPE, **MODIFIES),
    Method(f"{PREFIX}.template.getfields", docgen_template.template_getfields, DocumentParams, SCOPE, **MODIFIES),
    Method(f"{PREFIX}.document.add", docgen_document.document_add, DocumentParams, SCOPE),
    Method(f"{PREFIX}.document.get", docgen_document.document_get, IdParams, SCOPE),
    Method(f"{PREFIX}.document.list", docgen_document.document_list, ListParams, SCOPE),
    Method(f"{PREFIX}.document.update", docgen_document.document_update, DocumentParams, SCOPE),
    Method(f"{PREFIX}.document.upload", docgen_document.document_upload, FieldsParams, SCOPE),
    Method(f"{PREFIX}.document.delete", docgen_document.document_delete, IdParams, SCOPE),
    Method(f"{PREFIX}.document.getfields", docgen_document.document_getfields, DocumentParams, SCOPE),
    Method(f"{PREFIX}.document.enablepublicurl", docgen_document.document_enablepublicurl, DocumentParams, SCOPE),
)
