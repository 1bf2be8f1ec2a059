"""The links of a document, which the portal fills in later: asked for lightly, never waited for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from b24app.documents.offer import Offer, read_offer
from b24app.documents.once import INSTANT
from b24app.errors import BitrixBusy, BitrixError, BitrixGone, BitrixLost
from b24app.store import offers

if TYPE_CHECKING:
    from b24app.context import Context
    from b24app.store.offers import Row

PDF_WAITED_FOR = timedelta(hours=1)  # the vendor names 30-40 seconds


def refresh_pdf(ctx: Context, offer: Offer) -> Offer:
    """Ask once for the links that the portal makes later; return the offer as it is now."""
    try:
        links = links_of(get_document(ctx, offer.document_id))
    except (BitrixBusy, BitrixGone, BitrixLost):
        raise
    except BitrixError as error:  # somebody has deleted the document
        links = {"error": error.text or error.code}
    return read_offer(offers.save_offer(ctx.store, {"key": offer.key, **links, "updated_at": ctx.now().strftime(INSTANT)}))


def awaits_pdf(ctx: Context) -> bool:
    """Tell whether an offer of the last hour has no PDF yet."""
    return bool(_list_waiting(ctx))


def refresh_pdfs(ctx: Context) -> int:
    """Ask for the PDF of every offer of the last hour that has none; return how many got theirs."""
    return sum(bool(refresh_pdf(ctx, read_offer(row)).pdf_url) for row in _list_waiting(ctx))


def get_document(ctx: Context, document_id: int | str | None) -> dict[str, Any]:
    """Return a document as the portal has it. Raises BitrixError when it is gone."""
    return dict(ctx.bitrix.call("crm.documentgenerator.document.get", {"id": int(document_id or 0)}).result["document"])


def links_of(document: Mapping[str, Any]) -> Row:
    """Return what the portal fills in later, and why it cannot when it cannot."""
    failed = document.get("isTransformationError")
    public = {"public_url": str(document["publicUrl"])} if document.get("publicUrl") else {}
    return {
        "url": str(document.get("downloadUrl") or ""),
        "pdf_url": "" if failed else str(document.get("pdfUrl") or ""),
        "error": str(document.get("transformationErrorMessage") or "PDF failed") if failed else "",
        **public,
    }


def _list_waiting(ctx: Context) -> list[Row]:
    return offers.list_without_pdf(ctx.store, (ctx.now() - PDF_WAITED_FOR).strftime(INSTANT))
