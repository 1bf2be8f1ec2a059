"""What crm.documentgenerator.* answers: numerators, templates, documents and their fields, with the vendor's wandering types.

`id` is a number in numerator.add and document.add and a string elsewhere; links are plain signed GETs. Reads only.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from sandbox import filestore, pdf, wordfile
from sandbox.document_source import my_company
from sandbox.document_values import PRODUCT_CODES, TAX_CODES, Source, groups_of
from sandbox.documents import printed_values
from sandbox.envelope import php_map
from sandbox.numbering import GENERATOR

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.portal import Portal
    from sandbox.rest import Record

DOWNLOAD, GET_PDF, TEMPLATE = (
    "crm.documentgenerator.document.download",
    "crm.documentgenerator.document.getPdf",
    "crm.documentgenerator.template.download",
)
REQUIRED = ("DocumentNumber", "DocumentTitle", "DocumentCreateTime")
TITLES = {
    "DocumentNumber": "Номер",
    "DocumentCreateTime": "Дата генерации",
    "DocumentTitle": "Название документа",
    "TotalSum": "Общая сумма",
    "TotalRaw": "Сумма исходных цен",
    "ClientPhone": "Телефон",
    "ClientEmail": "Email",
    "ClientWeb": "Сайт",
    "RequisiteRqCompanyName": "Сокращенное наименование организации",
    "RequisiteRegisteredAddressText": "Полный адрес",
    "MyCompanyRequisiteRqCompanyName": "Сокращенное наименование организации",
    "MyCompanyRequisiteRegisteredAddressText": "Полный адрес",
    "MyCompanyPhone": "Телефон",
    "MyCompanyEmail": "E-mail",
    "MyCompanyWeb": "Сайт",
    "MyCompanyUfLogo": "Логотип",
    "MyCompanyAssignedName": "Имя",
    "MyCompanyAssignedLastName": "Фамилия",
    "ProductsIndex": "Текущий номер",
    "ProductsProductName": "Название",
    "ProductsProductQuantity": "Количество",
    "ProductsProductMeasureName": "Единицы измерения",
    "ProductsProductPriceRaw": "Исходная цена",
    "ProductsProductPriceRawSum": "Сумма исходной цены",
    "TaxesTaxTitle": "Заголовок",
    "TaxesTaxRate": "Ставка",
    "TaxesTaxValue": "Сумма",
}


def numerator(record: Record, is_new: bool = False) -> dict[str, Any]:
    """Return a numerator; only the answer of numerator.add has a number for its id."""
    return {
        "name": record["NAME"],
        "template": record["TEMPLATE"],
        "id": record["ID"] if is_new else str(record["ID"]),
        "code": record["CODE"],
        "settings": {GENERATOR: record["SETTINGS"]},
    }


def template(portal: Portal, record: Record, is_listed: bool = False) -> dict[str, Any]:
    """Return a template; `users` is a map everywhere but in lists."""
    users = record["USERS"] or []
    return {
        "id": str(record["ID"]),
        "name": record["NAME"],
        "region": record["REGION"],
        "code": record["CODE"],
        "download": page_link(portal, TEMPLATE, record["ID"]),
        "active": record["ACTIVE"],
        "moduleId": record["MODULE_ID"],
        "numeratorId": str(record["NUMERATOR_ID"]),
        "withStamps": record["WITH_STAMPS"],
        "users": users if is_listed else php_map({code: code for code in users}),
        "isDeleted": record["IS_DELETED"],
        "sort": str(record["SORT"]),
        "downloadMachine": machine_link(portal, TEMPLATE, record["ID"]),
        "entityTypeId": [str(code) for code in record["ENTITY_TYPE_ID"] or []],
        "createTime": record["CREATE_TIME"],
        "updateTime": record["UPDATE_TIME"],
    }


def page_link(portal: Portal, action: str, key: int) -> str:
    """Return a link as pages of the portal have it."""
    query = {"action": action, "SITE_ID": "s1", "id": key, "signature": filestore.sign(portal, action, key)}
    return f"{portal.url}/bitrix/services/main/ajax.php?{urlencode(query)}"


def machine_link(portal: Portal, action: str, key: int) -> str:
    """Return a link for an application: it carries its own right and needs no token."""
    return f"{portal.url}/rest/{action}.json?{urlencode({'id': key, 'token': filestore.sign(portal, action, key)})}"


def public_link(portal: Portal, record: Record) -> str | None:
    """Return the address that the client may open, when it is switched on."""
    return f"{portal.url}/~{record['PUBLIC_CODE']}" if record["PUBLIC_CODE"] else None


def _links(portal: Portal, record: Record) -> dict[str, str]:
    """Return the links; those of the PDF are empty until it is ready. Images are not made (assumption 115)."""
    is_ready = record["PDF_STATE"] == pdf.READY
    return {
        "downloadUrl": page_link(portal, DOWNLOAD, record["ID"]),
        "pdfUrl": page_link(portal, GET_PDF, record["ID"]) if is_ready else "",
        "imageUrl": "",
        "downloadUrlMachine": machine_link(portal, DOWNLOAD, record["ID"]),
        "pdfUrlMachine": machine_link(portal, GET_PDF, record["ID"]) if is_ready else "",
        "imageUrlMachine": "",
    }


def _given(record: Record, has_variant: bool) -> dict[str, Any]:
    variant = {"productsTableVariant": ""} if has_variant else {}
    stamps = {"stampsEnabled": True} if record["STAMPS"] else {}
    return {**variant, "_creationMethod": "rest", **stamps, **(record["GIVEN"] or {})}


def document(portal: Portal, record: Record) -> dict[str, Any]:
    """Return a document as document.get answers it: every id is a string."""
    failed = record["PDF_STATE"] == pdf.FAILED
    error = {"transformationErrorMessage": record["PDF_ERROR"], "transformationErrorCode": "TRANSFORMATION_ERROR"} if failed else {}
    return {
        "changeStampsEnabled": False,
        "changeStampsDisabledReason": "В шаблоне нет печатей и подписей",
        "changeQrCodeEnabled": False,
        "qrCodeEnabled": False,
        "changeQrCodeDisabledReason": "В шаблоне нет QR-кода",
        "products": {
            "currencyId": record["CURRENCY"] or "RUB",
            "totalSum": f"{record['TOTAL'] or 0:.2f}",
            "totalRows": record["ROWS"] or 0,
        },
        "publicUrl": public_link(portal, record),
        "id": str(record["ID"]),
        "title": record["TITLE"],
        "number": record["NUMBER"],
        "createTime": record["CREATE_TIME"],
        "createdBy": str(record["CREATED_BY"]),
        "updateTime": record["UPDATE_TIME"],
        "updatedBy": str(record["UPDATED_BY"]) if record["UPDATED_BY"] else None,
        "stampsEnabled": bool(record["STAMPS"]),
        "isTransformationError": failed,
        **error,
        "values": _given(record, has_variant=True),
        "templateId": str(record["TEMPLATE_ID"] or ""),
        "pullTag": f"TRANSFORMDOCUMENT{record['ID']}",
        "emailDiskFile": record["FILE_ID"],
        "entityId": str(record["ENTITY_ID"]),
        "entityTypeId": str(record["ENTITY_TYPE_ID"]),
        **_links(portal, record),
    }


def new_document(portal: Portal, record: Record) -> dict[str, Any]:
    """Return a document as document.add answers it: numbers for its id and its author."""
    shown = {**document(portal, record), "id": record["ID"], "createdBy": record["CREATED_BY"]}
    return _without(shown, "pdfUrlMachine", "imageUrlMachine")


def updated_document(portal: Portal, record: Record) -> dict[str, Any]:
    """Return a document as document.update answers it: the author is lost, the editor is a number."""
    shown = {**document(portal, record), "createdBy": None, "updatedBy": record["UPDATED_BY"]}
    return _without(shown, "pdfUrlMachine", "imageUrlMachine")


def uploaded_document(portal: Portal, record: Record) -> dict[str, Any]:
    """Return a document as document.upload answers it: links of a PDF only when it came with the file."""
    shown = _without(document(portal, record), "pdfUrlMachine", "imageUrl", "imageUrlMachine")
    return shown if shown["pdfUrl"] else _without(shown, "pdfUrl")


def listed_document(portal: Portal, record: Record) -> dict[str, Any]:
    """Return a document as a row of document.list."""
    whole = document(portal, record)
    names = ("id", "title", "number", "templateId", "createTime", "updateTime", "createdBy", "updatedBy", "stampsEnabled")
    files = {"fileId": "FILE_ID", "imageId": "IMAGE_ID", "pdfId": "PDF_ID"}
    return {
        **{name: whole[name] for name in names},
        **{name: str(record[column]) if record[column] else None for name, column in files.items()},
        "values": _given(record, has_variant=False),
        "entityId": whole["entityId"],
        "entityTypeId": whole["entityTypeId"],
        **_links(portal, record),
    }


def _without(shown: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in shown.items() if name not in names}


def fields_of(portal: Portal, content: bytes, record: Record, source: Source) -> dict[str, Any]:
    """Return the fields of a template: those that its file names, with values for this object, and our own companies."""
    values, rows = printed_values(record, source), groups_of(source, record["GIVEN"])
    shown = {code: _field(code, _value(code, values, rows)) for code in wordfile.read_codes(content)}
    company = my_company(portal)
    choice = {"value": str(company["ID"]), "title": company["TITLE"], "selected": True}
    return {**shown, "MY_COMPANY": {"title": "Моя компания", "value": [choice], "group": ["Документ", "Моя компания"]}}


def _value(code: str, values: Mapping[str, str], rows: list[wordfile.Group]) -> Any:
    for codes, repeated in rows:
        if code in codes:
            return [row.get(code, "") for row in repeated]
    return values.get(code)


def _field(code: str, value: Any) -> dict[str, Any]:
    required = {"required": "Y"} if code in REQUIRED else {}
    kind = {"type": "IMAGE"} if code.endswith("UfLogo") else {}
    return {
        "title": TITLES.get(code, code),
        "value": value,
        **required,
        **kind,
        "group": _group(code),
        "chain": _chain(code),
        "default": value,
    }


def _group(code: str) -> list[str]:
    if code.startswith("MyCompany"):
        return ["Документ", "Моя компания"]
    if code in PRODUCT_CODES:
        return ["Документ", "Товары"]
    return ["Документ", "Налоги"] if code in TAX_CODES else ["Документ"]


def _chain(code: str) -> str:
    """Return where the value comes from: MyCompanyUfLogo is this.SOURCE.MY_COMPANY.UF_LOGO."""
    name = re.sub(r"(?<!^)(?=[A-Z])", "_", code).upper()
    if name.startswith("DOCUMENT_"):
        return f"this.DOCUMENT.{name}"
    return f"this.SOURCE.{re.sub('^MY_COMPANY_', 'MY_COMPANY.', name)}"
