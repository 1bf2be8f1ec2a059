"""The portal's own document templates: which there are, and a Word file brought there after it was checked."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from b24app.documents.refusals import in_words
from b24app.documents.safety import check_docx
from b24app.documents.templates import DEAL, EVERYBODY, TEMPLATES
from b24app.errors import BitrixBusy, BitrixError, BitrixGone, BitrixLost, Mistaken

if TYPE_CHECKING:
    from b24app.context import Context

LIST, ADD = "crm.documentgenerator.template.list", "crm.documentgenerator.template.add"
NO_NUMERATOR = Mistaken(
    "Our numerator is not in the portal: install the app again.", "Нумератора нет на портале: установите приложение заново."
)


def list_foreign(ctx: Context) -> list[tuple[int, str]]:
    """Return the portal's own templates for deals (id, name); ours are left out."""
    ours = {ctx.app_store.find_setting(ctx.portal.member_id, template.setting) for template in TEMPLATES}
    params = {"select": ["id", "name"], "filter": {"active": "Y", "entityTypeId": [str(DEAL)]}, "order": {"id": "asc"}}
    found = [(int(row["id"]), str(row.get("name") or row["id"])) for row in ctx.bitrix.pages(LIST, params, "templates")]
    return [(number, name) for number, name in found if number not in ours]


def upload_foreign(ctx: Context, name: str, file_name: str, content: bytes) -> int:
    """Bring a file to the portal's generator; return the template's id. Raises Mistaken with what is wrong with the file."""
    check_docx(content, file_name)
    fields = {
        "name": name,
        "file": ["template.docx", base64.b64encode(content).decode("ascii")],
        "numeratorId": _find_numerator(ctx),
        "region": TEMPLATES[0].region,
        "entityTypeId": [str(DEAL)],
        "users": [EVERYBODY],
        "active": "Y",
    }
    try:
        return int(ctx.bitrix.call(ADD, {"fields": fields}).result["template"]["id"])
    except (BitrixBusy, BitrixGone, BitrixLost):
        raise
    except BitrixError as error:
        raise in_words(error) from error


def _find_numerator(ctx: Context) -> int:
    names = set(TEMPLATES[0].numerator_name.values())
    for row in ctx.bitrix.pages("crm.documentgenerator.numerator.list", key="numerators"):
        if row.get("name") in names:
            return int(row["id"])
    raise NO_NUMERATOR
