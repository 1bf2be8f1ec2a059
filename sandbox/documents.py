"""The document generator: numerators, templates, documents. Keeps them, numbers them, has files filled and PDFs made.

Raises RestError in the vendor's words. What the methods answer is `document_views`; values are `document_values`.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sandbox import filestore, numbering, pdf, wordfile
from sandbox.document_source import gather
from sandbox.document_values import Source, groups_of, print_value, values_of
from sandbox.entities import BY_TYPE
from sandbox.rest import RestError
from sandbox.store import Section

if TYPE_CHECKING:
    from sandbox.portal import Portal
    from sandbox.rest import Caller, Record

SECTIONS = (
    Section.declare(
        "doc_numerators", "ID:integer NAME:string TEMPLATE:string CODE:string SETTINGS:json LAST:integer PERIOD:string BY_REST:bool"
    ),
    Section.declare(
        "doc_templates",
        "ID:integer NAME:string REGION:string CODE:string ACTIVE:char MODULE_ID:string NUMERATOR_ID:integer WITH_STAMPS:char USERS:json "
        "IS_DELETED:char SORT:integer ENTITY_TYPE_ID:json FILE_ID:integer CREATE_TIME:datetime UPDATE_TIME:datetime",
    ),
    # GIVEN: the caller's values. PDF_STATE: see `pdf`.
    Section.declare(
        "documents",
        "ID:integer TITLE:string NUMBER:string TEMPLATE_ID:integer ENTITY_TYPE_ID:integer ENTITY_ID:integer GIVEN:json FILE_ID:integer "
        "PDF_ID:integer IMAGE_ID:integer PDF_STATE:string PDF_ERROR:string STAMPS:bool PUBLIC_CODE:string TOTAL:double CURRENCY:string "
        "ROWS:integer CREATE_TIME:datetime UPDATE_TIME:datetime CREATED_BY:integer UPDATED_BY:integer",
        "ENTITY_TYPE_ID,ENTITY_ID",
        "PDF_STATE",
    ),
)

NUMBER, CREATED, TITLE = "DocumentNumber", "DocumentCreateTime", "DocumentTitle"


def refused(text: str, code: str = "0") -> RestError:
    """Return a refusal in the generator's manner: HTTP 400, a code that says little, a text that says all."""
    return RestError(400, code, text)


# Numerators


def take_number(portal: Portal, numerator_id: int, client_id: str, is_spent: bool = True) -> str:
    """Return a numerator's next number; a spent one is never given again, whatever becomes of its document."""
    with portal.store.write():
        numerator = portal.store.get("doc_numerators", numerator_id)
        if numerator is None:
            raise refused("Error getting next number")
        now = portal.clock.now()
        value, period = numbering.next_value(numerator["SETTINGS"], numerator["LAST"], numerator["PERIOD"] or "", now)
        if is_spent:
            portal.store.save("doc_numerators", numerator_id, {"LAST": value, "PERIOD": period})
    return numbering.print_number(numerator["TEMPLATE"], numerator["SETTINGS"], value, now, client_id)


# Templates


def get_template(portal: Portal, key: int, caller: Caller) -> Record:
    """Return a template that the caller may use. Raises RestError."""
    template = portal.store.get("doc_templates", key)
    if template is None:
        raise refused("Шаблон не найден")
    if not is_for(portal, template, caller):
        raise refused("Access denied", "DOCGEN_ACCESS_ERROR")
    return template


def is_for(portal: Portal, template: Record, caller: Caller) -> bool:
    """Tell whether a template's access codes let the caller in; administrators are no exception."""
    user = portal.store.get("users", caller.user_id) or {}
    mine = {"UA", f"U{caller.user_id}", f"IU{caller.user_id}"}
    mine |= {f"{kind}{department}" for department in user.get("UF_DEPARTMENT") or [] for kind in ("D", "DR")}
    return bool(mine.intersection(template["USERS"] or []))


def read_file(given: Any) -> bytes | None:
    """Return the bytes of `["name", "base64"]`, `{"fileData": [...]}` or plain base64; None for nothing or garbage."""
    if isinstance(given, Mapping):
        given = given.get("fileData") or list(given.values())
    if isinstance(given, list):
        given = given[-1] if given else ""
    try:
        return base64.b64decode(str(given), validate=True) or None
    except (binascii.Error, ValueError):
        return None


def keep_word_file(portal: Portal, name: str, content: bytes) -> int:
    """Keep a .docx; return the file's id."""
    return filestore.save(portal, f"{name}.docx", filestore.DOCX, content)


# Documents


def create(portal: Portal, caller: Caller, template: Record, asked: Mapping[str, Any]) -> Record:
    """Make a document: `entity_type_id`, `entity_id`, `values`, `stamps`. Raises RestError.

    Nobody checks that the object exists: the document is empty then, and its number is spent (document.add, facts 6.4).
    """
    if asked["entity_type_id"] not in BY_TYPE or not _is_for_type(template, asked["entity_type_id"]):
        raise refused("No provider for entityTypeId")
    source = gather(portal, asked["entity_type_id"], asked["entity_id"])
    given = dict(asked["values"])
    client_id = str(source.client.get("ID") or "")
    number = str(given.get(NUMBER) or "") or take_number(portal, template["NUMERATOR_ID"], client_id)
    title = str(given.get(TITLE) or f"{template['NAME']} {number}")
    now = portal.clock.stamp()
    record = {
        "TITLE": title,
        "NUMBER": number,
        "TEMPLATE_ID": template["ID"],
        "ENTITY_TYPE_ID": asked["entity_type_id"],
        "ENTITY_ID": asked["entity_id"],
        "STAMPS": asked["stamps"],
        "CREATE_TIME": now,
        "UPDATE_TIME": now,
        "CREATED_BY": caller.user_id,
    }
    record |= _written(portal, template, {**record, "GIVEN": given}, source)
    key = portal.records.add("documents", record, caller)
    portal.active.pdf.ask(key)
    return get_document(portal, key)


def _is_for_type(template: Record, type_id: int) -> bool:
    """Tell whether the template's list names this kind of object; its pipeline is not checked."""
    return any(str(code).split("_", 1)[0] == str(type_id) for code in template["ENTITY_TYPE_ID"] or [])


def update(portal: Portal, caller: Caller, key: int, values: Mapping[str, Any], is_stamped: bool) -> Record:
    """Make the file of a document anew, with more values of the caller's. Raises RestError."""
    before = get_document(portal, key)
    template = portal.store.get("doc_templates", before["TEMPLATE_ID"] or 0)
    given = {**(before["GIVEN"] or {}), **values}
    changes = {"UPDATE_TIME": portal.clock.stamp(), "UPDATED_BY": caller.user_id, "STAMPS": is_stamped, "GIVEN": given}
    changes |= {"NUMBER": str(given.get(NUMBER) or before["NUMBER"]), "TITLE": str(given.get(TITLE) or before["TITLE"])}
    if template is not None:
        source = gather(portal, before["ENTITY_TYPE_ID"], before["ENTITY_ID"])
        changes |= _written(portal, template, {**before, **changes}, source)
    portal.records.update("documents", key, changes, caller)
    portal.active.pdf.ask(key)
    return get_document(portal, key)


def _written(portal: Portal, template: Record, record: Record, source: Source) -> dict[str, Any]:
    """Fill the template's file; return what the document's record keeps of it."""
    content = filestore.read(portal, template["FILE_ID"]).content
    values = printed_values(record, source)
    try:
        filled = wordfile.fill(content, values, groups_of(source, record["GIVEN"]))
    except wordfile.NotWord as error:
        raise refused("DOCUMENT_FILE_NOT_PROCESSABLE_ERROR") from error
    return {
        "GIVEN": record["GIVEN"],
        "FILE_ID": keep_word_file(portal, record["TITLE"], filled),
        "PDF_STATE": pdf.WAITING,
        "PDF_ID": None,
        "PDF_ERROR": "",
        "TOTAL": source.total,
        "CURRENCY": source.currency,
        "ROWS": len(source.rows),
    }


def printed_values(record: Record, source: Source) -> dict[str, str]:
    """Return the values of all single placeholders: computed, the document's own, and over them the caller's."""
    own = {NUMBER: record["NUMBER"], TITLE: record["TITLE"], CREATED: print_value(record["CREATE_TIME"][:10])}
    given = {code: print_value(value) for code, value in record["GIVEN"].items() if not isinstance(value, (list, dict))}
    return {**values_of(source), **own, **given}


def upload(portal: Portal, caller: Caller, fields: Mapping[str, Any]) -> Record:
    """Keep a ready document that the caller made. Raises RestError."""
    content = read_file(fields["fileContent"])
    try:
        wordfile.read_codes(content or b"")
    except wordfile.NotWord as error:
        raise refused("Cannot create document") from error
    title, now = str(fields["title"]), portal.clock.stamp()
    made = read_file(fields["pdfContent"]) if fields.get("pdfContent") else None
    record = {
        "TITLE": title,
        "NUMBER": str(fields["number"]),
        "ENTITY_TYPE_ID": int(fields["entityTypeId"]),
        "ENTITY_ID": int(fields["entityId"]),
        "GIVEN": {},
        "FILE_ID": keep_word_file(portal, title, content or b""),
        "PDF_ID": filestore.save(portal, f"{title}.pdf", "application/pdf", made) if made else None,
        "PDF_STATE": pdf.READY if made else pdf.WAITING,
        "CREATE_TIME": now,
        "UPDATE_TIME": now,
        "CREATED_BY": caller.user_id,
        "TOTAL": 0.0,
        "ROWS": 0,
    }
    key = portal.records.add("documents", record, caller)
    portal.active.pdf.ask(key)
    return get_document(portal, key)


def get_document(portal: Portal, key: int) -> Record:
    """Return a document. Raises RestError."""
    document = portal.store.get("documents", key)
    if document is None:
        raise refused("Документ не найден")
    return document


def delete(portal: Portal, caller: Caller, key: int) -> None:
    """Forget a document and its files. Raises RestError."""
    document = get_document(portal, key)
    portal.records.delete("documents", key, caller)
    for name in ("FILE_ID", "PDF_ID"):
        if document[name]:
            filestore.remove(portal, document[name])


def set_public(portal: Portal, key: int, is_public: bool) -> Record:
    """Switch a document's public link on or off; a link that was off comes back as another one."""
    document = get_document(portal, key)
    if bool(document["PUBLIC_CODE"]) != is_public:
        portal.store.save("documents", key, {"PUBLIC_CODE": secrets.token_hex(4) if is_public else None})
    return get_document(portal, key)


def list_for(portal: Portal, entity_type_id: int, entity_id: int) -> list[Record]:
    """Return the documents of an object, newest first."""
    owner = {"ENTITY_TYPE_ID": entity_type_id, "ENTITY_ID": entity_id}
    return portal.store.find("documents", owner, order='"ID" DESC')
