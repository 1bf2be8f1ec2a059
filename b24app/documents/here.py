"""Makes the document here when the portal's generator will not, and uploads it, with its PDF where this machine can make one."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from b24app.documents.dossier import Source
from b24app.documents.fill import fill
from b24app.documents.office import make_pdf
from b24app.documents.templates import BY_KEY, DEAL
from b24app.documents.values import NUMBER, Making, offer_values, seller_values, table_values
from b24app.errors import Mistaken

if TYPE_CHECKING:
    from b24app.context import Context
    from b24app.store.offers import Row

UPLOAD = "crm.documentgenerator.document.upload"
NO_PDF = Mistaken("There is no PDF: the app's server has no LibreOffice.", "PDF нет: на сервере приложения не установлен LibreOffice.")


def make_here(ctx: Context, row: Row, source: Source, making: Making) -> tuple[Mapping[str, Any], list[Mistaken]]:
    """Return the uploaded document and what has to be known about it. Raises what the portal says against it."""
    template = BY_KEY[making.options.template]
    content = fill_here(source, making, row["number"])
    made = make_pdf(content)
    sent = {
        "entityTypeId": DEAL,
        "entityId": row["deal_id"],
        "fileContent": _text(content),
        "region": template.region,
        "title": f"{template.name[making.lang]} {row['number']}",
        "number": row["number"],
        **({"pdfContent": _text(made)} if made else {}),
    }
    document = ctx.bitrix.call(UPLOAD, {"fields": sent}).result["document"]
    return dict(document), [] if made else [NO_PDF]


def fill_here(source: Source, making: Making, number: str) -> bytes:
    """Return our template filled with all that the portal's generator would have known."""
    content = BY_KEY[making.options.template].path(making.lang).read_bytes()
    values = {**seller_values(source), NUMBER: number, **offer_values(source, making), **table_values(source, making)}
    return fill(content, values)


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
