"""Gathers the records that a document is made from, with ids of dictionaries and lists turned into their texts. Reads only."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sandbox.document_values import Source
from sandbox.entities import BY_TYPE, Entity

if TYPE_CHECKING:
    from sandbox.portal import Portal
    from sandbox.rest import Record

CONTACT, COMPANY = 3, 4

# Who sells: the portal's own company. The setting "my_company" replaces it.
MY_COMPANY: dict[str, Any] = {
    "ID": 1,
    "TITLE": "ООО «ТехноСервис»",
    "PHONE": [{"VALUE": "+7 495 000-00-00", "VALUE_TYPE": "WORK"}],
    "EMAIL": [{"VALUE": "info@technoservice.example", "VALUE_TYPE": "WORK"}],
    "WEB": [{"VALUE": "https://technoservice.example", "VALUE_TYPE": "WORK"}],
    "REQUISITE_RQ_COMPANY_NAME": "ООО «ТехноСервис»",
    "REQUISITE_RQ_COMPANY_FULL_NAME": "Общество с ограниченной ответственностью «ТехноСервис»",
    "REQUISITE_RQ_INN": "7700000000",
    "REQUISITE_RQ_KPP": "770001001",
    "REQUISITE_RQ_OGRN": "1027700000000",
    "REQUISITE_RQ_DIRECTOR": "Иванов Иван Иванович",
    "REQUISITE_REGISTERED_ADDRESS_TEXT": "101000, Москва, ул. Примерная, д. 1",
    "BANK_DETAIL_RQ_BANK_NAME": "АО «Пример Банк»",
    "BANK_DETAIL_RQ_BIK": "044525000",
    "BANK_DETAIL_RQ_ACC_NUM": "40702810000000000001",
    "BANK_DETAIL_RQ_COR_ACC_NUM": "30101810000000000001",
    "UF_LOGO": None,
}


def my_company(portal: Portal) -> Record:
    """Return the portal's own company with its requisites."""
    return portal.store.setting("my_company") or dict(MY_COMPANY)


def gather(portal: Portal, type_id: int, entity_id: int) -> Source:
    """Return what a document about this object is made from; nothing but our own company for one that does not exist."""
    entity = BY_TYPE[type_id]
    record = portal.store.get(entity.section, entity_id) or {}
    mine = Source(my_company=my_company(portal), my_assigned=portal.store.get("users", 1) or {})
    if not record:
        return mine
    rows = portal.store.find("product_rows", {"OWNER_TYPE": entity.short, "OWNER_ID": entity_id}, order='"SORT", "ID"')
    company, contact = _clients(portal, type_id, record)
    return replace(
        mine,
        record=_printed(portal, entity, record),
        company=company,
        contact=contact,
        assigned=portal.store.get("users", record.get("ASSIGNED_BY_ID") or 0) or {},
        rows=rows,
        currency=record.get("CURRENCY_ID") or "RUB",
    )


def _clients(portal: Portal, type_id: int, record: Record) -> tuple[Record, Record]:
    """Return company and contact of the object; a contact's or a company's own document is about itself."""
    if type_id == COMPANY:
        return record, {}
    company = _client(portal, COMPANY, record.get("COMPANY_ID"))
    return company, record if type_id == CONTACT else _client(portal, CONTACT, record.get("CONTACT_ID"))


def _client(portal: Portal, type_id: int, key: int | None) -> Record:
    entity = BY_TYPE[type_id]
    record = portal.store.get(entity.section, key) if key else None
    return _printed(portal, entity, record) if record else {}


def _printed(portal: Portal, entity: Entity, record: Record) -> Record:
    """Return the record with texts in place of dictionary codes and of list ids."""
    fields = portal.fields.of(entity.section)
    made = dict(record)
    for name, value in record.items():
        field = fields.by_name.get(name)
        if field is None or value in (None, "", []):
            continue
        if field.kind == "enumeration":
            made[name] = _list_texts(fields.definitions.get(name) or {}, value)
        elif field.kind == "crm_status":
            made[name] = _status_text(portal, entity, name, record) or value
    return made


def _list_texts(definition: Record, value: Any) -> Any:
    texts = {int(item["ID"]): item["VALUE"] for item in definition.get("LIST") or ()}
    return [texts.get(one, one) for one in value] if isinstance(value, list) else texts.get(value, value)


def _status_text(portal: Portal, entity: Entity, name: str, record: Record) -> str:
    if name == entity.stage_field:
        stage = portal.stages.find(entity.section, record[name])
        return stage.name if stage else ""
    dictionary = portal.fields.of(entity.section).by_name[name].status_type
    found = portal.store.find("statuses", {"ENTITY_ID": dictionary, "STATUS_ID": record[name]}, limit=1)
    return found[0]["NAME"] if found else ""
